"""Which packets are copies of one another: the window that a scan looks for them in."""

import re
from datetime import timedelta
from typing import TypeAlias

from vxinspect.exceptions import OptionError

__all__ = ["MOST_FRAMES", "Duration", "nanoseconds", "window_of"]

Duration: TypeAlias = str | float | timedelta
"""Text with a unit ("10ms"), seconds, or a timedelta."""

MOST_FRAMES = 1_000_000
"""So many are kept in mind at a time, some 100 bytes for each."""

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9}
_DURATION = re.compile(rf"(\d+)(?:\.(\d{{1,9}}))?\s*({'|'.join(_UNITS)})?")
_LONGEST = 2**63 - 1
_EXPECTED_TIME = "a time such as 10ms, 500us or 0.01s"


def nanoseconds(duration: Duration) -> int:
    """Return a duration in nanoseconds; a number without a unit is seconds. Raises `ValueError`."""
    if isinstance(duration, timedelta):
        duration = f"{duration // timedelta(microseconds=1)}us"
    elif isinstance(duration, int | float) and not isinstance(duration, bool):
        duration = f"{duration:.9f}"
    found = _DURATION.fullmatch(duration.strip()) if isinstance(duration, str) else None
    if found is None:
        raise ValueError(f"expected {_EXPECTED_TIME}, found {duration!r}")
    whole, fraction, unit = found.groups()
    digits = int(whole + (fraction or "").ljust(9, "0"))
    return min(digits * _UNITS[unit or "s"] // 10**9, _LONGEST)


def window_of(
    *, dedup: bool, window: Duration | None, frames: int | None
) -> tuple[int | None, int | None] | None:
    """Return the window as the engine takes it, None where copies are counted like other packets.

    Raises `OptionError` for what makes no sense.
    """
    for name, value in (("dedup_window", window), ("dedup_frames", frames)):
        if value is not None and not dedup:
            raise OptionError(name, value, "dedup beside it")
    if not dedup:
        return None
    if frames is not None and (type(frames) is not int or not 0 < frames <= MOST_FRAMES):
        raise OptionError("dedup_frames", frames, f"a whole number from 1 to {MOST_FRAMES}")
    try:
        return None if window is None else nanoseconds(window), frames
    except ValueError:
        raise OptionError("dedup_window", window, _EXPECTED_TIME) from None
