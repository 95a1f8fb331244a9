"""Frames described: each knows its bytes (by `craft`) and, apart from them, what must be reported of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import accumulate
from math import isnan, nan
from typing import TypeAlias, cast

import carriers
import containers
import craft
from addresses import Claim, Grant
from carriers import Carried, Carrier
from containers import Record
from inner import L4, Inner, InnerIp, InnerOther, Name

Policy: TypeAlias = tuple[int, bool, bool]
"""A group policy: the sender's group, D and A."""
TIMEOUT = 30 * 10**9  # the pieces of one outer datagram are seen within so many nanoseconds
OFFLOAD = 9216  # an outer IP packet larger than this met segmentation offload


@dataclass(frozen=True)
class Level:
    """One overlay of a packet: `path` names what wraps it, itself included. NVGRE has no source port."""

    vni: int
    src: str
    dst: str
    source_port: int | None
    outer_mac: str | None
    path: str = "vxlan"
    depth: int = 1
    policy: "Policy | None" = None
    udp_port: int | None = craft.VXLAN_PORT


@dataclass(frozen=True)
class Fact:
    """What one frame means; from `vni` on of VXLAN packets alone, where None is "not readable".

    `vni` to `source_port` are the innermost overlay's, `around` are those around it from the outermost in.
    """

    time: int
    wire: int
    disposition: str
    reason: str | None = None
    vni: int = 0
    outer_src: str = ""
    outer_dst: str = ""
    outer_mac: str | None = None
    source_port: int | None = 0
    udp_port: int | None = craft.VXLAN_PORT
    flow_id: int | None = None
    udp_bytes: int = 0
    overlay_bytes: int = 0
    outer_ip_bytes: int = 0
    carrier_bytes: int = 0
    outer_packet: int = 0
    offload: bool = False
    inner_bytes: int = 0
    payload: int = 0
    cut: bool = False
    reserved: bool = False
    p_flag: bool = False
    critical: bool = False
    policy: Policy | None = None
    policies: tuple[Policy, ...] = ()  # of all layers
    inner_fragment: bool = False
    inner_piece: tuple[int, bool] | None = (
        None  # identification, and whether it is a later one, without ports
    )
    told: "tuple[int | None, int | None] | None" = None  # the ports, as a first one tells it that comes later
    mac_src: str | None = None
    mac_dst: str | None = None
    tagged: bool = False
    tag: int | None = None
    ethertype: str | None = None
    ip_src: str | None = None
    ip_dst: str | None = None
    protocol: str | None = None
    sport: int | None = None
    dport: int | None = None
    flags: str | None = None
    seq: int = 0
    ack: int = 0
    window: int = 0
    sender: str | None = None  # the sender address of an ARP packet
    says: Claim | Grant | Name | None = None  # what it says of an address
    complains: bool = False  # whether it is an ICMP error
    quoted: tuple[str, frozenset[tuple[str, int | None]]] | None = None  # the flow that one is about
    ttl: int = 0
    route: tuple[str, int] = ("", 0)  # the outermost overlay, and the length of its header
    outer_class: int = 0  # DSCP with ECN behind it
    inner_class: int | None = None
    dont_fragment: bool = False
    first_piece: bool = False
    outer_sum: str = "zero"  # what the outer UDP checksum is found to be
    inner_sum: str | None = None  # ... and those of the inner frame, where it has any
    about: "About | None" = None
    datagram: tuple[object, ...] | None = None  # which outer datagram a piece of one belongs to
    overlaps: bool = False  # whether pieces of its datagram do, that are not the same
    path: str = "vxlan"
    around: tuple[Level, ...] = ()

    @property
    def innermost(self) -> Level:
        """The overlay with the tenant's frame."""
        ends = self.outer_src, self.outer_dst, self.source_port
        depth = len(self.around) + 1
        return Level(self.vni, *ends, self.outer_mac, self.path, depth, self.policy, self.udp_port)

    @property
    def levels(self) -> tuple[Level, ...]:
        """All overlays, from the outermost in."""
        return (*self.around, self.innermost)

    @property
    def dont_learn(self) -> bool:
        """Whether a VTEP must not learn from it where the sender is."""
        return self.policy is not None and self.policy[1]

    @property
    def vnis(self) -> frozenset[int]:
        """The VNIs of all layers."""
        return frozenset(level.vni for level in self.levels)

    @property
    def vteps(self) -> frozenset[str]:
        """The outer addresses of all layers."""
        return frozenset(end for level in self.levels for end in (level.src, level.dst))


@dataclass(frozen=True)
class About:
    """What an ICMP error tells of a VXLAN packet: a column of `underlay`, an MTU, and what it quotes."""

    column: str
    mtu: int | None
    quoted: Fact

    @property
    def way(self) -> tuple[str, str]:
        """The tunnel's direction."""
        return self.quoted.outer_src, self.quoted.outer_dst

    @property
    def vni(self) -> int | None:
        """The VNI, where the quote goes as far."""
        return None if isnan(self.quoted.vni) else self.quoted.vni


LINK_TYPE = {"ethernet": 1, "sll": 113, "sll2": 276, "null": 0, "loop": 108, "raw": 101, "ip": 0}


@dataclass(frozen=True)
class Link:
    """The layer that the capture point saw. `ip` is LINKTYPE_IPV4 or LINKTYPE_IPV6."""

    kind: str = "ethernet"
    src: str = "02:00:00:00:00:01"
    dst: str = "02:00:00:00:00:02"
    tags: tuple[craft.Tag, ...] = ()

    def number(self, version: int) -> int:
        """Return the LINKTYPE_ value."""
        if self.kind == "ip":
            return containers.IPV4 if version == 4 else containers.IPV6
        return LINK_TYPE[self.kind]

    @property
    def address(self) -> str | None:
        """The sender's MAC address, where the link layer has one."""
        return self.src if self.kind in ("ethernet", "sll", "sll2") else None

    @property
    def header(self) -> int:
        """Its length."""
        return {"ethernet": 14 + 4 * len(self.tags), "sll": 16, "sll2": 20, "null": 4, "loop": 4}.get(
            self.kind, 0
        )

    def encode(self, version: int, packet: bytes) -> bytes:
        """Return the frame around an IP packet."""
        return self.around(Carried(f"ipv{version}", packet))

    def around(self, inside: Carried) -> bytes:
        """Return the frame around an IP packet or, where the kind has EtherTypes, what another announces."""
        code, data = craft.ETHERTYPE[inside.ethertype], inside.data
        if self.kind == "ethernet":
            return craft.ethernet(self.dst, self.src, code, data, self.tags)
        if self.kind == "sll":
            return craft.sll(self.src, code, data)
        if self.kind == "sll2":
            return craft.sll2(self.src, code, data)
        if self.kind in ("null", "loop"):
            return craft.null(inside.version, data, big=self.kind == "loop")
        return data


@dataclass(frozen=True)
class Outer:
    """The outer IP and UDP headers. `zero` says which length fields segmentation offload left at nought."""

    src: str
    dst: str
    source_port: int = 50000
    port: int = craft.VXLAN_PORT
    options: bytes = b""
    extensions: tuple[int, ...] = ()
    ident: int = 0
    zero: str = ""  # "", "ip", "udp" or "both"
    ttl: int = 64
    traffic_class: int = 0
    dont_fragment: bool = False
    checksum: str = "zero"

    @property
    def version(self) -> int:
        """4 or 6."""
        return ip_address(self.src).version

    @property
    def header(self) -> int:
        """The length of the IP header with its options or extension headers."""
        if self.version == 4:
            return 20 + len(self.options) + -len(self.options) % 4
        return 40 + 8 * len(self.extensions)

    def packet(self, datagram: bytes, offset: int = 0, *, more: bool = False, protocol: int = 17) -> bytes:
        """Return an IP packet with `datagram`, or with a piece of it."""
        zero = 0 if self.zero in ("ip", "both") else None
        if self.version == 4:
            return craft.ipv4(
                self.src,
                self.dst,
                protocol,
                datagram,
                options=self.options,
                ident=self.ident,
                offset=offset,
                more=more,
                total_length=zero,
                ttl=self.ttl,
                traffic_class=self.traffic_class,
                dont_fragment=self.dont_fragment,
            )
        chain = [craft.extension(kind) for kind in self.extensions]
        if offset or more:
            chain.append(craft.fragment_header(self.ident, offset, more=more))
        return craft.ipv6(
            self.src,
            self.dst,
            protocol,
            datagram,
            extensions=chain,
            payload_length=zero,
            hop_limit=self.ttl,
            traffic_class=self.traffic_class,
        )

    def datagram(self, vxlan: bytes) -> bytes:
        """Return the UDP datagram."""
        length = 0 if self.zero in ("udp", "both") else None
        datagram = craft.udp(self.source_port, self.port, vxlan, length=length)
        return craft.summed(self.src, self.dst, "udp", datagram, self.checksum)


OVERLAY_PORTS = {"vxlan": craft.VXLAN_PORT, "vxlan-gpe": 4790, "geneve": 6081, "nvgre": 0}
"""The overlays, and the UDP port of each that has one."""
NEXT_PROTOCOL = {"ipv4": 1, "ipv6": 2, "ethernet": 3}
"""What VXLAN-GPE says that it carries."""


@dataclass(frozen=True)
class Shell:
    """A packet of an overlay that another one carries: Ethernet, carriers, IP, UDP and the overlay's header.

    `flags`, `reserved` and `last` are the bits beside the VNI that the overlay has; `options` are Geneve's.
    NVGRE has no UDP, and the lowest bits of the source port as its FlowID.
    """

    outer: Outer
    vni: int
    link: Link = Link()
    flags: int = craft.I_FLAG
    reserved: int = 0
    last: int = 0
    carriers: tuple[Carrier, ...] = ()
    overlay: str = "vxlan"
    options: bytes = b""

    @property
    def udp_header(self) -> int:
        """The length of the UDP header, if there is one."""
        return 0 if self.overlay == "nvgre" else 8

    @property
    def own_header(self) -> int:
        """The length of the overlay's header."""
        return 8 + len(self.options)

    @property
    def header(self) -> int:
        """The length of all its headers."""
        before = self.link.header + sum(carrier.header for carrier in self.carriers) + self.outer.header
        return before + self.udp_header + self.own_header

    @property
    def fault(self) -> str | None:
        """The reason why its header is none of the overlay."""
        if self.overlay == "vxlan-gpe" and self.flags & 0x30:
            return "gpe_version"
        has_flag = self.overlay in ("vxlan", "vxlan-gpe")
        return "i_flag_clear" if has_flag and not self.flags & craft.I_FLAG else None

    @property
    def ip_bytes(self) -> int:
        """The length of its IP headers."""
        return self.outer.header + sum(carrier.ip_header for carrier in self.carriers)

    @property
    def before_ip(self) -> int:
        """What stands in front of its outermost IP packet."""
        before = self.link.header
        for carrier in self.carriers:
            if carrier.ip_header:
                break
            before += carrier.header
        return before

    @property
    def path(self) -> str:
        """The words for what it adds."""
        return "/".join([*(carrier.word for carrier in self.carriers), self.overlay])

    @property
    def address(self) -> str | None:
        """The sender of the Ethernet frame around the VTEP's packet, if no carrier's IP header is between."""
        for carrier in reversed(self.carriers):
            if carrier.ethernet:
                return carriers.MACS[1]
            if carrier.ip_header:
                return None
        return self.link.address

    @property
    def unusual(self) -> bool:
        """Whether a bit is set that RFC 7348 reserves, or the overlay's own specification."""
        if self.overlay == "vxlan":
            return bool(self.flags & ~craft.I_FLAG or self.reserved or self.last)
        known = {"vxlan-gpe": 0x3F, "geneve": 0xC0, "nvgre": 0xFF}[self.overlay]
        return bool(self.flags & ~known or self.reserved or self.last)

    @property
    def p_flag(self) -> bool:
        """Whether VXLAN has a flag of VXLAN-GPE."""
        return self.overlay == "vxlan" and bool(self.flags & 0x04)

    @property
    def is_critical(self) -> bool:
        """Whether it has an option that a receiver must know."""
        return self.overlay == "geneve" and bool(self.flags & 0x40)

    @property
    def version(self) -> int:
        """The version of its outermost IP header."""
        own = next((carrier.version for carrier in self.carriers if carrier.ip_header), None)
        return own or self.outer.version

    def around(self, frame: bytes, kind: str = "ethernet") -> bytes:
        """Return the overlay's header and a frame, or an IP packet."""
        if self.overlay == "vxlan-gpe":
            # The field before the VNI has 24 bits, of which the last eight are what is next.
            front = self.reserved | NEXT_PROTOCOL[kind]
            return craft.vxlan_gpe(self.vni, frame, front, flags=self.flags, last=self.last)
        if self.overlay == "geneve":
            protocol = craft.BRIDGED if kind == "ethernet" else craft.ETHERTYPE[kind]
            return craft.geneve(
                self.vni, frame, protocol, options=self.options, flags=self.flags, last=self.last
            )
        if self.overlay == "nvgre":
            return craft.nvgre(self.vni, frame, self.outer.source_port & 0xFF)
        return craft.vxlan(self.vni, frame, flags=self.flags, reserved=self.reserved, last=self.last)

    def ip(self, overlay: bytes, offset: int = 0, end: int | None = None, *, more: bool = False) -> Carried:
        """Return the VTEP's IP packet around the overlay's header and what it carries, or a piece of one."""
        version, payload = self.outer.version, self.payload(overlay)[offset:end]
        protocol = 47 if self.overlay == "nvgre" else 17
        return Carried(f"ipv{version}", self.outer.packet(payload, offset, more=more, protocol=protocol))

    def payload(self, overlay: bytes) -> bytes:
        """Return what the VTEP's IP packet carries: a datagram, but for NVGRE."""
        return overlay if self.overlay == "nvgre" else self.outer.datagram(overlay)

    def packet(self, frame: bytes, kind: str = "ethernet") -> Carried:
        """Return the VTEP's packet around a frame, or an IP packet."""
        return self.ip(self.around(frame, kind))

    def wrap(self, packet: Carried) -> bytes:
        """Return the frame with its carriers around the VTEP's packet, or around a piece of that."""
        return self.link.around(carriers.around(self.carriers, packet))

    def encode(self, frame: bytes, kind: str = "ethernet") -> bytes:
        """Return the Ethernet frame around a frame, or an IP packet."""
        return self.wrap(self.packet(frame, kind))

    def inner(self, frame: bytes, kind: str = "ethernet") -> Inner:
        """Return the same as traffic of a tenant, which is what it is where it counts as no overlay."""
        outer, ends = self.outer, (self.link.dst, self.link.src)
        if self.carriers:
            first, *rest = self.carriers
            inside = carriers.around(rest, self.packet(frame, kind))
            written = self.encode(frame, kind)
            if not first.ip_header:
                announced = first.around(inside)
                body = InnerOther(craft.ETHERTYPE[announced.ethertype], announced.data)
                return Inner(*ends, body, self.link.tags, written=written)
            protocol, payload = first.payload(first.brought(inside))
            carrier = InnerIp(*carriers.ENDS[first.version], L4(protocol, payload=payload))
            return Inner(*ends, carrier, self.link.tags, written=written)
        payload = self.around(frame, kind)
        udp = L4("udp", outer.source_port, outer.port, payload=payload, checksum=outer.checksum)
        gre = L4("gre", payload=payload)
        l4 = gre if self.overlay == "nvgre" else udp
        ip = InnerIp(
            outer.src, outer.dst, l4, outer.options, outer.extensions, traffic_class=outer.traffic_class
        )
        return Inner(*ends, ip, self.link.tags, written=self.encode(frame, kind))

    def level(self) -> Level:
        """Return what must be reported of it."""
        outer = self.outer
        ends = outer.src, outer.dst, outer.source_port if self.udp_header else None
        port = outer.port if self.udp_header else None
        return Level(self.vni, *ends, self.address, policy=self.policy, udp_port=port)

    @property
    def policy(self) -> Policy | None:
        """The group policy (draft-smith-vxlan-group-policy section 2): there with the G flag alone."""
        bits = self.reserved
        if self.overlay != "vxlan":
            return None
        return (bits & 0xFFFF, bool(bits & 0x400000), bool(bits & 0x080000)) if self.flags & 0x80 else None

    @property
    def traffic_class(self) -> int | None:
        """What the IP header directly inside of the frame around asks for."""
        if not self.carriers:
            return self.outer.traffic_class
        return 0 if self.carriers[0].ip_header else None


MAX_DEPTH = 4


@dataclass(frozen=True)
class Packet:
    """A packet of an overlay in one frame; `snap` keeps so many bytes, `trailer` follow the outer IP packet.

    `inside`: further ones inside of it, from the outermost in, with `inner` in the last.
    """

    time: int
    outer: Outer
    vni: int
    inner: Inner
    link: Link = Link()
    flags: int = craft.I_FLAG
    reserved: int = 0
    last: int = 0
    trailer: int = 0
    snap: int | None = None
    inside: tuple[Shell, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    overlay: str = "vxlan"
    options: bytes = b""

    @property
    def shell(self) -> Shell:
        """Return the outermost overlay."""
        bits = self.flags, self.reserved, self.last
        return Shell(self.outer, self.vni, self.link, *bits, self.carriers, self.overlay, self.options)

    @property
    def shells(self) -> tuple[Shell, ...]:
        """Return all overlays, from the outermost in."""
        return (self.shell, *self.inside)

    def carried(self, depth: int = 1) -> bytes:
        """Return the frame inside of so many overlays."""
        if depth > len(self.inside):
            return self.inner.encode()
        return self.inside[depth - 1].encode(self.carried(depth + 1), self.kind(depth + 1))

    def kind(self, depth: int = 1) -> str:
        """Return what is inside of so many overlays: a frame, or the tenant's IP packet alone."""
        is_bare = depth > len(self.inside) and self.inner.bare
        return self.inner.ethertype if is_bare else "ethernet"

    def vxlan(self) -> bytes:
        """Return the outermost overlay's header and what it carries."""
        return self.shell.around(self.carried(), self.kind())

    def record(self) -> Record:
        """Return the frame as the capture has it."""
        data = self.shell.wrap(self.shell.ip(self.vxlan())) + bytes(self.trailer)
        return Record(self.time, data[: self.snap], len(data), self.link.number(self.shell.version))

    @property
    def before_inner(self) -> int:
        """Where the tenant's frame begins."""
        return sum(shell.header for shell in self.shells)

    def peeled(self, depth: int) -> "Packet":
        """Return the same bytes where only so many overlays count: the rest is the tenant's traffic."""
        if depth > len(self.inside):
            return self
        inner = self.inside[depth - 1].inner(self.carried(depth + 1), self.kind(depth + 1))
        return replace(self, inside=self.inside[: depth - 1], inner=inner)

    def counted(self) -> "Packet":
        """Return the same bytes with those overlays alone that count: whose headers are held and valid."""
        held = depth = 0
        kept = len(self.record().data)
        for shell in self.shells:
            held += shell.header
            if depth and (held > kept or shell.fault):
                break
            depth += 1
        return self.peeled(depth)

    def fact(self) -> Fact:
        """Return what it means."""
        record, header = self.record(), self.shell.header
        if len(record.data) < header - self.shell.own_header:
            return self.cut_outside(record)
        if len(record.data) < header:
            return self.cut_inside(record)
        if self.shell.fault:
            return Fact(self.time, record.wire, "invalid", self.shell.fault)
        counted = self.counted()
        if len(counted.shells) > MAX_DEPTH:
            return Fact(self.time, record.wire, "invalid", "depth_exceeded")
        return counted.innermost_fact(record)

    def cut_outside(self, record: Record) -> Fact:
        """Return what a frame is that is cut before the UDP header ends."""
        first = next(iter(self.carriers), None)
        if first is None or len(record.data) < self.link.header + first.ip_header:
            return Fact(self.time, record.wire, "malformed", "outer_cut")
        if self.holds_nvgre(len(record.data)):
            return Fact(self.time, record.wire, "other", "unselected_nvgre")
        return Fact(self.time, record.wire, "other", "non_udp" if first.ip_header else "non_ip")

    def cut_inside(self, record: Record) -> Fact:
        """Return what a frame is that is cut within the overlay's header."""
        if self.overlay == "nvgre":
            # Of GRE no more is known than that, or than what carries it.
            is_ip = not self.carriers or bool(self.carriers[0].ip_header)
            return Fact(self.time, record.wire, "other", "non_udp" if is_ip else "non_ip")
        return Fact(
            self.time, record.wire, "invalid", "geneve_cut" if self.overlay == "geneve" else "vxlan_cut"
        )

    def holds_nvgre(self, kept: int) -> bool:
        """Whether so many bytes of the frame hold a GRE header that is NVGRE's too."""
        at = self.link.header
        for carrier in self.carriers:
            if carrier.shape == "bridged" and kept >= at + carrier.ip_header + carrier.own_header:
                return True
            at += carrier.header
        return False

    def innermost_fact(self, record: Record) -> Fact:
        """Return what it means where all overlays count."""
        kept, size = len(record.data) - self.before_inner, len(self.inner.encode())
        outer_packet = self.shell.header - self.shell.before_ip + len(self.carried())
        paths = accumulate((shell.path for shell in self.shells), "{}/{}".format)
        outer_sum = self.outer.checksum if self.shell.udp_header else "zero"
        is_whole = kept >= size or outer_sum == "zero"
        levels = [
            replace(shell.level(), path=path, depth=depth)
            for depth, (shell, path) in enumerate(zip(self.shells, paths, strict=True), start=1)
        ]
        own = levels.pop()
        plain = Fact(
            self.time,
            record.wire,
            "vxlan",
            outer_sum=outer_sum if is_whole else "unverified",
            inner_sum=self.inner.verdict(kept),
            vni=own.vni,
            outer_src=own.src,
            outer_dst=own.dst,
            outer_mac=own.outer_mac,
            source_port=own.source_port,
            udp_port=own.udp_port,
            flow_id=None if self.shells[-1].udp_header else self.shells[-1].outer.source_port & 0xFF,
            ttl=self.outer.ttl,
            route=(self.overlay, self.shell.own_header),
            outer_class=self.outer.traffic_class,
            dont_fragment=self.outer.dont_fragment,
            outer_ip_bytes=sum(shell.ip_bytes for shell in self.shells),
            udp_bytes=sum(shell.udp_header for shell in self.shells),
            overlay_bytes=sum(shell.own_header for shell in self.shells),
            carrier_bytes=sum(carrier.own_header for shell in self.shells for carrier in shell.carriers),
            outer_packet=outer_packet,
            offload=bool(self.outer.zero) or outer_packet > OFFLOAD,
            inner_bytes=size,
            cut=kept < size,
            reserved=any(shell.unusual for shell in self.shells),
            p_flag=any(shell.p_flag for shell in self.shells),
            critical=any(shell.is_critical for shell in self.shells),
            policy=own.policy,
            policies=tuple(shell.policy for shell in self.shells if shell.policy is not None),
            path=own.path,
            around=tuple(levels),
        )
        fact = replace(plain, **self.inner.facts(kept))  # type: ignore[arg-type]
        # The packet directly inside of the outermost.
        return replace(fact, inner_class=self.inside[0].traffic_class) if self.inside else fact

    def quoted(self, behind: int) -> Fact | None:
        """Return what a quote tells that has so many bytes behind the outer IP header; None where too few."""
        if behind < 8:
            return None
        if behind < 16:
            # No number: it is in no range of VNIs.
            unknown = cast("int", nan)
            return Fact(
                self.time, 0, "vxlan", vni=unknown, outer_src=self.outer.src, outer_dst=self.outer.dst
            )
        return replace(self.peeled(1), snap=self.shell.header - 16 + behind).fact()

    def fragments(self, size: int) -> list["Piece"]:
        """Return the packet as outer IP fragments of at most `size` payload bytes, a multiple of eight."""
        return [self.piece(start, start + size) for start in range(0, self.datagram_size, size)]

    @property
    def datagram_size(self) -> int:
        """The length of the UDP datagram, or of what NVGRE has in its place."""
        return self.shell.udp_header + len(self.vxlan())

    def piece(self, start: int, end: int) -> "Piece":
        """Return a fragment with some bytes of the datagram; all but the last end at a multiple of eight."""
        data = self.shell.payload(self.vxlan())[start:end]
        return Piece(self, start, data, start + len(data) < self.datagram_size)


@dataclass(frozen=True)
class Piece:
    """One outer IP fragment of a VXLAN packet."""

    whole: Packet
    offset: int
    data: bytes
    more: bool

    def record(self) -> Record:
        """Return the frame as the capture has it."""
        shell, end = self.whole.shell, self.offset + len(self.data)
        data = shell.wrap(shell.ip(self.whole.vxlan(), self.offset, end, more=self.more))
        return Record(self.whole.time, data, len(data), self.whole.link.number(shell.version))

    @property
    def header(self) -> int:
        """The length of its IP headers; IPv6 has a header more for fragments."""
        return self.whole.shell.ip_bytes + (8 if self.whole.outer.version == 6 else 0)

    def fact(self) -> Fact:
        """Return what it means by itself."""
        record = self.record()
        return Fact(record.time, record.wire, "fragment", outer_ip_bytes=self.header)


class Life:
    """What became of a datagram: which of its pieces were seen, and when it was whole."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.done: int | None = None
        self.seen: set[tuple[int, int]] = set()
        self.bytes: set[int] = set()
        self.overlaps = False

    def takes(self, piece: Piece) -> bool:
        """Whether a piece is its own: 30 seconds after the first, or once more after it was whole."""
        since = self.first if self.done is None else self.done
        known = self.done is None or (piece.offset, len(piece.data)) in self.seen
        return known and abs(piece.whole.time - since) <= TIMEOUT

    def add(self, piece: Piece) -> bool:
        """Add a piece; whether it completes the datagram."""
        place = (piece.offset, len(piece.data))
        own = set(range(piece.offset, piece.offset + len(piece.data)))
        self.overlaps |= place not in self.seen and bool(self.bytes & own)
        self.seen.add(place)
        self.bytes |= own
        if self.done is not None or len(self.bytes) < piece.whole.datagram_size:
            return False
        self.done = piece.whole.time
        return True


@dataclass(frozen=True)
class Plain:
    """A frame that is no VXLAN packet, and how it must be counted."""

    time: int
    data: bytes
    disposition: str
    reason: str | None
    link: int = containers.ETHERNET
    about: About | None = None

    def record(self) -> Record:
        """Return the frame as the capture has it."""
        return Record(self.time, self.data, len(self.data), self.link)

    def fact(self) -> Fact:
        """Return what it means."""
        return Fact(self.time, len(self.data), self.disposition, self.reason, about=self.about)


Frame: TypeAlias = Packet | Piece | Plain


def records(frames: Sequence[Frame]) -> list[Record]:
    """Return the records of a capture of these frames."""
    return [frame.record() for frame in frames]


def facts(frames: Sequence[Frame]) -> list[Fact]:
    """Return what they mean; a piece that completes its outer datagram is the packet."""
    made = [frame.fact() for frame in frames]
    lives: dict[tuple[object, ...], list[Life]] = {}
    for index, frame in enumerate(frames):
        if not isinstance(frame, Piece):
            continue
        outer = frame.whole.outer
        key = (outer.src, outer.dst, outer.ident, frame.whole.carriers)
        known = lives.setdefault(key, [])
        if not known or not known[-1].takes(frame):
            known.append(Life(frame.whole.time))
        if known[-1].add(frame):
            whole = replace(frame.whole, snap=None, trailer=0).fact()
            made[index] = replace(
                whole,
                wire=made[index].wire,
                outer_ip_bytes=frame.header + whole.outer_ip_bytes - frame.whole.shell.ip_bytes,
                offload=False,
                first_piece=True,
                overlaps=known[-1].overlaps,
            )
        made[index] = replace(made[index], datagram=(*key, len(known)))
    return with_ports(made)


def with_ports(made: Sequence[Fact]) -> list[Fact]:
    """Return the facts with later inner fragments' ports: the last first one's before, else the next."""
    firsts = [(at, fact) for at, fact in enumerate(made) if fact.inner_piece and not fact.inner_piece[1]]
    told = list(made)
    for at, fact in enumerate(made):
        if fact.inner_piece is None or not fact.inner_piece[1]:
            continue
        near = [(place, first) for place, first in firsts if _datagram(first) == _datagram(fact)]
        before = [first for place, first in near if place < at][-1:]
        behind = [first for place, first in near if place > at][:1]
        if before and abs(before[0].time - fact.time) <= TIMEOUT:
            told[at] = replace(fact, sport=before[0].sport, dport=before[0].dport)
        elif behind and abs(behind[0].time - fact.time) <= TIMEOUT:
            told[at] = replace(fact, told=(behind[0].sport, behind[0].dport))
    return told


def _datagram(fact: Fact) -> tuple[object, ...]:
    """Return what the fragments of an inner datagram have in common."""
    ident = fact.inner_piece and fact.inner_piece[0]
    protocol = fact.protocol if fact.ethertype == "ipv4" else None
    return (
        tuple((level.path, level.vni) for level in fact.levels),
        fact.ip_src,
        fact.ip_dst,
        ident,
        protocol,
    )
