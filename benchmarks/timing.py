"""How long a command takes."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def time_command(command: Sequence[str | Path]) -> float:
    """Seconds from starting a command to its end, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start
