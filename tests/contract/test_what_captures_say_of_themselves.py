"""What a capture tells of its own making: packets that it lost, and a clock that went back."""

from collections.abc import Sequence
from typing import Any

import pytest
from containers import STATISTICS, Order, Pcapng, Record, pcap, pcapng

import vxinspect

IF_DROP, OS_DROP = 5, 7
FRAME = bytes(60)
SECOND = 10**9


def record(time: int) -> Record:
    """Return a frame that is nothing, at a time in nanoseconds."""
    return Record(time, FRAME, len(FRAME))


def statistics(capture: Pcapng, interface: int, *counts: tuple[int, int]) -> None:
    """Append an Interface Statistics Block with these counts."""
    byte_order: Any = "little" if capture.order == "<" else "big"
    told = [(code, count.to_bytes(8, byte_order)) for code, count in counts]
    capture.block(STATISTICS, interface.to_bytes(4, byte_order) + bytes(8) + capture.options(*told))


def told(data: bytes) -> dict[str, Any]:
    """Return what a scan tells of a capture."""
    (capture,) = vxinspect.scan(data).captures
    return capture


@pytest.mark.parametrize("order", ["<", ">"])
def test_drops_of_sections_and_interfaces_add_up(order: Order) -> None:
    """Of each interface the last count, which is since its beginning; a new section has interfaces anew."""
    capture = Pcapng(order).section()
    capture.interface()
    capture.interface()
    statistics(capture, 0, (IF_DROP, 1), (OS_DROP, 2))
    capture.packet(record(SECOND))
    statistics(capture, 0, (IF_DROP, 10), (OS_DROP, 20))
    statistics(capture, 1, (OS_DROP, 300))
    capture.section(">" if order == "<" else "<").interface()
    statistics(capture, 0, (IF_DROP, 4000))
    assert told(capture.data)["dropped_packets"] == 4330


def test_what_does_not_tell_of_drops_is_null() -> None:
    """A pcap cannot, a pcapng may not; a count of none is another thing."""
    assert told(pcap([record(SECOND)]))["dropped_packets"] is None
    assert told(pcapng([record(SECOND)]))["dropped_packets"] is None
    capture = Pcapng().section().interface()
    statistics(capture, 0, (IF_DROP, 0))
    assert told(capture.data)["dropped_packets"] == 0


def steps(times: Sequence[int]) -> tuple[int, float | None]:
    """Return how often the clock went back, and how far at once."""
    capture = told(pcap([record(SECOND + time) for time in times], nanosecond=True))
    return capture["clock_steps"], capture["largest_clock_step_s"]


def test_steps_of_the_clock() -> None:
    """Below a millisecond frames change places in a card's queues; the one before counts, not the latest."""
    assert steps([0, 5_000_000, 4_000_001, 9_000_000]) == (0, None)
    assert steps([0, 5_000_000, 4_000_000, 9_000_000]) == (1, 0.001)
    assert steps([900_000_000, 0, 1, 2, 800_000_000, 500_000_000]) == (2, 0.9)


def test_each_capture_has_its_own_clock() -> None:
    """Captures of one run overlap in time; between them there is no step."""
    first, second = (pcap([record(SECOND), record(SECOND + late)]) for late in (10**9, 2 * 10**9))
    assert [capture["clock_steps"] for capture in vxinspect.scan([first, second]).captures] == [0, 0]
