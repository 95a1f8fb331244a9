"""A policy and a report to a verdict."""

from dataclasses import replace

from vxinspect.api import Report
from vxinspect.checks import findings, flows, limits, presence
from vxinspect.checks.baseline import baseline
from vxinspect.checks.outcome import Verdict
from vxinspect.checks.policy import Policy
from vxinspect.snapshot import Snapshot

__all__ = ["evaluate"]

_PARTS = (
    presence.enough,
    presence.vnis,
    presence.vteps,
    presence.tunnels,
    presence.ports,
    presence.members,
    limits.limits,
    limits.vni_limits,
    flows.flows,
    findings.findings,
)


def evaluate(
    policy: Policy, report: Report, name: str = "the default policy", before: Snapshot | None = None
) -> Verdict:
    """Return what came of each statement of the policy; `name` is how the verdict calls it.

    `before`: what was there before, so that what is new fails.
    """
    verdict = _by_policy(policy, report, name)
    if before is None:
        return verdict
    new = baseline(before, Snapshot.of_report(report))
    return replace(verdict, outcomes=(*verdict.outcomes, *new))


def _by_policy(policy: Policy, report: Report, name: str) -> Verdict:
    outcomes = tuple(outcome for part in _PARTS for outcome in part(policy, report))
    return Verdict(name, tuple(capture["name"] for capture in report.captures), outcomes)
