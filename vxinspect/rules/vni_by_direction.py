"""The answers are in another VNI."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow, named
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    together: dict[tuple[int, int, str, str], list[dict[str, Any]]] = defaultdict(list)
    for path in facts.strays:
        if path["answered_in"] is not None:
            together[path["answered_in"], path["vni"], path["src_vtep"], path["dst_vtep"]].append(path)
    for (asked, answered, source, destination), paths in together.items():
        packets = sum(path["packets"] for path in paths)
        pairs = [f"{path['src_mac']} -> {path['dst_mac']}" for path in paths]
        yield Found(
            subject=f"VNI {asked} is answered in VNI {answered}",
            seen=f"{plural(packets, 'packet')} of {named(pairs)} in VNI {answered}, where the receiver is "
            f"never heard; it talks to the sender in VNI {asked}, through the same tunnel",
            frames=packets,
            vni=answered,
            tunnel=arrow(source, destination),
            where=({"vni": answered, "src_vtep": source, "dst_vtep": destination},),
        )


RULE = Rule(
    id="vni-by-direction",
    title="The two directions are in different VNIs",
    severity="error",
    source="RFC 7348, section 4: only machines in one VXLAN segment can communicate",
    means="Two stations talk in one VNI, and the answers are in another: a VTEP maps the network to the "
    "wrong VNI. The receiver drops the answers, or hands them to another tenant.",
    known_by="Packets between two MACs in a VNI in which the receiver is never heard, while it talks to the "
    "sender in another VNI through the same tunnel. Tenants that use the same addresses are heard each in "
    "their own VNI.",
    advice="Compare the mapping of bridge or VLAN to VNI on the two VTEPs.",
    shown_by="vxlan.vni == VNI && ip.src == SENDER",
    find=_find,
)
