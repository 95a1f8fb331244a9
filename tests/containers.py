"""Captures written byte by byte: pcap, pcapng and their compressed forms. Imports nothing of the project."""

import gzip
import lzma
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import lz4.frame  # type: ignore[import-untyped]
import zstandard

Order: TypeAlias = Literal["<", ">"]

NULL, ETHERNET, RAW, LOOP, SLL, IPV4, IPV6, SLL2 = 0, 1, 101, 108, 113, 228, 229, 276

SECTION, INTERFACE, PACKET, SIMPLE, NAMES, STATISTICS, ENHANCED, CUSTOM = 0x0A0D0D0A, 1, 2, 3, 4, 5, 6, 0xBAD


@dataclass(frozen=True)
class Record:
    """One frame as a capture keeps it: nanoseconds since 1970 UTC, the bytes kept, the length on the wire."""

    time: int
    data: bytes
    wire: int
    link: int = ETHERNET


# ---- pcap ----------------------------------------------------------------------------------------


def pcap_header(
    *, order: Order = "<", nanosecond: bool = False, link: int = ETHERNET, snaplen: int = 262144
) -> bytes:
    """Return the file header of a pcap capture, 24 bytes."""
    magic = 0xA1B23C4D if nanosecond else 0xA1B2C3D4
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link)


def pcap_record(record: Record, *, order: Order = "<", nanosecond: bool = False) -> bytes:
    """Return a record of a pcap capture: a header of 16 bytes, then the bytes kept."""
    seconds, rest = divmod(record.time, 10**9)
    fraction = rest if nanosecond else rest // 1000
    return struct.pack(order + "IIII", seconds, fraction, len(record.data), record.wire) + record.data


def pcap(
    records: Sequence[Record], *, order: Order = "<", nanosecond: bool = False, link: int | None = None
) -> bytes:
    """Return a whole pcap capture; every record has the link type of the first."""
    if link is None:
        link = records[0].link if records else ETHERNET
    head = pcap_header(order=order, nanosecond=nanosecond, link=link)
    return head + b"".join(pcap_record(record, order=order, nanosecond=nanosecond) for record in records)


# ---- pcapng --------------------------------------------------------------------------------------


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


@dataclass
class Pcapng:
    """A pcapng capture (draft-ietf-opsawg-pcapng) under construction: each method appends one block."""

    order: Order = "<"
    data: bytes = b""
    resolutions: list[int] = field(default_factory=list)  # ticks a second, one an interface of the section
    offsets: list[int] = field(default_factory=list)  # seconds added to every time of the interface

    def block(self, kind: int, body: bytes) -> "Pcapng":
        """Any block: type, length, body, length again."""
        length = 12 + len(_padded(body))
        self.data += (
            struct.pack(self.order + "II", kind, length)
            + _padded(body)
            + struct.pack(self.order + "I", length)
        )
        return self

    def options(self, *options: tuple[int, bytes]) -> bytes:
        """Options, with the end mark that a list of them asks for."""
        if not options:
            return b""
        every = [*options, (0, b"")]
        return b"".join(
            struct.pack(self.order + "HH", code, len(value)) + _padded(value) for code, value in every
        )

    def section(self, order: Order | None = None, *options: tuple[int, bytes]) -> "Pcapng":
        """Begin a new section, which forgets the interfaces; its length is left unspecified."""
        self.order = order or self.order
        self.resolutions, self.offsets = [], []
        return self.block(
            SECTION, struct.pack(self.order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + self.options(*options)
        )

    def interface(
        self,
        link: int = ETHERNET,
        *options: tuple[int, bytes],
        snaplen: int = 0,
        tsresol: int | None = None,
        tsoffset: int = 0,
    ) -> "Pcapng":
        """Describe an interface; `tsresol` is the option's byte: a power of ten, or of two (highest bit)."""
        listed = list(options)
        if tsresol is not None:
            listed.append((9, bytes([tsresol])))
        if tsoffset:
            listed.append((14, struct.pack(self.order + "q", tsoffset)))
        power = 6 if tsresol is None else tsresol & 0x7F
        self.resolutions.append(2**power if tsresol is not None and tsresol & 0x80 else 10**power)
        self.offsets.append(tsoffset)
        return self.block(
            INTERFACE, struct.pack(self.order + "HHI", link, 0, snaplen) + self.options(*listed)
        )

    def _ticks(self, interface: int, time: int) -> tuple[int, int]:
        ticks = (time - self.offsets[interface] * 10**9) * self.resolutions[interface] // 10**9
        return ticks >> 32, ticks & 0xFFFFFFFF

    def packet(self, record: Record, interface: int = 0, *options: tuple[int, bytes]) -> "Pcapng":
        """Append an Enhanced Packet Block."""
        high, low = self._ticks(interface, record.time)
        head = struct.pack(self.order + "IIIII", interface, high, low, len(record.data), record.wire)
        return self.block(ENHANCED, head + _padded(record.data) + self.options(*options))

    def old_packet(self, record: Record, interface: int = 0, *options: tuple[int, bytes]) -> "Pcapng":
        """Append the obsolete Packet Block, with a drop count of 7."""
        high, low = self._ticks(interface, record.time)
        head = struct.pack(self.order + "HHIIII", interface, 7, high, low, len(record.data), record.wire)
        return self.block(PACKET, head + _padded(record.data) + self.options(*options))

    def simple(self, record: Record) -> "Pcapng":
        """Append a Simple Packet Block: interface 0, no time."""
        return self.block(SIMPLE, struct.pack(self.order + "I", record.wire) + record.data)


def pcapng(
    records: Sequence[Record], *, order: Order = "<", tsresol: int | None = None, tsoffset: int = 0
) -> bytes:
    """Return a whole pcapng capture of one section with an interface for each link type."""
    links = sorted({record.link for record in records}) or [ETHERNET]
    capture = Pcapng(order).section()
    for link in links:
        capture.interface(link, tsresol=tsresol, tsoffset=tsoffset)
    for record in records:
        capture.packet(record, links.index(record.link))
    return capture.data


def pcapng_busy(records: Sequence[Record], *, order: Order = "<") -> bytes:
    """Return the same frames with everything around them that pcapng allows.

    Two sections, one of each byte order; statistics, names, custom and unknown blocks; options on every
    block; EPB and PB by turns; times in nanoseconds and microseconds, with an offset.
    """
    half = len(records) // 2
    capture = Pcapng(order)
    other: Order = ">" if order == "<" else "<"
    for part, this, tsresol in ((records[:half], order, 9), (records[half:], other, None)):
        capture.section(this, (1, b"a comment"), (4, b"tests"))
        links = sorted({record.link for record in part}) or [ETHERNET]
        for link in links:
            capture.interface(
                link, (2, b"eth0"), (0x8FFF, b"unknown"), tsresol=tsresol, tsoffset=-3600, snaplen=262144
            )
        for index, record in enumerate(part):
            capture.block(
                (STATISTICS, NAMES, CUSTOM, 0x40000BAD, 0x7FFF1234)[index % 5], bytes(12 + 4 * (index % 3))
            )
            write = capture.old_packet if index % 2 else capture.packet
            write(record, links.index(record.link), (1, b"frame"), (2, bytes(4)))
        capture.block(STATISTICS, bytes(12))
    return capture.data


# ---- compression ---------------------------------------------------------------------------------

COMPRESSIONS = ("gzip", "zstd", "lz4", "xz")


def compress(kind: str, data: bytes, members: int = 1) -> bytes:
    """Return `data` compressed as so many members (frames, streams) one after the other."""
    one: Callable[[bytes], bytes] = {
        "gzip": lambda part: gzip.compress(part, 1),
        "zstd": _zstd,
        "lz4": _lz4,
        "xz": lambda part: lzma.compress(part, preset=0),
    }[kind]
    size = len(data) // members + 1
    return b"".join(one(data[start : start + size]) for start in range(0, max(len(data), 1), size))


def _zstd(part: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(part)


def _lz4(part: bytes) -> bytes:
    compressed: bytes = lz4.frame.compress(part)
    return compressed
