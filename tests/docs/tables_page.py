"""The column tables of docs/tables.md, made from the declarations in `vxinspect.columns`.

`python tests/docs/tables_page.py` writes them anew.
"""

import re
from pathlib import Path

from vxinspect.columns import DIFFERENCES, PACKETS, VIEWS, Column, View
from vxinspect.findings import VIEW as FINDINGS

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
_PART = re.compile(r"(<!-- columns: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

# The tables of a report, and what is no table.
LISTED = VIEWS | {view.name: view for view in (PACKETS, FINDINGS, DIFFERENCES)}

# What a value is in JSON, and what one of it measures.
_KINDS = {
    "bytes": ("integer", "bytes"),
    "count": ("integer", ""),
    "ip": ("string", "IP address"),
    "list": ("array of strings", ""),
    "mac": ("string", "MAC address"),
    "milliseconds": ("number", "milliseconds"),
    "numbers": ("array of integers", ""),
    "percent": ("number", "percent"),
    "port": ("integer", "port number"),
    "ratio": ("number", ""),
    "seconds": ("number", "seconds"),
    "text": ("string", ""),
    "time": ("string", "RFC 3339 UTC"),
    "vni": ("integer", "VNI"),
    "vnis": ("array of integers", "VNI"),
}


def column_row(column: Column) -> str:
    """Return a column's row: name, type, unit, meaning."""
    kind, unit = _KINDS[column.kind]
    return f"| `{column.name}` | {kind} | {unit} | {column.description} |"


def column_table(view: View) -> str:
    """Return the Markdown table of a view's columns."""
    heading = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    return "\n".join([*heading, *map(column_row, view.columns)]) + "\n"


def filled(page: str) -> str:
    """Return the page with the table of each part made anew."""
    return _PART.sub(lambda part: f"{part[1]}{column_table(LISTED[part[2]])}{part[3]}", page)


def parts(page: str) -> list[str]:
    """Return the names of the views whose columns the page lists."""
    return [part[2] for part in _PART.finditer(page)]


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
