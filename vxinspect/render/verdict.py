"""A verdict for people: what failed first, with what was found below it."""

from collections.abc import Iterator

from vxinspect.checks.outcome import Outcome, Verdict
from vxinspect.render.paint import Paint
from vxinspect.render.table import MIN_WIDTH
from vxinspect.render.text import clean, wrap

__all__ = ["verdict_lines"]

_INDENT = 8


def verdict_lines(verdict: Verdict, *, width: int, paint: Paint, brief: bool = False) -> Iterator[str]:
    """Yield a few lines for each check, and the headline last, where a terminal shows it.

    `brief`: without what passed.
    """
    width = max(width, MIN_WIDTH)
    marks = {"failed": paint.error, "warned": paint.warning, "passed": paint.faint}
    for status in ("failed", "warned", "passed"):
        if status == "passed" and brief:
            continue
        for outcome in verdict.of(status):
            yield from _lines(outcome, marks[status](status), width, paint)
    yield from map(paint.strong, wrap(clean(verdict.headline), width))


def _lines(outcome: Outcome, mark: str, width: int, paint: Paint) -> Iterator[str]:
    title, *more = wrap(clean(f"{outcome.key}: {outcome.title}"), width - _INDENT)
    yield f"{mark}{' ' * (_INDENT - len(outcome.status))}{title}"
    yield from (" " * _INDENT + line for line in more)
    if outcome.status != "passed":
        yield from (" " * _INDENT + line for line in wrap(clean(f"found: {outcome.told}"), width - _INDENT))
    else:
        yield from (paint.faint(" " * _INDENT + line) for line in wrap(clean(outcome.found), width - _INDENT))
