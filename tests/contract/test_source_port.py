"""VXLAN is told by its destination port; by its source port where that is asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import containers
import craft
import pytest
import tools
from containers import Record

import vxinspect

A, B = "02:aa:00:00:00:01", "02:aa:00:00:00:02"


def frame(sport: int, dport: int, vni: int = 7, inner: bytes | None = None, *, flags: int = 0x08) -> bytes:
    """Return a frame of UDP with a VXLAN header behind."""
    if inner is None:
        inner = craft.ethernet(
            B, A, 0x0800, craft.ipv4("10.0.0.1", "10.0.0.2", 17, craft.udp(5, 53, bytes(9)))
        )
    datagram = craft.udp(sport, dport, craft.vxlan(vni, inner, flags=flags))
    return craft.ethernet(B, A, 0x0800, craft.ipv4("192.0.2.1", "192.0.2.2", 17, datagram))


def capture(frames: Sequence[bytes]) -> bytes:
    """Return a capture of frames a millisecond apart."""
    records = [Record(10**18 + at * 10**6, data, len(data)) for at, data in enumerate(frames)]
    return containers.pcap(records, nanosecond=True)


def scanned(frames: Sequence[bytes], **asked: Any) -> vxinspect.Report:
    """Return the report of some frames."""
    report = vxinspect.scan(capture(frames), **asked)
    tools.assert_conservation(report)
    return report


def test_a_mirror_that_answers_from_the_port_is_taken_where_that_is_asked_for() -> None:
    """Without the option it is `other_port`, and a hint says what helps; with it, VXLAN, and no hint."""
    frames = [frame(4789, 50_000), frame(4789, 50_001), frame(50_002, 4789)]
    usual, asked = scanned(frames), scanned(frames, match_source_port=True)
    assert (usual.frames["vxlan"], usual.frames["reasons"]) == (1, {"other_port": 2})
    assert usual.hints[0] == "2 frames come from UDP 4789 and look like VXLAN: add --match-source-port"
    assert (asked.frames["vxlan"], asked.frames["reasons"]) == (3, {})
    assert not [hint for hint in asked.hints if "look like VXLAN" in hint]
    assert [row["packets"] for row in asked.vnis] == [3]
    # The ports that were taken by their own number, and not those that answers went to.
    assert asked.ports_seen == [4789]
    rows = vxinspect.packets(capture(frames), match_source_port=True)
    ports = [(row.outer_src_port, row.udp_port) for row in rows]
    assert ports == [(4789, 50_000), (4789, 50_001), (50_002, 4789)]


def test_the_ports_of_port_are_those_that_count() -> None:
    """`--port 8472` is what the source is held to, too."""
    frames = [frame(8472, 50_000), frame(4789, 50_000)]
    report = scanned(frames, ports=(8472,), match_source_port=True)
    assert (report.frames["vxlan"], report.frames["reasons"]) == (1, {"other_port": 1})


def test_other_traffic_from_the_port_stays_what_it_is() -> None:
    """A source port may be 4789 by chance: without a VXLAN header nothing is invalid for it."""
    dns = craft.ethernet(
        B, A, 0x0800, craft.ipv4("192.0.2.1", "192.0.2.2", 17, craft.udp(4789, 53, b"\x00" * 40))
    )
    report = scanned([dns, frame(4789, 53, flags=0xF7)], match_source_port=True)
    assert report.frames["reasons"] == {"other_port": 2}


def test_inside_of_an_overlay_and_in_fragments() -> None:
    """A tenant's own mirror, and an outer datagram in pieces, follow the same rule."""
    nested = frame(50_000, 4789, 50, frame(4789, 50_001, 7))
    report = scanned([nested], match_source_port=True)
    assert {(row["vni"], row["depth"]) for row in report.vnis} == {(50, 1), (7, 2)}
    assert [row["depth"] for row in scanned([nested]).vnis] == [1]
    datagram = frame(4789, 50_000, 9)[34:]
    pieces = [
        craft.ethernet(
            B,
            A,
            0x0800,
            craft.ipv4(
                "192.0.2.1", "192.0.2.2", 17, datagram[at : at + 48], ident=3, offset=at, more=at == 0
            ),
        )
        for at in (0, 48)
    ]
    assert len(datagram) <= 96
    report = scanned(pieces, match_source_port=True)
    assert (report.frames["vxlan"], report.frames["fragment"]) == (1, 1)
    assert scanned(pieces).frames["reasons"] == {"other_port": 2}


def test_threads_copies_and_errors_follow_the_rule(tmp_path: Path) -> None:
    """One thread or three; a copy is one; an ICMP error that quotes such a packet is about its tunnel."""
    frames = [frame(4789, 50_000 + at % 40, at % 3) for at in range(300)]
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(frames))
    one, three = (vxinspect.scan(path, match_source_port=True, threads=threads) for threads in (1, 3))
    assert tools.tables(one) == tools.tables(three)
    again = bytearray(frames[0])
    again[22] -= 1
    both = [frames[0], bytes(again)]
    assert scanned(both, match_source_port=True, dedup=True).copies["packets"] == 1
    quoted = frames[0][14:]
    error = craft.ipv4("192.0.2.9", "192.0.2.1", 1, craft.icmp(3, 4, quoted, 1400))
    report = scanned([craft.ethernet(A, B, 0x0800, error)], match_source_port=True)
    assert [row["icmp_frag_needed"] for row in report.underlay] == [1]


@pytest.mark.parametrize("command", ["vnis", "flows", "summary", "packets", "findings", "check"])
def test_every_command_has_the_option(command: str, tmp_path: Path) -> None:
    """Those that read captures, by the same name."""
    path = tmp_path / "a.pcap"
    path.write_bytes(capture([frame(4789, 50_000)] * 3))
    said = tools.cli(command, str(path), "--match-source-port")
    assert b"match-source-port" not in said.err
    assert said.code in (0, 1)
