"""Network namespaces: making them, running commands in them, and leaving nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PYTHON = (sys.executable, "-I", "-S")
"""The scripts of the lab need the standard library alone, and start in half the time without `site`."""
COMMAND_TIMEOUT_S = 20
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FAMILY = "vxlab"
"""All namespaces of the lab begin with this, then with the number of the process that made them."""
LACKING = ("unknown device type", "not supported")
"""What iproute2 and the kernel say of what the kernel was built without."""


class LabError(Exception):
    """A command failed: which, and what it said."""


class UnsupportedError(LabError):
    """The kernel lacks what the topology needs."""


def run(command: Sequence[str]) -> str:
    """Return what a command prints; LabError with its own words where it fails."""
    try:
        # A session of its own: Ctrl-C on the terminal is for the lab alone, which then ends its commands.
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(command)}: not done after {COMMAND_TIMEOUT_S} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        kind = UnsupportedError if any(lack in said.lower() for lack in LACKING) else LabError
        raise kind(f"{' '.join(command)}: {said}")
    return done.stdout


@dataclass(frozen=True)
class Namespace:
    """One network namespace. Commands are given as they would be typed; no word of theirs has a space."""

    name: str

    def ip(self, words: str) -> str:
        """Run `ip` on it."""
        return run(["ip", "-n", self.name, *words.split()])

    def bridge(self, words: str) -> str:
        """Run `bridge` on it."""
        return run(["bridge", "-n", self.name, *words.split()])

    def run(self, words: str) -> str:
        """Run a command inside."""
        return run(self.inside(words.split()))

    def python(self, script: Path, argument: str) -> str:
        """Run a script of the lab inside."""
        return run(self.inside([*PYTHON, str(script), argument]))

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs a command inside."""
        return ["ip", "netns", "exec", self.name, *command]


class Namespaces:
    """The namespaces of one topology and what runs inside; all of it is gone when the block ends."""

    def __init__(self) -> None:
        self._prefix = f"{FAMILY}{os.getpid()}-"
        self._processes: list[subprocess.Popen[bytes]] = []

    def add(self, name: str) -> Namespace:
        """Make a namespace in which nothing speaks of its own accord."""
        made = Namespace(self._prefix + name)
        run(["ip", "netns", "add", made.name])
        # IPv6 would announce itself at moments of its own choosing; rp_filter could drop what a lab routes
        # oddly (step five); a reply to a marked packet carries the mark (for GBP).
        made.run(
            "sysctl -qwe net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"
            " net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.fwmark_reflect=1"
        )
        made.ip("link set lo up")
        return made

    def start(self, place: Namespace, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a command in a namespace, with pipes to it and from it. It ends with the block."""
        process = subprocess.Popen(
            place.inside(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A signal waits until all is gone: half of it would stay behind.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        try:
            for process in self._processes:
                process.kill()
                process.wait()
            # By name, not from a list: one may have been made that was interrupted before it was noted.
            remove(self._prefix)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def remove(prefix: str) -> list[str]:
    """Remove the namespaces whose names begin so, and what runs inside; returns their names."""
    names = [line.split()[0] for line in run(["ip", "netns", "list"]).splitlines()]
    chosen = [name for name in names if name.startswith(prefix)]
    for name in chosen:
        for number in run(["ip", "netns", "pids", name]).split():
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
    kept = []
    for name in chosen:
        try:
            run(["ip", "netns", "delete", name])
        except LabError as error:
            kept.append(str(error))
    if kept:
        raise LabError(f"not removed: {'; '.join(kept)}")
    return chosen


def remove_left_over() -> list[str]:
    """Remove what runs of the lab have left behind that were killed outright; returns the namespaces."""
    removed = []
    for path in Path("/run/netns").glob(f"{FAMILY}*-*"):
        owner = path.name.removeprefix(FAMILY).partition("-")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            removed += remove(path.name)
    return removed
