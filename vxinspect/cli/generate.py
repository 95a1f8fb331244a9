"""The command that writes a synthetic capture."""

import json
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vxinspect.cli import DONE
from vxinspect.cli.command import Command, Option
from vxinspect.cli.output import OutputError, check_output, write_output
from vxinspect.cli.progress import ProgressLine
from vxinspect.containers import container_of
from vxinspect.files import appearing, destination, is_special
from vxinspect.sources import HIGHEST_PORT, VXLAN_PORT

if TYPE_CHECKING:
    from vxinspect.synth.scenario import Scenario

__all__ = ["COMMANDS"]

_OUTPUT = "Output"
_QUICK = "Without a scenario: mass traffic"
_UNITS = {"": 1, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
_HIGHEST_VNI = (1 << 24) - 1
_LARGEST = 262_000
_DEFAULTS: dict[str, Any] = {
    "vni": [100],
    "vteps": 2,
    "flows": 1000,
    "packets": 1_000_000,
    "sizes": "imix",
    "rate": 1_000_000,
    "seed": 0,
    "ipv6": False,
    "port": VXLAN_PORT,
}


def _number(least: int, most: int) -> Callable[[click.Context, click.Parameter, str | None], int | None]:
    """Return what turns an option's text, such as 1M, into a whole number."""

    def convert(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
        if text is None:
            return None
        found = re.fullmatch(r"(\d+)([KMG]?)", text)
        number = int(found[1]) * _UNITS[found[2]] if found else -1
        if not least <= number <= most:
            raise click.BadParameter(
                f"expected a number from {least} to {most}, such as 1000 or 1M, found {text!r}"
            )
        return number

    return convert


def _vnis(_: click.Context, __: click.Parameter, text: str | None) -> list[int] | None:
    """Turn 100-199,300 into numbers."""
    if text is None:
        return None
    vnis: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,8})(?:-(\d{1,8}))?", part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= _HIGHEST_VNI:
            expected = f"VNIs from 0 to {_HIGHEST_VNI}, such as 100 or 100-199,300"
            raise click.BadParameter(f"expected {expected}, found {text!r}")
        vnis += range(first, last + 1)
    return list(dict.fromkeys(vnis))


def _sizes(_: click.Context, __: click.Parameter, text: str | None) -> str | int | None:
    if text is None or text in ("imix", "small"):
        return text
    if not text.isdecimal() or not 0 < int(text) <= _LARGEST:
        raise click.BadParameter(f"expected imix, small or bytes up to {_LARGEST}, found {text!r}")
    return int(text)


def _scenario(given: dict[str, Any]) -> tuple["Scenario", str]:
    """Return what is to be written, and how errors call it."""
    # Loaded when it is used: msgspec would slow every other command's start.
    from vxinspect.synth.load import load_scenario
    from vxinspect.synth.quick import quick_scenario

    quick = {name: given[name] for name in _DEFAULTS if given[name] not in (None, False)}
    if given["scenario"] is not None:
        if quick:
            raise click.UsageError(f"--{next(iter(quick))} and a scenario exclude each other.")
        return load_scenario(given["scenario"]), given["scenario"]
    if not quick:
        raise click.UsageError("no scenario: name a file, or say what to write (--flows, --packets, ...).")
    chosen = _DEFAULTS | quick
    if "flows" not in quick:
        # As many as there is a packet for.
        chosen["flows"] = min(chosen["flows"], chosen["packets"])
    chosen["vnis"], chosen["size"] = chosen.pop("vni"), chosen.pop("sizes")
    return quick_scenario(**chosen), "generate"


def _generate(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    from vxinspect.synth.run import Job

    output, truth = given["output"], given["truth"]
    container = container_of(output, nanoseconds=given["nanoseconds"], wanted=given["write_format"])
    if output == "-" and sys.stdout.isatty():
        raise click.UsageError("a capture is not for a terminal: name a file, or pipe it on.")
    if output == "-" == truth:
        raise click.UsageError("standard output takes the capture or the truth, not both.")
    for name, taken in ((output, given["scenario"]), (truth, given["scenario"]), (truth, output)):
        check_output(name)
        if name is not None and taken is not None and Path(name).resolve() == Path(taken).resolve():
            raise click.UsageError(f"{name}: cannot be written and be the scenario or the capture too.")
    job = Job(*_scenario(given), container)
    target = Path(output)
    special = output == "-" or is_special(target)
    try:
        with nullcontext(output) if special else appearing(destination(output)) as path:
            with ProgressLine() as progress:
                watched = sys.stderr.isatty() and not given["quiet"]
                job.write(str(path), (lambda done, _: progress(0, None, done)) if watched else None)
            if truth is not None:
                write_output(truth, [json.dumps(job.truth(), indent=2), "\n"])
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(output, error) from None
    if not given["quiet"]:
        click.echo(f"{output}: {job.count:,} frames", err=True)
    return DONE


def _quick(name: str, metavar: str, help_text: str, **settings: Any) -> Option:  # noqa: ANN401 - click's own
    return Option([name], section=_QUICK, metavar=metavar, help=help_text, **settings)


_MOST = (1 << 32) - 1

_GENERATE = Command(
    "generate",
    params=[
        click.Argument(["scenario"], required=False, type=click.Path(path_type=str)),
        _quick("--vni", "LIST", "VNIs: 100, or 100-115,300. 100 by default.", callback=_vnis),
        _quick("--vteps", "N", "How many VTEPs, 2 by default.", callback=_number(2, 65_535)),
        _quick("--flows", "N", "How many flows, 1K by default.", callback=_number(1, _MOST)),
        _quick("--packets", "N", "How many packets, 1M by default.", callback=_number(1, _MOST)),
        _quick("--sizes", "SIZE", "Inner frames: imix (the default), small, or bytes.", callback=_sizes),
        _quick("--rate", "N", "Packets a second, 1M by default.", callback=_number(1, 10**12)),
        _quick("--seed", "N", "Another seed, other draws; 0 by default.", callback=_number(0, (1 << 63) - 1)),
        _quick("--port", "N", "UDP port of VXLAN, 4789 by default.", callback=_number(1, HIGHEST_PORT)),
        Option(["--ipv6"], section=_QUICK, is_flag=True, help="VTEPs with IPv6 addresses."),
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
    "SCENARIO is a TOML file that declares VTEPs, VNIs, hosts, traffic and faults. Without one, options say "
    "how much mass traffic to write. The same scenario gives the same bytes on every machine.",
    examples=[
        "vxinspect generate scenario.toml -o out.pcapng.zst --truth truth.json",
        "vxinspect generate -o out.pcap --vni 100-115 --vteps 8 --flows 1000 --packets 1M --seed 7",
        "vxinspect generate --flows 100 --packets 10K -o - | vxinspect summary",
    ],
)
COMMANDS = (_GENERATE,)
