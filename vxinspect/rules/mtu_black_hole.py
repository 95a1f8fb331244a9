"""Large packets vanish on the way, and nobody says so."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow, flow_name, named
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_FLOW = ("vni", "src_ip", "src_port", "dst_ip", "dst_port")
_TCP_IPV4 = 20 + 20
"""IPv4 and TCP headers without options, which an MSS leaves out (RFC 6691)."""
_LEAST_MTU = 576
"""What every IPv4 host takes (RFC 791): to advise less would be no help."""


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    directions: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in facts.losses:
        directions[row["src_vtep"], row["dst_vtep"]].append(row)
    for (source, destination), rows in directions.items():
        stalled = [row for row in rows if row["stalled"]]
        if not stalled or not _is_size(rows, stalled, limits):
            continue
        vnis = sorted({row["vni"] for row in stalled})
        yield Found(
            subject=named(_flows(facts, source, destination, vnis)) or f"from {source} to {destination}",
            seen=f"{plural(sum(row['stalled'] for row in stalled), 'connection')} whose large segments were "
            f"sent again {sum(row['repeats'] for row in stalled):,} times and never acknowledged; "
            f"{_sizes(rows, stalled)}; {_told(facts, source, destination)}",
            frames=sum(row["repeats"] for row in stalled),
            vni=vnis[0] if len(vnis) == 1 else None,
            tunnel=arrow(source, destination),
        )


def _is_size(
    rows: Sequence[Mapping[str, Any]], stalled: Sequence[Mapping[str, Any]], limits: Mapping[str, float]
) -> bool:
    """Whether what was sent again is enough and large, and nothing as large went through that direction."""
    repeats = sum(row["repeats"] for row in stalled)
    smallest = min(row["smallest_repeated"] for row in stalled)
    enough = repeats >= limits["repeats"] and sum(row["stalled"] for row in stalled) >= limits["connections"]
    return enough and smallest >= limits["bytes"] and _passed(rows) < _lost(stalled)


def _passed(rows: Sequence[Mapping[str, Any]]) -> int:
    return max((int(row["passed_size"]) for row in rows if row["passed_size"] is not None), default=0)


def _lost(stalled: Sequence[Mapping[str, Any]]) -> int:
    return min(int(row["lost_size"]) for row in stalled)


def _sizes(rows: Sequence[Mapping[str, Any]], stalled: Sequence[Mapping[str, Any]]) -> str:
    """Return between which sizes the MTU is, and what is safe inside."""
    lost, passed = _lost(stalled), _passed(rows)
    text = f"they need an underlay MTU of {lost:,}"
    if not passed:
        return text
    text += f", and packets of up to {passed:,} bytes pass"
    around = stalled[0]["around"]
    inner = passed - around if around is not None else 0
    if inner < _LEAST_MTU:
        return text
    return f"{text}: an inner MTU of {inner:,} (MSS {inner - _TCP_IPV4:,}) is safe"


def _told(facts: Facts, source: str, destination: str) -> str:
    """Return whether the underlay said that packets are too big."""
    columns = ("src_vtep", "dst_vtep", "icmp_frag_needed", "icmp_mtu")
    said = facts.underlay.where(*columns, least={"icmp_frag_needed": 1})
    rows = [row for row in said if (row["src_vtep"], row["dst_vtep"]) == (source, destination)]
    if not rows:
        return "no ICMP error says that they are too big"
    mtu = rows[0]["icmp_mtu"]
    told = "" if mtu is None else f" and that {mtu:,} bytes would pass"
    return f"{plural(rows[0]['icmp_frag_needed'], 'ICMP error')} that they are too big{told}"


def _flows(facts: Facts, source: str, destination: str, vnis: Sequence[int]) -> list[str]:
    """Return the connections that sent most again that way."""
    found: list[tuple[int, str]] = []
    for column, ends in (
        ("retransmitted_fwd", (source, destination)),
        ("retransmitted_rev", (destination, source)),
    ):
        rows = facts.flows.where(*_FLOW, "src_vtep", "dst_vtep", column, least={column: 2})
        found += [
            (row[column], flow_name(row))
            for row in rows
            if row["vni"] in vnis and (row["src_vtep"], row["dst_vtep"]) == ends
        ]
    return [name for _, name in sorted(found, reverse=True)]


RULE = Rule(
    id="mtu-black-hole",
    title="Large packets vanish on the way",
    severity="error",
    source="RFC 2923, section 2.1: black hole detection; RFC 7348, section 4.3: the underlay's MTU",
    means="A link of the underlay has an MTU that is too small for the packets of this tunnel, and drops "
    "them, while smaller ones pass: connections open, and hang as soon as much is sent. The ICMP error that "
    "should tell is not sent, is filtered, or ends at the VTEP, so that the hosts inside never learn of it.",
    known_by="Connections whose segments of more than a few hundred bytes are sent again and again and never "
    "acknowledged, though small ones were. The MTU is between the largest packet that was acknowledged in "
    "this direction and those that were not. Where small segments are sent again as well, or others as large "
    "pass, it is loss or a dead host; where much of a connection came through, it is a capture that ends "
    "early.",
    advice="Send a large packet that must not be fragmented (`ping -M do -s SIZE`) from VTEP to VTEP, and "
    "raise the MTU where it stops; until then set the inner MTU, or clamp the MSS, to what is safe.",
    shown_by="vxlan.vni == VNI && tcp.analysis.retransmission && tcp.len > 500",
    thresholds={
        "connections": Threshold(1, "connections in one direction of a tunnel, at least"),
        "repeats": Threshold(3, "segments sent again in these, at least"),
        "bytes": Threshold(400, "bytes of payload in the smallest of them, at least"),
    },
    find=_find,
)
