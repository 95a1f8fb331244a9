"""Faults of hosts: they move without a word, or share what must be one's own."""

from vxinspect.exceptions import ScenarioError
from vxinspect.synth.exchanges import Step, advertisement, announcement
from vxinspect.synth.kinds import DuplicateIp, DuplicateMac, MacFlap, MacMove
from vxinspect.synth.network import Station, address, mac_text, nanoseconds
from vxinspect.synth.plan import Plan

__all__ = ["duplicate_ip", "duplicate_mac", "mac_flap", "mac_move", "tell_moves"]


def mac_move(plan: Plan, index: int, fault: MacMove) -> None:
    """Put the host behind the other VTEP."""
    _move(plan, index, fault, fault.to, fault.at)


def mac_flap(plan: Plan, index: int, fault: MacFlap) -> None:
    """Put it there and back."""
    home = plan.network.station(f"fault[{index}].host", fault.host).home.name
    for turn in range(fault.count):
        to = home if turn % 2 else fault.to
        _move(plan, index, fault, to, fault.at + turn * fault.interval)


def _move(plan: Plan, index: int, fault: MacMove | MacFlap, to: str, at: float) -> None:
    path = f"fault[{index}]"
    if plan.network.station(f"{path}.host", fault.host).home.name == fault.to:
        raise ScenarioError("", f"{path}.to", f"a VTEP that {fault.host!r} is not behind", repr(fault.to))
    plan.network.move(path, fault.host, to, plan.start + nanoseconds(at))


def tell_moves(plan: Plan, index: int, fault: MacMove | MacFlap) -> None:
    """Note the first packet from each new place: that is what gives a move away."""
    station = plan.network.station(f"fault[{index}].host", fault.host)
    begin = plan.start + nanoseconds(fault.at)
    sent = [packet for packet in plan.packets if packet.station == station.name]
    behind = station.home
    for packet in sent:
        # The packet is no less sound for it, and may have a fault of its own.
        if packet.sender != behind and packet.time >= begin:
            plan.befallen.setdefault(index, []).append(packet)
        behind = packet.sender
    if index not in plan.befallen:
        raise ScenarioError("", f"fault[{index}].at", f"a time after which {fault.host!r} sends", fault.at)


def duplicate_mac(plan: Plan, index: int, fault: DuplicateMac) -> None:
    """Let a stranger with the host's MAC speak."""
    ip = str(address(f"fault[{index}].ip", fault.ip))
    if ":" in ip:
        raise ScenarioError("", f"fault[{index}].ip", "an IPv4 address, for ARP", repr(ip))
    host = plan.network.station(f"fault[{index}].host", fault.host)
    _speak(plan, index, fault, host, (host.mac, ip))


def duplicate_ip(plan: Plan, index: int, fault: DuplicateIp) -> None:
    """Let a stranger with the host's address speak."""
    host = plan.network.station(f"fault[{index}].host", fault.host)
    ip = host.address(fault.family)
    if ip is None:
        expected = f"a host with an IPv{fault.family} address"
        raise ScenarioError("", f"fault[{index}].host", expected, repr(fault.host))
    _speak(plan, index, fault, host, (mac_text(f"fault[{index}].mac", fault.mac), ip))


def _speak(
    plan: Plan, index: int, fault: DuplicateMac | DuplicateIp, host: Station, own: tuple[str, str]
) -> None:
    """Let a stranger with these own MAC and address announce itself."""
    mac, ip = own
    vtep = plan.network.member(f"fault[{index}].vtep", host.segment, fault.vtep)
    if vtep == host.home:
        raise ScenarioError(
            "", f"fault[{index}].vtep", f"a VTEP that {host.name!r} is not behind", repr(fault.vtep)
        )
    stranger = Station(f"{host.name}'", host.segment, mac, (ip,), host.vlan, vtep)
    for turn in range(fault.count):
        time = plan.start + nanoseconds(fault.at + turn * fault.interval)
        inner = advertisement(stranger, ip) if ":" in ip else announcement(stranger, ip)
        step = Step(0, stranger, None, inner, "announcement")
        for packet in plan.say(time, f"fault[{index}]", turn, step):
            plan.befall(index, packet)
