"""`--interval` and `--follow`: a command's result again and again, while the capture is being written."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import click

from vxinspect.api import Report
from vxinspect.cli import run
from vxinspect.cli.inputs import captures_to_read
from vxinspect.cli.options import Options
from vxinspect.cli.output import check_output, to_standard_output, write_output
from vxinspect.cli.signals import Postponed
from vxinspect.live import INTERVAL, LiveReports, run_live
from vxinspect.render.text import plural

__all__ = ["watch"]

_SECOND = 10**9


def watch(name: str, options: Options, draw: run.Draw, hints: run.Hints) -> int:
    """Write what `draw` yields each interval and at the end, then do as `run` does. `name`: of the result."""
    if to_standard_output(options.output) and options.format in ("json", "csv"):
        raise click.UsageError(
            f"--format {options.format} is of one result: add -o FILE, which holds the last, or use --jsonl."
        )
    reports, canvas = _begin(options), run.Canvas(options)
    gap = ""
    for report in reports:
        # A result that is being written when a signal comes is whole, and the last one follows.
        postponed = Postponed()
        with postponed:
            drawn = draw(report, options, canvas)
            if options.format == "jsonl":
                drawn = [_object(name, drawn, final=reports.ended)]
            elif to_standard_output(options.output):
                drawn = [gap, _heading(report, options, canvas), *drawn]
            write_output(options.output, drawn)
        gap = "\n"
        if postponed.came:
            reports.stop()
    last = reports.last
    run.tell_rest(last.rest_packets, options)
    return run.close(last, options, hints(last, options))


def _begin(options: Options) -> LiveReports:
    sources = captures_to_read(options.captures, options.output, follow=options.follow)
    check_output(options.output)
    return run_live(
        sources,
        INTERVAL if options.interval is None else options.interval / _SECOND,
        overlays=options.overlays,
        select=options.select,
        checksums=options.checksums,
        dedup=options.dedup,
        max_flows=options.max_flows,
        count=options.count,
        threads=options.threads,
        keep_on_interrupt=True,
    )


def _object(name: str, drawn: Iterable[str], *, final: bool) -> str:
    """Return one line: when it was told, whether it is the last, and the summary, or the rows of a table."""
    # Rows come in pieces of many; a line feed within a text is escaped.
    lines = "".join(drawn).rstrip("\n").split("\n")
    result = lines[0] if name == "summary" else f"[{', '.join(lines)}]"
    return f'{{"told_at": "{_now()}", "final": {json.dumps(final)}, "{name}": {result}}}\n'


def _heading(report: Report, options: Options, canvas: run.Canvas) -> str:
    text = f"{_now()}  {plural(report.frames['total'], 'frame')}"
    return f"### {text}\n\n" if options.format == "markdown" else f"{canvas.paint.faint(text)}\n"


def _now() -> str:
    """Return the clock's time, not the capture's, in RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
