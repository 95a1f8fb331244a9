"""What the unit tests share: a command line whose engine is a stand-in."""

from __future__ import annotations

import sys
from collections.abc import Callable  # noqa: TC003 - dataclasses read annotations
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes import FakeAnalysis

from vxinspect import cli


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


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    """Return a command line that scans nothing: `stage.run("flows", "day.pcap")`."""
    stage = Stage()

    def scan(sources: Any, **asked: Any) -> FakeAnalysis:
        stage.asked = {"sources": sources, **asked}
        if isinstance(stage.analysis, BaseException):
            raise stage.analysis
        return stage.analysis

    def run(*args: str) -> Outcome:
        code = cli.main(args)
        told = capsys.readouterr()
        return Outcome(code, told.out, told.err)

    monkeypatch.setattr("vxinspect._engine.scan", scan)
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    stage.run = run
    return stage
