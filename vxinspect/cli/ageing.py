"""`flows --idle-timeout`: rows as flows end, for captures without an end."""

import sys

import click

from vxinspect import _engine
from vxinspect.api import FlowKey
from vxinspect.cli import run
from vxinspect.cli.inputs import captures_to_read
from vxinspect.cli.options import Options
from vxinspect.cli.output import check_output, to_standard_output
from vxinspect.cli.packets import Ran, into
from vxinspect.cli.progress import ProgressLine
from vxinspect.selection import select_pairs

__all__ = ["write_ageing"]


def write_ageing(options: Options, silence: int, flow_key: FlowKey) -> int:
    """Write a line for each flow once nothing came for `silence` nanoseconds; return the exit code."""
    if flow_key == "auto":
        raise click.UsageError(
            "--idle-timeout writes rows as flows end: no --flow-key auto, for what comes later may tell that "
            "two are no pair."
        )
    if options.format not in ("jsonl", "csv"):
        raise click.UsageError("--idle-timeout writes rows as flows end: add --jsonl or --format csv.")
    if options.interval is not None:
        raise click.UsageError("--idle-timeout writes rows as flows end: no --interval.")
    if options.sort or options.limit is not None:
        raise click.UsageError("--idle-timeout writes rows as flows end: no --sort and no --limit.")
    sources = captures_to_read(options.captures, options.output, follow=options.follow)
    check_output(options.output)
    with ProgressLine() as progress:
        shown = run.watched(options) and not (to_standard_output(options.output) and sys.stdout.isatty())
        rest = 0

        def write(target: str) -> _engine.Outcome:
            nonlocal rest
            outcome, rest = _engine.write_flows(
                sources,
                overlays=options.overlays,
                select=select_pairs(options.select),
                checksums=options.checksums,
                dedup=options.dedup,
                max_flows=options.max_flows,
                count=options.count,
                silence=silence,
                across_vnis=flow_key == "no-vni",
                form=options.format,
                target=target,
                progress=progress if shown else None,
            )
            return outcome

        ran = Ran(into(options.output, write))
    run.tell_rest(rest, options)
    return run.close(ran, options, ran.finding_hints, result="output")
