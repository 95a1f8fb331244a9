"""Numbers as people read them."""

from collections.abc import Sequence

from vxinspect.render.text import text_width

__all__ = [
    "align_units",
    "byte_text",
    "count_text",
    "list_text",
    "percent_text",
    "range_text",
    "seconds_text",
    "time_text",
]

_BYTE_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_STEP = 1000
"""From here on the next unit: no number has more than three digits before its point."""
_TIME_UNITS = (
    (1e-3, "µs", 1e6),
    (1.0, "ms", 1e3),
    (60.0, "s", 1.0),
    (3600.0, "m", 1 / 60),
    (86400.0, "h", 1 / 3600),
)


def count_text(number: float) -> str:
    """Return `1,234`."""
    return f"{number:,}"


def byte_text(number: float) -> str:
    """Return `312 B`, `1.2 MiB`."""
    if abs(number) < _STEP:
        return f"{number} B"
    units = iter(_BYTE_UNITS)
    size, unit = number / 1024, next(units)
    while round(abs(size), 1) >= _STEP and unit != _BYTE_UNITS[-1]:
        size, unit = size / 1024, next(units)
    return f"{size:,.1f} {unit}"


def seconds_text(seconds: float) -> str:
    """Return `850.0 µs`, `12.3 ms`, `4.2 s`, `3.5 m`, `1.2 h`, `2.0 d`."""
    if seconds == 0:
        return "0 s"
    for below, unit, scale in _TIME_UNITS:
        # What would print as 1000.0 ms is 1.0 s.
        if round(abs(seconds) * scale, 1) < round(below * scale, 1):
            return f"{seconds * scale:.1f} {unit}"
    return f"{seconds / 86400:.1f} d"


def percent_text(percent: float) -> str:
    """Return `4.2%`; 100.0% is told of a whole alone."""
    shown = 99.9 if 99.9 < percent < 100 else percent  # noqa: PLR2004 - the two sides of the last step
    return f"{shown:.1f}%"


def time_text(time: str, *, short: bool = False) -> str:
    """Return RFC 3339 UTC as `2026-11-22 17:30:06.123`; short, as `11-22 17:30:06`."""
    date, _, clock = time.removesuffix("Z").partition("T")
    return f"{date[-5:]} {clock[:8]}" if short else f"{date} {clock[:12]}"


def range_text(numbers: Sequence[int]) -> list[str]:
    """Return ascending numbers with runs of three and more as ranges: `["1", "5-9"]`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words: list[str] = []
    for first, last in runs:
        if last - first >= 2:  # noqa: PLR2004 - two numbers are no run
            words.append(f"{first}-{last}")
        else:
            words += [str(number) for number in range(first, last + 1)]
    return words


def list_text(words: Sequence[str], width: int) -> str:
    """Return as many words as fit in `width` cells, and how many more there are: `100, 200 +3`."""
    text = ", ".join(words)
    if text_width(text) <= width:
        return text
    shown = ""
    for index, word in enumerate(words):
        longer = f"{shown}, {word}" if shown else word
        rest = len(words) - index - 1
        if index and text_width(longer) + len(f" +{rest}") > width:
            return f"{shown} +{rest + 1}"
        shown = longer
    return shown


def align_units(cells: Sequence[str]) -> list[str]:
    """Return one column's `number unit` texts with their decimal points and units under each other."""
    parts = []
    for cell in cells:
        number, _, unit = cell.replace("%", " %").partition(" ")
        whole, point, fraction = number.partition(".")
        parts.append((whole, point + fraction, unit))
    fraction_width = max((len(fraction) for _, fraction, _ in parts), default=0)
    unit_width = max((len(unit) for _, _, unit in parts), default=0)
    return [
        f"{whole}{fraction:<{fraction_width}} {unit:<{unit_width}}" if unit_width else whole + fraction
        for whole, fraction, unit in parts
    ]
