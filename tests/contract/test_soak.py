"""Broken captures through the real program: a short run of `make soak`, and that it would tell."""

import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def soak(*arguments: str, count: int) -> subprocess.CompletedProcess[str]:
    """Run some broken captures."""
    command = [sys.executable, str(SOAK), f"--count={count}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_broken_captures_end_well() -> None:
    """None of a thousand breaks a rule."""
    run = soak(count=1000)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_broken_rule_is_told() -> None:
    """No run fits in a mebibyte: each capture is told of with the command that shows it, and is kept."""
    run = soak("--mebibytes=1", "--workers=1", count=2)
    assert run.returncode == 1, run.stdout + run.stderr
    kept = [line.rpartition(" ")[2] for line in run.stdout.splitlines() if line.startswith("more than 1 MiB")]
    assert len(kept) == 2
    for path in kept:
        assert Path(path).is_file()
        Path(path).unlink()
