"""The capture lost packets."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    for capture in facts.report.captures:
        dropped = capture["dropped_packets"]
        if dropped is not None and dropped >= limits["packets"]:
            yield Found(
                subject=capture["name"],
                seen=f"its statistics tell of {plural(dropped, 'packet')} that it does not hold",
            )


RULE = Rule(
    id="capture-loss",
    title="The capture lost packets",
    severity="warning",
    source="draft-ietf-opsawg-pcapng, section 4.6: `isb_ifdrop`, `isb_osdrop`",
    means="The capturing host or its mirror port could not keep up, so that packets which did arrive are not "
    "in the capture. Counts are too low, connections seem to lose what they did not, and what is missing may "
    "be what is looked for.",
    known_by="What the statistics of a pcapng say that the interface and the operating system dropped.",
    advice="Capture with a larger buffer (`tcpdump -B 65536`), a capture filter or a snap length, to a "
    "faster disk; give a mirror port the bandwidth of what it mirrors.",
    thresholds={"packets": Threshold(1, "packets that a capture says were dropped, at least")},
    find=_find,
)
