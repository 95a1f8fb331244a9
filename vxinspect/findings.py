"""What is wrong with what a report saw: the rules' findings, as rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vxinspect.columns import Column, View, parse_sort
from vxinspect.exceptions import OptionError
from vxinspect.lookup import Reading
from vxinspect.rules import ALL
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import SEVERITIES, Found, Rule, Severity
from vxinspect.tables import ListedRows, Table

__all__ = ["VIEW", "Finding", "check_thresholds", "find", "table"]

VIEW = View(
    "findings",
    "findings",
    (
        Column("severity", "severity", "text", "error, warning or info"),
        Column("rule", "rule", "text", "the rule's id; `vxinspect explain RULE` tells more"),
        Column("vni", "VNI", "vni", "the VNI, where it is in one"),
        Column("tunnel", "tunnel", "text", "the direction of a tunnel, where it is in one"),
        Column("subject", "subject", "text", "what it is about"),
        Column("seen", "what was seen", "text", "what was seen, with figures"),
        Column("frames", "frames", "count", "in how many frames; null where that is not known"),
        Column(
            "frame_numbers", "which", "list", "the numbers of the first of them; null where not looked up"
        ),
        Column("advice", "what to do", "text", "what to do about it"),
    ),
    key=("severity", "rule"),
    needed=("subject", "seen", "vni", "frames", "tunnel", "frame_numbers", "advice"),
)

_LOOKED_UP = 20
"""For so many findings, the worst, are frames looked up: each is a reading of the captures."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the rule that says so, and what it found."""

    rule: Rule
    found: Found

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.found.severity or self.rule.severity

    def to_dict(self, frame_numbers: list[str] | None = None) -> dict[str, Any]:
        """Return the row of the table."""
        own = {name: getattr(self.found, name) for name in ("vni", "tunnel", "subject", "seen", "frames")}
        own |= {"severity": self.severity, "rule": self.rule.id, "advice": self.rule.advice}
        own["frame_numbers"] = frame_numbers
        return {name: own[name] for name in VIEW.names}


def find(facts: Facts, thresholds: Mapping[str, Mapping[str, float]] | None = None) -> list[Finding]:
    """Return what the rules find, the worst first; `thresholds` by rule and name in place of the defaults.

    Raises `OptionError` for a rule or threshold that is not there.
    """
    given = check_thresholds(thresholds or {})
    findings = [
        Finding(rule, found)
        for rule in ALL
        for found in rule.find(facts, rule.limits(given.get(rule.id, {})))
    ]
    return sorted(findings, key=_order)


def check_thresholds(given: Mapping[str, Mapping[str, float]]) -> Mapping[str, Mapping[str, float]]:
    """Return what was given; raises `OptionError` for a rule or threshold that is not there."""
    rules = {rule.id: rule for rule in ALL}
    for name, values in given.items():
        rule = rules.get(name)
        if rule is None:
            raise OptionError("thresholds", name, f"one of the rules {', '.join(rules)}")
        for threshold in values:
            if threshold not in rule.thresholds:
                known = ", ".join(rule.thresholds) or "none"
                raise OptionError("thresholds", threshold, f"one of {name}'s thresholds ({known})")
    return given


def _order(finding: Finding) -> tuple[int, int, int, str]:
    vni = finding.found.vni
    rank = SEVERITIES.index(finding.severity)
    return rank, ALL.index(finding.rule), -1 if vni is None else vni, finding.found.subject


def table(
    findings: Sequence[Finding],
    *,
    reading: Reading | None = None,
    sort: Iterable[str] = (),
    limit: int | None = None,
) -> Table:
    """Return findings as a table, sorted and cut as others are; `reading` to look up frames' numbers."""
    readings = [reading if index < _LOOKED_UP else None for index in range(len(findings))]
    rows = [
        finding.to_dict(reading.first_frames(finding.found.where) if reading else None)
        for reading, finding in zip(readings, findings, strict=True)
    ]
    for name, descending in reversed(parse_sort(VIEW, sort)):
        rows.sort(key=lambda row: (row[name] is not None, row[name]), reverse=descending)
    return Table(VIEW, ListedRows(VIEW.names, rows[:limit], len(rows)))
