"""Unicast is flooded."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, named
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    flooded: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for path in facts.strays:
        if path["flooded"] and path["packets"] >= limits["packets"]:
            flooded[path["vni"], path["src_vtep"]].append(path)
    for (vni, source), paths in flooded.items():
        packets = sum(path["packets"] for path in paths)
        targets = sorted({path["dst_mac"] for path in paths})
        yield Found(
            subject=f"{source} floods unicast to {named(targets)}",
            seen=f"{plural(packets, 'packet')} to VTEPs or groups that the receiver is not behind: "
            f"{named(sorted({path['dst_vtep'] for path in paths}))}",
            frames=packets,
            vni=vni,
            where=tuple(
                {"vni": vni, "src_vtep": source, "dst_vtep": path["dst_vtep"], "dst_mac": path["dst_mac"]}
                for path in paths[:5]
            ),
        )


RULE = Rule(
    id="unknown-unicast",
    title="Unicast is flooded",
    severity="warning",
    source="RFC 7348, section 4.2: a frame to a MAC that is not known is sent like a broadcast",
    means="A VTEP does not know where a MAC is, and goes on not knowing: the receiver never answers through "
    "it, its entry ages out before the ARP cache does, or a control plane did not tell. Every VTEP of the "
    "VNI gets the traffic.",
    known_by="Unicast to a multicast group, or to a VTEP that the receiver is not heard behind while others "
    "get it, too. The first few packets, before anybody has learned anything, do not count.",
    advice="Look for the MAC in the sender's forwarding table; where it ages out, let it age slower than "
    "ARP.",
    shown_by="vxlan.vni == VNI && eth.dst == MAC",
    thresholds={"packets": Threshold(3, "packets to one MAC that one VTEP or group got, at least")},
    find=_find,
)
