"""Rows as an HTML table, for notebooks."""

from collections.abc import Sequence
from html import escape

from vxinspect.columns import View
from vxinspect.render.cells import shown_columns
from vxinspect.render.table import more_line
from vxinspect.tables import Row

__all__ = ["html_table"]


def html_table(view: View, rows: Sequence[Row], total: int) -> str:
    """Return the rows with all columns, and how many more there are of `total`."""
    columns = shown_columns(view, rows)
    heading = "".join(f"<th>{escape(column.title)}</th>" for column in columns)
    body = "".join(
        f"<tr>{''.join(_cell(column.cells[index].strip(), right=column.right) for column in columns)}</tr>"
        for index in range(len(rows))
    )
    more = "".join(f"<p>{escape(line)}</p>" for line in more_line(len(rows), total, "iterate for all"))
    return f"<table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(text: str, *, right: bool) -> str:
    style = ' style="text-align: right"' if right else ""
    return f"<td{style}>{escape(text)}</td>"
