"""Faults of the capture: copies, strangers, and what is cut."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from vxinspect.exceptions import ScenarioError
from vxinspect.synth import frames, plain
from vxinspect.synth.faults.choose import choose
from vxinspect.synth.faults.tcp import carries_data, sessions
from vxinspect.synth.kinds import (
    BareCopies,
    CaptureDrops,
    CutMidRecord,
    DuplicatedFrames,
    PlainTraffic,
    RoutedCopies,
    SnapLength,
)
from vxinspect.synth.network import nanoseconds
from vxinspect.synth.packet import Arp, Packet, Plain, Udp
from vxinspect.synth.plan import Plan
from vxinspect.synth.shares import frame_lengths

__all__ = [
    "bare_copies",
    "capture_drops",
    "cut_mid_record",
    "duplicated_frames",
    "plain_traffic",
    "routed_copies",
    "snap_length",
]


def duplicated_frames(plan: Plan, index: int, fault: DuplicatedFrames) -> None:
    """Capture frames twice."""
    for packet in choose(plan, index, fault, "packets", lambda packet: packet.pieces is None):
        again = packet.copy(packet.time + nanoseconds(fault.delay))
        plan.planned.append(again)
        # What is captured first is no fault; the copy is.
        plan.befallen[index].remove(packet)
        plan.befall(index, again)


def routed_copies(plan: Plan, index: int, fault: RoutedCopies) -> None:
    """Capture packets a second time, behind a router."""
    if plan.scenario.underlay.ttl == 1:
        raise ScenarioError("", f"fault[{index}]", "an underlay.ttl of 2 or more, for a router to pass", 1)
    for packet in choose(plan, index, fault, "packets", lambda packet: packet.wrap is None):
        again = packet.copy(packet.time + nanoseconds(fault.delay))
        again.hops = 1
        again.sender = replace(packet.sender, mac=frames.ROUTER_MAC)
        plan.planned.append(again)
        plan.befallen[index].remove(packet)
        plan.befall(index, again)


def bare_copies(plan: Plan, index: int, fault: BareCopies) -> None:
    """Capture what is inside packets by itself too."""

    def is_free(packet: Packet) -> bool:
        """Whether the inner frame alone is no VXLAN packet, and its outer one in one piece."""
        body = packet.inner.body
        to_vtep = not isinstance(body, Arp) and isinstance(body.l4, Udp) and body.l4.dport == packet.port
        in_one = packet.wrap is None and packet.pieces is None
        return in_one and not packet.inner.bare and not to_vtep

    for packet in choose(plan, index, fault, "packets", is_free):
        body = packet.inner.body
        if isinstance(body, Arp):
            reason = "non_ip"
        else:
            reason = "other_port" if isinstance(body.l4, Udp) else "non_udp"
        time = packet.time - nanoseconds(fault.delay)
        bare = Plain(time, frames.inner_frame(packet.inner), "other", reason, bare=packet.inner)
        plan.planned.append(bare)
        plan.befallen[index].remove(packet)
        plan.befall(index, bare)


def capture_drops(plan: Plan, index: int, fault: CaptureDrops) -> None:
    """Leave data segments out; what is befallen is the other side's next segment, which acknowledges it."""
    answers: dict[int, Packet] = {}
    for packets in sessions(plan).values():
        following: dict[bool, Packet] = {}
        for packet in reversed(packets):
            answer = following.get(not packet.reply)
            if carries_data(packet) and answer is not None and answer.fault is None:
                answers[id(packet)] = answer
            following[packet.reply] = packet
    chosen = choose(
        plan, index, fault, "TCP data segments that are acknowledged", lambda packet: id(packet) in answers
    )
    gone = {id(packet) for packet in chosen}
    told = {id(answers[at]) for at in gone}
    plan.planned = [packet for packet in plan.planned if id(packet) not in gone]
    plan.befallen[index] = [packet for packet in plan.planned if id(packet) in told]


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
        if packet.wrap is not None or packet.carriers
    ]
    least = max(whole + nested, default=0)
    if fault.length < least:
        expected = f"at least {least}, for the fragments, nested and carried packets of this scenario"
        raise ScenarioError("", f"fault[{index}].length", expected, fault.length)
    plan.snap_length = min(plan.snap_length, fault.length)
    plan.befallen.setdefault(index, [])


def cut_mid_record(plan: Plan, index: int, fault: CutMidRecord) -> None:
    """Leave the end of the file out."""
    if plan.scenario.mass is not None:
        raise ScenarioError("", f"fault[{index}]", "no mass traffic beside it", "some")
    plan.cut = fault.bytes
    plan.befallen.setdefault(index, [])
