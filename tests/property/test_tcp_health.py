"""Whatever befalls TCP connections, their health is the reference model's, in one run or in parts."""

from itertools import chain, zip_longest

import containers
import model
import packets
import talks
import tcp_health
import tools
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from packets import Packet
from talks import Said
from test_tables_equal_the_model import assert_report, assert_rows, same

import vxinspect


def scan(frames: list[Packet]) -> vxinspect.Report:
    """Return the report of a capture of these frames."""
    return vxinspect.scan(containers.pcap(packets.records(frames), nanosecond=True))


def interleaved(first: list[Packet], second: list[Packet]) -> list[Packet]:
    """Return the frames of both in turns."""
    pairs = zip_longest(first, second)
    return [frame for frame in chain.from_iterable(pairs) if frame is not None]


@given(talks.talks(20))
@settings(max_examples=1000)
def test_health_is_the_models(talk: list[Said]) -> None:
    """Faults of every kind, in any order, over two tunnels, from any start."""
    frames = talks.packets_of(talk)
    assert_report(scan(frames), packets.facts(frames))


@given(talks.talks(), talks.talks())
@settings(max_examples=100)
def test_the_same_five_tuple_in_two_vnis_is_two_connections(one: list[Said], other: list[Said]) -> None:
    """Interleaved, each VNI has the health that its packets have alone: what Wireshark would mix."""
    frames = interleaved(talks.packets_of(one, vni=100), talks.packets_of(other, vni=200))
    report = scan(frames)
    assert_report(report, packets.facts(frames))
    for vni, talk in ((100, one), (200, other)):
        alone = tools.rows(scan(talks.packets_of(talk, vni=vni)).flows)
        assert_rows("flows", [row for row in tools.rows(report.flows) if row["vni"] == vni], alone)


@given(talks.talks(), st.data())
@settings(max_examples=1000)
def test_merging_anywhere_is_exact(talk: list[Said], data: st.DataObject) -> None:
    """Cut anywhere and merged, the parts are the whole, unless what one repeats straddles the cut."""
    frames = talks.packets_of(talk)
    facts = packets.facts(frames)
    at = data.draw(st.integers(0, len(frames)))
    assume(not tcp_health.straddles(facts[:at], facts[at:]))
    merged = scan(frames[:at]).merge(scan(frames[at:]))
    assert_report(merged, facts)


@given(talks.talks(), st.data())
@settings(max_examples=300)
def test_merging_three_parts_in_either_order_is_exact(talk: list[Said], data: st.DataObject) -> None:
    """The middle part may be merged with either neighbour first."""
    frames = talks.packets_of(talk)
    facts = packets.facts(frames)
    one, two = sorted(data.draw(st.integers(0, len(frames))) for _ in range(2))
    for cut in (one, two):
        assume(not tcp_health.straddles(facts[:cut], facts[cut:]))
    assume(not tcp_health.straddles(facts[one:two], facts[two:]))
    first, second, third = scan(frames[:one]), scan(frames[one:two]), scan(frames[two:])
    assert_report(first.merge(second).merge(third), facts)
    assert_report(first.merge(second.merge(third)), facts)


def test_a_part_that_begins_with_a_keep_alive_passes_nothing_over() -> None:
    """What was seen before the cut is sent again, though the byte at the keep-alive's place looks missing."""
    said = ((1100, 1), (1000, 1, 100), (1099, 1), (1100, 2), (1000, 2, 100))
    frames = talks.packets_of([talks.Said(talks.CLIENT, "A", *each) for each in said])
    merged = scan(frames[:2]).merge(scan(frames[2:]))
    assert_report(merged, packets.facts(frames))
    (row,) = tools.rows(merged.vnis)
    assert (row["out_of_order"], row["retransmitted"]) == (1, 1)


@given(talks.talks(8))
@settings(max_examples=100)
def test_a_burst_over_a_cut_counts_at_least_once(talk: list[Said]) -> None:
    """Where a direction goes on with what it said before the cut, that is seen; the rest is exact."""
    frames = talks.packets_of(talk)
    facts = packets.facts(frames)
    for at in (at for at in range(1, len(frames)) if tcp_health.straddles(facts[:at], facts[at:])):
        parts = [scan(part) for part in (frames[:at], frames[at:])]
        (found,) = tools.rows(parts[0].merge(parts[1]).vnis)
        (expected,) = model.tables(facts)["vnis"]
        apart = sum(behind(row) for report in parts for row in tools.rows(report.vnis))
        assert behind(found) >= min(behind(expected), apart + 1)
        for name in ("zero_windows", "resets", "tcp_segments", "rtt_ms"):
            assert same(found[name], expected[name]), name


def behind(row: tools.Row) -> int:
    """How many segments came after others that they stand before."""
    return int(row["retransmitted"] + row["out_of_order"])
