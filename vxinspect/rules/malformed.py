"""Frames contradict themselves."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import FAULTY, Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]

_REASONS = FAULTY - {"unsupported_link_type", "i_flag_clear", "depth_exceeded"}
"""Without what is no fault, and what has a rule of its own."""


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    reasons = {name: count for name, count in facts.frames["reasons"].items() if name in _REASONS}
    inner = facts.note("inner_malformed")
    if inner:
        reasons["inner_malformed"] = inner
    if not reasons:
        return
    frames = sum(reasons.values())
    told = ", ".join(f"{name} {count:,}" for name, count in reasons.items())
    yield Found(
        subject="headers",
        seen=f"{plural(frames, 'frame')} whose headers contradict their lengths: {told}",
        frames=frames,
        where=({"reason": tuple(reasons)}, *([{"notes": "inner_malformed"}] if inner else [])),
    )


RULE = Rule(
    id="malformed",
    title="Frames contradict themselves",
    severity="warning",
    source="docs/counting.md: the reasons of invalid and malformed frames",
    means="Headers whose lengths, versions or header lengths cannot be true: a broken sender, a fault on "
    "the way, or a capture that was tampered with.",
    known_by="Frames that count as invalid or malformed, and packets with the note `inner_malformed`. What "
    "a snap length cut is no fault, and does not count.",
    advice="Open one of the frames, and see which sender they have in common.",
    shown_by="_ws.malformed",
    find=_find,
)
