"""Rows for programs: JSON, JSON Lines, CSV. Raw values, every column, one row at a time."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vxinspect.render.text import clean
from vxinspect.tables import Table, Value

__all__ = ["csv_text", "json_object", "json_rows", "jsonl_rows", "table_text", "told_text"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are their wide forms, which spreadsheets in East Asia take for the same."""


class _LastLine:
    """Keeps what was written last: the csv module writes one row at a time."""

    text = ""

    def write(self, text: str, /) -> None:
        self.text = text


def json_object(value: Mapping[str, object], *, indent: int | None = 2) -> str:
    """Return one object and a newline."""
    return _json(value, indent) + "\n"


def json_rows(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """Yield an array of row objects, one a line."""
    before = "[\n  "
    for row in rows:
        yield before + _dumped(columns, row)
        before = ",\n  "
    yield "[]\n" if before.startswith("[") else "\n]\n"


def jsonl_rows(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """Yield one row object a line."""
    for row in rows:
        yield _dumped(columns, row) + "\n"


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """Yield a header and rows as RFC 4180 says, with line feeds; a list is joined with spaces.

    What is absent is empty. Text that a spreadsheet would take for a formula gets a `'` in front.
    """
    yield from _csv_lines([columns])
    yield from _csv_lines(rows)


def _csv_lines(rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    import csv

    line = _LastLine()
    writer = csv.writer(line, lineterminator="\n")
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
        yield line.text


def table_text(form: str, table: Table) -> Iterator[str]:
    """Yield a table as `json_rows`, `jsonl_rows` and `csv_text` would; most of it is drawn by the engine."""
    if form == "csv":
        yield from _csv_lines([table.columns])
        for text, rows in table.told("csv"):
            yield "".join(_csv_lines(rows)) if text is None else text
        return
    before = "[\n  "
    for text, rows in table.told("jsonl"):
        lines = "".join(jsonl_rows(table.columns, rows)) if text is None else text
        if form == "jsonl":
            yield lines
        else:
            # A line feed within a text is escaped.
            yield before + lines[:-1].replace("\n", ",\n  ")
            before = ",\n  "
    if form == "json":
        yield "[]\n" if before.startswith("[") else "\n]\n"


def told_text(form: str, text: str) -> str:
    """Return how a machine format (`json`, `jsonl`, `csv`) tells one text, quotes and escapes included."""
    if form == "csv":
        return next(iter(_csv_lines([(text,)])))[:-1]
    return _json(text)


def _json(value: object, indent: int | None = None) -> str:
    """Return JSON in which what could steer a terminal is escaped, as JSON alone asks for only some of it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    # Line feeds are those of the layout: within a text they are escaped already.
    if text.isprintable() or (indent is not None and text.replace("\n", "").isprintable()):
        return text
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def _dumped(columns: Sequence[str], row: Sequence[Value]) -> str:
    return _json(dict(zip(columns, row, strict=True)))


def _csv_cell(value: Value) -> object:
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
