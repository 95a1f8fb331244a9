"""The command that writes a synthetic capture."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from vxinspect.cli import DONE
from vxinspect.cli.command import Command, Option
from vxinspect.cli.output import OutputError, check_output, write_output
from vxinspect.files import appearing, is_special

__all__ = ["GENERATE"]

_OUTPUT = "Output"


def _generate(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    # Loaded when it is used: dpkt and msgspec would slow every other command's start.
    from vxinspect.synth.load import load_scenario
    from vxinspect.synth.run import Job, container_of

    scenario, output, truth = given["scenario"], given["output"], given["truth"]
    container = container_of(output, nanoseconds=given["nanoseconds"], wanted=given["write_format"])
    if output == "-" and sys.stdout.isatty():
        raise click.UsageError("a capture is not for a terminal: name a file, or pipe it on.")
    if output == "-" == truth:
        raise click.UsageError("standard output takes the capture or the truth, not both.")
    for name in (output, truth):
        check_output(name)
    job = Job(load_scenario(scenario), scenario, container)
    target = Path(output)
    special = output == "-" or is_special(target)
    try:
        with nullcontext(output) if special else appearing(target.resolve()) as path:
            job.write(str(path))
            if truth is not None:
                write_output(truth, [json.dumps(job.truth(), indent=2), "\n"])
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(output, error) from None
    if not given["quiet"]:
        click.echo(f"{output}: {job.count:,} frames", err=True)
    return DONE


GENERATE = Command(
    "generate",
    params=[
        click.Argument(["scenario"], type=click.Path(path_type=str)),
        Option(
            ["-o", "--output"],
            section=_OUTPUT,
            metavar="FILE",
            required=True,
            type=click.Path(path_type=str),
            help="The capture: pcap or pcapng by its name, compressed by .gz, .zst, .lz4, .xz; - is a pipe.",
        ),
        Option(
            ["--truth"],
            section=_OUTPUT,
            metavar="FILE",
            type=click.Path(path_type=str),
            help="The truth in JSON: how frames count, every table, the frames of each fault.",
        ),
        Option(
            ["--write-format"],
            section=_OUTPUT,
            metavar="FORMAT",
            type=click.Choice(["pcap", "pcapng"]),
            help="pcap or pcapng, whatever the name; a pipe gets pcap by default.",
        ),
        Option(["--nanoseconds"], section=_OUTPUT, is_flag=True, help="Times in nanoseconds."),
        Option(["-q", "--quiet"], section=_OUTPUT, is_flag=True, help="Do not tell what was written."),
    ],
    callback=_generate,
    help="Write a capture whose truth is known.\n\n"
    "SCENARIO is a TOML file that declares VTEPs, VNIs, hosts, traffic and faults. The same scenario gives "
    "the same bytes on every machine.",
    examples=[
        "vxinspect generate scenario.toml -o out.pcap",
        "vxinspect generate scenario.toml -o out.pcapng.zst --truth truth.json",
        "vxinspect generate scenario.toml -o - | vxinspect summary",
    ],
)
