"""The clock of a capture went back."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.render.units import seconds_text
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    for capture in facts.report.captures:
        steps, largest = capture["clock_steps"], capture["largest_clock_step_s"]
        if not steps or largest < limits["seconds"]:
            continue
        yield Found(
            subject=f"the clock of {capture['name']}",
            seen=f"{plural(steps, 'frame')} whose time is before that of the frame before it, by "
            f"{seconds_text(largest)} at the most",
            frames=steps,
        )


RULE = Rule(
    id="clock-step",
    title="The clock of a capture went back",
    severity="warning",
    source="docs/tables.md: summary, `clock_steps`; RFC 5905, section 11.3: when a clock is stepped",
    means="The clock of the capturing host was set while it captured, or frames of several hosts or "
    "interfaces, whose clocks differ, were put into one file without being sorted. Durations, rates and "
    "round trips over the step are wrong, and so is the order of what was merged.",
    known_by="A frame whose time is earlier than that of the frame before it in the same capture. Small "
    "steps, as cards with several queues and captures on several interfaces have them, do not count. A clock "
    "that was set forward looks like a pause.",
    advice="Sort the file by time (`reordercap`, or `mergecap` in place of `cat`); let the host's clock be "
    "slewed rather than stepped (`chronyc sources` tells how far it is off).",
    shown_by="frame.time_delta < 0",
    thresholds={"seconds": Threshold(0.1, "seconds back at once, at least; from 0.001 on steps are counted")},
    find=_find,
)
