"""Reserved bits of the VXLAN header are set."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    frames = facts.note("reserved_bits")
    if frames:
        yield Found(
            subject="reserved bits of VXLAN headers",
            seen=f"{plural(frames, 'packet')} with a reserved or other flag bit",
            frames=frames,
            where=({"notes": "reserved_bits"},),
        )


RULE = Rule(
    id="reserved-bits",
    title="Reserved bits of the VXLAN header are set",
    severity="info",
    source="RFC 7348, section 5: reserved fields MUST be set to zero on transmission and ignored on receipt",
    means="The sender speaks an extension of VXLAN that the receiver may not know (group policy, GPE), or "
    "is broken. Receivers that are stricter than the RFC drop such packets.",
    known_by="VXLAN packets with the I flag and any other bit outside the VNI.",
    advice="See whether the sender is meant to use group policy or GPE, and whether all receivers know it.",
    shown_by="vxlan.flags != 0x0800 || vxlan.reserved8 != 0",
    find=_find,
)
