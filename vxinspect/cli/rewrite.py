"""The commands that write captures from captures: `decap`, `extract`, `encap`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from vxinspect.cli import run
from vxinspect.cli.command import Command, Option
from vxinspect.cli.inputs import captures_to_read
from vxinspect.cli.options import Options, common_without, whole_number
from vxinspect.cli.output import OutputError, check_folder, check_output, paint_for
from vxinspect.cli.progress import ProgressLine
from vxinspect.containers import COMPRESSIONS, FORMATS, container_of
from vxinspect.overlays import ENCAPSULATIONS
from vxinspect.render.text import clean, plural
from vxinspect.rewrite import (
    DST_MAC,
    HIGHEST_FLOW_ID,
    SRC_MAC,
    Written,
    run_decap,
    run_encap,
    run_extract,
)
from vxinspect.sources import HIGHEST_PORT, VXLAN_PORT, NamedSource

__all__ = ["COMMANDS"]

_OUTPUT = "Output"
_LOSSES = {
    "untimed": "without a time that the format can hold: written as of 1970",
    "times_cut": "with times cut to microseconds: --nanoseconds keeps them",
    "frames_cut": "longer than the 262,144 bytes that readers take: cut to that",
    "not_ethernet": "of another link type than Ethernet: left out",
    "too_short": "too short for an Ethernet header: left out",
    "too_long": "too long for an outer header's 16-bit length: left out",
}
Write = Callable[[list[NamedSource], Options, dict[str, Any]], Written]


def _command(given: dict[str, Any], write: Write, *, folder: bool = False) -> int:
    """Write a capture, tell what is not as it should be, and return the exit code."""
    options = Options.from_click(given)
    output = given["output"]
    sources = captures_to_read(options.captures, None if folder else output)
    container = container_of(
        "" if folder else output,
        nanoseconds=given["nanoseconds"],
        wanted=given["write_format"],
        compression=given["compress"],
        default="pcapng" if folder else None,
    )
    if folder:
        check_folder(output)
    elif output == "-" and sys.stdout.isatty():
        raise click.UsageError("a capture is not for a terminal: name a file, or pipe it on.")
    else:
        check_output(output)
    try:
        with ProgressLine() as progress:
            how = {
                "container": container,
                "select": options.select,
                "count": options.count,
                "progress": progress if run.watched(options) else None,
                # What came from a pipe cannot be read again; and Ctrl-C is how one ends a capture.
                "keep_on_interrupt": not all(Path(str(source)).is_file() for _, source in sources),
            }
            written = write(sources, options, how)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(output, error) from None
    _tell(written, options, output)
    return run.close(written, options, written.finding_hints, result="output")


def _tell(written: Written, options: Options, output: str) -> None:
    """Say what was written, and what is not as it should be."""
    if not options.quiet:
        files = f"{plural(len(written.files), 'capture')}, " if written.files else ""
        click.echo(clean(f"{output}: {files}{plural(written.frames, 'frame')}"), err=True)
    paint = paint_for(options.color, sys.stderr)
    for name, count in written.losses.items():
        click.echo(f"{paint.warning('warning:')} {plural(count, 'frame')} {_LOSSES[name]}", err=True)


def _decap(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    split_by = given["split_by"]

    def write(sources: list[NamedSource], options: Options, how: dict[str, Any]) -> Written:
        return run_decap(
            sources, given["output"], overlays=options.overlays, dedup=options.dedup, split_by=split_by, **how
        )

    return _command(given, write, folder=split_by is not None)


def _extract(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    def write(sources: list[NamedSource], options: Options, how: dict[str, Any]) -> Written:
        return run_extract(
            sources,
            given["output"],
            overlays=options.overlays,
            dedup=options.dedup,
            invert=given["invert"],
            **how,
        )

    return _command(given, write)


def _encap(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    names = ("src_vtep", "dst_vtep", "src_mac", "dst_mac", "source_port", "flow_id", "ttl")
    headers = {name: given[name] for name in names} | {
        "vni": given["into_vni"],
        "encapsulation": given["into_encapsulation"],
        "port": given["to_port"],
        "udp_checksum": given["udp_checksum"] == "computed",
    }

    def write(sources: list[NamedSource], _: Options, how: dict[str, Any]) -> Written:
        return run_encap(sources, given["output"], headers=headers, **how)

    return _command(given, write)


def _source_port(context: click.Context, parameter: click.Parameter, text: str) -> int | None:
    return None if text == "hash" else whole_number(1, HIGHEST_PORT)(context, parameter, text)


def _flow_id(context: click.Context, parameter: click.Parameter, text: str) -> int | None:
    return None if text == "hash" else whole_number(0, HIGHEST_FLOW_ID)(context, parameter, text)


def _outputs(what: str) -> list[Option]:
    """Return the options of a written capture."""
    return [
        Option(
            ["-o", "--output"],
            section=_OUTPUT,
            metavar="FILE",
            required=True,
            type=click.Path(path_type=str),
            help=what,
        ),
        Option(
            ["--write-format"],
            section=_OUTPUT,
            metavar="FORMAT",
            type=click.Choice(FORMATS),
            help="pcap or pcapng, whatever the name; a pipe gets pcap by default, a folder pcapng.",
        ),
        Option(
            ["--compress"],
            section=_OUTPUT,
            metavar="NAME",
            type=click.Choice(COMPRESSIONS),
            help="gzip, zstd, lz4 or xz, whatever the name.",
        ),
        Option(
            ["--nanoseconds"],
            section=_OUTPUT,
            is_flag=True,
            help="Times in nanoseconds, even where those read are microseconds.",
        ),
    ]


_CAPTURE = "The capture: pcap or pcapng by its name, compressed by .gz, .zst, .lz4, .xz; - is a pipe."
_OUTER_OPTIONS = (
    "--vni",
    "--vtep",
    "--port",
    "--encapsulation",
    "--dedup",
    "--dedup-window",
    "--dedup-frames",
)
_TEXT_OPTIONS = (
    "--sort",
    "--limit",
    "--format",
    "--json",
    "--jsonl",
    "--output",
    "--max-flows",
    "--threads",
    "--checksums",
)


def _header(name: str, *more: str, metavar: str, help_text: str, **settings: Any) -> Option:  # noqa: ANN401 - click's own
    return Option([name, *more], section="Headers", metavar=metavar, help=help_text, **settings)


def _in_order(own: Sequence[click.Parameter], common: Sequence[click.Parameter]) -> list[click.Parameter]:
    """Return the parameters with the sections of the help text in the order that the other commands have."""
    at = next(at for at, each in enumerate(common) if getattr(each, "section", "") == _OUTPUT)
    return [*common[:at], *own, *common[at:]]


COMMANDS = (
    Command(
        "decap",
        params=_in_order(
            [
                *_outputs(f"{_CAPTURE} With --split-by a folder, new or empty."),
                Option(
                    ["--split-by"],
                    section=_OUTPUT,
                    metavar="KEY",
                    type=click.Choice(["vni", "tunnel"]),
                    help="A capture for each VNI or tunnel, in a folder.",
                ),
            ],
            common_without(*_TEXT_OPTIONS),
        ),
        callback=_decap,
        help="Write the inner frames, without VXLAN.\n\n"
        "Ethernet frames, each with the time of its packet and its own length. In pcapng a comment names the "
        "VNI and the tunnel, and the interface is called vni-100, so that Wireshark can show and filter it.",
        examples=[
            "vxinspect decap --vni 100 day.pcap -o tenant.pcapng",
            "vxinspect decap day.pcap --split-by vni -o tenants",
            "tcpdump -U -i eth0 -w - udp port 4789 | vxinspect decap -o - | wireshark -k -i -",
        ],
    ),
    Command(
        "extract",
        params=_in_order(
            [
                *_outputs(_CAPTURE),
                Option(["--invert"], section=_OUTPUT, is_flag=True, help="All other frames."),
            ],
            common_without(*_TEXT_OPTIONS),
        ),
        callback=_extract,
        help="Write the selected packets' frames as they are.\n\n"
        "Every byte that was captured, time and length, with all the fragments of the datagrams.",
        examples=[
            "vxinspect extract --host 10.0.0.7 day.pcap -o host.pcap.gz",
            "vxinspect extract --invert day.pcap -o not-vxlan.pcapng",
        ],
    ),
    Command(
        "encap",
        params=_in_order(
            [
                _header("--src-vtep", metavar="IP", required=True, help_text="The sending VTEP."),
                _header(
                    "--dst-vtep", metavar="IP", required=True, help_text="The receiving VTEP, or a group."
                ),
                _header(
                    *("--vni", "into_vni"),
                    metavar="N",
                    required=True,
                    callback=whole_number(0, (1 << 24) - 1),
                    help_text="The VNI.",
                ),
                _header("--src-mac", metavar="MAC", default=SRC_MAC, help_text=f"{SRC_MAC} by default."),
                _header("--dst-mac", metavar="MAC", default=DST_MAC, help_text=f"{DST_MAC} by default."),
                _header(
                    *("--encapsulation", "into_encapsulation"),
                    metavar="NAME",
                    default="vxlan",
                    type=click.Choice(list(ENCAPSULATIONS)),
                    help_text=f"The overlay, of {', '.join(ENCAPSULATIONS)}; vxlan by default.",
                ),
                _header(
                    *("--port", "to_port"),
                    metavar="N",
                    callback=whole_number(1, HIGHEST_PORT),
                    help_text=f"UDP port of VXLAN, {VXLAN_PORT} by default; the others have no choice.",
                ),
                _header(
                    "--source-port",
                    metavar="hash|N",
                    default="hash",
                    callback=_source_port,
                    help_text="UDP source port; hash, the default, takes one from 49152 on for each flow.",
                ),
                _header(
                    "--flow-id",
                    metavar="hash|N",
                    default="hash",
                    callback=_flow_id,
                    help_text="FlowID of NVGRE, which has no ports; hash, the default: one for each flow.",
                ),
                _header(
                    "--ttl",
                    metavar="N",
                    default="64",
                    callback=whole_number(1, 255),
                    help_text="TTL or hop limit, 64 by default.",
                ),
                _header(
                    "--udp-checksum",
                    metavar="zero|computed",
                    type=click.Choice(["zero", "computed"]),
                    default="zero",
                    help_text="zero, the default, or computed where the whole frame is there.",
                ),
                *_outputs(_CAPTURE),
            ],
            common_without(*_TEXT_OPTIONS, *_OUTER_OPTIONS),
        ),
        callback=_encap,
        help="Write plain Ethernet frames as packets of VXLAN, VXLAN-GPE, Geneve or NVGRE.\n\n"
        "The reverse of decap: outer headers in front of each frame, with the don't-fragment bit set.",
        examples=[
            "vxinspect encap plain.pcap --src-vtep 192.0.2.1 --dst-vtep 192.0.2.2 --vni 100 -o out.pcap",
            "vxinspect encap --src-vtep fd00::1 --dst-vtep fd00::2 --vni 7 -o - < plain.pcap > out.pcap",
        ],
    ),
)
