"""Faults of inner frames."""

from dataclasses import replace

from vxinspect.synth.faults.choose import choose
from vxinspect.synth.kinds import InnerChecksumPartial, InnerChecksumWrong, InnerVlanTag
from vxinspect.synth.packet import Ip, Packet, Tcp, Udp
from vxinspect.synth.plan import Plan, with_l4

__all__ = ["checksum_partial", "checksum_wrong", "vlan_tag"]


def vlan_tag(plan: Plan, index: int, fault: InnerVlanTag) -> None:
    """Tag inner frames."""
    for packet in choose(plan, index, fault, "untagged packets", lambda packet: packet.inner.vlan is None):
        packet.inner = replace(packet.inner, vlan=fault.vid)


def checksum_wrong(plan: Plan, index: int, fault: InnerChecksumWrong) -> None:
    """Spoil the checksum of TCP or UDP."""
    for packet in choose(plan, index, fault, "TCP and UDP packets", _has_checksum):
        with_l4(packet, checksum="wrong")


def checksum_partial(plan: Plan, index: int, fault: InnerChecksumPartial) -> None:
    """Leave the checksum of TCP or UDP at the pseudo-header's sum."""
    for packet in choose(plan, index, fault, "TCP and UDP packets", _has_checksum):
        with_l4(packet, checksum="partial")


def _has_checksum(packet: Packet) -> bool:
    return isinstance(packet.inner.body, Ip) and isinstance(packet.inner.body.l4, Tcp | Udp)
