"""CAPTURE arguments to sources."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from vxinspect.sources import Growing, NamedSource, named_sources

__all__ = ["captures_to_read"]


def captures_to_read(
    arguments: Sequence[str], output: str | None, *, follow: bool = False
) -> list[NamedSource]:
    """Return the sources that the arguments name: `-`, or none with something piped in, is standard input.

    `follow`: it is one that is still being written. Raises `click.UsageError` for none on a terminal,
    standard input twice, or an output that is an input.
    """
    names = list(arguments)
    if not names:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError("no capture: name a file, or pipe one in.")
        names = ["-"]
    if "-" in names and sys.stdin is None:
        raise click.UsageError("standard input is closed.")
    if names.count("-") > 1:
        raise click.UsageError("standard input can be read only once.")
    for name in names:
        if output is not None and name != "-" and _same_file(name, output):
            raise click.UsageError(f"{name}: is a capture to read, and cannot be the output too.")
    if follow and len(names) > 1:
        raise click.UsageError(
            "--follow takes one capture: the next would wait for the end of the one before."
        )
    return named_sources([Growing(name) for name in names] if follow else names)


def _same_file(left: str, right: str) -> bool:
    return Path(left).is_file() and Path(right).exists() and Path(left).samefile(right)
