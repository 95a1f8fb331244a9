"""The command that answers what is in a capture."""

import sys
from collections.abc import Iterator
from typing import Any

from vxinspect.api import Report
from vxinspect.cli.command import Command
from vxinspect.cli.options import COMMON, FOLLOW, INTERVAL, Options
from vxinspect.cli.run import Canvas, run
from vxinspect.columns import VIEWS

__all__ = ["COMMANDS"]

_TABLE_ROWS = 10


def _show(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    views = [VIEWS[name] for name in ("vnis", "tunnels", "flows")]
    return run("summary", views, Options.from_click(given), _draw, _hints)


def _draw(report: Report, options: Options, canvas: Canvas) -> Iterator[str]:
    from vxinspect.render import machine
    from vxinspect.render.summary import summary_facts, summary_lines, summary_markdown

    people = options.format in ("table", "markdown")
    limit = options.limit if options.limit is not None or not people else _TABLE_ROWS
    summary = report.summarize(sort=options.sort, limit=sys.maxsize if limit == 0 else limit)
    match options.format:
        case "json":
            yield machine.json_object(summary)
        case "jsonl":
            yield machine.json_object(summary, indent=None)
        case "csv":
            yield from machine.csv_text(("name", "value"), summary_facts(summary))
        case "markdown":
            yield from (f"{line}\n" for line in summary_markdown(summary, report.overhead("total")[0]))
        case _:
            overhead = report.overhead("total")[0]
            lines = summary_lines(summary, overhead, width=canvas.width, paint=canvas.paint)
            yield from (f"{line}\n" for line in lines)


def _hints(report: Report, options: Options) -> list[str]:
    """Return the hints, unless the output holds them."""
    return [] if options.format in ("json", "jsonl") else report.hints


_SUMMARY = Command(
    "summary",
    params=[*COMMON, FOLLOW, INTERVAL],
    callback=_show,
    help="What is in the captures, at a glance.\n\n"
    "Frames and how they ended, VNIs, VTEPs, tunnels, flows, bytes, overhead, underlay MTU, the busiest.\n\n"
    "--sort takes a column that VNIs, tunnels and flows share; --limit cuts each of the three tables. "
    "In CSV the facts are (name, value) rows; the tables have commands of their own.",
    examples=[
        "vxinspect summary day.pcap",
        "vxinspect summary --port auto day.pcap",
        "vxinspect summary --json day.pcap | jq .totals",
        "tcpdump -U -i eth0 -w - udp port 4789 | vxinspect summary --interval 5",
    ],
)
COMMANDS = (_SUMMARY,)
