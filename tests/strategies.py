"""Random captures: few addresses, so that everything meets everything, and every feature of `packets`."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, ip_address
from itertools import accumulate
from random import Random
from typing import Any, TypeVar

import carriers
import craft
import model
from addresses import Claim, Grant
from carriers import Carrier
from facts import About
from hypothesis import strategies as st
from inner import L4, Inner, InnerArp, InnerIp, InnerOther, Name
from packets import Frame, Packet, Piece, Plain
from shells import OVERLAY_PORTS, Link, Outer, Shell

T = TypeVar("T")

START = 1_700_000_000 * 10**9
MICROSECOND = 1000

VNIS = (0, 1, 100, 200, 0xFFFFFF)
VTEPS = {
    4: ("10.0.0.1", "10.0.0.2", "10.0.0.10", "192.168.3.4"),
    6: ("2001:db8::1", "2001:db8::a", "fd00:0:0:1::2"),
}
GROUPS = {4: ("239.1.1.1",), 6: ("ff05::1:2",)}
MACS = ("02:aa:00:00:00:01", "02:aa:00:00:00:02", "0a:bb:00:00:00:10")
MAC_SOURCES = (*MACS, *MACS, "00:00:00:00:00:00", "01:00:5e:00:00:09")
MAC_TARGETS = (*MACS, *MACS, "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33:33:00:00:00:01")
IPS = {4: ("10.0.0.1", "10.0.0.2", "10.0.0.10", "172.16.5.9"), 6: ("fd00::1", "fd00::2", "fe80::1:2:3:4")}
IP_SOURCES = {4: (*IPS[4], str(IPv4Address(0))), 6: (*IPS[6], "::")}
IP_TARGETS = {4: (*IPS[4], "224.0.0.251", "255.255.255.255"), 6: (*IPS[6], "ff02::1")}
PORTS = (53, 80, 5201)
TAG_STACKS: tuple[tuple[craft.Tag, ...], ...] = ((), (), ((0x8100, 10),), ((0x88A8, 7), (0x8100, 0xE00A)))
LARGEST_PIECE = 160
VXLAN_ALONE = ("vxlan",)
OVERLAYS = tuple(OVERLAY_PORTS)
"""All that are known; a scan of such a capture must be asked for them."""
OPTIONS = (
    b"",
    craft.geneve_option(0x0104, 1, b""),
    craft.geneve_option(0x0104, 0x80, bytes(4)) + craft.geneve_option(1, 2, bytes(20)),
)
LINKS = ("ethernet", "ethernet", "ethernet", "sll", "sll2", "null", "loop", "raw")


class Maker:
    """Makes random parts of frames, the same ones for the same seed."""

    def __init__(
        self,
        seed: int,
        following: dict[Hashable, int] | None = None,
        overlays: Sequence[str] = VXLAN_ALONE,
    ) -> None:
        self.random = Random(seed)  # noqa: S311 - nothing secret
        self.overlays = overlays
        # What comes next in each TCP stream.
        self.following = {} if following is None else following

    def one(self, *values: T) -> T:
        """Pick one of these."""
        return self.random.choice(values)

    def rarely(self, one_in: int) -> bool:
        """Say yes once in so many times."""
        return self.random.randrange(one_in) == 0

    def text(self, *sizes: int) -> bytes:
        """Return bytes of one of these lengths; what they say does not matter."""
        return bytes(index % 256 for index in range(self.one(*sizes)))

    def transport(self, version: int) -> L4:
        """Return any kind of transport layer, TCP with arbitrary flags included."""
        ping, other = ("icmp", "igmp") if version == 4 else ("icmpv6", "esp")
        kind = self.one("tcp", "tcp", "udp", "udp", "sctp", ping, "gre", "253", other)
        flags = self.one("S", "SA", "A", "PA", "FA", "R", "RA", "", "SE", "FSRPAUEC")
        sizes = {"igmp": (0,), "gre": (1, 16), "esp": (1, 64), "253": (1, 300)}.get(kind, (0, 1, 16, 64, 300))
        options, payload = self.text(0, 0, 4, 12), self.text(*sizes)
        checksum = self.one("right", "right", "right", "wrong", "partial", "zero")
        return L4(kind, self.one(*PORTS), self.one(*PORTS), flags, options, payload, checksum=checksum)

    def ip(self) -> InnerIp:
        """Return an IP packet, now and then a fragment, with options or extension headers."""
        version = self.one(4, 4, 6)
        body = InnerIp(
            self.one(*IP_SOURCES[version]), self.one(*IP_TARGETS[version]), self.transport(version)
        )
        if body.src == body.dst and body.l4.sport == body.l4.dport:
            # Of a connection with itself, nobody can say which way a packet goes.
            body = replace(body, l4=replace(body.l4, dport=body.l4.sport + 1))
        if self.rarely(8):
            body = self.error(body)
        if self.rarely(3):
            body = replace(body, traffic_class=self.one(0xB8, 0x01, 0x02, 0x03))
        if self.rarely(8):
            body = replace(body, piece=self.one((0, True), (64, True), (128, False)), ident=self.one(7, 7, 8))
        if version == 4:
            return replace(body, options=self.text(0, 0, 0, 4, 8))
        return replace(
            body, extensions=self.one((), (), (craft.HOP_BY_HOP,), (craft.ROUTING, craft.DESTINATION))
        )

    def error(self, about: InnerIp) -> InnerIp:
        """Return an ICMP error about a packet, which it quotes as far as it likes."""
        version = ip_address(about.src).version
        if self.rarely(8):
            about = replace(about, piece=self.one((0, True), (64, True)))
        kinds = {4: ((3, 3), (3, 4), (11, 0), (12, 0)), 6: ((1, 4), (2, 0), (3, 0), (4, 0))}
        quote = about.encode()[: about.header + self.one(0, 3, 4, 8, 40)]
        l4 = L4("icmp" if version == 4 else "icmpv6", payload=quote, message=self.one(*kinds[version]))
        l4 = replace(l4, checksum=self.one("right", "wrong", "partial", "zero"))
        sources = [source for source in IPS[version] if source != about.src]
        return InnerIp(self.one(*sources), self.one(*IPS[version]), replace(l4, quoted=about))

    def neighbor(self) -> InnerIp:
        """Return a message of Neighbor Discovery, mostly one that says who has an address."""
        source, target, mac = self.one(*IP_SOURCES[6]), self.one(*IPS[6]), self.one(*MAC_SOURCES)
        kind, flags = self.one((133, 0), (134, 0), (135, 0), (135, 0), (136, 0x60), (136, 0x20), (136, 0))
        payload, rest = craft.neighbor(kind, target, 2 if kind == 136 else 1, mac, flags)
        claim = Claim(target if kind == 136 else source, mac, "nd", kind != 136 or bool(flags & 0x20))
        limit = self.one(255, 255, 255, 64)
        l4 = L4("icmpv6", payload=payload, message=(kind, 0), rest=rest)
        l4 = replace(l4, says=claim if limit == 255 else None, checksum=self.one("right", "wrong"))
        return InnerIp(source, self.one(*IP_TARGETS[6]), l4, hop_limit=limit)

    def lease(self) -> Inner:
        """Return a message of DHCP: a lease, or a client's name."""
        if self.rarely(2):
            return self.lease_v6()
        client, server = self.one(*MACS), self.one(*MACS)
        if self.rarely(2):
            name = self.one("web", "db")
            options = [(53, b"\x03"), self.one((12, name.encode()), (81, bytes(3) + name.encode()))]
            data = craft.dhcp(1, client, str(IPv4Address(0)), options)
            l4 = L4("udp", 68, 67, payload=data, checksum="right", says=Name(client, name))
            return Inner("ff:ff:ff:ff:ff:ff", client, InnerIp(str(IPv4Address(0)), "255.255.255.255", l4))
        ip, dport, kind = self.one(*IPS[4]), self.one(68, 68, 67), self.one(5, 5, 5, 2)
        seconds, identifier = self.one(None, 60, 3600), self.one(None, "10.0.0.250")
        options = [(53, craft.number(kind, 1))]
        options += [] if identifier is None else [(54, craft.ip(identifier))]
        options += [] if seconds is None else [(51, craft.number(seconds, 4))]
        grant = Grant(ip, client, identifier or IPS[4][0], seconds, here=dport == 68)
        data = craft.dhcp(2, client, ip, options)
        l4 = L4("udp", 67, dport, payload=data, checksum="right", says=grant if kind == 5 else None)
        return Inner(client, server, InnerIp(IPS[4][0], ip, l4))

    def lease_v6(self) -> Inner:
        """Return a message of DHCPv6: a lease, or a client's name."""
        client, server = self.one(*MACS), self.one(*MACS)
        if self.rarely(2):
            name = self.one("web", "db")
            options = [(39, b"\x00" + bytes([len(name)]) + name.encode() + b"\x00")]
            l4 = L4(
                "udp", 546, 547, payload=craft.dhcpv6(3, options), checksum="right", says=Name(client, name)
            )
            return Inner("33:33:00:01:00:02", client, InnerIp(IPS[6][2], "ff02::1:2", l4))
        ip, valid, kind = self.one(*IPS[6]), self.one(0, 60, 3600), self.one(7, 7, 2)
        data = craft.dhcpv6(kind, [(1, bytes(10)), craft.dhcpv6_address(ip, valid)])
        grant = Grant(ip, client, IPS[6][2], valid) if valid and kind == 7 else None
        l4 = L4("udp", 547, 546, payload=data, checksum="right", says=grant)
        return Inner(client, server, InnerIp(IPS[6][2], IPS[6][0], l4))

    def inner(self) -> Inner:
        """Return an inner frame of any kind."""
        body: InnerIp | InnerArp | InnerOther = self.ip()
        if self.rarely(8):
            mac = self.one(None, None, *MAC_SOURCES)
            body = InnerArp(self.one(*IP_SOURCES[4]), self.one(*IPS[4]), self.one(1, 1, 2, 3), mac)
        elif self.rarely(8):
            body = self.neighbor()
        elif self.rarely(8):
            return self.lease()
        elif self.rarely(8):
            body = InnerOther(self.one(0x88CC, 0x8847, 0x9000, None), self.text(46, 100))
        dst, src = self.one(*MAC_TARGETS), self.one(*MAC_SOURCES)
        padded = not (isinstance(body, InnerOther) and body.ethertype is None)
        return Inner(dst, src, body, self.one(*TAG_STACKS), self.one(0, 0, 0, 6) if padded else 0)

    def outer(self) -> Outer:
        """Return an outer header between two VTEPs or from one to a group."""
        version = self.one(4, 4, 4, 6)
        src, dst = self.random.sample(VTEPS[version], 2)
        if self.rarely(8):
            dst = GROUPS[version][0]
        outer = Outer(src, dst, self.one(49152, 50001, 65535), ttl=self.one(64, 64, 63))
        if self.rarely(3):
            outer = replace(outer, traffic_class=self.one(0xB8, 0x01, 0x02, 0x03))
        if self.rarely(3):
            outer = replace(outer, checksum=self.one("right", "wrong", "partial"))
        if version == 4 and self.rarely(2):
            outer = replace(outer, dont_fragment=True)
        if self.rarely(12):
            outer = replace(outer, zero=self.one("ip", "udp", "both"))
        if self.rarely(8) and version == 4:
            outer = replace(outer, options=b"\x01" * 8)
        elif self.rarely(4) and version == 6:
            outer = replace(
                outer, extensions=self.one((craft.HOP_BY_HOP,), (craft.ROUTING, craft.DESTINATION))
            )
        return outer

    def link(self, kind: str) -> Link:
        """Return a link layer of a kind."""
        if kind != "ethernet":
            return Link(kind)
        return Link(kind, self.one("02:00:00:00:00:01", "02:00:00:00:00:09"), tags=self.one(*TAG_STACKS))

    def packet(self, kind: str) -> Packet:
        """Return a VXLAN packet."""
        packet = Packet(START, self.outer(), self.one(*VNIS), self.inner(), self.link(kind))
        if not packet.outer.zero and kind == "ethernet":
            packet = replace(packet, trailer=self.one(0, 0, 0, 4, 9))
        if self.rarely(6):
            # Group policy, the old OAM bit, everything; reserved fields; the I flag clear.
            unusual = (
                (0x88, 100, 0),
                (0x88, 0x40FFFF, 0),
                (0x88, 0x080001, 0),
                (0x08, 0x480064, 0),
                (0x08, 0x123456, 0),
                (0x08, 0, 0xFF),
                (0x0C, 0, 0),
                (0xFF, 1, 1),
                (0, 0, 0),
            )
            flags, reserved, last = self.one(*unusual)
            packet = replace(packet, flags=flags, reserved=reserved, last=last)
        if len(self.overlays) > 1:
            packet = replace(packet, **self.relative(packet.outer))
        if self.rarely(6):
            packet = replace(packet, inside=tuple(self.shell() for _ in range(self.one(1, 1, 1, 2, 3, 4, 5))))
        if self.rarely(6) and kind in ("ethernet", "sll", "sll2") and not packet.outer.zero:
            packet = replace(packet, carriers=self.carriers(), trailer=0)
        innermost = packet.shells[-1]
        may_be_bare = innermost.overlay == "geneve" or (
            innermost.overlay == "vxlan-gpe" and bool(innermost.flags & 0x04)
        )
        if may_be_bare and isinstance(packet.inner.body, InnerIp) and self.rarely(2):
            packet = replace(packet, inner=replace(packet.inner, bare=True, tags=(), padding=0))
        return packet

    def relative(self, outer: Outer) -> dict[str, Any]:
        """Return what a header of one of the overlays has, and the outer headers that lead to it."""
        name = self.one(*self.overlays)
        if name == "vxlan":
            return {}
        own: dict[str, Any] = {"overlay": name, "outer": replace(outer, port=OVERLAY_PORTS[name])}
        own |= {"flags": 0, "reserved": 0, "last": 0}
        if name == "vxlan-gpe":
            # The P flag, with B and O too; VXLAN's flags; reserved ones; without the I flag; another version.
            own["flags"] = self.one(0x0C, 0x0C, 0x0C, 0x0F, 0x08, 0xCC, 0x04, 0x1C)
            own["reserved"] = self.one(0, 0, 0, 0x123400)
        elif name == "geneve":
            own |= {"options": self.one(*OPTIONS), "flags": self.one(0, 0, 0x80, 0x40, 0x41)}
            own["last"] = self.one(0, 0, 0, 7)
        elif outer.zero:
            own["outer"] = replace(own["outer"], zero="ip")
        return own

    def carriers(self) -> tuple[Carrier, ...]:
        """Return what carries a VXLAN packet, now and then more than one thing."""
        made: tuple[Carrier, ...] = ()
        for _ in range(self.one(1, 1, 1, 2, 3)):
            more = (*made, Carrier(self.one(*carriers.WORDS), self.one(4, 4, 6)))
            is_nvgre = more[-1].shape == "bridged" and "nvgre" in self.overlays
            if carriers.fit(more) and not is_nvgre:
                made = more
        return made

    def shell(self) -> Shell:
        """Return a VXLAN packet for another one to carry."""
        shell = Shell(replace(self.outer(), zero=""), self.one(*VNIS), self.link("ethernet"))
        if self.rarely(6):
            flags, reserved = self.one((0x88, 100), (0x88, 0x400007), (0x08, 0x480001), (0x0C, 1), (0, 0))
            shell = replace(shell, flags=flags, reserved=reserved)
        if len(self.overlays) > 1:
            shell = replace(shell, **self.relative(shell.outer))
        return replace(shell, carriers=self.carriers()) if self.rarely(4) else shell

    def plain(self, kind: str) -> Plain:
        """Return a frame that is no VXLAN packet, with the disposition that the contract gives it."""
        link, a, b = Link(kind), "10.0.0.1", "10.0.0.2"
        short_frame = craft.udp(50000, 4789, craft.vxlan(5, bytes(13)))
        cases = [
            (6, craft.tcp(1, 4789, "S"), "other", "non_udp"),
            (1, craft.icmp(8, 0, bytes(40)), "other", "non_udp"),
            (17, craft.udp(53, 53, bytes(20)), "other", "other_port"),
            # A source port of 4789 alone makes no VXLAN.
            (17, craft.udp(4789, 50000, craft.vxlan(5, bytes(60))), "other", "other_port"),
            (17, short_frame, "invalid", "inner_truncated_header"),
            (17, craft.udp(50000, 4789, b"\x08" + bytes(6)), "invalid", "vxlan_truncated"),
            (17, craft.udp(50000, 4789, b""), "invalid", "vxlan_truncated"),
        ]
        if kind == "ethernet" and self.rarely(4):
            request = craft.arp(link.src, a, "00:00:00:00:00:00", b)
            return Plain(
                START, craft.ethernet("ff:ff:ff:ff:ff:ff", link.src, 0x0806, request), "other", "non_ip"
            )
        protocol, data, disposition, reason = self.one(*cases)
        frame = link.encode(4, craft.ipv4(a, b, protocol, data))
        return Plain(START, frame, disposition, reason, link.number(4))

    def icmp_error(self, kind: str) -> Plain:
        """Return an ICMP error from a router about a VXLAN packet, which it quotes as far as it likes."""
        outer = self.outer()
        inner = Inner(self.one(*MAC_TARGETS), self.one(*MAC_SOURCES), self.ip())
        whole = Packet(START, replace(outer, zero=""), self.one(*VNIS), inner)
        version = outer.version
        columns = {
            4: (("frag_needed", 3, 4), ("unreachable", 3, 3), ("time_exceeded", 11, 0)),
            6: (("frag_needed", 2, 0), ("unreachable", 1, 4), ("parameter_problem", 4, 0)),
        }
        column, number, code = self.one(*columns[version])
        mtu = self.one(0, 1400, 1450) if column == "frag_needed" else 0
        behind = self.one(4, 8, 15, 16, 1000)
        quote = whole.outer.packet(whole.outer.datagram(whole.vxlan()))[: outer.header + behind]
        message = craft.icmp(number, code, quote, mtu)
        link = Link(kind)
        if version == 4:
            packet = craft.ipv4("10.0.0.250", outer.src, 1, message)
        else:
            packet = craft.ipv6("fd00::250", outer.src, 58, message)
        quoted = whole.quoted(behind)
        about = None if quoted is None else About(f"icmp_{column}", mtu or None, quoted)
        data = link.encode(version, packet)
        return Plain(START, data, "other", "non_udp", link.number(version), about)

    def snapped(self, packet: Packet) -> Packet:
        """Return the packet as a snap length leaves it.

        The cut is within the outer headers, within the VXLAN header, or where an inner layer ends.
        """
        start = packet.before_inner
        ends = [start + end for end in packet.inner.layers()]
        # Each overlay's own header ends at one of these.
        shells = [*accumulate(shell.header for shell in packet.shells)]
        snaps = [shells[0] - 20, shells[0] - 5, *shells, *ends, *ends]
        return replace(packet, snap=self.one(*snaps))

    def frames(self, kind: str, ident: int, *, snap: bool) -> list[Frame]:
        """Return one frame, or the fragments of the datagram `ident`, or a whole TCP exchange."""
        if self.rarely(6):
            return [self.icmp_error(kind) if self.rarely(3) else self.plain(kind)]
        if self.rarely(12):
            steps = self.one(*model.TCP_STATES.values())
            port = self.random.randrange(10_000, 60_000)
            said = session(steps, port, self.one(*VNIS), self.link(kind))
            return [in_sequence(packet, self.following) for packet in said]
        packet = in_sequence(self.packet(kind), self.following)
        if snap and self.rarely(6):
            return [self.snapped(packet)]
        if self.rarely(8) and not packet.outer.zero and packet.datagram_size > LARGEST_PIECE:
            return list(self.pieces(replace(packet, outer=replace(packet.outer, ident=ident), trailer=0)))
        return [packet]

    def pieces(self, packet: Packet) -> list[Piece]:
        """Return outer fragments of a packet: in any order, with one missing, repeated or overlapping."""
        size = self.one(8, 64, LARGEST_PIECE)
        pieces = packet.fragments(size)
        if self.rarely(3):
            start = 8 * self.random.randrange(packet.datagram_size // 8)
            pieces.append(packet.piece(start, start + self.one(16, 72)))
        if self.rarely(3):
            pieces.append(self.one(*pieces))
        if self.rarely(3):
            pieces.remove(self.one(*pieces))
        if self.rarely(2):
            self.random.shuffle(pieces)
        return pieces


def in_sequence(packet: Packet, following: dict[Hashable, int]) -> Packet:
    """Return the packet with its TCP segment's number in sequence: what goes wrong in TCP is for `talks`."""
    body = packet.inner.body
    if not isinstance(body, InnerIp) or body.l4.kind != "tcp" or body.later:
        return packet
    ends = (body.src, body.l4.sport), (body.dst, body.l4.dport)
    counted = packet.counted()
    overlay = counted.shells[-1].vni, len(counted.shells)
    seq, ack = (following.setdefault((overlay, *way), 1_000) for way in (ends, ends[::-1]))
    if "R" not in body.l4.flags:
        space = len(body.l4.payload) + ("S" in body.l4.flags) + ("F" in body.l4.flags)
        following[overlay, *ends] = (seq + space) % 2**32
    l4 = replace(body.l4, seq=seq, ack=ack)
    return replace(packet, inner=replace(packet.inner, body=replace(body, l4=l4)))


def session(
    steps: Sequence[tuple[bool, str]], port: int, vni: int = 1, link: Link | None = None
) -> list[Packet]:
    """Return the packets of a TCP exchange: (sent by the opener, flags) each."""
    made = []
    for opener, flags in steps:
        ends = ("10.0.0.1", "10.0.0.2") if opener else ("10.0.0.2", "10.0.0.1")
        ports = (port, 443) if opener else (443, port)
        l4 = L4("tcp", *ports, flags, checksum="right")
        macs = (MACS[0], MACS[1]) if opener else (MACS[1], MACS[0])
        inner = Inner(macs[1], macs[0], InnerIp(*ends, l4))
        made.append(Packet(START, Outer(*ends), vni, inner, link or Link()))
    return made


def timed(frames: list[Frame], steps: Sequence[int]) -> list[Frame]:
    """Return the frames at rising times, whole microseconds so that every container holds them."""
    return at_times(frames, [START + step * MICROSECOND for step in accumulate(steps)])


def at_times(frames: list[Frame], times: Sequence[int]) -> list[Frame]:
    """Return the frames at these times."""
    made: list[Frame] = []
    for frame, time in zip(frames, times, strict=True):
        if isinstance(frame, Piece):
            made.append(replace(frame, whole=replace(frame.whole, time=time)))
        else:
            made.append(replace(frame, time=time))
    return made


def capture(
    kind: str, seeds: Sequence[int], *, snap: bool = True, overlays: Sequence[str] = VXLAN_ALONE
) -> list[Frame]:
    """Return the frames of a capture of one link type, a few for each seed."""
    following: dict[Hashable, int] = {}
    makers = [Maker(seed, following, overlays) for seed in seeds]
    parts = [maker.frames(kind, ident, snap=snap) for ident, maker in enumerate(makers, start=1)]
    frames = [frame for part in parts for frame in part]
    clock = Random(len(seeds))  # noqa: S311 - nothing secret
    return timed(frames, [clock.choice((0, 1, 999_999, 1_000_000, 61_000_001)) for _ in frames])


SEEDS = st.integers(0, 2**32 - 1)


def captures(
    *,
    kinds: Sequence[str] = LINKS,
    most: int = 12,
    snap: bool = True,
    overlays: Sequence[str] = VXLAN_ALONE,
) -> st.SearchStrategy[list[Frame]]:
    """Return captures made of up to so many seeds: a failing one shrinks to the few frames that matter."""
    return st.builds(
        lambda kind, seeds: capture(kind, seeds, snap=snap, overlays=overlays),
        st.sampled_from(kinds),
        st.lists(SEEDS, max_size=most),
    )
