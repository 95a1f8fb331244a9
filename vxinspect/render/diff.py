"""The difference of two captures for people: + only in the second, - only in the first, ~ in both."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vxinspect.diff import TableDiff, changes
from vxinspect.render.cells import ABSENT
from vxinspect.render.paint import Paint
from vxinspect.render.table import MIN_WIDTH
from vxinspect.render.text import clean, shorten
from vxinspect.render.units import byte_text, percent_text, seconds_text
from vxinspect.snapshot import FIGURES, KEYS

__all__ = ["diff_lines", "diff_markdown"]

_TITLES = {
    "vnis": "VNIs",
    "vteps": "VTEPs",
    "tunnels": "Tunnels",
    "services": "Services",
    "fdb": "Stations",
    "findings": "Findings",
}
_WORDS = {
    "wire_bytes": "wire",
    "packets_rev": "answers",
    "overhead_percent": "overhead",
    "vtep": "behind",
    "retransmission_percent": "sent again",
    "rtt_ms": "RTT",
}
_ROWS = 20


def diff_lines(diffs: Sequence[TableDiff], *, width: int, paint: Paint, limit: int | None) -> Iterator[str]:
    """Yield a heading for each table that differs, and a line for each row, at most `limit` of each kind."""
    width = max(width, MIN_WIDTH)
    for one in diffs:
        if one.is_empty:
            continue
        yield paint.strong(_heading(one))
        marks = {"+": paint.hint, "-": paint.error, "~": paint.warning}
        for mark, line in _rows(one, _ROWS if limit is None else limit):
            yield marks.get(mark, str)(shorten(f"{mark} {clean(line)}", width))
    if all(one.is_empty for one in diffs):
        yield paint.faint("no difference")


def diff_markdown(diffs: Sequence[TableDiff], limit: int | None) -> Iterator[str]:
    """Yield a list under a heading for each table that differs."""
    from vxinspect.render.markdown import escaped

    for one in diffs:
        if not one.is_empty:
            yield from (f"### {_heading(one)}", "")
            yield from (f"- `{mark}` {escaped(line)}" for mark, line in _rows(one, limit or None))
            yield ""
    if all(one.is_empty for one in diffs):
        yield "No difference."


def _heading(one: TableDiff) -> str:
    counts = {"added": len(one.added), "removed": len(one.removed), "changed": len(one.changed)}
    return f"{_TITLES[one.table]}: " + ", ".join(
        f"{count:,} {word}" for word, count in counts.items() if count
    )


def _rows(one: TableDiff, limit: int | None) -> Iterator[tuple[str, str]]:
    """Yield (mark, text) of each row, the marks in turn."""
    most = limit or None
    listed = {
        "+": [_row(one.table, row) for row in one.added],
        "-": [_row(one.table, row) for row in one.removed],
        "~": [_changed(one.table, before, after) for before, after in one.changed],
    }
    for mark, lines in listed.items():
        yield from ((mark, line) for line in lines[:most])
        if most is not None and len(lines) > most:
            yield " ", f"... {len(lines) - most:,} more (--limit 0 for all)"


def _key(table: str, row: Mapping[str, Any]) -> str:
    values = [str(row[name]) for name in KEYS[table] if row[name] is not None]
    return " <-> ".join(values) if table == "tunnels" else " ".join(values)


def _row(table: str, row: Mapping[str, Any]) -> str:
    figures = [f"{_word(name)} {_figure(name, row[name])}" for name in FIGURES[table] if name in row]
    return "  ".join([_key(table, row), ", ".join(figures)]).rstrip()


def _changed(table: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    told = [_change(name, *values) for name, values in changes(table, before, after).items()]
    return f"{_key(table, before)}  {', '.join(told)}"


def _change(name: str, before: Any, after: Any) -> str:  # noqa: ANN401 - a column's
    text = f"{_word(name)} {_figure(name, before)} -> {_figure(name, after)}"
    counted = isinstance(before, int) and isinstance(after, int) and before
    return f"{text} ({100 * (after - before) / before:+.0f}%)" if counted else text


def _word(name: str) -> str:
    return _WORDS.get(name, name)


def _figure(name: str, value: Any) -> str:  # noqa: ANN401 - a column's
    if value is None:
        return ABSENT
    if name.endswith("_bytes"):
        return byte_text(value)
    if name.endswith("_percent"):
        return percent_text(value)
    if name.endswith("_ms"):
        return seconds_text(value / 1000)
    return f"{value:,}" if isinstance(value, int) else str(value)
