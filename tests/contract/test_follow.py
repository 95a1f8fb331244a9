"""`--follow` and `--interval`: a capture that is still being written, read as it grows."""

import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import containers
import packets
import pytest
import showcase
import tools

import vxinspect

RECORDS = packets.records(showcase.frames())
WHOLE = containers.pcap(RECORDS)
FRONT = containers.pcap(RECORDS[:7])
SAMPLES = Path(__file__).parents[2] / "samples"


def vxlan(frames: int) -> int:
    """Return how many of the first frames of the showcase are VXLAN packets."""
    return sum(fact.disposition == "vxlan" for fact in packets.facts(showcase.frames()[:frames]))


@contextmanager
def running(*arguments: object, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command beside the test; it takes signals, as one in a shell's foreground does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pipe = subprocess.PIPE
    try:
        command = [tools.program(), *map(str, arguments)]
        with subprocess.Popen(
            command, stdin=stdin, stdout=pipe, stderr=pipe, env=tools.environment()
        ) as process:
            try:
                yield process
            finally:
                process.kill()
    finally:
        signal.signal(signal.SIGINT, before)


def objects(process: subprocess.Popen[bytes], wanted: Callable[[Any], bool]) -> list[Any]:
    """Read objects up to the first that is wanted."""
    assert process.stdout is not None
    found = []
    for line in process.stdout:
        found.append(json.loads(line))
        if wanted(found[-1]):
            return found
    raise AssertionError(process.stderr.read() if process.stderr else "")


def rest(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Return what is still to come, also of what a buffer holds already, once the command has ended."""
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()
    process.wait(20)
    return out, err


def total(told: Any) -> int:
    """Return how many packets a told table has."""
    return sum(row["packets"] for row in told["vnis"])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_file_is_read_on_as_it_grows(number: int, code: int, tmp_path: Path) -> None:
    """What is appended counts, a record that is half there waits, and a signal ends it with a table."""
    path = tmp_path / "a.pcap"
    path.write_bytes(FRONT)
    with running("vnis", "--follow", "--interval", "200ms", "--jsonl", path) as process:
        objects(process, lambda told: total(told) == vxlan(7))
        with path.open("ab") as file:
            file.write(WHOLE[len(FRONT) : -3])
        objects(process, lambda told: total(told) == vxlan(len(RECORDS) - 1))
        with path.open("ab") as file:
            file.write(WHOLE[-3:])
        told = objects(process, lambda told: total(told) == vxlan(len(RECORDS)))
        assert not any(each["final"] for each in told)
        process.send_signal(number)
        out, err = rest(process)
    last = json.loads(out.splitlines()[-1])
    assert process.returncode == code, err
    assert last["final"]
    assert total(last) == vxlan(len(RECORDS))
    assert b"cut short" not in err
    assert b"Traceback" not in err


def test_a_file_that_is_still_empty_is_waited_for(tmp_path: Path) -> None:
    """Whoever writes the capture may be slower to start."""
    path = tmp_path / "a.pcap"
    path.touch()
    with running("vnis", "--follow", "--interval", "100ms", "--jsonl", path) as process:
        objects(process, lambda told: told["vnis"] == [])
        path.write_bytes(WHOLE)
        objects(process, lambda told: total(told) == vxlan(len(RECORDS)))


def test_a_pipe_is_told_of_while_nothing_comes() -> None:
    """`tcpdump | vxinspect summary --interval`: the clock tells when, not the packets; the end tells all."""
    reader, writer = os.pipe()
    with running("summary", "--interval", "200ms", "--jsonl", "-", stdin=reader) as process:
        os.write(writer, FRONT)
        objects(process, lambda told: told["summary"]["frames"]["total"] == 7)
        objects(process, lambda told: not told["final"])
        os.write(writer, WHOLE[len(FRONT) :])
        os.close(writer)
        last = objects(process, lambda told: told["final"])[-1]
        assert process.wait(20) == 0
    os.close(reader)
    assert last["summary"]["frames"]["total"] == len(RECORDS)


def cut(path: Path) -> None:
    """Cut the file, as a writer that begins anew does."""
    path.write_bytes(b"")


def put_another(path: Path) -> None:
    """Put another file in its place, as rotation does."""
    other = path.with_suffix(".new")
    other.write_bytes(WHOLE)
    other.replace(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut, "one that was cut to 0 bytes"),
        (put_another, "another in its place"),
        (Path.unlink, "none in its place"),
    ],
)
@pytest.mark.parametrize("command", [("vnis", "--interval", "100ms"), ("packets",)], ids=lambda it: it[0])
def test_a_file_that_is_another_ends_it(
    command: tuple[str, ...], change: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    """One line says where and what, after what was read until then."""
    path = tmp_path / "a.pcap"
    path.write_bytes(FRONT)
    with running(*command, "--follow", "--jsonl", path) as process:
        assert process.stdout is not None
        # The first result: a table of everything, or a packet.
        first = process.stdout.readline()
        assert json.loads(first)
        change(path)
        out, err = rest(process)
    expected = f"vxinspect: {path}: at byte {len(FRONT)}: expected a file that grows, found {words}\n"
    assert process.returncode == 2
    assert err.decode() == expected
    if command[0] == "packets":
        assert len((first + out).splitlines()) == vxlan(7)
    else:
        assert total(json.loads(out.splitlines()[-1])) == vxlan(7)


def test_what_a_writer_adds_after_it_was_moved_away_counts(tmp_path: Path) -> None:
    """Rotation renames first: the file is read to its end before it is told that there is another."""
    path, aside = tmp_path / "a.pcap", tmp_path / "a.pcap.1"
    path.write_bytes(FRONT)
    with running("vnis", "--follow", "--interval", "100ms", "--jsonl", path) as process:
        objects(process, lambda told: total(told) == vxlan(7))
        with path.open("ab") as file:
            path.rename(aside)
            file.write(WHOLE[len(FRONT) :])
        path.write_bytes(WHOLE)
        out, _ = rest(process)
    assert total(json.loads(out.splitlines()[-1])) == vxlan(len(RECORDS))
    assert process.returncode == 2


def test_flows_that_end_are_told_as_the_file_grows(tmp_path: Path) -> None:
    """`--idle-timeout` follows too: a row as soon as a flow is over."""
    path = tmp_path / "a.pcap"
    path.write_bytes(WHOLE)
    with running("flows", "--follow", "--idle-timeout", "1s", "--jsonl", path) as process:
        assert process.stdout is not None
        late = [replace(RECORDS[0], time=RECORDS[0].time + (3600 + more) * 10**9) for more in range(9)]
        with path.open("ab") as file:
            file.write(containers.pcap(late)[24:])
        assert json.loads(process.stdout.readline())["vni"] is not None


def test_an_output_file_holds_the_last(tmp_path: Path) -> None:
    """With `-o` each result replaces the one before, whole, in any format; nothing else is left there."""
    path, output = tmp_path / "a.pcap", tmp_path / "out" / "vnis.json"
    output.parent.mkdir()
    path.write_bytes(FRONT)
    with running("vnis", "--follow", "--interval", "100ms", "--json", "-o", output, path) as process:
        seen: set[int] = set()
        end = time.monotonic() + 20
        while vxlan(len(RECORDS)) not in seen and time.monotonic() < end:
            if output.exists():
                if not seen:
                    with path.open("ab") as file:
                        file.write(WHOLE[len(FRONT) :])
                seen.add(sum(row["packets"] for row in json.loads(output.read_bytes())))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert seen == {vxlan(7), vxlan(len(RECORDS))}
    assert [each.name for each in output.parent.iterdir()] == ["vnis.json"]


def test_people_see_when_it_was(tmp_path: Path) -> None:
    """Each table has the time above it; Markdown as a heading."""
    path = tmp_path / "a.pcap"
    path.write_bytes(WHOLE)
    lines = tools.cli("vnis", "--interval", "10", path).text.splitlines()
    assert lines[0].endswith(f"Z  {len(RECORDS)} frames")
    assert "\n".join(lines[1:]) + "\n" == tools.cli("vnis", path).text
    assert tools.cli("vnis", "--interval", "10", "--format", "markdown", path).text.startswith("### 2")


@pytest.mark.parametrize(
    "arguments",
    [
        ("vnis", "--follow", "--json", "a.pcap"),
        ("vnis", "--interval", "1", "--format", "csv", "a.pcap"),
        ("vnis", "--interval", "0", "a.pcap"),
        ("vnis", "--interval", "soon", "a.pcap"),
        ("vnis", "--follow", "a.pcap", "b.pcap"),
        ("vnis", "--follow", "--port", "auto", "a.pcap"),
        ("packets", "--follow", "--port", "auto", "a.pcap"),
        ("flows", "--idle-timeout", "1", "--interval", "1", "--jsonl", "a.pcap"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    """It is told before anything is read."""
    answer = tools.cli(*arguments)
    assert answer.code == 2
    assert b"No such file" not in answer.err
    assert answer.out == b""


class Records(io.RawIOBase):
    """A capture of which each read brings one piece."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self._pieces = list(pieces)

    def read(self, size: int = -1) -> bytes:
        """Return the next piece."""
        piece = self._pieces.pop(0) if self._pieces else b""
        assert size < 0 or len(piece) <= size
        return piece


def pieces_of(capture: bytes) -> list[bytes]:
    """Return the header and the records of a little-endian pcap of microseconds."""
    assert capture[:4] == b"\xd4\xc3\xb2\xa1"
    pieces, at = [capture[:24]], 24
    while at < len(capture):
        end = at + 16 + int.from_bytes(capture[at + 8 : at + 12], "little")
        pieces.append(capture[at:end])
        at = end
    return pieces


@pytest.mark.parametrize("name", ["showcase", "two-tenants", "mtu-fragments", "mixed-noise"])
@pytest.mark.parametrize("settings", [{}, {"dedup": True}, {"max_flows": 2}, {"checksums": True}], ids=str)
def test_each_report_is_that_of_what_was_read(name: str, settings: dict[str, Any]) -> None:
    """A report says of its frames, open fragments and connections too, what a scan of them says."""
    pieces = pieces_of(WHOLE if name == "showcase" else (SAMPLES / f"{name}.pcap").read_bytes())
    stream: Any = Records(pieces)
    step, frames = len(pieces) // 12, vxinspect.scan(b"".join(pieces)).frames["total"]
    seen: list[int] = []
    for report in vxinspect.follow(stream, interval="1ns", **settings):
        count = report.frames["total"]
        # Some of them: each is compared in full.
        if count in seen or (count % step and count < frames):
            continue
        seen.append(count)
        whole = vxinspect.scan(b"".join(pieces[: count + 1]), **settings)
        assert tools.content(report) == tools.content(whole), count
        tools.assert_conservation(report)
    assert seen[-1] == frames
    assert len(seen) > 5


def test_following_reads_once() -> None:
    """There is no second reading for "auto", and no time that is none."""
    with pytest.raises(vxinspect.OptionError):
        vxinspect.follow("a.pcap", ports="auto")
    with pytest.raises(vxinspect.OptionError):
        vxinspect.follow("a.pcap", interval="soon")


def test_a_follower_is_let_go(tmp_path: Path) -> None:
    """Whoever has seen enough stops asking."""
    path = tmp_path / "a.pcap"
    path.write_bytes(FRONT)
    for report in vxinspect.follow(path, interval=0.1):
        assert report.frames["total"] == 7
        assert report.captures[0]["complete"]
        break
