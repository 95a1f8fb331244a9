"""A verdict in Markdown, for the summary of a job or a comment."""

from vxinspect.checks.outcome import Outcome, Verdict
from vxinspect.render.markdown import escaped

__all__ = ["render"]

_MARKS = {"failed": "**failed**", "warned": "**warned**", "passed": "passed"}


def render(verdict: Verdict) -> str:
    """Return a heading and a table; what passed is folded away where something did not."""
    wrong = verdict.of("failed") + verdict.of("warned")
    lines = [f"### {escaped(verdict.headline)}", ""]
    if wrong:
        lines += _table(wrong)
        passed = verdict.of("passed")
        if passed:
            lines += [
                "",
                f"<details><summary>{len(passed)} passed</summary>",
                "",
                *_table(passed),
                "",
                "</details>",
            ]
    else:
        lines += _table(list(verdict.outcomes))
    return "".join(f"{line}\n" for line in lines)


def _table(outcomes: list[Outcome]) -> list[str]:
    lines = ["| result | check | what must hold | found |", "|---|---|---|---|"]
    for one in outcomes:
        cells = (_MARKS[one.status], *map(escaped, (one.key, one.title, one.told)))
        lines.append(f"| {' | '.join(cells)} |")
    return lines
