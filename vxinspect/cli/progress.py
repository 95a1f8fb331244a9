"""One line of progress on a terminal, redrawn in place and gone at the end."""

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from vxinspect.render.text import shorten
from vxinspect.render.units import byte_text

__all__ = ["ProgressLine"]

_QUIET_SECONDS = 1.0
_ERASE = "\r\x1b[2K"


class ProgressLine:
    """Callable as a scan's `progress`; as a context manager it takes its line away at the end.

    Silent where the stream is no terminal, and during the first second.
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._start = clock()
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._stream.write(_ERASE)
            self._stream.flush()

    def __call__(self, done: int, size: int | None, frames: int) -> None:
        """Draw: bytes read, bytes in all (None where unknown), frames so far."""
        seconds = self._clock() - self._start
        if seconds < _QUIET_SECONDS or not self._stream.isatty():
            return
        line = shorten(progress_text(done, size, frames, seconds), _columns(self._stream) - 1)
        self._stream.write(_ERASE + line)
        self._stream.flush()
        self._drawn = True


def progress_text(done: int, size: int | None, frames: int, seconds: float) -> str:
    """Return ` 42%  1.2 GiB of 2.9 GiB  14,200,000 frames  12.1 M frames/s  0:03 left`."""
    parts = [byte_text(done)]
    if size:
        parts = [f"{min(100 * done // size, 100):3d}%", f"{byte_text(done)} of {byte_text(size)}"]
    parts += [f"{frames:,} frames", f"{frames / seconds / 1e6:.1f} M frames/s"]
    if size and 0 < done <= size:
        left = round((size - done) * seconds / done)
        parts.append(f"{left // 60}:{left % 60:02d} left")
    return "  ".join(parts)


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
