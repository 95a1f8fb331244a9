"""Whatever a capture holds, every table equals what the reference model computes of its description."""

import math
from typing import Any

import containers
import model
import packets
import strategies
import tools
from facts import Fact
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import Frame

import vxinspect


def same(found: Any, expected: Any) -> bool:
    """Equal, floats to rounding."""
    if isinstance(found, float) and isinstance(expected, float | int):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(expected == found)


def assert_rows(name: str, found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Assert the same rows, in whatever order; what differs is named column by column."""
    left = list(found)
    for row in expected:
        match = next(
            (r for r in left if r.keys() == row.keys() and all(same(r[c], row[c]) for c in row)), None
        )
        if match is None:
            near = max(left, key=lambda r: sum(same(r.get(c), row[c]) for c in row), default={})
            differences = {
                c: (near.get(c), row.get(c)) for c in row | near if not same(near.get(c), row.get(c))
            }
            raise AssertionError(
                f"{name}: no row like {row}; in the nearest differ (found, expected) {differences}"
            )
        left.remove(match)
    assert left == [], f"{name}: more rows than expected"


def assert_report(report: vxinspect.Report, facts: list[Fact], **selection: Any) -> None:
    """Assert that the whole report is the model's."""
    expected = model.tables(facts, **selection)
    found = tools.tables(report)
    for name in tools.TABLES:
        if name == "overhead_total" and not expected[name]:
            continue  # of nothing, the totals may be a row of noughts
        assert_rows(name, found[name], expected[name])
    frames = report.summary["frames"]
    assert {key: frames[key] for key in model.dispositions(facts)} == model.dispositions(facts)
    assert {key: count for key, count in frames["reasons"].items() if count} == model.reasons(facts)
    assert_incomplete(report, facts)
    tools.assert_conservation(report)


def assert_incomplete(report: vxinspect.Report, facts: list[Fact]) -> None:
    """Assert that the outer datagrams that lack fragments are counted, and the first 20 listed."""
    expected = model.incomplete(facts)
    assert report.summary["frames"]["incomplete_datagrams"] == len(expected)
    found = report.incomplete_datagrams
    assert len(found) == min(20, len(expected))
    assert [row["first_seen"] for row in found] == sorted(row["first_seen"] for row in found)
    mine = [
        (
            *own[0].datagram[:3],
            len(own),
            sum(fact.wire for fact in own),
            model.rfc3339(own[0].time),
        )
        for own in expected.values()
        if own[0].datagram is not None
    ]
    for row in found:
        told = tuple(row[name] for name in ("source", "destination", "identification", "frames"))
        assert (*told, row["wire_bytes"], row["first_seen"]) in mine
        assert row["missing"]


@given(strategies.captures())
@settings(max_examples=250)
def test_every_table_equals_the_model(frames: list[Frame]) -> None:
    """Random frames of every kind give the model's rows in every table, and conservation holds."""
    capture = containers.pcap(packets.records(frames), nanosecond=True)
    assert_report(vxinspect.scan(capture, checksums=True), packets.facts(frames), verified=True)


@given(strategies.captures(overlays=strategies.OVERLAYS))
@settings(max_examples=250)
def test_every_table_of_every_overlay_equals_the_model(frames: list[Frame]) -> None:
    """VXLAN-GPE, Geneve and NVGRE, with Ethernet and IP alone inside, around and inside of each other."""
    capture = containers.pcap(packets.records(frames), nanosecond=True)
    report = tools.scanned(capture, checksums=True)
    assert_report(report, packets.facts(frames), verified=True)


@given(strategies.captures(overlays=strategies.OVERLAYS))
def test_cut_inner_frames_and_reserved_bits_are_noted(frames: list[Frame]) -> None:
    """The summary counts the packets whose inner frame was cut, with reserved bits, or reassembled."""
    facts = [fact for fact in packets.facts(frames) if fact.disposition == "vxlan"]
    capture = containers.pcap(packets.records(frames))
    notes = tools.scanned(capture).summary["frames"]["notes"]
    assert notes.get("reserved_bits", 0) == sum(fact.reserved for fact in facts)
    assert notes["p_flag"] == sum(fact.p_flag for fact in facts)
    assert notes["critical_options"] == sum(fact.critical for fact in facts)
    assert notes["group_policy"] == sum(bool(fact.policies) for fact in facts)
    assert notes["dont_learn"] == sum(any(d for _, d, _ in fact.policies) for fact in facts)
    assert notes["policy_applied"] == sum(any(a for _, _, a in fact.policies) for fact in facts)
    assert notes.get("inner_cut", 0) == sum(fact.cut for fact in facts)
    assert notes["reassembled"] == sum(fact.datagram is not None for fact in facts)
    assert notes["overlapping_fragments"] == sum(fact.overlaps for fact in facts)


@given(strategies.captures(overlays=strategies.OVERLAYS), st.randoms(use_true_random=False))
def test_times_may_run_backwards(frames: list[Frame], random: Any) -> None:
    """First and last seen are the earliest and latest time, in whatever order the frames stand."""
    times = [frame.record().time for frame in frames]
    random.shuffle(times)
    frames = strategies.at_times(frames, times)
    report = tools.scanned(containers.pcap(packets.records(frames), nanosecond=True))
    assert_report(report, packets.facts(frames))


@given(st.lists(st.tuples(st.sampled_from(strategies.LINKS), strategies.SEEDS), max_size=12))
def test_every_interface_has_its_own_link_type(kinds: list[tuple[str, int]]) -> None:
    """A pcapng capture with interfaces of different link types decodes each frame by its own."""
    parts = [
        strategies.Maker(seed, overlays=strategies.OVERLAYS).frames(kind, ident, snap=True)
        for ident, (kind, seed) in enumerate(kinds, start=1)
    ]
    frames = [frame for part in parts for frame in part]
    report = tools.scanned(containers.pcapng(packets.records(frames)))
    assert_report(report, packets.facts(frames))


@given(strategies.captures(kinds=["ethernet"]))
def test_the_order_of_rows_is_the_contracts(frames: list[Frame]) -> None:
    """Rows come by wire bytes, the most first, then by key."""
    found = tools.tables(vxinspect.scan(containers.pcap(packets.records(frames))))
    keys: dict[str, Any] = {
        "vnis": lambda row: row["vni"],
        "tunnels": lambda row: (model.address_key(row["vtep_a"]), model.address_key(row["vtep_b"])),
        "vteps": lambda row: model.address_key(row["vtep"]),
        "conversations_mac": lambda row: (row["vni"], row["mac_a"] or "", row["mac_b"] or ""),
        "conversations_ip": lambda row: (
            row["vni"],
            model.address_key(row["ip_a"]),
            model.address_key(row["ip_b"]),
        ),
        "overhead_vni": lambda row: row["vni"],
    }
    for name, key in keys.items():
        ranks = [(-row["wire_bytes"], key(row)) for row in found[name]]
        assert ranks == sorted(ranks), name
    sizes = [row["wire_bytes"] for row in found["flows"]]
    assert sizes == sorted(sizes, reverse=True)


def test_each_tcp_state_has_its_textbook_case() -> None:
    """Every state that Zeek's conn_state documents is named for its textbook exchange."""
    named = {}
    for port, (state, steps) in enumerate(model.TCP_STATES.items(), start=20_000):
        frames = list(strategies.session(steps, port))
        rows = vxinspect.scan(containers.pcap(packets.records(frames))).flows
        named[state] = [row["tcp_state"] for row in rows]
    assert named == {state: [state] for state in model.TCP_STATES}
