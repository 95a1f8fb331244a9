"""A compressed capture that a thread of its own decompresses says what one thread says, errors included."""

from typing import Any

import containers
import packets
import pytest
import showcase
import strategies
import tools
from hypothesis import given, settings
from hypothesis import strategies as st

import vxinspect

RECORDS = packets.records(showcase.frames())
LONG = containers.pcap(RECORDS * 600)
"""Of several pieces."""


def told(capture: bytes, threads: int, count: int | None = None) -> Any:
    """Return all that a scan says, or how it fails."""
    try:
        report = tools.scanned(capture, threads=threads, count=count)
    except vxinspect.CaptureError as error:
        return type(error), str(error)
    return report.captures, report.frames, tools.content(report)


def assert_alike(capture: bytes, count: int | None = None) -> Any:
    """Assert that two threads say what one says."""
    alone = told(capture, 1, count)
    assert told(capture, 2, count) == alone
    return alone


@pytest.mark.parametrize("members", [1, 4])
@pytest.mark.parametrize("kind", containers.COMPRESSIONS)
def test_a_long_capture(kind: str, members: int) -> None:
    """Of many pieces, in one member or several: every frame of it."""
    captures, frames, _ = assert_alike(containers.compress(kind, LONG, members))
    assert frames["total"] == len(RECORDS) * 600
    assert captures[0]["complete"]


@pytest.mark.parametrize("kind", containers.COMPRESSIONS)
@given(data=st.data())
@settings(max_examples=15)
def test_a_capture_that_is_cut_or_damaged(kind: str, data: st.DataObject) -> None:
    """What was whole counts, and the offset and the words of what was not are the same."""
    capture = bytearray(containers.compress(kind, LONG, data.draw(st.sampled_from([1, 3]))))
    if data.draw(st.booleans()):
        del capture[data.draw(st.integers(0, len(capture) - 1)) :]
    for place in data.draw(st.lists(st.integers(0, max(0, len(capture) - 1)), max_size=2)):
        capture[place : place + 1] = bytes(octet ^ 0x41 for octet in capture[place : place + 1])
    assert_alike(bytes(capture))


@pytest.mark.parametrize("kind", containers.COMPRESSIONS)
@pytest.mark.parametrize("count", [1, 7, len(RECORDS) * 300])
def test_a_run_that_stops_early(kind: str, count: int) -> None:
    """Pieces that nobody asks for any more hold nobody up."""
    _, frames, _ = assert_alike(containers.compress(kind, LONG), count)
    assert frames["total"] == count


@pytest.mark.parametrize("kind", containers.COMPRESSIONS)
@given(frames=strategies.captures(most=8, overlays=strategies.OVERLAYS))
@settings(max_examples=10)
def test_any_capture(kind: str, frames: list[packets.Frame]) -> None:
    """Small ones, in either format, end at the first piece."""
    for form in (containers.pcap, containers.pcapng):
        assert_alike(containers.compress(kind, form(packets.records(frames))))
