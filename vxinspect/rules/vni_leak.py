"""A host of one VNI is heard in another."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, named
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    leaked: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for row in facts.sources:
        if row["home"] is not None and row["vni"] not in facts.crossed_vnis:
            leaked[row["vni"], row["mac"]].append(row)
    for (vni, mac), rows in leaked.items():
        packets = sum(row["packets"] for row in rows)
        ips = [row["ip"] for row in rows]
        yield Found(
            subject=f"{mac} ({named(ips)}) of VNI {rows[0]['home']} in VNI {vni}",
            seen=f"{plural(packets, 'packet')} in VNI {vni}, where nothing is sent to it; its home is "
            f"VNI {rows[0]['home']}",
            frames=packets,
            vni=vni,
            where=({"vni": vni, "src_mac": mac},),
        )


RULE = Rule(
    id="vni-leak",
    title="A host of one VNI is heard in another",
    severity="warning",
    source="RFC 7348, section 4: VMs of different VNIs are isolated; section 7, security considerations",
    means="Frames of a host appear in a VNI that it does not belong to: two networks are bridged together "
    "somewhere, or a port is in the wrong one. What leaks is often broadcast only, so that everything seems "
    "to work.",
    known_by="The same MAC with the same IP address is heard in two VNIs; in one it is sent unicast, in the "
    "other never. Tenants that use the same addresses are sent to in each, and a router has another address "
    "in each: neither is taken for a leak.",
    advice="Look for a bridge, a trunk or a loop cable that joins the two networks, at the VTEP that the "
    "frames come from.",
    shown_by="vxlan.vni == VNI && eth.src == MAC",
    find=_find,
)
