"""What a packet costs as a capture grows, from 1 to 100 million packets: it is to stay the same.

`vxinspect generate` writes mass traffic of the same flows, so many packets of it, into a pipe, and another
process scans what comes. Its processor time is told by the kernel; what it takes to start is measured by a
capture of two packets, and taken off. A packet of the longest run may cost at most `MOST` times what one of
the shortest costs.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(sys.executable).with_name("vxinspect")
MOST = 1.25


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time, user and system, and the peak of memory in MiB."""

    seconds: float
    peak: float


def scan(packets: int, flows: int) -> Cost:
    """Scan so many packets through a pipe."""
    mass = ["--packets", str(packets), "--flows", str(min(flows, packets)), "--sizes", "small"]
    generate = [str(COMMAND), "generate", *mass, "-q", "-o", "-"]
    with subprocess.Popen(generate, stdout=subprocess.PIPE) as writer:
        reader = os.posix_spawn(
            COMMAND,
            [str(COMMAND), "vnis", "-q", "--jsonl", "-"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, writer.stdout.fileno() if writer.stdout else 0, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            ],
        )
        if writer.stdout:
            writer.stdout.close()
        _, status, usage = os.wait4(reader, 0)
    if writer.returncode or os.waitstatus_to_exitcode(status):
        sys.exit(f"growing: generate ended with {writer.returncode}, the scan with {status}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    """Scan one capture after another, each ten times as long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=1000, help="so many in each capture")
    parser.add_argument("--largest", type=int, default=100_000_000, help="packets of the longest capture")
    arguments = parser.parse_args()
    start = min((scan(2, 1) for _ in range(3)), key=lambda cost: cost.seconds)
    print(f"start   {start.seconds:8.3f} s")
    packets, costs = 1_000_000, []
    while packets <= arguments.largest:
        cost = scan(packets, arguments.flows)
        costs.append((cost.seconds - start.seconds) / packets * 1e9)
        print(
            f"packets {packets:11,}  {cost.seconds:8.3f} s  {costs[-1]:6.1f} ns/packet  {cost.peak:4.0f} MiB",
            flush=True,
        )
        packets *= 10
    growth = costs[-1] / costs[0]
    print(f"a packet of the longest costs {growth:.2f} times one of the shortest; bound {MOST}")
    if growth > MOST:
        sys.exit(1)


if __name__ == "__main__":
    main()
