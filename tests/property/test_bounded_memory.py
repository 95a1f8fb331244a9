"""`--max-flows`: the first flows have rows, the others are one row for each VNI, and sums stay exact."""

from collections import Counter

import containers
import packets
import showcase
import strategies
import tools
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import Frame

import vxinspect

SUMS = ("packets", "inner_bytes", "payload_bytes", "wire_bytes", "overhead_bytes", "bum_packets")
# Tables, and what tells their rows apart, that no bound of flows touches.
EXACT = {
    "vnis": ("vni", "first_seen", "last_seen", "tagged_packets", "vteps", "tunnels"),
    "tunnels": ("vtep_a", "vtep_b", "vnis", "packets_ab", "source_ports_ab", "source_ports_ba"),
    "underlay": ("src_vtep", "dst_vtep", "source_ports"),
    "vteps": ("vtep", "vnis", "peers", "outer_macs"),
    "overhead_total": ("largest_outer_ip_packet", "required_underlay_mtu", "offload_frames"),
    "overhead_vni": ("vni", "outer_ip_bytes", "required_underlay_mtu", "goodput_percent"),
    "overhead_tunnel": ("vtep_a", "vtep_b", "outer_ip_bytes", "required_underlay_mtu"),
}


def exact(report: vxinspect.Report) -> dict[str, list[list[object]]]:
    """Return what must not change."""
    return {
        name: [
            [row[column] for column in (*SUMS, *columns) if column in row]
            for row in tools.table(report, name)
        ]
        for name, columns in EXACT.items()
    }


def capture(frames: list[Frame]) -> bytes:
    """Return a pcap of these frames."""
    return containers.pcap(packets.records(frames))


@given(strategies.captures(most=8, overlays=strategies.OVERLAYS), st.integers(1, 4))
@settings(max_examples=60)
def test_sums_stay_exact(frames: list[Frame], most: int) -> None:
    """Whatever has no room is in sums; flows that have room are as in the whole, and no fewer than asked."""
    whole, bounded = tools.scanned(capture(frames)), tools.scanned(capture(frames), max_flows=most)
    tools.assert_conservation(bounded)
    assert exact(bounded) == exact(whole)
    assert bounded.frames == whole.frames
    rows, known = tools.rows(bounded.flows), tools.rows(whole.flows)
    kept = [row for row in rows if row["protocol"] is not None]
    rest = [row for row in rows if row["protocol"] is None]
    assert len(kept) == min(most, len(known))
    assert all(row in known for row in kept)
    left = [row for row in known if row not in kept]
    sums: Counter[tuple[object, object]] = Counter()
    for row in left:
        sums[row["vni"], row["encapsulation"]] += row["packets"]
    assert {(row["vni"], row["encapsulation"]): row["packets"] for row in rest} == sums
    assert all(row[name] is None for row in rest for name in ("src_ip", "dst_port", "src_vtep", "tcp_state"))
    assert bounded.rest_packets >= sum(row["packets"] for row in rest)
    assert bounded.rest_packets == bounded.summary["totals"]["rest_packets"]


@given(strategies.captures(most=8, overlays=strategies.OVERLAYS), st.integers(1, 4), st.data())
@settings(max_examples=30)
def test_merged_sums_stay_exact(frames: list[Frame], most: int, data: st.DataObject) -> None:
    """Two bounded parts merge into sums of the whole, in no more flows than asked."""
    at = data.draw(st.integers(0, len(frames)))
    link = packets.records(frames)[0].link if frames else containers.ETHERNET
    parts = [containers.pcap(packets.records(part), link=link) for part in (frames[:at], frames[at:])]
    first, second = (tools.scanned(part, max_flows=most) for part in parts)
    merged = first.merge(second)
    unbounded = tools.scanned(parts[0]).merge(tools.scanned(parts[1]))
    tools.assert_conservation(merged)
    assert exact(merged) == exact(unbounded)
    assert merged.summary["totals"]["flows"] <= most


def test_the_first_flows_are_kept() -> None:
    """Those that come first in the capture have the rows; a bound that nothing exceeds changes nothing."""
    data = capture(showcase.frames())
    whole = vxinspect.scan(data)
    order = sorted(tools.rows(whole.flows), key=lambda row: str(row["first_seen"]))
    assert len({row["first_seen"] for row in order}) == len(order)
    bounded = tools.rows(vxinspect.scan(data, max_flows=3).flows)
    kept = [row for row in bounded if row["protocol"] is not None]
    segments = [
        [row["tcp_segments"] for row in each.vnis] for each in (whole, vxinspect.scan(data, max_flows=3))
    ]
    assert segments[0] == segments[1]
    assert sorted(kept, key=lambda row: str(row["first_seen"])) == order[:3]
    assert tools.content(vxinspect.scan(data, max_flows=10_000)) == tools.content(whole)
