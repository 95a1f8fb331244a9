"""VXLAN's relatives: VXLAN-GPE and Geneve beside it, in the same tables, each trap by hand."""

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
ALL = ("vxlan", "vxlan-gpe", "geneve")
PORT = {"vxlan": 4789, "vxlan-gpe": 4790, "geneve": 6081}


def packet(
    payload: bytes = bytes(20), dport: int = 53, src: str = "10.0.0.1", dst: str = "10.0.0.2"
) -> bytes:
    """Return an inner IPv4 packet of UDP."""
    return craft.ipv4(src, dst, 17, craft.udp(1000, dport, payload))


def frame(ip: bytes | None = None) -> bytes:
    """Return an inner Ethernet frame of it."""
    return craft.ethernet(B, A, 0x0800, packet() if ip is None else ip)


def outer(
    overlay: bytes, dport: int, src: str = "192.0.2.1", dst: str = "192.0.2.2", sport: int = 50_000
) -> bytes:
    """Return the Ethernet frame around an overlay's header and what that carries."""
    ip = craft.ipv4(src, dst, 17, craft.udp(sport, dport, overlay))
    return craft.ethernet("02:00:00:00:00:02", "02:00:00:00:00:01", 0x0800, ip)


def overlay(name: str, vni: int = 7, inner: bytes | None = None) -> bytes:
    """Return a frame of an overlay around an Ethernet frame."""
    data = frame() if inner is None else inner
    match name:
        case "vxlan":
            header = craft.vxlan(vni, data)
        case "vxlan-gpe":
            header = craft.vxlan_gpe(vni, data)
        case _:
            header = craft.geneve(vni, data)
    return outer(header, PORT[name])


def scanned(frames: Sequence[bytes], *names: str, **asked: Any) -> vxinspect.Report:
    """Return the report of some frames, all overlays reported unless some are named."""
    records = [Record(10**18 + at * 10**6, data, len(data)) for at, data in enumerate(frames)]
    capture = containers.pcap(records, nanosecond=True)
    report = vxinspect.scan(capture, encapsulations=names or ALL, **asked)
    tools.assert_conservation(report)
    return report


@pytest.mark.parametrize("name", ALL)
def test_each_overlay_is_in_every_table(name: str) -> None:
    """The same inner frame counts the same; the column says what wraps it."""
    report = scanned([overlay(name)])
    inner = len(frame())
    (vni,), (tunnel,), (flow,) = report.vnis, report.tunnels, report.flows
    assert (vni["vni"], vni["packets"], vni["inner_bytes"], vni["macs"]) == (7, 1, inner, 1)
    assert (vni["wire_bytes"], vni["payload_bytes"], vni["depth"]) == (inner + 50, 20, 1)
    assert (tunnel["vtep_a"], tunnel["vtep_b"], tunnel["source_ports_ab"]) == ("192.0.2.1", "192.0.2.2", 1)
    assert (flow["src_ip"], flow["dst_port"], flow["src_vtep"]) == ("10.0.0.1", 53, "192.0.2.1")
    assert {row["encapsulation"] for row in (vni, tunnel, flow, *report.fdb)} == {name}
    assert report.frames["encapsulations"] == {name: 1}
    assert report.frames["vxlan"] == 1


def test_one_vni_of_two_overlays_is_two() -> None:
    """VNI 7 of VXLAN and VNI 7 of Geneve have nothing in common but a number."""
    report = scanned([overlay(name) for name in ALL])
    assert sorted((row["vni"], row["encapsulation"]) for row in tools.rows(report.vnis)) == [
        (7, name) for name in sorted(ALL)
    ]
    for table in (report.flows, report.fdb, report.conversations("mac"), report.overhead("vni")):
        assert sorted(row["encapsulation"] for row in tools.rows(table)) == sorted(ALL)
    assert len(report.vteps) == 2
    assert report.frames["encapsulations"] == dict.fromkeys(ALL, 1)


def test_what_is_not_asked_for_is_other_and_told() -> None:
    """By default Geneve is left out, by name alone what is named is in; a hint says how to have the rest."""
    frames = [overlay(name) for name in ("vxlan", "geneve", "vxlan-gpe", "geneve")]
    usual = vxinspect.scan(containers.pcap([Record(0, data, len(data)) for data in frames]))
    assert usual.frames["encapsulations"] == {"vxlan": 1, "vxlan-gpe": 1}
    assert usual.frames["reasons"] == {"unselected_geneve": 2}
    assert "2 frames of Geneve: add --encapsulation vxlan,vxlan-gpe,geneve" in usual.hints
    assert "malformed" not in {row["rule"] for row in usual.findings}
    geneve = scanned(frames, "geneve")
    assert geneve.frames["reasons"] == {"unselected_vxlan": 1, "unselected_vxlan_gpe": 1}
    assert [row["encapsulation"] for row in geneve.vnis] == ["geneve"]
    nothing = scanned([overlay("geneve")], "vxlan")
    assert nothing.hints == ["1 frame of Geneve: add --encapsulation geneve"]
    with pytest.raises(vxinspect.OptionError, match="encapsulations"):
        scanned(frames, "vlan")
    with pytest.raises(vxinspect.OptionError, match="encapsulations"):
        vxinspect.scan(b"", encapsulations=())


def test_anything_else_on_their_ports_is_other_port() -> None:
    """Where Geneve is not asked for, UDP 6081 is Geneve only if its header is one."""
    odd = [outer(b"\x40" + bytes(60), 6081), outer(b"\x00" * 7, 6081), outer(b"\x3f" + bytes(60), 6081)]
    assert scanned(odd, "vxlan").frames["reasons"] == {"other_port": 3}
    reasons = {"geneve_version": 1, "geneve_truncated": 2}
    assert scanned(odd, "geneve").frames["reasons"] == reasons
    assert scanned(odd, "geneve").frames["invalid"] == 3


def test_a_port_that_is_named_as_vxlans_is_vxlans() -> None:
    """The user knows better than IANA."""
    data = outer(craft.vxlan(9, frame()), 6081)
    (row,) = tools.rows(scanned([data], ports=(4789, 6081)).vnis)
    assert (row["vni"], row["encapsulation"]) == (9, "vxlan")


def test_options_of_geneve_are_stepped_over_and_charged() -> None:
    """The inner frame begins behind them, whatever their number; they are the overlay's own bytes."""
    for count in (1, 5, 31):
        options = b"".join(craft.geneve_option(0x0102, at, bytes(4)) for at in range(count))
        data = outer(craft.geneve(7, frame(), options=options), 6081)
        report = scanned([data])
        (row,), (flow,), (cost,) = report.vnis, report.flows, report.overhead("total")
        assert (row["inner_bytes"], row["wire_bytes"]) == (len(frame()), len(data))
        assert (flow["dst_port"], flow["payload_bytes"]) == (53, 20)
        assert (cost["vxlan_bytes"], cost["udp_bytes"]) == (8 + 8 * count, 8)
        assert (cost["outer_ip_bytes"], cost["outer_ethernet_bytes"]) == (20, 14)


def test_critical_options_are_noted_not_refused() -> None:
    """A receiver that does not know one drops the packet (RFC 8926 section 3.4); a capture shows it."""
    option = craft.geneve_option(0x0102, 0x80, bytes(4))
    critical = outer(craft.geneve(7, frame(), options=option, flags=0x40), 6081)
    report = scanned([critical, overlay("geneve")])
    assert report.frames["notes"]["critical_options"] == 1
    assert sum(row["packets"] for row in tools.rows(report.vnis)) == 2
    assert [
        row["packets"] for row in scanned([critical, overlay("geneve")], select="geneve.critical == 1").vnis
    ] == [1]
    reserved = outer(craft.geneve(7, frame(), flags=0x01), 6081)
    assert scanned([reserved]).frames["notes"]["reserved_bits"] == 1


@pytest.mark.parametrize(("protocol", "name"), [(1, "ipv4"), (2, "ipv6")])
def test_ip_without_ethernet_has_flows_and_no_macs(protocol: int, name: str, tmp_path: Path) -> None:
    """VXLAN-GPE and Geneve may carry IP itself: nothing is learned, and nothing is lost."""
    six = craft.ipv6("fd00::1", "fd00::2", 17, craft.udp(1000, 53, bytes(20)))
    inner = packet() if name == "ipv4" else six
    frames = [
        outer(craft.vxlan_gpe(7, inner, protocol), 4790),
        outer(craft.geneve(7, inner, craft.ETHERTYPE[name]), 6081),
    ]
    report = scanned(frames)
    assert [
        (row["inner_bytes"], row["macs"], row["ips"], row["flows"]) for row in tools.rows(report.vnis)
    ] == [(len(inner), 0, 2, 1)] * 2
    assert len(report.fdb) == 0
    assert [(row["mac_a"], row["mac_b"], row["ethertypes"]) for row in report.conversations("mac")] == [
        (None, None, [name])
    ] * 2
    assert {(row["dst_port"], row["payload_bytes"]) for row in tools.rows(report.flows)} == {(53, 20)}
    # A capture of Ethernet has no place for them.
    capture = containers.pcap([Record(0, data, len(data)) for data in (*frames, overlay("geneve"))])
    written = vxinspect.decap(capture, str(tmp_path / "inner.pcap"), encapsulations=ALL)
    assert (written.frames, written.losses) == (1, {"not_ethernet": 2})


@pytest.mark.parametrize(("protocol", "name"), [(4, "nsh"), (5, "mpls"), (99, None)])
def test_other_payloads_of_gpe_are_named(protocol: int, name: str | None) -> None:
    """NSH and MPLS are not looked into: they count with their bytes, and the EtherTypes name them."""
    report = scanned([outer(craft.vxlan_gpe(7, bytes(30), protocol), 4790)])
    (row,), (talk,) = report.vnis, report.conversations("mac")
    assert (row["packets"], row["inner_bytes"], row["flows"]) == (1, 30, 0)
    assert talk["ethertypes"] == ([] if name is None else [name])


def test_next_protocol_counts_with_the_p_flag_alone() -> None:
    """Without it VXLAN-GPE carries Ethernet, as VXLAN does."""
    (flow,) = scanned([outer(craft.vxlan_gpe(7, frame(), 1, flags=0x08), 4790)]).flows
    assert (flow["src_ip"], flow["encapsulation"]) == ("10.0.0.1", "vxlan-gpe")
    reasons = scanned(
        [outer(craft.vxlan_gpe(7, frame(), flags=flags), 4790) for flags in (0x04, 0x1C)]
    ).frames["reasons"]
    assert reasons == {"i_flag_clear": 1, "gpe_version": 1}


def test_overlays_inside_each_other_whatever_they_are() -> None:
    """A tenant's overlay in another one: the path names both, and the depth-1 layer has the frame's count."""
    vxlan_in_geneve = overlay("geneve", 50, overlay("vxlan", 7))
    ip_behind_gpe = outer(
        craft.vxlan_gpe(
            60, craft.ipv4("10.9.0.1", "10.9.0.2", 17, craft.udp(1, 6081, craft.geneve(8, frame()))), 1
        ),
        4790,
    )
    report = scanned([vxlan_in_geneve, ip_behind_gpe])
    assert sorted((row["encapsulation"], row["vni"], row["depth"]) for row in tools.rows(report.vnis)) == [
        ("geneve", 50, 1),
        ("geneve/vxlan", 7, 2),
        ("vxlan-gpe", 60, 1),
        ("vxlan-gpe/geneve", 8, 2),
    ]
    assert sorted(row["encapsulation"] for row in tools.rows(report.flows)) == [
        "geneve/vxlan",
        "vxlan-gpe/geneve",
    ]
    assert report.frames["encapsulations"] == {"geneve": 1, "vxlan-gpe": 1}
    # What is not asked for inside of another is the tenant's UDP.
    (flow,) = scanned([ip_behind_gpe], "vxlan-gpe").flows
    assert (flow["dst_port"], flow["encapsulation"]) == (6081, "vxlan-gpe")


def test_copies_of_geneve_are_dropped() -> None:
    """The same packet at two interfaces, its TTL one lower."""
    data = overlay("geneve")
    again = bytearray(data)
    again[22] -= 1
    assert scanned([data, bytes(again)], dedup=True).copies["packets"] == 1


def test_errors_about_geneve_count_at_its_tunnel() -> None:
    """An ICMP error that quotes a Geneve packet is about that direction."""
    quoted = overlay("geneve")[14:]
    error = craft.ipv4("192.0.2.9", "192.0.2.1", 1, craft.icmp(3, 4, quoted, 1400))
    report = scanned([craft.ethernet(A, B, 0x0800, error)])
    (row,) = tools.rows(report.underlay)
    assert (row["src_vtep"], row["icmp_frag_needed"], row["icmp_mtu"], row["icmp_vnis"]) == (
        "192.0.2.1",
        1,
        1400,
        [7],
    )


def test_filters_name_the_overlay() -> None:
    """`encapsulation` is the path, `vni` that of any overlay."""
    frames = [overlay("vxlan"), overlay("geneve", 8), overlay("geneve", 50, overlay("vxlan", 7))]
    for text, packets in (
        ("encapsulation == geneve", [8, 50]),
        ("encapsulation == vxlan", [7, 50]),
        ("encapsulation == vxlan-gpe", []),
        ("vni == 8", [8]),
    ):
        report = scanned(frames, select=text)
        assert sorted(row["vni"] for row in tools.rows(report.vnis) if row["depth"] == 1) == packets, text


@pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")
def test_tshark_reads_the_same(tmp_path: Path) -> None:
    """Of each of these frames tshark has the same VNI, inner addresses and ports."""
    options = craft.geneve_option(0x0102, 0x80, bytes(8))
    frames = [
        overlay("geneve", 1),
        outer(craft.geneve(2, frame(packet(dport=80)), options=options, flags=0x40), 6081),
        outer(craft.geneve(3, packet(dport=81), 0x0800), 6081),
        overlay("vxlan-gpe", 4),
        outer(craft.vxlan_gpe(5, packet(dport=82), 1), 4790),
    ]
    path = tmp_path / "a.pcap"
    path.write_bytes(containers.pcap([Record(at, data, len(data)) for at, data in enumerate(frames)]))
    names = ["geneve.vni", "vxlan.vni", "ip.src", "ip.dst", "udp.dstport"]
    theirs = [
        (
            int((row["geneve.vni"] or row["vxlan.vni"])[0], 0),
            row["ip.src"][1],
            row["ip.dst"][1],
            row["udp.dstport"][1],
        )
        for row in tshark.fields(path, names)
    ]
    report = vxinspect.scan(path, encapsulations=ALL)
    ours = sorted(
        (row["vni"], row["src_ip"], row["dst_ip"], str(row["dst_port"])) for row in tools.rows(report.flows)
    )
    assert ours == sorted(theirs)
