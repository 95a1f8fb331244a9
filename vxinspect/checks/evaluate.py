"""A policy and a report to a verdict."""

from vxinspect.api import Report
from vxinspect.checks import findings, flows, limits, presence
from vxinspect.checks.outcome import Verdict
from vxinspect.checks.policy import Policy

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


def evaluate(policy: Policy, report: Report, name: str = "the default policy") -> Verdict:
    """Return what came of each statement of the policy; `name` is how the verdict calls it."""
    outcomes = tuple(outcome for part in _PARTS for outcome in part(policy, report))
    return Verdict(name, tuple(capture["name"] for capture in report.captures), outcomes)
