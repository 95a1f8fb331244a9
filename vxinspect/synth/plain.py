"""Frames of an underlay that are not VXLAN: what VTEPs say to each other, and their switch."""

import struct
from collections.abc import Iterator
from ipaddress import ip_address

import dpkt

from vxinspect.synth.frames import FILL, ethernet, internet, summed
from vxinspect.synth.network import Vtep
from vxinspect.synth.packet import Plain
from vxinspect.synth.scenario import Underlay

__all__ = ["frames"]

_BROADCAST = "ff:ff:ff:ff:ff:ff"
_NEAREST_BRIDGE = "01:80:c2:00:00:0e"
_LLDP = 0x88CC


def frames(one: Vtep, other: Vtep, underlay: Underlay) -> Iterator[Plain]:
    """Yield one frame of each kind, without times, as the walk must count it."""
    request = dpkt.arp.ARP(sha=bytes.fromhex(one.mac.replace(":", "")), spa=bytes(4), tpa=bytes(4))
    if one.version == 4:  # noqa: PLR2004
        request.spa, request.tpa = ip_address(one.ip).packed, ip_address(other.ip).packed
    arp = ethernet(_BROADCAST, one.mac, dpkt.ethernet.ETH_TYPE_ARP, bytes(request), underlay.vlan)
    yield Plain(0, arp, "other", "non_ip")
    yield Plain(0, _between(one, other, 17, _udp(53_535, 9, 40), underlay), "other", "other_port")
    yield Plain(0, _between(other, one, 17, _udp(9, 53_535, 120), underlay), "other", "other_port")
    yield Plain(0, _between(one, other, 6, _tcp(45_678, 6443), underlay), "other", "non_udp")
    yield Plain(0, _between(one, other, *_ping(one.version), underlay), "other", "non_udp")
    yield Plain(0, ethernet(_NEAREST_BRIDGE, one.mac, _LLDP, _lldp(one), ()), "other", "non_ip")


def _between(one: Vtep, other: Vtep, protocol: int, message: bytes, underlay: Underlay) -> bytes:
    message = summed(one.ip, other.ip, protocol, message)
    packet = internet(one.ip, other.ip, protocol, message, ttl=underlay.ttl)
    return ethernet(other.mac, one.mac, one.version, packet, underlay.vlan)


def _udp(sport: int, dport: int, size: int) -> bytes:
    return bytes(dpkt.udp.UDP(sport=sport, dport=dport, ulen=8 + size, sum=0)) + FILL[:size]


def _tcp(sport: int, dport: int) -> bytes:
    return bytes(dpkt.tcp.TCP(sport=sport, dport=dport, seq=1, ack=1, flags=dpkt.tcp.TH_ACK, win=501))


def _ping(version: int) -> tuple[int, bytes]:
    protocol, kind = (1, 8) if version == 4 else (58, 128)  # noqa: PLR2004
    return protocol, struct.pack(">BBHHH", kind, 0, 0, 1, 1) + FILL[:56]


def _lldp(vtep: Vtep) -> bytes:
    """Return chassis and port by MAC address, time to live, and the end (IEEE 802.1AB section 8.5)."""
    mac = bytes.fromhex(vtep.mac.replace(":", ""))
    chassis, port = b"\x02\x07\x04" + mac, b"\x04\x07\x03" + mac
    return chassis + port + b"\x06\x02\x00\x78" + b"\x00\x00" + bytes(20)
