"""Faults of TCP: what a sender does after loss, what a receiver tells of its buffer, sizes of offload."""

from dataclasses import replace
from itertools import pairwise

from vxinspect.exceptions import ScenarioError
from vxinspect.synth.draws import draw
from vxinspect.synth.faults.choose import choose, of_traffic, spread
from vxinspect.synth.kinds import (
    BlackHole,
    Offload,
    TcpReordering,
    TcpReset,
    TcpRetransmission,
    TcpZeroWindow,
    ZeroLength,
)
from vxinspect.synth.network import nanoseconds
from vxinspect.synth.packet import Ip, Packet, Tcp
from vxinspect.synth.plan import Plan, with_l4

__all__ = [
    "black_hole",
    "carries_data",
    "number_segments",
    "offload",
    "reordering",
    "reset",
    "retransmission",
    "sessions",
    "zero_length",
    "zero_window",
]

_SEQUENCE = 1 << 32
_RESET_AFTER = 1_000
"""Nanoseconds from a data segment to the reset that answers it."""


def segment(packet: Packet) -> Tcp | None:
    """Return a packet's TCP segment."""
    body = packet.inner.body
    return body.l4 if isinstance(body, Ip) and isinstance(body.l4, Tcp) else None


def carries_data(packet: Packet) -> bool:
    """Whether a packet carries TCP payload."""
    tcp = segment(packet)
    return tcp is not None and tcp.payload > 0


def sessions(plan: Plan) -> dict[tuple[str, int], list[Packet]]:
    """Return the segments of each session, in order."""
    found: dict[tuple[str, int], list[Packet]] = {}
    for packet in plan.packets:
        if segment(packet) is not None:
            found.setdefault((packet.traffic, packet.exchange), []).append(packet)
    return found


def number_segments(plan: Plan) -> None:
    """Give every segment its sequence and acknowledgement number (RFC 9293 section 3.4)."""
    for (traffic, exchange), packets in sessions(plan).items():
        # Tenants with the same addresses have sequence numbers of their own all the same.
        following = {
            reply: draw(plan.scenario.seed, f"{traffic} {side}", exchange) % _SEQUENCE
            for reply, side in ((False, "client"), (True, "server"))
        }
        for packet in packets:
            tcp = segment(packet)
            if tcp is None:
                continue
            ack = following[not packet.reply] if "A" in tcp.flags else 0
            with_l4(packet, seq=following[packet.reply], ack=ack)
            taken = tcp.payload + sum(flag in tcp.flags for flag in "SF")
            following[packet.reply] = (following[packet.reply] + taken) % _SEQUENCE


def offload(plan: Plan, index: int, fault: Offload) -> None:
    """Make segments as large as a network card is handed them."""
    for packet in choose(plan, index, fault, "TCP data segments", carries_data):
        _resize(packet, fault.size)


def zero_length(plan: Plan, index: int, fault: ZeroLength) -> None:
    """Make segments larger than the length fields of IP and UDP can tell (BIG TCP)."""
    for packet in choose(plan, index, fault, "TCP data segments", carries_data):
        _resize(packet, fault.size)
        packet.zero_length = True
        if isinstance(packet.inner.body, Ip):
            packet.inner = replace(packet.inner, body=replace(packet.inner.body, zero_length=True))


def _resize(packet: Packet, size: int) -> None:
    with_l4(packet, payload=size - packet.inner.length + packet.inner.payload)


def reset(plan: Plan, index: int, fault: TcpReset) -> None:
    """End sessions with a reset by the other side, after their first data segment."""
    candidates = []
    for packets in sessions(plan).values():
        data = next((at for at, packet in enumerate(packets) if carries_data(packet)), None)
        sound = all(packet.fault is None for packet in packets)
        if data is not None and sound and of_traffic(plan, index, fault, packets[0]):
            candidates.append((packets[data], packets[data + 1 :]))
    for last, rest in spread(candidates, index, fault, "TCP sessions with data"):
        gone = {id(packet) for packet in rest}
        plan.planned = [packet for packet in plan.planned if id(packet) not in gone]
        answer = next((packet for packet in rest if packet.reply != last.reply), None)
        if answer is None:
            raise ScenarioError("", f"fault[{index}]", "a session whose data is answered", "one without")
        with_l4(answer, flags="RA", payload=0)
        answer.role, answer.time = "reset", last.time + _RESET_AFTER
        plan.planned.append(answer)
        plan.befall(index, answer)
    plan.sort()


def retransmission(plan: Plan, index: int, fault: TcpRetransmission) -> None:
    """Send segments again."""
    for packet in choose(plan, index, fault, "TCP data segments", carries_data):
        again = packet.copy(packet.time + nanoseconds(fault.delay))
        again.outer_ident = plan.ident(again.sender)
        plan.planned.append(again)
        # What is repeated is no fault; the repetition is.
        plan.befallen[index].remove(packet)
        plan.befall(index, again)


def black_hole(plan: Plan, index: int, fault: BlackHole) -> None:
    """Let sessions end with a segment that is sent again and again; what is befallen are the repetitions."""
    path = f"fault[{index}]"
    ends = plan.network.vtep(f"{path}.from", fault.source), plan.network.vtep(f"{path}.to", fault.destination)
    gone: set[int] = set()
    repeats: list[Packet] = []
    for packets in sessions(plan).values():
        lost = [
            at
            for at, packet in enumerate(packets)
            if (packet.sender, packet.receiver) == ends
            and carries_data(packet)
            and packet.outer_length > fault.mtu
        ]
        if not lost:
            continue
        if any(packet.fault is not None for packet in packets):
            raise ScenarioError("", path, "sessions without other faults", "some")
        # A window's worth is under way before the first is missed.
        flight = lost[0]
        while flight + 1 < len(packets) and packets[flight + 1].reply == packets[lost[0]].reply:
            flight += 1
        gone |= {id(packet) for packet in packets[flight + 1 :]}
        repeats += _repeats(plan, packets[lost[0]], packets[flight].time, fault)
    if not repeats:
        raise ScenarioError("", path, f"TCP data in outer packets of more than {fault.mtu} bytes", "none")
    plan.planned = [packet for packet in plan.planned if id(packet) not in gone]
    for again in repeats:
        plan.planned.append(again)
        plan.befall(index, again)


def _repeats(plan: Plan, lost: Packet, after: int, fault: BlackHole) -> list[Packet]:
    """Return the repetitions of a segment, each after twice the time (RFC 6298, section 5.5)."""
    made = []
    wait = nanoseconds(fault.delay)
    for _ in range(fault.retries):
        after += wait
        wait *= 2
        again = lost.copy(after)
        again.outer_ident = plan.ident(again.sender)
        made.append(again)
    return made


def reordering(plan: Plan, index: int, fault: TcpReordering) -> None:
    """Let segments change places with the next one of their direction, where nothing comes between."""
    following: dict[int, Packet] = {}
    for packets in sessions(plan).values():
        for packet, after in pairwise(packets):
            same = packet.reply == after.reply and after.fault is None
            if same and carries_data(packet) and carries_data(after):
                following[id(packet)] = after
    # Neighbours in a row of three cannot both change places.
    taken: set[int] = set()
    apart = set()
    for at, after in following.items():
        if at not in taken:
            apart.add(at)
            taken.add(id(after))
    what = "TCP data segments with another right behind"
    for packet in choose(plan, index, fault, what, lambda packet: id(packet) in apart):
        after = following[id(packet)]
        packet.time, after.time = after.time, packet.time
        after.fault = index
    plan.sort()


def zero_window(plan: Plan, index: int, fault: TcpZeroWindow) -> None:
    """Let acknowledgements close the window."""
    for packet in choose(plan, index, fault, "TCP acknowledgements", lambda packet: packet.role == "ack"):
        with_l4(packet, window=0)
