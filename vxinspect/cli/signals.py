"""SIGTERM and SIGHUP end a run as Ctrl-C does: cleanly, with what was read until then."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from vxinspect.cli import INTERRUPTED

__all__ = ["Postponed", "ending_cleanly", "interrupted_code"]

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_ALL = (signal.SIGINT, *_ENDING)
_came: list[int] = []
"""Those of `_ENDING` that came."""


def interrupted_code() -> int:
    """Return the exit code of a run that a signal ended: as a shell tells it."""
    return 128 + _came[0] if _came else INTERRUPTED


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise `KeyboardInterrupt`, too, unless they are ignored, as under nohup."""

    def end(number: int, _: FrameType | None) -> None:
        _came.append(number)
        raise KeyboardInterrupt

    _came.clear()
    before = {number: signal.getsignal(number) for number in _ENDING}
    # Only the main thread may.
    with suppress(ValueError):
        for number in (number for number, handler in before.items() if handler is signal.SIG_DFL):
            signal.signal(number, end)
    try:
        yield
    finally:
        with suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)


class Postponed:
    """While it is entered, a first signal is only noted in `came`; a second one interrupts."""

    def __init__(self) -> None:
        self.came = False
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> None:
        for number in _ALL:
            handler = signal.getsignal(number)
            if callable(handler):
                self._before[number] = handler
                signal.signal(number, self._note)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        if number in _ENDING:
            _came.append(number)
        if self.came:
            raise KeyboardInterrupt
        self.came = True
