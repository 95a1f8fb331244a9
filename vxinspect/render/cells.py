"""Rows of values to columns of text for people."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vxinspect.columns import Column, Ends, View
from vxinspect.render.text import clean, max_width, shorten, shorten_middle, text_width
from vxinspect.render.units import (
    align_units,
    byte_text,
    count_text,
    list_text,
    percent_text,
    range_text,
    seconds_text,
    time_text,
)
from vxinspect.tables import Row, Value

__all__ = ["ABSENT", "ShownColumn", "cell_text", "ends_text", "shown_columns", "squeeze"]

ABSENT = "-"
_LIST_WIDTH = 36
_LIST_WIDTH_SHORT = 14
_ARROWS = {"both": "<->", "a_to_b": "->", "b_to_a": "<-"}
_ARROW = re.compile(r" +(<->|->|<-) ")


@dataclass(frozen=True)
class ShownColumn:
    """One column as people see it: its text in full and shortened.

    `stands_for`: the names that it has in machine formats. `group`: columns of one group are shortened
    together, so that times look alike.
    """

    name: str
    group: str
    stands_for: tuple[str, ...]
    title: str
    short_title: str
    cells: tuple[str, ...]
    short_cells: tuple[str, ...]
    right: bool

    @cached_property
    def width(self) -> int:
        """Terminal cells in full."""
        return max_width((self.title, *self.cells))

    @cached_property
    def short_width(self) -> int:
        """Terminal cells when shortened."""
        return max_width((self.short_title, *self.short_cells))


def shown_columns(view: View, rows: Sequence[Row]) -> list[ShownColumn]:
    """Return the columns that people see, in the order of the machine formats, each pair of ends as one.

    A column whose values are all the usual one tells nothing, and is not among them.
    """
    shown = []
    done: set[str] = set()
    for column in view.columns:
        if column.usual is not None and all(row[column.name] == column.usual for row in rows):
            continue
        ends = next((ends for ends in view.ends if column.name in ends.parts), None)
        if column.asked and all(row[column.name] is None for row in rows):
            continue
        if ends is None:
            shown.append(_plain_column(column, [row[column.name] for row in rows]))
        elif ends.name not in done:
            done.add(ends.name)
            shown.append(_ends_column(view, ends, rows))
    return shown


def cell_text(column: Column, value: Value, *, short: bool = False) -> str:  # noqa: PLR0911 - one kind, one answer
    """Return one value as people read it."""
    if value is None:
        return ABSENT
    if isinstance(value, list):
        words = (
            range_text([int(item) for item in value])
            if column.kind == "vnis"
            else [str(item) for item in value]
        )
        return clean(list_text(words, _LIST_WIDTH_SHORT if short else _LIST_WIDTH)) or ABSENT
    if isinstance(value, str):
        return time_text(value, short=short) if column.kind == "time" else clean(value) or ABSENT
    match column.kind:
        case "bytes":
            return byte_text(value)
        case "milliseconds":
            return seconds_text(value / 1e3)
        case "percent":
            return percent_text(value)
        case "seconds":
            return seconds_text(value)
        case "ratio":
            return f"{value:.1f}"
        case "vni" | "port":
            return str(value)
        case _:
            return count_text(value)


def ends_text(ends: Ends, row: Row) -> tuple[str, str, str]:
    """Return left end, arrow and right end."""
    return _end_text(row, ends.left), _arrow(ends, row), _end_text(row, ends.right)


def squeeze(text: str, width: int) -> str:
    """Return a key's text in at most `width` cells; of two ends each keeps its start and its tail."""
    if text_width(text) <= width:
        return text
    sides = _ARROW.split(text.strip())
    if len(sides) == 1:
        return shorten(text, width)
    left, arrow, right = sides
    room = width - len(arrow) - 2
    if room < 2:  # noqa: PLR2004 - a cell for each side
        return shorten(text, width)
    half = max(room // 2, room - text_width(right))
    left = shorten_middle(left, half)
    return f"{left} {arrow} {shorten_middle(right, room - text_width(left))}"


def _plain_column(column: Column, values: Sequence[Value]) -> ShownColumn:
    full = [cell_text(column, value) for value in values]
    if column.kind in ("bytes", "milliseconds", "seconds"):
        full = align_units(full)
    short = full
    if column.kind in ("time", "list", "numbers", "vnis"):
        short = [cell_text(column, value, short=True) for value in values]
    right = (column.is_quantity and column.kind != "time") or column.kind in ("vni", "port")
    return ShownColumn(
        name=column.name,
        group="time" if column.kind == "time" else column.name,
        stands_for=(column.name,),
        title=column.title,
        short_title=column.short or column.title,
        cells=tuple(full),
        short_cells=tuple(short),
        right=right,
    )


def _ends_column(view: View, ends: Ends, rows: Sequence[Row]) -> ShownColumn:
    texts = [ends_text(ends, row) for row in rows]
    left_width = max((len(left) for left, _, _ in texts), default=0)
    arrow_width = max((len(arrow) for _, arrow, _ in texts), default=0)
    return ShownColumn(
        name=ends.name,
        group=ends.name,
        stands_for=tuple(name for name in view.names if name in ends.parts),
        title=ends.title,
        short_title=ends.title,
        cells=tuple(f"{left:<{left_width}} {arrow:^{arrow_width}} {right}" for left, arrow, right in texts),
        short_cells=tuple(" ".join(text) for text in texts),
        right=False,
    )


def _end_text(row: Row, names: tuple[str, ...]) -> str:
    """Return `10.0.0.1`, `10.0.0.1:80`, `[2001:db8::1]:80`."""
    address = row[names[0]]
    port = row[names[1]] if len(names) > 1 else None
    if address is None:
        return ABSENT
    if port is None:
        return clean(str(address))
    return clean(f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}")


def _arrow(ends: Ends, row: Row) -> str:
    """Return the arrow that tells which way packets went."""
    if isinstance(ends.arrow, str):
        return ends.arrow
    if len(ends.arrow) == 1:
        return _ARROWS.get(str(row[ends.arrow[0]]), "<->")
    forward, back = (row[name] for name in ends.arrow)
    if forward and not back:
        return "->"
    return "<-" if back and not forward else "<->"
