"""Annotations of GitHub Actions: workflow commands, which its log turns into errors and warnings.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from vxinspect.checks.outcome import Outcome, Verdict
from vxinspect.render.text import clean

__all__ = ["render"]


def render(verdict: Verdict) -> str:
    """Return one command a line for what failed or warns, and a notice that sums up."""
    lines = [_command("error", outcome) for outcome in verdict.of("failed")]
    lines += [_command("warning", outcome) for outcome in verdict.of("warned")]
    lines.append(f"::notice title=vxinspect check::{_message(verdict.headline)}")
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, outcome: Outcome) -> str:
    return f"::{level} title={_property(f'vxinspect {outcome.key}')}::{_message(outcome.sentence)}"


def _message(text: str) -> str:
    """Return text without what would end the command's line or begin an escape."""
    return clean(text).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
