"""Instructions and cache misses of a scan, counted by valgrind, beside the kept figures: `make instructions`.

A count says little about seconds, and is the same however busy the machine is: so CI can hold each commit to
it. `--renew` writes today's counts over the kept ones. Exit code 1 means that a count is beyond its bound.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEPT = HERE / "instructions.toml"

MORE_INSTRUCTIONS = 0.05
"""What a scan may take beyond the kept figure."""
OTHER_COMPILER = 0.15
"""The same where another compiler built it."""
MORE_MISSES = 0.10
"""The same of misses, which swing with the hashes' seeds,"""
FEW_MISSES = 0.05
"""... and so many a frame are no matter: the program's start is in them."""

MACHINE = "x86_64"
"""Instructions are those of one kind of processor."""

_FRAMES = 60_000
_SHAPES = ("many-packets-a-flow", "few-packets-a-flow", "two-way-tcp", "fragments")
_RUNS = {**{shape: (shape, "scan") for shape in _SHAPES}, "rows-of-flows": ("few-packets-a-flow", "report")}
"""What is measured: a name, the capture's shape, and what is done with it."""

# One cache for all machines. The last level is small, so that a table of 20,000 flows outgrows it as one of
# millions does a real one.
_CACHES = ("--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=1048576,16,64")
_INSTRUCTIONS = re.compile(r"I +refs: +([\d,]+)")
_MISSES = re.compile(r"LLd misses: +([\d,]+)")
_COMMENT = """\
# What a frame costs: instructions, and misses of data in a simulated last-level cache of 1 MiB.
# Written by `.venv/bin/python benchmarks/instructions.py --renew`; the commit says why they changed.
"""


@dataclass(frozen=True)
class Cost:
    """What a frame costs on average."""

    instructions: float
    misses: float


@dataclass(frozen=True)
class Figures:
    """The costs of all runs, and the compiler whose code they are of."""

    compiler: str
    costs: Mapping[str, Cost]


def main() -> int:
    """Measure and judge, or renew; returns 1 if a figure is beyond its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renew", action="store_true", help="keep what is measured")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where the kept figures are")
    parser.add_argument("--captures", type=Path, help="a folder to leave the captures in")
    options = parser.parse_args()
    if platform.machine() != MACHINE:
        print(f"the kept figures are those of {MACHINE}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        now = measure(options.captures or Path(folder))
    if options.renew:
        options.kept.write_text(text_of(now))
    kept = read(options.kept)
    for name, cost in now.costs.items():
        print(f"{name:20}  {_beside(cost, kept.costs.get(name))}")
    troubles = compare(now, kept)
    for trouble in troubles:
        print(trouble)
    return 1 if troubles else 0


def measure(folder: Path) -> Figures:
    """Build the engine as it is released, and count."""
    program = _build()
    for shape in _SHAPES:
        subprocess.run([program, "write", shape, folder / shape], check=True)
    costs = {name: _count(program, what, folder / shape) for name, (shape, what) in _RUNS.items()}
    return Figures(_compiler(), costs)


def read(path: Path) -> Figures:
    """Return the kept figures."""
    kept = tomllib.loads(path.read_text())
    return Figures(kept.pop("compiler"), {name: Cost(**cost) for name, cost in kept.items()})


def text_of(figures: Figures) -> str:
    """Return figures as they are kept."""
    costs = (
        f"[{name}]\ninstructions = {cost.instructions:.1f}\nmisses = {cost.misses:.2f}\n"
        for name, cost in figures.costs.items()
    )
    return "\n".join([f'{_COMMENT}compiler = "{figures.compiler}"\n', *costs])


def compare(now: Figures, kept: Figures) -> list[str]:
    """Return what is beyond its bound, or missing."""
    if now.costs.keys() != kept.costs.keys():
        return [f"the figures are of {sorted(now.costs)}, the kept ones of {sorted(kept.costs)}"]
    more = MORE_INSTRUCTIONS if now.compiler == kept.compiler else OTHER_COMPILER
    troubles = []
    for name, cost in now.costs.items():
        was = kept.costs[name]
        if cost.instructions > (bound := was.instructions * (1 + more)):
            troubles.append(
                f"{name}: {cost.instructions:.1f} instructions a frame, kept are {was.instructions}, "
                f"the bound is {bound:.1f}"
            )
        if cost.misses > (bound := was.misses * (1 + MORE_MISSES) + FEW_MISSES):
            troubles.append(
                f"{name}: {cost.misses:.2f} misses a frame, kept are {was.misses}, the bound is {bound:.2f}"
            )
    return troubles


def _beside(now: Cost, kept: Cost | None) -> str:
    """Return a line of a run's figures."""
    was = kept or now
    return (
        f"{now.instructions:8.1f} instructions a frame ({now.instructions / was.instructions - 1:+.1%}), "
        f"{now.misses:6.2f} misses ({now.misses - was.misses:+.2f})"
    )


def _build() -> Path:
    """Build the program with the release's own settings, whatever the environment says of them."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CARGO_PROFILE_", "RUSTFLAGS"))
    }
    command = ["cargo", "build", "--release", "--locked", "--example", "instructions"]
    command += [
        "--message-format=json-render-diagnostics",
        f"--manifest-path={HERE.parent}/engine/Cargo.toml",
    ]
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    told = [json.loads(line) for line in built.stdout.splitlines()]
    programs = [message["executable"] for message in told if message.get("executable")]
    return Path(programs[-1])


def _compiler() -> str:
    """Return the compiler's version."""
    return subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[
        1
    ]


def _count(program: Path, what: str, capture: Path) -> Cost:
    """Run the program under valgrind."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}", *_CACHES]
    run = subprocess.run([*command, program, what, capture], stderr=subprocess.PIPE, text=True, check=False)
    instructions, misses = (pattern.search(run.stderr) for pattern in (_INSTRUCTIONS, _MISSES))
    if run.returncode or not instructions or not misses:
        sys.exit(f"valgrind ended with {run.returncode}:\n{run.stderr}")
    return Cost(*(int(found[1].replace(",", "")) / _FRAMES for found in (instructions, misses)))


if __name__ == "__main__":
    sys.exit(main())
