"""Which columns a terminal of some width can hold: first shortened, then without the least needed ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from vxinspect.columns import View
from vxinspect.render.cells import ShownColumn, squeeze
from vxinspect.render.text import shorten

__all__ = ["GAP", "Placed", "PlacedColumn", "place"]

GAP = 2
_ESSENTIALS = 2
"""How many of the needed columns a long key makes room for."""
_READABLE = 30
"""No narrower does it make its widest column for them."""


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column in the form that fits."""

    title: str
    cells: tuple[str, ...]
    right: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """What fits, in the table's order, and the machine names of what had no room or lost letters."""

    columns: list[PlacedColumn]
    left_out: list[str]
    cut: list[str]


def place(view: View, columns: Sequence[ShownColumn], width: int) -> Placed:
    """Return what fits in `width` cells.

    The key's columns always stand; where they are long, they give way to the two most needed others. The rest
    come in the order of `view.needed`, each shortened; what room is left gives columns their full form again.
    Of a family whose most needed column has no room, none is there: alone, the others say little.
    """
    by_name = {column.name: column for column in columns}
    key = [by_name[name] for name in view.key if name in by_name]
    needed = [by_name[name] for name in view.needed if name in by_name]
    order = [*key, *needed]
    widths = _key_widths(key, needed, width)
    families = {column.name: column.family for column in view.columns}
    left_out: set[str] = set()
    for column in needed:
        family = families.get(column.name, "")
        if family in left_out:
            continue
        if _total(widths) + GAP * bool(widths) + column.short_width <= width:
            widths[column.name] = column.short_width
        elif family:
            left_out.add(family)
    for group in dict.fromkeys(column.group for column in order):
        full = {
            column.name: column.width for column in order if column.group == group and column.name in widths
        }
        if _total(widths | full) <= width:
            widths |= full
    taken = [column for column in columns if column.name in widths]
    return Placed(
        columns=[_formed(column, widths[column.name]) for column in taken],
        left_out=[name for column in columns if column.name not in widths for name in column.stands_for],
        cut=[column.name for column in taken if widths[column.name] < column.short_width],
    )


def _key_widths(key: Sequence[ShownColumn], others: Sequence[ShownColumn], width: int) -> dict[str, int]:
    """Return the widths of the key's columns, so that as many essentials fit as leave the key readable."""
    for count in range(_ESSENTIALS, -1, -1):
        widths = {column.name: column.short_width for column in key}
        longest = max(widths.values(), default=0)
        room = width - sum(column.short_width + GAP for column in others[:count])
        while widths and _total(widths) > room and max(widths.values()) > 1:
            widths[max(widths, key=lambda name: widths[name])] -= 1
        if _total(widths) <= room and max(widths.values(), default=0) >= min(longest, _READABLE):
            break
    return widths


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + GAP * max(len(widths) - 1, 0)


def _formed(column: ShownColumn, width: int) -> PlacedColumn:
    """Return the full form where it fits the width, else the short one, squeezed if need be."""
    if column.width <= width:
        return PlacedColumn(column.title, column.cells, column.right)
    if column.short_width <= width:
        return PlacedColumn(column.short_title, column.short_cells, column.right)
    cells = tuple(squeeze(cell, width) for cell in column.short_cells)
    return PlacedColumn(shorten(column.short_title, width), cells, column.right)
