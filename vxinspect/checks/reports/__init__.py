"""Verdicts for people and for CI. Pure: a verdict in, text out."""

from importlib import import_module

from vxinspect.checks.outcome import Verdict

__all__ = ["KINDS", "render"]

KINDS = ("github", "json", "junit", "markdown", "sarif")
"""Each is a module of this package with a function `render`."""


def render(kind: str, verdict: Verdict) -> str:
    """Return the verdict as one of `KINDS`."""
    # Loaded when it is asked for: XML would slow every check's start.
    module = import_module(f"vxinspect.checks.reports.{'json_' if kind == 'json' else kind}")
    return str(module.render(verdict))
