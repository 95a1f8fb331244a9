"""What comparing captures with Wireshark came to: for people, and plain values for programs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from vxinspect.columns import DIFFERENCES
from vxinspect.render.markdown import escaped, markdown_lines
from vxinspect.render.paint import Paint
from vxinspect.render.table import MIN_WIDTH
from vxinspect.render.text import clean, plural, wrap
from vxinspect.tables import Row

if TYPE_CHECKING:
    from vxinspect.verify.run import Class, Comparison, Verification

__all__ = ["difference_rows", "verification_lines", "verification_markdown", "verification_object"]

SCHEMA_VERSION = 1


def difference_rows(verifications: Sequence["Verification"]) -> list[Row]:
    """Return the rows of the table of differences: the unexplained first, then the most frames."""
    several = len(verifications) > 1
    rows: list[Row] = []
    for verification in verifications:
        for comparison in verification.comparisons:
            rows += [
                {
                    "capture": verification.name if several else None,
                    "dissector": comparison.dissector,
                    "field": each.column,
                    "frames": each.frames,
                    "ours": _text(each.ours),
                    "theirs": _text(each.theirs),
                    "why": each.why,
                    "numbers": list(each.numbers),
                }
                for each in _in_order(comparison)
            ]
    return rows


def verification_object(verifications: Iterable["Verification"], version: str) -> dict[str, Any]:
    """Return everything as plain values."""
    verifications = list(verifications)
    return {
        "schema_version": SCHEMA_VERSION,
        "version": version,
        "agrees": all(verification.agrees for verification in verifications),
        "captures": [
            {
                "name": verification.name,
                "ports": verification.ports,
                "comparisons": [
                    {
                        "dissector": comparison.dissector,
                        "version": comparison.version,
                        "frames": comparison.frames,
                        "vxlan": comparison.vxlan,
                        "agree": comparison.agree,
                        "unexplained": comparison.unexplained,
                    }
                    for comparison in verification.comparisons
                ],
            }
            for verification in verifications
        ],
        "differences": difference_rows(verifications),
    }


def verification_lines(verifications: Sequence["Verification"], *, width: int, paint: Paint) -> Iterator[str]:
    """Yield for each capture how many frames agree, and what the others differ in."""
    width = max(width, MIN_WIDTH)
    for verification in verifications:
        yield paint.strong(clean(verification.name))
        for comparison, text in _facts(verification):
            yield from _indented(text, 2, width, paint.error if comparison.unexplained else None)
            for each in _in_order(comparison):
                yield from _indented(_difference(each), 4, width)
                reason = each.why or "the reason is not known"
                yield from _indented(reason, 6, width, paint.faint if each.why else paint.error)


def _indented(text: str, indent: int, width: int, mark: Callable[[str], str] | None = None) -> Iterator[str]:
    for line in wrap(clean(text), width - indent):
        yield " " * indent + (line if mark is None else mark(line))


def _difference(each: "Class") -> str:
    """Return `vxlan (no here, yes in Wireshark): 2 frames (57, 69)`."""
    ours, theirs = ("nothing" if value is None else str(value) for value in (each.ours, each.theirs))
    numbers = ", ".join(map(str, each.numbers)) + (", ..." if each.frames > len(each.numbers) else "")
    return f"{each.column} ({ours} here, {theirs} in Wireshark): {plural(each.frames, 'frame')} ({numbers})"


def _in_order(comparison: "Comparison") -> list["Class"]:
    """Return the unexplained first, then the most frames."""
    return sorted(comparison.classes, key=lambda each: (each.why is not None, -each.frames))


def verification_markdown(verifications: Sequence["Verification"]) -> Iterator[str]:
    """Yield the same as a list and a table."""
    for verification in verifications:
        yield f"- **{escaped(clean(verification.name))}**"
        yield from (f"  - {escaped(text)}" for _, text in _facts(verification))
    rows = difference_rows(verifications)
    if rows:
        yield from ("", *markdown_lines(DIFFERENCES, rows))


def _facts(verification: "Verification") -> Iterator[tuple["Comparison", str]]:
    for comparison in verification.comparisons:
        of = ""
        if comparison.frames < verification.frames:
            of = f" of {verification.frames:,}, evenly spread"
        looked = f"{plural(comparison.frames, 'frame')}{of}, {comparison.vxlan:,} of them VXLAN"
        yield comparison, f"{comparison.dissector} {comparison.version}: {looked}: {_agreement(comparison)}"


def _agreement(comparison: "Comparison") -> str:
    explained = comparison.frames - comparison.agree - comparison.unexplained
    if not comparison.frames:
        return "nothing to compare"
    parts = ["all agree" if comparison.agree == comparison.frames else f"{comparison.agree:,} agree"]
    if explained:
        parts.append(f"{explained:,} differ for known reasons")
    if comparison.unexplained:
        parts.append(f"{comparison.unexplained:,} differ for no known reason")
    return ", ".join(parts)


def _text(value: object) -> str | None:
    return None if value is None else clean(str(value))
