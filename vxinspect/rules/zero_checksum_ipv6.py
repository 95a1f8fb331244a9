"""A tunnel over IPv6 leaves the outer UDP checksum out."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    frames = facts.note("zero_checksum_ipv6")
    if frames:
        yield Found(
            subject="outer UDP checksums over IPv6",
            seen=f"{plural(frames, 'packet')} without one",
            frames=frames,
            where=({"notes": "zero_checksum_ipv6"},),
        )


RULE = Rule(
    id="zero-checksum-ipv6",
    title="A tunnel over IPv6 has no outer UDP checksum",
    severity="info",
    source="RFC 6935, section 5, and RFC 6936: tunnels may leave it out; RFC 8200, section 8.1: no others",
    means="Over IPv6 nothing but this checksum protects the addresses. Tunnels may leave it out, where both "
    "ends are set to that; a receiver or middlebox that is not drops the packets.",
    known_by="VXLAN packets over IPv6 whose UDP checksum is 0.",
    advice="See that all VTEPs accept it (Linux: `udp6zerocsumrx`), or have the senders compute it "
    "(`noudp6zerocsumtx`).",
    shown_by="ipv6 && udp.checksum == 0",
    find=_find,
)
