"""A filter selects what its words say: random ones beside a second, slow understanding of them."""

from typing import Any

import containers
import filters
import packets
import pytest
import strategies
import tools
from filters import Filter
from hypothesis import given, settings
from packets import Frame
from test_selection import assert_selected

import vxinspect


@given(frames=strategies.captures(most=14, overlays=strategies.OVERLAYS), chosen=filters.filters())
@settings(max_examples=300)
def test_a_filter_selects_what_it_says(frames: list[Frame], chosen: Filter) -> None:
    """The packets that a random filter selects are those of which it holds, one by one."""
    facts = [fact for fact in packets.facts(frames) if fact.disposition == "vxlan"]
    capture = containers.pcap(packets.records(frames), nanosecond=True)
    report = tools.scanned(capture, select=chosen.text)
    assert report.summary["frames"]["selected"] == sum(chosen.holds(fact) for fact in facts), chosen.text


@given(frames=strategies.captures(most=14, overlays=strategies.OVERLAYS), test=filters.TESTS)
@settings(max_examples=600)
def test_each_test_holds_of_the_packets_it_says(frames: list[Frame], test: Filter) -> None:
    """The same of one test alone, and of its contrary."""
    facts = [fact for fact in packets.facts(frames) if fact.disposition == "vxlan"]
    capture = containers.pcap(packets.records(frames), nanosecond=True)
    selected = sum(test.holds(fact) for fact in facts)
    for text, expected in ((test.text, selected), (f"!{test.text}", len(facts) - selected)):
        assert tools.scanned(capture, select=text).summary["frames"]["selected"] == expected, text


@given(frames=strategies.captures(most=14, overlays=strategies.OVERLAYS), chosen=filters.filters())
@settings(max_examples=30)
def test_tables_under_a_filter_are_those_of_its_packets(frames: list[Frame], chosen: Filter) -> None:
    """Every table is the model's of the packets of which the filter holds."""
    report = tools.scanned(containers.pcap(packets.records(frames)), select=chosen.text)
    assert_selected(report, packets.facts(frames), chosen.holds)


SHORTHAND: dict[str, tuple[dict[str, object], str]] = {
    "a VNI": ({"vni": 100}, "vni == 100"),
    "VNI ranges": ({"vni": "0-1,150-16777215"}, "vni in {0..1, 150..16777215}"),
    "a VTEP": ({"vtep": "10.0.0.1"}, "outer.ip.addr == 10.0.0.1"),
    "MACs": ({"mac": strategies.MACS[:2]}, f"inner.eth.addr in {{{', '.join(strategies.MACS[:2])}}}"),
    "a host, ARP's too": (
        {"host": "10.0.0.0/30"},
        "inner.ip.addr == 10.0.0.0/30 || inner.arp.addr == 10.0.0.0/30",
    ),
    "protocols": ({"protocol": ["tcp", "arp"]}, "tcp || inner.eth.type == arp"),
    "a port": ({"inner_port": 80}, "inner.port == 80"),
    "several": (
        {"vni": [1, 100], "protocol": "udp", "inner_port": [53, 5201]},
        "vni in {1 100} && udp && udp.port in {53 5201}",
    ),
}


@pytest.mark.parametrize("name", SHORTHAND)
@given(frames=strategies.captures(most=14, overlays=strategies.OVERLAYS))
@settings(max_examples=25)
def test_options_are_short_for_filters(name: str, frames: list[Frame]) -> None:
    """An option selects what docs/expressions.md says it is short for, and narrows a filter beside it."""
    select, filter_ = SHORTHAND[name]
    capture = containers.pcap(packets.records(frames))
    by_option = tools.scanned(capture, select=select)
    by_filter = tools.scanned(capture, select=filter_)
    assert but_for_incomplete(by_option) == but_for_incomplete(by_filter)
    # Among datagrams that are never whole a filter does not choose.
    wanted = select.get("vtep")
    for row in by_option.incomplete_datagrams:
        assert wanted in (None, row["source"], row["destination"])
    if wanted is None:
        assert tools.content(by_option) == tools.content(by_filter)
    both = tools.scanned(capture, select={**select, "filter": "inner.group"})
    joined = tools.scanned(capture, select=f"({filter_}) && inner.group")
    assert tools.content(both) == tools.content(joined)


def but_for_incomplete(report: vxinspect.Report) -> dict[str, Any]:
    """Return what a report says, but of which datagrams lack fragments."""
    content = tools.content(report)
    del content["summary"]["incomplete_datagrams"]
    if report.frames["incomplete_datagrams"]:
        del content["summary"]["findings"]
    return content


@given(frames=strategies.captures(most=14, overlays=strategies.OVERLAYS))
@settings(max_examples=25)
def test_a_time_in_a_filter_chooses_among_packets(frames: list[Frame]) -> None:
    """`frame.time` leaves the frames in the report, unlike `since`; the packets left are the same."""
    times = sorted(frame.record().time for frame in frames) or [strategies.START]
    middle = times[len(times) // 2]
    capture = containers.pcap(packets.records(frames), nanosecond=True)
    cut = tools.scanned(capture, select={"since": filters.seconds(middle)})
    chosen = tools.scanned(capture, select=f"frame.time >= {filters.seconds(middle)}")
    assert tools.rows(cut.vnis) == tools.rows(chosen.vnis) or has_pieces(frames)
    assert chosen.summary["frames"]["total"] == len(frames)


def has_pieces(frames: list[Frame]) -> bool:
    """Whether a datagram's fragments may stand on both sides of a moment."""
    return any(isinstance(frame, packets.Piece) for frame in frames)


@given(frames=strategies.captures(most=14, overlays=strategies.OVERLAYS))
@settings(max_examples=25)
def test_several_filters_are_alternatives(frames: list[Frame]) -> None:
    """As several values of every option are."""
    capture = containers.pcap(packets.records(frames))
    both = tools.scanned(capture, select=vxinspect.Select(filter=["vni == 100", "udp"]))
    assert tools.content(both) == tools.content(tools.scanned(capture, select="vni == 100 || udp"))
