"""A rule's page, in Markdown: what `vxinspect explain` prints and docs/rules has."""

from collections.abc import Iterator

from vxinspect.render.text import wrap
from vxinspect.rules import ALL
from vxinspect.rules.rule import Rule

__all__ = ["index_lines", "page", "thresholds_table"]

_WIDTH = 118


def page(rule: Rule) -> str:
    """Return the page of a rule."""
    lines = [
        f"# {rule.id}: {rule.title[0].lower()}{rule.title[1:]}",
        "",
        f"Severity: {rule.severity}. Source: {rule.source}.",
        *_section("What it means", rule.means),
        *_section("How it is known", rule.known_by),
        *_thresholds(rule),
        *_section("What to do", rule.advice),
    ]
    if rule.shown_by:
        lines += ["", "## In Wireshark", "", "```text", rule.shown_by, "```"]
    return "".join(f"{line}\n" for line in lines)


def index_lines() -> Iterator[str]:
    """Yield a line for each rule."""
    width = max(len(rule.id) for rule in ALL)
    for rule in ALL:
        yield f"{rule.id:<{width}}  {rule.severity:<7}  {rule.title}"


def thresholds_table(rule: Rule) -> list[str]:
    """Return a Markdown table of a rule's thresholds, or nothing."""
    if not rule.thresholds:
        return []
    rows = [f"| `{name}` | {one.default:g} | {one.meaning} |" for name, one in rule.thresholds.items()]
    return ["| threshold | default | meaning |", "|---|---|---|", *rows]


def _section(title: str, text: str) -> list[str]:
    return ["", f"## {title}", "", *wrap(text, _WIDTH)]


def _thresholds(rule: Rule) -> list[str]:
    table = thresholds_table(rule)
    title = f"A [policy](../policies.md) sets others under `[rules.{rule.id}]`."
    return ["", "## Thresholds", "", title, "", *table] if table else []
