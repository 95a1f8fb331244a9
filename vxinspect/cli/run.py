"""The one path of every command: read, draw, say what else there is to say, and tell the exit code."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from vxinspect.api import Report, run_scan
from vxinspect.cli import DONE, UNUSABLE
from vxinspect.cli.inputs import captures_to_read
from vxinspect.cli.options import Options
from vxinspect.cli.output import check_output, output_width, paint_for, to_standard_output, write_output
from vxinspect.cli.progress import ProgressLine
from vxinspect.cli.signals import interrupted_code
from vxinspect.columns import View, parse_sort
from vxinspect.render.paint import PLAIN, Paint
from vxinspect.render.text import clean, plural

__all__ = ["Canvas", "close", "read", "run", "tell_rest", "watched"]


class Canvas:
    """What a drawing may know of where it goes: its width in cells, and whether colour is welcome."""

    def __init__(self, options: Options) -> None:
        self.width = output_width(options.output)
        on_screen = to_standard_output(options.output)
        self.paint = paint_for(options.color, sys.stdout) if on_screen or options.color == "always" else PLAIN


Draw = Callable[[Report, Options, Canvas], Iterable[str]]
Hints = Callable[[Report, Options], list[str]]


def run(name: str, views: Iterable[View], options: Options, draw: Draw, hints: Hints) -> int:
    """Scan the captures, write what `draw` yields, then hints and warnings, and return the exit code.

    `name`: what the result is called in JSON. `views`: the tables that `--sort` must have its columns in.
    """
    for view in views:
        parse_sort(view, options.sort)
    if options.is_live:
        # Loaded when it is used: few runs are.
        from vxinspect.cli.live import watch

        return watch(name, options, draw, hints)
    report = read(options)
    write_output(options.output, draw(report, options, Canvas(options)))
    return close(report, options, hints(report, options))


def read(options: Options) -> Report:
    """Scan the captures; on Ctrl-C the report covers what was read until then."""
    sources = captures_to_read(options.captures, options.output)
    check_output(options.output)
    with ProgressLine() as progress:
        report = run_scan(
            sources,
            overlays=options.overlays,
            select=options.select,
            checksums=options.checksums,
            dedup=options.dedup,
            max_flows=options.max_flows,
            count=options.count,
            threads=options.threads,
            progress=progress if watched(options) else None,
            keep_on_interrupt=True,
        )
    tell_rest(report.rest_packets, options)
    return report


def tell_rest(packets: int, options: Options) -> None:
    """Warn where there was no room for all flows: it is no hint, for rows lack what they would tell."""
    if packets and sys.stderr is not None:
        most = f"{options.max_flows:,} of --max-flows"
        told = "in sums and in one row of each VNI, without addresses"
        paint = paint_for(options.color, sys.stderr)
        _say(
            [f"{paint.warning('warning:')} {plural(packets, 'packet')} of more flows than the {most}: {told}"]
        )


class Run(Protocol):
    """What every run tells of itself."""

    @property
    def captures(self) -> list[dict[str, Any]]:
        """What was read."""

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it early."""


def close(run: Run, options: Options, hints: Iterable[str], *, result: str = "report") -> int:
    """Say on standard error what the result does not, and return the exit code.

    `result`: what the run's result is called.
    """
    paint = paint_for(options.color, sys.stderr)
    fatal = any(capture["fatal"] for capture in run.captures)
    incomplete = any(not capture["complete"] for capture in run.captures)
    if sys.stderr is not None:
        if not options.quiet:
            _say(f"{paint.hint('hint:')} {clean(hint)}" for hint in hints)
        _say(_damage_lines(run.captures, result, paint))
        if run.interrupted:
            _say([f"{paint.warning('interrupted:')} the {result} covers what was read until then"])
    if run.interrupted:
        return interrupted_code()
    return UNUSABLE if fatal or (options.strict and incomplete) else DONE


def watched(options: Options) -> bool:
    """Whether somebody sees a progress line."""
    return options.progress and sys.stderr is not None and sys.stderr.isatty()


def _damage_lines(captures: Iterable[dict[str, Any]], result: str, paint: Paint) -> Iterator[str]:
    """Yield one line for each capture that breaks off."""
    for capture in captures:
        reason = capture["damage"] or f"cut short at byte {capture['truncated_at']}"
        line = clean(f"{capture['name']}: {reason}")
        if capture["fatal"]:
            yield f"{paint.error('vxinspect:')} {line}"
        elif not capture["complete"]:
            yield f"{paint.warning('warning:')} {line}; the {result} covers the frames before"


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stderr.write(f"{line}\n")
