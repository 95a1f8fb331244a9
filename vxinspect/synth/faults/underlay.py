"""Faults of the underlay: ports, checksums, fragments, other ways and marks, and what routers say."""

from dataclasses import replace
from typing import TypeAlias

from vxinspect.exceptions import ScenarioError
from vxinspect.overlays import ASSIGNED_PORTS
from vxinspect.synth import frames
from vxinspect.synth.faults.choose import choose
from vxinspect.synth.kinds import (
    DscpChange,
    EcnMarks,
    IcmpErrors,
    MissingFragment,
    OuterChecksumWrong,
    OuterFragments,
    OverlappingFragments,
    OverMtu,
    ReorderedFragments,
    RepeatedFragment,
    TtlChange,
    WrongPort,
)
from vxinspect.synth.network import address
from vxinspect.synth.packet import IcmpError, Ip, Packet, Pieces, Plain
from vxinspect.synth.pieces import GRID, cut
from vxinspect.synth.plan import Plan

__all__ = [
    "checksum_wrong",
    "dscp_change",
    "ecn_marks",
    "fragments",
    "icmp_error",
    "missing_fragment",
    "over_mtu",
    "overlapping_fragments",
    "reordered_fragments",
    "repeated_fragment",
    "ttl_change",
    "wrong_port",
]

_Fragments: TypeAlias = (
    OuterFragments | MissingFragment | RepeatedFragment | OverlappingFragments | ReorderedFragments
)
_ANSWER_AFTER = 200_000
"""Nanoseconds until a router's answer."""
_LEAST_IPV6_MTU = 1280
"""RFC 8200 section 5."""


def wrong_port(plan: Plan, index: int, fault: WrongPort) -> None:
    """Send VXLAN to a port that is not VXLAN's."""
    known = {
        plan.scenario.port,
        *(vtep.port for vtep in plan.network.vteps.values()),
        *ASSIGNED_PORTS.values(),
    }
    if fault.port in known:
        raise ScenarioError("", f"fault[{index}].port", "a port that is no overlay's here", str(fault.port))
    for packet in choose(plan, index, fault, "packets over UDP", _is_over_udp):
        packet.port = fault.port


def checksum_wrong(plan: Plan, index: int, fault: OuterChecksumWrong) -> None:
    """Spoil the outer UDP checksum."""
    for packet in choose(plan, index, fault, "packets over UDP", _is_over_udp):
        packet.checksum = "wrong"


def _is_over_udp(packet: Packet) -> bool:
    return packet.overlay.is_over_udp


def fragments(plan: Plan, index: int, fault: OuterFragments) -> None:
    """Cut the outer datagram."""
    _cut(plan, index, fault, Pieces(fault.mtu))


def missing_fragment(plan: Plan, index: int, fault: MissingFragment) -> None:
    """Cut it and lose a piece."""
    _cut(plan, index, fault, Pieces(fault.mtu, missing=fault.piece))


def repeated_fragment(plan: Plan, index: int, fault: RepeatedFragment) -> None:
    """Cut it and send a piece again."""
    _cut(plan, index, fault, Pieces(fault.mtu, repeated=fault.piece))


def overlapping_fragments(plan: Plan, index: int, fault: OverlappingFragments) -> None:
    """Cut it, and again on the border of two pieces."""
    _cut(plan, index, fault, Pieces(fault.mtu, overlaps=True))


def reordered_fragments(plan: Plan, index: int, fault: ReorderedFragments) -> None:
    """Cut it and send the pieces in another order."""
    if fault.order == "reverse":
        _cut(plan, index, fault, Pieces(fault.mtu, order="reverse"))
    else:
        _cut(plan, index, fault, Pieces(fault.mtu, order=plan.scenario.seed))


def _cut(plan: Plan, index: int, fault: _Fragments, pieces: Pieces) -> None:
    least = 3 if "middle" in (pieces.missing, pieces.repeated) else 2

    def divides(packet: Packet) -> bool:
        length = packet.outer_length - packet.outer_header
        made = cut(length, packet.sender.version, pieces.mtu)
        # What overlaps ends inside the second.
        return len(made) >= least and not (pieces.overlaps and made[1].length <= GRID)

    what = f"packets that an MTU of {pieces.mtu} cuts into {least} pieces or more"
    for packet in choose(plan, index, fault, what, divides):
        order = pieces.order
        if isinstance(order, int):
            order = (order + packet.outer_ident) % (1 << 32)
        packet.pieces = replace(pieces, order=order)


def over_mtu(plan: Plan, index: int, fault: OverMtu) -> None:
    """Let a router answer a packet that is too large for its next link."""
    what = f"packets of more than {fault.mtu} bytes"
    for packet in choose(plan, index, fault, what, lambda packet: packet.outer_length > fault.mtu):
        if packet.sender.version == 6 and fault.mtu < _LEAST_IPV6_MTU:  # noqa: PLR2004
            raise ScenarioError("", f"fault[{index}].mtu", "at least 1280, which IPv6 needs", str(fault.mtu))
        _answer(plan, index, fault, packet, "frag-needed", mtu=fault.mtu)


def icmp_error(plan: Plan, index: int, fault: IcmpErrors) -> None:
    """Let a router answer a packet that it does not pass on."""
    for packet in choose(plan, index, fault, "packets in one piece", lambda packet: packet.pieces is None):
        _answer(plan, index, fault, packet, fault.error, quote=fault.quote)


def _answer(
    plan: Plan, index: int, fault: OverMtu | IcmpErrors, packet: Packet, error: IcmpError, **how: int | None
) -> None:
    router = address(f"fault[{index}].router", fault.router)
    version = packet.sender.version
    if router.version != version:
        expected = f"an IPv{version} address, as the VTEPs have"
        raise ScenarioError("", f"fault[{index}].router", expected, repr(fault.router))
    answer, about = frames.icmp_error(packet, plan.scenario.underlay, str(router), error, **how)
    plain = Plain(packet.time + _ANSWER_AFTER, answer, "other", "non_udp", about=about)
    plan.planned.append(plain)
    plan.befall(index, plain)


def ttl_change(plan: Plan, index: int, fault: TtlChange) -> None:
    """Let packets come another way."""
    # A change is one from the packet before, and the truth does not go through mass traffic packet by packet.
    if plan.scenario.mass is not None:
        raise ScenarioError("", f"fault[{index}]", "no mass traffic beside it", "some")
    for packet in choose(plan, index, fault, "packets"):
        packet.ttl = fault.ttl


def dscp_change(plan: Plan, index: int, fault: DscpChange) -> None:
    """Mark outer headers anew."""
    for packet in choose(plan, index, fault, "packets"):
        packet.dscp = fault.dscp


def ecn_marks(plan: Plan, index: int, fault: EcnMarks) -> None:
    """Set the ECN fields of both headers."""
    what = "packets with IP inside"
    for packet in choose(plan, index, fault, what, lambda packet: isinstance(packet.inner.body, Ip)):
        if isinstance(packet.inner.body, Ip):
            packet.inner = replace(packet.inner, body=replace(packet.inner.body, ecn=fault.inner))
        packet.ecn = fault.outer
