"""Only one side of a connection is seen in a tunnel that has both."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow, flow_name, named
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_COLUMNS = (
    "vni",
    "src_ip",
    "src_port",
    "dst_ip",
    "dst_port",
    "src_vtep",
    "dst_vtep",
    "packets",
    "packets_rev",
    "tcp_flags_fwd",
)

_ACKNOWLEDGED = 64
"""Segments that one acknowledgment is for, at the most: receivers put as much together."""


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    rows = facts.flows.where(
        *_COLUMNS,
        least={"packets_fwd": limits["packets"]},
        most={"packets_rev": 0},
        words={"protocol": ["tcp"]},
    )
    together: dict[tuple[int, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        source, destination = row["src_vtep"], row["dst_vtep"]
        # Who acknowledges was answered; a SYN without an answer is another rule's.
        two_way = (source, destination) in facts.two_way and not facts.is_elsewhere(row)
        if two_way and "A" in (row["tcp_flags_fwd"] or ""):
            together[row["vni"], source, destination].append(row)
    # Frames that could not be read may be what acknowledged so few.
    if sum(_answers(row) for flows in together.values() for row in flows) <= facts.hidden:
        return
    for (vni, source, destination), flows in together.items():
        packets = sum(row["packets"] for row in flows)
        yield Found(
            subject=named([flow_name(row) for row in flows]),
            seen=f"{plural(len(flows), 'connection')} of {plural(packets, 'packet')}, whose other side is "
            "not in the capture, though it was acknowledged",
            frames=packets,
            vni=vni,
            tunnel=arrow(source, destination),
            where=tuple({"vni": vni, "src_ip": row["src_ip"], "dst_ip": row["dst_ip"]} for row in flows[:5]),
        )


def _answers(row: Mapping[str, Any]) -> int:
    """Return how many packets the other side sent, at the least."""
    return max(int(row["packets"]) // _ACKNOWLEDGED, 1)


RULE = Rule(
    id="one-way-flow",
    title="Only one side of a connection is seen",
    severity="warning",
    source="RFC 9293, section 3.4: acknowledgements",
    means="A connection's packets take one way there and another back, past the point of capture, though "
    "other traffic of the same tunnel passes both ways: asymmetric routing inside the overlay, a second "
    "gateway, or a capture that lost one direction. Stateful firewalls drop such connections.",
    known_by="TCP that acknowledges what the capture does not hold, between two VTEPs that are both heard. "
    "Answers in another VNI or from another outer address have rules of their own; those in another "
    "encapsulation, as of VXLAN in VXLAN, are seen; and frames that could not be read may hold a few.",
    advice="Find the way back: a second gateway or VTEP that the answers leave by, or a capture filter that "
    "drops them.",
    shown_by="vxlan.vni == VNI && ip.addr == SENDER && tcp",
    thresholds={"packets": Threshold(3, "packets of the connection, at least")},
    find=_find,
)
