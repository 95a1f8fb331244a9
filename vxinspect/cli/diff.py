"""The command that tells how two captures differ."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from vxinspect.cli import DONE
from vxinspect.cli.command import Command
from vxinspect.cli.options import Options, common_without
from vxinspect.cli.output import check_output, write_output
from vxinspect.cli.run import Canvas, close, read
from vxinspect.cli.signals import interrupted_code

if TYPE_CHECKING:
    from vxinspect.snapshot import Snapshot

__all__ = ["COMMANDS", "snapshot_of"]

_TWO = 2


def snapshot_of(path: str, options: Options) -> tuple["Snapshot", int]:
    """Return what is compared of a capture or a saved summary, and the exit code of reading it."""
    from vxinspect.snapshot import Snapshot, is_summary

    if is_summary(path):
        return Snapshot.of_summary(path), DONE
    own = replace(options, captures=(path,), quiet=True)
    report = read(own)
    return Snapshot.of_report(report), close(report, own, ())


def _diff(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    options = Options.from_click(given)
    if len(options.captures) != _TWO:
        raise click.UsageError(f"expected two captures or saved summaries, found {len(options.captures)}.")
    if options.format in ("csv", "jsonl"):
        raise click.UsageError(
            f"--format {options.format}: a difference has tables of several kinds; use json."
        )
    check_output(options.output)
    first, code = snapshot_of(options.captures[0], options)
    second, other = snapshot_of(options.captures[1], options)
    if interrupted_code() in (code, other):
        return interrupted_code()
    write_output(options.output, (f"{line}\n" for line in _drawn(first, second, options)))
    return code or other


def _drawn(first: "Snapshot", second: "Snapshot", options: Options) -> Iterator[str]:
    from vxinspect.diff import compare, to_dict
    from vxinspect.render import machine
    from vxinspect.render.diff import diff_lines, diff_markdown

    match options.format:
        case "json":
            yield machine.json_object(to_dict(first, second)).rstrip("\n")
        case "markdown":
            yield from diff_markdown(compare(first, second), options.limit)
        case _:
            canvas = Canvas(options)
            lines = diff_lines(
                compare(first, second), width=canvas.width, paint=canvas.paint, limit=options.limit
            )
            yield from lines


_DIFF = Command(
    "diff",
    params=common_without("--sort"),
    callback=_diff,
    help="How two captures, or saved summaries, differ.\n\n"
    "Table by table (VNIs, VTEPs, tunnels, services, stations, findings): what only the second has (+), what "
    "only the first has (-), and what differs (~). Either may be a file that `summary --json` has written; "
    "those have no services and stations. Exits with 0 whether they differ or not: to fail for what is new, "
    "see `vxinspect check --baseline`.",
    examples=[
        "vxinspect diff monday.pcap tuesday.pcap",
        "vxinspect summary --json monday.pcap > monday.json",
        "vxinspect diff --json monday.json tuesday.pcap",
    ],
)
COMMANDS = (_DIFF,)
