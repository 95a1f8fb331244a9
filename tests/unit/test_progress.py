"""The progress line: on a terminal, after a second, gone at the end."""

import io

import pytest

from vxinspect.cli.progress import ProgressLine, progress_text


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_silent_for_a_second_then_erased() -> None:
    """A quick run shows nothing; a longer one draws in place and leaves nothing behind."""
    terminal, clock = Terminal(), Clock()
    with ProgressLine(terminal, clock) as progress:
        clock.now = 0.9
        progress(10, 100, 1)
        assert terminal.getvalue() == ""
        clock.now = 2.0
        progress(50, 100, 5)
        drawn = terminal.getvalue()
        assert drawn.startswith("\r\x1b[2K 50%")
        assert "\n" not in drawn
        assert len(drawn) < 80 + len("\r\x1b[2K")
    assert terminal.getvalue() == drawn + "\r\x1b[2K"


def test_silent_in_a_pipe() -> None:
    """No control characters where nobody looks."""
    stream, clock = io.StringIO(), Clock()
    with ProgressLine(stream, clock) as progress:
        clock.now = 5.0
        progress(50, 100, 5)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (3 * 1024**3, " 33%  1.0 GiB of 3.0 GiB  30,000,000 frames  10.0 M frames/s  0:06 left"),
        (None, "1.0 GiB  30,000,000 frames  10.0 M frames/s"),
        (0, "1.0 GiB  30,000,000 frames  10.0 M frames/s"),
        (1024**2, "100%  1.0 GiB of 1.0 MiB  30,000,000 frames  10.0 M frames/s"),
    ],
)
def test_text(size: int | None, text: str) -> None:
    """Percent and time left where the size is known; a file that grows stays at 100%."""
    assert progress_text(1024**3, size, 30_000_000, 3.0) == text
