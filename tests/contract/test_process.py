"""The command as a process: exit codes, closed pipes, interruption, output files."""

import contextlib
import fcntl
import json
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import containers
import packets
import pytest
import showcase
import tools
from inner import L4, Inner, InnerIp
from shells import Outer

RECORDS = packets.records(showcase.frames())


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Return the showcase as a file."""
    path = tmp_path / "showcase.pcap"
    path.write_bytes(containers.pcap(RECORDS))
    return path


@pytest.mark.parametrize("command", [("summary",), *tools.COMMANDS.values()], ids=" ".join)
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "markdown"])
def test_every_command_ends_with_nought(command: tuple[str, ...], form: str, capture: Path) -> None:
    """Each command in each format prints something and ends with exit code 0."""
    answer = tools.cli(*command, "--format", form, capture)
    assert answer.code == 0, answer.err
    assert answer.out
    tools.assert_no_control_characters(answer.out.replace(b"\r\n", b"\n"))


def test_a_capture_without_vxlan_is_no_error(tmp_path: Path) -> None:
    """A capture of other traffic, or of none, gives empty tables and exit code 0."""
    path = tmp_path / "empty.pcap"
    path.write_bytes(containers.pcap([]))
    for command in tools.COMMANDS.values():
        answer = tools.cli(*command, "--json", path)
        assert answer.code == 0
        if command[0] != "overhead":
            assert json.loads(answer.text) == []


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    """When the reader goes away, as `head` does, nothing is said and there is no traceback."""
    frames = []
    for port in range(1, 20_000):
        l4 = L4("udp", port, 9)
        inner = Inner(showcase.MAC_B, showcase.MAC_A, InnerIp(showcase.HOST_A, showcase.HOST_B, l4))
        frames.append(packets.Packet(showcase.START, Outer(showcase.A, showcase.B), 1, inner))
    path = tmp_path / "many.pcap"
    path.write_bytes(containers.pcap(packets.records(frames)))
    with subprocess.Popen(
        [tools.program(), "flows", "--format", "csv", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=tools.environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"vni,")
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(30)
    assert said == b""
    assert code in (0, 141, -signal.SIGPIPE)


def wait_until_read(pipe: int) -> None:
    """Wait until the other side has read all that was written to a pipe, and a moment for it to count."""
    unread = bytearray(4)
    end = time.monotonic() + 30
    while True:
        fcntl.ioctl(pipe, termios.FIONREAD, unread)
        if not any(unread) or time.monotonic() > end:
            break
        time.sleep(0.02)
    time.sleep(0.3)


@contextlib.contextmanager
def interrupted(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command on a pipe that does not end, let it read the showcase, and send it SIGINT."""
    # A child of a shell's background job would ignore the signal, as that does.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(
            [tools.program(), *arguments], stdin=pipe, stdout=pipe, stderr=pipe, env=tools.environment()
        ) as process:
            assert process.stdin is not None
            process.stdin.write(containers.pcap(RECORDS))
            process.stdin.flush()
            wait_until_read(process.stdin.fileno())
            process.send_signal(signal.SIGINT)
            yield process
    finally:
        signal.signal(signal.SIGINT, before)


def packets_of_the_showcase() -> int:
    """Return how many VXLAN packets the showcase has."""
    return sum(fact.disposition == "vxlan" for fact in packets.facts(showcase.frames()))


@pytest.mark.parametrize("form", ["json", "table"])
def test_ctrl_c_prints_the_report_so_far(form: str) -> None:
    """SIGINT while a pipe never ends: the frames so far are reported, and the exit code is 130."""
    with interrupted("vnis", "--format", form, "-") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = process.stdout.read(), process.stderr.read()
        code = process.wait(20)
    assert code == 130, err
    assert b"Traceback" not in err
    if form == "json":
        assert sum(row["packets"] for row in json.loads(out)) == packets_of_the_showcase()
    else:
        assert b"100" in out


def test_ctrl_c_that_ends_the_writer_too_prints_the_report() -> None:
    """Ctrl-C on a terminal ends the writer as well: the pipe closes at once, the report is still printed."""
    with interrupted("vnis", "--json", "-") as process:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert sum(row["packets"] for row in json.loads(out or b"[]")) == packets_of_the_showcase()


def test_an_output_file_appears_whole(capture: Path, tmp_path: Path) -> None:
    """`-o` writes what standard output would have said, and nothing else is left in the folder."""
    folder = tmp_path / "out"
    folder.mkdir()
    answer = tools.cli("flows", "--json", "-o", folder / "flows.json", capture)
    assert answer.code == 0
    assert answer.out == b""
    assert (folder / "flows.json").read_bytes() == tools.cli("flows", "--json", capture).out
    assert [path.name for path in folder.iterdir()] == ["flows.json"]


def test_a_failed_run_leaves_no_output_file(tmp_path: Path) -> None:
    """When the capture cannot be read, an output file that was there is still what it was."""
    kept = tmp_path / "flows.json"
    kept.write_text("before")
    answer = tools.cli("flows", "--json", "-o", kept, tmp_path / "missing.pcap")
    assert answer.code == 2
    assert kept.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["flows.json"]


def test_no_capture_on_a_terminal_is_a_usage_error() -> None:
    """With nothing piped in and no capture named, the command does not wait for a terminal's input."""
    answer = tools.cli_terminal("vnis")
    assert answer.code == 2
    assert b"Traceback" not in answer.out


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("command", [("summary",), *tools.COMMANDS.values()], ids=" ".join)
def test_no_line_is_wider_than_the_terminal(columns: int, command: tuple[str, ...], capture: Path) -> None:
    """At 80 and at 200 columns no row wraps."""
    answer = tools.cli_terminal(*command, "--color", "never", "-q", capture, columns=columns)
    assert answer.code == 0, answer.out
    lines = answer.text.replace("\r\n", "\n").split("\n")
    assert max(map(len, lines)) <= columns


def test_colour_only_where_it_is_wanted(capture: Path) -> None:
    """Colours on a terminal and with `always`; none in a pipe, with `never`, or with NO_COLOR."""
    escape = b"\x1b["
    assert escape in tools.cli("summary", "--color", "always", capture).out
    assert escape not in tools.cli("summary", capture).out
    assert escape not in tools.cli("summary", capture, NO_COLOR="1").out
    assert escape in tools.cli("summary", capture, FORCE_COLOR="1").out
    assert escape in tools.cli_terminal("summary", capture).out
    assert escape not in tools.cli_terminal("summary", "--color", "never", capture).out
    for form in ("json", "jsonl", "csv"):
        assert escape not in tools.cli("flows", "--color", "always", "--format", form, capture).out


def test_quiet_says_nothing_beside_the_result(tmp_path: Path) -> None:
    """`-q` keeps standard error empty where a hint would stand."""
    path = tmp_path / "other-port.pcap"
    frames = [
        replace(f, outer=replace(f.outer, port=8472))
        for f in showcase.web(4)
        if isinstance(f, packets.Packet)
    ]
    path.write_bytes(containers.pcap(packets.records(frames)))
    loud, quiet = tools.cli("vnis", "--json", path), tools.cli("vnis", "--json", "-q", path)
    assert quiet.err == b""
    assert loud.out == quiet.out
    assert "9 frames on UDP 8472 look like VXLAN (VNI 4): add --port 8472" in loud.err.decode()
    auto = tools.cli_json("vnis", "--port", "auto", path)
    assert [(row["vni"], row["packets"]) for row in auto] == [(4, 9)]
    assert auto == tools.cli_json("vnis", "--port", "8472", path)


def test_sort_and_limit(capture: Path) -> None:
    """`--sort` orders by a column and `--limit` cuts, for machine formats too."""
    rows = tools.cli_json("flows", "--sort", "packets", capture)
    counts = [row["packets"] for row in rows]
    assert counts in (sorted(counts), sorted(counts, reverse=True))
    assert tools.cli_json("flows", "--sort", "packets", "--limit", "2", capture) == rows[:2]
    assert len(tools.cli_json("flows", capture)) == len(rows)
