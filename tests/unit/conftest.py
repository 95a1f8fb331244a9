"""What the unit tests share: a command line whose engine is a stand-in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from stage import Outcome, Stage

from vxinspect import cli

if TYPE_CHECKING:
    from fakes import FakeAnalysis


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
