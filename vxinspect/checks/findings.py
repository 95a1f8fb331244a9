"""Findings that fail or warn."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from vxinspect.api import Report
from vxinspect.checks.outcome import Outcome, Status, outcome
from vxinspect.checks.policy import FindingRules, Policy
from vxinspect.checks.values import named
from vxinspect.render.text import plural
from vxinspect.rules import ALL, by_id

__all__ = ["findings"]


def findings(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield what came of each rule that found something, and whether none did that fails."""
    by_rule: dict[tuple[str, Status], list[dict[str, Any]]] = defaultdict(list)
    for row in report.find(thresholds=policy.rules).to_dicts():
        fate = _fate(policy.findings, str(row["rule"]), str(row["severity"]))
        if fate is not None:
            by_rule[str(row["rule"]), fate].append(row)
    if policy.findings.fail and not any(fate == "failed" for _, fate in by_rule):
        title = f"no finding of {named(policy.findings.fail)}"
        yield outcome("findings.fail", title, [], f"{plural(len(ALL), 'rule')}, and no such finding")
    for (name, fate), rows in by_rule.items():
        rule = by_id(name)
        title = f'no {name}: "{rule.title if rule else name}"'
        one = outcome(f"findings.{name}", title, [f"{row['subject']}: {row['seen']}" for row in rows], "")
        frames = [number for row in rows for number in row["frame_numbers"] or ()]
        yield Outcome(one.key, title, fate, one.found, tuple(dict.fromkeys(frames))[:5])


def _fate(rules: FindingRules, rule: str, severity: str) -> Status | None:
    """Return what becomes of a finding; None for nothing."""
    fates: dict[str, Status | None] = {"ignore": None, "fail": "failed", "warn": "warned"}
    for word in (rule, severity):
        for key, fate in fates.items():
            if word in getattr(rules, key):
                return fate
    return None
