"""Faults of the system, in every command: full disks, closed pipes, signals, files that change, failed reads.

Nothing is half written, nothing is told of what was not read, and one line says what is wrong.
"""

import fcntl
import gzip
import os
import resource
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import containers
import packets
import pytest
import showcase
import tools

import vxinspect
from vxinspect.cli.root import root

SAMPLE = Path(__file__).parents[2] / "samples" / "two-tenants.pcap"
WHOLE = containers.pcap(packets.records(showcase.frames()))
ENCAP = ("--src-vtep", "192.0.2.1", "--dst-vtep", "192.0.2.2", "--vni", "7")
SCENARIO = ("--packets", "50000", "--flows", "9")

READING: dict[str, tuple[str, ...]] = {
    "summary": (),
    "vnis": (),
    "flows": (),
    "conversations": (),
    "tunnels": (),
    "underlay": (),
    "vteps": (),
    "fdb": (),
    "addresses": (),
    "overhead": (),
    "packets": (),
    "decap": ("-o", "-"),
    "extract": ("-o", "-"),
    "encap": (*ENCAP, "-o", "-"),
    "findings": (),
    "check": (),
    "policy init": (),
    "diff": (),
    "verify": ("--sample", "0"),
}
"""What a command needs beside a capture. Its result goes to standard output, or to `-o`."""

OTHER = {"generate": (*SCENARIO, "-o", "-"), "fields": (), "explain": ("copies",)}
"""Commands without a capture."""

MORE = {
    "flows --idle-timeout": ("flows", "--idle-timeout", "1", "--jsonl"),
    "flows --interval": ("flows", "--interval", "1", "--jsonl"),
    "packets --jsonl": ("packets", "--jsonl"),
}
"""Other ways through a command."""

NO_OUTPUT_FILE = {"explain"}


def commands(group: Any = root, before: str = "") -> set[str]:
    """Return the names of all commands."""
    found: set[str] = set()
    for name, command in group.commands.items():
        within = getattr(command, "commands", None)
        found |= commands(command, f"{before}{name} ") if within else {before + name}
    return found


def test_no_command_is_forgotten() -> None:
    """A new command has its place above, and so is tried with every fault."""
    assert commands() == {*READING, *OTHER}


def line_of(name: str, *captures: object, output: str | None = None) -> list[str]:
    """Return a command line; `output`: the file of its `-o`."""
    if name in MORE:
        words = [*MORE[name], *map(str, captures)]
    elif name in OTHER:
        words = [*name.split(), *OTHER[name]]
    else:
        both = captures * 2 if name == "diff" and len(captures) == 1 else captures
        words = [*name.split(), *READING[name], *map(str, both)]
    if output is not None:
        if "-o" in words:
            words[words.index("-o") + 1] = output
        else:
            words += ["-o", output]
    return [tools.program(), *words]


def assert_one_line(err: bytes, *words: str) -> None:
    """Assert that one line says what is wrong, beside what is told of what was read."""
    assert b"Traceback" not in err
    lines = [line for line in err.decode().splitlines() if line.startswith("vxinspect: ")]
    assert len(lines) == 1, err
    assert all(word in lines[0] for word in words), lines


def run(line: list[str], **given: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command line to its end."""
    how: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stderr": subprocess.PIPE,
        "env": tools.environment(),
        "timeout": 60,
    }
    return subprocess.run(line, check=False, **(how | given))


ALL = [*READING, *OTHER, *MORE]
READS = [*READING, *MORE]
# The limit on files would be that of verify's tshark, too.
WRITES = [name for name in ALL if name not in (*NO_OUTPUT_FILE, "verify")]


@pytest.mark.parametrize("name", ALL)
def test_a_full_device(name: str) -> None:
    """Standard output that takes nothing more: one line, exit code 2."""
    with Path("/dev/full").open("wb") as full:
        answer = run(line_of(name, SAMPLE), stdout=full)
    assert answer.returncode == 2
    assert_one_line(answer.stderr, "standard output" if "-o" not in line_of(name) else "-", "No space left")


def small_files() -> None:
    """Have files take 9 bytes; what writes beyond gets an error, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))


@pytest.mark.parametrize(
    ("name", "before"), [*((name, b"what was there") for name in WRITES), ("flows", None), ("decap", None)]
)
def test_a_file_that_cannot_be_written_to_its_end(name: str, before: bytes | None, tmp_path: Path) -> None:
    """The disk is full half way: no file appears, one that was there stays, nothing temporary is left."""
    target = tmp_path / "out.pcap"
    if before is not None:
        target.write_bytes(before)
    answer = run(line_of(name, SAMPLE, output=str(target)), stdout=subprocess.PIPE, preexec_fn=small_files)
    assert answer.returncode == 2, answer
    assert_one_line(answer.stderr, str(target), "File too large")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == (
        {} if before is None else {"out.pcap": before}
    )


@pytest.mark.parametrize("kind", ["junit", "sarif", "json", "markdown"])
def test_a_report_that_cannot_be_written(kind: str, tmp_path: Path) -> None:
    """A report of `check` appears whole or not at all, too."""
    target = tmp_path / "report"
    line = [tools.program(), "check", str(SAMPLE), "--report", f"{kind}={target}"]
    answer = run(line, stdout=subprocess.PIPE, preexec_fn=small_files)
    assert answer.returncode == 2
    assert_one_line(answer.stderr, str(target), "File too large")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize("name", ["generate", "decap", "packets --jsonl"])
def test_a_full_disk(name: str, tmp_path: Path) -> None:
    """A file system of 16 KiB: what does not fit leaves nothing."""
    source = tmp_path / "many.pcap"
    assert run([tools.program(), "generate", "--packets", "2000", "-q", "-o", str(source)]).returncode == 0
    folder = tmp_path / "small"
    folder.mkdir()
    line = line_of(name, source, output=str(folder / "out.pcap"))
    script = 'mount -t tmpfs -o size=16k none "$0" && "$@"; code=$?; ls -A "$0"; exit $code'
    answer = run(["unshare", "-m", "sh", "-c", script, str(folder), *line], stdout=subprocess.PIPE)
    if b"mount:" in answer.stderr or b"unshare:" in answer.stderr:
        pytest.skip("nothing may be mounted here")
    assert answer.returncode == 2
    assert_one_line(answer.stderr, str(folder / "out.pcap"), "No space left")
    assert answer.stdout == b""


@pytest.mark.parametrize("name", ALL)
def test_a_closed_pipe(name: str) -> None:
    """Whoever reads the result went away before it came: the end is quiet."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        answer = run(line_of(name, SAMPLE), stdout=pipe)
    assert answer.returncode in (0, -signal.SIGPIPE), answer.stderr
    assert b"vxinspect: " not in answer.stderr
    assert b"Traceback" not in answer.stderr


@contextmanager
def waiting(line: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command on a pipe that does not end, once it has read what is there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, env=tools.environment()) as process:
            assert process.stdin is not None
            process.stdin.write(WHOLE)
            process.stdin.flush()
            unread = bytearray(4)
            end = time.monotonic() + 30
            while fcntl.ioctl(process.stdin, termios.FIONREAD, unread) or any(unread):
                assert time.monotonic() < end
                time.sleep(0.02)
            # What was read is still to be counted.
            time.sleep(0.3)
            yield process
            process.kill()
    finally:
        signal.signal(signal.SIGINT, before)


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("number", "code"), SIGNALS[:2], ids=str)
@pytest.mark.parametrize("name", [name for name in READS if name != "verify"])
def test_a_signal_while_it_reads(name: str, number: int, code: int, tmp_path: Path) -> None:
    """It ends at once with the code of the signal; its file is whole or not there, and all that is left."""
    target = tmp_path / "out.pcap"
    with waiting(line_of(name, *(["-", SAMPLE] if name == "diff" else ["-"]), output=str(target))) as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    assert b"Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} <= {"out.pcap"}
    if target.exists() and name in ("decap", "extract", "encap"):
        assert vxinspect.scan(target).captures[0]["complete"]


@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=str)
def test_a_signal_while_it_generates(number: int, code: int, tmp_path: Path) -> None:
    """A synthetic capture is there whole or not at all."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    line = [tools.program(), "generate", "--packets", "100M", "-q", "-o", str(tmp_path / "out.pcap")]
    try:
        with subprocess.Popen(line, stderr=subprocess.PIPE, env=tools.environment()) as process:
            end = time.monotonic() + 20
            while not list(tmp_path.iterdir()) and time.monotonic() < end:
                time.sleep(0.05)
            process.send_signal(number)
            _, err = process.communicate(timeout=20)
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.returncode == code, err
    assert b"Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", READS)
def test_a_read_that_fails_at_once(name: str) -> None:
    """A file that opens and cannot be read: one line, exit code 2."""
    answer = run(line_of(name, "/proc/self/mem"), stdout=subprocess.PIPE)
    assert answer.returncode == 2
    assert_one_line(answer.stderr, "/proc/self/mem", "Input/output error")


class Failing:
    """A capture of which reading fails in the middle."""

    def __init__(self, data: bytes) -> None:
        self._pieces = [data]

    def read(self, _: int) -> bytes:
        """Return what there is, then fail."""
        if self._pieces:
            return self._pieces.pop()
        raise OSError(5, "Input/output error")


def test_a_read_that_fails_in_the_middle() -> None:
    """What came before counts, and the capture says that it is not all."""
    frames = packets.records(showcase.frames())
    failing: Any = Failing(containers.pcap(frames))
    report = vxinspect.scan(failing)
    (capture,) = report.captures
    assert report.frames["total"] == len(frames)
    assert not capture["complete"]
    assert capture["fatal"]
    assert "Input/output error" in capture["damage"]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a capture of several buffers and segments."""
    path = tmp_path_factory.mktemp("long") / "long.pcap"
    assert run([tools.program(), "generate", "--packets", "20000", "-q", "-o", str(path)]).returncode == 0
    return path


def record_ends(data: bytes) -> list[int]:
    """Return where each record of a little-endian pcap ends."""
    ends, at = [], 24
    while at < len(data):
        at += 16 + int.from_bytes(data[at + 8 : at + 12], "little")
        ends.append(at)
    return ends


@pytest.mark.parametrize("where", ["between records", "within one"])
def test_a_file_that_is_cut_while_it_is_read(where: str, long: Path, tmp_path: Path) -> None:
    """Also where it then ends as if it was whole: what is missing was there, and is told of."""
    data = long.read_bytes()
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    ends = record_ends(data)
    kept = next(index for index, end in enumerate(ends) if end > len(data) // 2)
    size = ends[kept] + (0 if where == "between records" else 9)
    with vxinspect.packets(path, all_frames=True) as stream:
        numbers = [next(stream).number]
        os.truncate(path, size)
        numbers += [packet.number for packet in stream]
        (capture,) = stream.captures
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) <= kept + 1
    assert not capture["complete"]
    if where == "between records":
        assert len(numbers) == kept + 1
        assert capture["fatal"]
        assert capture["damage"] == (
            f"at byte {size}: expected a file of {len(data)} bytes, "
            f"found one that was cut to {size} while it was read"
        )


@pytest.mark.parametrize("part", [0.1, 0.5, 0.999])
def test_a_file_that_is_cut_while_threads_read_it(part: float, long: Path, tmp_path: Path) -> None:
    """What was walked ahead is whole; each reading that came to the end too early is told of."""
    data = long.read_bytes()
    frames = vxinspect.scan(long).frames["total"]
    path = tmp_path / "a.pcap"
    path.write_bytes(data)
    cut = False

    def shrink(*_: object) -> None:
        nonlocal cut
        if not cut:
            os.truncate(path, int(part * len(data)))
            cut = True

    # So many that it is told of progress well before the last.
    report = vxinspect.scan([path] * 150, threads=2, progress=shrink)
    assert cut
    broken = [capture for capture in report.captures if not capture["complete"]]
    assert broken
    assert all(capture["damage"] or capture["truncated_at"] for capture in broken)
    whole = [capture for capture in report.captures if capture["complete"]]
    assert all(capture["bytes"] == len(data) for capture in whole)
    assert report.frames["total"] >= len(whole) * frames
    tools.assert_conservation(report)


def test_a_file_that_is_replaced_before_its_turn(long: Path, tmp_path: Path) -> None:
    """Of several captures each is opened twice: it must be the same file."""
    first, second = tmp_path / "a.pcap", tmp_path / "b.pcap"
    first.write_bytes(long.read_bytes())
    second.write_bytes(long.read_bytes())
    stream = vxinspect.packets([first, second])
    next(stream)
    other = tmp_path / "c.pcap"
    other.write_bytes(WHOLE)
    other.replace(second)
    with pytest.raises(vxinspect.UnreadableCaptureError, match="another file has taken its place"):
        list(stream)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_capture_that_stays_as_it_is_is_whole(long: Path, tmp_path: Path, *, compressed: bool) -> None:
    """No capture that nobody touches is said to have been cut."""
    path = tmp_path / "a.pcap"
    path.write_bytes(gzip.compress(long.read_bytes(), 1) if compressed else long.read_bytes())
    for source in (path, path.read_bytes()):
        (capture,) = vxinspect.scan(source).captures
        assert capture["complete"]
        assert capture["damage"] is None
