"""NVGRE (RFC 7637): an overlay where it is asked for, GRE like any other where it is not."""

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
ALL = ("vxlan", "vxlan-gpe", "geneve", "nvgre")
ENDS = "192.0.2.1", "192.0.2.2"


def packet(src: str = "10.0.0.1", dst: str = "10.0.0.2", dport: int = 53) -> bytes:
    """Return an inner IPv4 packet of UDP."""
    return craft.ipv4(src, dst, 17, craft.udp(1000, dport, bytes(20)))


def inner(ip: bytes | None = None) -> bytes:
    """Return an inner Ethernet frame of it."""
    return craft.ethernet(B, A, 0x0800, packet() if ip is None else ip)


def over_gre(data: bytes, src: str = ENDS[0], dst: str = ENDS[1]) -> bytes:
    """Return the frame around a GRE header and what that carries."""
    make, kind = (craft.ipv6, 0x86DD) if ":" in src else (craft.ipv4, 0x0800)
    return craft.ethernet("02:00:00:00:00:02", "02:00:00:00:00:01", kind, make(src, dst, 47, data))


def nvgre(vsid: int, flow_id: int = 0, frame: bytes | None = None, **ends: str) -> bytes:
    """Return a frame of NVGRE."""
    return over_gre(craft.nvgre(vsid, inner() if frame is None else frame, flow_id), **ends)


def vxlan(vni: int = 7, frame: bytes | None = None, dport: int = 4789) -> bytes:
    """Return a frame of VXLAN."""
    datagram = craft.udp(50_000, dport, craft.vxlan(vni, inner() if frame is None else frame))
    return craft.ethernet(B, A, 0x0800, craft.ipv4("198.51.100.1", "198.51.100.2", 17, datagram))


def capture(frames: Sequence[bytes]) -> bytes:
    """Return a capture of frames a millisecond apart."""
    records = [Record(10**18 + at * 10**6, data, len(data)) for at, data in enumerate(frames)]
    return containers.pcap(records, nanosecond=True)


def scanned(frames: Sequence[bytes], *names: str, **asked: Any) -> vxinspect.Report:
    """Return the report of some frames, all overlays reported unless some are named."""
    report = vxinspect.scan(capture(frames), encapsulations=names or ALL, **asked)
    tools.assert_conservation(report)
    return report


def test_it_is_an_overlay_like_any_other() -> None:
    """VSID, and bytes by hand: 14 + 20 + 8 around the inner frame, none of them UDP's."""
    frame = nvgre(0x123456, 9)
    report = scanned([frame, frame, nvgre(0x123456, 200)])
    (vni,), (flow,), (tunnel,) = report.vnis, report.flows, report.tunnels
    assert (vni["vni"], vni["encapsulation"], vni["depth"]) == (0x123456, "nvgre", 1)
    assert (vni["packets"], vni["macs"], vni["ips"], vni["flows"]) == (3, 1, 2, 1)
    assert (vni["inner_bytes"], vni["overhead_bytes"]) == (3 * 62, 3 * 42)
    assert (flow["dst_port"], flow["src_vtep"], flow["encapsulation"]) == (53, ENDS[0], "nvgre")
    assert (tunnel["vtep_a"], tunnel["vtep_b"], tunnel["vnis"]) == (*ENDS, [0x123456])
    (cost,) = report.overhead("total")
    names = ("outer_ethernet_bytes", "outer_ip_bytes", "udp_bytes", "vxlan_bytes", "carrier_bytes")
    assert [cost[name] for name in names] == [42, 60, 0, 24, 0]
    assert cost["required_underlay_mtu"] == 20 + 8 + 62
    assert [(row["mac"], row["vtep"]) for row in report.fdb] == [(A, ENDS[0])]
    assert (report.frames["vxlan"], report.frames["encapsulations"]) == (3, {"nvgre": 3})
    six = scanned([nvgre(5, src="2001:db8::1", dst="2001:db8::2")])
    assert [(row["vni"], row["overhead_bytes"]) for row in six.vnis] == [(5, 62)]
    assert six.frames["notes"]["zero_checksum_ipv6"] == 0


def test_there_are_no_outer_ports() -> None:
    """No UDP, so no port is told, counted or looked for; the FlowID is told as what it is."""
    frames = [nvgre(5, flow_id) for flow_id in (1, 2, 2, 250)]
    report = scanned(frames)
    (tunnel,), (way,) = report.tunnels, report.underlay
    assert (tunnel["source_ports_ab"], tunnel["source_ports_ba"]) == (0, 0)
    names = ("source_ports", "busiest_port", "busiest_port_percent", "flows_per_port")
    assert [way[name] for name in names] == [0, None, None, None]
    assert report.ports_seen == []
    rows = list(vxinspect.packets(capture(frames), encapsulations=ALL))
    assert [(row.outer_src_port, row.udp_port, row.flow_id) for row in rows] == [
        (None, None, flow_id) for flow_id in (1, 2, 2, 250)
    ]
    assert next(vxinspect.packets(capture([vxlan()]))).flow_id is None
    for text, count in (
        ("nvgre.flow_id == 2", 2),
        ("nvgre.flow_id != 2", 2),
        ("outer.udp.port", 0),
        ("outer.udp.srcport < 70", 0),
        ("encapsulation == nvgre && vni == 5", 4),
    ):
        assert scanned(frames, select=text).frames["selected"] == count, text
    assert not [row for row in report.findings if "port" in str(row["rule"])]


@pytest.mark.parametrize(
    "data",
    [
        craft.gre(craft.BRIDGED, inner()),
        craft.gre(craft.BRIDGED, inner(), key=0x501, sequence=3),
        craft.gre(craft.BRIDGED, inner(), key=0x501, summed=True),
        craft.gre(0x0800, packet(), key=0x501),
        craft.number(0x20016558, 4) + craft.number(0x501, 4) + inner(),
        craft.gre(craft.BRIDGED, b"", key=0x501)[:7],
    ],
)
def test_other_gre_is_not_nvgre(data: bytes) -> None:
    """RFC 7637: K is set, C and S are not, and what is carried is Ethernet. The rest ends as it did."""
    frames = [over_gre(data)]
    reasons = scanned(frames).frames["reasons"]
    assert reasons in ({"non_udp": 1}, {"other_port": 1})
    assert scanned(frames, "vxlan").frames["reasons"] == reasons


def test_what_is_left_out_is_counted_and_told() -> None:
    """Its own reason, whatever is inside, and a hint with the option that takes it in."""
    arp = craft.ethernet("ff:ff:ff:ff:ff:ff", A, 0x0806, craft.arp(A, "10.0.0.1", B, "10.0.0.2"))
    tcp = inner(craft.ipv4("10.0.0.1", "10.0.0.2", 6, craft.tcp(1000, 80, "S")))
    odd = [nvgre(5, frame=data) for data in (arp, tcp, b"", bytes(60))]
    frames = [nvgre(5), *odd, vxlan()]
    report = vxinspect.scan(capture(frames))
    assert report.frames["reasons"] == {"unselected_nvgre": 5}
    assert report.frames["total"] == 6
    assert "5 frames of NVGRE: add --encapsulation vxlan,nvgre" in report.hints
    asked = scanned(frames)
    assert asked.frames["encapsulations"] == {"nvgre": 4, "vxlan": 1}
    assert asked.frames["reasons"] == {"inner_truncated_header": 1}
    assert not [hint for hint in asked.hints if "NVGRE" in hint]


def test_a_mirror_with_a_key_stays_a_carrier_unless_nvgre_is_asked_for() -> None:
    """VXLAN in GRE with a key is `gre/vxlan`, as ever; with the option the key is a subnet around it."""
    mirrored = nvgre(0x64, 1, vxlan())
    usual, asked = vxinspect.scan(capture([mirrored])), scanned([mirrored])
    assert [(row["vni"], row["encapsulation"], row["depth"]) for row in usual.vnis] == [(7, "gre/vxlan", 1)]
    assert {(row["vni"], row["encapsulation"], row["depth"]) for row in asked.vnis} == {
        (0x64, "nvgre", 1),
        (7, "nvgre/vxlan", 2),
    }
    assert usual.frames["reasons"] == {}
    (cost,) = asked.overhead("total")
    assert (cost["udp_bytes"], cost["vxlan_bytes"], cost["outer_ip_bytes"]) == (8, 16, 40)
    # What looks like VXLAN there on another port is no less of a hint.
    elsewhere = vxinspect.scan(capture([nvgre(5, 0, vxlan(dport=8472))] * 2))
    assert elsewhere.frames["reasons"] == {"other_port": 2}
    assert "2 frames on UDP 8472 look like VXLAN (VNI 7): add --port 8472" in elsewhere.hints


def test_nvgre_inside_of_other_headers() -> None:
    """In a carrier, in VXLAN, and twice: each is a layer of its own."""
    labelled = craft.ethernet(
        B, A, 0x8847, craft.mpls([16], craft.ipv4(*ENDS, 47, craft.nvgre(5, inner(), 3)))
    )
    nested = vxlan(8, nvgre(6, 4))
    twice = nvgre(1, 2, nvgre(3, 4))
    report = scanned([labelled, nested, twice])
    assert {(row["encapsulation"], row["vni"], row["depth"]) for row in report.vnis} == {
        ("mpls/nvgre", 5, 1),
        ("vxlan", 8, 1),
        ("vxlan/nvgre", 6, 2),
        ("nvgre", 1, 1),
        ("nvgre/nvgre", 3, 2),
    }
    # Without the option, what VXLAN carries is the tenant's GRE.
    (flow,) = scanned([nested], "vxlan").flows
    assert (flow["protocol"], flow["encapsulation"]) == ("gre", "vxlan")
    assert scanned([labelled], "vxlan").frames["reasons"] == {"unselected_nvgre": 1}
    found = [row.flow_id for row in vxinspect.packets(capture([nested, twice]), encapsulations=ALL)]
    assert found == [4, 4]
    select = {"nvgre.flow_id == 2": 1, "outer.udp.dstport == 4789": 1, "outer.udp.dstport != 4789": 0}
    for text, count in select.items():
        assert scanned([nested, twice], select=text).frames["selected"] == count, text


def test_outer_fragments_are_put_together() -> None:
    """RFC 7637 asks senders to avoid them; a capture may show them all the same."""
    big = inner(craft.ipv4("10.0.0.1", "10.0.0.2", 17, craft.udp(1000, 53, bytes(1800))))
    data = craft.nvgre(5, big, 7)
    pieces = [
        craft.ethernet(
            B, A, 0x0800, craft.ipv4(*ENDS, 47, data[at : at + 1000], ident=9, offset=at, more=at == 0)
        )
        for at in (0, 1000)
    ]
    for order in (pieces, pieces[::-1]):
        report = scanned(order)
        assert (report.frames["vxlan"], report.frames["fragment"]) == (1, 1)
        (row,) = report.vnis
        assert (row["vni"], row["inner_bytes"], row["wire_bytes"]) == (5, len(big), sum(map(len, pieces)))
        left_out = vxinspect.scan(capture(order))
        assert left_out.frames["reasons"].get("unselected_nvgre") == 2, left_out.frames


def test_errors_that_quote_nvgre_count_at_its_tunnel() -> None:
    """An IP header and 8 bytes are the least that a router quotes (RFC 792), and hold the subnet."""
    quoted = nvgre(5)[14:]
    for size in (28, len(quoted)):
        error = craft.ipv4("192.0.2.9", ENDS[0], 1, craft.icmp(3, 4, quoted[:size], 1400))
        report = scanned([craft.ethernet(A, B, 0x0800, error)])
        (row,) = report.underlay
        told = [row[name] for name in ("src_vtep", "icmp_frag_needed", "icmp_mtu", "icmp_vnis")]
        assert told == [ENDS[0], 1, 1400, [5]]


def test_copies_and_checksums(tmp_path: Path) -> None:
    """The same at two interfaces is one; there is no outer checksum, and the inner one is verified."""
    frame = nvgre(5)
    again = bytearray(frame)
    again[22] -= 1
    assert scanned([frame, bytes(again)], dedup=True).copies["packets"] == 1
    datagram = craft.summed("10.0.0.1", "10.0.0.2", "udp", craft.udp(1, 2, b"abc"))
    summed = nvgre(5, 0, inner(craft.ipv4("10.0.0.1", "10.0.0.2", 17, datagram)))
    broken = summed[:-1] + b"x"
    (row,) = scanned([summed, broken], checksums=True).vnis
    assert (row["outer_udp_checksum_zero"], row["inner_checksum_right"], row["inner_checksum_wrong"]) == (
        2,
        1,
        1,
    )
    written = vxinspect.decap(capture([frame]), str(tmp_path / "a.pcap"), encapsulations=ALL)
    assert written.frames == 1
    assert (tmp_path / "a.pcap").read_bytes().endswith(inner())


def test_threads_and_parts_give_the_same(tmp_path: Path) -> None:
    """Taken in by one thread or several, in one part or two."""
    frames = [nvgre(1 + at % 3, at % 7, inner(packet(dport=at % 5))) for at in range(300)]
    frames += [nvgre(9, 1, vxlan()), vxlan()] * 10
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(frames))
    whole = tools.tables(vxinspect.scan(path, encapsulations=ALL, threads=1))
    assert tools.tables(vxinspect.scan(path, encapsulations=ALL, threads=3)) == whole
    first, second = (vxinspect.scan(capture(part), encapsulations=ALL) for part in (frames[:99], frames[99:]))
    merged = tools.tables(first.merge(second))
    assert [row["packets"] for row in merged["vnis"]] == [row["packets"] for row in whole["vnis"]]
    assert merged["tunnels"][0]["packets"] == whole["tunnels"][0]["packets"]


@pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")
def test_tshark_reads_the_same(tmp_path: Path) -> None:
    """Of each frame tshark has the same key, of which three bytes are the subnet and one is the FlowID."""
    frames = [nvgre(0xABCDEF, 0x12), nvgre(1, 255, inner(packet(dport=80)))]
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(frames))
    theirs = [
        (int(row["gre.key"][0], 0), row["ip.src"], row["udp.dstport"])
        for row in tshark.fields(path, ["gre.key", "ip.src", "udp.dstport"])
    ]
    ours = [
        ((row.vni or 0) << 8 | (row.flow_id or 0), [row.src_vtep, row.src_ip], [str(row.dst_port)])
        for row in vxinspect.packets(path, encapsulations=["nvgre"])
    ]
    assert ours == theirs
