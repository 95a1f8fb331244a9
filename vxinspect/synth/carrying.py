"""Carriers to bytes: a VTEP's packet, or a piece of one, in all that brings it."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dpkt

from vxinspect.synth.carriers import Carrier, Erspan, Gre, Ipip, Mpls, Pppoe

__all__ = ["Carried", "Wrappers", "carry"]

_ETHERTYPE = {4: dpkt.ethernet.ETH_TYPE_IP, 6: dpkt.ethernet.ETH_TYPE_IP6}
_MPLS, _PPPOE, _BRIDGED, _ERSPAN, _ERSPAN_III = 0x8847, 0x8864, 0x6558, 0x88BE, 0x22EB
_PPP = {dpkt.ethernet.ETH_TYPE_IP: 0x0021, dpkt.ethernet.ETH_TYPE_IP6: 0x0057}
_IN_IP = {dpkt.ethernet.ETH_TYPE_IP: 4, dpkt.ethernet.ETH_TYPE_IP6: 41}
_GRE = 47
_TTL = 64


@dataclass(frozen=True, slots=True)
class Carried:
    """What an EtherType announces."""

    ethertype: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Wrappers:
    """How an IP packet and the mirrored or bridged frame are made: those of `frames`."""

    internet: Callable[[str, str, int, bytes], bytes]
    ethernet: Callable[[int, bytes], bytes]


def carry(carriers: Sequence[Carrier], version: int, packet: bytes, number: int, make: Wrappers) -> Carried:
    """Return a packet of IP `version` within carriers, outermost first; `number` is that of the packet."""
    inside = Carried(_ETHERTYPE[version], packet)
    for carrier in reversed(carriers):
        inside = _within(carrier, inside, number, make)
    return inside


def _within(carrier: Carrier, inside: Carried, number: int, make: Wrappers) -> Carried:
    if carrier.brings_frame:
        inside = Carried(_BRIDGED, make.ethernet(inside.ethertype, inside.data))
    match carrier:
        case Mpls():
            return Carried(_MPLS, _labels(carrier) + inside.data)
        case Pppoe():
            ppp = struct.pack(">H", _PPP[inside.ethertype]) + inside.data
            # RFC 2516 section 4: version 1, type 1, code 0.
            return Carried(_PPPOE, struct.pack(">BBHH", 0x11, 0, carrier.session, len(ppp)) + ppp)
        case Ipip():
            protocol, payload = _IN_IP[inside.ethertype], inside.data
        case Gre():
            protocol, payload = _GRE, _gre(carrier, inside, number)
        case Erspan():
            protocol, payload = _GRE, _erspan(carrier, inside.data, number)
    packet = make.internet(carrier.source, carrier.destination, protocol, payload)
    return Carried(_ETHERTYPE[carrier.version], packet)


def _labels(mpls: Mpls) -> bytes:
    """Return the entries of a label stack (RFC 3032 section 2.1), and a control word (RFC 4385 section 3)."""
    last = len(mpls.labels) - 1
    entries = (label << 12 | (at == last) << 8 | _TTL for at, label in enumerate(mpls.labels))
    return b"".join(struct.pack(">I", entry) for entry in entries) + bytes(
        4 if mpls.pseudowire == "control-word" else 0
    )


def _gre(gre: Gre, inside: Carried, number: int) -> bytes:
    """Return GRE's header (RFC 2784 section 2, RFC 2890 section 2) and what it carries."""
    flags = gre.checksum << 15 | (gre.key is not None) << 13 | gre.sequence << 12
    words = [word for word in (gre.key, number if gre.sequence else None) if word is not None]
    fields = b"".join(struct.pack(">I", word) for word in words)
    head = struct.pack(">HH", flags, inside.ethertype)
    if not gre.checksum:
        return head + fields + inside.data
    total = dpkt.dpkt.in_cksum(head + bytes(4) + fields + inside.data)
    return head + struct.pack(">HH", total, 0) + fields + inside.data


def _erspan(erspan: Erspan, frame: bytes, number: int) -> bytes:
    """Return a mirrored frame from GRE's header on (draft-foschiano-erspan section 4)."""
    if erspan.type == 1:
        return struct.pack(">HH", 0, _ERSPAN) + frame
    sequence = 1 << 12
    if erspan.type == 2:  # noqa: PLR2004
        own = struct.pack(">HHI", 1 << 12, erspan.session, 0)
        return struct.pack(">HHI", sequence, _ERSPAN, number) + own + frame
    # Its timestamp is a counter's; the last 16 bits say an Ethernet frame without a platform's header.
    own = struct.pack(">HHIHH", 2 << 12, erspan.session, number, 0, 0)
    return struct.pack(">HHI", sequence, _ERSPAN_III, number) + own + frame
