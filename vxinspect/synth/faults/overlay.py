"""Faults of the overlay: who sends to whom, in which VNI."""

from dataclasses import replace
from ipaddress import ip_address

from vxinspect.exceptions import ScenarioError
from vxinspect.overlays import ASSIGNED_PORTS
from vxinspect.synth.carriers import check_carriers
from vxinspect.synth.faults.choose import choose
from vxinspect.synth.kinds import (
    Carried,
    Loop,
    Nested,
    OneWayTunnel,
    PolarisedSourcePorts,
    UnexpectedSource,
    UnknownUnicast,
    VniByDirection,
)
from vxinspect.synth.network import Vtep, address, nanoseconds
from vxinspect.synth.overlays import Overlay
from vxinspect.synth.packet import Inner, Ip, Nd, Packet, Wrap
from vxinspect.synth.plan import COPY_GAP, Plan, flow_hash

__all__ = [
    "carried",
    "loop",
    "nested",
    "one_way_tunnel",
    "polarised_source_ports",
    "unexpected_source",
    "unknown_unicast",
    "vni_by_direction",
]


def one_way_tunnel(plan: Plan, index: int, fault: OneWayTunnel) -> None:
    """Leave out what goes back; what is befallen is what still goes out."""
    path = f"fault[{index}]"
    here = plan.network.vtep(f"{path}.from", fault.source)
    there = plan.network.vtep(f"{path}.to", fault.destination)
    out = [packet for packet in plan.packets if (packet.sender, packet.receiver) == (here, there)]
    back = [packet for packet in plan.packets if (packet.sender, packet.receiver) == (there, here)]
    if not out or not back:
        raise ScenarioError(
            "", path, "a tunnel with packets both ways", f"{len(out)} out and {len(back)} back"
        )
    if any(packet.fault is not None for packet in back):
        raise ScenarioError("", path, "a tunnel without other faults on the way back", "some")
    gone = {id(packet) for packet in back}
    plan.planned = [packet for packet in plan.planned if id(packet) not in gone]
    for befallen in plan.befallen.values():
        befallen[:] = [packet for packet in befallen if id(packet) not in gone]
    plan.befallen[index] = list(out)


def unexpected_source(plan: Plan, index: int, fault: UnexpectedSource) -> None:
    """Let replies come from another address of their VTEP."""
    ip = address(f"fault[{index}].source", fault.source)
    for packet in choose(plan, index, fault, "replies", _is_reply):
        if ip.version != packet.sender.version:
            expected = f"an IPv{packet.sender.version} address, as the VTEPs have"
            raise ScenarioError("", f"fault[{index}].source", expected, repr(fault.source))
        sender = packet.sender
        packet.sender = Vtep(f"{sender.name}'", str(ip), sender.mac, sender.port)


def vni_by_direction(plan: Plan, index: int, fault: VniByDirection) -> None:
    """Let replies carry another VNI."""
    for packet in choose(plan, index, fault, "replies", _is_reply):
        if packet.vni == fault.vni:
            raise ScenarioError("", f"fault[{index}].vni", f"another VNI than {packet.vni}", str(fault.vni))
        packet.vni = fault.vni


def _is_reply(packet: Packet) -> bool:
    return packet.reply and not packet.is_flood


def unknown_unicast(plan: Plan, index: int, fault: UnknownUnicast) -> None:
    """Send unicast where broadcast goes."""

    def floods(packet: Packet) -> bool:
        wide = packet.segment.group is not None or len(packet.segment.members) > 2  # noqa: PLR2004 - the two that talk
        return wide and not packet.is_flood

    for packet in choose(
        plan, index, fault, "unicast packets of a VNI with a third member or a group", floods
    ):
        first, *others = plan.flooded(packet.segment, packet.sender)
        packet.receiver, packet.port = first, packet.overlay.port(first.port)
        for number, receiver in enumerate(others, start=1):
            copy = packet.copy(packet.time + number * COPY_GAP)
            copy.receiver, copy.port = receiver, packet.overlay.port(receiver.port)
            copy.outer_ident = plan.ident(copy.sender)
            plan.planned.append(copy)
            plan.befall(index, copy)


def nested(plan: Plan, index: int, fault: Nested) -> None:
    """Carry packets in an overlay of their own."""
    path = f"fault[{index}]"
    sender = plan.network.vtep(f"{path}.from", fault.source)
    receiver = plan.network.vtep(f"{path}.to", fault.destination)
    if sender == receiver:
        raise ScenarioError("", f"{path}.to", f"another VTEP than {sender.name!r}", repr(receiver.name))
    assigned = ASSIGNED_PORTS.get(fault.encapsulation)
    if assigned in {vtep.port for vtep in plan.network.vteps.values()}:
        expected = f"another overlay, for VXLAN has the UDP port {assigned} here"
        raise ScenarioError("", f"{path}.encapsulation", expected, repr(fault.encapsulation))
    for packet in choose(plan, index, fault, "packets"):
        overlay = Overlay(fault.encapsulation)
        packet.wrap = Wrap(fault.vni, sender, receiver, flow_hash(overlay, packet.inner), overlay)


def carried(plan: Plan, index: int, fault: Carried) -> None:
    """Let packets come in other carriers."""
    check_carriers(f"fault[{index}].carriers", fault.carriers)
    for packet in choose(plan, index, fault, "packets"):
        packet.carriers = fault.carriers


def loop(plan: Plan, index: int, fault: Loop) -> None:
    """Send packets back and forth; what is befallen is what comes after the first time."""

    def goes_round(packet: Packet) -> bool:
        body = packet.inner.body
        is_routed = isinstance(body, Ip) and not isinstance(body.l4, Nd) and not packet.is_flood
        is_plain = packet.pieces is None and not ip_address(packet.receiver.ip).is_multicast
        return is_plain and (is_routed or not fault.routed)

    what = "routed packets" if fault.routed else "packets from one VTEP to one other"
    for packet in choose(plan, index, fault, what, goes_round):
        plan.befallen[index].remove(packet)
        packet.fault = index
        for turn in range(1, 2 * fault.rounds + 1):
            again = packet.copy(packet.time + turn * nanoseconds(fault.delay))
            if turn % 2:
                again.sender, again.receiver = packet.receiver, packet.sender
            again.port = packet.overlay.port(again.receiver.port)
            again.outer_ident = plan.ident(again.sender)
            if fault.routed:
                again.inner = _routed(packet.inner, turn, again.sender, again.receiver)
            plan.planned.append(again)
            plan.befall(index, again)


def _routed(inner: Inner, turn: int, sender: Vtep, receiver: Vtep) -> Inner:
    """Return a frame from the router behind one VTEP to that behind the other, which it passes in turn."""
    body = inner.body
    if isinstance(body, Ip):
        body = replace(body, ttl=body.ttl - turn)
    return replace(inner, src=_router(sender), dst=_router(receiver), body=body)


def _router(vtep: Vtep) -> str:
    """Return the MAC of the router behind a VTEP."""
    return f"02:00:fb{vtep.mac[8:]}"


def polarised_source_ports(plan: Plan, index: int, fault: PolarisedSourcePorts) -> None:
    """Give all packets of a tunnel one source port; they may have other faults too."""
    path = f"fault[{index}]"
    ends = [
        plan.network.vtep(f"{path}.{key}", name)
        for key, name in (("from", fault.source), ("to", fault.destination))
        if name is not None
    ]
    found = [
        packet
        for packet in plan.packets
        if packet.overlay.is_over_udp and all(end in (packet.sender, packet.receiver) for end in ends)
    ]
    if not found:
        raise ScenarioError("", path, "a tunnel with packets over UDP", "none")
    for packet in found:
        packet.source_port = fault.port
    plan.befallen[index] = list(found)
