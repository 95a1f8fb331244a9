"""The command that lists what a filter can name."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from vxinspect import _engine
from vxinspect.cli import DONE
from vxinspect.cli.command import Command
from vxinspect.cli.options import COMMON, format_of
from vxinspect.cli.output import check_output, output_width, paint_for, to_standard_output, write_output
from vxinspect.columns import Column, View
from vxinspect.render.paint import PLAIN, Paint
from vxinspect.render.text import max_width, wrap
from vxinspect.tables import Row

__all__ = ["COMMANDS", "VIEW", "field_rows"]

VIEW = View(
    name="fields",
    title="fields",
    columns=(
        Column("field", "field", "text", "its name in a filter"),
        Column("alias", "also", "text", "another name for it"),
        Column("type", "type", "text", "what it holds"),
        Column("description", "meaning", "text", "what it means"),
        Column("example", "example", "text", "a filter with it"),
    ),
    key=("field",),
    needed=("type", "description", "example", "alias"),
)
_GAP = 2
_NARROWEST = 24
"""Of the column that wraps."""
_OPTIONS = ("format_", "as_json", "as_jsonl", "output", "color")


def field_rows(words: tuple[str, ...] = ()) -> list[Row]:
    """Return a row for each field, or for those of which a part begins with one of the words."""
    rows: list[Row] = [dict(zip(VIEW.names, field, strict=True)) for field in _engine.fields()]
    return [row for row in rows if not words or any(_begins(row, word.lower()) for word in words)]


def _begins(row: Row, word: str) -> bool:
    """Whether a part of one of the field's names begins with the word."""
    return any(f".{word}" in f".{row[column]}" for column in ("field", "alias") if row[column])


def _drawn(rows: list[Row], width: int, paint: Paint) -> Iterator[str]:
    """Yield the fields for people: name, type, and the meaning in as many lines as it takes."""
    columns = [[str(row[name]) for row in rows] for name in ("field", "type")]
    widths = [max_width(column) + _GAP for column in columns]
    room = max(width - sum(widths), _NARROWEST)
    for row in rows:
        also = f"; also {row['alias']}" if row["alias"] else ""
        first, *others = wrap(f"{row['description']}{also}", room)
        name, kind = str(row["field"]).ljust(widths[0]), str(row["type"]).ljust(widths[1])
        yield f"{paint.strong(name)}{paint.faint(kind)}{first}\n"
        yield from (f"{' ' * sum(widths)}{line}\n" for line in others)


def _text(form: str, rows: list[Row], width: int, paint: Paint) -> Iterator[str]:
    from vxinspect.render import machine
    from vxinspect.render.markdown import markdown_lines

    tuples = [tuple(row.values()) for row in rows]
    match form:
        case "json":
            yield from machine.json_rows(VIEW.names, tuples)
        case "jsonl":
            yield from machine.jsonl_rows(VIEW.names, tuples)
        case "csv":
            yield from machine.csv_text(VIEW.names, tuples)
        case "markdown":
            yield from (f"{line}\n" for line in markdown_lines(VIEW, rows))
        case _:
            yield from _drawn(rows, width, paint)


def _show(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    form = format_of(given)
    rows = field_rows(given["words"])
    if not rows:
        raise click.UsageError(f"no field has a part that begins with {' or '.join(given['words'])}.")
    output = given["output"]
    check_output(output)
    on_screen = to_standard_output(output)
    paint = paint_for(given["color"], sys.stdout) if on_screen else PLAIN
    write_output(output, _text(form, rows, output_width(output), paint))
    return DONE


_FIELDS = Command(
    "fields",
    params=[
        click.Argument(["words"], metavar="[WORD]...", nargs=-1),
        *(option for option in COMMON if option.name in _OPTIONS),
    ],
    callback=_show,
    help="The fields that a filter (-Y) can name.\n\n"
    "Name, type and meaning of each; with WORDs, of those of which a part begins with one. The "
    "machine formats have an example too.",
    examples=[
        "vxinspect fields",
        "vxinspect fields tcp",
        "vxinspect fields --json | jq -r '.[].example'",
        "vxinspect flows -Y 'vni == 100 && tcp.port in {80 443}' day.pcap",
    ],
)
COMMANDS = (_FIELDS,)
