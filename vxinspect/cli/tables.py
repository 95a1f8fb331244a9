"""The commands that show one table each."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from vxinspect.api import FLOW_KEYS, FlowKey, Report
from vxinspect.cli.command import Command, Option
from vxinspect.cli.options import FOLLOW, INTERVAL, SHOWING, Options, above_nought
from vxinspect.cli.run import Canvas, run
from vxinspect.columnar import FORMS as COLUMNAR
from vxinspect.columns import VIEWS
from vxinspect.hints import flow_key_hints
from vxinspect.tables import Table

__all__ = ["COMMANDS"]

_TABLE_ROWS = 20


def draw_table(table: Table, options: Options, canvas: Canvas) -> Iterator[str]:
    """Yield the table as text in the format asked for."""
    from vxinspect.render import machine

    match options.format:
        case "json" | "jsonl" | "csv":
            yield from machine.table_text(options.format, table)
        case "markdown":
            yield from _lines(_markdown(table))
        case _:
            yield from _lines(_for_people(table, canvas))


def row_limit(options: Options) -> int | None:
    """Return how many rows to show: what `--limit` says, else 20 for people and all for programs."""
    if options.limit is not None:
        return options.limit or None
    return _TABLE_ROWS if options.format in ("table", "markdown") else None


def _for_people(table: Table, canvas: Canvas) -> list[str]:
    from vxinspect.render.table import card_lines, more_line, table_lines

    if table.name == "overhead_total" and len(table) == 1:
        return card_lines(table.view, table[0], canvas.paint)
    more = more_line(len(table), table.total, "--limit 0 for all", canvas.paint)
    return table_lines(table.view, table[:], width=canvas.width, paint=canvas.paint, more=more)


def _markdown(table: Table) -> list[str]:
    from vxinspect.render.markdown import markdown_lines
    from vxinspect.render.table import more_line

    more = more_line(len(table), table.total, "--limit 0 for all")
    return [*markdown_lines(table.view, table[:]), *([""] if more else []), *more]


def _lines(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield f"{line}\n"


_IDLE_TIMEOUT = Option(
    ["--idle-timeout"],
    section="Table",
    metavar="TIME",
    callback=above_nought,
    help="Write each flow once nothing came for so long (60, 500ms), with --jsonl or --format csv: a run "
    "without end takes the memory of the flows under way.",
)


_FLOW_KEY = Option(
    ["--flow-key"],
    section="Table",
    metavar="KEY",
    type=click.Choice(list(FLOW_KEYS)),
    default="vni",
    help="What tells rows of the same ends apart: vni (the default); no-vni, nothing; or auto, the VNI but "
    "where two that go one way look like both ways of one.",
)


def _table_command(
    name: str,
    help_text: str,
    examples: Sequence[str],
    by: Sequence[str] = (),
    more: Sequence[click.Parameter] = (),
) -> Command:
    """Return the command that shows one table, or with `by` one of several."""

    def show(**given: Any) -> int:  # noqa: ANN401 - click's parameters
        view = f"{name}_{given['by']}" if by else name
        options = Options.from_click(given)
        flow_key: FlowKey = given.get("flow_key", "vni")
        if given.get("idle_timeout") is not None:
            # Loaded when it is used: no other table needs it.
            from vxinspect.cli.ageing import write_ageing

            return write_ageing(options, given["idle_timeout"], flow_key)

        def table_of(report: Report, options: Options) -> Table:
            return report.table(view, sort=options.sort, limit=row_limit(options), flow_key=flow_key)

        def draw(report: Report, options: Options, canvas: Canvas) -> Iterator[str]:
            return draw_table(table_of(report, options), options, canvas)

        def hints(report: Report, _: Options) -> list[str]:
            more = flow_key_hints(report.flow_pairs, flow_key) if view == "flows" else []
            return report.finding_hints + more

        if options.format in COLUMNAR:
            # Loaded when it is used: it takes an extra.
            from vxinspect.cli.columnar import write_columnar

            return write_columnar(VIEWS[view], options.format, options, table_of, hints)
        return run(view, [VIEWS[view]], options, draw, hints)

    own: list[click.Parameter] = [*more]
    if by:
        choice = click.Choice(list(by))
        words = f"{', '.join(by[:-1])} or {by[-1]}; {by[0]} by default."
        own.append(Option(["--by"], section="Table", metavar="KEY", type=choice, default=by[0], help=words))
    return Command(
        name, params=[*own, *SHOWING, FOLLOW, INTERVAL], callback=show, help=help_text, examples=examples
    )


COMMANDS = (
    _table_command(
        "vnis",
        "The VNIs: traffic, overhead, hosts, VTEPs.\n\n"
        "One row for each VNI, with how many flows, MACs, IPs and VTEPs it has.",
        ["vxinspect vnis day.pcap", "vxinspect vnis --sort overhead_percent --limit 5 day.pcap"],
    ),
    _table_command(
        "flows",
        "Who talks to whom, by inner 5-tuple.\n\n"
        "One row for both directions of a flow, in each VNI apart. The source is who opened it: the SYN's "
        "sender, or the first packet's. Bytes are those of the inner frames.",
        [
            "vxinspect flows --vni 100 --protocol tcp day.pcap",
            "vxinspect flows --host 10.0.0.0/24 --sort duration_s day.pcap",
            "tcpdump -i eth0 -w - udp port 4789 | vxinspect flows",
            "vxinspect flows --format csv -o flows.csv monday.pcap tuesday.pcap.zst",
            "tcpdump -U -i eth0 -w - udp port 4789 | vxinspect flows --idle-timeout 60 --jsonl",
        ],
        more=[_IDLE_TIMEOUT, _FLOW_KEY],
    ),
    _table_command(
        "conversations",
        "Who talks to whom, by inner MAC or IP.\n\n"
        "One row for both directions between two addresses, in each VNI apart.",
        ["vxinspect conversations day.pcap", "vxinspect conversations --by ip --vni 100-199 day.pcap"],
        by=("mac", "ip"),
        more=[_FLOW_KEY],
    ),
    _table_command(
        "tunnels",
        "Which VTEPs exchange VXLAN, and which way.\n\n"
        "One row for each pair of outer addresses, or sender and multicast group.",
        ["vxinspect tunnels day.pcap", "vxinspect tunnels --vtep 192.0.2.1 day.pcap"],
    ),
    _table_command(
        "underlay",
        "How the underlay treats each tunnel's packets.\n\n"
        "One row for each direction between two VTEPs: TTL, DSCP and ECN, the spread of source ports, "
        "fragments, and the ICMP errors about its packets.",
        ["vxinspect underlay day.pcap", "vxinspect underlay --sort icmp_frag_needed day.pcap"],
    ),
    _table_command(
        "vteps",
        "The VTEPs: VNIs, peers, traffic, MACs behind.\n\nOne row for each outer address.",
        ["vxinspect vteps day.pcap", "vxinspect vteps --json day.pcap"],
    ),
    _table_command(
        "fdb",
        "Which MAC is behind which VTEP, what moved.\n\n"
        "The forwarding table that a VTEP would have learned from this traffic.",
        ["vxinspect fdb day.pcap", "vxinspect fdb --sort moves --vni 100 day.pcap"],
    ),
    _table_command(
        "addresses",
        "Which MAC has which IP, and since when.\n\n"
        "One row for each inner address in each VNI, by ARP, Neighbor Discovery, DHCP and traffic: who "
        "claims it, whether two do, and for how long it was leased.",
        ["vxinspect addresses day.pcap", "vxinspect addresses --sort conflicts --vni 100 day.pcap"],
    ),
    _table_command(
        "overhead",
        "What encapsulation costs; the MTU it needs.\n\nLayer by layer, beside what 802.1Q tags would cost.",
        ["vxinspect overhead day.pcap", "vxinspect overhead --by vni --sort overhead_percent day.pcap"],
        by=("total", "vni", "tunnel"),
    ),
)
