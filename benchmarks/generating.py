"""How fast `vxinspect generate` is, beside the C program that makes the benchmark's captures."""

import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from captures import BUILD, Recipe, build_program

MAX_RATIO = 2.0
"""Seconds of stamping to seconds of the C program, both writing files of the same frames' sizes."""

COMMAND = Path(sysconfig.get_path("scripts")) / "vxinspect"
_FIRST_VNI = 10_000
_STAMP = """
import sys, time
from vxinspect.synth.quick import quick_scenario
from vxinspect.containers import container_of
from vxinspect.synth.run import Job
flows, packets, size, vnis, vteps, target = sys.argv[1:]
size = int(size) if size.isdecimal() else size
job = Job(quick_scenario(vnis=range(10_000, 10_000 + int(vnis)), vteps=int(vteps), flows=int(flows),
    packets=int(packets), size=size, rate=10**6, seed=1, ipv6=False, port=4789), "-", container_of(target))
start = time.perf_counter()
job.write(target)
print(time.perf_counter() - start)
"""
"""Stamps once the interpreter has started; what that takes is a figure of its own."""


def benchmark_generating(recipes: Sequence[Recipe], rounds: int) -> list[str]:
    """Measure each recipe and print its row; returns what is beyond its bound."""
    excesses = []
    print("\ngenerating: seconds of the C program, of stamping, of the whole command, stamping to C")
    for recipe in recipes:
        maker, stamping, command = _measure(recipe, rounds)
        ratio = stamping / maker
        print(f"  {recipe.name}  {maker:8.3f}  {stamping:8.3f}  {command:8.3f}  {ratio:5.2f}", flush=True)
        if ratio > MAX_RATIO:
            excesses.append(
                f"{recipe.name}: stamping takes {ratio:.2f} times the C program; bound {MAX_RATIO}"
            )
    return excesses


def _measure(recipe: Recipe, rounds: int) -> tuple[float, float, float]:
    """Let the three take turns on new files in one folder."""
    target = BUILD / "generated.pcap"
    # Ours have both directions in a flow.
    flows = max(1, recipe.flows // 2)
    numbers = [
        str(number) for number in (recipe.frames, recipe.flows, recipe.vnis, recipe.vteps, recipe.seed)
    ]
    options = [word for pair in zip(("-n", "-f", "-v", "-t", "-s"), numbers, strict=True) for word in pair]
    maker = [str(build_program("make_captures")), "-o", str(target), "-m", recipe.mix, *options]
    shape = [str(flows), str(recipe.frames), recipe.mix, str(recipe.vnis), str(recipe.vteps), str(target)]
    last = _FIRST_VNI + recipe.vnis - 1
    command = [str(COMMAND), "generate", "-q", "-o", str(target), "--vni", f"{_FIRST_VNI}-{last}"]
    command += ["--vteps", str(recipe.vteps), "--flows", str(flows), "--packets", str(recipe.frames)]
    command += ["--sizes", recipe.mix, "--seed", "1"]
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    try:
        for _ in range(rounds):
            times[0].append(_time(maker, target))
            target.unlink(missing_ok=True)
            stamped = subprocess.run(
                [sys.executable, "-c", _STAMP, *shape], check=True, stdout=subprocess.PIPE
            )
            times[1].append(float(stamped.stdout))
            times[2].append(_time(command, target))
    finally:
        target.unlink(missing_ok=True)
    maker_time, stamping_time, command_time = map(median, times)
    return maker_time, stamping_time, command_time


def _time(command: Sequence[str], target: Path) -> float:
    """Seconds from starting a command to its end; what an earlier one wrote is gone first."""
    target.unlink(missing_ok=True)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
