"""The counting rules on single packets, each expectation computed by hand from the headers' lengths."""

from dataclasses import replace

import containers
import craft
import packets
import pytest
import showcase
import tools
from inner import L4, Inner, InnerIp, InnerOther
from packets import Frame, Packet
from shells import Link, Outer, Shell
from showcase import HOST_A, HOST_B, MAC_A, MAC_B, START

import vxinspect


def scan(*frames: Frame) -> vxinspect.Report:
    """Scan a capture of these frames."""
    report = vxinspect.scan(containers.pcap(packets.records(frames)))
    tools.assert_conservation(report)
    return report


def carrying(body: InnerIp | InnerOther, outer: Outer | None = None) -> Packet:
    """Return a packet of VNI 7 with this in an untagged inner frame."""
    return Packet(START, outer or Outer(showcase.A, showcase.B), 7, Inner(MAC_B, MAC_A, body))


UDP = InnerIp(
    HOST_A, HOST_B, L4("udp", 1, 2, payload=bytes(72))
)  # 14 + 20 + 8 + 72 = 114 bytes of inner frame


@pytest.mark.parametrize(
    ("name", "packet", "overhead"),
    [
        ("IPv4", carrying(UDP), 14 + 20 + 8 + 8),
        ("IPv6", carrying(UDP, Outer(showcase.A6, showcase.B6)), 14 + 40 + 8 + 8),
        ("a tag", replace(carrying(UDP), link=Link(tags=((0x8100, 9),))), 54),
        ("two tags", replace(carrying(UDP), link=Link(tags=((0x88A8, 9), (0x8100, 9)))), 58),
        ("IPv4 options", carrying(UDP, Outer(showcase.A, showcase.B, options=bytes(8))), 58),
        ("an extension", carrying(UDP, Outer(showcase.A6, showcase.B6, extensions=(craft.HOP_BY_HOP,))), 78),
        ("frame check sequence", replace(carrying(UDP), trailer=4), 54),
        ("SLL", replace(carrying(UDP), link=Link("sll")), 52),
        ("raw IP", replace(carrying(UDP), link=Link("raw")), 36),
    ],
)
def test_overhead_is_what_is_around_the_inner_frame(name: str, packet: Packet, overhead: int) -> None:
    """50 bytes over IPv4, 70 over IPv6, 4 more for a tag, and whatever else stands outside."""
    (row,) = scan(packet).vnis
    assert (row["inner_bytes"], row["payload_bytes"]) == (114, 72), name
    assert row["wire_bytes"] == 114 + overhead
    assert row["overhead_bytes"] == overhead
    assert row["overhead_percent"] == pytest.approx(100 * overhead / (114 + overhead))


@pytest.mark.parametrize(
    ("outer", "mtu"), [(Outer("10.0.0.1", "10.0.0.2"), 1550), (Outer("fd00::1", "fd00::2"), 1570)]
)
def test_the_underlay_mtu_for_inner_packets_of_1500(outer: Outer, mtu: int) -> None:
    """Inner IP packets of 1500 bytes need an underlay MTU of 1550 over IPv4 and 1570 over IPv6."""
    (row,) = scan(carrying(InnerIp(HOST_A, HOST_B, L4("udp", payload=bytes(1472))), outer)).overhead("total")
    assert row["required_underlay_mtu"] == row["largest_outer_ip_packet"] == mtu
    assert row["offload_frames"] == 0


def test_an_offloaded_frame_asks_for_no_mtu() -> None:
    """A packet larger than any MTU is noted as offloaded, and does not say what the underlay needs."""
    large = carrying(InnerIp(HOST_A, HOST_B, L4("tcp", payload=bytes(20_000))))
    (row,) = scan(large, carrying(UDP)).overhead("total")
    assert row["offload_frames"] == 1
    assert row["largest_outer_ip_packet"] == 20 + 8 + 8 + 14 + 40 + 20_000
    assert row["required_underlay_mtu"] == 20 + 8 + 8 + 114
    (alone,) = scan(large).overhead("total")
    assert alone["required_underlay_mtu"] is None


@pytest.mark.parametrize("zero", ["ip", "udp", "both"])
@pytest.mark.parametrize("ends", [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")])
def test_lengths_of_nought_are_taken_from_the_wire(ends: tuple[str, str], zero: str) -> None:
    """Where offload left a length field at 0, the inner length is the wire's less the headers in front."""
    report = scan(carrying(UDP, Outer(*ends, zero=zero)))
    (row,) = report.overhead("total")
    assert (row["inner_bytes"], row["offload_frames"]) == (114, 1)


def test_another_ethertype_carries_no_payload() -> None:
    """Payload is what a transport protocol carries: of an EtherType other than IP there is none."""
    (row,) = scan(carrying(InnerOther(0x88CC, bytes(50)))).vnis
    assert (row["inner_bytes"], row["payload_bytes"]) == (64, 0)


def test_the_fragments_of_a_datagram_are_one_packet() -> None:
    """Three fragments are one packet with the wire bytes of all, and an IP header for each of them."""
    packet = carrying(
        InnerIp(HOST_A, HOST_B, L4("udp", payload=bytes(900))), Outer(showcase.A, showcase.B, ident=3)
    )
    pieces = packet.fragments(400)  # a datagram of 8 + 8 + 14 + 20 + 8 + 900 = 958 bytes
    assert len(pieces) == 3
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        report = scan(*(pieces[index] for index in order))
        frames = report.summary["frames"]
        assert (frames["vxlan"], frames["fragment"]) == (1, 2)
        (row,) = report.overhead("total")
        assert (row["packets"], row["inner_bytes"], row["payload_bytes"]) == (1, 942, 900)
        assert row["wire_bytes"] == 958 + 3 * (14 + 20)
        assert (row["outer_ethernet_bytes"], row["outer_ip_bytes"]) == (3 * 14, 3 * 20)


@pytest.mark.parametrize(("kind", "header"), [("udp", 8), ("sctp", 12), ("icmp", 8), ("253", 0)])
def test_a_cut_transport_header_hides_no_length(kind: str, header: int) -> None:
    """The payload follows from the IP length where the capture ends before a header of known length."""
    body = InnerIp(HOST_A, HOST_B, L4(kind, payload=bytes(100)))
    packet = carrying(body)
    (row,) = scan(replace(packet, snap=packet.before_inner + 14 + 20)).vnis
    assert (row["inner_bytes"], row["payload_bytes"]) == (14 + 20 + header + 100, 100)


def test_nested_vxlan_is_one_packet() -> None:
    """A tunnel in a tunnel is one packet with a row of each layer; the tenant is the innermost's."""
    packet = carrying(UDP)
    nested = replace(packet, inside=(Shell(Outer("10.9.0.1", "10.9.0.2", 50001), 99),))
    report = scan(nested)
    assert report.summary["frames"]["vxlan"] == 1
    layers = {(row["vni"], row["encapsulation"], row["depth"]): row for row in report.vnis}
    assert sorted(layers) == [(7, "vxlan", 1), (99, "vxlan/vxlan", 2)]
    for row in layers.values():
        assert (row["packets"], row["inner_bytes"]) == (1, len(packet.inner.encode()))
        assert row["overhead_bytes"] == 50 + 50
    assert [layers[key]["flows"] for key in sorted(layers)] == [0, 1]
    ends = [(row["vtep_a"], row["vtep_b"], row["encapsulation"], row["depth"]) for row in report.tunnels]
    assert sorted(ends) == [
        (packet.outer.src, packet.outer.dst, "vxlan", 1),
        ("10.9.0.1", "10.9.0.2", "vxlan/vxlan", 2),
    ]
    (flow,) = report.flows
    assert (flow["vni"], flow["src_vtep"], flow["encapsulation"]) == (99, "10.9.0.1", "vxlan/vxlan")
    (cost,) = report.overhead("vni")
    assert (cost["vni"], cost["encapsulation"]) == (7, "vxlan")
    parts = [cost[f"{name}_bytes"] for name in ("outer_ethernet", "outer_ip", "udp", "vxlan")]
    assert parts == [28, 40, 16, 16]
    assert cost["required_underlay_mtu"] == 20 + 16 + 50 + len(packet.inner.encode())


def test_one_vni_of_two_depths_is_two() -> None:
    """The same VNI, MACs and 5-tuple inside of another VXLAN mix with nothing outside of it."""
    plain = carrying(UDP)
    report = scan(plain, plain, replace(plain, inside=(Shell(plain.outer, 7),)))
    for table in (report.flows, report.fdb, report.conversations("mac"), report.conversations("ip")):
        counted = sorted((row["encapsulation"], row["packets"]) for row in table)
        assert counted == [("vxlan", 2), ("vxlan/vxlan", 1)]
    assert sorted((row["encapsulation"], row["packets"]) for row in report.vnis) == [
        ("vxlan", 3),
        ("vxlan/vxlan", 1),
    ]


def test_the_depth_is_bounded_as_the_user_says() -> None:
    """Four layers by default; one more is invalid, and counted with its reason."""
    plain = carrying(UDP)
    deep = [replace(plain, inside=(Shell(plain.outer, 8),) * count) for count in range(6)]
    summary = scan(*deep).summary["frames"]
    assert (summary["vxlan"], summary["reasons"]) == (4, {"depth_exceeded": 2})
    capture = containers.pcap(packets.records(deep))
    for depth in (1, 2, 5, 16):
        frames = vxinspect.scan(capture, max_depth=depth).summary["frames"]
        assert (frames["vxlan"], frames["invalid"]) == (min(depth, 6), max(0, 6 - depth))
    for wrong in (0, 17, -1, True):
        with pytest.raises(vxinspect.OptionError, match="max_depth"):
            vxinspect.scan(capture, max_depth=wrong)


def test_reserved_bits_are_ignored_and_counted() -> None:
    """Any other flag, or either reserved field, changes nothing but a note."""
    plain = carrying(UDP)
    odd = [
        replace(plain, flags=0x88),
        replace(plain, reserved=1),
        replace(plain, last=1),
        replace(plain, flags=0xFF),
    ]
    report = scan(plain, *odd)
    (row,) = report.vnis
    assert (row["vni"], row["packets"]) == (7, 5)
    assert report.summary["frames"]["notes"]["reserved_bits"] == 4


def test_a_multicast_group_is_no_vtep() -> None:
    """Flooding to a group makes a multicast tunnel of its sender, and no VTEP and no peer of the group."""
    report = scan(carrying(UDP, Outer("10.9.9.9", "239.1.1.1")))
    (tunnel,) = report.tunnels
    assert (tunnel["vtep_a"], tunnel["vtep_b"], tunnel["kind"]) == ("10.9.9.9", "239.1.1.1", "multicast")
    assert tunnel["direction"] == "a_to_b"
    (vtep,) = report.vteps
    assert (vtep["vtep"], vtep["peers"]) == ("10.9.9.9", 0)
    assert report.summary["totals"]["vteps"] == 1


def test_addresses_reused_in_two_vnis_stay_apart() -> None:
    """The same 5-tuple in two VNIs is two flows, two conversations and four FDB entries."""
    report = scan(*showcase.web(100), *showcase.web(200))
    states = [(row["vni"], row["packets"], row["tcp_state"]) for row in report.flows]
    assert states == [
        (100, 9, "SF"),
        (200, 9, "SF"),
    ]
    assert [len(report.conversations(by)) for by in ("mac", "ip")] == [2, 2]
    assert len(report.fdb) == 4
