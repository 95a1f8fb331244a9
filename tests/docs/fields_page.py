"""The table of docs/expressions.md that is made from the fields, so that it cannot differ from them.

Run as a script it fills the table in.
"""

import re
from pathlib import Path

from vxinspect.cli.fields import field_rows

PAGE = Path(__file__).parents[2] / "docs" / "expressions.md"
_PART = re.compile(r"(<!-- fields -->\n).*?(<!-- end -->)", re.DOTALL)


def field_table() -> str:
    """Return the Markdown table of all fields."""
    lines = ["| field | type | meaning | example |", "|---|---|---|---|"]
    for row in field_rows():
        names = f"`{row['field']}`" + (f", `{row['alias']}`" if row["alias"] else "")
        example = str(row["example"]).replace("|", "\\|")
        lines.append(f"| {names} | {row['type']} | {row['description']} | `{example}` |")
    return "\n".join(lines) + "\n"


def filled(page: str) -> str:
    """Return the page with its table made anew."""
    return _PART.sub(lambda part: f"{part[1]}{field_table()}{part[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
