"""What a scenario plans: packets, layer by layer. `frames` makes bytes of them, `truth` rows.

Lengths here follow from the layers' own rules, never from bytes.
"""

from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Literal, TypeAlias

from vxinspect.synth.carriers import Carrier
from vxinspect.synth.dhcp import Dhcp
from vxinspect.synth.network import Segment, Vtep
from vxinspect.synth.overlays import VXLAN_OVERLAY, Overlay, Payload

__all__ = [
    "L4",
    "About",
    "Arp",
    "Checksum",
    "Complaint",
    "Icmp",
    "IcmpError",
    "Inner",
    "Ip",
    "Nd",
    "Order",
    "Packet",
    "Piece",
    "Pieces",
    "Plain",
    "Planned",
    "Tcp",
    "Udp",
    "Wrap",
]

ETHERNET, TAG, IPV4, IPV6, UDP, TCP, ICMP, VXLAN = 14, 4, 20, 40, 8, 20, 8, 8
"""Lengths of headers without options, in bytes."""
I_FLAG, G_FLAG = 0x08, 0x80
"""Of VXLAN and VXLAN-GPE: the VNI is valid."""
ARP, ND = 28, 24
"""Lengths of an ARP packet, and of what follows the ICMPv6 header in a neighbour message with one option."""
FRAGMENT = 8
"""Length of the IPv6 fragment header."""

Checksum: TypeAlias = Literal["right", "wrong", "partial"]
IcmpError: TypeAlias = Literal["frag-needed", "unreachable", "time-exceeded", "parameter-problem"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment: where it begins in the IP payload, its length (both in bytes), and whether more follow."""

    offset: int
    length: int
    more: bool


@dataclass(frozen=True, slots=True)
class Tcp:
    """A segment; `flags` are letters of FSRPAUEC, `payload` a length in bytes."""

    sport: int
    dport: int
    flags: str
    payload: int = 0
    seq: int = 0
    ack: int = 0
    window: int = 64_240
    checksum: Checksum = "right"
    name = "tcp"
    header = TCP


@dataclass(frozen=True, slots=True)
class Udp:
    """A datagram; `payload` is a length in bytes, of a `message` where there is one."""

    sport: int
    dport: int
    payload: int = 0
    checksum: Checksum = "right"
    message: Dhcp | None = None
    name = "udp"
    header = UDP


@dataclass(frozen=True, slots=True)
class Icmp:
    """An echo message; `payload` is a length in bytes."""

    version: int
    reply: bool
    ident: int
    sequence: int
    payload: int = 0
    header = ICMP

    @property
    def name(self) -> str:
        """The protocol's name."""
        return "icmp" if self.version == 4 else "icmpv6"  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Nd:
    """A Neighbor Solicitation for `target`, or the advertisement of it; `mac` is the sender's."""

    target: str
    mac: str
    advertisement: bool = False
    payload = ND
    name = "icmpv6"
    header = ICMP


@dataclass(frozen=True, slots=True)
class Complaint:
    """An ICMP error about `quoted`: its header, and so many bytes behind that."""

    error: IcmpError
    quoted: "Ip"
    kept: int
    header = ICMP

    @property
    def name(self) -> str:
        """The protocol's name."""
        return "icmp" if self.quoted.version == 4 else "icmpv6"  # noqa: PLR2004

    @property
    def payload(self) -> int:
        """Length of the quote."""
        return self.quoted.header + self.kept


L4: TypeAlias = Tcp | Udp | Icmp | Nd | Complaint


@dataclass(frozen=True, slots=True)
class Ip:
    """An IP packet, or a `piece` of it.

    With `zero_length` its length field is 0, as BIG TCP shows it (RFC 2675).
    """

    src: str
    dst: str
    l4: L4
    ident: int = 0
    zero_length: bool = False
    dscp: int = 0
    ecn: int = 0
    piece: Piece | None = None
    ttl: int = 64

    @property
    def version(self) -> int:
        """4 or 6."""
        return ip_address(self.src).version

    @property
    def header(self) -> int:
        """Length of the IP header, of IPv6 with that of a fragment."""
        if self.version == 4:  # noqa: PLR2004
            return IPV4
        return IPV6 if self.piece is None else IPV6 + FRAGMENT

    @property
    def is_later(self) -> bool:
        """Whether it is a fragment without the transport header."""
        return self.piece is not None and self.piece.offset > 0

    @property
    def payload(self) -> int:
        """What it carries behind the transport header, if there is one."""
        if self.piece is None:
            return self.l4.payload
        return self.piece.length - (0 if self.is_later else self.l4.header)

    @property
    def length(self) -> int:
        """Length of the packet."""
        return self.header + (0 if self.is_later else self.l4.header) + self.payload

    @property
    def ethertype(self) -> str:
        """EtherType by name."""
        return f"ipv{self.version}"


@dataclass(frozen=True, slots=True)
class Arp:
    """An ARP packet (RFC 826): operation 1 asks, 2 answers."""

    operation: int
    sender_mac: str
    sender_ip: str
    target_mac: str
    target_ip: str
    header = length = ARP
    ethertype = "arp"


@dataclass(frozen=True, slots=True)
class Inner:
    """An inner Ethernet frame, or with `bare` its IP packet alone."""

    src: str
    dst: str
    body: Ip | Arp
    vlan: int | None = None
    bare: bool = False

    @property
    def kind(self) -> Payload:
        """What it is, as an overlay's header names it."""
        if not self.bare or isinstance(self.body, Arp):
            return "ethernet"
        return "ipv4" if self.body.version == 4 else "ipv6"  # noqa: PLR2004

    @property
    def header(self) -> int:
        """Length of the Ethernet header with its tag."""
        if self.bare:
            return 0
        return ETHERNET + (TAG if self.vlan is not None else 0)

    @property
    def length(self) -> int:
        """Length of the frame, without padding and FCS."""
        return self.header + self.body.length

    @property
    def payload(self) -> int:
        """What the transport protocol carries."""
        return self.body.payload if isinstance(self.body, Ip) else 0


@dataclass(frozen=True, slots=True)
class Wrap:
    """A second overlay around a packet. `source_port`: of NVGRE, its FlowID."""

    vni: int
    sender: Vtep
    receiver: Vtep
    source_port: int
    overlay: Overlay = VXLAN_OVERLAY

    @property
    def port(self) -> int:
        """The UDP port that it goes to; 0 where there is no UDP."""
        return self.overlay.port(self.receiver.port)


Where: TypeAlias = Literal["first", "middle", "last"]
Order: TypeAlias = Literal["forward", "reverse"] | int


@dataclass(frozen=True, slots=True)
class Pieces:
    """How an outer datagram is cut: to fit `mtu`, and what is unusual about the pieces.

    `missing`: this one is not there. `repeated`: this one comes again when all are there. `overlaps`: one
    more is on the border of the first two. `order`: as they are, from the last to the first, or of this seed.
    """

    mtu: int
    missing: Where | None = None
    repeated: Where | None = None
    overlaps: bool = False
    order: Order = "forward"


@dataclass(slots=True)
class Packet:
    """An overlay's packet. `exchange` numbers those of its traffic; `reply`: not from who opened it.

    `time` is in nanoseconds since 1970. `flags` and `reserved` are VXLAN's. NVGRE has no `port`, and a FlowID
    as `source_port`. `fault` is the index of the one fault that befell this packet, `hops` the routers that
    it has passed.
    """

    time: int
    traffic: str
    exchange: int
    role: str
    reply: bool
    segment: Segment
    sender: Vtep
    receiver: Vtep
    inner: Inner
    station: str
    vni: int = 0
    source_port: int = 0
    port: int = 0
    outer_ident: int = 0
    ttl: int = 64
    dscp: int = 0
    ecn: int = 0
    flags: int = 0x08
    reserved: int = 0
    checksum: Literal["zero", "valid", "wrong"] = "zero"
    zero_length: bool = False
    wrap: Wrap | None = None
    pieces: Pieces | None = None
    hops: int = 0
    fault: int | None = None
    overlay: Overlay = VXLAN_OVERLAY
    carriers: tuple[Carrier, ...] = ()

    @property
    def has_vni(self) -> bool:
        """Whether the header says that its VNI is valid."""
        return not self.overlay.has_i_flag or bool(self.flags & I_FLAG)

    @property
    def is_flood(self) -> bool:
        """Whether it goes to everybody: an inner group address."""
        return bool(int(self.inner.dst[:2], 16) & 1)

    @property
    def outer_header(self) -> int:
        """Length of the outer IP header, without a fragment header."""
        return IPV4 if self.sender.version == 4 else IPV6  # noqa: PLR2004

    @property
    def carried(self) -> int:
        """Length of the frame behind the outermost overlay's header."""
        if self.wrap is None:
            return self.inner.length
        overlay = self.overlay
        return ETHERNET + self.outer_header + overlay.udp_header + overlay.header + self.inner.length

    @property
    def outer_length(self) -> int:
        """Length of the outermost VTEP's IP packet, in one piece."""
        return self.outer_header + self.outermost.udp_header + self.outermost.header + self.carried

    @property
    def outermost_length(self) -> int:
        """Length of the outermost IP packet, which is the first carrier's that is one."""
        return self.outer_length + sum(carrier.length for carrier in self._carriers_within_ip)

    @property
    def _carriers_within_ip(self) -> tuple[Carrier, ...]:
        """What carries it, from the first carrier on that has an IP header."""
        at = next((at for at, carrier in enumerate(self.carriers) if carrier.ip_header), len(self.carriers))
        return self.carriers[at:]

    @property
    def carriers_length(self) -> int:
        """Length of all that carriers put in front."""
        return sum(carrier.length for carrier in self.carriers)

    @property
    def is_seen_by_link(self) -> bool:
        """Whether the frame on the wire is the VTEP's own: nothing but labels and the like is between."""
        return not any(carrier.ip_header or carrier.brings_frame for carrier in self.carriers)

    @property
    def outer_mac(self) -> str | None:
        """The sender's MAC, as the frame directly around its IP packet has it; None where there is none."""
        sender = self.sender if self.wrap is None else self.wrap.sender
        for carrier in reversed(self.carriers):
            if carrier.brings_frame:
                return sender.mac
            if carrier.ip_header:
                return None
        return sender.mac

    @property
    def outermost(self) -> Overlay:
        """The overlay that the underlay sees."""
        return self.overlay if self.wrap is None else self.wrap.overlay

    def copy(self, time: int) -> "Packet":
        """Return the same packet at another time."""
        return replace(self, time=time)


@dataclass(frozen=True, slots=True)
class About:
    """What an ICMP error tells and quotes: its kind, an MTU, and of the packet its tunnel and VNI.

    `start`: where the quote begins in the frame; `kept`: how many bytes there are behind its IP header;
    `overlay`: the one that is quoted.
    """

    error: IcmpError
    mtu: int | None
    src: str
    dst: str
    vni: int
    start: int
    kept: int
    overlay: Overlay = VXLAN_OVERLAY


@dataclass(slots=True)
class Plain:
    """A frame that is no VXLAN packet: its bytes, how it counts, what it shows `bare`, what it is `about`."""

    time: int
    data: bytes
    disposition: str
    reason: str
    fault: int | None = field(default=None)
    bare: Inner | None = None
    about: About | None = None


Planned: TypeAlias = Packet | Plain
