"""A command line whose engine is a stand-in."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - dataclasses read annotations
from dataclasses import dataclass, field
from typing import Any

from fakes import FakeAnalysis


@dataclass
class Outcome:
    """How a command line ended."""

    code: int
    out: str
    err: str


@dataclass
class Stage:
    """The command line, what its engine will return, and what the engine was asked."""

    analysis: FakeAnalysis | BaseException = field(default_factory=FakeAnalysis)
    asked: dict[str, Any] = field(default_factory=dict)
    run: Callable[..., Outcome] = field(default=lambda *_: Outcome(0, "", ""))
