"""Rows under a selection are the rows of the selected packets."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

import containers
import model
import packets
import pytest
import strategies
import tools
from facts import Fact
from hypothesis import given, settings
from hypothesis import strategies as st
from inner import Inner, InnerIp
from packets import Frame
from shells import Outer
from test_tables_equal_the_model import assert_rows, same

import vxinspect


def in_network(address: str | None, network: str) -> bool:
    """Whether an address lies in a network; one that is not there lies in none."""
    return address is not None and ip_address(address) in ip_network(network, strict=False)


SELECTIONS: dict[str, tuple[dict[str, Any], Callable[[Fact], bool]]] = {
    "one VNI": ({"vni": 100}, lambda f: 100 in f.vnis),
    "VNI ranges": ({"vni": "0-1,150-16777215"}, lambda f: any(vni <= 1 or vni >= 150 for vni in f.vnis)),
    "alternatives": ({"vni": [1, "200"]}, lambda f: bool(f.vnis & {1, 200})),
    "a VTEP": ({"vtep": "10.0.0.1"}, lambda f: "10.0.0.1" in f.vteps),
    "an IPv6 VTEP, not as it is printed": (
        {"vtep": "2001:0DB8:0:0:0:0:0:000A"},
        lambda f: "2001:db8::a" in f.vteps,
    ),
    "a MAC": ({"mac": strategies.MACS[0]}, lambda f: strategies.MACS[0] in (f.mac_src, f.mac_dst)),
    "a MAC in capitals": (
        {"mac": "0A:BB:00:00:00:10"},
        lambda f: strategies.MACS[2] in (f.mac_src, f.mac_dst),
    ),
    "a host": ({"host": "10.0.0.2"}, lambda f: "10.0.0.2" in (f.ip_src, f.ip_dst)),
    "a network": (
        {"host": "10.0.0.0/30"},
        lambda f: in_network(f.ip_src, "10.0.0.0/30") or in_network(f.ip_dst, "10.0.0.0/30"),
    ),
    "an IPv6 network": (
        {"host": "fd00::/64"},
        lambda f: in_network(f.ip_src, "fd00::/64") or in_network(f.ip_dst, "fd00::/64"),
    ),
    "every IPv4 host": (
        {"host": "0.0.0.0/0"},
        lambda f: in_network(f.ip_src, "0.0.0.0/0") or in_network(f.ip_dst, "0.0.0.0/0"),
    ),
    "a protocol": ({"protocol": "tcp"}, lambda f: f.protocol == "tcp"),
    "protocols": ({"protocol": ["icmp", "icmpv6"]}, lambda f: f.protocol in ("icmp", "icmpv6")),
    "a protocol by number": ({"protocol": "253"}, lambda f: f.protocol == "253"),
    "a port": ({"inner_port": 80}, lambda f: 80 in (f.sport, f.dport)),
    "several fields": (
        {"vni": "1-300", "protocol": "udp", "inner_port": [53, 5201]},
        lambda f: (
            any(1 <= vni <= 300 for vni in f.vnis)
            and f.protocol == "udp"
            and bool({f.sport, f.dport} & {53, 5201})
        ),
    ),
}


def is_arp(frame: Frame) -> bool:
    """Tell whether a frame carries ARP."""
    whole = frame.whole if isinstance(frame, packets.Piece) else frame
    return isinstance(whole, packets.Packet) and whole.inner.ethertype == "arp"


# A selected host is an IP packet's; whether ARP for it counts is not said, so these captures have none.
WITHOUT_ARP = strategies.captures(most=14, overlays=strategies.OVERLAYS).map(
    lambda frames: [f for f in frames if not is_arp(f)]
)


@pytest.mark.parametrize("name", SELECTIONS)
@given(frames=WITHOUT_ARP)
@settings(max_examples=25)
def test_a_selection_leaves_the_model_of_the_selected_packets(name: str, frames: list[Frame]) -> None:
    """Every table under a selection is the model's of the packets that match; frames are counted as ever."""
    select, wanted = SELECTIONS[name]
    facts = packets.facts(frames)
    report = tools.scanned(containers.pcap(packets.records(frames)), select=select)
    assert_selected(report, facts, wanted)
    counts = report.summary["frames"]
    assert {key: counts[key] for key in model.dispositions(facts)} == model.dispositions(facts)
    assert counts["selected"] == sum(wanted(fact) for fact in facts if fact.disposition == "vxlan")


def assert_selected(report: vxinspect.Report, facts: list[Fact], wanted: Callable[[Fact], bool]) -> None:
    """Assert that the tables are the model's under the selection, and conserve."""
    expected, found = model.tables(facts, wanted), tools.tables(report)
    for table in tools.TABLES:
        if table != "overhead_total" or expected[table]:
            assert_rows(table, found[table], expected[table])
    tools.assert_conservation(report)


@given(strategies.captures(most=14, overlays=strategies.OVERLAYS), st.integers(0, 14), st.integers(0, 14))
def test_frames_outside_the_time_window_are_not_there(frames: list[Frame], first: int, last: int) -> None:
    """`since` and `until` leave the report of a capture that has only the frames in between."""
    times = [frame.record().time for frame in frames] or [strategies.START]
    # Half a microsecond beside a frame's time, so that no frame stands on the edge.
    since, until = times[min(first, len(times) - 1)] - 500, times[min(last, len(times) - 1)] + 500
    inside = [frame for frame in frames if since < frame.record().time < until]
    capture = containers.pcap(packets.records(frames), nanosecond=True)
    report = tools.scanned(capture, select={"since": model.rfc3339(since), "until": model.rfc3339(until)})
    facts = packets.facts(inside)
    assert_selected(report, facts, lambda _: True)
    counts = report.summary["frames"]
    assert {key: counts[key] for key in model.dispositions(facts)} == model.dispositions(facts)


@given(strategies.captures(most=14, overlays=strategies.OVERLAYS), st.integers(1, 20))
def test_count_stops_after_so_many_frames(frames: list[Frame], count: int) -> None:
    """`count` gives the report of the first frames alone."""
    records = packets.records(frames)
    report = tools.scanned(containers.pcap(records), count=count)
    link = records[0].link if records else None
    alone = tools.scanned(containers.pcap(records[:count], link=link))
    assert tools.content(report) == tools.content(alone)


@given(
    st.lists(st.tuples(st.sampled_from(strategies.MACS), st.sampled_from(strategies.VTEPS[4])), max_size=60)
)
def test_moves_are_counted_in_capture_order(seen: list[tuple[str, str]]) -> None:
    """An address that changes to another VTEP has moved; one that stays or that talks on has not."""
    frames: list[Frame] = []
    for mac, vtep in seen:
        peer = next(other for other in strategies.VTEPS[4] if other != vtep)
        inner = Inner("02:ff:00:00:00:01", mac, InnerIp("10.0.0.1", "10.0.0.2"))
        frames.append(packets.Packet(strategies.START, Outer(vtep, peer), 7, inner))
    table = vxinspect.scan(containers.pcap(packets.records(frames))).fdb
    rows = {row["mac"]: row for row in tools.rows(table)}
    assert set(rows) == {mac for mac, _ in seen}
    for mac, row in rows.items():
        behind = [vtep for other, vtep in seen if other == mac]
        assert row["vtep"] == behind[-1]
        assert row["moves"] == sum(a != b for a, b in pairwise(behind))
        assert row["packets"] == len(behind)


@given(strategies.captures(kinds=["ethernet"], most=14), st.sampled_from([8472, 65530]))
def test_other_ports_are_vxlan_only_where_told(frames: list[Frame], port: int) -> None:
    """The same packets on another UDP port are `other` until it is named; several ports count together."""
    from dataclasses import replace

    # Of one TTL: its changes count for each UDP port apart.
    moved = [
        replace(frame, outer=replace(frame.outer, port=port if index % 2 else frame.outer.port, ttl=64))
        if isinstance(frame, packets.Packet)
        else frame
        for index, frame in enumerate(frames)
        if not isinstance(frame, packets.Piece)
        and not (isinstance(frame, packets.Packet) and frame.snap is not None)
    ]
    facts = packets.facts(moved)
    capture = containers.pcap(packets.records(moved))
    both = vxinspect.scan(capture, ports=(4789, port))
    assert_selected(both, facts, lambda _: True)
    # What is inside of the others tells nothing of inner fragments.
    default = packets.with_ports(
        [
            Fact(fact.time, fact.wire, "other", "other_port")
            if isinstance(frame, packets.Packet) and frame.outer.port == port
            else frame.fact()
            for frame, fact in zip(moved, facts, strict=True)
        ]
    )
    only = vxinspect.scan(capture)
    assert_selected(only, default, lambda _: True)
    assert same(only.summary["frames"]["other"], model.dispositions(default)["other"])
