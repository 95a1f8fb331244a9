"""Faults of the capture: copies, strangers, and what is cut."""

from collections.abc import Iterator
from itertools import islice

from vxinspect.exceptions import ScenarioError
from vxinspect.synth import plain
from vxinspect.synth.faults.choose import choose
from vxinspect.synth.kinds import CutMidRecord, DuplicatedFrames, PlainTraffic, SnapLength
from vxinspect.synth.network import nanoseconds
from vxinspect.synth.packet import Plain
from vxinspect.synth.plan import Plan
from vxinspect.synth.shares import frame_lengths

__all__ = ["cut_mid_record", "duplicated_frames", "plain_traffic", "snap_length"]


def duplicated_frames(plan: Plan, index: int, fault: DuplicatedFrames) -> None:
    """Capture frames twice."""
    for packet in choose(plan, index, fault, "packets", lambda packet: packet.pieces is None):
        again = packet.copy(packet.time + nanoseconds(fault.delay))
        plan.planned.append(again)
        # What is captured first is no fault; the copy is.
        plan.befallen[index].remove(packet)
        plan.befall(index, again)


def plain_traffic(plan: Plan, index: int, fault: PlainTraffic) -> None:
    """Put frames beside the overlay that are not VXLAN."""
    for turn, frame in enumerate(islice(_strangers(plan), fault.count)):
        frame.time = plan.start + nanoseconds(fault.at + turn / fault.rate)
        plan.planned.append(frame)
        plan.befall(index, frame)


def _strangers(plan: Plan) -> Iterator[Plain]:
    first, second, *_ = [*plan.network.vteps.values()] * 2
    while True:
        yield from plain.frames(first, second, plan.scenario.underlay)


def snap_length(plan: Plan, index: int, fault: SnapLength) -> None:
    """Keep so many bytes of each frame; which frames that cuts is known once there are frames."""
    tags = len(plan.scenario.underlay.vlan)
    # Of a datagram whose pieces lack bytes nothing can be told, nor of layers whose headers are gone.
    whole = [max(frame_lengths(packet, tags)) for packet in plan.packets if packet.pieces is not None]
    nested = [
        frame_lengths(packet, tags)[0] - packet.inner.length
        for packet in plan.packets
        if packet.wrap is not None
    ]
    least = max(whole + nested, default=0)
    if fault.length < least:
        expected = f"at least {least}, for the fragments and nested packets of this scenario"
        raise ScenarioError("", f"fault[{index}].length", expected, fault.length)
    plan.snap_length = min(plan.snap_length, fault.length)
    plan.befallen.setdefault(index, [])


def cut_mid_record(plan: Plan, index: int, fault: CutMidRecord) -> None:
    """Leave the end of the file out."""
    if plan.scenario.mass is not None:
        raise ScenarioError("", f"fault[{index}]", "no mass traffic beside it", "some")
    plan.cut = fault.bytes
    plan.befallen.setdefault(index, [])
