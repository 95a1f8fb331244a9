"""VXLAN with a group policy (draft-smith-vxlan-group-policy), each trap by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import containers
import craft
import pytest
import tools
import tshark
from containers import Record

import vxinspect

A, B = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
G_AND_I, I_ALONE = 0x88, 0x08
D, A_FLAG = 0x400000, 0x080000


def tagged(
    flags: int, reserved: int, vni: int = 7, inner: bytes | None = None, *, src: str = "192.0.2.1"
) -> bytes:
    """Return a frame of VXLAN with these flags, and these 24 bits behind them."""
    if inner is None:
        packet = craft.ipv4("10.0.0.1", "10.0.0.2", 17, craft.udp(1000, 53, bytes(20)))
        inner = craft.ethernet(B, A, 0x0800, packet)
    overlay = craft.vxlan(vni, inner, flags=flags, reserved=reserved)
    ip = craft.ipv4(src, "192.0.2.9", 17, craft.udp(50_000, 4789, overlay))
    return craft.ethernet("02:00:00:00:00:02", "02:00:00:00:00:01", 0x0800, ip)


def capture(frames: Sequence[bytes]) -> bytes:
    """Return a capture of frames a millisecond apart."""
    records = [Record(10**18 + at * 10**6, data, len(data)) for at, data in enumerate(frames)]
    return containers.pcap(records, nanosecond=True)


def scanned(frames: Sequence[bytes], **asked: Any) -> vxinspect.Report:
    """Return the report of some frames."""
    report = vxinspect.scan(capture(frames), **asked)
    tools.assert_conservation(report)
    return report


def test_the_id_is_one_with_the_g_flag_alone() -> None:
    """Without it the bits are reserved, and say nothing: neither a group nor a flag."""
    report = scanned([tagged(I_ALONE, D | A_FLAG | 100)])
    (row,) = report.vnis
    assert (row["policy_ids"], row["macs"]) == ([], 1)
    notes = report.frames["notes"]
    assert [notes[name] for name in ("reserved_bits", "group_policy", "dont_learn", "policy_applied")] == [
        1,
        0,
        0,
        0,
    ]
    assert len(report.fdb) == 1


def test_the_groups_of_a_vni_are_distinct_and_in_order() -> None:
    """Each once, whatever the order and however many, and 0 is a group; each VNI has its own."""
    many = [(group * 7919) % 1000 for group in range(1000)]
    frames = [tagged(G_AND_I, group) for group in (*many, *many[:10])]
    report = scanned([*frames, tagged(G_AND_I, 65_535, 8), tagged(I_ALONE, 0, 9)])
    assert {row["vni"]: row["policy_ids"] for row in report.vnis} == {
        7: list(range(1000)),
        8: [65_535],
        9: [],
    }
    assert report.frames["notes"]["group_policy"] == 1011


def test_nothing_is_learned_from_a_packet_with_the_d_flag() -> None:
    """It counts in every table, and is no sign of where its sender is: no row, no move, no MAC."""
    frames = [
        tagged(G_AND_I, 5),
        tagged(G_AND_I, 5 | D, src="192.0.2.2"),
        tagged(G_AND_I, 5),
    ]
    report = scanned(frames)
    (row,) = report.fdb
    assert (row["vtep"], row["packets"], row["moves"]) == ("192.0.2.1", 2, 0)
    assert [(row["packets"], row["macs"]) for row in report.vnis] == [(3, 1)]
    assert [row["packets"] for row in report.flows] == [3]
    macs = {row["vtep"]: row["macs"] for row in report.vteps}
    assert macs == {"192.0.2.1": 1, "192.0.2.2": 0, "192.0.2.9": 0}
    assert report.frames["notes"]["dont_learn"] == 1
    # The one flag, not the other bit next to it.
    assert scanned([tagged(G_AND_I, 5), tagged(G_AND_I, 5, src="192.0.2.2")]).fdb[0]["moves"] == 1
    alone = scanned([tagged(G_AND_I, 5 | D)])
    assert (len(alone.fdb), alone.vnis[0]["macs"], alone.vnis[0]["flows"]) == (0, 0, 1)


def test_each_layer_has_a_policy_of_its_own() -> None:
    """Of VXLAN in VXLAN the outer VNI has the outer group, and the outer D flag is about the outer VTEPs."""
    inside = tagged(I_ALONE, 0, 70)
    outside = tagged(G_AND_I, 12 | D, 50, inside)
    both = tagged(G_AND_I, 13, 50, tagged(G_AND_I, 71 | A_FLAG, 70))
    report = scanned([outside, both])
    assert {(row["vni"], row["depth"]): row["policy_ids"] for row in report.vnis} == {
        (50, 1): [12, 13],
        (70, 2): [71],
    }
    assert [row["packets"] for row in report.fdb] == [2]
    rows = vxinspect.packets(capture([outside, both]))
    assert [packet.policy_id for packet in rows] == [None, 71]


def test_filters_read_the_policy() -> None:
    """Absent is what has no G flag: it is neither equal nor unequal."""
    frames = [
        tagged(G_AND_I, 5, 1),
        tagged(G_AND_I, 6 | D, 2),
        tagged(G_AND_I, 5 | A_FLAG, 3),
        tagged(I_ALONE, 5 | D, 4),
        tagged(0x0C, 3, 5),
    ]
    for text, vnis in (
        ("vxlan.gbp == 5", [1, 3]),
        ("vxlan.gbp", [1, 2, 3]),
        ("vxlan.flag_d == 1", [2]),
        ("vxlan.flag_a == 0", [1, 2]),
        ("note.dont_learn || note.policy_applied", [2, 3]),
        ("note.p_flag", [5]),
        ("note.reserved_bits && !note.group_policy", [4, 5]),
    ):
        assert sorted(row["vni"] for row in tools.rows(scanned(frames, select=text).vnis)) == vnis, text


def test_the_p_flag_on_a_vxlan_port_is_counted_and_not_believed() -> None:
    """What follows is read as Ethernet, whatever the next protocol would be; on 4790 the flag is no note."""
    report = scanned([tagged(0x0C, 1), tagged(0x0C, 3), tagged(I_ALONE, 1)])
    assert [(row["dst_ip"], row["packets"], row["encapsulation"]) for row in report.flows] == [
        ("10.0.0.2", 3, "vxlan")
    ]
    assert (report.frames["notes"]["p_flag"], report.frames["notes"]["reserved_bits"]) == (2, 3)
    packet = craft.ipv4("10.0.0.1", "10.0.0.2", 17, craft.udp(1000, 53, bytes(20)))
    gpe = craft.ipv4("192.0.2.1", "192.0.2.2", 17, craft.udp(50_000, 4790, craft.vxlan_gpe(7, packet, 1)))
    theirs = scanned([craft.ethernet(B, A, 0x0800, gpe)])
    assert theirs.frames["notes"]["p_flag"] == 0


def test_groups_are_the_same_in_parts_and_with_several_threads(tmp_path: Path) -> None:
    """Where two parts have other groups of one flow, the whole has both."""
    frames = [tagged(G_AND_I, at % 80 | (D if at % 3 else 0), 1 + at % 2) for at in range(400)]
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(frames))
    whole = tools.tables(vxinspect.scan(path, threads=1))
    assert tools.tables(vxinspect.scan(path, threads=3)) == whole
    first, second = (vxinspect.scan(capture(part)) for part in (frames[:150], frames[150:]))
    merged = {row["vni"]: row["policy_ids"] for row in first.merge(second).vnis}
    assert merged == {row["vni"]: row["policy_ids"] for row in whole["vnis"]}


@pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")
def test_tshark_reads_the_same_policies(tmp_path: Path) -> None:
    """Of every flag and id tshark has the same."""
    values = [(G_AND_I, 0), (G_AND_I, 100 | D), (0xFF, 0xFFFFFF), (G_AND_I, 65_535 | A_FLAG), (I_ALONE, 7)]
    path = tmp_path / "a.pcap"
    path.write_bytes(capture([tagged(*value) for value in values]))
    names = ["vxlan.flag_g", "vxlan.gbp", "vxlan.flag_d", "vxlan.flag_a"]
    theirs = [
        (int(row["vxlan.gbp"][0]), row["vxlan.flag_d"], row["vxlan.flag_a"])
        if row["vxlan.flag_g"] == ["1"]
        else (None, ["0"], ["0"])
        for row in tshark.fields(path, names)
    ]
    ours = [
        (
            packet.policy_id,
            [str(int("dont_learn" in (packet.notes or ())))],
            [str(int("policy_applied" in (packet.notes or ())))],
        )
        for packet in vxinspect.packets(path)
    ]
    assert ours == theirs
    assert [gbp for gbp, _, _ in ours] == [0, 100, 65_535, 65_535, None]
