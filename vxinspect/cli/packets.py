"""The command that shows packets one by one, as they come."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from typing import Any

from vxinspect import _engine
from vxinspect.cli import run
from vxinspect.cli.command import Command, Option
from vxinspect.cli.inputs import captures_to_read
from vxinspect.cli.options import FOLLOW, Options, at_least, common_without
from vxinspect.cli.output import OutputError, check_output, to_standard_output, write_output
from vxinspect.cli.progress import ProgressLine
from vxinspect.files import appearing, destination, is_special
from vxinspect.hints import finding_hints
from vxinspect.selection import select_pairs
from vxinspect.sources import NamedSource
from vxinspect.stream import PacketStream

__all__ = ["COMMANDS", "Ran", "into"]


def _show(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    options = Options.from_click(given)
    sources = captures_to_read(options.captures, options.output, follow=options.follow)
    check_output(options.output)
    with ProgressLine() as progress:
        asked = {
            "overlays": options.overlays,
            "select": select_pairs(options.select),
            "dedup": options.dedup,
            "count": options.count,
            "limit": options.limit or None,
            "all_frames": given["all"],
            "progress": progress if _watched(options) else None,
        }
        draw = _draw_for_people if options.format in ("table", "markdown") else _write_for_programs
        return draw(sources, options, asked)


def _watched(options: Options) -> bool:
    """Whether a progress line would not stand among the rows."""
    return run.watched(options) and not (to_standard_output(options.output) and sys.stdout.isatty())


def _write_for_programs(sources: Sequence[NamedSource], options: Options, asked: dict[str, Any]) -> int:
    """Have the engine write the rows: no object of Python's is made of any."""
    from vxinspect.render.machine import told_text

    names = {name: told_text(options.format, name) for name, _ in sources}
    outcome = into(
        options.output,
        lambda target: _engine.write_packets(
            sources, **asked, form=options.format, names=names, target=target
        ),
    )
    ran = Ran(outcome)
    return run.close(ran, options, ran.finding_hints, result="output")


def into(output: str | None, write: Callable[[str], _engine.Outcome]) -> _engine.Outcome:
    """Write to standard output, a device, or a file that appears whole or not at all."""
    if to_standard_output(output):
        if sys.stdout is None:
            raise OutputError("standard output", OSError(0, "is closed"))
        sys.stdout.flush()
        return write("-")
    try:
        target = destination(str(output))
        with nullcontext(target) if is_special(target) else appearing(target) as path:
            return write(str(path))
    except OSError as error:
        raise OutputError(str(output), error) from None


def _draw_for_people(sources: Sequence[NamedSource], options: Options, asked: dict[str, Any]) -> int:
    with PacketStream(_engine.PacketReader(sources, **asked)) as stream:
        write_output(options.output, _drawn(stream, options), live=True)
        return run.close(stream, options, stream.finding_hints, result="output")


def _drawn(stream: PacketStream, options: Options) -> Iterator[str]:
    """Yield the lines of what can be had without waiting, so that they are seen before more is waited for."""
    from vxinspect.render.packets import PacketLines, markdown_heading, markdown_row

    canvas = run.Canvas(options)
    people = options.format == "table"
    lines = PacketLines(canvas.width, canvas.paint)
    draw = lines.lines if people else lambda row: [markdown_row(row)]
    heading = lines.heading() if people else markdown_heading()
    # What there is to say of an interruption is said at the end.
    with suppress(KeyboardInterrupt):
        while batch := stream.batch():
            body = [line for packet in batch for line in draw(packet.to_dict())]
            yield _text([*heading, *body])
            heading = []
    if heading:
        yield _text([canvas.paint.faint("no packets")] if people else heading)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class Ran:
    """What a run of the engine tells of itself."""

    def __init__(self, outcome: _engine.Outcome) -> None:
        self.captures = outcome.captures()
        self.interrupted = outcome.interrupted
        frames, candidates = outcome.frames(), outcome.candidates()
        self.finding_hints = finding_hints(frames, candidates, outcome.ports(), outcome.copies())


_PACKETS = Command(
    "packets",
    params=[
        Option(
            ["--all"],
            section="Packets",
            is_flag=True,
            help="Frames of every disposition, those that are no VXLAN packets too.",
        ),
        Option(
            ["--limit"],
            section="Packets",
            metavar="N",
            callback=at_least(0),
            help="At most N packets; 0, the default, for all.",
        ),
        *common_without("--sort", "--limit", "--max-flows", "--threads", "--checksums"),
        FOLLOW,
    ],
    callback=_show,
    help="Packet by packet, as they come.\n\n"
    "One row for each VXLAN packet: number, time, tunnel, VNI, inner addresses, lengths. A row is written as "
    "soon as its packet is read, from a pipe too.",
    examples=[
        "vxinspect packets --vni 100 day.pcap",
        "vxinspect packets --all --format csv day.pcap",
        "tcpdump -U -i eth0 -w - udp port 4789 | vxinspect packets --jsonl",
    ],
)
COMMANDS = (_PACKETS,)
