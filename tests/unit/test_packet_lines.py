"""Packets as lines for people."""

from typing import Any

import pytest

from vxinspect.columns import PACKETS
from vxinspect.render.packets import PacketLines, markdown_heading, markdown_row

PACKET: dict[str, Any] = dict.fromkeys(PACKETS.names) | {
    "number": 12,
    "time": "2026-11-22T18:20:41.312347891Z",
    "src_vtep": "192.0.2.1",
    "dst_vtep": "192.0.2.2",
    "vni": 100,
    "src_mac": "02:00:00:00:00:01",
    "dst_mac": "02:00:00:00:00:02",
    "ethertype": "ipv4",
    "src_ip": "10.0.0.1",
    "dst_ip": "10.0.0.2",
    "protocol": "tcp",
    "src_port": 40000,
    "dst_port": 5201,
    "tcp_flags": "SA",
    "wire_length": 124,
    "inner_length": 74,
    "disposition": "vxlan",
    "notes": [],
}


def line(width: int = 80, **changes: Any) -> str:
    """Return the line of a packet."""
    (told,) = PacketLines(width).lines(PACKET | changes)
    return told


def test_a_packet_in_eighty_cells() -> None:
    """Number, clock, VNI, protocol, inner length, ends and flags."""
    assert line() == "   12  18:20:41.312347    100  tcp      74  10.0.0.1:40000 -> 10.0.0.2:5201 [SA]"


def test_a_packet_in_wide_terminals() -> None:
    """With room, times have their date; with more, the tunnel is told."""
    assert "  2026-11-22 18:20:41.312347  " in line(110)
    assert "  192.0.2.1 -> 192.0.2.2      10.0.0.1:40000 -> " in line(140)
    assert "192.0.2.1" not in line(129)


def test_a_stack_of_headers_is_told() -> None:
    """What wraps a packet stands among its notes where it is not plain VXLAN."""
    assert line(encapsulation="vxlan") == line()
    assert line(160, encapsulation="vxlan/vxlan", notes=["stacked"]).endswith("[SA] (vxlan/vxlan)")
    nested = line(160, encapsulation="vxlan/vxlan", notes=["stacked", "offload"])
    assert nested.endswith("[SA] (vxlan/vxlan, offload)")


@pytest.mark.parametrize("width", [40, 80, 110, 140, 200])
def test_titles_stand_over_their_columns(width: int) -> None:
    """The heading, the rule and a packet have their columns in the same places."""
    heading, rule = PacketLines(width).heading()
    starts = [at for at in range(1, len(rule)) if rule[at] == "-" and rule[at - 1] == " "]
    assert all(heading[at - 2 : at] == "  " for at in starts)
    assert line(width)[starts[-1] - 2 : starts[-1]] == "  "
    assert max(map(len, (heading, rule, line(width)))) <= width


def test_what_does_not_fit_is_cut_at_the_end() -> None:
    """A long line ends in an ellipsis, and is as wide as the terminal."""
    told = line(80, src_ip="2001:db8:1111:2222:3333:4444:5555:6666", dst_ip="2001:db8::1")
    assert len(told) == 80
    assert told.endswith("…")
    assert "[2001:db8:1111:2222:" in told


def test_frames_without_inner_ip_are_told_by_their_macs() -> None:
    """ARP has addresses of its own; any other EtherType has stations."""
    other = line(110, ethertype="0x88cc", src_ip=None, protocol=None, tcp_flags=None)
    assert other.endswith("  0x88cc      74  02:00:00:00:00:01 -> 02:00:00:00:00:02")
    assert line(
        src_ip=None, protocol=None, src_mac=None, dst_mac=None, ethertype=None, tcp_flags=None
    ).endswith("-        74  - -> -")


def test_other_frames_are_told_by_their_disposition() -> None:
    """What is no VXLAN packet has its disposition, reason and length."""
    other = line(disposition="other", reason="non_ip", wire_length=42, vni=None)
    assert other == "   12  18:20:41.312347      -  -         -  other: non_ip, 42 bytes"
    assert "fragment, 124 bytes" in line(disposition="fragment")


def test_notes_stand_behind() -> None:
    """What is remarkable about a packet."""
    assert line(129, notes=["inner_cut", "offload"]).endswith("[SA] (inner_cut, offload)")


def test_a_frame_without_a_time() -> None:
    """Simple Packet Blocks have none."""
    assert line(time=None).startswith("   12  -                  100  ")
    assert line(110, time=None)[10:36].strip() == "-"


def test_captures_are_named_where_there_are_several() -> None:
    """A line before the first packet of each."""
    lines = PacketLines(80)
    told = [lines.lines(PACKET | {"capture": name}) for name in ("a.pcap", "a.pcap", "b\x1b[31m.pcap")]
    assert [len(each) for each in told] == [2, 1, 2]
    assert told[2][0] == "==> b[31m.pcap <=="


def test_markdown_has_every_column() -> None:
    """Heading, rule and row have as many cells as there are columns."""
    counts = {text.count(" | ") for text in (*markdown_heading(), markdown_row(PACKET))}
    assert counts == {len(PACKETS.columns) - 1}
