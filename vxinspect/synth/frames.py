"""Planned packets to bytes, by dpkt's classes; overlays' headers are ours."""

import struct
from collections.abc import Mapping
from ipaddress import ip_address

import dpkt

from vxinspect.synth.carrying import Wrappers, carry
from vxinspect.synth.packet import (
    ETHERNET,
    I_FLAG,
    L4,
    TAG,
    About,
    Arp,
    Complaint,
    Icmp,
    IcmpError,
    Inner,
    Ip,
    Nd,
    Packet,
    Tcp,
    Udp,
    Wrap,
)
from vxinspect.synth.pieces import Piece, cut, present
from vxinspect.synth.scenario import Underlay

__all__ = [
    "FILL",
    "IPV4_QUOTE",
    "IPV6_QUOTE",
    "ROUTER_MAC",
    "encode",
    "ethernet",
    "icmp_error",
    "inner_frame",
    "internet",
    "summed",
]

FILL = bytes(range(256)) * 1024
"""What payloads are filled with, from its beginning."""
ROUTER_MAC = "02:00:00:00:ff:fe"
"""The MAC of the router that answers packets which are too large."""

_CARRIER_MACS = "02:00:00:00:fc:02", "02:00:00:00:fc:01"
"""Destination and source of frames between the ends of a carrier."""
_PROTOCOL = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}
_TCP_FLAGS = "FSRPAUEC"
_DONT_FRAGMENT = 1
_ICMP_ERRORS: Mapping[int, Mapping[IcmpError, tuple[int, int]]] = {
    4: {
        "frag-needed": (3, 4),
        "unreachable": (3, 1),
        "time-exceeded": (11, 0),
        "parameter-problem": (12, 0),
    },
    6: {
        "frag-needed": (2, 0),
        "unreachable": (1, 3),
        "time-exceeded": (3, 0),
        "parameter-problem": (4, 0),
    },
}
"""Type and code by IP version (RFC 792, RFC 1191 section 4, RFC 4443); an MTU stands where both have it."""
IPV4_QUOTE = 576 - 28
"""As much of a packet as its ICMP error holds: RFC 1812 section 4.3.2.3, and RFC 4443 section 2.4 (c)."""
IPV6_QUOTE = 1280 - 48
_UDP = 17
_SUM_AT = {6: 16, 17: 6}
"""Where the checksum stands, by protocol; at 2 in ICMP's messages."""
_HOP_LIMIT = 64


def encode(packet: Packet, underlay: Underlay) -> list[bytes]:
    """Return the frames of a packet on the underlay: one, or the fragments that are there."""
    sender, receiver = packet.sender, packet.receiver
    header = packet.overlay.encode(
        packet.flags, packet.reserved, packet.vni, packet.inner.kind, packet.source_port
    )
    frame = header + inner_frame(packet.inner)
    if packet.wrap is not None:
        whole = internet(
            *(sender.ip, receiver.ip),
            packet.overlay.protocol,
            _payload(packet, packet, frame),
            ident=packet.outer_ident,
            ttl=underlay.ttl,
        )
        wrapped = ethernet(receiver.mac, sender.mac, sender.version, whole)
        wrap = packet.wrap
        sender, receiver = wrap.sender, wrap.receiver
        frame = wrap.overlay.encode(I_FLAG, 0, wrap.vni, "ethernet", wrap.source_port) + wrapped
    payload = _payload(packet, packet.wrap or packet, frame)
    macs = receiver.mac, sender.mac
    return [
        _on_link(packet, macs, ip, underlay.vlan) for ip in _outer(packet, sender.ip, receiver.ip, payload)
    ]


def _on_link(packet: Packet, macs: tuple[str, str], ip: bytes, vlan: tuple[int, ...]) -> bytes:
    """Return the frame around a VTEP's IP packet, or a piece of it, with what carries it."""
    make = Wrappers(internet, lambda ethertype, data: ethernet(*macs, ethertype, data))
    carried = carry(packet.carriers, packet.sender.version, ip, packet.outer_ident, make)
    ends = macs if packet.is_seen_by_link else _CARRIER_MACS
    return ethernet(*ends, carried.ethertype, carried.data, vlan)


def _outer(packet: Packet, src: str, dst: str, payload: bytes) -> list[bytes]:
    """Return the outer IP packets around a payload."""
    if packet.pieces is None:
        chosen: list[Piece | None] = [None]
    else:
        chosen = [*present(cut(len(payload), packet.sender.version, packet.pieces.mtu), packet.pieces)]
    return [
        internet(
            src,
            dst,
            packet.outermost.protocol,
            payload if piece is None else payload[piece.offset : piece.offset + piece.length],
            ident=packet.outer_ident,
            ttl=packet.ttl - packet.hops,
            traffic_class=packet.dscp << 2 | packet.ecn,
            piece=piece,
            zero_length=packet.zero_length,
        )
        for piece in chosen
    ]


def ethernet(dst: str, src: str, version: int, payload: bytes, vlan: tuple[int, ...] = ()) -> bytes:
    """Return an Ethernet frame; `version` is that of IP, or an EtherType."""
    kind = {4: dpkt.ethernet.ETH_TYPE_IP, 6: dpkt.ethernet.ETH_TYPE_IP6}.get(version, version)
    frame = dpkt.ethernet.Ethernet(dst=_mac(dst), src=_mac(src), type=kind)
    if vlan:
        frame.vlan_tags = [dpkt.ethernet.VLANtag8021Q(id=vid) for vid in vlan]
    # The header alone: over IPv6, dpkt would put a checksum where UDP is to have none.
    return bytes(frame.pack_hdr()) + payload


def internet(
    src: str,
    dst: str,
    protocol: int,
    payload: bytes,
    *,
    ident: int = 0,
    ttl: int = _HOP_LIMIT,
    traffic_class: int = 0,
    piece: Piece | None = None,
    zero_length: bool = False,
) -> bytes:
    """Return an IP packet of either version, or a fragment of one."""
    source, destination = ip_address(src).packed, ip_address(dst).packed
    if len(source) == 4:  # noqa: PLR2004 - IPv4
        ip = dpkt.ip.IP(
            src=source, dst=destination, p=protocol, id=ident, ttl=ttl, tos=traffic_class, data=payload
        )
        ip.df, ip.mf, ip.offset = _DONT_FRAGMENT, 0, 0
        if piece is not None:
            ip.df, ip.mf, ip.offset = 0, int(piece.more), piece.offset // 8
        if zero_length:
            # Its length and its checksum are set here: dpkt would fill both in.
            ip.len = 0
            ip.sum = dpkt.dpkt.in_cksum(ip.pack_hdr())
        return bytes(ip)
    if piece is not None:
        head = dpkt.ip6.IP6FragmentHeader(
            nxt=protocol, id=ident, frag_off=piece.offset // 8, m_flag=int(piece.more)
        )
        protocol, payload = dpkt.ip.IP_PROTO_FRAGMENT, bytes(head) + payload
    length = 0 if zero_length else len(payload)
    ip6 = dpkt.ip6.IP6(src=source, dst=destination, nxt=protocol, hlim=ttl, plen=length, data=payload)
    ip6.fc = traffic_class
    # The header alone: a payload that begins with an extension header is none of dpkt's business.
    return bytes(ip6.pack_hdr()) + payload


def icmp_error(
    packet: Packet,
    underlay: Underlay,
    router: str,
    error: IcmpError,
    *,
    mtu: int | None = None,
    quote: int | None = None,
) -> tuple[bytes, About]:
    """Return what a router tells the sender of a packet, and what that comes to.

    `quote`: so many bytes behind the packet's IP header; as many as the error may hold, where none is given.
    """
    whole = encode(packet, underlay)[0]
    link = len(whole) - packet.outer_length
    version = packet.sender.version
    ends = packet if packet.wrap is None else packet.wrap
    quoted = whole[link:][: IPV4_QUOTE if version == 4 else IPV6_QUOTE]  # noqa: PLR2004
    if quote is not None:
        quoted = quoted[: packet.outer_header + quote]
    kind, code = _ICMP_ERRORS[version][error]
    message = struct.pack(">BBHI", kind, code, 0, mtu or 0) + quoted
    protocol = _PROTOCOL["icmp" if version == 4 else "icmpv6"]  # noqa: PLR2004
    message = summed(router, ends.sender.ip, protocol, message)
    answer = internet(router, ends.sender.ip, protocol, message, ttl=underlay.ttl)
    start = ETHERNET + TAG * len(underlay.vlan) + len(answer) - len(quoted)
    tunnel = ends.sender.ip, ends.receiver.ip, ends.vni
    about = About(error, mtu, *tunnel, start, len(quoted) - packet.outer_header, packet.outermost)
    return ethernet(ends.sender.mac, ROUTER_MAC, version, answer, underlay.vlan), about


def _payload(packet: Packet, around: Packet | Wrap, data: bytes) -> bytes:
    """Return what the IP packet of one of a packet's overlays carries.

    It is a UDP datagram, its checksum zero, right or wrong; or the overlay's header and what follows, `data`.
    """
    if not around.overlay.is_over_udp:
        return data
    length = 0 if packet.zero_length else 8 + len(data)
    datagram = bytes(dpkt.udp.UDP(sport=around.source_port, dport=around.port, ulen=length, sum=0)) + data
    if packet.checksum == "zero":
        return datagram
    # The pseudo-header has the real length, whatever the field says (RFC 2675 section 4).
    datagram = summed(around.sender.ip, around.receiver.ip, _UDP, datagram)
    if packet.checksum == "wrong":
        # Neither right nor zero, and still wrong where 0xffff and 0 mean the same.
        return _with_sum(_UDP, datagram, _sum_of(_UDP, datagram) ^ 0x5555 or 0x1111)
    return datagram


def inner_frame(inner: Inner) -> bytes:
    """Return an inner frame, or the IP packet that is without one."""
    if inner.bare and isinstance(inner.body, Ip):
        return _packet(inner.body)
    vlan = () if inner.vlan is None else (inner.vlan,)
    if isinstance(inner.body, Arp):
        return ethernet(inner.dst, inner.src, dpkt.ethernet.ETH_TYPE_ARP, _arp(inner.body), vlan)
    ip = inner.body
    return ethernet(inner.dst, inner.src, ip.version, _packet(ip), vlan)


def _packet(ip: Ip) -> bytes:
    """Return an inner IP packet."""
    message = _transport(ip)
    if ip.piece is not None:
        message = message[ip.piece.offset : ip.piece.offset + ip.piece.length]
    return internet(
        ip.src,
        ip.dst,
        _PROTOCOL[ip.l4.name],
        message,
        ident=ip.ident,
        piece=ip.piece,
        ttl=255 if isinstance(ip.l4, Nd) else ip.ttl,  # RFC 4861 section 7.1
        traffic_class=ip.dscp << 2 | ip.ecn,
        zero_length=ip.zero_length,
    )


def _arp(arp: Arp) -> bytes:
    packet = dpkt.arp.ARP(
        op=arp.operation,
        sha=_mac(arp.sender_mac),
        spa=ip_address(arp.sender_ip).packed,
        tha=_mac(arp.target_mac),
        tpa=ip_address(arp.target_ip).packed,
    )
    return bytes(packet)


def _transport(ip: Ip) -> bytes:
    """Return a transport header with what it carries, and its checksum as the plan wants it."""
    protocol, message = _PROTOCOL[ip.l4.name], _message(ip.l4)
    how = ip.l4.checksum if isinstance(ip.l4, Tcp | Udp) else "right"
    if how == "partial":
        # What a sender leaves to its network card: the pseudo-header's sum, not complemented.
        pseudo_header = _pseudo_header(ip.src, ip.dst, protocol, len(message))
        return _with_sum(protocol, message, 0xFFFF ^ dpkt.dpkt.in_cksum(pseudo_header))
    right = summed(ip.src, ip.dst, protocol, message)
    return _with_sum(protocol, right, _sum_of(protocol, right) ^ 0x5555) if how == "wrong" else right


def summed(src: str, dst: str, protocol: int, message: bytes) -> bytes:
    """Return a transport message, whose checksum is zero, with the right one."""
    if protocol == dpkt.ip.IP_PROTO_ICMP:
        return _with_sum(protocol, message, dpkt.dpkt.in_cksum(message))
    total = dpkt.dpkt.in_cksum(_pseudo_header(src, dst, protocol, len(message)) + message)
    # RFC 768: zero would say that there is none.
    return _with_sum(protocol, message, total or 0xFFFF if protocol == _UDP else total)


def _with_sum(protocol: int, message: bytes, total: int) -> bytes:
    at = _SUM_AT.get(protocol, 2)
    return message[:at] + struct.pack(">H", total) + message[at + 2 :]


def _sum_of(protocol: int, message: bytes) -> int:
    at = _SUM_AT.get(protocol, 2)
    return int.from_bytes(message[at : at + 2], "big")


def _message(l4: L4) -> bytes:
    """Return a transport header with a checksum of zero, and what it carries."""
    match l4:
        case Tcp():
            flags = sum(1 << _TCP_FLAGS.index(letter) for letter in l4.flags)
            segment = dpkt.tcp.TCP(
                sport=l4.sport, dport=l4.dport, seq=l4.seq, ack=l4.ack, flags=flags, win=l4.window
            )
            return bytes(segment) + FILL[: l4.payload]
        case Udp():
            datagram = dpkt.udp.UDP(sport=l4.sport, dport=l4.dport, ulen=8 + l4.payload, sum=0)
            return bytes(datagram) + (FILL[: l4.payload] if l4.message is None else l4.message.encode())
        case Icmp():
            kind = (0 if l4.reply else 8) if l4.version == 4 else 128 + l4.reply  # noqa: PLR2004
            return struct.pack(">BBHHH", kind, 0, 0, l4.ident, l4.sequence) + FILL[: l4.payload]
        case Nd():
            # S and O flags: an answer, and it overrides what was known (RFC 4861 section 4.4).
            kind, flags, option = (136, 0x60000000, 2) if l4.advertisement else (135, 0, 1)
            head = struct.pack(">BBHI", kind, 0, 0, flags) + ip_address(l4.target).packed
            return head + struct.pack(">BB", option, 1) + _mac(l4.mac)
        case Complaint():
            kind, code = _ICMP_ERRORS[l4.quoted.version][l4.error]
            return struct.pack(">BBHI", kind, code, 0, 0) + _packet(l4.quoted)[: l4.payload]


def _pseudo_header(src: str, dst: str, protocol: int, length: int) -> bytes:
    """Return the pseudo-header of a checksum; IPv4's with a length as long as IPv6's sums up to the same."""
    return ip_address(src).packed + ip_address(dst).packed + struct.pack(">II", length, protocol)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
