"""Where results go: standard output, or a file that appears whole or not at all."""

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from vxinspect.exceptions import VxinspectError
from vxinspect.files import appearing, destination, is_special
from vxinspect.render.paint import Paint

__all__ = [
    "OutputError",
    "check_folder",
    "check_output",
    "output_width",
    "paint_for",
    "to_standard_output",
    "write_bytes",
    "write_output",
]

_PIPED_WIDTH = 200


class OutputError(VxinspectError):
    """A result cannot be written."""

    def __init__(self, name: str, error: OSError) -> None:
        super().__init__(f"{name}: {error.strerror or error}")


def to_standard_output(output: str | None) -> bool:
    """Whether results go to standard output."""
    return output is None or output == "-"


def check_output(output: str | None) -> None:
    """Raise `OutputError` before any work is done, where the output cannot be written."""
    if output is None or output == "-":
        return
    try:
        target = destination(output)
        if target.is_dir():
            raise IsADirectoryError(0, "is a directory")
        if not target.parent.is_dir():
            raise FileNotFoundError(0, "no such directory")
        if not os.access(target if is_special(target) else target.parent, os.W_OK):
            raise PermissionError(0, "cannot be written")
    except OSError as error:
        raise OutputError(output, error) from None


def check_folder(output: str) -> None:
    """Raise `OutputError` before any work is done, where the folder is not a new or an empty one."""
    try:
        target = destination(output)
        if output == "-" or (target.exists() and not target.is_dir()):
            raise NotADirectoryError(0, "expected a folder")
        if target.is_dir() and any(target.iterdir()):
            raise FileExistsError(0, "expected a new or an empty folder")
        if not target.parent.is_dir():
            raise FileNotFoundError(0, "no such directory")
        if not os.access(target if target.exists() else target.parent, os.W_OK):
            raise PermissionError(0, "cannot be written")
    except OSError as error:
        raise OutputError(output, error) from None


def write_output(output: str | None, chunks: Iterable[str], *, live: bool = False) -> None:
    """Write the text to standard output or the file. `BrokenPipeError` of standard output passes through.

    `live`: each chunk is to be seen before the next one comes.
    """
    if output is None or output == "-":
        if sys.stdout is None:
            raise OutputError("standard output", OSError(0, "is closed"))
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A locale without a letter costs that letter, not the report.
            sys.stdout.reconfigure(errors="replace")
        for chunk in chunks:
            sys.stdout.write(chunk)
            if live:
                sys.stdout.flush()
        sys.stdout.flush()
        return
    with _opened(output) as file:
        file.writelines(chunk.encode() for chunk in chunks)


def write_bytes(output: str | None, write: Callable[[IO[bytes]], None]) -> None:
    """Have `write` write to standard output or the file; a broken pipe of standard output passes through."""
    if output is None or output == "-":
        if sys.stdout is None:
            raise OutputError("standard output", OSError(0, "is closed"))
        write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with _opened(output) as file:
        write(file)


@contextmanager
def _opened(output: str) -> Iterator[IO[bytes]]:
    """Yield the file, which appears whole or not at all; a device or a pipe is written as it is."""
    try:
        target = destination(output)
        if is_special(target):
            with target.open("wb") as file:
                yield file
        else:
            with appearing(target) as temporary, temporary.open("wb") as file:
                yield file
    except OSError as error:
        raise OutputError(output, error) from None


def output_width(output: str | None) -> int:
    """Return the width of the terminal that results go to; elsewhere COLUMNS, or 200."""
    if to_standard_output(output) and _is_terminal(sys.stdout):
        with suppress(OSError):
            return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    return shutil.get_terminal_size((_PIPED_WIDTH, 0)).columns if "COLUMNS" in os.environ else _PIPED_WIDTH


def paint_for(choice: str, stream: object) -> Paint:
    """Return how to colour what goes to the stream: `--color`, then NO_COLOR, FORCE_COLOR, the terminal."""
    if choice != "auto":
        return Paint(choice == "always")
    if os.environ.get("NO_COLOR"):
        return Paint(enabled=False)
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return Paint(enabled=True)
    return Paint(_is_terminal(stream) and os.environ.get("TERM") != "dumb")


def _is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty())
