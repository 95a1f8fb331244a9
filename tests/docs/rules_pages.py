"""The pages of docs/rules and the table of docs/findings.md, made from the rules.

`python tests/docs/rules_pages.py` writes them anew.
"""

import re
from pathlib import Path

from vxinspect.rules import ALL
from vxinspect.rules.pages import page

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "rules"
INDEX = DOCS / "findings.md"
_PART = re.compile(r"(<!-- rules -->\n).*?(<!-- end -->)", re.DOTALL)


def index(text: str) -> str:
    """Return the page of all findings with the table of rules made anew."""
    rows = [f"| [`{rule.id}`](rules/{rule.id}.md) | {rule.severity} | {rule.title} |" for rule in ALL]
    table = "\n".join(["| rule | severity | what is wrong |", "|---|---|---|", *rows])
    return _PART.sub(lambda part: f"{part[1]}{table}\n{part[2]}", text)


def pages() -> dict[str, str]:
    """Return the text of each page by its name."""
    return {f"{rule.id}.md": page(rule) for rule in ALL}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    INDEX.write_text(index(INDEX.read_text(encoding="utf-8")), encoding="utf-8")
