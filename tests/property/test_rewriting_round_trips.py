"""`decap`, `extract` and `encap`: what goes in comes out, byte for byte."""

import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

import containers
import packets
import reading
import strategies
from containers import Record
from facts import Fact
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import Frame, Packet, Piece

import vxinspect

ALL = strategies.OVERLAYS
FORMS = ("pcap", "pcapng")
VTEPS = (("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2"), ("192.0.2.1", "239.1.1.1"))


def written(write: Any, source: Any, **asked: Any) -> tuple[reading.Read, vxinspect.Written]:
    """Return what was written, read back, and what was told of it."""
    target = io.BytesIO()
    told = write(source, target, **asked)
    found = reading.read(target.getvalue())
    assert told.frames == len(found.records)
    return found, told


def capture(records: Sequence[Record]) -> bytes:
    """Return a capture of any frames, in nanoseconds."""
    return containers.pcapng(records, tsresol=9)


@st.composite
def plain_records(draw: st.DrawFn) -> list[Record]:
    """Draw Ethernet frames of any bytes, some of them cut by a snap length."""
    found = []
    for _ in range(draw(st.integers(0, 12))):
        data = draw(st.binary(min_size=14, max_size=120))
        more = draw(st.sampled_from([0, 0, 1, 1400, 65_000]))
        time = draw(st.integers(0, (1 << 32) * 10**9 - 1))
        found.append(Record(time, data, len(data) + more))
    return found


@given(
    records=plain_records(),
    vteps=st.sampled_from(VTEPS),
    vni=st.integers(0, (1 << 24) - 1),
    form=st.sampled_from(FORMS),
    encapsulation=st.sampled_from(ALL),
    checksum=st.booleans(),
)
@settings(max_examples=150)
def test_decap_undoes_encap(
    *, records: list[Record], vteps: tuple[str, str], vni: int, form: str, encapsulation: str, checksum: bool
) -> None:
    """Frames that went into an overlay and out again are the same, with times and lengths, whole or cut."""
    outer, told = written(
        vxinspect.encap,
        capture(records),
        src_vtep=vteps[0],
        dst_vtep=vteps[1],
        vni=vni,
        encapsulation=encapsulation,
        udp_checksum=checksum and encapsulation != "nvgre",
        format=form,
        nanoseconds=True,
    )
    assert told.losses == {}
    overhead = (50 if "." in vteps[0] else 70) - 8 * (encapsulation == "nvgre")
    assert [record.wire for record in outer.records] == [record.wire + overhead for record in records]
    inner, _ = written(
        vxinspect.decap,
        capture(outer.records),
        encapsulations=encapsulation,
        format=form,
        nanoseconds=True,
    )
    assert inner.records == records
    if form == "pcapng":
        assert set(inner.names) <= {f"vni-{vni}"}
        assert set(inner.comments) <= {f"VNI {vni}, {vteps[0]} -> {vteps[1]}"}


@given(frames=strategies.captures(most=40, overlays=ALL), form=st.sampled_from(FORMS))
@settings(max_examples=80)
def test_decap_gives_the_frames_that_were_put_in(frames: list[Frame], form: str) -> None:
    """Of each packet the inner frame: its bytes as far as they were captured, its length, its time."""
    found, told = written(
        vxinspect.decap,
        capture(packets.records(frames)),
        format=form,
        select={"vni": "0-16777215"},
        encapsulations=ALL,
    )
    expected, bare = [], 0
    for frame, fact in zip(frames, packets.facts(frames), strict=True):
        if fact.disposition != "vxlan":
            continue
        packet = (frame if isinstance(frame, Packet) else frame.whole).counted()  # type: ignore[union-attr]
        if packet.inner.bare:
            bare += 1
            continue
        held = len(frame.record().data) - packet.before_inner
        if isinstance(frame, Piece):
            held = fact.inner_bytes
        expected.append(Record(fact.time, packet.inner.encode()[: max(held, 0)], fact.inner_bytes))
    assert found.records == expected
    assert told.losses == ({"not_ethernet": bare} if bare else {})


def selected_with_pieces(facts: Sequence[Fact]) -> list[bool]:
    """Tell which frames are those of VXLAN packets, all pieces of their datagrams included."""
    whole = {fact.datagram for fact in facts if fact.disposition == "vxlan" and fact.datagram is not None}
    return [fact.disposition == "vxlan" or fact.datagram in whole for fact in facts]


@given(frames=strategies.captures(most=60, overlays=ALL))
@settings(max_examples=80)
def test_extract_takes_packets_and_their_pieces_and_invert_the_rest(frames: list[Frame]) -> None:
    """Every frame is in one of the two, as it was: bytes, time, length and link type."""
    records = packets.records(frames)
    wanted = selected_with_pieces(packets.facts(frames))
    taken, _ = written(vxinspect.extract, capture(records), encapsulations=ALL)
    rest, _ = written(vxinspect.extract, capture(records), invert=True, encapsulations=ALL)
    assert Counter(taken.records) == Counter(r for r, w in zip(records, wanted, strict=True) if w)
    assert Counter(rest.records) == Counter(r for r, w in zip(records, wanted, strict=True) if not w)
    whole = [frame for frame in frames if not isinstance(frame, Piece)]
    taken, _ = written(vxinspect.extract, capture(packets.records(whole)), encapsulations=ALL)
    chosen = [
        f.record() for f, fact in zip(whole, packets.facts(whole), strict=True) if fact.disposition == "vxlan"
    ]
    assert taken.records == chosen


@given(frames=strategies.captures(most=30, overlays=ALL), vni=st.sampled_from(strategies.VNIS))
@settings(max_examples=40)
def test_a_selection_holds_for_what_is_written(frames: list[Frame], vni: int) -> None:
    """What is extracted with a selection has the tables that the selection has of the whole capture."""
    data = capture(packets.records([frame for frame in frames if not isinstance(frame, Piece)]))
    target = io.BytesIO()
    vxinspect.extract(data, target, select={"vni": vni}, encapsulations=ALL)
    whole = vxinspect.scan(data, select={"vni": vni}, encapsulations=ALL)
    part = vxinspect.scan(target.getvalue(), encapsulations=ALL)
    assert [dict(row) for row in part.flows] == [dict(row) for row in whole.flows]
    assert [dict(row) for row in part.tunnels] == [dict(row) for row in whole.tunnels]
