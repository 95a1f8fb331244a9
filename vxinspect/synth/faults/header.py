"""Faults of the VXLAN header (RFC 7348 section 5)."""

from vxinspect.synth.faults.choose import choose
from vxinspect.synth.kinds import GroupPolicy, IFlagClear, ReservedBits
from vxinspect.synth.overlays import policy_bits
from vxinspect.synth.packet import G_FLAG, I_FLAG, Packet
from vxinspect.synth.plan import Plan

__all__ = ["group_policy", "i_flag_clear", "reserved_bits"]


def i_flag_clear(plan: Plan, index: int, fault: IFlagClear) -> None:
    """Clear the flag that says there is a VNI."""
    what = "packets of VXLAN or VXLAN-GPE"
    for packet in choose(plan, index, fault, what, lambda packet: packet.overlay.has_i_flag):
        packet.flags &= ~I_FLAG


def reserved_bits(plan: Plan, index: int, fault: ReservedBits) -> None:
    """Set bits that must be zero."""
    for packet in choose(plan, index, fault, "packets of VXLAN", _is_vxlan):
        packet.reserved = fault.value


def group_policy(plan: Plan, index: int, fault: GroupPolicy) -> None:
    """Set the G flag and the group policy id, and perhaps the D and A bits."""
    for packet in choose(plan, index, fault, "packets of VXLAN", _is_vxlan):
        packet.flags |= G_FLAG
        packet.reserved = policy_bits(fault.policy, dont_learn=fault.dont_learn, applied=fault.policy_applied)


def _is_vxlan(packet: Packet) -> bool:
    return packet.overlay.name == "vxlan"
