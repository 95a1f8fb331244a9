"""Frames written byte by byte from the RFCs, so that the decoder can be told what it should have seen.

Nothing here imports the project under test, nor any packet library. Every function takes texts and numbers
and returns bytes in network order. Lengths and checksums are right unless the caller sets them.
"""

from collections.abc import Sequence
from ipaddress import ip_address

Tag = tuple[int, int]  # (tag protocol identifier, tag control information), as IEEE 802.1Q has them

ETHERTYPE = {"ipv4": 0x0800, "arp": 0x0806, "ipv6": 0x86DD, "mpls": 0x8847, "pppoe": 0x8864}
PROTOCOL = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "ipv6-in-ip": 41,
    "gre": 47,
    "esp": 50,
    "icmpv6": 58,
    "sctp": 132,
}
TCP_FLAGS = "FSRPAUEC"  # FIN SYN RST PSH ACK URG ECE CWR, from bit 0 up
VXLAN_PORT = 4789
I_FLAG = 0x08

HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION, NO_NEXT = 0, 43, 44, 60, 59


def number(value: int, size: int) -> bytes:
    """`value` in `size` bytes, network order."""
    return value.to_bytes(size, "big")


def mac(text: str) -> bytes:
    """Return the six bytes of a MAC address."""
    return bytes.fromhex(text.replace(":", ""))


def ip(text: str) -> bytes:
    """Return the four or sixteen bytes of an IP address."""
    return ip_address(text).packed


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(padded[i : i + 2], "big") for i in range(0, len(padded), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


# ---- link layers ---------------------------------------------------------------------------------


def ethernet(dst: str, src: str, ethertype: int, payload: bytes, tags: Sequence[Tag] = ()) -> bytes:
    """Return an Ethernet II frame, `tags` from the outermost in."""
    stack = b"".join(number(tpid, 2) + number(tci, 2) for tpid, tci in tags)
    return mac(dst) + mac(src) + stack + number(ethertype, 2) + payload


def llc(dst: str, src: str, payload: bytes) -> bytes:
    """Return an IEEE 802.3 frame: a length where Ethernet II has its EtherType."""
    return mac(dst) + mac(src) + number(len(payload), 2) + payload


def sll(src: str, ethertype: int, payload: bytes) -> bytes:
    """Return a Linux cooked v1 frame: packet type, ARPHRD, address length, address, protocol."""
    return number(0, 2) + number(1, 2) + number(6, 2) + mac(src) + b"\0\0" + number(ethertype, 2) + payload


def sll2(src: str, ethertype: int, payload: bytes) -> bytes:
    """Return a Linux cooked v2 frame: protocol first, then interface, ARPHRD, packet type, address."""
    head = number(ethertype, 2) + b"\0\0" + number(3, 4) + number(1, 2) + number(0, 1) + number(6, 1)
    return head + mac(src) + b"\0\0" + payload


def null(version: int, payload: bytes, *, big: bool = False) -> bytes:
    """Return a BSD loopback frame: the address family in the byte order of the capturing machine."""
    family = {4: 2, 6: 30}[version]
    return family.to_bytes(4, "big" if big else "little") + payload


def loop(version: int, payload: bytes) -> bytes:
    """Return an OpenBSD loopback frame (LINKTYPE_LOOP): the address family in network order."""
    return null(version, payload, big=True)


# ---- network layers ------------------------------------------------------------------------------


def ipv4(
    src: str,
    dst: str,
    protocol: int,
    payload: bytes,
    *,
    options: bytes = b"",
    ident: int = 0,
    offset: int = 0,
    more: bool = False,
    total_length: int | None = None,
    ttl: int = 64,
    traffic_class: int = 0,
    dont_fragment: bool = False,
) -> bytes:
    """Return an IPv4 packet (RFC 791); `options` are padded, `offset` is in bytes, a multiple of eight.

    `traffic_class` is DSCP with ECN behind it (RFC 2474, RFC 3168).
    """
    options += b"\0" * (-len(options) % 4)
    header_length = 20 + len(options)
    if total_length is None:
        total_length = header_length + len(payload)
    fragment = offset // 8 | (0x2000 if more else 0) | (0x4000 if dont_fragment else 0)
    head = number(0x40 | header_length // 4, 1) + number(traffic_class, 1) + number(total_length, 2)
    head += number(ident, 2) + number(fragment, 2) + number(ttl, 1) + number(protocol, 1)
    tail = ip(src) + ip(dst) + options
    return head + number(checksum(head + b"\0\0" + tail), 2) + tail + payload


def ipv6(
    src: str,
    dst: str,
    protocol: int,
    payload: bytes,
    *,
    extensions: Sequence[tuple[int, bytes]] = (),
    payload_length: int | None = None,
    hop_limit: int = 64,
    traffic_class: int = 0,
) -> bytes:
    """Return an IPv6 packet (RFC 8200); `extensions` are (number, the bytes after the Next Header byte)."""
    kinds = [kind for kind, _ in extensions] + [protocol]
    chain = b"".join(number(kinds[i + 1], 1) + rest for i, (_, rest) in enumerate(extensions))
    if payload_length is None:
        payload_length = len(chain) + len(payload)
    head = number(0x60000000 | traffic_class << 20, 4) + number(payload_length, 2)
    head += number(kinds[0], 1) + number(hop_limit, 1)
    return head + ip(src) + ip(dst) + chain + payload


def extension(kind: int, units: int = 0) -> tuple[int, bytes]:
    """Return an extension header of `8 + 8 * units` bytes: options (PadN), or routing of type 253."""
    size = 6 + 8 * units
    if kind == ROUTING:
        return kind, number(units, 1) + number(253, 1) + bytes(size - 1)
    return kind, number(units, 1) + number(1, 1) + number(size - 2, 1) + bytes(size - 2)


def fragment_header(ident: int, offset: int, *, more: bool) -> tuple[int, bytes]:
    """Return the IPv6 fragment header; `offset` is in bytes, a multiple of eight."""
    return FRAGMENT, b"\0" + number(offset | more, 2) + number(ident, 4)


def arp(sender_mac: str, sender_ip: str, target_mac: str, target_ip: str, operation: int = 1) -> bytes:
    """Return an ARP packet for Ethernet and IPv4 (RFC 826)."""
    head = number(1, 2) + number(0x0800, 2) + number(6, 1) + number(4, 1) + number(operation, 2)
    return head + mac(sender_mac) + ip(sender_ip) + mac(target_mac) + ip(target_ip)


# ---- transport layers ----------------------------------------------------------------------------


def udp(sport: int, dport: int, payload: bytes, *, length: int | None = None) -> bytes:
    """Return a UDP datagram with the zero checksum that RFC 7348 asks of a tunnel's outer header."""
    return (
        number(sport, 2)
        + number(dport, 2)
        + number(8 + len(payload) if length is None else length, 2)
        + b"\0\0"
        + payload
    )


def tcp(
    sport: int,
    dport: int,
    flags: str,
    payload: bytes = b"",
    *,
    seq: int = 1,
    ack: int = 1,
    window: int = 512,
    options: bytes = b"",
) -> bytes:
    """Return a TCP segment; `flags` are letters of `FSRPAUEC`, `options` are padded to four bytes."""
    options += b"\0" * (-len(options) % 4)
    bits = sum(1 << TCP_FLAGS.index(letter) for letter in flags)
    head = number(sport, 2) + number(dport, 2) + number(seq, 4) + number(ack, 4)
    return (
        head
        + number((5 + len(options) // 4) << 4, 1)
        + number(bits, 1)
        + number(window, 2)
        + bytes(4)
        + options
        + payload
    )


def sctp(sport: int, dport: int, chunks: bytes) -> bytes:
    """Return an SCTP packet: the common header of twelve bytes (RFC 9260 section 3.1), then `chunks`."""
    return number(sport, 2) + number(dport, 2) + number(1, 4) + bytes(4) + chunks


def icmp(kind: int, code: int, body: bytes, rest: int = 0) -> bytes:
    """Return an ICMP or ICMPv6 message: a header of eight bytes, `rest` in its last four, then `body`."""
    return number(kind, 1) + number(code, 1) + bytes(2) + number(rest, 4) + body


def igmp(kind: int, group: str) -> bytes:
    """Return an IGMP version 2 message (RFC 2236): always eight bytes."""
    return number(kind, 1) + number(0, 1) + bytes(2) + ip(group)


CHECKSUM_AT = {"tcp": 16, "udp": 6, "icmp": 2, "icmpv6": 2}


def pseudo_header(src: str, dst: str, protocol: int, length: int) -> bytes:
    """Return the pseudo-header of a checksum (RFC 9293 section 3.1, RFC 8200 section 8.1)."""
    if len(ip(src)) == 4:
        return ip(src) + ip(dst) + b"\0" + number(protocol, 1) + number(length, 2)
    return ip(src) + ip(dst) + number(length, 4) + bytes(3) + number(protocol, 1)


def summed(src: str, dst: str, kind: str, message: bytes, how: str = "right") -> bytes:
    """Return a message with its checksum: right, wrong, partial (the pseudo-header's alone), or zero."""
    at = CHECKSUM_AT[kind]
    blank = message[:at] + b"\0\0" + message[at + 2 :]
    pseudo = b"" if kind == "icmp" else pseudo_header(src, dst, PROTOCOL[kind], len(message))
    right = checksum(pseudo + blank)
    if kind == "udp" and right == 0:
        right = 0xFFFF  # RFC 768: 0 would say that there is none
    values = {"right": right, "wrong": right ^ 0x0101, "partial": 0xFFFF - checksum(pseudo), "zero": 0}
    return message[:at] + number(values[how], 2) + message[at + 2 :]


def neighbor(kind: int, target: str, option: int, address: str, flags: int = 0) -> tuple[bytes, int]:
    """Return what follows an ICMPv6 header in a neighbour message (RFC 4861), and the header's last bytes.

    `option` is 1 for the source's link-layer address, 2 for the target's.
    """
    targets = {135: ip(target), 136: ip(target), 134: bytes(8)}
    head = targets.get(kind, b"")
    return head + number(option, 1) + number(1, 1) + mac(address), flags << 24


def dhcp(sender: int, client: str, yours: str, options: Sequence[tuple[int, bytes]]) -> bytes:
    """Return a DHCP message (RFC 2131): `sender` is 1 for a client and 2 for a server."""
    head = number(sender, 1) + number(1, 1) + number(6, 1) + bytes(13) + ip(yours) + bytes(8) + mac(client)
    head += bytes(10 + 64 + 128) + number(0x63825363, 4)
    return (
        head + b"".join(number(kind, 1) + number(len(value), 1) + value for kind, value in options) + b"\xff"
    )


def dhcpv6(kind: int, options: Sequence[tuple[int, bytes]]) -> bytes:
    """Return a DHCPv6 message (RFC 8415)."""
    return number(kind, 1) + bytes(3) + b"".join(dhcpv6_option(*option) for option in options)


def dhcpv6_option(kind: int, value: bytes) -> bytes:
    """Return a DHCPv6 option."""
    return number(kind, 2) + number(len(value), 2) + value


def dhcpv6_address(address: str, valid: int) -> tuple[int, bytes]:
    """Return an association (IA_NA) with one address."""
    return 3, bytes(12) + dhcpv6_option(5, ip(address) + number(valid // 2, 4) + number(valid, 4))


# ---- carriers ------------------------------------------------------------------------------------

BRIDGED, ERSPAN, ERSPAN_III = 0x6558, 0x88BE, 0x22EB  # GRE protocol types


def mpls(labels: Sequence[int], payload: bytes, *, traffic_class: int = 0, ttl: int = 64) -> bytes:
    """Return a label stack (RFC 3032 section 2.1), the last label with the S bit."""
    bottom = len(labels) - 1
    entries = (
        label << 12 | traffic_class << 9 | (0x100 if at == bottom else 0) | ttl
        for at, label in enumerate(labels)
    )
    return b"".join(number(entry, 4) for entry in entries) + payload


def control_word(frame: bytes, sequence: int = 0) -> bytes:
    """Return a pseudowire's frame behind its control word (RFC 4385 section 3)."""
    return number(sequence, 4) + frame


def pppoe(version: int, packet: bytes, *, session: int = 1, length: int | None = None) -> bytes:
    """Return a PPPoE session payload (RFC 2516 section 4) around the PPP frame of an IP packet."""
    ppp = number({4: 0x0021, 6: 0x0057}[version], 2) + packet
    return b"\x11\0" + number(session, 2) + number(len(ppp) if length is None else length, 2) + ppp


def gre(
    protocol: int,
    payload: bytes,
    *,
    key: int | None = None,
    sequence: int | None = None,
    summed: bool = False,
) -> bytes:
    """Return a GRE packet (RFC 2784 section 2, RFC 2890 section 2); `summed` has a checksum."""
    flags = 0x8000 * summed | 0x2000 * (key is not None) | 0x1000 * (sequence is not None)
    words = b"".join(number(word, 4) for word in (key, sequence) if word is not None)
    head = number(flags, 2) + number(protocol, 2)
    if not summed:
        return head + words + payload
    return head + number(checksum(head + bytes(4) + words + payload), 2) + bytes(2) + words + payload


def erspan(kind: int, frame: bytes, *, session: int = 5, subheader: bool = False) -> bytes:
    """Return a mirrored frame from GRE on (draft-foschiano-erspan-03 section 4), of type 1, 2 or 3."""
    if kind == 1:
        return gre(ERSPAN, frame)
    if kind == 2:
        return gre(ERSPAN, number(0x1001, 2) + number(session, 2) + number(7, 4) + frame, sequence=9)
    head = number(0x2001, 2) + number(session, 2) + number(123_456, 4) + number(0, 2)
    tail = number(1, 2) + bytes(8) if subheader else bytes(2)
    return gre(ERSPAN_III, head + tail + frame, sequence=9)


# ---- VXLAN ---------------------------------------------------------------------------------------


def vxlan(vni: int, frame: bytes, *, flags: int = I_FLAG, reserved: int = 0, last: int = 0) -> bytes:
    """Return a VXLAN header (RFC 7348 section 5) and the inner frame; `reserved` has 24 bits, `last` 8."""
    return number(flags, 1) + number(reserved, 3) + number(vni, 3) + number(last, 1) + frame


def vxlan_gbp(vni: int, frame: bytes, group: int) -> bytes:
    """Return a VXLAN header with a group policy (draft-smith-vxlan-group-policy): G flag and group."""
    return vxlan(vni, frame, flags=0x88, reserved=group)


def vxlan_gpe(vni: int, payload: bytes, next_protocol: int = 3, *, flags: int = 0x0C, last: int = 0) -> bytes:
    """Return a VXLAN-GPE header (draft-ietf-nvo3-vxlan-gpe): I and P flag, and what it carries."""
    return number(flags, 1) + number(next_protocol, 3) + number(vni, 3) + number(last, 1) + payload


def geneve_option(option_class: int, kind: int, data: bytes) -> bytes:
    """Return an option of Geneve (RFC 8926 section 3.5); the highest bit of its kind says: critical."""
    return number(option_class, 2) + number(kind, 1) + number(len(data) // 4, 1) + data


def geneve(
    vni: int,
    payload: bytes,
    protocol: int = 0x6558,
    *,
    options: bytes = b"",
    flags: int = 0,
    version: int = 0,
    last: int = 0,
) -> bytes:
    """Return a Geneve header (RFC 8926 section 3.4) with its options, and what it carries."""
    front = number(version << 6 | len(options) // 4, 1) + number(flags, 1) + number(protocol, 2)
    return front + number(vni, 3) + number(last, 1) + options + payload


def nvgre(vsid: int, frame: bytes, flow_id: int = 0) -> bytes:
    """Return an NVGRE header (RFC 7637 section 3.2) and the inner frame: GRE with a key, around Ethernet."""
    return gre(BRIDGED, frame, key=vsid << 8 | flow_id)
