"""Faults of inner frames."""

from collections.abc import Iterator
from dataclasses import replace

from vxinspect.synth.faults.choose import choose
from vxinspect.synth.frames import IPV4_QUOTE, IPV6_QUOTE
from vxinspect.synth.kinds import (
    InnerChecksumPartial,
    InnerChecksumWrong,
    InnerFragments,
    InnerIcmpErrors,
    InnerVlanTag,
)
from vxinspect.synth.packet import Complaint, Icmp, Inner, Ip, Nd, Order, Packet, Tcp, Udp
from vxinspect.synth.pieces import cut, ordered
from vxinspect.synth.plan import Plan, flow_hash, with_l4

__all__ = ["checksum_partial", "checksum_wrong", "fragments", "icmp_errors", "vlan_tag"]

_ANSWER_AFTER = 100_000
"""Nanoseconds until a host's answer."""
_FRAGMENT_GAP = 1_000
"""Nanoseconds between two fragments."""


def vlan_tag(plan: Plan, index: int, fault: InnerVlanTag) -> None:
    """Tag inner frames."""

    def is_untagged(packet: Packet) -> bool:
        return packet.inner.vlan is None and not packet.inner.bare

    for packet in choose(plan, index, fault, "untagged frames", is_untagged):
        packet.inner = replace(packet.inner, vlan=fault.vid)


def checksum_wrong(plan: Plan, index: int, fault: InnerChecksumWrong) -> None:
    """Spoil the checksum of TCP or UDP."""
    for packet in choose(plan, index, fault, "TCP and UDP packets", _has_checksum):
        with_l4(packet, checksum="wrong")


def checksum_partial(plan: Plan, index: int, fault: InnerChecksumPartial) -> None:
    """Leave the checksum of TCP or UDP at the pseudo-header's sum."""
    for packet in choose(plan, index, fault, "TCP and UDP packets", _has_checksum):
        with_l4(packet, checksum="partial")


def icmp_errors(plan: Plan, index: int, fault: InnerIcmpErrors) -> None:
    """Let receivers answer packets with ICMP errors."""
    for packet in choose(plan, index, fault, "unicast IP packets", _can_be_answered):
        asked = packet.inner
        assert isinstance(asked.body, Ip)  # noqa: S101 - of what was chosen
        most = IPV4_QUOTE if asked.body.version == 4 else IPV6_QUOTE  # noqa: PLR2004
        kept = min(asked.body.length, most) - asked.body.header
        kept = kept if fault.quote is None else min(kept, fault.quote)
        body = Ip(asked.body.dst, asked.body.src, Complaint(fault.error, asked.body, kept))
        answer = replace(
            packet,
            time=packet.time + _ANSWER_AFTER,
            role="icmp-error",
            reply=not packet.reply,
            sender=packet.receiver,
            receiver=packet.sender,
            port=packet.overlay.port(packet.sender.port),
            inner=Inner(asked.dst, asked.src, body, asked.vlan, asked.bare),
            station=f"{packet.station}'s peer",
            outer_ident=plan.ident(packet.receiver),
        )
        answer.source_port = flow_hash(answer.overlay, answer.inner)
        plan.planned.append(answer)
        plan.befall(index, answer)


def fragments(plan: Plan, index: int, fault: InnerFragments) -> None:
    """Cut inner IP packets; what is befallen are the fragments."""

    def divides(packet: Packet) -> bool:
        """Whether all that a fragment says is there again in the others, and in one outer packet."""
        body = packet.inner.body
        is_free = isinstance(body, Ip) and isinstance(body.l4, Udp | Icmp) and body.piece is None
        return is_free and packet.pieces is None and packet.inner.body.length > fault.mtu

    what = f"inner packets of UDP and echoes that an MTU of {fault.mtu} cuts"
    chosen = choose(plan, index, fault, what, divides)
    gone = {id(packet) for packet in chosen}
    plan.planned = [packet for packet in plan.planned if id(packet) not in gone]
    plan.befallen[index].clear()
    for packet in chosen:
        for made in _fragments(plan, packet, fault):
            plan.planned.append(made)
            plan.befall(index, made)


def _fragments(plan: Plan, packet: Packet, fault: InnerFragments) -> Iterator[Packet]:
    body = packet.inner.body
    assert isinstance(body, Ip)  # noqa: S101 - of what was chosen
    body = replace(body, ident=plan.inner_ident())
    whole = cut(body.length - body.header, body.version, fault.mtu)
    order: Order = (plan.scenario.seed + body.ident) % (1 << 32) if fault.order == "random" else fault.order
    for number, piece in enumerate(ordered(whole, order)):
        made = packet.copy(packet.time + number * _FRAGMENT_GAP)
        made.inner = replace(packet.inner, body=replace(body, piece=piece))
        made.outer_ident = plan.ident(packet.sender)
        yield made


def _can_be_answered(packet: Packet) -> bool:
    body = packet.inner.body
    if not isinstance(body, Ip) or isinstance(body.l4, Complaint | Nd):
        return False
    return body.piece is None and not packet.is_flood


def _has_checksum(packet: Packet) -> bool:
    return isinstance(packet.inner.body, Ip) and isinstance(packet.inner.body.l4, Tcp | Udp)
