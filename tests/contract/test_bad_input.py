"""Bad input: one clear line on standard error, exit code 2, never a traceback."""

import struct
from dataclasses import replace
from pathlib import Path

import containers
import packets
import pytest
import showcase
import tools

RECORDS = packets.records(showcase.frames()[:3])


def assert_one_line(answer: tools.Answer, *parts: str) -> None:
    """Assert exit code 2 and a single line with all these parts, on standard error alone."""
    assert answer.code == 2, answer
    assert answer.out == b""
    lines = [line for line in answer.errors if line.strip()]
    assert len(lines) == 1, answer.errors
    for part in parts:
        assert part in lines[0], (part, lines[0])
    tools.assert_no_control_characters(answer.err)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Return a sound capture."""
    path = tmp_path / "good.pcap"
    path.write_bytes(containers.pcap(RECORDS))
    return path


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    assert_one_line(tools.cli("summary", tmp_path / "missing.pcap"), "missing.pcap")


def test_a_directory(tmp_path: Path) -> None:
    """A folder is no capture."""
    assert_one_line(tools.cli("vnis", tmp_path), str(tmp_path))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.pcap", b""),
        ("notes.txt", b"These are notes, not packets.\n" * 20),
        ("unknown.bin", b"\xca\xfe\xba\xbe" + bytes(100)),
        ("page.html.gz", containers.compress("gzip", b"<html>" + bytes(100))),
        ("empty.gz", containers.compress("gzip", b"")),
    ],
)
def test_what_is_no_capture(name: str, data: bytes, tmp_path: Path) -> None:
    """An empty file, a text, an unknown magic and either of them compressed are refused by name."""
    path = tmp_path / name
    path.write_bytes(data)
    assert_one_line(tools.cli("flows", path), name)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("length", [0, 8, 13, 0xFFFFFFFC])
def test_an_impossible_block_length_names_its_offset(
    length: int, order: containers.Order, tmp_path: Path
) -> None:
    """A pcapng block shorter than its own head, of no multiple of four bytes, or absurdly long."""
    capture = containers.Pcapng(order).section().interface().packet(RECORDS[0])
    place = len(capture.data)
    broken = capture.data + struct.pack(order + "II", 6, length) + bytes(64)
    path = tmp_path / "broken.pcapng"
    path.write_bytes(broken)
    answer = tools.cli("vnis", "--strict", path)
    assert_damage(answer, tools.cli("vnis", path), place)


def assert_damage(strict: tools.Answer, lenient: tools.Answer, place: int) -> None:
    """Assert exit code 2 with `--strict`, and without it a warning; both name the place."""
    assert strict.code == 2
    assert str(place) in strict.err.decode()
    assert b"Traceback" not in strict.err + lenient.err
    assert lenient.code in (0, 2)
    assert str(place) in lenient.err.decode()


def test_a_first_block_of_impossible_length_is_an_error(tmp_path: Path) -> None:
    """Where nothing can be read at all, the exit code is 2 without `--strict` too."""
    section = bytearray(containers.Pcapng().section().data)
    section[4:8] = struct.pack("<I", 11)
    path = tmp_path / "broken.pcapng"
    path.write_bytes(bytes(section) + bytes(64))
    assert_one_line(tools.cli("vnis", path), "broken.pcapng", "0")


@pytest.mark.parametrize("value", ["banana", "16777216", "-1", "200-100", "1-", "", "1,,2"])
def test_a_bad_vni(value: str, good: Path) -> None:
    """A VNI is a number of 24 bits, a range of them, or several."""
    answer = tools.cli("vnis", f"--vni={value}", good)
    assert answer.code == 2
    assert_one_line(answer, "vni")


@pytest.mark.parametrize("command", tools.COMMANDS.values(), ids=" ".join)
def test_an_unknown_sort_column(command: tuple[str, ...], good: Path) -> None:
    """The column is named, and the table's real ones are offered."""
    assert_one_line(tools.cli(*command, "--sort", "colour", good), "colour", "packets")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--vtep", "300.1.1.1"),
        ("--mac", "02:00:00:00:00"),
        ("--host", "10.0.0.0/33"),
        ("--protocol", "carrier-pigeon"),
        ("--inner-port", "65536"),
        ("--since", "yesterday-ish"),
        ("--until", "2024-13-01T00:00:00Z"),
        ("--port", "0"),
        ("--count", "-1"),
        ("--limit", "-1"),
        ("--format", "yaml"),
        ("--threads", "0"),
    ],
)
def test_a_bad_option_value(option: str, value: str, good: Path) -> None:
    """Each common option refuses what makes no sense, by name."""
    answer = tools.cli("flows", option, value, good)
    assert answer.code == 2
    assert answer.out == b""
    assert option in answer.err.decode()
    assert b"Traceback" not in answer.err


def test_an_absurd_record_length_reports_what_came_before(tmp_path: Path) -> None:
    """A pcap record of two gigabytes stops the run there: a warning with the offset, 2 with `--strict`."""
    head = containers.pcap(RECORDS)
    path = tmp_path / "absurd.pcap"
    path.write_bytes(head + struct.pack("<IIII", 1_700_000_000, 0, 2**31 - 1, 2**31 - 1) + bytes(100))
    answer = tools.cli("vnis", "--json", path)
    assert answer.code == 0
    assert str(len(head)) in answer.err.decode()
    sound = tmp_path / "sound.pcap"
    sound.write_bytes(head)
    assert answer.out == tools.cli("vnis", "--json", sound).out
    strict = tools.cli("vnis", "--strict", path)
    assert strict.code == 2
    assert str(len(head)) in strict.err.decode()


def test_one_bad_capture_among_several_is_named(good: Path, tmp_path: Path) -> None:
    """With several captures the error says which one."""
    assert_one_line(tools.cli("vnis", good, tmp_path / "missing.pcap"), "missing.pcap")


def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Control characters in a file's name do not reach the terminal, in errors or in reports."""
    path = tmp_path / "evil\x1b[31m\n.pcap"
    assert_one_line(tools.cli("vnis", path), "evil")
    path.write_bytes(containers.pcap(RECORDS))
    answer = tools.cli("summary", path)
    assert answer.code == 0
    tools.assert_no_control_characters(answer.out)
    path.write_bytes(containers.pcap([replace(RECORDS[0], data=RECORDS[0].data[:-1])])[:-3])
    tools.assert_no_control_characters(tools.cli("summary", path).err)


@pytest.mark.parametrize(
    "filter_",
    [
        b"vni == \xff\xfe && tcp",
        b"tcp \x1b[2J\x07",
        b"(" * 100_000,
        b"!" * 100_000,
        b"vni in {" + b"1 " * 50_000,
        b'frame.time > "' + b"x" * 100_000,
        "vni == \u202e100".encode(),
        b"\n\n",
    ],
    ids=["no UTF-8", "escape sequence", "parentheses", "nots", "a set", "a quote", "right to left", "blank"],
)
def test_a_filter_that_is_none(filter_: bytes, good: Path) -> None:
    """One line, and below it the surroundings of what is wrong: never long, never steering the terminal."""
    answer = tools.cli("vnis", "-Y", filter_, good)
    assert (answer.code, answer.out) == (2, b"")
    first, *shown = answer.errors
    assert first.startswith("vxinspect: -Y: ")
    assert len(shown) == (0 if filter_.isspace() else 2)
    assert all(len(line) < 200 for line in answer.errors)
    tools.assert_no_control_characters(answer.err)
