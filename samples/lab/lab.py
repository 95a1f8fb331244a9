"""VXLAN of the kernel's own, in network namespaces: build a topology, let it talk, record it.

For each topology, FOLDER/TOPOLOGY holds afterwards:
  underlay.pcap       what crossed the switch between the hosts
  any.pcap            the same moments on every interface of host 1 (Linux cooked capture, version 2)
  second-host.pcap    what host 2 sent and received on the underlay
  hostN-links.json    the counters of host N's VXLAN devices: ip -json -stats -details link show type vxlan
  hostN-fdb.json      host N's forwarding tables: bridge -json fdb show

Exit codes: 0 done; 1 something failed; 2 usage, or what the lab needs is not there; 3 the kernel lacks what a
topology needs (FOLDER/TOPOLOGY/unsupported.txt says what; the others are made); 128 + N ended by signal N.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Never

from kernel import assert_untouched, save
from namespaces import ENDING_SIGNALS, LabError, Namespaces, UnsupportedError, remove_left_over
from recording import record, settle
from shapes import Topology
from steps import build, finish_in_the_kernel
from topologies import TOPOLOGIES
from traffic import talk

TOOLS = ("ip", "bridge", "sysctl", "tcpdump", "ping")
DEADLINE_S = 60
"""For one topology; each takes a few seconds."""
FAILED, USAGE, UNSUPPORTED = 1, 2, 3
UNSUPPORTED_NOTE = "unsupported.txt"


class InterruptedBySignal(BaseException):
    """The lab was told to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def interrupt(number: int, _frame: FrameType | None) -> Never:
    """End, and let nothing end the cleaning up: a second Ctrl-C must not leave half of it behind."""
    for each in ENDING_SIGNALS:
        signal.signal(each, end_already)
    raise InterruptedBySignal(number)


def end_already(_number: int, _frame: FrameType | None) -> None:
    """Do nothing. With SIG_IGN, Python would complain of a signal that came in the moment of the change."""


def give_up(_number: int, _frame: FrameType | None) -> Never:
    """End a topology that hangs."""
    raise LabError(f"not done after {DEADLINE_S} s")


@contextmanager
def deadline() -> Iterator[None]:
    """End what hangs; removing it afterwards has time of its own."""
    signal.alarm(DEADLINE_S)
    try:
        yield
    finally:
        signal.alarm(0)


def say(topology: Topology, doing: str) -> None:
    """Tell how far a topology is."""
    print(f"{topology.name}: {doing}", file=sys.stderr, flush=True)


def run_topology(topology: Topology, folder: Path) -> None:
    """Build it, record it while it talks, and leave what came of it in a folder."""
    with Namespaces() as namespaces, deadline():
        say(topology, "building")
        built = build(namespaces, topology)
        if not topology.offload:
            finish_in_the_kernel(built)
        say(topology, "talking")
        recordings = [
            record(namespaces, built.switch, "br0", folder / "underlay.pcap"),
            record(namespaces, built.hosts[1], "any", folder / "any.pcap"),
            record(namespaces, built.hosts[2], "underlay", folder / "second-host.pcap"),
        ]
        for host in built.hosts.values():
            assert_untouched(host)
        talk(namespaces, built)
        settle(recordings)
        for recording in recordings:
            recording.stop()
        for number, host in built.hosts.items():
            save(host, number, folder)


def make(topology: Topology, folder: Path) -> bool:
    """Run a topology; its files appear all at once, or none. False where the kernel lacks what it needs."""
    folder.mkdir(parents=True, exist_ok=True)
    made = True
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as name:
        unfinished = Path(name)
        try:
            run_topology(topology, unfinished)
        except UnsupportedError as error:
            say(topology, f"left out, this kernel lacks what it needs: {error}")
            (unfinished / UNSUPPORTED_NOTE).write_text(f"{error}\n")
            made = False
        (folder / UNSUPPORTED_NOTE).unlink(missing_ok=True)
        for path in unfinished.iterdir():
            path.replace(folder / path.name)
    return made


def refuse(why: str) -> Never:
    """End because the lab cannot run here."""
    print(f"lab.py: {why}", file=sys.stderr)
    sys.exit(USAGE)


def check_needs() -> None:
    """Refuse where the lab cannot run."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        refuse(f"not installed: {', '.join(absent)}")
    if os.geteuid() != 0:
        refuse("only root may make network namespaces")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("topology", nargs="*", metavar="TOPOLOGY", help="which; all where none is named")
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="where the results go")
    parser.add_argument("--list", action="store_true", help="name the topologies, and end")
    parser.add_argument("--clean", action="store_true", help="remove what killed runs left behind, and end")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.topology if name not in TOPOLOGIES]
    if unknown:
        parser.error(f"no topology {', '.join(unknown)}; there are {', '.join(TOPOLOGIES)}")
    if not (chosen.output or chosen.list or chosen.clean):
        parser.error("-o FOLDER is needed")
    return chosen


def run(chosen: argparse.Namespace) -> int:
    """Do what the command line asks for; returns the exit code."""
    if chosen.list:
        for topology in TOPOLOGIES.values():
            print(f"{topology.name:<22}{topology.about}")
        return 0
    check_needs()
    if chosen.clean:
        for name in remove_left_over():
            print(f"removed {name}")
        return 0
    topologies = [TOPOLOGIES[name] for name in dict.fromkeys(chosen.topology or TOPOLOGIES)]
    made = [make(topology, chosen.output / topology.name) for topology in topologies]
    return 0 if all(made) else UNSUPPORTED


def main() -> int:
    """Run the lab, and turn what stops it into an exit code."""
    chosen = arguments()
    for number in ENDING_SIGNALS:
        signal.signal(number, interrupt)
    signal.signal(signal.SIGALRM, give_up)
    try:
        return run(chosen)
    except InterruptedBySignal as error:
        return 128 + error.number
    except LabError as error:
        print(f"lab.py: {error}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
