"""`packets`: one row a frame, as it comes; in text as in Python, and as the frames were made."""

import csv
import io
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import containers
import craft
import dpkt
import packets
import pytest
import showcase
import strategies
import tools
import tshark
from facts import Fact
from hypothesis import given, settings
from inner import L4, Inner, InnerIp
from packets import Frame, Packet
from shells import Outer

import vxinspect
from vxinspect.columns import PACKETS
from vxinspect.render.machine import csv_text, json_rows, jsonl_rows

_COLUMNS = """number capture time src_vtep dst_vtep outer_src_port udp_port vni src_mac dst_mac vlan ethertype
    src_ip dst_ip protocol src_port dst_port tcp_flags wire_length captured_length inner_length payload_length
    disposition reason notes encapsulation depth policy_id flow_id"""
COLUMNS = _COLUMNS.split()
SAMPLE = Path(__file__).parents[2] / "samples" / "two-tenants.pcap"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Return the showcase as a file."""
    path = tmp_path / "showcase.pcap"
    path.write_bytes(containers.pcap(packets.records(showcase.frames()), nanosecond=True))
    return path


def rows_of(source: Any, **asked: Any) -> list[dict[str, Any]]:
    """Return the rows of a capture."""
    with vxinspect.packets(source, **asked) as stream:
        return [dict(packet.to_dict()) for packet in stream]


def test_columns_are_named_and_ordered_as_the_contract_says(capture: Path) -> None:
    """Declaration, Python, JSON, JSON Lines and CSV have the same columns in the same order."""
    assert list(PACKETS.names) == COLUMNS
    assert list(rows_of(capture)[0]) == COLUMNS
    assert list(json.loads(tools.cli("packets", capture, "--json").text)[0]) == COLUMNS
    assert list(json.loads(tools.cli("packets", capture, "--jsonl").text.splitlines()[0])) == COLUMNS
    assert tools.cli("packets", capture, "--format", "csv").text.splitlines()[0].split(",") == COLUMNS


def test_every_column_is_an_attribute(capture: Path) -> None:
    """An attribute says what the row says."""
    for packet in vxinspect.packets(capture, all_frames=True):
        row = packet.to_dict()
        assert {name: getattr(packet, name) for name in COLUMNS} == row
        assert packet.values() == tuple(row.values())


def expected_row(fact: Fact) -> dict[str, Any]:
    """Return what a row must say of a frame, by its own description."""
    common = {"wire_length": fact.wire, "disposition": fact.disposition, "reason": fact.reason}
    if fact.disposition != "vxlan":
        return common | {"vni": None, "src_ip": None, "inner_length": None, "notes": None, "depth": None}
    return common | {
        "src_vtep": fact.outer_src,
        "dst_vtep": fact.outer_dst,
        "outer_src_port": fact.source_port,
        "vni": fact.vni,
        "src_mac": fact.mac_src,
        "dst_mac": fact.mac_dst,
        "ethertype": fact.ethertype,
        "protocol": fact.protocol,
        "src_port": fact.sport,
        "dst_port": fact.dport,
        "tcp_flags": fact.flags,
        "inner_length": fact.inner_bytes,
        "encapsulation": fact.path,
        "depth": len(fact.levels),
        "policy_id": None if fact.policy is None else fact.policy[0],
    }


def assert_rows_are(frames: list[Frame], rows: list[dict[str, Any]]) -> None:
    """Assert that the rows say what the frames are."""
    facts = packets.facts(frames)
    assert [row["number"] for row in rows] == list(range(1, len(facts) + 1))
    for fact, row in zip(facts, rows, strict=True):
        wanted = expected_row(fact)
        assert {name: row[name] for name in wanted} == wanted
        if fact.disposition == "vxlan":
            assert ("inner_cut" in row["notes"]) == fact.cut
            assert ("reserved_bits" in row["notes"]) == fact.reserved
            assert ("offload" in row["notes"]) == fact.offload
            assert fact.ethertype == "arp" or row["src_ip"] == fact.ip_src
            # Where the headers are cut, what they carry is not known, and then neither 0.
            assert row["payload_length"] == fact.payload or (row["payload_length"] is None and fact.cut)


@given(strategies.captures(most=40))
@settings(max_examples=60)
def test_rows_say_what_the_frames_are(frames: list[Frame]) -> None:
    """Random frames of every kind, whole and cut: each has its row, which agrees with its description."""
    data = containers.pcapng(packets.records(frames), tsresol=9)
    assert_rows_are(frames, rows_of(data, all_frames=True))
    wanted = [n for n, fact in enumerate(packets.facts(frames), 1) if fact.disposition == "vxlan"]
    assert [row["number"] for row in rows_of(data)] == wanted


def test_inner_frame_of_outer_fragments() -> None:
    """Put together, the inner frame is in no frame of the capture: its bytes are given all the same."""
    for size in (900, 2000, 60_000):
        body = InnerIp(showcase.HOST_A, showcase.HOST_B, L4("udp", payload=bytes(range(250)) * (size // 250)))
        inner = Inner(showcase.MAC_B, showcase.MAC_A, body)
        outer = Outer(showcase.A, showcase.B, ident=3)
        whole = packets.Packet(showcase.START, outer, 7, inner)
        for pieces in (whole.fragments(400), whole.fragments(8)[::-1]):
            (packet,) = vxinspect.packets(containers.pcap(packets.records(pieces)))
            assert (packet.number, packet.inner_length) == (len(pieces), len(inner.encode()))
            assert packet.inner == inner.encode()
            assert packet.notes == ["reassembled"]


def test_text_is_letter_by_letter_what_python_would_draw(capture: Path, tmp_path: Path) -> None:
    """The engine's JSON, JSON Lines and CSV are those of `render.machine` for the same values."""
    second = tmp_path / 'strange "name", with\\ é\x07\x1b[31m\x7f=.pcap'
    second.write_bytes(containers.pcapng(packets.records(showcase.frames())))
    for sources in ([capture], [second, capture]):
        rows = [packet.values() for packet in vxinspect.packets(sources, all_frames=True)]
        assert len({row[1] for row in rows}) == len(sources)
        drawn = {"json": json_rows, "jsonl": jsonl_rows, "csv": csv_text}
        for form, draw in drawn.items():
            # The frames of one are copies of the other's, which a hint would tell.
            answer = tools.cli("packets", "--all", "-q", "--format", form, *sources)
            assert answer.text == "".join(draw(COLUMNS, rows)), form
            assert answer.err == b""


def test_no_row_is_sound_in_every_form(tmp_path: Path) -> None:
    """Without a packet JSON is an empty array, CSV a header, JSON Lines nothing, and people are told."""
    path = tmp_path / "empty.pcap"
    path.write_bytes(containers.pcap([]))
    said = {form: tools.cli("packets", path, "--format", form) for form in ("json", "jsonl", "csv", "table")}
    assert [answer.code for answer in said.values()] == [0] * 4
    assert said["json"].text == "[]\n"
    assert said["jsonl"].text == ""
    assert said["csv"].text == ",".join(COLUMNS) + "\n"
    assert said["table"].text == "no packets\n"


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_lines_for_people_fit(capture: Path, columns: int) -> None:
    """No line is wider than the terminal, and nothing in one can steer it."""
    answer = tools.cli("packets", "--all", capture, COLUMNS=str(columns))
    assert max(map(len, answer.text.splitlines())) <= columns
    tools.assert_no_control_characters(answer.out)
    assert len(answer.text.splitlines()) == len(showcase.frames()) + 2


def test_selection_limit_and_count(capture: Path) -> None:
    """A selection chooses packets, `--limit` rows, `-c` frames; the window cuts frames away altogether."""
    everything = rows_of(capture, all_frames=True)
    chosen = tools.cli_json("packets", "--vni", "100", capture)
    assert chosen == [row for row in everything if row["vni"] == 100]
    assert tools.cli_json("packets", "--all", "--vni", "100", capture) == [
        row for row in everything if row["disposition"] != "vxlan" or row["vni"] == 100
    ]
    assert tools.cli_json("packets", "--all", "--limit", "3", capture) == everything[:3]
    assert tools.cli_json("packets", "--all", "--limit", "0", capture) == everything
    assert tools.cli_json("packets", "--all", "-c", "5", capture) == everything[:5]
    since = everything[4]["time"]
    cut = tools.cli_json("packets", "--all", "--since", since, capture)
    assert cut == [row for row in everything if row["time"] >= since]


def test_hints_come_as_with_other_commands(tmp_path: Path) -> None:
    """VXLAN on a port that was not asked for gives the hint, and `--port auto` the packets."""
    answer = tools.cli("packets", "--jsonl", SAMPLE, "--port", "8472")
    assert answer.text == ""
    assert (
        answer.err.decode()
        == "hint: 51 frames on UDP 4789 look like VXLAN (VNIs 100, 200): add --port 4789\n"
    )
    data = SAMPLE.read_bytes()
    found = tools.cli("packets", "--jsonl", "-", "--port", "8472", "--port", "auto", stdin=data)
    assert found.text == tools.cli("packets", "--jsonl", SAMPLE).text
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(data[:4000])
    answer = tools.cli("packets", "--jsonl", cut)
    assert answer.code == 0
    assert len(answer.text.splitlines()) == 26
    assert "cut short at byte 3898; the output covers the frames before" in answer.err.decode()
    assert tools.cli("packets", "--jsonl", "--strict", cut).code == 2


@pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")
def test_tshark_says_the_same_of_the_sample() -> None:
    """Each packet of the sample has tshark's number, time, VNI, lengths, MACs and inner addresses."""
    names = ("frame.number", "frame.time_epoch", "frame.len", "vxlan.vni", "eth.src", "eth.dst", "ip.src")
    seen = [frame for frame in tshark.fields(SAMPLE, names) if frame["vxlan.vni"]]
    rows = list(vxinspect.packets(SAMPLE))
    assert len(rows) == len(seen) == 51
    for frame, packet in zip(seen, rows, strict=True):
        assert int(frame["frame.number"][0]) == packet.number
        assert packet.time_ns is not None
        assert frame["frame.time_epoch"][0] == f"{packet.time_ns / 10**9:.6f}000"
        assert int(frame["frame.len"][0]) == packet.wire_length
        assert int(frame["vxlan.vni"][0]) == packet.vni
        assert (frame["eth.src"][1], frame["eth.dst"][1]) == (packet.src_mac, packet.dst_mac)
        if packet.ethertype == "ipv4":
            assert frame["ip.src"] == [packet.src_vtep, packet.src_ip]


@given(strategies.captures(kinds=["ethernet", "sll", "raw"], most=20))
@settings(max_examples=30)
def test_the_inner_frame_s_bytes_are_those_that_were_put_in(frames: list[Frame]) -> None:
    """`inner` is what the capture holds of the inner frame, byte for byte, and `frame` the whole record."""
    read = list(vxinspect.packets(containers.pcapng(packets.records(frames)), all_frames=True))
    for frame, packet in zip(frames, read, strict=True):
        assert packet.frame == frame.record().data
        if packet.disposition != "vxlan":
            assert packet.inner is None
        elif isinstance(frame, Packet):
            counted = frame.counted()
            whole = counted.inner.encode()
            held = len(packet.frame) - counted.before_inner
            assert packet.inner == whole[: max(0, min(held, len(whole)))]


def test_dpkt_reads_the_inner_frames() -> None:
    """The bytes go into dpkt as they are, and it says the same of them."""
    seen = 0
    for packet in vxinspect.packets(SAMPLE, select={"protocol": "tcp"}):
        assert packet.inner is not None
        ethernet = dpkt.ethernet.Ethernet(packet.inner)
        assert ethernet.src == craft.mac(str(packet.src_mac))
        assert (ethernet.data.data.sport, ethernet.data.data.dport) == (packet.src_port, packet.dst_port)
        assert len(ethernet.data.data.data) == packet.payload_length
        seen += 1
    assert seen == 35


def test_sources_of_every_kind() -> None:
    """A path, bytes, an open file and several of them are read alike."""
    expected = rows_of(SAMPLE)
    data = SAMPLE.read_bytes()
    assert rows_of(data) == expected
    with SAMPLE.open("rb") as file:
        assert rows_of(file) == expected
    both = rows_of([io.BytesIO(data), data])
    assert [row | {"capture": None} for row in both] == expected * 2
    assert [row["capture"] for row in both] == ["<stream>"] * 51 + ["<bytes>"] * 51


def test_packets_are_read_as_they_are_asked_for() -> None:
    """The first packet of a stream is there long before the stream ends."""
    data = SAMPLE.read_bytes()
    end, rest = 24 + 3 * 200, 0

    class Endless(io.RawIOBase):
        """Gives the sample's first frames, and fails when asked for more than a few times."""

        def read(self, _: int = -1) -> bytes:
            nonlocal rest
            rest += 1
            assert rest < 5, "read on though nobody asked"
            return data[:end] if rest == 1 else b""

    with vxinspect.packets(Endless()) as stream:
        assert next(stream).number == 3
        assert rest < 4


def open_files() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_closed_stream_is_at_its_end() -> None:
    """Leaving the block lets go of the file; there are no packets after it, and closing twice is fine."""
    before = open_files()
    stream = vxinspect.packets(SAMPLE)
    with stream:
        next(stream)
    assert open_files() == before
    stream.close()
    assert list(stream) == []


def test_errors_are_those_of_a_scan(tmp_path: Path) -> None:
    """What cannot be read and what makes no sense raises what `scan` raises."""
    with pytest.raises(vxinspect.UnknownFormatError):
        list(vxinspect.packets(b"no capture"))
    with pytest.raises(vxinspect.UnreadableCaptureError):
        list(vxinspect.packets(tmp_path / "missing"))
    with pytest.raises(vxinspect.OptionError):
        vxinspect.packets(SAMPLE, select={"vni": "x"})
    with pytest.raises(vxinspect.OptionError):
        vxinspect.packets(SAMPLE, ports=0)


def test_a_cut_capture_tells_of_it() -> None:
    """A capture that breaks off ends the iteration, and `captures` says where."""
    stream = vxinspect.packets(SAMPLE.read_bytes()[:4000])
    assert len(list(stream)) == 26
    assert stream.captures[0]["complete"] is False
    assert stream.captures[0]["truncated_at"] == 3898
    assert stream.frames["total"] == 28


# ---- as a process --------------------------------------------------------------------------------


@pytest.fixture
def live() -> Iterator[subprocess.Popen[bytes]]:
    """Run `packets --jsonl` on a pipe that stays open."""
    pipe = subprocess.PIPE
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        # Made-up segments have one sequence number, so some look like copies: quiet, to hear of nothing else.
        [tools.program(), "packets", "--jsonl", "-q"],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        env=tools.environment(),
    ) as process:
        yield process
        process.kill()
    signal.signal(signal.SIGINT, before)


def test_rows_come_while_the_pipe_is_open(live: subprocess.Popen[bytes]) -> None:
    """Each packet is told before the next is sent, and Ctrl-C ends it with 130."""
    records = packets.records(showcase.web(7))
    assert live.stdin is not None
    assert live.stdout is not None
    live.stdin.write(containers.pcap_header())
    for number, record in enumerate(records, 1):
        live.stdin.write(containers.pcap_record(record))
        live.stdin.flush()
        assert json.loads(live.stdout.readline())["number"] == number
    live.send_signal(signal.SIGINT)
    out, err = live.communicate(timeout=20)
    assert live.returncode == 130
    assert out == b""
    assert err == b"interrupted: the output covers what was read until then\n"


@pytest.mark.parametrize("form", ["table", "jsonl", "json", "csv"])
def test_head_ends_it_quietly(form: str, tmp_path: Path) -> None:
    """When the reader goes away nothing is said."""
    path = tmp_path / "many.pcap"
    path.write_bytes(containers.pcap(packets.records(showcase.web(7)) * 3000))
    with subprocess.Popen(
        [tools.program(), "packets", "--format", form, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=tools.environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) in (0, 141, -signal.SIGPIPE)


def test_an_interrupted_array_is_whole() -> None:
    """JSON is an array after Ctrl-C too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [tools.program(), "packets", "--json"],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        bufsize=0,
        env=tools.environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(containers.pcap(packets.records(showcase.web(7))))
        process.stdin.flush()
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    signal.signal(signal.SIGINT, before)
    assert process.returncode == 130
    assert len(json.loads(first + out)) == 9


def test_an_output_file_appears_whole(capture: Path, tmp_path: Path) -> None:
    """`-o` writes what standard output would have said; a failed run leaves what was there."""
    for form in ("jsonl", "table"):
        target = tmp_path / f"out.{form}"
        answer = tools.cli("packets", "--format", form, "-o", target, capture)
        assert (answer.code, answer.out, answer.err) == (0, b"", b"")
        assert target.read_bytes() == tools.cli("packets", "--format", form, capture).out
        before = target.read_bytes()
        assert tools.cli("packets", "--format", form, "-o", target, tmp_path / "missing").code == 2
        assert target.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


def test_csv_is_read_back(capture: Path) -> None:
    """CSV has the rows of JSON, null as nothing and lists with spaces."""
    told = tools.cli_json("packets", "--all", capture)
    read = list(csv.DictReader(io.StringIO(tools.cli("packets", "--all", "--format", "csv", capture).text)))
    for row, cells in zip(told, read, strict=True):
        for name, value in row.items():
            text = " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
            assert cells[name] == text
