"""Replies come from an outer address that their peer does not send to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    detours: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in facts.strays:
        if row["usual"] is not None:
            detours[row["src_vtep"], row["usual"]].append(row)
    for (strange, usual), paths in detours.items():
        packets = sum(path["packets"] for path in paths)
        peers = sorted({path["dst_vtep"] for path in paths})
        vnis = sorted({path["vni"] for path in paths})
        yield Found(
            subject=f"{strange} answers for {usual}",
            seen=f"{plural(packets, 'packet')} to {', '.join(peers)} came from {strange}, from stations that "
            f"are sent to at {usual}; nothing is sent to {strange}",
            frames=packets,
            vni=vnis[0] if len(vnis) == 1 else None,
            tunnel=arrow(strange, peers[0]) if len(peers) == 1 else None,
            where=({"src_vtep": strange},),
        )


RULE = Rule(
    id="unexpected-source",
    title="Replies come from another outer address",
    severity="error",
    source="RFC 7348, section 4.1: a VTEP learns where to send from the outer source address",
    means="A VTEP answers from an address that its peers do not send to: a second address of the interface, "
    "another interface, or NAT on the way. A peer that learns sends to the strange address from then on, "
    "and one that knows its peers (an ACL, a static list, IPsec) drops the answers.",
    known_by="Stations whose packets come from an outer address to which nothing at all is sent, while what "
    "is sent to the same stations goes to one other address.",
    advice="Set the VTEP's source address (Linux: `local ADDRESS` of the VXLAN device), or take NAT off the "
    "way.",
    shown_by="ip.src == STRANGE && vxlan",
    find=_find,
)
