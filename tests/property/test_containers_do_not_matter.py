"""The same frames give the same tables, whatever holds them and however they come in."""

import io
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import containers
import model
import packets
import pytest
import showcase
import strategies
import tools
from containers import Record
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import Frame

import vxinspect

FORMS: dict[str, Callable[[list[Record]], bytes]] = {
    "big-endian pcap": lambda records: containers.pcap(records, order=">"),
    "nanosecond pcap": lambda records: containers.pcap(records, nanosecond=True),
    "big-endian nanosecond pcap": lambda records: containers.pcap(records, order=">", nanosecond=True),
    "pcapng": containers.pcapng,
    "big-endian pcapng": lambda records: containers.pcapng(records, order=">"),
    "nanosecond pcapng": lambda records: containers.pcapng(records, tsresol=9),
    "pcapng with a time offset": lambda records: containers.pcapng(
        records, tsresol=6, tsoffset=1_600_000_000
    ),
    "busy pcapng": containers.pcapng_busy,
    "big-endian busy pcapng": lambda records: containers.pcapng_busy(records, order=">"),
}


@pytest.mark.parametrize("form", FORMS)
@given(frames=strategies.captures(most=8, overlays=strategies.OVERLAYS))
@settings(max_examples=25)
def test_every_container_gives_equal_tables(form: str, frames: list[Frame]) -> None:
    """Both formats in both byte orders and all resolutions say what little-endian microsecond pcap says."""
    records = packets.records(frames)
    plain = tools.scanned(containers.pcap(records))
    other = tools.scanned(FORMS[form](records))
    assert tools.content(other) == tools.content(plain)
    tools.assert_conservation(other)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("kind", containers.COMPRESSIONS)
@given(
    frames=strategies.captures(most=8, overlays=strategies.OVERLAYS),
    form=st.sampled_from(["pcapng", "big-endian pcap"]),
)
@settings(max_examples=10)
def test_compression_does_not_matter(kind: str, members: int, frames: list[Frame], form: str) -> None:
    """Any compression, also as several members one after the other, says what the plain capture says."""
    capture = FORMS[form](packets.records(frames))
    report = tools.scanned(containers.compress(kind, capture, members))
    assert tools.content(report) == tools.content(tools.scanned(capture))
    assert [c["complete"] for c in report.summary["captures"]] == [True]


@given(strategies.captures(most=8, overlays=strategies.OVERLAYS))
@settings(max_examples=20)
def test_every_way_in_gives_equal_tables(frames: list[Frame]) -> None:
    """A path as text or Path, bytes, an open file, a file in memory and a pipe say the same."""
    capture = containers.pcap(packets.records(frames))
    expected = tools.content(tools.scanned(capture))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture.txt"  # the name says nothing
        path.write_bytes(capture)
        assert tools.content(tools.scanned(path)) == expected
        assert tools.content(tools.scanned(str(path))) == expected
        with path.open("rb") as file:
            assert tools.content(tools.scanned(file)) == expected
    assert tools.content(tools.scanned(io.BytesIO(capture))) == expected
    assert tools.content(scan_pipe(capture)) == expected


def scan_pipe(capture: bytes) -> vxinspect.Report:
    """Scan what a pipe delivers."""
    read, write = os.pipe()

    def feed() -> None:
        with os.fdopen(write, "wb") as into:
            into.write(capture)

    feeder = threading.Thread(target=feed)
    feeder.start()
    with os.fdopen(read, "rb") as out:
        report = tools.scanned(out)
    feeder.join()
    return report


@pytest.mark.parametrize("kind", ["plain", *containers.COMPRESSIONS])
def test_the_command_line_reads_a_pipe(kind: str, tmp_path: Path) -> None:
    """A capture piped in, named `-` or not named at all, gives what its file gives."""
    capture = containers.pcap(packets.records(showcase.frames()))
    data = capture if kind == "plain" else containers.compress(kind, capture)
    path = tmp_path / "capture"
    path.write_bytes(data)
    expected = tools.cli_json("flows", path)
    assert len(expected) > 5
    assert tools.cli_json("flows", stdin=data) == expected
    assert tools.cli_json("flows", "-", stdin=data) == expected


def test_simple_packet_blocks_have_no_time() -> None:
    """Frames of pcapng Simple Packet Blocks are counted like any others; their times are null."""
    records = [record for record in packets.records(showcase.frames()) if len(record.data) == record.wire]
    capture = containers.Pcapng().section().interface(snaplen=0)
    for record in records:
        capture.simple(record)
    found = tools.tables(vxinspect.scan(capture.data))
    expected = tools.tables(vxinspect.scan(containers.pcap(records)))
    timeless = dict.fromkeys(("first_seen", "last_seen", "duration_s", "rtt_ms", "rtt_syn_ms", "rtt_ack_ms"))

    def timed(row: tools.Row) -> tools.Row:
        # What came late in TCP was sent again, or overtaken: that is told by time.
        late = {key: row.pop(key) for key in list(row) if key.startswith(("retransmi", "out_of_order"))}
        return row | {"late": sum(count or 0 for key, count in late.items() if "percent" not in key)}

    for name, rows in expected.items():
        without = [row | {key: None for key in timeless if key in row} for row in rows]
        assert [timed(row) for row in found[name]] == [timed(row) for row in without], name


@pytest.mark.parametrize(
    ("tsresol", "step"), [(0x80 | 20, 2**-20), (0x80 | 0, 1.0), (0, 1.0), (3, 0.001), (0x80 | 33, 2**-33)]
)
def test_every_time_resolution_is_read(tsresol: int, step: float) -> None:
    """`if_tsresol` as a power of ten or of two: a tick after a whole second is told to the nanosecond."""
    record = packets.records(showcase.frames())[1]
    second = record.time // 10**9
    capture = containers.Pcapng().section().interface(tsresol=tsresol)
    resolution = capture.resolutions[0]
    ticks = second * resolution + 1
    capture.packet(replace(record, time=-(-ticks * 10**9 // resolution)))
    nanoseconds = ticks * 10**9 // resolution - second * 10**9
    assert nanoseconds == int(step * 10**9)
    (row,) = vxinspect.scan(capture.data).vnis
    assert row["first_seen"] == model.rfc3339(second * 10**9 + nanoseconds)
