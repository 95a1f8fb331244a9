"""The snap length cut headers."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import CUT, Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    headers, outer = facts.note("inner_header_cut"), sum(map(facts.reason, CUT))
    if not headers + outer:
        return
    yield Found(
        subject="headers that the capture does not hold",
        seen=f"{plural(headers, 'packet')} without all inner headers, {outer:,} without a VNI",
        frames=headers + outer,
        where=({"notes": "inner_header_cut"}, {"reason": CUT}),
    )


RULE = Rule(
    id="snap-length",
    title="The snap length cut headers",
    severity="warning",
    source="docs/counting.md: snap lengths",
    means="The capture keeps so little of each frame that addresses, ports or flags are missing: flows are "
    "mixed, TCP states are guesses, and some VNIs may be missing altogether.",
    known_by="Frames whose inner headers, VXLAN header or outer headers the capture does not hold. A snap "
    "length that leaves the headers is no fault.",
    advice="Capture with a snap length of 128 bytes or more (`tcpdump -s 128`); 160 over IPv6.",
    shown_by="frame.cap_len < frame.len",
    find=_find,
)
