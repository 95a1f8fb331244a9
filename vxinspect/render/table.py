"""Rows as a table for people: never wider than asked, never a wrapped row."""

from collections import Counter
from collections.abc import Sequence

from vxinspect.columns import View
from vxinspect.render.cells import cell_text, shown_columns
from vxinspect.render.layout import GAP, Placed, PlacedColumn, place
from vxinspect.render.paint import PLAIN, Paint
from vxinspect.render.text import max_width, pad, wrap
from vxinspect.render.units import align_units
from vxinspect.tables import Row

__all__ = ["MIN_WIDTH", "card_lines", "more_line", "table_lines"]

MIN_WIDTH = 40
_FEW = 3
"""So many columns of one family are still named one by one where they have no room."""


def table_lines(
    view: View,
    rows: Sequence[Row],
    *,
    width: int,
    paint: Paint = PLAIN,
    more: Sequence[str] = (),
    notes: bool = True,
) -> list[str]:
    """Return heading, rule, rows, `more`, and a note of the columns that found no room.

    No line is wider than `width` cells, which count as at least 40. Without rows, one line says so.
    """
    if not rows:
        return [paint.faint(f"no {view.title}")]
    placed = place(view, shown_columns(view, rows), max(width, MIN_WIDTH))
    heading, rule, *body = _drawn(placed.columns)
    lines = [paint.strong(heading), paint.faint(rule), *body, *more]
    parts = [f"{word}: {', '.join(names)}" for word, names in _named(view, placed) if names]
    if parts and notes:
        note = f"{'; '.join(parts)}; use --format csv or a wider terminal"
        lines += [paint.faint(line) for line in wrap(note, max(width, MIN_WIDTH))]
    return lines


def card_lines(view: View, row: Row, paint: Paint = PLAIN) -> list[str]:
    """Return one row upright: a title and a value a line."""
    titles = [column.title for column in view.columns]
    cells = align_units([cell_text(column, row[column.name]) for column in view.columns])
    gap = max(map(len, titles)) + GAP
    # The widest card is far below the narrowest width.
    right = max(map(len, cells))
    return [
        f"{paint.strong(title)}{' ' * (gap - len(title))}{cell:>{right}}".rstrip()
        for title, cell in zip(titles, cells, strict=True)
    ]


def more_line(shown: int, total: int, advice: str, paint: Paint = PLAIN) -> list[str]:
    """Return a line that tells how many rows there are beyond those shown, or none."""
    more = total - shown
    if more <= 0:
        return []
    return [paint.faint(f"... {more:,} more {'row' if more == 1 else 'rows'} ({advice})")]


def _named(view: View, placed: Placed) -> list[tuple[str, list[str]]]:
    return [("not shown", _by_family(view, placed.left_out)), ("shortened", placed.cut)]


def _by_family(view: View, names: Sequence[str]) -> list[str]:
    """Return columns by name, and more than a few of one family as `12 columns of TCP health`."""
    families = {name: view.column(name).family for name in names}
    sizes = Counter(families.values())
    told = dict.fromkeys(
        f"{sizes[family]} columns of {family}" if family and sizes[family] > _FEW else name
        for name, family in families.items()
    )
    return list(told)


def _drawn(columns: Sequence[PlacedColumn]) -> list[str]:
    """Return the lines of heading, rule and rows."""
    from tabulate import tabulate

    # Heading and rule are rows to tabulate, which makes a heading of its own two cells wider; cells are
    # padded here, because it does not know wide characters.
    drawn = tabulate(
        list(zip(*map(_padded, columns), strict=True)),
        tablefmt="plain",
        disable_numparse=True,
        preserve_whitespace=True,
        stralign=None,
    )
    return [line.rstrip() for line in drawn.splitlines()]


def _padded(column: PlacedColumn) -> list[str]:
    """Return title, rule and cells, all of one width."""
    width = max_width((column.title, *column.cells))
    return [pad(text, width, right=column.right) for text in (column.title, "-" * width, *column.cells)]
