"""For each rule what triggers it, and what looks like it and must not.

Both are a scenario (the network of `scenarios` and what is added to it), or packets built by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import craft
import scenarios
from containers import STATISTICS, Pcapng, Record, pcap

_NOBODY = "00:00:00:00:00:00"
_GAP = 20_000_000
"""Nanoseconds between two packets built by hand: too long for the same one again to be a copy."""


@dataclass(frozen=True)
class Sent:
    """A packet of host `source` to host `destination`, or to all. Addresses end in the host's number.

    `flags` and `ports` make it TCP; else it is ARP. `vtep`, `to_vtep`, `mac`, `to_mac`: others than those of
    their numbers, as where a router hands it on. `inside`: the VNI of a second VXLAN around it.
    `length` and `sequence` are TCP's; where it is not `is_valid` the I flag is clear.
    `over_ipv6`: the outer UDP checksum, "zero" or "right"; empty where it is over IPv4, and zero.
    """

    source: int
    destination: int | None
    flags: str = ""
    ports: tuple[int, int] = (40000, 80)
    vni: int = 100
    vtep: int | None = None
    to_vtep: int | None = None
    mac: str = ""
    to_mac: str = ""
    inside: int | None = None
    length: int = 0
    sequence: int = 1
    is_valid: bool = True
    short: int = 0
    over_ipv6: str = ""

    def frame(self) -> bytes:
        """Return it as it is on the underlay, without the last `short` bytes of its inner packet."""
        target = self.destination
        mac = self.to_mac or (_mac(target) if target else "ff:ff:ff:ff:ff:ff")
        sender = self.mac or _mac(self.source)
        if self.flags:
            ends = _ip(self.source), _ip(target or 0)
            segment = craft.tcp(*self.ports, self.flags, bytes(self.length), seq=self.sequence)
            segment = craft.summed(*ends, "tcp", segment, "right")
            packet, ethertype = craft.ipv4(*ends, 6, segment), 0x0800
        else:
            packet = craft.arp(sender, _ip(self.source), _NOBODY, _ip(target or 2))
            ethertype = 0x0806
        inner = craft.ethernet(mac, sender, ethertype, packet[: len(packet) - self.short])
        source, destination = self.vtep or self.source, self.to_vtep or target or 2
        datagram = craft.udp(50_000 + self.ports[0] % 100, 4789, self._vxlan(inner))
        macs = f"02:00:c0:00:02:{destination:02x}", f"02:00:c0:00:02:{source:02x}"
        if self.over_ipv6:
            ends = f"2001:db8::{source}", f"2001:db8::{destination}"
            summed = craft.summed(*ends, "udp", datagram, self.over_ipv6)
            return craft.ethernet(*macs, 0x86DD, craft.ipv6(*ends, 17, summed))
        ends = f"192.0.2.{source}", f"192.0.2.{destination}"
        frame = craft.ethernet(*macs, 0x0800, craft.ipv4(*ends, 17, datagram))
        if self.inside is None:
            return frame
        datagram = craft.udp(50_000, 4789, craft.vxlan(self.inside, frame))
        return craft.ethernet(*macs, 0x0800, craft.ipv4(*ends, 17, datagram))

    def _vxlan(self, inner: bytes) -> bytes:
        return craft.vxlan(self.vni, inner, flags=craft.I_FLAG if self.is_valid else 0)


def _mac(host: int) -> str:
    return f"02:42:0a:00:00:{host:02x}"


def _ip(host: int) -> str:
    return f"10.0.0.{host}"


def built(packets: Sequence[Sent], back: int = 0) -> bytes:
    """Return a capture of the packets, 20 ms apart; half way the clock goes `back` by so many nanoseconds."""
    return pcap(_records(packets, back))


def _records(packets: Sequence[Sent], back: int = 0) -> list[Record]:
    times = [10**18 + index * _GAP - back * (2 * index >= len(packets)) for index in range(len(packets))]
    frames = [packet.frame() for packet in packets]
    return [Record(time, frame, len(frame)) for time, frame in zip(times, frames, strict=True)]


def counted(packets: Sequence[Sent], dropped: Sequence[int]) -> bytes:
    """Return a pcapng whose statistics tell, now and then, how many packets were dropped until then."""
    capture = Pcapng().section()
    capture.interface()
    for record in _records(packets):
        capture.packet(record)
    for count in dropped:
        told = capture.options((4, (10**6).to_bytes(8, "little")), (5, count.to_bytes(8, "little")))
        capture.block(STATISTICS, bytes(12) + told)
    return capture.data


def fault(kind: str, keys: str) -> str:
    """Return a fault in TOML."""
    return f'\n[[fault]]\nkind = "{kind}"\n{keys}\n'


def traffic(kind: str, keys: str, source: str = "web", destination: str = "db") -> str:
    """Return a traffic in TOML."""
    return f'\n[[traffic]]\nkind = "{kind}"\nfrom = "{source}"\nto = "{destination}"\n{keys}\n'


@dataclass(frozen=True)
class Case:
    """What triggers the rule alone, but for those that it `implies`; what is `clean` of any finding."""

    triggers: str | list[Sent] | bytes
    clean: str | list[Sent] | bytes
    implies: frozenset[str] = frozenset()


TALK = [
    Sent(1, None),
    Sent(2, 1),
    *([Sent(1, 2, "A", (40000, 80)), Sent(2, 1, "A", (80, 40000))] * 5),
]
"""Two hosts that talk, in the middle of a connection."""


def attempts(answer: str, count: int) -> list[Sent]:
    """Return connections from host 1 to host 2 that are answered so, or not at all."""
    asked = [(Sent(1, 2, "S", (41000 + n, 80)), Sent(2, 1, answer, (80, 41000 + n))) for n in range(count)]
    return [packet for pair in asked for packet in (pair if answer else pair[:1])]


_ROUTER = "02:42:0a:00:00:09"
_VIRTUAL = "00:00:5e:00:01:01"
_OTHER = (40001, 80)


def _routed(ports: tuple[int, int], to_mac: str = _ROUTER, *, is_whole: bool = True) -> list[Sent]:
    """Return what host 1 says to host 2 through a router behind VTEP 9, and the answers alike.

    The router's own packets have these `ports`. Where it is not `is_whole`, host 1 is behind the router's
    VTEP, so that what is between the two is not seen.
    """
    back = ports[::-1]
    near = [Sent(1, 2, "A", to_mac=to_mac, to_vtep=9)]
    far = [
        Sent(1, 2, "A", ports, vtep=9, mac=_ROUTER),
        Sent(2, 1, "A", back, to_vtep=9, to_mac=to_mac),
    ]
    home = [Sent(2, 1, "A", back, vtep=9, mac=_ROUTER)]
    return [*near, *far, *home] if is_whole else far


ROUTERS: dict[str, list[Sent]] = {
    "it is sent to from the address": [Sent(1, None), *_routed(_OTHER) * 4, Sent(1, None)],
    "through a virtual MAC": [Sent(1, None), *_routed((40000, 80), _VIRTUAL) * 4, Sent(1, None)],
    "it speaks ARP for its own": [
        Sent(1, None, vtep=9),
        Sent(9, None),
        *_routed(_OTHER, is_whole=False) * 6,
        Sent(1, None, vtep=9),
    ],
    "it is not sent to at the address": [
        Sent(1, None, vtep=9),
        *[Sent(1, 2, "A", vtep=9, mac=_ROUTER)] * 8,
        Sent(1, None, vtep=9),
    ],
}
"""Routers of few addresses in captures of a second, which send from the address of another station."""

SECOND_HOSTS: dict[str, list[Sent]] = {
    "it never speaks ARP": [
        Sent(1, None),
        *[
            Sent(1, 2, "A", _OTHER, vtep=9, mac=_ROUTER),
            Sent(2, 1, "A", _OTHER[::-1], to_vtep=9, to_mac=_ROUTER),
        ]
        * 4,
        Sent(1, None),
    ],
    "both say the same to all": [
        Sent(1, None),
        *[
            Sent(1, None, "A"),
            Sent(1, None, "A", vtep=9, mac=_ROUTER),
            Sent(2, 1, "A", to_vtep=9, to_mac=_ROUTER),
        ]
        * 4,
        Sent(1, None),
    ],
    "it answers the ARP of the other": [
        Sent(1, None),
        *[
            Sent(1, 2, "A", _OTHER, vtep=9, mac=_ROUTER),
            Sent(2, 1, "A", _OTHER[::-1], to_vtep=9, to_mac=_ROUTER),
        ]
        * 4,
        Sent(1, 1, to_mac=_ROUTER, to_vtep=9),
    ],
}
"""Second hosts of an address, in captures of a second."""

HEARD = [Sent(1, 2, "A", (42000, 81))] * 5
LEAK = [Sent(1, None, vni=200)]
CASES = {
    "one-way-tunnel": Case(
        fault("one-way-tunnel", 'from = "one"\nto = "two"'),
        # Broadcast is copied to VTEP three, which has nothing to say.
        traffic("arp", 'name = "more"\nstart = 1\ncount = 5'),
    ),
    "unexpected-source": Case(
        fault("unexpected-source", 'source = "192.0.2.77"\ntraffic = "shop"\ncount = 20'),
        # A cloud's mirror sends both directions from one address, to which nothing is sent.
        [Sent(1, 2, "A", vtep=7, to_vtep=9), Sent(2, 1, "A", (80, 40000), vtep=7, to_vtep=9)] * 4,
    ),
    "vni-by-direction": Case(
        fault("vni-by-direction", 'vni = 101\ntraffic = "shop"\ncount = 15'),
        # Two tenants with the same hosts, each heard in its own VNI.
        fault("overlapping-tenants", "vni = 100\nto = 200"),
    ),
    "duplicate-mac": Case(
        fault(
            "duplicate-mac",
            'host = "web"\nvtep = "three"\nip = "10.0.0.9"\nat = 0.25\ncount = 2\ninterval = 0.1',
        ),
        # One host with two addresses.
        [Sent(1, None), Sent(2, 1)],
    ),
    "duplicate-ip": Case(
        fault(
            "duplicate-ip",
            'host = "web"\nvtep = "three"\nmac = "02:42:0a:00:00:99"\nat = 0.25\ncount = 2\ninterval = 0.1',
        ),
        # The address was another MAC's until its host took it over, once.
        fault("duplicate-ip", 'host = "db"\nvtep = "three"\nmac = "02:42:0a:00:00:99"\nat = 9'),
    ),
    "i-flag-clear": Case(fault("i-flag-clear", "count = 3"), fault("plain-traffic", "count = 9")),
    "one-way-flow": Case([*TALK, *HEARD], TALK),
    "mac-flapping": Case(
        traffic("icmp", 'name = "steady"\nstart = 1\ncount = 60\nrate = 50')
        + fault("mac-flap", 'host = "web"\nto = "three"\nat = 1\ncount = 6\ninterval = 0.1'),
        "",
    ),
    "mac-moved": Case(fault("mac-move", 'host = "web"\nto = "three"\nat = 0.41'), ""),
    "vni-leak": Case([*TALK, *LEAK], fault("overlapping-tenants", "vni = 100\nto = 200")),
    "unknown-unicast": Case(
        fault("unknown-unicast", 'traffic = "shop"\ncount = 12'),
        # The first few packets, before anybody has learned.
        fault("unknown-unicast", 'traffic = "dns"\ncount = 2'),
    ),
    "bum-share": Case(
        traffic("arp", 'name = "ask"\nstart = 1\ncount = 120\nrate = 100'),
        traffic("arp", 'name = "ask"\nstart = 1\ncount = 20\nrate = 100'),
    ),
    "underlay-mtu": Case(
        fault("over-mtu", 'mtu = 900\nrouter = "192.0.2.254"\ntraffic = "shop"\ncount = 2'),
        fault("plain-traffic", "count = 9"),
    ),
    "mtu-black-hole": Case(
        fault("black-hole", 'from = "one"\nto = "two"\nmtu = 900'),
        # A host that is gone: small segments are sent again just as well.
        traffic("tcp", 'name = "tiny"\nstart = 2\nsize = 100')
        + fault("black-hole", 'from = "one"\nto = "two"\nmtu = 120\nretries = 1\ndelay = 3'),
    ),
    "broadcast-storm": Case(
        traffic("arp", 'name = "ask"\nstart = 1\ncount = 500\nrate = 300'),
        # As many packets, of which each broadcast makes two, at half the rate.
        traffic("arp", 'name = "ask"\nstart = 1\ncount = 240\nrate = 75')
        + traffic("udp", 'name = "bulk"\nstart = 1\ncount = 800\nrate = 400'),
        frozenset({"bum-share"}),
    ),
    "vtep-unreachable": Case(
        fault("icmp-errors", 'error = "unreachable"\nrouter = "192.0.2.254"\ncount = 2'),
        fault("icmp-errors", 'error = "parameter-problem"\nrouter = "192.0.2.254"'),
    ),
    "underlay-loop": Case(
        fault("icmp-errors", 'error = "time-exceeded"\nrouter = "192.0.2.254"\ncount = 2'),
        "\n[underlay]\nttl = 3\n",
    ),
    "overlay-loop": Case(
        fault("loop", 'traffic = "ping"\ncount = 2\nrounds = 20\nrouted = true'),
        # To a firewall behind another VTEP and back again, once.
        traffic("icmp", 'name = "six"\nstart = 2\ncount = 4\nfamily = 6')
        + fault("loop", 'traffic = "six"\ncount = 4\nrounds = 1\nrouted = true'),
    ),
    "checksum-wrong": Case(
        fault("inner-checksum-wrong", "count = 3") + fault("outer-checksum-wrong", "count = 2"),
        fault("inner-checksum-partial", "count = 3"),
    ),
    "zero-checksum-ipv6": Case(
        [replace(packet, over_ipv6="zero") for packet in TALK],
        [replace(packet, over_ipv6="right") for packet in TALK],
    ),
    "ecn-lost": Case(
        fault("ecn-marks", 'traffic = "shop"\ncount = 25\ninner = 2\nouter = 0'),
        # Congestion marks what came as ECN-capable.
        fault("ecn-marks", 'traffic = "shop"\ncount = 25'),
    ),
    "dscp-mismatch": Case(fault("dscp-change", "dscp = 46\ncount = 9"), "\n[underlay]\ndscp = 46\n"),
    "ttl-change": Case(fault("ttl-change", "ttl = 61\ncount = 3"), "\n[underlay]\nttl = 9\n"),
    "fragmentation": Case(
        fault("outer-fragments", 'traffic = "shop"\ncount = 2'), fault("offload", 'traffic = "shop"')
    ),
    "incomplete-datagrams": Case(
        fault("missing-fragment", 'traffic = "shop"\ncount = 2'),
        # All of them are there, once and in another order.
        "",
        frozenset({"fragmentation"}),
    ),
    "retransmission-rate": Case(
        fault("tcp-retransmission", 'traffic = "shop"\ncount = 6'),
        fault("tcp-retransmission", 'traffic = "shop"\ncount = 3'),
    ),
    "zero-window": Case(
        fault("tcp-zero-window", "count = 3"),
        # Once in a while a window closes.
        fault("tcp-zero-window", "count = 2"),
    ),
    "malformed": Case([*TALK, Sent(1, 2, "A", short=5)], fault("plain-traffic", "count = 9")),
    "reserved-bits": Case(fault("reserved-bits", "count = 2"), ""),
    "inner-vlan-tag": Case(fault("inner-vlan-tag", "vid = 30\ncount = 4"), "\n[underlay]\nvlan = [10]\n"),
    "unexpected-port": Case(
        fault("wrong-port", "port = 4788\ncount = 3"), fault("wrong-port", "port = 4788\ncount = 1")
    ),
    "source-port-polarised": Case(fault("polarised-source-ports", "port = 50000"), TALK),
    "tcp-refused": Case([*TALK, *attempts("RA", 4)], [*TALK, *attempts("RA", 2)]),
    "tcp-unanswered": Case([*TALK, *attempts("", 4)], [*TALK, *attempts("", 2)]),
    "tcp-reset": Case(fault("tcp-reset", "count = 2"), ""),
    "copies": Case(fault("duplicated-frames", "count = 4"), fault("tcp-retransmission", 'traffic = "shop"')),
    "bare-traffic": Case(fault("bare-copies", "count = 5"), fault("plain-traffic", "count = 9")),
    "capture-cut": Case(fault("cut-mid-record", "bytes = 20"), ""),
    "capture-loss": Case(counted(TALK, [3, 70]), counted(TALK, [0, 0])),
    # A tenth of a second is what it may be late when several interfaces are captured.
    "clock-step": Case(built(TALK, 5 * 10**9), built(TALK, 100_000_000)),
    "snap-length": Case(fault("snap-length", "length = 90"), fault("snap-length", "length = 128")),
}

IMPLIED: dict[str, set[str]] = {
    "one-way-tunnel": {"one-way-tunnel"},
    "unexpected-source": {"unexpected-source"},
    "vni-by-direction": {"vni-by-direction"},
    "mac-move": {"mac-moved"},
    "mac-flap": {"mac-moved"},
    "duplicate-mac": {"duplicate-mac"},
    # A bridge sends a MAC to wherever its frames come from.
    "loop": {"overlay-loop", "mac-flapping"},
    "duplicate-ip": {"duplicate-ip"},
    "inner-vlan-tag": {"inner-vlan-tag"},
    "i-flag-clear": {"i-flag-clear"},
    "reserved-bits": {"reserved-bits"},
    "group-policy": {"reserved-bits"},
    "wrong-port": {"unexpected-port"},
    "polarised-source-ports": {"source-port-polarised"},
    "outer-fragments": {"fragmentation"},
    "missing-fragment": {"fragmentation", "incomplete-datagrams"},
    "repeated-fragment": {"fragmentation", "copies"},
    "overlapping-fragments": {"fragmentation"},
    "reordered-fragments": {"fragmentation"},
    "tcp-retransmission": {"retransmission-rate"},
    "tcp-zero-window": {"zero-window"},
    "black-hole": {"mtu-black-hole"},
    "capture-drops": {"capture-loss"},
    "tcp-reset": {"tcp-reset"},
    "over-mtu": {"underlay-mtu"},
    "icmp-errors": {"underlay-loop"},
    "ttl-change": {"ttl-change"},
    "duplicated-frames": {"copies"},
    "routed-copies": {"copies"},
    "bare-copies": {"bare-traffic"},
    "snap-length": {"snap-length"},
    "cut-mid-record": {"capture-cut"},
    "inner-checksum-wrong": {"checksum-wrong"},
    "outer-checksum-wrong": {"checksum-wrong"},
}
"""For each fault of `scenarios.FAULTS` the rules that speak of it; of the others none does."""


def scenario(added: str) -> str:
    """Return the network with what is added to it."""
    return scenarios.NETWORK + added
