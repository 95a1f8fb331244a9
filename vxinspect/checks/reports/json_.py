"""A verdict as one JSON object."""

from vxinspect.checks.outcome import Verdict
from vxinspect.render.machine import json_object

__all__ = ["render"]


def render(verdict: Verdict) -> str:
    """Return the verdict, its counts, and each check."""
    return json_object(verdict.to_dict())
