"""Copies of packets among others: which of them are dropped is what a comparison of all with all says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import containers
import model
import packets
import strategies
import tools
from containers import Record
from facts import Fact
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import Frame, Packet, Piece, Plain
from test_tables_equal_the_model import assert_report, assert_rows

import vxinspect

MILLISECOND = 10**6
WINDOW = timedelta(milliseconds=4)
FRAMES = 5


@dataclass(frozen=True)
class Seen:
    """A frame of a capture, what it means by itself, and its outer IP packet as far as it is captured."""

    frame: Frame
    record: Record
    fact: Fact
    packet: bytes | None = None
    start: int = 0
    """Where that packet begins."""
    routed: bool = False
    """Whether its TTL is another than that of the frame."""

    @property
    def version(self) -> int:
        """The outer IP version."""
        return 0 if self.packet is None else self.packet[0] >> 4

    def identity(self) -> tuple[int, bytes] | None:
        """Return what is equal in copies: all but TTL and header checksum; craft leaves UDP's at zero."""
        if self.packet is None or self.fact.disposition not in ("vxlan", "fragment"):
            return None
        bare = bytearray(self.packet)
        for at in (8, 10, 11) if self.version == 4 else (7,):
            bare[at] = 0
        return self.fact.outer_ip_bytes, bytes(bare)

    def again(self, after: int, *, routed: bool) -> "Seen":
        """Return a copy of it so much later, perhaps from behind a router."""
        data, time, ttl = bytearray(self.record.data), self.record.time + after, self.fact.ttl
        # Of a datagram in pieces, the TTL of its first is told.
        routed = routed and isinstance(self.frame, Packet) and self.packet is not None
        if routed:
            # The TTL of IPv4 and the checksum that says so, or the hop limit.
            for at in (8, 11) if self.version == 4 else (7,):
                data[self.start + at] ^= 1
            ttl ^= 1
        record = replace(self.record, data=bytes(data), time=time)
        (frame,) = strategies.at_times([self.frame], [time])
        routed ^= self.routed
        fact = replace(self.fact, time=time, ttl=ttl)
        return replace(self, frame=frame, record=record, fact=fact, routed=routed)


def seen(frame: Frame) -> Seen:
    """Return a frame with its outer IP packet, which the snap length may have cut."""
    record = frame.record()
    if isinstance(frame, Plain):
        return Seen(frame, record, frame.fact())
    packet = _outer_packet(frame)
    whole = frame if isinstance(frame, Packet) else frame.whole
    start = whole.shell.header - whole.shell.own_header - whole.shell.udp_header - whole.outer.header
    kept = packet[: max(0, len(record.data) - start)]
    return Seen(frame, record, frame.fact(), kept if len(kept) >= 12 else None, start)


def facts(frames: Sequence[Seen]) -> list[Fact]:
    """Return what the frames mean together."""
    made = packets.facts([each.frame for each in frames])
    return [
        replace(fact, ttl=fact.ttl ^ 1) if each.routed else fact
        for each, fact in zip(frames, made, strict=True)
    ]


def _outer_packet(frame: Packet | Piece) -> bytes:
    if isinstance(frame, Packet):
        return frame.shell.ip(frame.vxlan()).data
    end = frame.offset + len(frame.data)
    return frame.whole.shell.ip(frame.whole.vxlan(), frame.offset, end, more=frame.more).data


def copies(frames: Sequence[Seen], window: timedelta, most: int) -> list[bool]:
    """Return which frames are copies: the latest frame that is the same is near enough."""
    identities = [frame.identity() for frame in frames]
    found = []
    for at, identity in enumerate(identities):
        same = (before for before in reversed(range(at)) if identities[before] == identity)
        before = next(same, None) if identity is not None else None
        apart = None if before is None else abs(frames[at].record.time - frames[before].record.time)
        found.append(
            before is not None
            and at - before <= most
            and apart is not None
            and apart <= window // timedelta(microseconds=1) * 1000
        )
    return found


@st.composite
def captures(draw: st.DrawFn) -> list[Seen]:
    """Return a capture with some frames there again: near and far, from before and behind a router."""
    frames = [seen(frame) for frame in draw(strategies.captures(most=8, overlays=strategies.OVERLAYS))]
    for _ in range(draw(st.integers(0, 6)) if frames else 0):
        at = draw(st.integers(0, len(frames) - 1))
        after = draw(st.sampled_from((0, 1, 3, 4, 5, 9, -2))) * MILLISECOND
        copy = frames[at].again(after, routed=draw(st.booleans()))
        frames.insert(min(at + draw(st.integers(1, 8)), len(frames)), copy)
    return frames


@given(captures())
@settings(max_examples=150)
def test_dropped_copies_are_those_of_the_model(frames: list[Seen]) -> None:
    """With dedup, every table is that of the capture without its copies; frames are counted as they are."""
    are = copies(frames, WINDOW, FRAMES)
    data = containers.pcap([frame.record for frame in frames])
    report = tools.scanned(data, dedup=True, dedup_window=WINDOW, dedup_frames=FRAMES)
    kept = facts([frame for frame, is_copy in zip(frames, are, strict=True) if not is_copy])
    dropped = [frame.fact for frame, is_copy in zip(frames, are, strict=True) if is_copy]
    assert report.summary["frames"]["total"] == len(frames)
    for name in ("vxlan", "fragment"):
        counted = sum(fact.disposition == name for fact in [*kept, *dropped])
        assert report.summary["frames"][name] == counted
    assert report.summary["frames"]["notes"]["copy"] == sum(fact.disposition == "vxlan" for fact in dropped)
    assert report.summary["copies"]["packets"] == len(dropped)
    assert report.summary["copies"]["frames_examined"] == len(frames)
    assert_tables(report, kept)


@given(captures())
@settings(max_examples=50)
def test_the_hint_counts_what_dedup_would_drop(frames: list[Seen]) -> None:
    """Without dedup nothing changes; the number of likely copies is what dedup drops."""
    data = containers.pcap([frame.record for frame in frames])
    plain, dedup = tools.scanned(data), tools.scanned(data, dedup=True)
    assert_report(plain, facts(frames))
    likely = sum(copies(frames, timedelta(milliseconds=10), 1000))
    assert plain.summary["copies"]["packets"] == dedup.summary["copies"]["packets"] == likely
    assert any("add --dedup" in hint for hint in plain.hints) == bool(likely)
    assert not any("add --dedup" in hint for hint in dedup.hints)


@given(captures(), st.data())
@settings(max_examples=50)
def test_likely_copies_are_counted_across_a_merge(frames: list[Seen], data: st.DataObject) -> None:
    """A copy whose packet is at the end of the report before is found when the two are merged."""
    at = data.draw(st.integers(0, len(frames)))
    link = frames[0].record.link if frames else containers.ETHERNET
    whole, *parts = (
        tools.scanned(containers.pcap([frame.record for frame in part], link=link))
        for part in (frames, frames[:at], frames[at:])
    )
    assert parts[0].merge(parts[1]).summary["copies"] == whole.summary["copies"]


def assert_tables(report: vxinspect.Report, facts: list[Fact]) -> None:
    """Assert the tables of these packets alone."""
    expected, found = model.tables(facts), tools.tables(report)
    for name in tools.TABLES:
        if expected[name]:
            assert_rows(name, found[name], expected[name])
    tools.assert_conservation(report)
