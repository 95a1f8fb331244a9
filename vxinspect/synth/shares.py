"""What planned packets add to the tables, by the rules of docs/counting.md and from the plan alone."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from vxinspect.synth.addresses import Claim, Grant, Name
from vxinspect.synth.carriers import Carrier
from vxinspect.synth.dhcp import Dhcp
from vxinspect.synth.health import Said
from vxinspect.synth.overlays import DONT_LEARN, POLICY_APPLIED, POLICY_ID, Overlay
from vxinspect.synth.packet import (
    ETHERNET,
    FRAGMENT,
    G_FLAG,
    I_FLAG,
    IPV4,
    IPV6,
    TAG,
    UDP,
    About,
    Arp,
    Complaint,
    Inner,
    Ip,
    Nd,
    Packet,
    Plain,
    Planned,
    Tcp,
)
from vxinspect.synth.packet import Udp as UdpHeader
from vxinspect.synth.pieces import Piece, completing, cut, missing, present

__all__ = [
    "Ending",
    "Layer",
    "Segments",
    "Share",
    "endings",
    "frame_lengths",
    "incomplete",
    "inner_start",
    "pieces",
    "share",
    "told",
]

LARGEST_MTU = 9216
"""An outer packet larger than this met segmentation offload: see docs/counting.md."""

Segments: TypeAlias = tuple[tuple[str, bool], ...]
"""TCP segments of one direction in order: their flags, and whether they carry data."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one frame counts: its disposition and the reason of it."""

    disposition: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One overlay around a frame: `path` names what wraps that, itself included.

    `source_port` is None of one that is not over UDP.
    """

    vni: int
    src: str
    dst: str
    source_port: int | None
    outer_mac: str | None
    path: str
    depth: int
    policy: int | None = None


@dataclass(slots=True)
class Share:
    """What one packet, or many with all the rest in common, adds to the tables: sums in bytes, nanoseconds.

    `vni` to `outer_mac` are the innermost overlay's, `around` the one around it. None is
    "not known", because the capture's snap length cut it off, or because there is none. `outer_sum` and
    `inner_sum`: what the checksums of the packets are found to be, but for those of `unverified` ones.
    """

    vni: int
    src: str
    dst: str
    source_port: int | None
    outer_mac: str | None
    first: int
    last: int
    wire: int
    inner: int
    outer_ip: int
    largest: int
    is_offload: bool
    notes: dict[str, int]
    ttl: int
    dscp: int
    ecn: int
    dont_fragment: bool
    outer_sum: str
    inner_sum: str | None
    unverified: int = 0
    pieces: int = 0
    packets: int = 1
    payload: int = 0
    mac_src: str | None = None
    mac_dst: str | None = None
    ethertype: str | None = None
    ip_src: str | None = None
    ip_dst: str | None = None
    inner_dscp: int | None = None
    inner_ecn: int | None = None
    protocol: str | None = None
    sport: int | None = None
    dport: int | None = None
    arp_sender: str | None = None
    claim: Claim | None = None
    """Of ARP and Neighbor Discovery: who has an address."""
    says: Grant | Name | None = None
    """Of DHCP."""
    complains: bool = False
    """Of an ICMP error."""
    quoted: tuple[str, frozenset[tuple[str, int | None]]] | None = None
    """Which flow's packet it quotes: the protocol and both ends."""
    segments: Segments = ()
    said: Said | None = None
    """Of one TCP segment: its header."""
    handshake: tuple[int, ...] = ()
    """Of many, from who opened the connection: the times of SYN, SYN-ACK and ACK, as far as they came."""
    duplicate_acks: int = 0
    """Of many: those that only repeat an acknowledgement."""
    overlay_bytes: int = 8
    """Of one packet: the headers of all its overlays."""
    udp_bytes: int = UDP
    """Of one packet: the UDP headers of its overlays."""
    route: tuple[str, int, int] = ("vxlan", 0, UDP)
    """The overlay that the underlay sees, with its UDP port and the length of its header."""
    flow_id: int | None = None
    """Of one packet in NVGRE, its innermost overlay."""
    carrier_bytes: int = 0
    """Of one packet: the headers of its carriers, without IP's."""
    path: str = "vxlan"
    around: tuple[Layer, ...] = ()
    policy: int | None = None
    """The sender's group, of VXLAN with a group policy."""
    dont_learn: bool = False
    """A VTEP must not learn from it where the sender is."""

    @property
    def innermost(self) -> Layer:
        """The overlay that carries the tenant's frame."""
        ends = self.src, self.dst, self.source_port
        return Layer(self.vni, *ends, self.outer_mac, self.path, len(self.around) + 1, self.policy)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All of them, from the outermost in."""
        return (*self.around, self.innermost)


def _link(tags: int) -> int:
    return ETHERNET + TAG * tags


def frame_lengths(packet: Packet, tags: int) -> list[int]:
    """Return the wire lengths of a packet's frames; `tags` are outer VLAN tags."""
    return [_link(tags) + packet.carriers_length + length for length in _outer_lengths(packet)]


def _outer_lengths(packet: Packet) -> list[int]:
    """Return the lengths of the VTEPs' IP packets."""
    if packet.pieces is None:
        return [packet.outer_length]
    header = packet.outer_header + _fragment_header(packet)
    return [header + piece.length for piece in pieces(packet)]


def _fragment_header(packet: Packet) -> int:
    return FRAGMENT if packet.sender.version == 6 and packet.pieces is not None else 0  # noqa: PLR2004


def pieces(packet: Packet) -> list[Piece]:
    """Return the fragments that are in the capture."""
    assert packet.pieces is not None  # noqa: S101 - asked of fragmented packets alone
    whole = cut(_datagram_length(packet), packet.sender.version, packet.pieces.mtu)
    return present(whole, packet.pieces)


def inner_start(packet: Packet, tags: int) -> int:
    """Return where the innermost frame begins in the frame that holds the VXLAN header."""
    before = _link(tags) + packet.carriers_length + _fragment_header(packet)
    return before + packet.outer_length - packet.inner.length


def endings(planned: Planned, ports: frozenset[int], tags: int, snap: int, lost: int = 0) -> list[Ending]:
    """Return how each frame of a packet counts.

    `ports` are VXLAN's, `snap` the bytes kept of a frame, `lost` its last frames that are not there.
    """
    if isinstance(planned, Plain):
        return [_plain(planned, tags, snap)]
    whole = _ending(planned, ports, tags, snap)
    if planned.pieces is None:
        return [whole]
    there = pieces(planned)
    there = there[: len(there) - lost]
    if whole.disposition == "other" and any(piece.offset == 0 for piece in there):
        return [whole] * len(there)
    # The piece that completes the datagram is the packet.
    last = completing(there, _datagram_length(planned))
    return [whole if index == last else Ending("fragment") for index in range(len(there))]


def _datagram_length(packet: Packet) -> int:
    return packet.outer_length - packet.outer_header


def incomplete(
    packet: Packet, ports: frozenset[int], tags: int, snap: int, lost: int = 0
) -> dict[str, Any] | None:
    """Return what is told of an outer datagram in pieces that is never whole; None of any other packet."""
    counted = endings(packet, ports, tags, snap, lost)
    if packet.pieces is None or not counted or any(ending.disposition != "fragment" for ending in counted):
        return None
    there = pieces(packet)[: len(counted)]
    wrap = packet.wrap
    ends = (packet.sender, packet.receiver) if wrap is None else (wrap.sender, wrap.receiver)
    is_vxlan = _ending(packet, ports, tags, snap) == Ending("vxlan")
    seen = is_vxlan and any(piece.offset == 0 for piece in there)
    return {
        "source": ends[0].ip,
        "destination": ends[1].ip,
        "identification": packet.outer_ident,
        "vni": (packet.vni if wrap is None else wrap.vni) if seen else None,
        "frames": len(there),
        "wire_bytes": sum(frame_lengths(packet, tags)[: len(there)]),
        "missing": missing(there, _datagram_length(packet)),
    }


def _plain(plain: Plain, tags: int, snap: int) -> Ending:
    """Return how a frame beside the overlay counts where its headers are cut off."""
    if plain.bare is not None:
        tags = int(plain.bare.vlan is not None)
    needed = ETHERNET
    if plain.reason != "non_ip":
        # Version 4 or 6 stands behind the link layer.
        version = plain.data[ETHERNET + TAG * tags] >> 4
        needed += TAG * tags + (20 if version == 4 else 40)  # noqa: PLR2004
        needed += UDP if plain.reason == "other_port" else 0
    elif plain.data[12:14] == b"\x81\x00":
        needed += TAG * tags
    return Ending("malformed", "outer_cut") if snap < needed else Ending(plain.disposition, plain.reason)


def _ending(packet: Packet, ports: frozenset[int], tags: int, snap: int) -> Ending:
    """Return how a packet counts that is there as a whole."""
    overlay, port = packet.outermost, packet.port if packet.wrap is None else packet.wrap.port
    behind_udp = _link(tags) + packet.carriers_length + packet.outer_header + overlay.udp_header
    if packet.pieces is None and snap < behind_udp:
        return Ending("malformed", "outer_cut")
    if overlay.is_over_udp and port not in ports:
        return Ending("other", "other_port")
    if packet.pieces is None and snap < behind_udp + overlay.header:
        if not overlay.is_over_udp:
            # Of GRE no more is known than that.
            return Ending("other", "non_udp")
        return Ending("invalid", "geneve_cut" if overlay.name == "geneve" else "vxlan_cut")
    is_valid = packet.wrap is not None or packet.has_vni
    return Ending("vxlan") if is_valid else Ending("invalid", "i_flag_clear")


def told(about: About, snap: int) -> tuple[bool, bool]:
    """Return whether an ICMP error is known to be about a VXLAN packet, and whether its VNI is known."""
    header = IPV4 if ":" not in about.src else IPV6
    kept = min(about.kept, snap - about.start - header)
    vni = about.overlay.udp_header + about.overlay.header
    return kept >= UDP, kept >= vni


def share(packet: Packet, ports: frozenset[int], tags: int, snap: int, time: int, *, lost: int = 0) -> Share:
    """Return what a VXLAN packet adds to the tables.

    `ports` are VXLAN's; `time`: of the frame that counts as the packet; `lost`: how many frames at its end
    are not in the capture.
    """
    lengths = _outer_lengths(packet)
    wires = frame_lengths(packet, tags)
    lengths, wires = lengths[: len(lengths) - lost], wires[: len(wires) - lost]
    wrap = packet.wrap
    # The packet inside of another is one only where it would be one outside; else it is a tenant's UDP.
    is_found = packet.port in ports or not packet.overlay.is_over_udp
    is_nested = wrap is not None and is_found and packet.has_vni
    own = packet if wrap is None or is_nested else wrap
    inner = packet.inner if wrap is None or is_nested else carried(packet)
    # Where the inner frame begins, and how much of it the capture holds: all of a datagram in pieces.
    start = _link(tags) + packet.carriers_length + packet.outer_length - inner.length
    kept = inner.length if packet.pieces is not None else max(0, min(snap, wires[0]) - start)
    whole = kept >= inner.length and (packet.pieces is None or all(wire <= snap for wire in wires))
    # A later fragment's ports are its first's, which was cut where this one would be.
    room = inner.length if packet.pieces is not None else snap - start
    seen = _read(inner, kept, max(kept, room))
    offload = packet.zero_length or (packet.pieces is None and packet.outermost_length > LARGEST_MTU)
    has_policy = own is packet and packet.overlay.name == "vxlan" and bool(packet.flags & G_FLAG)
    dont_learn = has_policy and bool(packet.reserved & DONT_LEARN)
    notes = {
        "reserved_bits": own is packet and bool(packet.flags & ~I_FLAG or packet.reserved),
        "group_policy": has_policy,
        "dont_learn": dont_learn,
        "policy_applied": has_policy and bool(packet.reserved & POLICY_APPLIED),
        "inner_cut": any(snap < wire for wire in wires) and kept < inner.length,
        "inner_header_cut": not seen.pop("whole"),
        "offload": offload,
        "reassembled": packet.pieces is not None,
        "overlapping_fragments": packet.pieces is not None and packet.pieces.overlaps,
        "inner_fragment": seen["protocol"] is not None and _is_fragment(inner),
        "stacked": is_nested or bool(packet.carriers),
        "critical_options": packet.outermost.is_critical or own.overlay.is_critical,
        "zero_checksum_ipv6": _lacks_checksum_ipv6(packet, own.overlay),
    }
    carriers_ip = sum(carrier.ip_header for carrier in packet.carriers)
    outer_ip = len(lengths) * (packet.outer_header + _fragment_header(packet) + carriers_ip)
    made = Share(
        own.vni,
        own.sender.ip,
        own.receiver.ip,
        own.source_port if own.overlay.is_over_udp else None,
        own.sender.mac if is_nested else packet.outer_mac,
        time,
        time,
        wire=sum(wires),
        inner=inner.length,
        outer_ip=outer_ip + packet.outer_header * is_nested,
        largest=packet.outermost_length,
        is_offload=offload,
        notes={name: 1 for name, holds in notes.items() if holds},
        ttl=packet.ttl - packet.hops,
        dscp=packet.dscp,
        ecn=packet.ecn,
        dont_fragment=packet.pieces is None,
        outer_sum=_outer_sum(packet, whole=whole),
        inner_sum=_inner_sum(packet, inner, kept, whole=whole),
        pieces=len(lengths) if packet.pieces is not None else 0,
        overlay_bytes=own.overlay.header,
        udp_bytes=own.overlay.udp_header,
        route=_route(packet),
        flow_id=None if own.overlay.is_over_udp else own.source_port,
        carrier_bytes=sum(carrier.header for carrier in packet.carriers),
        path=_path(packet.carriers, own.overlay),
        policy=packet.reserved & POLICY_ID if has_policy else None,
        dont_learn=dont_learn,
    )
    if wrap is not None and is_nested:
        port = wrap.source_port if wrap.overlay.is_over_udp else None
        ends = wrap.sender.ip, wrap.receiver.ip, port, packet.outer_mac
        around = _path(packet.carriers, wrap.overlay)
        made.around = (Layer(wrap.vni, *ends, around, 1),)
        made.path = f"{around}/{packet.overlay.name}"
        made.overlay_bytes += wrap.overlay.header
        made.udp_bytes += wrap.overlay.udp_header
        # Of the packet directly inside, which is the other VTEP's.
        seen |= {"inner_dscp": 0, "inner_ecn": 0}
    for name, value in seen.items():
        setattr(made, name, value)
    return made


def _is_fragment(inner: Inner) -> bool:
    return isinstance(inner.body, Ip) and inner.body.piece is not None


def _route(packet: Packet) -> tuple[str, int, int]:
    around = packet if packet.wrap is None else packet.wrap
    return around.overlay.name, around.port, around.overlay.header


def _path(carriers: tuple[Carrier, ...], overlay: Overlay) -> str:
    """Return what wraps a packet, from the outermost in."""
    return "/".join([*(carrier.word for carrier in carriers), overlay.name])


def _lacks_checksum_ipv6(packet: Packet, overlay: Overlay) -> bool:
    """Whether the UDP around an overlay of a packet has no checksum where IPv6 asks for one."""
    return overlay.is_over_udp and packet.checksum == "zero" and packet.sender.version == 6  # noqa: PLR2004


def _outer_sum(packet: Packet, *, whole: bool) -> str:
    """Return what the outer UDP checksum is found to be; `whole`: all of the datagram is there."""
    if packet.checksum == "zero" or not packet.outermost.is_over_udp:
        return "zero"
    if not whole:
        return "unverified"
    return "right" if packet.checksum == "valid" else "wrong"


def _inner_sum(packet: Packet, inner: Inner, kept: int, *, whole: bool) -> str | None:
    """Return what the checksums of an inner frame are found to be; its first `kept` bytes are there."""
    if kept < inner.header:
        return "unverified"
    body = inner.body
    if isinstance(body, Arp):
        return None
    if kept < inner.header + body.header:
        return "unverified"
    l4 = body.l4
    # Of a packet that is a tenant's UDP here: no checksum at all is right over IPv4, whatever else is there.
    is_zero = inner is not packet.inner and packet.checksum == "zero"
    if is_zero and kept >= inner.header + body.header + UDP:
        return "right" if packet.sender.version == 4 else "wrong"  # noqa: PLR2004
    if not whole or body.piece is not None:
        return "unverified"
    return l4.checksum if isinstance(l4, Tcp | UdpHeader) else "right"


def carried(packet: Packet) -> Inner:
    """Return the frame behind the outermost overlay: of a wrapped packet, the one around the other."""
    if packet.wrap is None:
        return packet.inner
    datagram = UdpHeader(packet.source_port, packet.port, packet.overlay.header + packet.inner.length)
    return Inner(packet.sender.mac, packet.receiver.mac, Ip(packet.sender.ip, packet.receiver.ip, datagram))


def _read(inner: Inner, kept: int, room: int) -> dict[str, object]:
    """Return what the first `kept` bytes of an inner frame tell; `whole`: all of its headers.

    `room`: so many there would be of a longer one.
    """
    seen: dict[str, object] = {"whole": False, "protocol": None}
    if not inner.bare:
        if kept < ETHERNET:
            return seen
        seen |= {"mac_src": inner.src, "mac_dst": inner.dst}
    if kept < inner.header:
        return seen
    body, left = inner.body, kept - inner.header
    seen["ethertype"] = body.ethertype
    if isinstance(body, Arp):
        if left >= body.header:
            claim = Claim(body.sender_ip, body.sender_mac, "arp")
            seen |= {"arp_sender": body.sender_ip, "claim": claim, "whole": True}
        return seen
    if left < body.header:
        return seen
    return seen | (_read_later(body, room - inner.header) if body.is_later else _read_ip(body, left))


def _read_later(ip: Ip, room: int) -> dict[str, object]:
    """Return what a later fragment tells; the ports are those of the first one."""
    seen: dict[str, object] = {"ip_src": ip.src, "ip_dst": ip.dst, "protocol": ip.l4.name, "whole": True}
    seen |= {"inner_dscp": ip.dscp, "inner_ecn": ip.ecn, "payload": ip.payload}
    if isinstance(ip.l4, UdpHeader) and room >= ip.header + 4:
        seen |= {"sport": ip.l4.sport, "dport": ip.l4.dport}
    return seen


def _read_ip(ip: Ip, kept: int) -> dict[str, object]:
    l4, left = ip.l4, kept - ip.header
    seen: dict[str, object] = {"ip_src": ip.src, "ip_dst": ip.dst, "protocol": l4.name, "whole": False}
    seen |= {"inner_dscp": ip.dscp, "inner_ecn": ip.ecn}
    if isinstance(l4, Tcp | UdpHeader) and left >= 4:  # noqa: PLR2004 - the two ports
        seen |= {"sport": l4.sport, "dport": l4.dport}
    match l4:
        case Tcp():
            if left >= l4.header:
                flags = "".join(letter for letter in "FSRPAUEC" if letter in l4.flags)
                said = Said(flags, l4.seq, l4.ack, l4.window, l4.payload)
                seen |= {"payload": l4.payload, "segments": ((flags, l4.payload > 0),), "said": said}
                seen["whole"] = True
        case UdpHeader():
            seen |= {"payload": ip.payload, "whole": left >= 4}  # noqa: PLR2004
            if l4.message is not None:
                seen["says"] = _said(ip, l4.message, left - l4.header)
        case Nd():
            seen |= {"payload": l4.payload, "whole": True}
            if left >= l4.header + l4.payload:
                seen["claim"] = Claim(l4.target if l4.advertisement else ip.src, l4.mac, "nd")
        case Complaint():
            seen |= {"payload": l4.payload, "whole": True, "complains": left >= l4.header}
            seen["quoted"] = _quoted(l4, left - l4.header)
        case _:
            seen |= {"payload": ip.payload, "whole": True}
    return seen


def _said(ip: Ip, message: Dhcp, kept: int) -> Grant | Name | None:
    """Return what the first `kept` bytes of a DHCP message say."""
    held = message.held(kept)
    if message.is_from_client:
        return Name(message.client, message.name) if "name" in held else None
    over6 = message.version == 6  # noqa: PLR2004
    if message.kind != "ack" or not held & ({"lease"} if over6 else {"kind"}):
        return None
    server = message.server if "server" in held and not over6 else ip.src
    lease = message.lease if "lease" in held else None
    return Grant(message.address, message.client, server, lease)


def _quoted(complaint: Complaint, left: int) -> tuple[str, frozenset[tuple[str, int | None]]] | None:
    """Return the flow that an ICMP error is about, as the first `left` bytes of its quote tell it."""
    ip = complaint.quoted
    ports = (ip.l4.sport, ip.l4.dport) if isinstance(ip.l4, Tcp | UdpHeader) else (None, None)
    needed = ip.header + (0 if ports == (None, None) else 4)
    if min(left, complaint.payload) < needed:
        return None
    return ip.l4.name, frozenset(zip((ip.src, ip.dst), ports, strict=True))
