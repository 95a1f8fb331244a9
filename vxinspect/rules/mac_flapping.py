"""A MAC moves back and forth."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.render.units import seconds_text
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    for row in facts.moved:
        key = (row["vni"], row["mac"])
        fastest = row["five_moves_s"]
        if key in facts.cloned or fastest is None or fastest > limits["seconds"]:
            continue
        yield Found(
            subject=f"{row['mac']} between {', '.join(sorted(facts.homes.get(key, {row['vtep']})))}",
            seen=f"{plural(row['moves'], 'move')}, five of them within {seconds_text(fastest)}",
            frames=row["moves"],
            vni=row["vni"],
            where=({"vni": row["vni"], "src_mac": row["mac"]},),
        )


RULE = Rule(
    id="mac-flapping",
    title="A MAC moves back and forth",
    severity="warning",
    source="RFC 7432, section 15.1: five moves within 180 seconds are a duplicate MAC",
    means="Two VTEPs are in turn the one that a MAC is heard from: a loop between them, a bond whose "
    "members go to different switches, a cluster that cannot agree who is active, or two machines with one "
    "MAC. What is sent to it goes to the wrong place half of the time.",
    known_by="Five moves of a MAC in a row within the time that RFC 7432 gives a duplicate MAC by default.",
    advice="Find out which of the two VTEPs the station is behind, and how its frames come to the other: a "
    "loop, a bond, a second machine with the same MAC.",
    shown_by="vxlan.vni == VNI && eth.src == MAC",
    thresholds={"seconds": Threshold(180, "five moves within so many seconds")},
    find=_find,
)
