"""Numbers as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 * 999 + 1024 * 1000, "1.0 GiB"),
        (1024**2, "1.0 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (1024**4, "1.0 TiB"),
        (2**64, "16.0 EiB"),
        (-50, "-50 B"),
        (-2048, "-2.0 KiB"),
    ],
)
def test_bytes(number: int, text: str) -> None:
    """Bytes come in binary units with one decimal, and whole below 1000."""
    assert byte_text(number) == text


@given(st.integers(min_value=0, max_value=2**69))
def test_bytes_are_short(number: int) -> None:
    """Up to 1000 EiB no number has more than three digits before its point."""
    assert len(byte_text(number).split()[0]) <= len("999.9")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.00085, "850.0 µs"),
        (0.000999999, "1.0 ms"),
        (0.0123, "12.3 ms"),
        (0.99999, "1.0 s"),
        (4.2, "4.2 s"),
        (59.96, "1.0 m"),
        (210.0, "3.5 m"),
        (4320.0, "1.2 h"),
        (172800.0, "2.0 d"),
    ],
)
def test_seconds(seconds: float, text: str) -> None:
    """A duration takes the unit in which it reads best; rounding moves it to the next unit."""
    assert seconds_text(seconds) == text


def test_counts_have_thousands_separators() -> None:
    """A count of a million can be read."""
    assert count_text(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("percent", "text"), [(4.25, "4.2%"), (0.0, "0.0%"), (99.99, "99.9%"), (100.0, "100.0%")]
)
def test_percent(percent: float, text: str) -> None:
    """One decimal; what is not all is not called 100."""
    assert percent_text(percent) == text


def test_time() -> None:
    """Milliseconds of UTC in full, seconds without the year when short."""
    assert time_text("2026-11-22T17:30:06.123456789Z") == "2026-11-22 17:30:06.123"
    assert time_text("2026-11-22T17:30:06.123456789Z", short=True) == "11-22 17:30:06"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([], []),
        ([7], ["7"]),
        ([1, 2], ["1", "2"]),
        ([1, 2, 3, 9], ["1-3", "9"]),
        ([4, 6, 7, 8], ["4", "6-8"]),
    ],
)
def test_runs_of_numbers_become_ranges(numbers: list[int], words: list[str]) -> None:
    """Three and more in a row are a range, as `--vni` takes it."""
    assert range_text(numbers) == words


def test_long_list_tells_how_many_are_missing() -> None:
    """What does not fit is counted; the first always shows."""
    assert list_text(["100", "200", "300"], 40) == "100, 200, 300"
    assert list_text(["100", "200", "300"], 12) == "100, 200 +1"
    assert list_text(["100", "200", "300"], 5) == "100 +2"
    assert list_text([], 5) == ""


def test_units_stand_under_each_other() -> None:
    """Points align on points and units on units; cells still have to be aligned right."""
    cells = align_units(["312 B", "1.2 KiB", "-", "980.4 MiB"])
    assert [cell.rjust(9) for cell in cells] == ["312   B  ", "  1.2 KiB", "  -      ", "980.4 MiB"]


def test_one_unit_needs_no_padding() -> None:
    """A column of bytes alone has no room for decimals that nothing has."""
    assert align_units(["312 B", "7 B"]) == ["312 B", "7 B"]
