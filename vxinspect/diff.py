"""What is in one capture and not in another, and what differs, table by table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vxinspect.snapshot import FIGURES, KEYS, Snapshot

__all__ = ["TableDiff", "changes", "compare", "to_dict"]


@dataclass(frozen=True, slots=True)
class TableDiff:
    """One table: rows that only the second has, rows that only the first has, and rows that differ.

    `changed`: (the first's row, the second's row) where any figure differs.
    """

    table: str
    added: list[Mapping[str, Any]]
    removed: list[Mapping[str, Any]]
    changed: list[tuple[Mapping[str, Any], Mapping[str, Any]]]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed)


def compare(first: Snapshot, second: Snapshot) -> list[TableDiff]:
    """Return the difference of each table that both have, in the order of `KEYS`."""
    both = [table for table in KEYS if table in first.tables and table in second.tables]
    return [_compared(table, first, second) for table in both]


def to_dict(first: Snapshot, second: Snapshot) -> dict[str, Any]:
    """Return the difference as plain values; of what changed, each figure's two values."""
    tables = {
        one.table: {
            "added": one.added,
            "removed": one.removed,
            "changed": [_changes(one.table, before, after) for before, after in one.changed],
        }
        for one in compare(first, second)
    }
    return {"a": first.name, "b": second.name, "tables": tables}


def _compared(table: str, first: Snapshot, second: Snapshot) -> TableDiff:
    before, after = first.tables[table], second.tables[table]
    return TableDiff(
        table,
        added=[row for key, row in after.items() if key not in before],
        removed=[row for key, row in before.items() if key not in after],
        changed=[
            (row, after[key])
            for key, row in before.items()
            if key in after and changes(table, row, after[key])
        ],
    )


def changes(table: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the figures that differ, of those that both have, each with its two values."""
    both = [name for name in FIGURES[table] if name in before and name in after]
    return {name: [before[name], after[name]] for name in both if before[name] != after[name]}


def _changes(table: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: before[name] for name in KEYS[table]} | changes(table, before, after)
