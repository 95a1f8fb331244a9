"""What is around an inner frame, described: its bytes, and what must be reported of it."""

from dataclasses import dataclass
from ipaddress import ip_address

import carriers
import containers
import craft
from carriers import Carried, Carrier
from facts import Level, Policy
from inner import L4, Inner, InnerIp, InnerOther

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


ETHERNET = Link()
"""What most captures have."""


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
    link: Link = ETHERNET
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
