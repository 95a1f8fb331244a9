"""Captures that are made to be much work: a few bytes that repeat, with one number in them counted up."""

import struct
from collections.abc import Iterator
from pathlib import Path

import containers
import craft

MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
OUTER = ("02:00:00:00:00:a1", "02:00:00:00:00:a2")


def inner(src: str = "10.0.0.1", dst: str = "10.0.0.2", sport: int = 40_000) -> bytes:
    """Return a tenant's frame with an empty UDP datagram."""
    datagram = craft.udp(sport, 5000, b"")
    return craft.ethernet(
        *MACS, craft.ETHERTYPE["ipv4"], craft.ipv4(src, dst, craft.PROTOCOL["udp"], datagram)
    )


def packet(vni: int = 100, frame: bytes = b"", src: str = "192.0.2.1") -> bytes:
    """Return a VXLAN packet."""
    datagram = craft.udp(50_000, craft.VXLAN_PORT, craft.vxlan(vni, frame or inner()))
    ip = craft.ipv4(src, "192.0.2.2", craft.PROTOCOL["udp"], datagram)
    return craft.ethernet(*OUTER, craft.ETHERTYPE["ipv4"], ip)


def counted(frame: bytes, at: int, numbers: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the frame with each of the numbers in it."""
    before = frame[:at]
    for number in numbers:
        yield before + number + frame[at + len(number) :]


def write(path: Path, frames: Iterator[bytes]) -> Path:
    """Write a pcap of these frames, a microsecond apart."""
    with path.open("wb") as file:
        file.write(containers.pcap_header())
        for number, frame in enumerate(frames):
            file.write(struct.pack("<IIII", number // 10**6, number % 10**6, len(frame), len(frame)) + frame)
    return path
