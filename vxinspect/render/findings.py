"""Findings for people: where each is in a line, and what was seen and what to do below it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vxinspect.render.paint import Paint
from vxinspect.render.table import MIN_WIDTH
from vxinspect.render.text import clean, plural, shorten, wrap

__all__ = ["count_text", "finding_lines", "finding_markdown"]

_INDENT = 9
"""The longest severity, and two spaces."""
_READABLE = 120
"""No wider, so that lines stay short to read."""


def count_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return `2 errors, 1 warning`."""
    names = {"error": "error", "warning": "warning", "info": "note"}
    counts = [(sum(row["severity"] == severity for row in rows), noun) for severity, noun in names.items()]
    return ", ".join(plural(count, noun) for count, noun in counts if count)


def finding_lines(rows: Sequence[Mapping[str, Any]], *, width: int, paint: Paint) -> Iterator[str]:
    """Yield some lines for each finding, and their count."""
    width = min(max(width, MIN_WIDTH), _READABLE)
    marks = {"error": paint.error, "warning": paint.warning, "info": paint.hint}
    for row in rows:
        mark = marks[row["severity"]](row["severity"])
        heading = shorten("  ".join(_where(row)), width - _INDENT)
        yield f"{mark}{' ' * (_INDENT - len(row['severity']))}{paint.strong(heading)}"
        for text, style in ((_seen(row), str), (f"-> {row['advice']}", paint.faint)):
            yield from (" " * _INDENT + style(line) for line in wrap(clean(text), width - _INDENT))
    if not rows:
        yield paint.faint("no findings")
        return
    yield f"{count_text(rows)}; vxinspect explain RULE tells more"


def finding_markdown(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table of findings."""
    from vxinspect.render.markdown import escaped

    yield "| severity | rule | where | what was seen | frames | what to do |"
    yield "|:--|:--|:--|:--|--:|:--|"
    for row in rows:
        where = "; ".join([*_where(row)[1:], str(row["subject"])])
        cells = (row["severity"], row["rule"], where, row["seen"], _frames(row), row["advice"])
        yield f"| {' | '.join(escaped(str(cell)) for cell in cells)} |"


def _where(row: Mapping[str, Any]) -> list[str]:
    vni = [] if row["vni"] is None else [f"VNI {row['vni']}"]
    return [row["rule"], *vni, *([] if row["tunnel"] is None else [row["tunnel"]])]


def _seen(row: Mapping[str, Any]) -> str:
    numbers = row["frame_numbers"]
    shown = f" (frame {', '.join(numbers)})" if numbers else ""
    return f"{row['subject']}: {row['seen']}{shown}"


def _frames(row: Mapping[str, Any]) -> str:
    numbers = row["frame_numbers"]
    count = "" if row["frames"] is None else f"{row['frames']:,}"
    return f"{count} ({', '.join(numbers)})" if numbers else count
