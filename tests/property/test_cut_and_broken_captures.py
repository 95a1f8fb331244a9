"""A capture that ends early tells what is whole; a broken one ends in a clear error or a report."""

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path

import containers
import packets
import pytest
import showcase
import tools
from containers import Record
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import Frame

import vxinspect

SMALL: list[Frame] = [*showcase.frames()[:6], *showcase.frames()[-3:]]
RECORDS = packets.records(SMALL)
MAGIC = 4  # of fewer bytes nobody can say whether they begin a capture


def pcap_ends() -> list[int]:
    """Where the header and each record of the small pcap end."""
    ends = [24]
    for record in RECORDS:
        ends.append(ends[-1] + 16 + len(record.data))
    return ends


def pcapng_ends() -> list[tuple[int, int]]:
    """Where each block of the small pcapng ends, and how many frames there are up to it."""
    capture = containers.Pcapng().section()
    ends = [(len(capture.data), 0)]
    capture.interface()
    ends.append((len(capture.data), 0))
    for index, record in enumerate(RECORDS, start=1):
        capture.packet(record)
        ends.append((len(capture.data), index))
    return ends


def contents() -> list[dict[str, object]]:
    """Return what the first 0, 1, 2 ... records say."""
    return [
        tools.content(vxinspect.scan(containers.pcap(RECORDS[:count]))) for count in range(len(RECORDS) + 1)
    ]


def completeness(report: vxinspect.Report) -> tuple[bool, int | None]:
    """`complete` and `truncated_at` of the only capture."""
    (capture,) = report.summary["captures"]
    return capture["complete"], capture["truncated_at"]


def test_every_prefix_of_a_pcap_tells_its_whole_frames() -> None:
    """Cut at each byte: the tables of the whole frames, `complete` only where a record ends."""
    data, ends, expected = containers.pcap(RECORDS), pcap_ends(), contents()
    for size in range(MAGIC, len(data) + 1):
        report = vxinspect.scan(data[:size])
        whole = max(sum(end <= size for end in ends) - 1, 0)
        assert tools.content(report) == expected[whole], size
        assert completeness(report)[0] is (size in ends), size


def test_every_prefix_of_a_pcapng_tells_its_whole_frames() -> None:
    """The same for pcapng, where blocks take the place of records."""
    data, ends, expected = containers.pcapng(RECORDS), pcapng_ends(), contents()
    for size in range(MAGIC, len(data) + 1):
        report = vxinspect.scan(data[:size])
        whole = max((frames for end, frames in ends if end <= size), default=0)
        assert tools.content(report) == expected[whole], size
        assert completeness(report)[0] is (size in dict(ends)), size


@pytest.mark.parametrize("kind", containers.COMPRESSIONS)
def test_every_prefix_of_a_compressed_capture_tells_whole_frames(kind: str) -> None:
    """A compressed capture cut at any byte gives the tables of the frames that could be recovered."""
    expected = contents()
    data = containers.compress(kind, containers.pcap(RECORDS), 2)
    counts: list[int] = []
    for size in range(1, len(data)):
        try:
            report = vxinspect.scan(data[:size])
        except vxinspect.UnknownFormatError:
            assert not counts, size  # only as long as nothing of the capture could be recovered
            continue
        total = report.summary["frames"]["total"]
        assert tools.content(report) == expected[total], size
        counts.append(total)
    assert counts == sorted(counts)
    assert counts[-1] >= len(RECORDS) // 2 - 1


def test_the_command_line_ends_well_on_a_cut_capture(tmp_path: Path) -> None:
    """A cut capture is no error: exit code 0, and a warning on standard error; `--strict` makes it 2."""
    data, ends = containers.pcap(RECORDS), pcap_ends()
    path = tmp_path / "capture"
    for size in (4, 24, 25, ends[1] - 1, ends[1], ends[2] + 15, len(data) - 1, len(data)):
        path.write_bytes(data[:size])
        answer, strict = tools.cli("vnis", path), tools.cli("vnis", "--strict", path)
        assert answer.code == 0, (size, answer.err)
        assert strict.code == (0 if size in ends else 2), (size, strict.err)
        assert b"Traceback" not in answer.err + strict.err


# ---- broken --------------------------------------------------------------------------------------

MAGICS = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
    b"\x1f\x8b\x08",
)
COMPRESSED_MAGICS = (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\xfd7zXZ\x00")


def survive(data: bytes) -> None:
    """Scan it: a report that conserves, or an error of our own."""
    with contextlib.suppress(vxinspect.VxinspectError):
        tools.assert_conservation(vxinspect.scan(data))


@given(st.sampled_from([b"", *MAGICS, *COMPRESSED_MAGICS]), st.binary(max_size=400))
@settings(max_examples=400)
def test_random_bytes_never_break_the_reader(magic: bytes, data: bytes) -> None:
    """Any bytes, also behind the magic of a format, end in a report or in an error of our own."""
    survive(magic + data)


@given(st.sampled_from(containers.COMPRESSIONS), st.sampled_from(MAGICS), st.binary(max_size=200))
@settings(max_examples=60)
def test_random_bytes_inside_compression_never_break_the_reader(kind: str, magic: bytes, data: bytes) -> None:
    """The same inside a sound compressed file."""
    survive(containers.compress(kind, magic + data))


@given(
    st.sampled_from([0, 1, 12, 101, 108, 113, 228, 229, 276, 147]),
    st.lists(st.binary(max_size=120), max_size=8),
)
@settings(max_examples=200)
def test_random_frames_are_all_accounted_for(link: int, frames: list[bytes]) -> None:
    """Random bytes in sound records of every link type: each gets a disposition."""
    report = vxinspect.scan(containers.pcap([Record(0, frame, len(frame)) for frame in frames], link=link))
    tools.assert_conservation(report)
    counts = report.summary["frames"]
    assert counts["total"] == len(frames)
    if link == 147:  # LINKTYPE_USER0, which nobody can know
        assert counts["malformed"] == counts["reasons"].get("unsupported_link_type", 0) == len(frames)


@pytest.mark.parametrize("index", range(len(SMALL)))
def test_flipping_any_bit_of_a_frame_is_accounted_for(index: int) -> None:
    """A VXLAN frame with each bit flipped, and each byte inverted, never raises and gets a disposition."""
    good = RECORDS[index]
    flips = [(at, 1 << bit) for at in range(min(len(good.data), 160)) for bit in range(8)]
    flips += [(at, 0xFF) for at in range(len(good.data))]
    broken = []
    for at, mask in flips:
        data = bytearray(good.data)
        data[at] ^= mask
        broken.append(replace(good, data=bytes(data)))
    report = vxinspect.scan(containers.pcap(broken))
    assert report.summary["frames"]["total"] == len(broken)
    tools.assert_conservation(report)


@pytest.mark.parametrize("size", range(0, 160, 4))
def test_a_snap_length_may_cut_anywhere(size: int) -> None:
    """Frames kept only to some byte, their wire length told, are accounted for without any being missed."""
    for cut in range(size, size + 4):
        records = [replace(record, data=record.data[:cut]) for record in RECORDS]
        report = vxinspect.scan(containers.pcap(records))
        tools.assert_conservation(report)
        frames = report.summary["frames"]
        assert frames["total"] == len(records)
        if any(len(record.data) < record.wire for record in records):
            cuts = frames["notes"].get("inner_cut", 0) + frames["malformed"] + frames["invalid"]
            assert cuts > 0


@pytest.mark.parametrize("form", ["pcap", "pcapng", "pcapng_busy"])
@pytest.mark.parametrize("mask", [0xFF, 0x80, 0x01])
def test_flipping_any_byte_of_a_capture_is_survived(form: str, mask: int) -> None:
    """Flipping bits in each byte of a capture ends in a report that conserves, or in an error of our own."""
    data = getattr(containers, form)(RECORDS[:4])
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= mask
        survive(bytes(broken))


@pytest.mark.parametrize("kind", containers.COMPRESSIONS)
def test_flipping_any_byte_of_a_compressed_capture_is_survived(kind: str) -> None:
    """The same for compressed captures."""
    data = containers.compress(kind, containers.pcap(RECORDS[:3]))
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        survive(bytes(broken))


def test_a_bomb_takes_no_more_memory_than_a_capture() -> None:
    """A huge record length in a small file is no reason to allocate: it is reported with its place."""
    header = containers.pcap(RECORDS[:1])
    absurd = containers.pcap_record(replace(RECORDS[1], wire=60))[:8] + b"\xf0\xff\xff\x7f" * 2 + bytes(60)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture"
        path.write_bytes(header + absurd)
        report = vxinspect.scan(path)
    assert report.summary["frames"]["total"] == 1
    complete, place = completeness(report)
    assert (complete, place) == (False, len(header))
