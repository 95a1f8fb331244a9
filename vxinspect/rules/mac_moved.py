"""A MAC moved to another VTEP."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    # A MAC that flaps has moved once or twice in each encapsulation that carries a few packets of the VNI.
    flapping = facts.flapping(limits["seconds"])
    for row in facts.moved:
        key = (row["vni"], row["mac"])
        if key in facts.cloned or key in flapping:
            continue
        others = sorted(facts.homes.get(key, set()) - {row["vtep"]})
        yield Found(
            subject=f"{row['mac']} now behind {row['vtep']}",
            seen=f"{plural(row['moves'], 'move')} between {', '.join([*others, row['vtep']])}",
            frames=row["moves"],
            vni=row["vni"],
            where=({"vni": row["vni"], "src_mac": row["mac"]},),
        )


RULE = Rule(
    id="mac-moved",
    title="A MAC moved to another VTEP",
    severity="info",
    source="RFC 7432, section 15: MAC mobility; RFC 7348, section 4.1: learning",
    means="A station was heard behind one VTEP, and then behind another. A virtual machine that migrates "
    "does that; a station that nobody moved does it where a network is looped or a MAC is given twice.",
    known_by="Moves of a MAC in the forwarding table (`vxinspect fdb --sort moves`), fewer than five, or "
    "slower than `mac-flapping` asks for, whatever the encapsulation; with different addresses behind the "
    "two VTEPs it is a `duplicate-mac`.",
    advice="Nothing, where a machine was migrated. Else look for a loop, or for a MAC that is configured "
    "twice.",
    shown_by="vxlan.vni == VNI && eth.src == MAC",
    thresholds={"seconds": Threshold(180, "five moves within so many seconds are `mac-flapping`'s")},
    find=_find,
)
