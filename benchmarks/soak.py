"""Broken captures through the real program, a great many: `make soak`.

Each must end with exit code 0 or 2, without a panic, within two seconds of processor time and 200 MiB, and
print nothing but clean UTF-8. What does not is kept as a file, with the command that shows it.
"""

import argparse
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from captures import BUILD
from mutations import Mutator, seed_files

SECONDS = 2
MEBIBYTES = 200
ALLOWED_CODES = (0, 2)
FAILED_CHECK = 1
"""What `check` may end with, too."""

_TOO_LARGE = 3

_ROOT = Path(__file__).parent.parent
_FINDINGS = BUILD / "soak"
# Line ends are the only control characters; the other halves of surrogate pairs are no text.
_UNCLEAN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_COMMANDS = (
    "summary",
    "summary --json --port auto",
    "summary --strict",
    "vnis",
    "flows --json",
    "flows --format csv --port 53",
    "conversations --by ip --format jsonl",
    "tunnels --format markdown",
    "vteps",
    "fdb --json --sort moves",
    "overhead --by tunnel",
    "flows --vni 1-1000 --since 0 -c 10",
    "underlay --json",
    "addresses --format csv",
    "findings --json --port auto",
    f"check --policy {_ROOT}/samples/policies/sound.toml",
    "summary --encapsulation vxlan,vxlan-gpe,geneve --max-depth 16 --json",
    "flows --checksums --json",
    "vnis --threads 2",
    "conversations --dedup --format csv",
    "fdb --max-flows 2",
    "flows --idle-timeout 1ms --format jsonl",
    "flows --json -Y '(tcp.flags.syn == 1 or inner.ip.addr in {10.0.0.0/8 ::/0}) and not vni == 7'",
    "packets",
    "packets --all --format jsonl --encapsulation vxlan,vxlan-gpe,geneve",
    "packets --format csv -Y 'outer.ip.ttl < 200 && inner.len > 60'",
    "decap -o written.pcap",
    "decap -o written.pcapng.gz --port auto",
    "extract -o written.pcapng --vni 1-1000",
    "encap -o written.pcap --vni 9 --src-vtep 192.0.2.1 --dst-vtep 192.0.2.2",
)


def main() -> int:
    """Share the captures between workers; returns 1 if one broke a rule."""
    options = _options()
    if options.worker:
        return _work(options)
    files = seed_files([_ROOT / "samples", *options.more])
    print(f"{options.count:,} captures broken from {len(files)}, seed {options.seed}", flush=True)
    findings = list(_run_workers(options))
    for finding in findings:
        print(finding)
    print(f"{options.count:,} ran, {len(findings)} broke a rule")
    return 1 if findings else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--more", type=Path, action="append", default=[], help="folders of more captures")
    parser.add_argument("--mebibytes", type=int, default=MEBIBYTES)
    parser.add_argument("--worker", nargs=2, type=int, metavar=("FIRST", "STEP"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if external := os.environ.get("VXINSPECT_EXTERNAL"):
        options.more.append(Path(external))
    return options


# ---- the parent ------------------------------------------------------------------------------------


def _run_workers(options: argparse.Namespace) -> Iterator[str]:
    """Run the workers side by side; yields what they found."""
    _FINDINGS.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.workers) as threads:
        for findings in threads.map(lambda first: _follow(options, first), range(options.workers)):
            yield from findings


def _follow(options: argparse.Namespace, first: int) -> list[str]:
    """Run one worker's share, in a folder of its own for what commands write."""
    with tempfile.TemporaryDirectory(prefix="vxinspect-soak-") as folder:
        return list(_follow_in(folder, options, first))


def _follow_in(folder: str, options: argparse.Namespace, first: int) -> Iterator[str]:
    """Run one worker's share: where a capture ends the process, another goes on behind it."""
    while first < options.count:
        process = _start(folder, options, first)
        for line in process.stdout or ():
            if line.startswith("at "):
                first = int(line[3:])
            else:
                yield line.rstrip()
        if not process.wait():
            return
        yield _keep(options, first, _reason(options, process.returncode))
        first += options.workers


def _reason(options: argparse.Namespace, code: int) -> str:
    if code == _TOO_LARGE:
        return f"more than {options.mebibytes} MiB"
    if code == -signal.SIGPROF:
        return f"more than {SECONDS} s"
    return f"the process ended with {code}"


def _start(folder: str, options: argparse.Namespace, first: int) -> subprocess.Popen[str]:
    arguments = [f"--count={options.count}", f"--seed={options.seed}", f"--workers={options.workers}"]
    arguments += [f"--mebibytes={options.mebibytes}"]
    arguments += [f"--more={more.resolve()}" for more in options.more]
    command = [sys.executable, __file__, *arguments, "--worker", str(first), str(options.workers)]
    environment = {name: value for name, value in os.environ.items() if name != "VXINSPECT_EXTERNAL"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)


def _keep(options: argparse.Namespace, number: int, what: str) -> str:
    """Write the capture to a file; returns what happened and how to see it."""
    data = Mutator(seed_files([_ROOT / "samples", *options.more]), options.seed).capture(number)
    path = _FINDINGS / f"{options.seed}-{number}.bin"
    path.write_bytes(data)
    return f"{what}: vxinspect {_COMMANDS[number % len(_COMMANDS)]} {path}"


# ---- a worker --------------------------------------------------------------------------------------


def _work(options: argparse.Namespace) -> int:
    """Run every `step`-th capture from `first` on in this process."""
    from vxinspect.cli import main as run

    first, step = options.worker
    mutator = Mutator(seed_files([_ROOT / "samples", *options.more]), options.seed)
    reports = os.fdopen(os.dup(1), "w")
    capture, output = os.memfd_create("capture"), os.memfd_create("output")
    os.dup2(output, 1)
    os.dup2(output, 2)
    for number in range(first, options.count, step):
        reports.write(f"at {number}\n")
        reports.flush()
        _fill(capture, mutator.capture(number))
        _fill(output, b"")
        # The signal's default action ends the process, inside the engine too.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        trouble = ""
        try:
            command = shlex.split(_COMMANDS[number % len(_COMMANDS)])
            code = run([*command, f"/proc/self/fd/{capture}"])
            allowed = code in ALLOWED_CODES or (command[0] == "check" and code == FAILED_CHECK)
            trouble = "" if allowed else f"exit code {code}"
        except BaseException:  # noqa: BLE001 - a panic is one too
            trouble = traceback.format_exc().strip().splitlines()[-1]
        signal.setitimer(signal.ITIMER_PROF, 0)
        trouble = trouble or _unclean(output)
        if trouble:
            reports.write(_keep(options, number, trouble) + "\n")
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > options.mebibytes << 10:
            # The peak stays with the process, so that another goes on.
            reports.flush()
            return _TOO_LARGE
    return 0


def _fill(descriptor: int, data: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)


def _unclean(output: int) -> str:
    """Return what is wrong with the output."""
    size = os.lseek(output, 0, os.SEEK_END)
    try:
        text = os.pread(output, size, 0).decode()
    except UnicodeDecodeError as error:
        return f"output is no UTF-8: {error}"
    found = _UNCLEAN.search(text)
    return f"output holds {found.group()!r}" if found else ""


if __name__ == "__main__":
    sys.exit(main())
