"""A scenario to a plan: who speaks when, what goes wrong, and what the underlay makes of it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from vxinspect.exceptions import ScenarioError
from vxinspect.synth import faults
from vxinspect.synth import scenario as declared
from vxinspect.synth.carriers import Gre, check_carriers
from vxinspect.synth.exchanges import Pair, Step, announcement, steps
from vxinspect.synth.kinds import Carried, Offload, OverMtu, ZeroLength
from vxinspect.synth.network import Network, Station, nanoseconds
from vxinspect.synth.packet import Packet, Pieces
from vxinspect.synth.plan import Plan
from vxinspect.synth.scenario import Scenario

__all__ = ["make_plan"]

_LARGEST_IP = 65_535
_PCAP_ENDS = ((1 << 32) - 86_400 * 365) * 1_000_000_000
"""Nanoseconds: a year before pcap's 32 bits of seconds run out."""


def make_plan(scenario: Scenario) -> Plan:
    """Plan everything that is declared. Raises `ScenarioError` for what cannot be planned."""
    # Whole nanoseconds: a float has too few digits for the time of day.
    since = scenario.start.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    start = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
    if not 0 <= start < _PCAP_ENDS:
        raise ScenarioError(
            "", "start", "a time from 1970 to 2105, which pcap can hold", scenario.start.isoformat()
        )
    check_carriers("underlay.carriers", scenario.underlay.carriers)
    plan = Plan(scenario, Network(scenario), start)
    names = faults.change_network(plan)
    for index, move in enumerate(scenario.migration):
        at = start + nanoseconds(move.at)
        station = plan.network.move(f"migration[{index}]", move.host, move.to, at)
        if move.announce:
            _announce(plan, f"migration[{index}]", station, at)
    for index, traffic in enumerate(scenario.traffic):
        _converse(plan, index, traffic, names)
    plan.sort()
    faults.befall_packets(plan)
    _tell_nvgre_apart(plan)
    _fit_underlay(plan)
    _fit_carriers(plan)
    faults.befall_capture(plan)
    return plan


def _tell_nvgre_apart(plan: Plan) -> None:
    """Raise `ScenarioError` for a carrier that is NVGRE to whoever looks for that, where there is some."""
    if not any("nvgre" in (packet.overlay.name, packet.outermost.name) for packet in plan.packets):
        return
    scenario = plan.scenario
    declared = [("underlay", scenario.underlay.carriers)]
    declared += [
        (f"fault[{index}]", fault.carriers)
        for index, fault in enumerate(scenario.fault)
        if isinstance(fault, Carried)
    ]
    for path, carriers in declared:
        for index, carrier in enumerate(carriers):
            if isinstance(carrier, Gre) and carrier.is_nvgre:
                expected = "no key, or a sequence number or a checksum too, for NVGRE is there as well"
                raise ScenarioError("", f"{path}.carriers[{index}].key", expected, str(carrier.key))


def _announce(plan: Plan, path: str, station: Station, at: int) -> None:
    ips = [ip for ip in station.ips if ":" not in ip]
    if not ips:
        raise ScenarioError(
            "", f"{path}.announce", "a host with an IPv4 address", f"{station.name!r} without"
        )
    for ip in ips:
        plan.say(at, path, 0, Step(0, station, None, announcement(station, ip), "announcement"))


def _converse(
    plan: Plan, index: int, traffic: declared.Traffic, clones: Sequence[tuple[int, int, dict[str, str]]]
) -> None:
    """Plan a traffic, and the same for each VNI that has its hosts too."""
    path = f"traffic[{index}]"
    name = traffic.name or f"{type(traffic).__name__.lower()}-{index}"
    _say_all(plan, path, name, traffic)
    for fault, vni, hosts in clones:
        if traffic.source in hosts and traffic.destination in hosts:
            clone = _between(traffic, hosts)
            for packet in _say_all(plan, path, f"{name}@{vni}", clone):
                plan.befallen.setdefault(fault, []).append(packet)


def _between(traffic: declared.Traffic, hosts: dict[str, str]) -> declared.Traffic:
    """Return the traffic between the hosts of other names."""
    return msgspec.structs.replace(
        traffic, source=hosts[traffic.source], destination=hosts[traffic.destination]
    )


def _say_all(plan: Plan, path: str, name: str, traffic: declared.Traffic) -> list[Packet]:
    if name in plan.traffic:
        raise ScenarioError("", f"{path}.name", "a name of its own", f"{name!r} again")
    plan.traffic.add(name)
    pair = _pair(plan, path, traffic)
    made: list[Packet] = []
    for exchange in range(traffic.count):
        begin = plan.start + nanoseconds(traffic.start) + nanoseconds(exchange / traffic.rate)
        for step in steps(pair, traffic, exchange):
            made += plan.say(begin + step.after, name, exchange, step)
    if not made:
        where = f"both behind {pair.client.home.name!r}"
        raise ScenarioError("", path, "hosts behind different VTEPs", where)
    return made


def _pair(plan: Plan, path: str, traffic: declared.Traffic) -> Pair:
    network = plan.network
    client = network.station(f"{path}.from", traffic.source)
    server = network.station(f"{path}.to", traffic.destination)
    if client.segment is not server.segment:
        found = f"{server.name!r} in VNI {server.segment.vni}"
        raise ScenarioError("", f"{path}.to", f"a host in VNI {client.segment.vni}", found)
    match traffic:
        case declared.Arp():
            versions = [4]
        case declared.Nd():
            versions = [6]
        case declared.Dhcp(family=None):
            versions = [4, 6]
        case _:
            versions = [4, 6] if traffic.family is None else [traffic.family]
    for version in versions:
        if client.address(version) and server.address(version):
            return Pair(path, client, server, version, plan.scenario.seed)
    wanted = " or ".join(f"IPv{version}" for version in versions)
    raise ScenarioError("", path, f"hosts that both have an {wanted} address", "none")


def _fit_carriers(plan: Plan) -> None:
    """Say so where a packet is too large for the length fields of what carries it."""
    for packet in plan.packets:
        if not packet.carriers:
            continue
        most = packet.outermost_length if packet.pieces is None else 0
        if packet.zero_length or most > _LARGEST_IP:
            path = "underlay.carriers" if plan.scenario.underlay.carriers else "fault"
            expected = f"packets of at most {_LARGEST_IP} bytes in carriers"
            raise ScenarioError("", path, expected, f"{most}, of {packet.traffic}")


def _fit_underlay(plan: Plan) -> None:
    """Cut what is larger than the underlay's MTU, or say so."""
    underlay = plan.scenario.underlay
    if underlay.mtu is None:
        return
    for packet in plan.packets:
        fault = None if packet.fault is None else plan.scenario.fault[packet.fault]
        # Some faults are there to break this rule.
        if isinstance(fault, Offload | ZeroLength | OverMtu) or packet.pieces is not None:
            continue
        if packet.outermost_length <= underlay.mtu:
            continue
        if underlay.oversize == "error":
            expected = f'at least {packet.outermost_length}, for {packet.traffic}, or oversize = "fragment"'
            raise ScenarioError("", "underlay.mtu", expected, str(underlay.mtu))
        # VTEPs leave room for what carries their packets.
        packet.pieces = Pieces(underlay.mtu - packet.outermost_length + packet.outer_length)
