"""The capture shows packets twice."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    copies = facts.copies
    if copies["dropped"] or copies["packets"] < limits["packets"]:
        return
    window = "a moment" if copies["window_s"] is None else f"{1000 * copies['window_s']:g} ms"
    sampled = copies["frames_examined"] < facts.frames["total"]
    yield Found(
        subject="copies of packets",
        seen=f"{'at least ' * sampled}{plural(copies['packets'], 'packet')} seen again within "
        f"{window}, in {plural(copies['frames_examined'], 'frame')} looked at",
        frames=copies["packets"],
    )


RULE = Rule(
    id="copies",
    title="The capture shows packets twice",
    severity="warning",
    source="docs/counting.md: copies",
    means="The same packet is in the capture more than once: taken on both sides of a router or on several "
    "interfaces, mirrored from two ports, or sent round a loop. All figures count it as often, and what "
    "looks like a retransmission may be a copy.",
    known_by="Packets that are the same but for what routers change (TTL, checksum, MACs, tags), within a "
    "short time (docs/counting.md). With --dedup there are none.",
    advice="Read the capture with --dedup. Where the copies' TTL falls on and on, look for a loop.",
    thresholds={"packets": Threshold(1, "copies, at least")},
    find=_find,
)
