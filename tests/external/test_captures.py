"""Captures that other projects publish: what their owners say is in them, and what tshark sees."""

import csv
from typing import Any

import pytest
import tools
import tshark
from tools import rows

import vxinspect
from vxinspect.verify import verify

pytestmark = pytest.mark.external

FOLDER = tools.external_folder() / "captures"


def index() -> list[dict[str, str]]:
    """Return the rows of INDEX.tsv."""
    path = FOLDER / "INDEX.tsv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


INDEX = index()


def scan(name: str, *ports: int) -> vxinspect.Report:
    """Scan a capture, and assert that its report conserves."""
    report = vxinspect.scan(FOLDER / name, ports=ports or (4789,))
    tools.assert_conservation(report)
    return report


def frames(report: vxinspect.Report) -> dict[str, Any]:
    """Return the summary's dispositions."""
    counts: dict[str, Any] = report.summary["frames"]
    return counts


def ports_of(row: dict[str, str]) -> tuple[int, ...]:
    """Return the UDP ports of a row: `4789x10|8472x2`."""
    return tuple(int(port.split("x")[0]) for port in row["ports"].split("|") if port) or (4789,)


def tally(text: str) -> dict[str, int]:
    """`100x10|200x2` as {"100": 10, "200": 2}."""
    return {key: int(count) for key, _, count in (part.rpartition("x") for part in text.split("|") if part)}


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_the_index_is_met(row: dict[str, str]) -> None:
    """Frames, VXLAN packets on the default port and the capture's own, VNIs and tunnels are the index's."""
    default, own = scan(row["file"]), scan(row["file"], *ports_of(row))
    assert frames(default)["total"] == frames(own)["total"] == int(row["frames"])
    # tshark takes a source port of 4789 for VXLAN's as well; the contract goes by the destination port alone.
    by_source_port = 1 if row["file"] == "tapplet-encap_vxlan_ipv6.pcap" else 0
    assert frames(default)["vxlan"] == int(row["vxlan_default_ports"]) - by_source_port
    assert frames(own)["vxlan"] == int(row["vxlan_with_its_port"])
    assert {str(vni["vni"]): vni["packets"] for vni in rows(own.vnis)} == tally(row["vnis"])
    pairs: dict[str, int] = {}
    for tunnel in rows(own.tunnels):
        a, b = tunnel["vtep_a"], tunnel["vtep_b"]
        pairs |= {f"{a}>{b}": tunnel["packets_ab"], f"{b}>{a}": tunnel["packets_ba"]}
    assert {pair: count for pair, count in pairs.items() if count} == tally(row["outer_pairs"])


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_tshark_sees_the_same(row: dict[str, str]) -> None:
    """Per VNI, tunnel, pair of MACs and flow, tshark counts the same frames and bytes."""
    if not tshark.available():
        pytest.skip("tshark is not installed")
    ports = ports_of(row)
    report = scan(row["file"], *ports)
    seen = tshark.counts(tshark.observe(FOLDER / row["file"], ports))
    assert tshark.reported(tools.tables(report)) == seen
    assert sum(seen["packets by VNI"].values()) == int(row["vxlan_with_its_port"])


# ---- the owners' facts ---------------------------------------------------------------------------


def test_zeek_vxlan_has_eight_ip_packets_in_vni_123() -> None:
    """Zeek raises `vxlan_packet` eight times, each with VNI 123; two further packets carry ARP."""
    report = scan("zeek-vxlan.pcap")
    assert [(row["vni"], row["packets"]) for row in rows(report.vnis)] == [(123, 10)]
    by_type = {tuple(row["ethertypes"]): row["packets"] for row in rows(report.conversations("mac"))}
    assert sum(row["packets"] for row in rows(report.conversations("ip"))) == 8
    assert any("arp" in kinds for kinds in by_type)


def test_zeek_vxlan_outer_flows() -> None:
    """Zeek's outer flows are 4/536, 4/536, 1/78 and 1/78 packets/IP bytes, on two source ports each way."""
    (tunnel,) = rows(scan("zeek-vxlan.pcap").tunnels)
    assert (tunnel["vtep_a"], tunnel["vtep_b"]) == ("192.168.56.11", "192.168.56.12")
    assert (tunnel["packets_ab"], tunnel["packets_ba"]) == (5, 5)
    assert (tunnel["source_ports_ab"], tunnel["source_ports_ba"]) == (2, 2)
    # 536 + 78 IP bytes each way, and 36 of every packet's are the outer headers.
    assert tunnel["inner_bytes_ab"] == tunnel["inner_bytes_ba"] == 536 + 78 - 5 * 36


def test_zeek_vxlan_inner_ping() -> None:
    """The inner flow 10.0.0.1 <> 10.0.0.2 has 4 packets and 336 IP bytes each way."""
    (flow,) = rows(scan("zeek-vxlan.pcap").flows)
    assert (flow["protocol"], {flow["src_ip"], flow["dst_ip"]}) == ("icmp", {"10.0.0.1", "10.0.0.2"})
    assert (flow["packets_fwd"], flow["packets_rev"]) == (4, 4)
    assert flow["inner_bytes_fwd"] == flow["inner_bytes_rev"] == 336 + 4 * 14


def test_zeek_inner_tcp_with_a_bad_checksum_is_still_a_flow() -> None:
    """One packet in VNI 42: a SYN from 10.0.0.1:12345 to 10.0.0.2:80, whose inner checksum is wrong."""
    (flow,) = rows(scan("zeek-vxlan-inner-tcp-bad-checksum.pcap").flows)
    assert (flow["vni"], flow["packets"], flow["tcp_flags_fwd"], flow["tcp_state"]) == (42, 1, "S", "S0")
    assert (flow["src_ip"], flow["src_port"], flow["dst_ip"], flow["dst_port"]) == (
        "10.0.0.1",
        12345,
        "10.0.0.2",
        80,
    )


def test_flowtest_inner_and_outer_bytes() -> None:
    """FlowTest: 4/4 packets, 336/336 inner IP bytes, 536/536 outer IP bytes, and both MACs, in VXLAN 123."""
    report = scan("flowtest-vxlan.pcap")
    (flow,) = rows(report.flows)
    assert (flow["vni"], flow["protocol"], {flow["src_ip"], flow["dst_ip"]}) == (
        123,
        "icmp",
        {"10.0.0.1", "10.0.0.2"},
    )
    assert (flow["packets_fwd"], flow["packets_rev"]) == (4, 4)
    assert (flow["inner_bytes_fwd"] - 4 * 14, flow["inner_bytes_rev"] - 4 * 14) == (336, 336)
    (overhead,) = rows(report.overhead("total"))
    assert overhead["wire_bytes"] - overhead["outer_ethernet_bytes"] == 536 + 536
    assert {row["mac"] for row in rows(report.fdb)} == {"ba:09:2b:6e:f8:be", "4a:7f:01:3b:a2:71"}


@pytest.mark.parametrize(
    ("name", "port"), [("tcpdump-vxlan.pcap", 4789), ("tcpdump-vxlan_port_8472.pcap", 8472)]
)
def test_tcpdump_vxlan(name: str, port: int) -> None:
    """Tcpdump prints ten packets of VNI 100 with flags [I]: eight ICMP, two ARP."""
    report = scan(name, port)
    (vni,) = rows(report.vnis)
    assert (vni["vni"], vni["packets"]) == (100, 10)
    assert frames(report)["notes"].get("reserved_bits", 0) == 0
    assert sum(row["packets"] for row in rows(report.flows) if row["protocol"] == "icmp") == 8
    assert vni["packets"] - sum(row["packets"] for row in rows(report.conversations("ip"))) == 2


def test_the_port_of_flannel_is_hinted_at_and_found() -> None:
    """Ten packets on UDP 8472 are `other` by default, named in a hint, and taken in by `--port auto`."""
    report = scan("tcpdump-vxlan_port_8472.pcap")
    assert frames(report)["vxlan"] == 0
    assert any("8472" in hint and "10 frames" in hint and "100" in hint for hint in report.summary["hints"])
    auto = vxinspect.scan(FOLDER / "tcpdump-vxlan_port_8472.pcap", ports="auto")
    assert [(row["vni"], row["packets"]) for row in rows(auto.vnis)] == [(100, 10)]


@pytest.mark.parametrize("name", ["tcpdump-gso-ipv4-vxlan-ipv4.pcap", "tcpdump-gso-ipv6-vxlan-ipv4.pcap"])
def test_tcpdump_segmentation_offload(name: str) -> None:
    """One packet of VNI 5001, flags [I], larger than the MTU: its inner length follows from the headers."""
    report = scan(name)
    (vni,) = rows(report.vnis)
    assert (vni["vni"], vni["packets"]) == (5001, 1)
    assert frames(report)["notes"].get("reserved_bits", 0) == 0
    (overhead,) = rows(report.overhead("total"))
    assert overhead["largest_outer_ip_packet"] > 1500
    assert overhead["overhead_bytes"] == (70 if "ipv6" in name else 50)


def test_group_policy_does_not_hide_a_packet() -> None:
    """PcapPlusPlus: VNI 3000001 with the flags G, I, D and A and a group id of 100: counted, and noted."""
    report = scan("pcapplusplus-Vxlan1.pcap")
    assert [(row["vni"], row["packets"]) for row in rows(report.vnis)] == [(3000001, 1)]
    assert frames(report)["notes"]["reserved_bits"] == 1


@pytest.mark.parametrize(
    ("name", "port"), [("packetnet-vxlan.pcap", 4789), ("packetnet-vxlan_custom_port.pcap", 65530)]
)
def test_packetnet(name: str, port: int) -> None:
    """Packet.Net: VNI 0x123456, inner TCP with two bytes of payload; nothing unless its port is told."""
    report = scan(name, port)
    (flow,) = rows(report.flows)
    assert (flow["vni"], flow["protocol"], flow["payload_bytes"]) == (0x123456, "tcp", 2)
    assert frames(scan("packetnet-vxlan_custom_port.pcap"))["vxlan"] == 0


def test_only_the_destination_port_counts() -> None:
    """Tapplet: VNI 11 on destination port 210, over IPv6; its source port of 4789 makes no VXLAN of it."""
    assert frames(scan("tapplet-encap_vxlan_ipv6.pcap"))["vxlan"] == 0
    report = scan("tapplet-encap_vxlan_ipv6.pcap", 210)
    (tunnel,) = rows(report.tunnels)
    assert {tunnel["vtep_a"], tunnel["vtep_b"]} == {"ccdd::eeff", "ffff::eeee"} or tunnel[
        "kind"
    ] == "multicast"
    assert tunnel["vnis"] == [11]
    assert tunnel["packets"] == 1


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_verify_explains_every_difference(row: dict[str, str]) -> None:
    """Both tshark and pyshark agree frame by frame, or there is a known reason."""
    if not tshark.available():
        pytest.skip("tshark is not installed")
    verification = verify(FOLDER / row["file"], ports=ports_of(row))
    assert verification.agrees, verification.comparisons
    assert [each.frames for each in verification.comparisons] == [int(row["frames"])] * 2


@pytest.mark.parametrize("row", INDEX, ids=lambda row: row["file"])
def test_tshark_finds_the_same_checksums_wrong(row: dict[str, str]) -> None:
    """Inner checksums that are wrong, or the pseudo-header's alone, are those that tshark calls wrong."""
    sums = vxinspect.scan(FOLDER / row["file"], checksums=True).summary["checksums"]
    seen = tshark.checksums(FOLDER / row["file"])
    # One frame is taken for VXLAN by its source port, by tshark alone.
    if row["file"] != "tapplet-encap_vxlan_ipv6.pcap":
        assert sums["inner_wrong"] + sums["inner_partial"] == sum(frame.inner == "bad" for frame in seen)


def test_offloaded_captures_have_partial_checksums() -> None:
    """Super-frames taken before the network card have its work undone, outside and inside."""
    for name in ("tcpdump-gso-ipv4-vxlan-ipv4.pcap", "tcpdump-gso-ipv6-vxlan-ipv4.pcap"):
        sums = vxinspect.scan(FOLDER / name, checksums=True).summary["checksums"]
        assert (sums["outer_udp_partial"], sums["inner_partial"], sums["inner_wrong"]) == (1, 1, 0)
