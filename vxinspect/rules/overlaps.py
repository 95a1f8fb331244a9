"""Which of many rows overlap in time, found in one pass over them in order."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["are_clones", "rivals"]

_NEVER = float("-inf")


class _Latest:
    """The latest end of what was taken in under another name than a given one: two names are enough."""

    def __init__(self) -> None:
        self._name: Any = None
        self._end = self._others = _NEVER

    def add(self, name: object, end: float) -> None:
        """Take in what ends then."""
        if name == self._name:
            self._end = max(self._end, end)
        elif end > self._end:
            self._name, self._end, self._others = name, end, self._end
        else:
            self._others = max(self._others, end)

    def beside(self, name: object) -> float:
        """Return the latest end under any other name; minus infinity where there is none."""
        return self._others if name == self._name else self._end


def _in_order(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return rows that have a time, the earliest first."""
    return sorted((row for row in rows if row["first"] is not None), key=lambda row: float(row["first"]))


def are_clones(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one MAC's addresses differ from VTEP to VTEP, at the same time."""
    vteps: dict[str, str] = {}
    if any(vteps.setdefault(row["ip"], row["vtep"]) != row["vtep"] for row in rows):
        return False
    before = _Latest()
    for row in _in_order(rows):
        if before.beside(row["vtep"]) >= row["first"]:
            return True
        before.add(row["vtep"], row["last"])
    return False


def rivals(rows: Sequence[Mapping[str, Any]], in_flight: float) -> list[Mapping[str, Any]]:
    """Return the rows of MACs that another MAC's overlap, of which one ends `in_flight` after both began.

    Each is looked at twice, beside the best of all that began before it, and of all that began after it: so
    that rows by the hundred thousand take no longer than putting them in order.
    """
    ordered = _in_order(rows)
    before = _Latest()
    found = []
    for row in ordered:
        mac, first, last = row["mac"], row["first"], row["last"]
        end = before.beside(mac)
        found.append(end >= first and max(end, last) - first > in_flight)
        before.add(mac, last)
    # Of what begins later the earliest overlaps, if any does; times are turned round, for `_Latest`.
    after, long_after = _Latest(), _Latest()
    for number, row in reversed([*enumerate(ordered)]):
        mac, first, last = row["mac"], row["first"], row["last"]
        begin, long_begin = -after.beside(mac), -long_after.beside(mac)
        found[number] |= last - begin > in_flight or long_begin <= last
        after.add(mac, -first)
        if last - first > in_flight:
            long_after.add(mac, -first)
    return [row for row, is_rival in zip(ordered, found, strict=True) if is_rival]
