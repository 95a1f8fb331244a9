"""The options that every command has, declared once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import click

from vxinspect.cli.command import Option
from vxinspect.columnar import FORMS as COLUMNAR
from vxinspect.dedup import MOST_FRAMES, nanoseconds, window_of
from vxinspect.overlays import DEEPEST, ENCAPSULATIONS, MAX_DEPTH, USUAL_ENCAPSULATIONS, Overlays
from vxinspect.selection import Select
from vxinspect.sources import HIGHEST_PORT, VXLAN_PORT, Ports

__all__ = [
    "COMMON",
    "FOLLOW",
    "INTERVAL",
    "READING",
    "SELECTING",
    "SHOWING",
    "Options",
    "above_nought",
    "at_least",
    "common_without",
    "format_of",
    "whole_number",
]

_SELECTION = "Selection (repeat an option for alternatives; different options narrow)"
_READING = "Reading"
_OUTPUT = "Output"


def _ports(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> Ports:
    """Turn `--port` into numbers and "auto"."""
    ports: list[int | Literal["auto"]] = []
    for text in texts:
        if text != "auto" and not (text.isdecimal() and 0 < int(text) <= HIGHEST_PORT):
            raise click.BadParameter(f"expected a port from 1 to {HIGHEST_PORT}, or auto, found {text!r}")
        ports.append("auto" if text == "auto" else int(text))
    return tuple(ports) or (VXLAN_PORT,)


def _encapsulations(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Turn `vxlan,geneve` into names."""
    names = tuple(dict.fromkeys(name for text in texts for name in text.split(",")))
    for name in names:
        if name not in ENCAPSULATIONS:
            raise click.BadParameter(f"expected some of {', '.join(ENCAPSULATIONS)}, found {name!r}")
    return names


Convert = Callable[[click.Context, click.Parameter, str | None], int | None]


def at_least(least: int, most: int | None = None) -> Convert:
    """Return what turns an option's text into a whole number."""

    def convert(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
        if text is None:
            return None
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            upwards = "" if most is None else f" to {most}"
            raise click.BadParameter(f"expected a whole number from {least}{upwards}, found {text!r}")
        return int(text)

    return convert


def _duration(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Hold the text to what the scan will understand."""
    if text is not None:
        try:
            nanoseconds(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return text


def whole_number(least: int, most: int) -> Callable[[click.Context, click.Parameter, str | None], int | None]:
    """Return what turns an option's text into a whole number of a range."""

    def convert(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
        if text is None:
            return None
        if not text.isdecimal() or not least <= int(text) <= most:
            raise click.BadParameter(f"expected a whole number from {least} to {most}, found {text!r}")
        return int(text)

    return convert


def _select(name: str, metavar: str, help_text: str, *, multiple: bool = True) -> Option:
    return Option(name.split(), section=_SELECTION, metavar=metavar, multiple=multiple, help=help_text)


def _read(*names: str, help_text: str, **settings: Any) -> Option:  # noqa: ANN401 - click's own
    return Option(names, section=_READING, help=help_text, **settings)


def _write(*names: str, help_text: str, **settings: Any) -> Option:  # noqa: ANN401 - click's own
    return Option(names, section=_OUTPUT, help=help_text, **settings)


_TEXTS = ("table", "json", "jsonl", "csv", "markdown")
_FORMATS = click.Choice(_TEXTS)
_COLORS = click.Choice(["auto", "always", "never"])

COMMON: tuple[click.Parameter, ...] = (
    click.Argument(["captures"], metavar="[CAPTURE]...", nargs=-1, type=click.Path(path_type=str)),
    _select(
        "-Y --filter",
        "EXPRESSION",
        "Filter in Wireshark's spelling; vxinspect fields lists what it can name.",
    ),
    _select("--vni", "LIST", "VNIs and ranges: 100, or 100-199,300."),
    _select("--vtep", "IP", "Outer address, as sender or receiver."),
    _select("--mac", "MAC", "Inner MAC, as sender or receiver."),
    _select("--host", "IP|CIDR", "Inner address or network, as sender or receiver."),
    _select("--protocol", "NAME", "Inner protocol by name or number (tcp, 47), or EtherType (arp, 0x88cc)."),
    _select("--inner-port", "N", "Inner TCP, UDP or SCTP port, as source or destination."),
    _select(
        "--since", "TIME", "Not before: 2026-11-22T17:30:06Z (UTC), or seconds since 1970.", multiple=False
    ),
    _select("--until", "TIME", "Not after.", multiple=False),
    _read(
        *("--port", "ports"),
        metavar="N|auto",
        multiple=True,
        callback=_ports,
        help_text=f"UDP port of VXLAN, {VXLAN_PORT} by default; auto adds those that look like it.",
    ),
    _read(
        *("--encapsulation", "encapsulations"),
        metavar="LIST",
        multiple=True,
        callback=_encapsulations,
        help_text=f"Overlays to report, of {', '.join(ENCAPSULATIONS)}; "
        f"{','.join(USUAL_ENCAPSULATIONS)} by default.",
    ),
    _read(
        *("--match-source-port", "match_source_port"),
        is_flag=True,
        help_text="VXLAN by its source port too, as some traffic mirrors answer from it.",
    ),
    _read(
        "--max-depth",
        metavar="N",
        callback=at_least(1, DEEPEST),
        help_text=f"At most N overlays inside each other, {MAX_DEPTH} by default, {DEEPEST} at most.",
    ),
    _read(
        "--checksums",
        is_flag=True,
        help_text="Verify checksums, of outer UDP and inner IPv4, TCP, UDP and ICMP; vnis, tunnels and flows "
        "tell of them.",
    ),
    _read(
        "--dedup",
        is_flag=True,
        help_text="Drop copies: packets that the capture shows again, as at several interfaces.",
    ),
    _read(
        *("--dedup-window",),
        metavar="TIME",
        callback=_duration,
        help_text="Copies are at most so far apart: 10ms (the default), 500us, 1s.",
    ),
    _read(
        *("--dedup-frames",),
        metavar="N",
        callback=whole_number(1, MOST_FRAMES),
        help_text="... and at most so many frames, 1000 by default.",
    ),
    _read("-c", "--count", metavar="N", callback=at_least(1), help_text="Stop after N frames."),
    _read(
        "--threads",
        metavar="N",
        callback=at_least(1),
        help_text="At most N threads (default: one a processor); any number gives the same answer.",
    ),
    _read(
        *("--max-flows",),
        metavar="N",
        callback=at_least(1),
        help_text="Bound memory: rows for the first N flows, one row for the others of each VNI; sums exact.",
    ),
    _read("--strict", is_flag=True, help_text="Exit with 2 where a capture is cut short or damaged."),
    _write(
        *("--sort",),
        metavar="COLUMN",
        multiple=True,
        help_text="Order by a column of the machine formats, largest quantity or lowest name first; "
        "COLUMN:asc and COLUMN:desc say otherwise.",
    ),
    _write(
        *("--limit",),
        metavar="N",
        callback=at_least(0),
        help_text="At most N rows, 0 for all. By default people see 20, programs all.",
    ),
    _write(
        *("--format", "format_"),
        metavar="FORMAT",
        type=_FORMATS,
        help_text="table (the default) and markdown for people; json, jsonl and csv for programs, "
        "with every column, raw bytes and RFC 3339 times.",
    ),
    _write("--json", "as_json", is_flag=True, help_text="Short for --format json."),
    _write("--jsonl", "as_jsonl", is_flag=True, help_text="Short for --format jsonl."),
    _write(
        *("-o", "--output"),
        metavar="FILE",
        type=click.Path(path_type=str),
        help_text="Write to FILE, which appears whole or not at all.",
    ),
    _write(
        *("--color",),
        metavar="WHEN",
        type=_COLORS,
        default="auto",
        help_text="auto (the terminal, NO_COLOR and FORCE_COLOR decide), always or never.",
    ),
    _write("--no-progress", is_flag=True, help_text="No progress line."),
    _write("-q", "--quiet", is_flag=True, help_text="No progress line and no hints."),
)
"""The arguments and options of every command that shows tables, in the order of the help text."""


_COLUMNS_TOO = _write(
    *("--format", "format_"),
    metavar="FORMAT",
    type=click.Choice([*_TEXTS, *COLUMNAR]),
    help_text="table (the default) and markdown for people; json, jsonl and csv for programs, "
    "with every column, raw bytes and RFC 3339 times; arrow (an IPC stream) and parquet for data frames.",
)
SHOWING = [_COLUMNS_TOO if "--format" in parameter.opts else parameter for parameter in COMMON]
"""Those of a command that shows one table."""


def common_without(*names: str) -> list[click.Parameter]:
    """Return the common arguments and options, but for those that make no sense to a command."""
    return [parameter for parameter in COMMON if not set(names) & set(parameter.opts)]


def above_nought(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Turn a time, which is more than none, into nanoseconds."""
    if text is None:
        return None
    try:
        time = nanoseconds(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if time == 0:
        raise click.BadParameter("expected a time of more than 0")
    return time


FOLLOW = _read(
    "--follow",
    is_flag=True,
    help_text="Wait at the end for more, as tail -f does: the capture is still being written.",
)
INTERVAL = _write(
    "--interval",
    metavar="TIME",
    callback=above_nought,
    help_text="Write the result again and again while reading, so far apart (10, 500ms); every 5 seconds "
    "with --follow alone.",
)
"""Of the commands that have a result before the end."""

SELECTING = (
    *("--filter", "--vni", "--vtep", "--mac", "--host", "--protocol", "--inner-port", "--since", "--until"),
    *("--dedup", "--dedup-window", "--dedup-frames"),
)
"""The options that choose among packets, for `common_without`."""

READING = common_without("--sort", "--limit", "--format", "--json", "--jsonl")
"""Those of a command that reads captures and shows no table."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the common options say."""

    captures: tuple[str, ...]
    select: Select
    overlays: Overlays
    checksums: bool
    dedup: tuple[int | None, int | None] | None
    max_flows: int | None
    count: int | None
    threads: int | None
    strict: bool
    sort: tuple[str, ...]
    limit: int | None
    format: str
    output: str | None
    color: str
    progress: bool
    quiet: bool
    follow: bool = False
    interval: int | None = None

    @classmethod
    def from_click(cls, given: Mapping[str, Any]) -> "Options":
        """Build from click's parameters, some of which a command may not have.

        `--json` or `--jsonl` beside another format is a usage error.
        """
        for name in ("dedup_window", "dedup_frames"):
            if given.get(name) is not None and not given["dedup"]:
                raise click.UsageError(f"--{name.replace('_', '-')} needs --dedup.")
        select = Select(**{name: given.get(name) or None for name in Select.__dataclass_fields__})
        return cls(
            captures=given["captures"],
            select=select,
            overlays=Overlays.asked(
                ports=given.get("ports", (VXLAN_PORT,)),
                encapsulations=given.get("encapsulations") or USUAL_ENCAPSULATIONS,
                max_depth=given.get("max_depth") or MAX_DEPTH,
                match_source_port=bool(given.get("match_source_port")),
            ),
            checksums=given.get("checksums", False),
            dedup=window_of(
                dedup=given.get("dedup", False),
                window=given.get("dedup_window"),
                frames=given.get("dedup_frames"),
            ),
            max_flows=given.get("max_flows"),
            count=given["count"],
            threads=given.get("threads"),
            strict=given["strict"],
            sort=given.get("sort", ()),
            limit=given.get("limit"),
            format=format_of(given),
            output=given["output"],
            color=given["color"],
            progress=not given["no_progress"] and not given["quiet"],
            quiet=given["quiet"],
            follow=given.get("follow", False),
            interval=given.get("interval"),
        ).checked()

    @property
    def is_live(self) -> bool:
        """Whether there is a result again and again."""
        return self.follow or self.interval is not None

    def checked(self) -> "Options":
        """Raise `click.UsageError` for what goes ill together; else return the same."""
        if self.is_live and self.overlays.auto_ports:
            raise click.UsageError("--port auto reads twice, and --follow and --interval once: give numbers.")
        return self


def format_of(given: Mapping[str, Any]) -> str:
    """Return the format that `--format`, `--json` and `--jsonl` agree on."""
    asked = (
        {
            f"--format {given['format_']}": given.get("format_"),
            "--json": "json" if given.get("as_json") else None,
            "--jsonl": "jsonl" if given.get("as_jsonl") else None,
        }
        if "format_" in given
        else {}
    )
    said = {option: form for option, form in asked.items() if form is not None}
    if len(set(said.values())) > 1:
        first, second = sorted(said, key=lambda option: option.startswith("--format"))[:2]
        raise click.UsageError(f"{first} and {second} exclude each other.")
    return next(iter(said.values()), "table")
