"""A verdict as SARIF 2.1.0 (OASIS), which code scanning services read.

A check is a rule there, and what failed a result.
"""

from typing import Any

from vxinspect import __version__
from vxinspect.checks.outcome import Outcome, Verdict
from vxinspect.render.machine import json_object
from vxinspect.render.text import clean

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"failed": "error", "warned": "warning"}


def render(verdict: Verdict) -> str:
    """Return a log with one run: its rules are all checks, its results what failed or warns."""
    rules = [_rule(outcome) for outcome in verdict.outcomes]
    wrong = [(index, one) for index, one in enumerate(verdict.outcomes) if one.status in _LEVELS]
    run = {
        "tool": {"driver": {"name": "vxinspect", "version": __version__, "rules": rules}},
        "artifacts": [{"location": _location(name)} for name in verdict.captures],
        "results": [_result(index, outcome, verdict) for index, outcome in wrong],
    }
    return json_object({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(outcome: Outcome) -> dict[str, Any]:
    return {"id": outcome.key, "shortDescription": {"text": clean(outcome.title)}}


def _result(index: int, outcome: Outcome, verdict: Verdict) -> dict[str, Any]:
    places = [{"physicalLocation": {"artifactLocation": _location(name)}} for name in verdict.captures]
    return {
        "ruleId": outcome.key,
        "ruleIndex": index,
        "level": _LEVELS[outcome.status],
        "message": {"text": clean(outcome.sentence)},
        # A service shows a result at one place; the run's artifacts name all captures.
        "locations": places[:1],
    }


def _location(name: str) -> dict[str, str]:
    """Return a capture's name as the reference that RFC 3986 asks for."""
    from urllib.parse import quote

    return {"uri": quote(name)}
