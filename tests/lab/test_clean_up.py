"""The lab leaves nothing behind, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from lab_runs import LAB, UNSUPPORTED, call


def namespaces(family: str = "vxlab") -> set[str]:
    """Return the lab's namespaces that exist, or those of one run."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines() if line.startswith(family)}


def processes(family: str) -> list[str]:
    """Return the commands of processes that run in namespaces of one run."""
    found = []
    for number in (path.name for path in Path("/proc").iterdir() if path.name.isdecimal()):
        identified = subprocess.run(["ip", "netns", "identify", number], capture_output=True, check=False)
        if identified.stdout.decode().startswith(family):
            with suppress(OSError):
                found.append(Path("/proc", number, "cmdline").read_text())
    return found


def files(folder: Path) -> list[Path]:
    """Return the files anywhere in a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def stand_in(folder: Path, tool: str, script: str) -> str:
    """Return a PATH on which a shell script stands in for a tool."""
    path = folder / "bin" / tool
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{path.parent}{os.pathsep}{os.environ['PATH']}"


def start(folder: Path, moment: str) -> "subprocess.Popen[str]":
    """Start the lab, and wait until it has come so far that there is something to remove."""
    command = [sys.executable, str(LAB), "two-tenants", "-o", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    said = next(line for line in process.stderr if line.endswith(f"{moment}\n"))
    assert said.startswith("two-tenants")
    time.sleep(0.2)
    assert namespaces(family_of(process))
    return process


def family_of(process: "subprocess.Popen[str]") -> str:
    """Return how the names of a run's namespaces begin."""
    return f"vxlab{process.pid}-"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
@pytest.mark.parametrize("moment", ["building", "talking"])
def test_interrupted_lab_leaves_nothing_behind(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    """No namespace, no process, no half of a result; a second signal changes nothing of that."""
    with start(tmp_path, moment) as process:
        process.send_signal(number)
        time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(timeout=30) == 128 + number
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert not namespaces(family_of(process))
    assert not processes(family_of(process))
    assert not files(tmp_path)


def test_failed_lab_leaves_nothing_behind(tmp_path: Path) -> None:
    """Where tcpdump does not record, the lab says what tcpdump said, ends with 1, and removes all."""
    path = stand_in(tmp_path, "tcpdump", "echo 'no capture today' >&2; exit 1")
    before, results = namespaces(), tmp_path / "results"
    done = call("two-tenants", "-o", results, PATH=path)
    assert done.returncode == 1
    assert "no capture today" in done.stderr.splitlines()[-1]
    assert namespaces() == before
    assert not files(results)


def test_topology_that_the_kernel_lacks_is_left_out(tmp_path: Path) -> None:
    """Where the kernel does not know what a topology needs, that is written down, and others are made."""
    lacking = "case \"$*\" in *' gbp'*) echo 'Error: Unknown device type.' >&2; exit 2;; esac"
    path = stand_in(tmp_path, "ip", f'{lacking}; exec {shutil.which("ip")} "$@"')
    before, results = namespaces(), tmp_path / "results"
    done = call("gbp", "largest-vni", "-o", results, PATH=path)
    assert done.returncode == UNSUPPORTED
    assert "gbp: left out, this kernel lacks what it needs" in done.stderr
    assert {path.name for path in files(results / "gbp")} == {"unsupported.txt"}
    assert (results / "largest-vni" / "underlay.pcap").exists()
    assert namespaces() == before


def test_what_a_killed_lab_left_behind_can_be_removed(tmp_path: Path) -> None:
    """`--clean` removes the namespaces of a run that was killed outright, and what runs inside."""
    with start(tmp_path, "talking") as process:
        process.kill()
    family = family_of(process)
    assert namespaces(family)
    assert processes(family), "tcpdump records on"
    done = call("--clean")
    assert done.returncode == 0, done.stderr
    assert f"removed {family}host1" in done.stdout.splitlines()
    assert not namespaces(family)
    assert not processes(family)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such", "-o", "folder"], "no topology no-such; there are two-tenants"),
        (["two-tenants"], "-o FOLDER is needed"),
    ],
)
def test_usage_errors(arguments: list[str], said: str) -> None:
    """A wrong command line is told with what would be right, and exit code 2."""
    done = call(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
