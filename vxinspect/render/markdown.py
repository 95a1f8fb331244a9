"""Rows as a Markdown table: every column, in people's units."""

from collections.abc import Sequence

from vxinspect.columns import View
from vxinspect.render.cells import shown_columns
from vxinspect.render.text import clean
from vxinspect.tables import Row

__all__ = ["escaped", "markdown_line", "markdown_lines"]


def markdown_lines(view: View, rows: Sequence[Row]) -> list[str]:
    """Return heading, rule and rows."""
    columns = shown_columns(view, rows)
    heading = markdown_line([column.title for column in columns])
    rule = markdown_line(["--:" if column.right else ":--" for column in columns])
    return [
        heading,
        rule,
        *(markdown_line([column.cells[index] for column in columns]) for index in range(len(rows))),
    ]


def markdown_line(cells: Sequence[str]) -> str:
    """Return one row."""
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def escaped(cell: str) -> str:
    """Return the text so that no character of it is Markdown, HTML, or steers a terminal."""
    text = clean(" ".join(cell.split()))
    for char in "\\`*_[]|~$":
        text = text.replace(char, f"\\{char}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
