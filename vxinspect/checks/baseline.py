"""What is new since a saved summary."""

from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.checks.outcome import Outcome, outcome
from vxinspect.diff import compare
from vxinspect.render.text import plural
from vxinspect.snapshot import KEYS, Snapshot

__all__ = ["baseline"]

_NOUNS = {"vnis": "VNI", "vteps": "VTEP", "tunnels": "tunnel", "findings": "finding"}


def baseline(before: Snapshot, now: Snapshot) -> Iterator[Outcome]:
    """Yield for VNIs, VTEPs, tunnels and findings whether there are new ones."""
    for one in compare(before, now):
        noun = _NOUNS.get(one.table)
        if noun is not None:
            wrong = [_told(one.table, noun, row) for row in one.added]
            found = f"{plural(len(now.tables[one.table]), noun)}, none of them new"
            yield outcome(f"baseline.{one.table}", f"no new {noun} since {before.name}", wrong, found)


def _told(table: str, noun: str, row: Mapping[str, Any]) -> str:
    values = [str(row[name]) for name in KEYS[table] if row[name] is not None]
    return f"{noun} {' <-> '.join(values) if table == 'tunnels' else ' '.join(values)}"
