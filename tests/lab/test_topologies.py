"""What each topology of the lab is there to show."""

from collections import Counter, defaultdict

import pytest
import tools
import tshark
from lab_runs import TOPOLOGIES, Run, call

import vxinspect

ARP = ("vxlan.vni", "ip.src", "ip.dst", "arp.opcode", "arp.src.proto_ipv4", "arp.dst.proto_ipv4")
FRAGMENTS = ("ip.src", "ip.id", "ip.flags.mf", "ip.frag_offset", "ip.proto", "frame.len")
ETHERNET_HEADER = 14
LARGEST_REAL_MTU = 9216


def only(*names: str) -> pytest.MarkDecorator:
    """Have a test run on these topologies alone."""
    return pytest.mark.parametrize("run", names, indirect=True)


def frame_lengths(run: Run) -> list[int]:
    """Return the wire length of each frame on the underlay, as tshark reads it."""
    return [int(frame["frame.len"][0]) for frame in tshark.fields(run.underlay, ["frame.len"])]


def test_lab_lists_its_topologies() -> None:
    """`--list` names what the tests expect, and says of each what it is."""
    lines = call("--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(TOPOLOGIES)
    assert all(len(line.split()) > 3 for line in lines)


@only("two-tenants")
def test_tenants_with_the_same_addresses_stay_apart(run: Run) -> None:
    """One 5-tuple used in both VNIs at the same time is two flows, each complete from SYN to FIN."""
    flows = [row for row in run.scan(run.underlay).flows if row["protocol"] == "tcp"]
    ends = ("src_ip", "src_port", "dst_ip", "dst_port")
    assert {tuple(row[end] for end in ends) for row in flows} == {("10.0.0.1", 40000, "10.0.0.2", 5201)}
    assert sorted((row["vni"], row["tcp_state"]) for row in flows) == [(100, "SF"), (200, "SF")]


@only("head-end-replication", "docker-overlay")
def test_broadcast_is_sent_once_for_each_other_host(run: Run) -> None:
    """Each ARP request is on the wire once to each other host, and `bum_packets` counts the copies."""
    copies: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for frame in tshark.fields(run.underlay, ARP):
        if frame["vxlan.vni"] and frame["arp.opcode"] == ["1"]:
            asked = frame["ip.src"][0], frame["arp.src.proto_ipv4"][0], frame["arp.dst.proto_ipv4"][0]
            copies[asked][frame["ip.dst"][0]] += 1
    vteps = {run.expected.vtep(host) for host in (1, 2, 3)}
    assert copies
    for (vtep, _, _), to in copies.items():
        assert set(to) == vteps - {vtep}
        assert len(set(to.values())) == 1
    (row,) = tools.rows(run.scan(run.underlay).vnis)
    assert row["bum_packets"] == sum(to.total() for to in copies.values())


@only("multicast")
def test_broadcast_is_sent_once_to_the_group(run: Run) -> None:
    """Broadcast is in tunnels of kind `multicast`, from their sender to the group, which is no VTEP."""
    report = run.scan(run.underlay)
    grouped = [row for row in tools.rows(report.tunnels) if row["kind"] == "multicast"]
    assert {row["vtep_b"] for row in grouped} == {"239.1.1.100"}
    assert {row["direction"] for row in grouped} == {"a_to_b"}
    assert {row["vtep"] for row in tools.rows(report.vteps)} == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    (vni,) = tools.rows(report.vnis)
    assert sum(row["packets"] for row in grouped) == vni["bum_packets"] > 0
    sent = sum(device.sent[0] for device in run.counters())
    received = sum(device.received[0] for device in run.counters())
    assert received == sent + vni["bum_packets"], "what one host sends once, two receive"


@only("ipv6-underlay")
def test_ipv6_costs_70_bytes_a_packet(run: Run) -> None:
    """Ethernet 14, IPv6 40, UDP 8, VXLAN 8."""
    (row,) = tools.rows(run.scan(run.underlay).overhead("total"))
    assert row["overhead_bytes"] == 70 * row["packets"]
    assert row["outer_ip_bytes"] == 40 * row["packets"]


@only("fragments")
def test_fragments_are_charged_to_their_packets(run: Run) -> None:
    """Each datagram is one packet, its other pieces are `fragment`, and the bytes of all are its tunnel's."""
    pieces: Counter[tuple[str, str]] = Counter()
    octets = 0
    for frame in tshark.fields(run.underlay, FRAGMENTS):
        if frame["ip.proto"] and frame["ip.proto"][0] == "17":
            octets += int(frame["frame.len"][0])
            more = frame["ip.flags.mf"][0] in ("1", "True")
            pieces[frame["ip.src"][0], frame["ip.id"][0]] += more or frame["ip.frag_offset"][0] != "0"
    cut = [count for count in pieces.values() if count]
    assert set(cut) == {3}, "1,450 bytes and the headers around them take three pieces of 600"
    report = run.scan(run.underlay)
    frames = report.summary["frames"]
    assert frames["fragment"] == 2 * len(cut) > 0
    assert frames["vxlan"] == sum(device.sent[0] for device in run.counters())
    (row,) = tools.rows(report.overhead("total"))
    assert row["wire_bytes"] == octets
    # Each further piece has an Ethernet and an IPv4 header of its own.
    assert row["overhead_bytes"] == 50 * frames["vxlan"] + 34 * frames["fragment"]


@only("port-8472", "flannel")
def test_other_port_is_hinted_at_and_found(run: Run) -> None:
    """On VXLAN's own port there is nothing, and a hint; `--port auto` finds the traffic."""
    counted = tools.rows(run.scan(run.underlay).vnis)
    blind = tools.cli("vnis", "--json", run.underlay)
    assert blind.text.strip() == "[]"
    (hint,) = blind.errors
    assert f"{counted[0]['packets']} frames on UDP 8472 look like VXLAN" in hint
    assert "--port 8472" in hint
    assert tools.cli_json("vnis", "--port", "auto", run.underlay) == counted


@only("gbp")
def test_group_policy_is_counted_as_reserved_bits(run: Run) -> None:
    """What the hosts themselves sent has a policy, both ways; what the containers sent has none."""
    names = ["vxlan.flags", "vxlan.gbp", "eth.src"]
    seen = [frame for frame in tshark.fields(run.underlay, names) if frame["vxlan.flags"]]
    marked = [frame for frame in seen if frame["vxlan.gbp"] == ["512"]]
    assert {frame["vxlan.flags"][0] for frame in marked} == {"0x8800"}
    assert {frame["vxlan.flags"][0] for frame in seen if frame not in marked} == {"0x0800"}
    assert {frame["eth.src"][1] for frame in marked} == {"02:42:0a:00:00:65", "02:42:0a:00:00:66"}
    notes = run.scan(run.underlay).summary["frames"]["notes"]
    assert notes["reserved_bits"] == len(marked) < len(seen)


def test_sound_networks_have_no_findings(run: Run) -> None:
    """On the underlay, on a host, and on all its interfaces, no rule speaks but of what was built in.

    Not of checksums either: those that the kernel leaves to the card, and the outer ones that it computes for
    what the card will fill in, are none that are wrong.
    """
    built_in = {"fragments": {"fragmentation"}, "gbp": {"reserved-bits"}}
    for capture in sorted(run.folder.glob("*.pcap")):
        told = {row["rule"] for row in vxinspect.scan(capture, ports="auto", checksums=True).findings}
        assert told == built_in.get(run.name, set()), capture.name


@only("udp-checksums", "port-8472")
def test_outer_udp_checksum_is_there_where_it_is_asked_for(run: Run) -> None:
    """With `udpcsum` no outer UDP checksum is zero, and with `noudpcsum` each is."""
    seen = tshark.fields(run.underlay, ["vxlan.vni", "udp.checksum"], [run.expected.port])
    zero = {frame["udp.checksum"][0] == "0x0000" for frame in seen if frame["vxlan.vni"]}
    assert zero == {run.name != "udp-checksums"}


@only("offload")
def test_frames_that_no_cable_carries_are_offload(run: Run) -> None:
    """Frames beyond any MTU are counted, and leave the MTU that the underlay needs as it is."""
    (row,) = tools.rows(run.scan(run.underlay).overhead("total"))
    large = [length for length in frame_lengths(run) if length > LARGEST_REAL_MTU + ETHERNET_HEADER]
    assert row["offload_frames"] == len(large) > 10
    assert row["largest_outer_ip_packet"] == max(large) - ETHERNET_HEADER
    assert row["required_underlay_mtu"] <= LARGEST_REAL_MTU
    assert row["payload_bytes"] > 2_000_000


@only(*(name for name in TOPOLOGIES if name != "offload"))
def test_other_frames_are_as_a_cable_carries_them(run: Run) -> None:
    """Without offload, no frame is longer than the underlay's MTU allows."""
    assert max(frame_lengths(run)) <= run.expected.mtu + ETHERNET_HEADER


@only("largest-vni")
def test_largest_vni_has_all_24_bits(run: Run) -> None:
    """VNI 16777215 is a VNI like any other."""
    assert [row["vni"] for row in run.scan(run.underlay).vnis] == [16777215]
    assert [row["vni"] for row in run.scan(run.underlay, vni="16777215").vnis] == [16777215]


@only("docker-overlay")
def test_docker_overlay_has_its_services(run: Run) -> None:
    """A name is looked up on one host, and its page fetched from another."""
    ends = ("protocol", "src_ip", "dst_ip", "dst_port")
    flows = {tuple(row[end] for end in ends) for row in tools.rows(run.scan(run.underlay).flows)}
    assert {("udp", "10.0.1.3", "10.0.1.5", 53), ("tcp", "10.0.1.3", "10.0.1.4", 80)} < flows


@only("flannel")
def test_flannel_routes_between_its_hosts(run: Run) -> None:
    """The stations are the hosts' VXLAN devices, and behind each is the address of its host's pod."""
    report = run.scan(run.underlay)
    behind = {row["vtep"]: row["ips"] for row in tools.rows(report.fdb)}
    assert behind == {"192.0.2.1": ["10.244.1.2"], "192.0.2.2": ["10.244.2.2"]}
    (row,) = tools.rows(report.vnis)
    assert row["bum_packets"] == 0, "every neighbour is entered by hand, so nobody asks for one"
