"""A capture breaks off."""

from collections.abc import Iterator, Mapping

from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    for capture in facts.report.captures:
        if not capture["complete"]:
            yield Found(
                subject=capture["name"],
                seen=capture["damage"] or f"cut short at byte {capture['truncated_at']}, within a record",
            )


RULE = Rule(
    id="capture-cut",
    title="A capture breaks off",
    severity="warning",
    source="docs/formats.md: a capture that is damaged",
    means="The file ends within a record, or cannot be read on: the capture was copied while it was "
    "written, the disk was full, or the file is damaged. What comes behind is not in the report.",
    known_by="A record that the file does not hold whole, or that breaks the format.",
    advice="Copy the capture again once it is finished; `tcpdump -U` writes whole records.",
    find=_find,
)
