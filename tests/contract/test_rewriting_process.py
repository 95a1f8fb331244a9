"""`decap`, `extract` and `encap` as processes: pipes, interruption, full disks, folders."""

import contextlib
import os
import resource
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import containers
import craft
import packets
import pytest
import reading
import showcase
import tools
from containers import Record

SAMPLE = Path(__file__).parents[2] / "samples" / "two-tenants.pcap"
START = 1_700_000_000 * 10**9
HEADERS = ("--src-vtep", "192.0.2.1", "--dst-vtep", "192.0.2.2", "--vni", "7")
COMMANDS = {"decap": ("decap",), "extract": ("extract",), "encap": ("encap", *HEADERS)}


@contextlib.contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program on a pipe that stays open."""
    # A child of a shell's background job would ignore the signal, as that does.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [tools.program(), *map(str, arguments)],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        bufsize=0,
        env=tools.environment(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            signal.signal(signal.SIGINT, before)


def read_until(process: subprocess.Popen[bytes], size: int) -> bytes:
    """Read so many bytes of its output."""
    assert process.stdout is not None
    said = b""
    while len(said) < size:
        more = process.stdout.read(size - len(said))
        assert more, "the output ended"
        said += more
    return said


@pytest.mark.parametrize("name", COMMANDS)
def test_pipes_at_both_ends(name: str) -> None:
    """Each frame is written before the next is sent, so that a viewer behind the pipe can follow."""
    records = packets.records(showcase.web(7))
    with started(*COMMANDS[name], "-o", "-") as process:
        assert process.stdin is not None
        process.stdin.write(containers.pcap_header())
        process.stdin.write(containers.pcap_record(records[0]))
        said = read_until(process, 24 + 16)
        for record in records[1:]:
            held = int.from_bytes(said[-8:-4], "little")
            read_until(process, held)
            process.stdin.write(containers.pcap_record(record))
            said = read_until(process, 16)
        process.stdin.close()
        assert process.stdout is not None
        assert len(process.stdout.read()) == int.from_bytes(said[-8:-4], "little")
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read().startswith(b"-: 9 frames\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_closed_pipe_ends_it_quietly(name: str, tmp_path: Path) -> None:
    """When the reader goes away, as `head` does, nothing is said."""
    source = tmp_path / "many.pcap"
    source.write_bytes(containers.pcap(packets.records(showcase.web(7)) * 5000))
    with started(*COMMANDS[name], source, "-o", "-") as process:
        read_until(process, 100)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) in (0, 141, -signal.SIGPIPE)


ENDINGS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
"""Signals that end a run, with their exit codes."""


@pytest.mark.parametrize(("number", "code"), ENDINGS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_ends_a_capture_from_a_pipe(name: str, number: int, code: int, tmp_path: Path) -> None:
    """What came from a pipe until Ctrl-C or `kill` is a whole capture: that is how one ends a live one."""
    target = tmp_path / "out.pcapng"
    with started(*COMMANDS[name], "-o", target) as process:
        assert process.stdin is not None
        process.stdin.write(containers.pcap(packets.records(showcase.web(7))))
        time.sleep(1)
        assert not target.exists(), "it appears at the end"
        process.send_signal(number)
        assert process.stderr is not None
        errors = process.stderr.read().decode().splitlines()
        assert process.wait(20) == code
    assert errors[0] == f"{target}: 9 frames"
    assert errors[-1] == "interrupted: the output covers what was read until then"
    assert len(reading.read(target.read_bytes()).records) == 9
    assert [path.name for path in tmp_path.iterdir()] == ["out.pcapng"]


@pytest.mark.parametrize(("number", "code"), ENDINGS)
@pytest.mark.parametrize("split", [False, True])
def test_a_signal_while_files_are_read_leaves_nothing(
    number: int, code: int, tmp_path: Path, *, split: bool
) -> None:
    """A file can be read again: an interrupted run over files leaves nothing, and what was there stays."""
    source = tmp_path / "many.pcap"
    record = packets.records(showcase.web(7))[0]
    source.write_bytes(containers.pcap([record] * 400_000))
    target = tmp_path / "out"
    options = ("--split-by", "vni") if split else ("--write-format", "pcap")
    if not split:
        target.write_bytes(b"before")
    with started("decap", source, *options, "--compress", "xz", "-o", target) as process:
        while not [path for path in tmp_path.iterdir() if path.name.startswith(".out.")]:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(60) == code
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    if split:
        assert [path.name for path in tmp_path.iterdir()] == ["many.pcap"]
    else:
        assert target.read_bytes() == b"before"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["many.pcap", "out"]


@pytest.mark.parametrize("options", [(), ("--split-by", "vni")])
def test_a_full_disk_is_one_line(options: tuple[str, ...], tmp_path: Path) -> None:
    """Where no more can be written the error says so, and nothing is left."""
    source = tmp_path / "many.pcap"
    source.write_bytes(containers.pcap(packets.records(showcase.web(7)) * 5000))
    target = tmp_path / "out"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = subprocess.run(
        [tools.program(), "decap", str(source), *options, "--write-format", "pcapng", "-o", str(target)],
        capture_output=True,
        preexec_fn=limit,
        env=tools.environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.decode() == f"vxinspect: {target}: File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["many.pcap"]
    full = tools.cli("decap", source, "--write-format", "pcap", "-o", "/dev/full")
    assert (full.code, full.errors) == (2, ["vxinspect: /dev/full: No space left on device"])


def many_vnis(count: int) -> bytes:
    """Return a capture of three packets in each of so many VNIs, one VNI after the other three times over."""
    inner = craft.ethernet("02:aa:00:00:00:02", "02:aa:00:00:00:01", 0x88CC, bytes(46))
    before = craft.vxlan(0, inner)
    frame = craft.ethernet(
        *("02:00:00:00:00:02", "02:00:00:00:00:01", 0x0800),
        craft.ipv4("192.0.2.1", "192.0.2.2", 17, craft.udp(50_000, 4789, before)),
    )
    at = frame.index(before) + 4
    head, tail = frame[:at], frame[at + 3 :]
    return containers.pcap(
        [
            Record(START + n, head + craft.number(vni, 3) + tail, len(frame))
            for n in range(3)
            for vni in range(count)
        ]
    )


def test_many_vnis_need_few_open_files(tmp_path: Path) -> None:
    """Thousands of captures are written with a handful of file descriptors."""
    source = tmp_path / "many.pcap"
    source.write_bytes(many_vnis(3000))
    folder = tmp_path / "tenants"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

    done = subprocess.run(
        [tools.program(), "decap", str(source), "--split-by", "vni", "-o", str(folder)],
        capture_output=True,
        preexec_fn=limit,
        env=tools.environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.decode() == f"{folder}: 3,000 captures, 9,000 frames\n"
    assert {path.name for path in folder.iterdir()} == {f"vni-{vni}.pcapng" for vni in range(3000)}
    for vni in (0, 1, 2999):
        found = reading.read((folder / f"vni-{vni}.pcapng").read_bytes())
        assert len(found.records) == 3
        assert set(found.names) == {f"vni-{vni}"}


def test_a_folder_must_be_new_or_empty(tmp_path: Path) -> None:
    """What is in a folder is neither replaced nor mixed with; a link in it is not followed out of it."""
    outside = tmp_path / "outside.pcapng"
    outside.write_bytes(b"precious")
    folder = tmp_path / "tenants"
    folder.mkdir()
    (folder / "vni-100.pcapng").symlink_to(outside)
    answer = tools.cli("decap", SAMPLE, "--split-by", "vni", "-o", folder)
    assert (answer.code, answer.errors) == (2, [f"vxinspect: {folder}: expected a new or an empty folder"])
    assert outside.read_bytes() == b"precious"
    (folder / "vni-100.pcapng").unlink()
    assert tools.cli("decap", SAMPLE, "--split-by", "vni", "-o", folder).code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["vni-100.pcapng", "vni-200.pcapng"]
    for target, reason in ((outside, "expected a folder"), (tmp_path / "no" / "x", "no such directory")):
        answer = tools.cli("decap", SAMPLE, "--split-by", "tunnel", "-o", target)
        assert (answer.code, answer.errors) == (2, [f"vxinspect: {target}: {reason}"])


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    """Whatever the umask allows, nobody but the user gets at a new folder and its captures."""
    for extra in ((), ("--compress", "gzip")):
        folder = tmp_path / "-".join(("folder", *extra))
        assert tools.cli("decap", SAMPLE, "--split-by", "vni", "-o", folder, *extra).code == 0
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("name", COMMANDS)
def test_usage_errors(name: str, tmp_path: Path) -> None:
    """A terminal, a name that tells no format, and the input as output are refused at once."""
    command = COMMANDS[name]
    refused = tools.cli_terminal(*command, SAMPLE, "-o", "-")
    assert refused.code == 2
    assert b"a capture is not for a terminal" in refused.out
    answer = tools.cli(*command, SAMPLE, "-o", tmp_path / "out.txt")
    assert answer.code == 2
    assert answer.errors[0].startswith("vxinspect: --output: expected a name that ends in .pcap or .pcapng")
    copy = tmp_path / "copy.pcap"
    copy.write_bytes(SAMPLE.read_bytes())
    answer = tools.cli(*command, copy, "-o", copy)
    assert answer.code == 2
    assert "cannot be the output too" in answer.errors[0]
    assert copy.read_bytes() == SAMPLE.read_bytes()
    answer = tools.cli(*command, tmp_path / "missing.pcap", "-o", tmp_path / "out.pcap")
    assert answer.errors == [f"vxinspect: {tmp_path / 'missing.pcap'}: No such file or directory"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.pcap"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_capture_cut_short_gives_its_whole_part(name: str, tmp_path: Path) -> None:
    """The frames before the cut are written; a warning tells, and `--strict` makes it exit with 2."""
    source = tmp_path / "cut.pcap"
    source.write_bytes(SAMPLE.read_bytes()[:4000])
    for strict, code in (((), 0), (("--strict",), 2)):
        answer = tools.cli(*COMMANDS[name], *strict, source, "-o", tmp_path / "out.pcap")
        assert answer.code == code
        assert answer.errors[1] == (
            f"warning: {source}: cut short at byte 3898; the output covers the frames before"
        )
        kept = 28 if name == "encap" else 26
        assert len(reading.read((tmp_path / "out.pcap").read_bytes()).records) == kept


def test_devices_are_written_to() -> None:
    """A device is not replaced by a file."""
    assert tools.cli("decap", SAMPLE, "--write-format", "pcap", "-o", os.devnull).code == 0
    assert Path(os.devnull).is_char_device()
