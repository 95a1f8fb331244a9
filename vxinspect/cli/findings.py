"""The commands that tell what is wrong, and how we know."""

from collections.abc import Iterator
from typing import Any

import click

from vxinspect.api import Report
from vxinspect.cli import DONE
from vxinspect.cli.command import Command
from vxinspect.cli.options import COMMON, Options
from vxinspect.cli.output import write_output
from vxinspect.cli.run import Canvas, run

__all__ = ["COMMANDS"]


def _findings(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    # Loaded when it is used: the rules would slow every other command's start.
    from vxinspect.findings import VIEW

    return run("findings", [VIEW], Options.from_click(given), _draw, _hints)


def _draw(report: Report, options: Options, canvas: Canvas) -> Iterator[str]:
    from vxinspect.cli.tables import draw_table
    from vxinspect.render.findings import finding_lines, finding_markdown

    table = report.find(sort=options.sort, limit=options.limit or None)
    match options.format:
        case "table":
            lines = finding_lines(table[:], width=canvas.width, paint=canvas.paint)
        case "markdown":
            lines = finding_markdown(table[:])
        case _:
            yield from draw_table(table, options, canvas)
            return
    yield from (f"{line}\n" for line in lines)


def _hints(report: Report, _: Options) -> list[str]:
    return [*report.finding_hints, *report.setups]


def _explain(rule: str | None) -> int:
    from vxinspect.rules import ALL, by_id
    from vxinspect.rules.pages import index_lines, page

    if rule is None:
        write_output(None, (f"{line}\n" for line in index_lines()))
        return DONE
    found = by_id(rule)
    if found is None:
        raise click.BadParameter(
            f"expected a rule ({', '.join(each.id for each in ALL)}), found {rule!r}", param_hint="RULE"
        )
    write_output(None, [page(found)])
    return DONE


_FINDINGS = Command(
    "findings",
    params=list(COMMON),
    callback=_findings,
    help="What is wrong, how we know, what to do.\n\n"
    "One row for each finding, the worst first: severity, rule, VNI, tunnel, subject, what was seen with "
    "figures, in how many frames, the numbers of the first of them, and what to do about it. To fail a build "
    "for one, see `vxinspect check`.",
    examples=[
        "vxinspect findings day.pcap",
        "vxinspect findings --vni 100 --json day.pcap",
        "vxinspect explain one-way-tunnel",
    ],
)

_EXPLAIN = Command(
    "explain",
    params=[click.Argument(["rule"], required=False, metavar="[RULE]")],
    callback=_explain,
    help="What a rule of findings means.\n\n"
    "How it is known, its thresholds, where it stands, and what to do. Without a RULE: all of them.",
    examples=["vxinspect explain", "vxinspect explain mac-flapping"],
)
COMMANDS = (_FINDINGS, _EXPLAIN)
