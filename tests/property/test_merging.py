"""A capture split anywhere and put together again says what the whole says."""

import tempfile
from pathlib import Path
from typing import Any

import containers
import packets
import showcase
import strategies
import tools
from hypothesis import given, settings
from hypothesis import strategies as st
from inner import L4, Inner, InnerIp
from packets import Frame, Piece

import vxinspect


def capture(frames: list[Frame]) -> bytes:
    """Return a pcap of these frames."""
    return containers.pcap(packets.records(frames))


@given(strategies.captures(most=8, overlays=strategies.OVERLAYS))
@settings(max_examples=40)
def test_split_at_any_frame_and_merged_equals_the_whole(frames: list[Frame]) -> None:
    """For every place to split, the two reports merge into the whole capture's.

    Where that is inside an outer datagram in fragments, its packet stands where they meet: sums are equal.
    """
    whole = tools.scanned(capture(frames))
    link = packets.records(frames)[0].link if frames else containers.ETHERNET
    for at in range(len(frames) + 1):
        parts = [containers.pcap(packets.records(part), link=link) for part in (frames[:at], frames[at:])]
        first, second = (tools.scanned(part) for part in parts)
        merged = first.merge(second)
        if under_way(frames, at):
            assert sums(merged) == sums(whole), at
        else:
            assert tools.content(merged) == tools.content(whole), at
        tools.assert_conservation(merged)


def under_way(frames: list[Frame], at: int) -> bool:
    """Tell whether an outer datagram has fragments before a place and behind it."""
    before, behind = (
        {(f.whole.outer.src, f.whole.outer.dst, f.whole.outer.ident) for f in part if isinstance(f, Piece)}
        for part in (frames[:at], frames[at:])
    )
    return bool(before & behind)


def sums(report: vxinspect.Report) -> dict[str, Any]:
    """Return what the order of packets has no say in."""
    summary = report.summary
    totals = {name: summary[name] for name in ("frames", "totals", "bytes")}
    columns = ("packets", "inner_bytes", "payload_bytes", "wire_bytes")
    keys = {"vnis": ("vni",), "tunnels": ("vtep_a", "vtep_b"), "vteps": ("vtep",), "fdb": ("vni", "mac")}
    keys["conversations_mac"] = ("vni", "mac_a", "mac_b")
    rows = {
        name: {tuple(row[c] for c in key): [row.get(c) for c in columns] for row in tools.table(report, name)}
        for name, key in keys.items()
    }
    flows = []
    for row in report.flows:
        ends = sorted(f"{row[f'{end}_ip']} {row[f'{end}_port']}" for end in ("src", "dst"))
        flows.append((row["vni"], row["protocol"], ends, [row[column] for column in columns]))
    return {**totals, **rows, "flows": sorted(map(str, flows))}


@given(strategies.captures(most=8, overlays=strategies.OVERLAYS), st.data())
@settings(max_examples=20)
def test_merging_is_associative(frames: list[Frame], data: st.DataObject) -> None:
    """Of three parts it does not matter which two are merged first; merging changes neither report."""
    one, two = sorted(data.draw(st.integers(0, len(frames))) for _ in range(2))
    link = packets.records(frames)[0].link if frames else containers.ETHERNET
    parts = [
        containers.pcap(packets.records(p), link=link) for p in (frames[:one], frames[one:two], frames[two:])
    ]
    a, b, c = (tools.scanned(part) for part in parts)
    before = [tools.content(report) for report in (a, b, c)]
    left, right, whole = a.merge(b).merge(c), a.merge(b.merge(c)), tools.scanned(capture(frames))
    told = sums if under_way(frames, one) or under_way(frames, two) else tools.content
    assert told(left) == told(right) == told(whole)
    assert [tools.content(report) for report in (a, b, c)] == before


def test_two_files_are_one_run_in_the_order_of_their_first_packet() -> None:
    """Several captures give the whole's tables, in whatever order they are named, in mixed containers."""
    frames = showcase.frames()
    expected = tools.content(vxinspect.scan(capture(frames)))
    with tempfile.TemporaryDirectory() as folder:
        for at in range(1, len(frames)):
            early, late = Path(folder) / "b", Path(folder) / "a"
            early.write_bytes(capture(frames[:at]))
            late.write_bytes(containers.compress("gzip", containers.pcapng(packets.records(frames[at:]))))
            for order in ([early, late], [late, early]):
                report = vxinspect.scan(order)
                assert tools.content(report) == expected, (at, order)
        assert tools.cli_json("fdb", late, early) == tools.cli_json("fdb", early, late)


def test_threads_do_not_matter() -> None:
    """A capture of many segments, with record headers in its payloads, is the same for any threads."""
    frames = showcase.frames()
    bait = containers.pcap(packets.records(frames))[24:]
    decoy = L4("udp", 9, 9, payload=bait[:9000])
    base = frames[1]
    assert isinstance(base, packets.Packet)
    inner = Inner(showcase.MAC_B, showcase.MAC_A, InnerIp(showcase.HOST_A, showcase.HOST_B, decoy))
    frames.insert(7, showcase.at(packets.Packet(0, base.outer, 100, inner), frames[7].record().time))
    block = capture(frames)[24:]
    data = capture([]) + block * (24 * 2**20 // len(block))
    expected = tools.content(vxinspect.scan(data, threads=1))
    assert expected["summary"]["frames"]["total"] == len(frames) * (24 * 2**20 // len(block))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "capture"
        path.write_bytes(data)
        for threads in (1, 2, 3, 7):
            report = vxinspect.scan(path, threads=threads)
            assert tools.content(report) == expected, threads
            tools.assert_conservation(report)
