"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from vxinspect.rules.facts import Facts

__all__ = ["SEVERITIES", "Find", "Found", "Rule", "Severity", "Threshold"]

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first: something is broken; something will break, or costs; something to know."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From where on a rule speaks: its default, and what is measured. A policy may set another."""

    default: float
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that a rule found.

    `subject`: what it is about; `seen`: what was seen, with figures; `frames`: in how many frames, None where
    that is not known. `vni` and `tunnel` (`192.0.2.1 -> 192.0.2.2`) where it is in one. `where`: by columns
    of packets, which frames it is in, alternatives of demands that hold together; empty where none tells.
    """

    subject: str
    seen: str
    frames: int | None = None
    vni: int | None = None
    tunnel: str | None = None
    where: tuple[Mapping[str, Any], ...] = ()
    severity: Severity | None = None
    """Where it is not the rule's."""


Find: TypeAlias = Callable[["Facts", Mapping[str, float]], Iterable[Found]]
"""A rule's query: the facts of a report and its thresholds to what it found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: one small file each, which declares it as `RULE`. Its page is made from what it says.

    `source`: the RFC's section, or what else says so. `means`: what is wrong where it speaks; `known_by`: how
    it is recognised, and what it does not take for it; `advice`: what to do about it, in a sentence or two.
    `shown_by`: a filter of Wireshark's that shows it.
    """

    id: str
    title: str
    severity: Severity
    source: str
    means: str
    known_by: str
    advice: str
    find: Find
    shown_by: str = ""
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)

    def limits(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return its thresholds, with those that were given in place of the defaults."""
        return {name: given.get(name, one.default) for name, one in self.thresholds.items()}
