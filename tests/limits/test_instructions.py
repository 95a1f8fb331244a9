"""Instructions and cache misses a frame stay near the kept figures, and what is beyond its bound is told."""

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tools

import vxinspect

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the figures are those of x86-64"),
]


def compare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Measure beside kept figures."""
    command = [sys.executable, str(BENCHMARKS / "instructions.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what is measured."""
    return tmp_path_factory.mktemp("captures")


@pytest.fixture(scope="module")
def measured(captures: Path) -> subprocess.CompletedProcess[str]:
    """Measure once for all."""
    return compare(f"--captures={captures}")


def test_a_frame_costs_no_more_than_was_kept(measured: subprocess.CompletedProcess[str]) -> None:
    """A regression of more than 5 % fails. Where it is meant: `benchmarks/instructions.py --renew`."""
    assert measured.returncode == 0, measured.stdout + measured.stderr


def test_a_regression_is_told(tmp_path: Path) -> None:
    """Beside figures of a fifth less, each scan is told of."""
    kept = (BENCHMARKS / "instructions.toml").read_text()
    less = re.sub(r"(?<== )[\d.]+$", lambda figure: f"{float(figure[0]) * 0.8:.3f}", kept, flags=re.MULTILINE)
    path = tmp_path / "kept.toml"
    path.write_text(less)
    run = compare("--kept", str(path))
    assert run.returncode == 1, run.stdout + run.stderr
    told = {line.partition(":")[0] for line in run.stdout.splitlines() if "the bound is" in line}
    assert told == set(re.findall(r"^\[(.+)\]$", kept, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("shape", "packets", "flows"),
    [
        ("many-packets-a-flow", 60_000, 100),
        ("few-packets-a-flow", 60_000, 20_000),
        ("two-way-tcp", 60_000, 300),
        ("fragments", 30_000, 300),
    ],
)
@pytest.mark.usefixtures("measured")
def test_what_is_measured_is_sound_traffic(shape: str, packets: int, flows: int, captures: Path) -> None:
    """Else the figures would be those of faults, copies and retransmissions."""
    report = vxinspect.scan(captures / shape)
    tools.assert_conservation(report)
    summary = report.summary
    assert (summary["frames"]["total"], summary["frames"]["vxlan"]) == (60_000, packets)
    assert summary["totals"]["flows"] == flows == len(report.flows)
    assert summary["frames"]["fragment"] == 60_000 - packets
    rows = tools.rows(report.flows)
    assert {row["packets"] for row in rows} == {packets // flows}
    two_way = shape == "two-way-tcp"
    assert {row["packets_rev"] for row in rows} == {100 if two_way else 0}
    assert not any(row["retransmitted_fwd"] or row["retransmitted_rev"] for row in rows)
    assert summary["copies"]["packets"] == 0
