"""What others take for the flows of the same capture, each a whole command from start to end."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from statistics import median

from captures import BUILD, HERE, Recipe, is_older, make_capture, warm
from timing import time_command

_GO_SOURCES = Path("/usr/share/gocode")
"""Where Debian's packages of Go libraries put them."""
_SLOW = 0.1
"""Of the frames, for peers that would take minutes for all of them."""


@dataclass(frozen=True)
class Peer:
    """A program: its command without the capture, or what it lacks here."""

    name: str
    command: Sequence[str | Path]
    scale: float
    lacks: str = ""


def benchmark_peers(recipe: Recipe, command: Sequence[str | Path], rounds: int) -> None:
    """Print the rate of `command` and of each peer on a capture, and how many times theirs ours is."""
    print(f"\nothers on {recipe.name}, whole commands: million frames a second, ours to theirs")
    ours = _rate(recipe, command, rounds)
    print(f"  {'vxinspect flows':<24} {ours / 1e6:9.3f}")
    for peer in _peers():
        if peer.lacks:
            print(f"  {peer.name:<24} not measured: {peer.lacks}")
            continue
        rate = _rate(recipe.scaled(peer.scale), peer.command, rounds)
        print(f"  {peer.name:<24} {rate / 1e6:9.3f} {ours / rate:8.1f}", flush=True)


def _rate(recipe: Recipe, command: Sequence[str | Path], rounds: int) -> float:
    """Frames a second, by the median."""
    made = make_capture(recipe)
    try:
        warm(recipe.path)
        return recipe.frames / median(time_command([*command, recipe.path]) for _ in range(rounds))
    finally:
        if made:
            recipe.path.unlink()


def _peers() -> list[Peer]:
    tshark = Peer(
        "tshark -z conv,tcp",
        ["tshark", "-q", "-z", "conv,tcp", "-r"],
        _SLOW,
        "" if which("tshark") else "tshark is not installed",
    )
    return [tshark, Peer("dpkt loop", [sys.executable, HERE / "dpkt_flows.py"], _SLOW), _gopacket()]


def _gopacket() -> Peer:
    name, program = "gopacket loop", BUILD / "gopacket_flows"
    if not which("go") or not (_GO_SOURCES / "src/github.com/google/gopacket").is_dir():
        return Peer(name, [], 1, "golang-go and golang-github-google-gopacket-dev are not installed")
    source = HERE / "gopacket_flows.go"
    if is_older(program, source):
        BUILD.mkdir(exist_ok=True)
        settings = {"GO111MODULE": "off", "GOPATH": str(_GO_SOURCES), "GOCACHE": str(BUILD / "go")}
        subprocess.run(["go", "build", "-o", program, source], check=True, env=os.environ | settings)
    return Peer(name, [program], 1)
