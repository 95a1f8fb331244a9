"""Outer datagrams are fragmented."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    pieces, whole = facts.frames["fragment"], facts.note("reassembled")
    if not pieces and not whole:
        return
    incomplete = facts.frames["incomplete_datagrams"]
    needed = facts.report.overhead("total").where("required_underlay_mtu")
    mtu = needed[0]["required_underlay_mtu"] if needed else None
    yield Found(
        subject="outer datagrams",
        seen=f"{pieces + whole:,} fragments, which make {plural(whole, 'VXLAN packet')}"
        + (f" and leave {plural(incomplete, 'datagram')} incomplete" if incomplete else "")
        + (f"; whole, they need an underlay MTU of {mtu:,}" if mtu else ""),
        frames=pieces + whole,
        where=({"disposition": "fragment"}, {"notes": "reassembled"}),
    )


RULE = Rule(
    id="fragmentation",
    title="Outer datagrams are fragmented",
    severity="warning",
    source="RFC 7348, section 4.3: VTEPs MUST NOT fragment VXLAN packets; the underlay's MTU is to be large "
    "enough",
    means="The underlay's MTU is too small for what the VTEPs send. Receivers may drop fragments (RFC 7348 "
    "lets them), firewalls do, and what arrives costs the VTEP's processor.",
    known_by="Fragments of outer datagrams to a VXLAN port, or whose first piece, which would tell, is "
    "missing.",
    advice="Raise the underlay's MTU to the figure above, or lower that of the overlay's hosts by the "
    "difference.",
    shown_by="ip.flags.mf == 1 || ip.frag_offset > 0",
    find=_find,
)
