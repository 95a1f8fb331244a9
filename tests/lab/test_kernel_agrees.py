"""Real VXLAN from the kernel's own VTEPs: our tables are its counters and forwarding tables, and tshark's."""

from collections import Counter
from pathlib import Path

import pytest
import tools
import tshark
from lab_runs import TOPOLOGIES, Run

import vxinspect
from vxinspect.verify import verify

ETHERNET_HEADER = 14


def vtep_row(report: vxinspect.Report, vtep: str) -> tools.Row:
    """Return what a report tells of one VTEP."""
    (row,) = (row for row in tools.rows(report.vteps) if row["vtep"] == vtep)
    return row


def multicast_from_others(report: vxinspect.Report, vtep: str) -> tuple[int, int]:
    """Return packets and inner bytes that others sent to a group: every VTEP of it receives them."""
    grouped = [row for row in tools.rows(report.tunnels) if row["kind"] == "multicast"]
    others = [row for row in grouped if row["vtep_a"] != vtep]
    return sum(row["packets"] for row in others), sum(row["inner_bytes"] for row in others)


def assert_counted(run: Run, capture: Path, hosts: range) -> None:
    """Assert that a capture has of these hosts, VNI by VNI, what their kernels have counted."""
    for device in (device for device in run.counters() if device.host in hosts):
        vtep = run.expected.vtep(device.host)
        report = run.scan(capture, vni=str(device.vni))
        row, grouped = vtep_row(report, vtep), multicast_from_others(report, vtep)
        packets, octets = device.sent
        assert row["packets_sent"] == packets > 0
        assert row["inner_bytes_sent"] == octets + ETHERNET_HEADER * packets
        packets, octets = device.received
        assert row["packets_received"] + grouped[0] == packets > 0
        assert row["inner_bytes_received"] + grouped[1] == octets + ETHERNET_HEADER * packets


def test_underlay_has_what_every_device_counted(run: Run) -> None:
    """Each VTEP sent and received, in each VNI, what its device has counted.

    A device counts each copy of head-end replication; a multicast packet once where it is sent, and once at
    each host that receives it; a datagram in fragments once; a frame that is still to be segmented once.
    """
    expected = run.expected
    devices = {(device.host, device.vni) for device in run.counters()}
    assert devices == {(host, vni) for host in expected.numbers for vni in expected.vnis}
    assert_counted(run, run.underlay, expected.numbers)


def test_capture_of_all_interfaces_has_what_the_first_host_counted(run: Run) -> None:
    """With `-i any`, a VXLAN packet is there once: only on the underlay has it its outer headers."""
    assert_counted(run, run.everywhere, range(1, 2))


def test_capture_of_all_interfaces_shows_packets_bare_too(run: Run) -> None:
    """With `-i any`, what a container sends and gets is there inside VXLAN, and bare at its own interface."""
    copies = run.scan(run.everywhere).summary["copies"]
    assert copies["bare"] > 0
    dropped = vxinspect.scan(run.everywhere, ports=run.expected.port, dedup=True).summary
    assert dropped["copies"]["bare"] == copies["bare"]
    assert dropped["copies"]["packets"] == copies["packets"]


def test_verify_explains_every_difference(run: Run) -> None:
    """Wireshark sees the kernel's packets as we do, frame by frame, or there is a known reason."""
    for capture in (run.underlay, run.everywhere):
        verification = verify(capture, ports=run.expected.port)
        assert verification.agrees, verification.comparisons


def test_second_host_has_what_it_counted(run: Run) -> None:
    """A capture on the second host's underlay has what its devices counted."""
    assert_counted(run, run.second_host, range(2, 3))


def test_forwarding_table_is_every_kernels(run: Run) -> None:
    """Each host's kernel has each station behind the VTEP that `fdb` names, and no station has moved."""
    rows = tools.rows(run.scan(run.underlay).fdb)
    found = {(row["vni"], row["mac"]): row["vtep"] for row in rows}
    assert len(found) == len(rows)
    assert all(row["moves"] == 0 for row in rows)
    for host in run.expected.numbers:
        assert run.forwarding(host) == found


def test_devices_learn_where_the_topology_says_so(run: Run) -> None:
    """What the test above compares with is learned in some topologies, and entered by hand in the others."""
    for host in run.expected.numbers:
        for link in run.links(host):
            assert link["linkinfo"]["info_data"]["learning"] is run.expected.learning


def test_tables_agree_with_tshark(run: Run) -> None:
    """Packets and bytes by VNI, tunnel, pair of MACs and flow are those of tshark's dissection."""
    report = run.scan(run.underlay)
    ours = tshark.reported(tools.tables(report))
    theirs = tshark.counts(tshark.observe(run.underlay, [run.expected.port]))
    assert set(theirs["packets by VNI"]) == {(1, vni) for vni in run.expected.vnis}
    if run.name == "fragments":  # tshark has no VNI for later pieces; test_topologies.py has their bytes
        for counts in (ours, theirs):
            del counts["wire bytes by VNI"]
    assert ours == theirs
    tools.assert_conservation(report)


def test_traffic_is_what_the_lab_sends(run: Run) -> None:
    """Each VNI has ARP (not where hosts route), ping, TCP and UDP, and each TCP connection is whole."""
    report = run.scan(run.underlay)
    flows, pairs = tools.rows(report.flows), tools.rows(report.conversations("mac"))
    for vni in run.expected.vnis:
        found = {row["protocol"] for row in flows if row["vni"] == vni}
        assert found == set(run.expected.protocols)
        types = {name for row in pairs if row["vni"] == vni for name in row["ethertypes"]}
        assert types == ({"ipv4"} if run.expected.routed else {"arp", "ipv4"})
    assert {row["tcp_state"] for row in flows if row["protocol"] == "tcp"} == {"SF"}


def test_everything_else_on_the_underlay_is_accounted_for(run: Run) -> None:
    """What is not VXLAN is how hosts find each other: ARP, neighbour discovery, the joining of groups."""
    frames = run.scan(run.underlay).summary["frames"]
    seen = tshark.fields(run.underlay, ["frame.protocols", "vxlan.vni"], [run.expected.port])
    last = Counter(frame["frame.protocols"][0].split(":")[-1] for frame in seen if not frame["vxlan.vni"])
    reasons = {reason: count for reason, count in frames["reasons"].items() if count}
    expected = {"non_ip": last["arp"], "non_udp": last["icmpv6"] + last["igmp"]}
    assert reasons == {reason: count for reason, count in expected.items() if count}
    assert frames["total"] == len(seen) == frames["vxlan"] + frames["fragment"] + frames["other"]
    assert frames["other"] > 0


def test_capture_of_all_interfaces_shows_inner_frames_bare_as_well(run: Run) -> None:
    """What crosses a bridge is there again without outer headers, on each interface: as `other`."""
    seen = tshark.fields(run.everywhere, ["sll.ifindex", "vxlan.vni", "icmp.type"], [run.expected.port])
    encapsulated = {frame["sll.ifindex"][0] for frame in seen if frame["vxlan.vni"]}
    bare = {frame["sll.ifindex"][0] for frame in seen if frame["icmp.type"] and not frame["vxlan.vni"]}
    assert len(encapsulated) == 1
    assert len(bare) >= 2
    assert not encapsulated & bare
    report = run.scan(run.everywhere)
    assert report.summary["captures"][0]["link_types"] == ["LINUX_SLL2"]
    frames = report.summary["frames"]
    assert frames["total"] == len(seen)
    assert frames["other"] > frames["vxlan"] == sum(bool(frame["vxlan.vni"]) for frame in seen)
    tools.assert_conservation(report)


@pytest.mark.parametrize("run", [name for name in TOPOLOGIES if TOPOLOGIES[name].hosts == 2], indirect=True)
def test_capture_of_all_interfaces_has_the_same_packets(run: Run) -> None:
    """Between two hosts, a cooked capture has the packets and inner bytes of the one on the underlay."""
    columns = ("vni", "packets", "inner_bytes", "payload_bytes", "macs", "ips", "flows")
    found, expected = (
        sorted(tuple(row[column] for column in columns) for row in tools.rows(run.scan(capture).vnis))
        for capture in (run.everywhere, run.underlay)
    )
    assert found == expected
