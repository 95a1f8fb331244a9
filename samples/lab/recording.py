"""Recording with tcpdump: the underlay, all of the first host, and the second host's underlay."""

import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from namespaces import LabError, Namespace, Namespaces

QUIET_S = 0.4
"""How long no capture may grow before all that was on its way is taken as arrived."""
LONGEST_WAIT_S = 10


@dataclass(frozen=True)
class Recording:
    """One tcpdump at work."""

    path: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it; LabError where a frame was lost."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=LONGEST_WAIT_S)
        said = err.decode(errors="replace")
        captured, received, dropped = (
            int(found[1]) if (found := re.search(rf"(\d+) packets? {end}", said)) else -1
            for end in ("captured", "received by filter", "dropped by kernel")
        )
        if captured < 0 or captured != received or dropped != 0:
            raise LabError(f"tcpdump lost frames of {self.path.name}: {said.strip()}")


def record(namespaces: Namespaces, place: Namespace, interface: str, path: Path) -> Recording:
    """Start to record an interface of a namespace; returns once tcpdump listens.

    -Z root: tcpdump would otherwise give up the right to write into the folder. Immediate mode: no frame
    waits in a half-filled block of the ring when the capture is stopped. -s 2048: in that mode every slot of
    the ring is as long as the longest frame allowed; at the default of 256 KiB there are eight, and frames
    are lost.
    """
    words = "tcpdump -Z root --immediate-mode -s 2048 -B 16384 -U -n"
    link_type = ["-y", "LINUX_SLL2"] if interface == "any" else []
    process = namespaces.start(place, [*words.split(), *link_type, "-i", interface, "-w", str(path)])
    assert process.stderr is not None
    said = b""
    while b"listening on" not in said:
        line = process.stderr.readline()
        if not line:
            raise LabError(f"tcpdump does not listen: {said.decode(errors='replace').strip()}")
        said += line
    return Recording(path, process)


def settle(recordings: list[Recording]) -> None:
    """Wait until all captures have stopped growing."""
    give_up = time.monotonic() + LONGEST_WAIT_S
    sizes, since = [-1], time.monotonic()
    while time.monotonic() - since < QUIET_S:
        now = [recording.path.stat().st_size for recording in recordings]
        if now != sizes:
            sizes, since = now, time.monotonic()
        if time.monotonic() > give_up:
            raise LabError(f"the network does not come to rest in {LONGEST_WAIT_S} s")
        time.sleep(0.05)
