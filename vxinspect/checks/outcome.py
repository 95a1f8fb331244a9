"""What came of a check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Outcome", "Status", "Verdict", "outcome"]

Status = Literal["passed", "failed", "warned"]

SHOWN = 5
"""So many of what breaks a rule are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one statement of a policy.

    `key`: where the policy says it; `title`: what must hold; `found`: what there was, with figures; `frames`:
    the numbers of the first frames that show it, where they were looked up.
    """

    key: str
    title: str
    status: Status
    found: str
    frames: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What must hold, and what there was."""
        return f"{self.title}; found: {self.told}"

    @property
    def told(self) -> str:
        """What there was, and in which frames."""
        return f"{self.found} (frame {', '.join(self.frames)})" if self.frames else self.found

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return plain | {"frames": list(self.frames)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of all of them: `policy` and `captures` by name."""

    policy: str
    captures: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    def of(self, status: Status) -> list[Outcome]:
        """Return the outcomes of one status, in the order of the policy."""
        return [outcome for outcome in self.outcomes if outcome.status == status]

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        failed, warned, passed = (len(self.of(status)) for status in ("failed", "warned", "passed"))
        counts = [
            f"{failed:,} failed" * bool(failed),
            f"{warned:,} warned" * bool(warned),
            f"{passed:,} passed",
        ]
        return f"{', '.join(self.captures)} against {self.policy}: {', '.join(filter(None, counts))}"

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.of("failed")

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values: the object that `vxinspect check --report json=FILE` writes."""
        return {
            "policy": self.policy,
            "captures": list(self.captures),
            "passed": self.passed,
            "counts": {status: len(self.of(status)) for status in ("passed", "warned", "failed")},
            "checks": [outcome.to_dict() for outcome in self.outcomes],
        }


def outcome(key: str, title: str, wrong: Sequence[str], found: str) -> Outcome:
    """Return a failure that names what is wrong, or a pass that tells what was found."""
    if not wrong:
        return Outcome(key, title, "passed", found)
    more = f"; and {len(wrong) - SHOWN:,} more" if len(wrong) > SHOWN else ""
    return Outcome(key, title, "failed", "; ".join(wrong[:SHOWN]) + more)
