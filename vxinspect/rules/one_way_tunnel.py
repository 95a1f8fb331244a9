"""Nothing comes back through a tunnel."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.render.text import plural
from vxinspect.render.units import range_text
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    # What comes back from another address of the same VTEP is that rule's.
    avoided = {row["usual"] for row in facts.strays if row["usual"] is not None}
    tunnels: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in facts.one_way:
        tunnels[row["src_vtep"], row["dst_vtep"]].append(row)
    for (source, destination), rows in tunnels.items():
        packets = sum(row["packets"] - row["stray_packets"] for row in rows)
        mirrored = sum(row["mirrored_packets"] for row in rows)
        if packets < limits["packets"] or destination in avoided or mirrored >= packets:
            continue
        vnis = sorted(row["vni"] for row in rows)
        yield Found(
            subject=f"{source} never hears from {destination}",
            seen=f"{plural(packets, 'unicast packet')} from {source} in VNI {', '.join(range_text(vnis))} to "
            f"{destination}, and none back",
            frames=packets,
            vni=vnis[0] if len(vnis) == 1 else None,
            tunnel=arrow(source, destination),
            where=({"src_vtep": source, "dst_vtep": destination},),
        )


RULE = Rule(
    id="one-way-tunnel",
    title="Nothing comes back through a tunnel",
    severity="error",
    source="RFC 7348, section 4.1: unicast between VTEPs",
    means="One VTEP sends to another, and nothing that the other sends is in the capture. Either it does "
    "not arrive (a firewall, a security group, a route or the MTU of the way back), or it takes another "
    "way, or the capture was made where only one direction passes.",
    known_by="A tunnel between two VTEPs with unicast packets one way only. Broadcast and multicast, and "
    "unicast that was flooded, ask for no answer and do not count; where the answers come from another "
    "address of the VTEP, `unexpected-source` says so. A tunnel that carries both directions of its "
    "stations' talk one way is a traffic mirror.",
    advice="Capture at the other VTEP: if it sends, look for a firewall, a route or an MTU on the way back; "
    "if it does not, look for its forwarding entry.",
    shown_by="ip.src == SENDER && ip.dst == RECEIVER && vxlan",
    thresholds={"packets": Threshold(3, "unicast packets one way, at least")},
    find=_find,
)
