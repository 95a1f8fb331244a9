"""What many rows have in common in time is found as the definition has it, in steps by their number."""

import random
from typing import Any

import pytest

from vxinspect.rules.overlaps import are_clones, rivals

_IN_FLIGHT = 0.1


class Counting(dict[str, Any]):
    """A row that counts how often it is looked into, all rows together."""

    steps = 0

    def __getitem__(self, key: str) -> Any:
        Counting.steps += 1
        return super().__getitem__(key)


def _rows(count: int, dice: random.Random, macs: int) -> list[dict[str, Any]]:
    """Return rows with times in twentieths of a second, so that many begin and end together."""
    rows = []
    for number in range(count):
        first = dice.randrange(40) / 20
        last = first + dice.choice((0, 0, 1, 2, 3, 8)) / 20
        mac, vtep = f"02::{dice.randrange(macs)}", f"10.0.0.{dice.randrange(macs)}"
        rows.append({"mac": mac, "vtep": vtep, "ip": f"ip{number % 7}", "first": first, "last": last})
    return rows


def _is_rival(row: dict[str, Any], other: dict[str, Any]) -> bool:
    """Two MACs that use an address at once, and for longer than packets are under way."""
    last, first = min(row["last"], other["last"]), max(row["first"], other["first"])
    is_late = max(row["last"], other["last"]) - first > _IN_FLIGHT
    return bool(row["mac"] != other["mac"] and first <= last and is_late)


@pytest.mark.parametrize("seed", range(300))
def test_rivals_are_those_of_which_a_pair_is(seed: int) -> None:
    """Each row beside each other one says the same as one pass does."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    rows = _rows(dice.randrange(1, 12), dice, dice.randrange(1, 5))
    wanted = [row for row in rows if any(_is_rival(row, other) for other in rows)]
    found = rivals(rows, _IN_FLIGHT)
    assert sorted(map(id, found)) == sorted(map(id, wanted))


@pytest.mark.parametrize("seed", range(300))
def test_clones_are_pairs_at_once_without_an_address_in_common(seed: int) -> None:
    """As the definition has it, pair by pair: two VTEPs, addresses that differ, at the same time."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    rows = _rows(dice.randrange(1, 6), dice, dice.randrange(1, 4))
    pairs = [(a, b) for a in rows for b in rows if a["vtep"] != b["vtep"]]
    apart = all(a["ip"] != b["ip"] for a, b in pairs)
    at_once = any(a["first"] <= b["last"] and b["first"] <= a["last"] for a, b in pairs)
    assert are_clones(rows) == (apart and at_once)


def _steps(count: int, macs: int) -> int:
    """Return how often so many rows are looked into, which all overlap and end at different times."""
    rows = [
        Counting(mac=f"02::{n % macs}", vtep=f"v{n}", ip=f"ip{n}", first=n / count, last=2.0 + n)
        for n in range(count)
    ]
    Counting.steps = 0
    assert len(rivals(rows, _IN_FLIGHT)) == (count if macs > 1 else 0)
    are_clones(rows)
    return Counting.steps


@pytest.mark.parametrize("macs", [1, 2, 10_000])
def test_ten_times_the_vteps_of_an_address_are_ten_times_the_steps(macs: int) -> None:
    """A hundred thousand VTEPs with one address once took a minute; each pair of them was looked at."""
    few, many = _steps(1_000, macs), _steps(10_000, macs)
    assert few < many <= 10 * few


def test_rows_without_a_time_are_no_rivals() -> None:
    """A capture's records may have none."""
    rows = [{"mac": mac, "first": None, "last": None} for mac in ("02::1", "02::2")]
    assert rivals(rows, _IN_FLIGHT) == []
