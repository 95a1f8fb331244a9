"""Copies: what a capture of several interfaces or of a mirror shows, by hand, and beside editcap."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import containers
import craft
import pytest
import tools
from containers import Record

import vxinspect
from vxinspect import OptionError

START = 1_700_000_000 * 10**9
MILLISECOND = 10**6
HOST_A, HOST_B = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
VTEP_A, VTEP_B = "192.0.2.1", "192.0.2.2"


def inner(number: int, size: int = 32) -> bytes:
    """Return a container's frame: the segment with this sequence number."""
    segment = craft.tcp(40_000, 80, "PA", bytes(size))
    segment = segment[:4] + craft.number(number, 4) + segment[8:]
    return craft.ethernet(
        HOST_B, HOST_A, 0x0800, craft.ipv4("10.0.0.1", "10.0.0.2", 6, segment, ident=number)
    )


def outer(number: int, ident: int | None = None, size: int = 32) -> bytes:
    """Return the outer IP packet around it."""
    datagram = craft.udp(50_000, 4789, craft.vxlan(100, inner(number, size)))
    return craft.ipv4(VTEP_A, VTEP_B, 17, datagram, ident=number if ident is None else ident)


def routed(packet: bytes) -> bytes:
    """Return the packet behind a router: TTL one less, and the checksum that this gives."""
    head = bytearray(packet[:20])
    head[8] -= 1
    head[10:12] = b"\0\0"
    head[10:12] = craft.number(craft.checksum(bytes(head)), 2)
    return bytes(head) + packet[20:]


def on_cable(packet: bytes, mac: str = "02:00:00:00:00:01") -> bytes:
    """Return the frame on an Ethernet."""
    return craft.ethernet("02:00:00:00:00:99", mac, 0x0800, packet)


def cooked(packet: bytes, interface: int) -> bytes:
    """Return the frame of a cooked capture (version 2) at an interface."""
    frame = bytearray(craft.sll2(f"02:00:00:00:01:{interface:02x}", 0x0800, packet))
    frame[4:8] = craft.number(interface, 4)
    return bytes(frame)


def capture(frames: Sequence[tuple[float, bytes]], link: int = containers.ETHERNET) -> bytes:
    """Return a capture of frames at so many milliseconds."""
    records = [Record(START + round(at * MILLISECOND), data, max(len(data), 60), link) for at, data in frames]
    return containers.pcap(records, nanosecond=True)


def figures(data: bytes, **options: Any) -> tuple[int, int, int]:
    """Return how many packets the tables count, how many copies there are, and how many bare packets."""
    report = vxinspect.scan(data, **options)
    tools.assert_conservation(report)
    copies = report.summary["copies"]
    (row,) = report.vnis
    return int(str(row["packets"])), copies["packets"], copies["bare"]


def test_one_packet_at_several_interfaces_of_a_cooked_capture() -> None:
    """On `any`, a packet at a bond and its two members is one packet, though MAC and interface differ."""
    frames = [(at, cooked(outer(at), interface)) for at in range(4) for interface in (3, 4, 7)]
    data = capture(frames, containers.SLL2)
    assert figures(data) == (12, 8, 0)
    assert figures(data, dedup=True) == (4, 8, 0)


def test_before_and_behind_a_router() -> None:
    """The TTL is one less, the checksum and the MACs are others: it is the same packet."""
    packet = outer(1)
    data = capture([(0, on_cable(packet)), (0.2, on_cable(routed(packet), "02:00:00:00:00:77"))])
    assert figures(data, dedup=True) == (1, 1, 0)


def test_outer_ipv6_behind_a_router() -> None:
    """The same with a hop limit."""
    datagram = craft.udp(50_000, 4789, craft.vxlan(100, inner(1)))
    packet = craft.ipv6("2001:db8::1", "2001:db8::2", 17, datagram)
    frames = [packet, packet[:7] + b"\x3f" + packet[8:]]
    data = capture([(0, craft.ethernet(HOST_A, HOST_B, 0x86DD, frame)) for frame in frames])
    assert figures(data, dedup=True) == (1, 1, 0)


def test_segments_of_one_flow_are_no_copies() -> None:
    """Back to back, of equal size and content, they differ in their sequence numbers."""
    data = capture([(at / 1000, on_cable(outer(at, ident=0))) for at in range(50)])
    assert figures(data, dedup=True) == (50, 0, 0)


def test_a_retransmission_is_no_copy() -> None:
    """What a sender sends again has another outer identification, or comes later than 10 ms."""
    again = outer(1, ident=7)
    data = capture([(0, on_cable(outer(1))), (1, on_cable(again)), (200, on_cable(again))])
    assert figures(data, dedup=True) == (3, 0, 0)


def test_the_same_inner_frame_in_two_vnis_or_tunnels_is_no_copy() -> None:
    """Flooding sends one inner frame to several VTEPs; tenants may send equal frames."""
    frame = inner(1)
    packets = [
        craft.ipv4(VTEP_A, to, 17, craft.udp(50_000, 4789, craft.vxlan(vni, frame)), ident=1)
        for to in (VTEP_B, "192.0.2.3")
        for vni in (100, 101)
    ]
    report = vxinspect.scan(capture([(0, on_cable(packet)) for packet in packets]), dedup=True)
    assert (report.summary["copies"]["packets"], report.summary["frames"]["selected"]) == (0, 4)


@pytest.mark.parametrize(("apart", "copies"), [(10, 1), (10.001, 0)])
def test_the_window_in_time(apart: float, copies: int) -> None:
    """10 ms belong to it."""
    data = capture([(0, on_cable(outer(1))), (apart, on_cable(outer(1)))])
    assert figures(data, dedup=True) == (2 - copies, copies, 0)
    assert figures(data, dedup=True, dedup_window="1s")[1] == 1
    assert figures(data, dedup=True, dedup_window=0.001)[1] == 0


@pytest.mark.parametrize(("between", "copies"), [(999, 1), (1000, 0)])
def test_the_window_in_frames(between: int, copies: int) -> None:
    """Every frame counts for the distance, VXLAN or not."""
    plain = on_cable(craft.ipv4("10.9.9.9", "10.9.9.8", 1, craft.icmp(8, 0, bytes(8))))
    data = capture([(0, on_cable(outer(1))), *[(0, plain)] * between, (0, on_cable(outer(1)))])
    assert figures(data, dedup=True) == (2 - copies, copies, 0)
    assert figures(data, dedup=True, dedup_frames=5000)[1] == 1
    assert figures(data, dedup=True, dedup_frames=5)[1] == 0


def test_fragments_that_are_there_twice_are_charged_once() -> None:
    """Copies of fragments are dropped, and count as fragments: wire bytes are those of one datagram."""
    datagram = craft.udp(50_000, 4789, craft.vxlan(100, inner(1, 1000)))
    pieces = [
        craft.ipv4(VTEP_A, VTEP_B, 17, datagram[at : at + 400], ident=9, offset=at, more=at < 800)
        for at in (0, 400, 800)
    ]
    once = vxinspect.scan(capture([(0, on_cable(piece)) for piece in pieces]))
    twice = vxinspect.scan(
        capture([(0, on_cable(each)) for piece in pieces for each in (piece, routed(piece))]), dedup=True
    )
    assert twice.vnis.to_dicts() == once.vnis.to_dicts()
    frames = twice.summary["frames"]
    assert (frames["total"], frames["vxlan"], frames["fragment"], frames["selected"]) == (6, 1, 5, 1)
    assert (frames["notes"]["copy"], twice.summary["copies"]["packets"]) == (0, 3)


@pytest.mark.parametrize("bare_first", [True, False])
def test_a_bare_packet_beside_its_encapsulated_one(*, bare_first: bool) -> None:
    """At the container's interface and inside VXLAN: routed on the way, its checksum not filled in yet."""
    frames: list[tuple[float, bytes]] = []
    for number in range(5):
        alone = bytearray(inner(number))
        alone[0:6] = craft.mac("02:00:00:00:00:55")
        alone[14 + 8] += 1
        alone[14 + 20 + 16] ^= 0xFF
        pair = [(number, bytes(alone)), (number, on_cable(outer(number)))]
        frames += pair if bare_first else reversed(pair)
    stranger = (3, inner(99))
    data = capture([*frames, stranger])
    for dedup in (False, True):
        assert figures(data, dedup=dedup) == (5, 0, 5)
    report = vxinspect.scan(data)
    assert report.summary["frames"]["other"] == 6
    (hint,) = (hint for hint in report.hints if "bare" in hint)
    assert hint.startswith("5 frames show bare what is inside VXLAN too")


def test_bare_at_three_interfaces() -> None:
    """At the container's interface, at the bridge and inside VXLAN: two bare frames of one packet."""
    data = capture([(0, inner(1)), (0, inner(1)), (0, on_cable(outer(1)))])
    assert figures(data, dedup=True) == (1, 0, 2)


def test_a_selection_chooses_among_what_is_left() -> None:
    """A copy counts as one whether or not it would have been selected."""
    data = capture([(0, on_cable(outer(1))), (0, on_cable(outer(1)))])
    summary = vxinspect.scan(data, dedup=True, select={"vni": 7}).summary
    assert (summary["frames"]["vxlan"], summary["frames"]["selected"]) == (2, 0)
    assert summary["copies"]["packets"] == 1


def test_what_people_read(tmp_path: Path) -> None:
    """The summary says how many were left out; without the option, every table has the hint."""
    path = tmp_path / "a.pcap"
    path.write_bytes(capture([(0, on_cable(outer(at // 2))) for at in range(10)]))
    shown = tools.cli("summary", "--dedup", path)
    assert "Copies     5 packets left out (--dedup)\n" in shown.text
    assert "Selected" not in shown.text
    assert shown.errors == []
    hint = (
        "5 packets look like copies (the same packet seen again within 10 ms): add --dedup to count each once"
    )
    assert tools.cli("flows", path).errors == [f"hint: {hint}"]
    assert tools.cli("flows", "--dedup", "--dedup-window", "5us", "--dedup-frames", "1", path).errors == []


def test_options_that_make_no_sense() -> None:
    """A window without dedup, no frames, no time."""
    for options in (
        {"dedup_window": "1ms"},
        {"dedup_frames": 5},
        {"dedup": True, "dedup_frames": 0},
        {"dedup": True, "dedup_frames": True},
        {"dedup": True, "dedup_frames": 10**7},
        {"dedup": True, "dedup_window": "soon"},
        {"dedup": True, "dedup_window": -1},
        {"dedup": True, "dedup_window": True},
        {"dedup": True, "dedup_window": float("nan")},
    ):
        with pytest.raises(OptionError):
            vxinspect.scan(b"", **options)
    for arguments in (("--dedup-window", "1ms"), ("--dedup", "--dedup-frames", "x"), ("--dedup-frames", "1")):
        answer = tools.cli("vnis", *arguments, "no-such-file")
        assert (answer.code, answer.errors[0].startswith("vxinspect: --dedup-")) == (2, True), answer


@pytest.mark.skipif(shutil.which("editcap") is None, reason="editcap is not installed")
@pytest.mark.parametrize("seed", range(5))
def test_editcap_keeps_the_same_packets(seed: int, tmp_path: Path) -> None:
    """Of exact duplicates, `editcap -w` removes by the same window in time what --dedup drops."""
    random = Random(seed)  # noqa: S311 - nothing secret
    frames: list[tuple[float, bytes]] = []
    for number in range(300):
        frames.append((number * 1.5, on_cable(outer(number, size=random.randrange(20, 1400)))))
        if random.randrange(3) == 0:
            at, data = random.choice(frames[-6:])
            frames.append((max(at, number * 1.5) + random.choice((0, 0.4, 1.2)), data))
    frames.sort(key=lambda frame: frame[0])
    whole, kept = tmp_path / "whole.pcap", tmp_path / "kept.pcap"
    whole.write_bytes(capture(frames))
    subprocess.run(
        ["editcap", "-w", "0.004", str(whole), str(kept)], check=True, capture_output=True, timeout=60
    )
    ours = vxinspect.scan(whole, dedup=True, dedup_window="4ms")
    theirs = vxinspect.scan(kept)
    assert ours.summary["copies"]["packets"] > 20
    assert ours.summary["frames"]["total"] > theirs.summary["frames"]["total"]
    assert tools.tables(ours) == tools.tables(theirs)


def test_packets_leave_copies_out(tmp_path: Path) -> None:
    """Packet by packet, a copy is left out too, and without the option the hint is there."""
    path = tmp_path / "a.pcap"
    path.write_bytes(capture([(at, on_cable(outer(at // 2))) for at in range(8)]))
    with vxinspect.packets(path, dedup=True) as packets:
        assert [packet.number for packet in packets] == [1, 3, 5, 7]
        assert packets.frames["notes"]["copy"] == 4
    rows = tools.rows_from_csv(tools.cli("packets", "--dedup", "--format", "csv", path).text)
    assert [row["number"] for row in rows] == ["1", "3", "5", "7"]
    for shown in ("csv", "table"):
        (hint,) = tools.cli("packets", "--format", shown, path).errors
        assert hint.startswith("hint: 4 packets look like copies")
