"""How fast is `vxinspect`, as a multiple of the least a program can do? See README.md beside this file.

Exit codes: 0 every figure within its bound; 1 one is beyond it; 2 the measurement itself failed.
"""

import argparse
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from statistics import median
from types import TracebackType
from typing import IO, Any, Self, cast

from captures import HERE, RECIPES, Recipe, build_program, make_capture, warm
from generating import benchmark_generating
from peers import benchmark_peers
from timing import time_command

MAX_RATIO = 2.0
"""Seconds of a scan on one thread to seconds of the yardstick."""
MAX_TWO_THREADS = 0.7
"""Seconds of a scan on two threads to those on one."""
MAX_BYTES_PER_CELL = 256
"""Memory for each one-way inner flow, beyond the constant part."""
CONSTANT_MEMORY = 60 << 20
"""Bytes: interpreter, extension module and buffers, whatever the capture."""

COMMAND = Path(sysconfig.get_path("scripts")) / "vxinspect"
FLOWS = (COMMAND, "flows", "--limit", "10")


@dataclass(frozen=True)
class Measurement:
    """One capture's figures. Times are medians in seconds; `peak_rss` is in bytes."""

    name: str
    frames: int
    cells: int
    yardstick: float
    scan: float
    two_threads: float
    command: float
    peak_rss: int

    @property
    def ratio(self) -> float:
        """How many times the yardstick's time a scan takes."""
        return self.scan / self.yardstick

    @property
    def two_to_one(self) -> float:
        """What part of one thread's time two threads take."""
        return self.two_threads / self.scan

    @property
    def bytes_per_cell(self) -> float:
        """Memory a cell beyond the constant part; 0 when all of it fits in there."""
        return max(0, self.peak_rss - CONSTANT_MEMORY) / self.cells

    @property
    def excesses(self) -> list[str]:
        """What is beyond its bound, in words."""
        found = []
        if self.ratio > MAX_RATIO:
            found.append(f"{self.name}: {self.ratio:.2f} times the yardstick; the bound is {MAX_RATIO}")
        if self.two_to_one > MAX_TWO_THREADS and (os.cpu_count() or 1) > 1:
            found.append(
                f"{self.name}: two threads take {self.two_to_one:.2f} of one's time; "
                f"the bound is {MAX_TWO_THREADS}"
            )
        if self.bytes_per_cell > MAX_BYTES_PER_CELL:
            found.append(
                f"{self.name}: {self.bytes_per_cell:.0f} bytes a cell beyond "
                f"{CONSTANT_MEMORY >> 20} MiB; the bound is {MAX_BYTES_PER_CELL}"
            )
        return found


class ScanWorker:
    """A process that scans one capture when told to (scan_worker.py)."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "scan_worker.py"), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._orders = cast("IO[str]", self._process.stdin)
        self._answers = cast("IO[str]", self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def ask(self, order: str) -> dict[str, Any]:
        """Send one order and wait for its answer; RuntimeError when the worker has died."""
        self._orders.write(order + "\n")
        self._orders.flush()
        answer = self._answers.readline()
        if not answer:
            raise RuntimeError(f"the scanning process ended with status {self._process.wait()}")
        return dict(json.loads(answer))


def run_yardstick(path: Path) -> dict[str, Any]:
    """Run the yardstick on one capture; returns its report."""
    output = subprocess.run([build_program("yardstick"), path], check=True, stdout=subprocess.PIPE).stdout
    return dict(json.loads(output))


def measure(recipe: Recipe, rounds: int) -> Measurement:
    """Alternate the programs on one capture: a slow moment of the machine falls on all of them."""
    path = recipe.path
    warm(path)
    counted = run_yardstick(path)
    yardstick, scan, two_threads, command = [], [], [], []
    with ScanWorker(path) as worker:
        first = worker.ask("scan 1")
        for _ in range(rounds):
            yardstick.append(run_yardstick(path)["seconds"])
            scan.append(worker.ask("scan 1")["seconds"])
            two_threads.append(worker.ask("scan 2")["seconds"])
            command.append(time_command([*FLOWS, path]))
        agree(recipe.name, worker.ask("totals"), counted)
    return Measurement(
        name=recipe.name,
        frames=counted["frames"],
        cells=counted["flows"],
        yardstick=median(yardstick),
        scan=median(scan),
        two_threads=median(two_threads),
        command=median(command),
        peak_rss=first["peak_rss_kib"] * 1024,
    )


def agree(name: str, totals: dict[str, Any], counted: dict[str, Any]) -> None:
    """RuntimeError unless both programs saw the same frames: the time of a wrong answer is worth nothing."""
    for key, value in totals.items():
        if value != counted[key]:
            raise RuntimeError(f"{name}: vxinspect counts {value} {key}, the yardstick {counted[key]}")


def measure_start(rounds: int) -> dict[str, float]:
    """Median seconds from start to end of each small command, on a capture of ten frames."""
    recipe = Recipe("ten", frames=10, mix="imix", flows=4, vnis=2, vteps=2)
    make_capture(recipe)
    commands: dict[str, list[str | Path]] = {
        "vxinspect --version": [COMMAND, "--version"],
        "vxinspect summary": [COMMAND, "summary", recipe.path],
    }
    if which("tshark"):
        commands["tshark -r"] = ["tshark", "-r", recipe.path]
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            times[name].append(time_command(command))
    # The first round finds programs and libraries not yet in memory.
    return {name: median(seconds[1:]) for name, seconds in times.items()}


COLUMNS: dict[str, Callable[[Measurement], str]] = {
    "capture": lambda m: m.name,
    "yardstick s": lambda m: f"{m.yardstick:.3f}",
    "scan s": lambda m: f"{m.scan:.3f}",
    "ratio": lambda m: f"{m.ratio:.2f}",
    "2 threads": lambda m: f"{m.two_to_one:.2f}",
    "command s": lambda m: f"{m.command:.3f}",
    "Mframes/s": lambda m: f"{m.frames / m.scan / 1e6:.2f}",
    "peak MiB": lambda m: f"{m.peak_rss / (1 << 20):.0f}",
    "cells": lambda m: f"{m.cells:,}",
    "bytes/cell": lambda m: f"{m.bytes_per_cell:.0f}",
}


def print_row(cells: Sequence[str]) -> None:
    """One line of the table, each cell under its heading."""
    columns = zip(cells, COLUMNS, strict=True)
    print("  ".join(cell.rjust(max(9, len(heading))) for cell, heading in columns), flush=True)


def benchmark_captures(recipes: Sequence[Recipe], rounds: int, *, keep: bool) -> list[str]:
    """Measure each capture and print its row; returns what is beyond its bound."""
    excesses = []
    print_row(list(COLUMNS))
    for recipe in recipes:
        made = make_capture(recipe)
        try:
            measurement = measure(recipe, rounds)
        finally:
            if made and not keep:
                recipe.path.unlink()
        print_row([column(measurement) for column in COLUMNS.values()])
        excesses += measurement.excesses
    return excesses


def benchmark_start(rounds: int) -> list[str]:
    """Measure how long starting takes and print it; returns what is slower than tshark."""
    times = measure_start(rounds)
    print("\nfrom start to end, a capture of ten frames")
    for name, seconds in times.items():
        print(f"  {name:<20} {seconds * 1000:5.0f} ms")
    tshark = times.pop("tshark -r", None)
    if tshark is None:
        print("  tshark is not installed: nothing to compare with")
        return []
    return [f"{name} is slower than tshark" for name, seconds in times.items() if seconds >= tshark]


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure vxinspect against the least a program can do.")
    parser.add_argument("--captures", default="A,B,C,D", help="which of them, with commas (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds a median is taken of (default: 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="shrink the captures, e.g. 0.1 (default: 1)")
    parser.add_argument("--keep", action="store_true", help="keep the captures for the next run (9 GB)")
    options = parser.parse_args()
    unknown = set(options.captures.split(",")) - RECIPES.keys()
    if unknown:
        parser.error(f"no such capture: {', '.join(sorted(unknown))}; there are {', '.join(RECIPES)}")
    if options.rounds < 1 or options.scale <= 0:
        parser.error("--rounds and --scale must be above 0")
    return options


def main() -> int:
    """Measure everything; returns the exit code."""
    options = read_options()
    recipes = [RECIPES[name].scaled(options.scale) for name in options.captures.split(",")]
    print(f"medians of {options.rounds} rounds, warm page cache, one thread of {os.cpu_count()}\n")
    try:
        excesses = benchmark_captures(recipes, options.rounds, keep=options.keep)
        excesses += benchmark_start(options.rounds) + benchmark_generating(recipes, options.rounds)
        benchmark_peers(RECIPES["A"].scaled(options.scale), FLOWS, options.rounds)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"benchmark failed: {error}", file=sys.stderr)
        return 2
    print()
    for excess in excesses:
        print(f"beyond its bound: {excess}")
    if not excesses:
        print("every figure is within its bound")
    return 1 if excesses else 0


if __name__ == "__main__":
    sys.exit(main())
