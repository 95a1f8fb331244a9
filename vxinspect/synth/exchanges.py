"""What two hosts say to each other, step by step: one generator for each kind of traffic.

A `Step` is one inner frame at a moment; which tunnels it takes is the planner's business.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv6Address

from vxinspect.exceptions import ScenarioError
from vxinspect.overlays import ASSIGNED_PORTS
from vxinspect.synth import scenario as declared
from vxinspect.synth.dhcp import CLIENT_PORT, SERVER_PORT, Dhcp, DhcpKind
from vxinspect.synth.draws import draw
from vxinspect.synth.network import Station, nanoseconds
from vxinspect.synth.packet import L4, Arp, Icmp, Inner, Ip, Nd, Tcp, Udp
from vxinspect.synth.sizes import pattern

__all__ = ["BROADCAST", "Pair", "Step", "advertisement", "announcement", "steps"]

BROADCAST = "ff:ff:ff:ff:ff:ff"
_NOBODY = "00:00:00:00:00:00"
_GAP = 10_000
"""Nanoseconds between two packets that one host sends without waiting."""
_PORTS = 65_535
_ALL_NODES = "ff02::1", "33:33:00:00:00:01"
"""All nodes of a link, and their MAC (RFC 4291 section 2.7.1)."""
_DHCPV6_SERVERS = "ff02::1:2", "33:33:00:01:00:02"
"""All servers and relays of a link, and their MAC (RFC 8415 section 7.1)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One inner frame: nanoseconds after the exchange began, from whom, what it is, whether it answers."""

    after: int
    sender: Station
    receiver: Station | None
    inner: Inner
    role: str
    reply: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """The two hosts of a traffic and the addresses that they use; `path` is the traffic's in the file."""

    path: str
    client: Station
    server: Station
    version: int
    seed: int

    def ends(self, *, reply: bool) -> tuple[Station, Station]:
        """Return the sender and the receiver."""
        return (self.server, self.client) if reply else (self.client, self.server)

    def ip(self, station: Station) -> str:
        """Return a host's address of the version in use."""
        return station.address(self.version) or ""

    def step(self, after: int, l4: L4, role: str, *, reply: bool = False) -> Step:
        """Return an IP packet between the two."""
        sender, receiver = self.ends(reply=reply)
        ident = draw(self.seed, f"{self.path} {sender.name}", after) & 0xFFFF
        body = Ip(self.ip(sender), self.ip(receiver), l4, ident)
        return Step(after, sender, receiver, Inner(sender.mac, receiver.mac, body, sender.vlan), role, reply)

    def payload(self, size: int, l4: L4, *, fixed: bool) -> int:
        """Return what an inner frame of a size carries; a fixed size must have room for its headers."""
        sender = self.client
        body = Ip(self.ip(sender), self.ip(self.server), l4)
        headers = Inner(sender.mac, sender.mac, body, sender.vlan).length
        if fixed and size < headers:
            raise ScenarioError(
                "", f"{self.path}.size", f"at least {headers}, the length of the headers", size
            )
        return max(0, size - headers)


def steps(pair: Pair, traffic: declared.Traffic, exchange: int) -> Iterator[Step]:
    """Yield what is said in one exchange, in order."""
    delay = nanoseconds(traffic.delay)
    match traffic:
        case declared.Arp():
            yield from _arp(pair, delay)
        case declared.Nd():
            yield from _nd(pair, delay)
        case declared.Dhcp():
            yield from _dhcp(pair, traffic, exchange, delay)
        case _:
            resolved = 0
            if traffic.resolve and exchange == 0:
                yield from _arp(pair, delay) if pair.version == 4 else _nd(pair, delay)  # noqa: PLR2004
                resolved = delay + _GAP
            for step in _say(pair, traffic, exchange, delay):
                yield replace(step, after=step.after + resolved)


def _say(
    pair: Pair, traffic: declared.Icmp | declared.Udp | declared.Tcp, exchange: int, delay: int
) -> Iterator[Step]:
    match traffic:
        case declared.Icmp():
            return _icmp(pair, traffic, exchange, delay)
        case declared.Udp():
            return _udp(pair, traffic, exchange, delay)
        case declared.Tcp():
            return _tcp(pair, traffic, exchange, delay)


def announcement(station: Station, ip: str, mac: str | None = None) -> Inner:
    """Return a gratuitous ARP: a request for the sender's own address, to everybody (RFC 5227 section 3)."""
    mac = mac or station.mac
    return Inner(mac, BROADCAST, Arp(1, mac, ip, _NOBODY, ip), station.vlan)


def advertisement(station: Station, ip: str) -> Inner:
    """Return a Neighbor Advertisement that nobody asked for, to everybody (RFC 4861 section 7.2.6)."""
    body = Ip(ip, _ALL_NODES[0], Nd(ip, station.mac, advertisement=True))
    return Inner(station.mac, _ALL_NODES[1], body, station.vlan)


def _arp(pair: Pair, delay: int) -> Iterator[Step]:
    client, server = pair.client, pair.server
    asker, asked = pair.ip(client), pair.ip(server)
    question = Inner(client.mac, BROADCAST, Arp(1, client.mac, asker, _NOBODY, asked), client.vlan)
    yield Step(0, client, None, question, "arp-request")
    answer = Inner(server.mac, client.mac, Arp(2, server.mac, asked, client.mac, asker), server.vlan)
    yield Step(delay, server, client, answer, "arp-reply", reply=True)


def _nd(pair: Pair, delay: int) -> Iterator[Step]:
    client, server = pair.client, pair.server
    asker, asked = pair.ip(client), pair.ip(server)
    # The solicited-node group of the target (RFC 4291 section 2.7.1), and its MAC (RFC 2464 section 7).
    low = IPv6Address(asked).packed[-3:]
    group = str(IPv6Address(IPv6Address("ff02::1:ff00:0").packed[:13] + low))
    group_mac = (b"\x33\x33\xff" + low).hex(":")
    question = Ip(asker, group, Nd(asked, client.mac))
    yield Step(0, client, None, Inner(client.mac, group_mac, question, client.vlan), "neighbor-solicitation")
    answer = Ip(asked, asker, Nd(asked, server.mac, advertisement=True))
    inner = Inner(server.mac, client.mac, answer, server.vlan)
    yield Step(delay, server, client, inner, "neighbor-advertisement", reply=True)


def _dhcp(pair: Pair, traffic: declared.Dhcp, exchange: int, delay: int) -> Iterator[Step]:
    """Yield how a client gets a lease: what it asks goes to all, and the server answers it alone."""
    client, server, version = pair.client, pair.server, pair.version
    name = client.name if traffic.hostname is None else traffic.hostname
    address, own = pair.ip(client), pair.ip(server)
    transaction = draw(pair.seed, f"{pair.path} transaction", exchange) & 0xFFFFFF
    # A client has no address yet but, over IPv6, that of its link.
    if version == 4:  # noqa: PLR2004
        here, everybody, group_mac, identity = "0.0.0.0", "255.255.255.255", BROADCAST, own  # noqa: S104
        to = address
    else:
        here, everybody, group_mac, identity = link_local(client.mac), *_DHCPV6_SERVERS, server.mac
        to = here
    kinds: tuple[DhcpKind, ...] = ("discover", "offer", "request", "ack")
    for turn, kind in enumerate(kinds):
        message = Dhcp(version, kind, transaction, client.mac, address, identity, traffic.lease, name)
        ports = CLIENT_PORT[version], SERVER_PORT[version]
        sport, dport = ports if message.is_from_client else ports[::-1]
        l4 = Udp(sport, dport, len(message.encode()), message=message)
        if message.is_from_client:
            inner = Inner(client.mac, group_mac, Ip(here, everybody, l4), client.vlan)
            yield Step(turn * delay, client, None, inner, f"dhcp-{kind}")
        else:
            inner = Inner(server.mac, client.mac, Ip(own, to, l4), server.vlan)
            yield Step(turn * delay, server, client, inner, f"dhcp-{kind}", reply=True)


def link_local(mac: str) -> str:
    """Return a host's address on its link (RFC 4291 appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    interface = bytes((octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]))
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + interface))


def _icmp(pair: Pair, traffic: declared.Icmp, exchange: int, delay: int) -> Iterator[Step]:
    sizes = pattern(traffic.size)
    ident = draw(pair.seed, pair.path) & 0xFFFF
    asked = Icmp(pair.version, reply=False, ident=ident, sequence=exchange + 1 & 0xFFFF)
    payload = pair.payload(sizes[exchange % len(sizes)], asked, fixed=isinstance(traffic.size, int))
    yield pair.step(0, Icmp(pair.version, False, ident, asked.sequence, payload), "echo")  # noqa: FBT003
    if traffic.reply:
        answer = Icmp(pair.version, True, ident, asked.sequence, payload)  # noqa: FBT003
        yield pair.step(delay, answer, "echo-reply", reply=True)


def _source_port(first: int, exchange: int) -> int:
    """Return the client's port in an exchange: one after the other, and from 1 again after the last."""
    return (first - 1 + exchange) % _PORTS + 1


def _udp(pair: Pair, traffic: declared.Udp, exchange: int, delay: int) -> Iterator[Step]:
    sizes = pattern(traffic.size)
    client, server = _source_port(traffic.source_port, exchange), traffic.port
    for key, port in (("port", server), ("source_port", client)):
        # Of all overlays, Geneve alone takes what payloads are filled with for its header.
        if port == ASSIGNED_PORTS["geneve"]:
            raise ScenarioError("", f"{pair.path}.{key}", "another UDP port than Geneve's", port)

    def sized(number: int) -> int:
        size = sizes[number % len(sizes)]
        return pair.payload(size, Udp(client, server), fixed=isinstance(traffic.size, int))

    yield pair.step(0, Udp(client, server, sized(2 * exchange)), "request")
    if traffic.response:
        yield pair.step(delay, Udp(server, client, sized(2 * exchange + 1)), "response", reply=True)


def _tcp(pair: Pair, traffic: declared.Tcp, exchange: int, delay: int) -> Iterator[Step]:
    """Yield a session without sequence numbers; `plan` gives them once every segment has its size."""
    sizes = pattern(traffic.size)
    ports = (_source_port(traffic.source_port, exchange), traffic.port)
    clock, sent = 0, exchange * traffic.rounds * (1 + traffic.segments)

    def segment(flags: str, role: str, *, reply: bool = False, wait: int = delay, data: bool = False) -> Step:
        nonlocal clock, sent
        clock += wait
        sport, dport = reversed(ports) if reply else ports
        payload = 0
        if data:
            size = sizes[sent % len(sizes)]
            payload = pair.payload(size, Tcp(sport, dport, flags), fixed=isinstance(traffic.size, int))
            sent += 1
        return pair.step(clock, Tcp(sport, dport, flags, payload), role, reply=reply)

    yield segment("S", "syn", wait=0)
    yield segment("SA", "syn-ack", reply=True)
    yield segment("A", "ack")
    for _ in range(traffic.rounds):
        yield segment("PA", "data", wait=_GAP, data=True)
        yield segment("A", "ack", reply=True)
        for number in range(traffic.segments):
            wait = delay if number == 0 else _GAP
            yield segment("PA", "data", reply=True, wait=wait, data=True)
        if traffic.segments:
            yield segment("A", "ack")
    if traffic.close == "fin":
        yield segment("FA", "fin", wait=_GAP)
        yield segment("FA", "fin", reply=True)
        yield segment("A", "ack")
    elif traffic.close == "reset":
        yield segment("RA", "reset", wait=_GAP)
