"""Captures read back: pcap and pcapng as the formats' descriptions have them, in little endian."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from containers import ENHANCED, INTERFACE, SECTION, Record


@dataclass
class Read:
    """What a capture holds: its frames, and in a pcapng the interface's name and the comment of each."""

    records: list[Record] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    comments: list[str | None] = field(default_factory=list)
    nanoseconds: bool = False
    snap_length: int = 0


def read(data: bytes) -> Read:
    """Read either format."""
    return read_pcapng(data) if data[:4] == struct.pack("<I", SECTION) else read_pcap(data)


def read_pcap(data: bytes) -> Read:
    """Read a pcap; every byte of it must belong to a record."""
    magic, major, minor, _, _, snap, link = struct.unpack_from("<IHHiIII", data)
    assert (major, minor) == (2, 4)
    unit = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}[magic]
    found = Read(nanoseconds=unit == 1, snap_length=snap)
    at = 24
    while at < len(data):
        seconds, fraction, held, wire = struct.unpack_from("<IIII", data, at)
        at += 16
        assert at + held <= len(data)
        found.records.append(Record(seconds * 10**9 + fraction * unit, data[at : at + held], wire, link))
        found.names.append(None)
        found.comments.append(None)
        at += held
    return found


def read_pcapng(data: bytes) -> Read:
    """Read a pcapng of one section."""
    found = Read()
    interfaces: list[tuple[int, str | None, int]] = []
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        body = data[at + 8 : at + length - 4]
        assert struct.unpack_from("<I", data, at + length - 4) == (length,)
        assert length % 4 == 0
        at += length
        if kind == INTERFACE:
            link, _, found.snap_length = struct.unpack_from("<HHI", body)
            options = dict(_options(body[8:]))
            name = options[2].decode() if 2 in options else None
            interfaces.append((link, name, 10 ** (9 - options.get(9, b"\x06")[0])))
        elif kind == ENHANCED:
            number, high, low, held, wire = struct.unpack_from("<IIIII", body)
            link, name, unit = interfaces[number]
            time = (high << 32 | low) * unit
            found.records.append(Record(time, body[20 : 20 + held], wire, link))
            options = dict(_options(body[20 + held + -held % 4 :]))
            found.names.append(name)
            found.comments.append(options[1].decode() if 1 in options else None)
        else:
            assert kind == SECTION
            assert not found.records
    found.nanoseconds = all(unit == 1 for _, _, unit in interfaces)
    return found


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        code, length = struct.unpack_from("<HH", data, at)
        if code == 0:
            return
        yield code, data[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4
