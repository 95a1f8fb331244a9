"""Which packets a fault befalls."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from vxinspect.exceptions import ScenarioError
from vxinspect.synth.kinds import OnPackets
from vxinspect.synth.packet import Packet
from vxinspect.synth.plan import Plan

__all__ = ["choose", "spread"]

_Thing = TypeVar("_Thing")


def choose(
    plan: Plan, index: int, fault: OnPackets, what: str, eligible: Callable[[Packet], bool] = lambda _: True
) -> list[Packet]:
    """Return `count` of the packets that are eligible and sound so far, evenly spread, noted as befallen.

    `what` names them in the error for too few.
    """
    candidates = [
        packet
        for packet in plan.packets
        if packet.fault is None and of_traffic(plan, index, fault, packet) and eligible(packet)
    ]
    chosen = spread(candidates, index, fault, what)
    for packet in chosen:
        plan.befall(index, packet)
    return chosen


def of_traffic(plan: Plan, index: int, fault: OnPackets, packet: Packet) -> bool:
    """Whether a packet is of the traffic that a fault is for."""
    if fault.traffic is None:
        return True
    if fault.traffic not in plan.traffic:
        names = ", ".join(sorted(plan.traffic)) or "none is declared"
        raise ScenarioError(
            "", f"fault[{index}].traffic", f"the name of a traffic ({names})", repr(fault.traffic)
        )
    return packet.traffic == fault.traffic


def spread(candidates: Sequence[_Thing], index: int, fault: OnPackets, what: str) -> list[_Thing]:
    """Return `count` of the candidates, evenly spread; raises `ScenarioError` where there are fewer."""
    if len(candidates) < fault.count:
        where = f" of traffic {fault.traffic!r}" if fault.traffic else ""
        expected = f"at most {len(candidates)}, for so many {what}{where} can have it"
        raise ScenarioError("", f"fault[{index}].count", expected, str(fault.count))
    return [candidates[at * len(candidates) // fault.count] for at in range(fault.count)]
