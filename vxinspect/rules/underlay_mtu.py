"""The underlay says that packets are too big."""

from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]

_AROUND = {4: 20 + 8 + 8 + 14, 6: 40 + 8 + 8 + 14}
"""Outer IP, UDP, VXLAN and inner Ethernet headers around an inner IP packet, by the underlay's IP version."""
_TCP_IPV4 = 20 + 20
"""IPv4 and TCP headers without options, which an MSS leaves out (RFC 6691)."""


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    for row in facts.underlay.where(least={"icmp_frag_needed": 1}):
        source, destination = row["src_vtep"], row["dst_vtep"]
        yield Found(
            subject=f"packets from {source} to {destination}",
            seen=f"{plural(row['icmp_frag_needed'], 'ICMP error')} that a packet is too big"
            f"{_advice(facts, row)}",
            frames=row["icmp_frag_needed"],
            vni=row["icmp_vnis"][0] if len(row["icmp_vnis"]) == 1 else None,
            tunnel=arrow(source, destination),
        )


def _advice(facts: Facts, row: Mapping[str, Any]) -> str:
    """Return the MTU that was told, what fits it, and what is needed."""
    told = row["icmp_mtu"]
    if told is None:
        return ""
    inner = told - _AROUND[6 if ":" in row["src_vtep"] else 4]
    needed = facts.report.overhead("total").where("required_underlay_mtu", least={"required_underlay_mtu": 1})
    rest = f"; these packets need {needed[0]['required_underlay_mtu']:,}" if needed else ""
    return (
        f": an MTU of {told:,} on the way holds inner packets of {inner:,} (MSS {inner - _TCP_IPV4:,}){rest}"
    )


RULE = Rule(
    id="underlay-mtu",
    title="The underlay says that packets are too big",
    severity="error",
    source="RFC 7348, section 4.3; RFC 1191 and RFC 8201: path MTU discovery",
    means="A router of the underlay drops VXLAN packets that its next link cannot carry, and says so. VTEPs "
    "often do not hand that on to the hosts inside, so that small packets pass and large ones vanish: "
    "connections open, and hang.",
    known_by="ICMP `fragmentation needed` or ICMPv6 `packet too big` that quotes a VXLAN packet. The inner "
    "MTU is what is left of the one that it tells; the MSS that of TCP over IPv4 without options.",
    advice="Raise the MTU of that link to what is needed, or set the MTU of the hosts' interfaces in the "
    "overlay to the inner one.",
    shown_by="icmp.type == 3 && icmp.code == 4 || icmpv6.type == 2",
    find=_find,
)
