"""The network that a scenario declares: VTEPs, VNIs and hosts by their names, and where a host is when."""

from bisect import bisect_right
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeVar

from vxinspect.exceptions import ScenarioError
from vxinspect.overlays import ASSIGNED_PORTS, ENCAPSULATIONS
from vxinspect.synth import scenario as declared
from vxinspect.synth.overlays import VXLAN_OVERLAY, Option, Overlay, policy_bits
from vxinspect.synth.scenario import Scenario

__all__ = ["Network", "Segment", "Station", "Vtep", "address", "mac_text", "nanoseconds"]

_Name = TypeVar("_Name", str, int)
_Thing = TypeVar("_Thing")

_YEAR = 86_400 * 365
"""Seconds: before pcap ends, a scenario has room for so many behind its start."""
_MAC_DIGITS = 12
_GROUP_BIT = 1 << 40
_LONGEST_OPTION = 31 * 4
"""Bytes behind an option's header (RFC 8926 section 3.5)."""
_LONGEST_GENEVE = 8 + 63 * 4
"""A header with all the options that it may have (RFC 8926 section 3.4)."""


def nanoseconds(seconds: float) -> int:
    """Return seconds as whole nanoseconds; raises `ScenarioError` for more than a capture is planned for."""
    if not abs(seconds) < _YEAR:
        raise ScenarioError("", "", "times less than a year apart", f"{seconds:g} seconds")
    return round(seconds * 1_000_000_000)


def address(path: str, text: str) -> IPv4Address | IPv6Address:
    """Return an IP address; raises `ScenarioError` for what is none."""
    try:
        return ip_address(text)
    except ValueError:
        raise ScenarioError("", path, "an IP address", repr(text)) from None


def mac_text(path: str, text: str) -> str:
    """Return a station's MAC address in lower case with colons; raises `ScenarioError` for what is none."""
    digits = text.replace(":", "").replace("-", "").lower()
    if len(digits) != _MAC_DIGITS or not all(digit in "0123456789abcdef" for digit in digits):
        raise ScenarioError("", path, "a MAC address such as 02:42:0a:00:00:01", repr(text))
    if int(digits, 16) & _GROUP_BIT or not int(digits, 16):
        raise ScenarioError("", path, "the MAC address of one station", f"{text!r}, which is none")
    return ":".join(digits[at : at + 2] for at in range(0, _MAC_DIGITS, 2))


@dataclass(frozen=True, slots=True)
class Vtep:
    """Where packets are encapsulated: outer address, MAC, and the UDP port that it receives VXLAN on.

    A multicast group is one too, as a destination.
    """

    name: str
    ip: str
    mac: str
    port: int

    @property
    def version(self) -> int:
        """4 or 6."""
        return ip_address(self.ip).version


@dataclass(frozen=True, slots=True)
class Segment:
    """A VNI: its members, and the group that it floods to, or None for a copy to each member.

    `group_policy`: what its packets have behind the flags. `is_routed`: unicast IP packets have no Ethernet
    header inside.
    """

    vni: int
    members: tuple[Vtep, ...]
    group: Vtep | None
    group_policy: int | None
    overlay: Overlay = VXLAN_OVERLAY
    is_routed: bool = False


@dataclass(slots=True)
class Station:
    """A host: where it is at first, and the moves it makes, as (nanoseconds, VTEP) in order."""

    name: str
    segment: Segment
    mac: str
    ips: tuple[str, ...]
    vlan: int | None
    home: Vtep
    moves: list[tuple[int, Vtep]] = field(default_factory=list)

    def vtep(self, time: int) -> Vtep:
        """Return the VTEP that it is behind at a moment."""
        at = bisect_right(self.moves, time, key=lambda move: move[0])
        return self.moves[at - 1][1] if at else self.home

    def address(self, version: int) -> str | None:
        """Return its first address of an IP version."""
        return next((ip for ip in self.ips if ip_address(ip).version == version), None)


class Network:
    """All that is declared, by name. Raises `ScenarioError` where a name or an address makes no sense."""

    def __init__(self, scenario: Scenario) -> None:
        self.port = scenario.port
        self.vteps: dict[str, Vtep] = {}
        self.segments: dict[int, Segment] = {}
        self.stations: dict[str, Station] = {}
        self._outer: set[str] = set()
        for index, vtep in enumerate(scenario.vtep):
            self._add_vtep(f"vtep[{index}]", vtep)
        for index, vni in enumerate(scenario.vni):
            self._add_segment(f"vni[{index}]", vni)
        for index, host in enumerate(scenario.host):
            self._add_station(f"host[{index}]", host)

    def vtep(self, path: str, name: str) -> Vtep:
        """Return the VTEP of a name."""
        return _named(path, name, self.vteps, "VTEP")

    def segment(self, path: str, vni: int) -> Segment:
        """Return the VNI of a number."""
        return _named(path, vni, self.segments, "VNI")

    def station(self, path: str, name: str) -> Station:
        """Return the host of a name."""
        return _named(path, name, self.stations, "host")

    def member(self, path: str, segment: Segment, name: str) -> Vtep:
        """Return the VTEP of a name, which must be a member of the VNI."""
        vtep = self.vtep(path, name)
        if vtep not in segment.members:
            names = ", ".join(member.name for member in segment.members)
            raise ScenarioError("", path, f"a member of VNI {segment.vni} ({names})", repr(name))
        return vtep

    def move(self, path: str, name: str, to: str, at: int) -> Station:
        """Put a host behind another VTEP from a moment on; moves may be declared in any order."""
        station = self.station(f"{path}.host", name)
        vtep = self.member(f"{path}.to", station.segment, to)
        station.moves.append((at, vtep))
        station.moves.sort(key=lambda move: move[0])
        return station

    def _add_vtep(self, path: str, vtep: declared.Vtep) -> None:
        _unique(f"{path}.name", vtep.name, self.vteps)
        ip = address(f"{path}.ip", vtep.ip)
        if ip.is_multicast or ip.is_unspecified:
            raise ScenarioError("", f"{path}.ip", "the address of one VTEP", f"{vtep.ip!r}, which is none")
        known = next(iter(self.vteps.values()), None)
        if known is not None and known.version != ip.version:
            expected = f"IPv{known.version}, as VTEP {known.name!r} has it"
            raise ScenarioError("", f"{path}.ip", expected, repr(vtep.ip))
        if str(ip) in self._outer:
            raise ScenarioError("", f"{path}.ip", "an address of its own", f"{vtep.ip!r} again")
        self._outer.add(str(ip))
        mac = mac_text(f"{path}.mac", vtep.mac)
        self.vteps[vtep.name] = Vtep(vtep.name, str(ip), mac, vtep.port or self.port)

    def _add_segment(self, path: str, vni: declared.Vni) -> None:
        _unique(f"{path}.id", vni.id, self.segments)
        names = self.vteps if vni.vteps is None else vni.vteps
        members = tuple(self.vtep(f"{path}.vteps[{index}]", name) for index, name in enumerate(names))
        group = None if vni.flood == "head-end" else self._group(f"{path}.flood", vni.flood)
        overlay, policy = self._overlay(path, vni), _group_policy(path, vni)
        is_routed = vni.next_protocol == "ip"
        self.segments[vni.id] = Segment(vni.id, members, group, policy, overlay, is_routed)

    def _overlay(self, path: str, vni: declared.Vni) -> Overlay:
        """Return the overlay of a VNI, whose other keys must be its own."""
        name = vni.encapsulation
        vxlans = {self.port, *(vtep.port for vtep in self.vteps.values())}
        if name in ASSIGNED_PORTS and ASSIGNED_PORTS[name] in vxlans:
            expected = f"another overlay, for VXLAN has the UDP port {ASSIGNED_PORTS[name]} here"
            raise ScenarioError("", f"{path}.encapsulation", expected, repr(name))
        if vni.next_protocol == "ip" and name in ("vxlan", "nvgre"):
            expected = f"'ethernet', as {ENCAPSULATIONS[name]} has no other"
            raise ScenarioError("", f"{path}.next_protocol", expected, "'ip'")
        if vni.options and name != "geneve":
            raise ScenarioError("", f"{path}.options", "a VNI of Geneve", f"one of {name}")
        options = tuple(
            _option(f"{path}.options[{index}]", option) for index, option in enumerate(vni.options)
        )
        overlay = Overlay(name, options)
        if overlay.header > _LONGEST_GENEVE:
            expected = f"at most {_LONGEST_GENEVE - 8} bytes with their headers of 4"
            raise ScenarioError("", f"{path}.options", expected, str(overlay.header - 8))
        return overlay

    def _group(self, path: str, text: str) -> Vtep:
        try:
            ip = ip_address(text)
        except ValueError:
            ip = None
        version = next((vtep.version for vtep in self.vteps.values()), 4)
        if ip is None or not ip.is_multicast or ip.version != version:
            raise ScenarioError("", path, f'"head-end" or an IPv{version} multicast group', repr(text))
        return Vtep(text, str(ip), _group_mac(ip), self.port)

    def _add_station(self, path: str, host: declared.Host) -> None:
        _unique(f"{path}.name", host.name, self.stations)
        segment = self.segment(f"{path}.vni", host.vni)
        home = self.member(f"{path}.vtep", segment, host.vtep)
        ips = tuple(str(address(f"{path}.ips[{index}]", ip)) for index, ip in enumerate(host.ips))
        mac = mac_text(f"{path}.mac", host.mac)
        self.stations[host.name] = Station(host.name, segment, mac, ips, host.vlan, home)

    def clone(self, path: str, vni: int, to: int) -> dict[str, str]:
        """Give VNI `to` the hosts of VNI `vni`; their new names, which have the VNI, by the old ones."""
        segment = self.segment(f"{path}.to", to)
        self.segment(f"{path}.vni", vni)
        names = {
            name: f"{name}@{to}" for name, station in self.stations.items() if station.segment.vni == vni
        }
        for name, new in names.items():
            old = self.stations[name]
            home = self.member(f"{path}.to", segment, old.home.name)
            moves = [(at, self.member(f"{path}.to", segment, vtep.name)) for at, vtep in old.moves]
            _unique(f"{path}.to", new, self.stations)
            self.stations[new] = Station(new, segment, old.mac, old.ips, old.vlan, home, moves)
        return names


def _group_policy(path: str, vni: declared.Vni) -> int | None:
    """Return what a VNI's packets have behind the flags; None without a group policy."""
    if vni.group_policy is None:
        for key in ("dont_learn", "policy_applied"):
            if getattr(vni, key):
                raise ScenarioError("", f"{path}.{key}", "a group_policy, of which it is a part", "none")
        return None
    if vni.encapsulation != "vxlan":
        raise ScenarioError("", f"{path}.group_policy", "a VNI of VXLAN", f"one of {vni.encapsulation}")
    return policy_bits(vni.group_policy, dont_learn=vni.dont_learn, applied=vni.policy_applied)


def _option(path: str, option: declared.Option) -> Option:
    """Return an option of Geneve."""
    try:
        data = bytes.fromhex(option.data)
    except ValueError:
        data = None
    if data is None or len(data) % 4 or len(data) > _LONGEST_OPTION:
        expected = f"up to {_LONGEST_OPTION} bytes in hexadecimal digits, a multiple of 4"
        raise ScenarioError("", f"{path}.data", expected, repr(option.data))
    return Option(option.space, option.type, data)


def _group_mac(ip: IPv4Address | IPv6Address) -> str:
    """Return the MAC of a multicast group (RFC 1112 section 6.4, RFC 2464 section 7)."""
    packed = ip.packed
    head = b"\x33\x33" if ip.version == 6 else bytes((0x01, 0x00, 0x5E, packed[1] & 0x7F))  # noqa: PLR2004
    return (head + packed[len(head) - 6 :]).hex(":")


def _unique(path: str, name: str | int, known: object) -> None:
    if isinstance(known, dict) and name in known:
        raise ScenarioError("", path, "a name of its own", f"{name!r} again")


def _named(path: str, name: _Name, known: dict[_Name, _Thing], what: str) -> _Thing:
    if name not in known:
        listed = [str(each) for each in known]
        choice = f"the {what} {' or '.join(listed)}" if listed else f"a {what}, and none is declared"
        raise ScenarioError("", path, choice, repr(name))
    return known[name]
