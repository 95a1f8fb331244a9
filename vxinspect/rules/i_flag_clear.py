"""VXLAN without a valid VNI."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    frames = facts.reason("i_flag_clear")
    if frames:
        yield Found(
            subject="VXLAN headers without the I flag",
            seen=f"{plural(frames, 'packet')} to a VXLAN port with the I flag clear; they are in no table",
            frames=frames,
            where=({"reason": "i_flag_clear"},),
        )


RULE = Rule(
    id="i-flag-clear",
    title="VXLAN without a valid VNI",
    severity="error",
    source="RFC 7348, section 5: the I flag MUST be set to 1 for a valid VNI",
    means="The VXLAN header says itself that its VNI is not valid, and receivers drop such packets: a "
    "broken sender, or another protocol on VXLAN's port.",
    known_by="UDP to a VXLAN port whose header has the I flag clear.",
    advice="Look at what sends them: another protocol on this port, or an implementation with a bug.",
    shown_by="vxlan.flag_i == 0",
    find=_find,
)
