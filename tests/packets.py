"""Frames described: each knows its bytes (by `craft`) and, apart from them, what must be reported of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import nan
from typing import TypeAlias, cast

import containers
import craft
from carriers import Carrier
from containers import Record
from facts import About, Fact
from inner import Inner
from shells import ETHERNET, Link, Outer, Shell

TIMEOUT = 30 * 10**9  # the pieces of one outer datagram are seen within so many nanoseconds
OFFLOAD = 9216  # an outer IP packet larger than this met segmentation offload
MAX_DEPTH = 4


@dataclass(frozen=True)
class Packet:
    """A packet of an overlay in one frame; `snap` keeps so many bytes, `trailer` follow the outer IP packet.

    `inside`: further ones inside of it, from the outermost in, with `inner` in the last.
    """

    time: int
    outer: Outer
    vni: int
    inner: Inner
    link: Link = ETHERNET
    flags: int = craft.I_FLAG
    reserved: int = 0
    last: int = 0
    trailer: int = 0
    snap: int | None = None
    inside: tuple[Shell, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    overlay: str = "vxlan"
    options: bytes = b""

    @property
    def shell(self) -> Shell:
        """Return the outermost overlay."""
        bits = self.flags, self.reserved, self.last
        return Shell(self.outer, self.vni, self.link, *bits, self.carriers, self.overlay, self.options)

    @property
    def shells(self) -> tuple[Shell, ...]:
        """Return all overlays, from the outermost in."""
        return (self.shell, *self.inside)

    def carried(self, depth: int = 1) -> bytes:
        """Return the frame inside of so many overlays."""
        if depth > len(self.inside):
            return self.inner.encode()
        return self.inside[depth - 1].encode(self.carried(depth + 1), self.kind(depth + 1))

    def kind(self, depth: int = 1) -> str:
        """Return what is inside of so many overlays: a frame, or the tenant's IP packet alone."""
        is_bare = depth > len(self.inside) and self.inner.bare
        return self.inner.ethertype if is_bare else "ethernet"

    def vxlan(self) -> bytes:
        """Return the outermost overlay's header and what it carries."""
        return self.shell.around(self.carried(), self.kind())

    def record(self) -> Record:
        """Return the frame as the capture has it."""
        data = self.shell.wrap(self.shell.ip(self.vxlan())) + bytes(self.trailer)
        return Record(self.time, data[: self.snap], len(data), self.link.number(self.shell.version))

    @property
    def before_inner(self) -> int:
        """Where the tenant's frame begins."""
        return sum(shell.header for shell in self.shells)

    def peeled(self, depth: int) -> "Packet":
        """Return the same bytes where only so many overlays count: the rest is the tenant's traffic."""
        if depth > len(self.inside):
            return self
        inner = self.inside[depth - 1].inner(self.carried(depth + 1), self.kind(depth + 1))
        return replace(self, inside=self.inside[: depth - 1], inner=inner)

    def counted(self) -> "Packet":
        """Return the same bytes with those overlays alone that count: whose headers are held and valid."""
        held = depth = 0
        kept = len(self.record().data)
        for shell in self.shells:
            held += shell.header
            if depth and (held > kept or shell.fault):
                break
            depth += 1
        return self.peeled(depth)

    def fact(self) -> Fact:
        """Return what it means."""
        record, header = self.record(), self.shell.header
        if len(record.data) < header - self.shell.own_header:
            return self.cut_outside(record)
        if len(record.data) < header:
            return self.cut_inside(record)
        if self.shell.fault:
            return Fact(self.time, record.wire, "invalid", self.shell.fault)
        counted = self.counted()
        if len(counted.shells) > MAX_DEPTH:
            return Fact(self.time, record.wire, "invalid", "depth_exceeded")
        return counted.innermost_fact(record)

    def cut_outside(self, record: Record) -> Fact:
        """Return what a frame is that is cut before the UDP header ends."""
        first = next(iter(self.carriers), None)
        if first is None or len(record.data) < self.link.header + first.ip_header:
            return Fact(self.time, record.wire, "malformed", "outer_cut")
        if self.holds_nvgre(len(record.data)):
            return Fact(self.time, record.wire, "other", "unselected_nvgre")
        return Fact(self.time, record.wire, "other", "non_udp" if first.ip_header else "non_ip")

    def cut_inside(self, record: Record) -> Fact:
        """Return what a frame is that is cut within the overlay's header."""
        if self.overlay == "nvgre":
            # Of GRE no more is known than that, or than what carries it.
            is_ip = not self.carriers or bool(self.carriers[0].ip_header)
            return Fact(self.time, record.wire, "other", "non_udp" if is_ip else "non_ip")
        return Fact(
            self.time, record.wire, "invalid", "geneve_cut" if self.overlay == "geneve" else "vxlan_cut"
        )

    def holds_nvgre(self, kept: int) -> bool:
        """Whether so many bytes of the frame hold a GRE header that is NVGRE's too."""
        at = self.link.header
        for carrier in self.carriers:
            if carrier.shape == "bridged" and kept >= at + carrier.ip_header + carrier.own_header:
                return True
            at += carrier.header
        return False

    def innermost_fact(self, record: Record) -> Fact:
        """Return what it means where all overlays count."""
        kept, size = len(record.data) - self.before_inner, len(self.inner.encode())
        outer_packet = self.shell.header - self.shell.before_ip + len(self.carried())
        paths = accumulate((shell.path for shell in self.shells), "{}/{}".format)
        outer_sum = self.outer.checksum if self.shell.udp_header else "zero"
        is_whole = kept >= size or outer_sum == "zero"
        levels = [
            replace(shell.level(), path=path, depth=depth)
            for depth, (shell, path) in enumerate(zip(self.shells, paths, strict=True), start=1)
        ]
        own = levels.pop()
        plain = Fact(
            self.time,
            record.wire,
            "vxlan",
            outer_sum=outer_sum if is_whole else "unverified",
            inner_sum=self.inner.verdict(kept),
            vni=own.vni,
            outer_src=own.src,
            outer_dst=own.dst,
            outer_mac=own.outer_mac,
            source_port=own.source_port,
            udp_port=own.udp_port,
            flow_id=None if self.shells[-1].udp_header else self.shells[-1].outer.source_port & 0xFF,
            ttl=self.outer.ttl,
            route=(self.overlay, self.shell.own_header),
            outer_class=self.outer.traffic_class,
            dont_fragment=self.outer.dont_fragment,
            outer_ip_bytes=sum(shell.ip_bytes for shell in self.shells),
            udp_bytes=sum(shell.udp_header for shell in self.shells),
            overlay_bytes=sum(shell.own_header for shell in self.shells),
            carrier_bytes=sum(carrier.own_header for shell in self.shells for carrier in shell.carriers),
            outer_packet=outer_packet,
            offload=bool(self.outer.zero) or outer_packet > OFFLOAD,
            inner_bytes=size,
            cut=kept < size,
            reserved=any(shell.unusual for shell in self.shells),
            p_flag=any(shell.p_flag for shell in self.shells),
            critical=any(shell.is_critical for shell in self.shells),
            policy=own.policy,
            policies=tuple(shell.policy for shell in self.shells if shell.policy is not None),
            path=own.path,
            around=tuple(levels),
        )
        fact = replace(plain, **self.inner.facts(kept))  # type: ignore[arg-type]
        # The packet directly inside of the outermost.
        return replace(fact, inner_class=self.inside[0].traffic_class) if self.inside else fact

    def quoted(self, behind: int) -> Fact | None:
        """Return what a quote tells that has so many bytes behind the outer IP header; None where too few."""
        if behind < 8:
            return None
        if behind < 16:
            # No number: it is in no range of VNIs.
            unknown = cast("int", nan)
            return Fact(
                self.time, 0, "vxlan", vni=unknown, outer_src=self.outer.src, outer_dst=self.outer.dst
            )
        return replace(self.peeled(1), snap=self.shell.header - 16 + behind).fact()

    def fragments(self, size: int) -> list["Piece"]:
        """Return the packet as outer IP fragments of at most `size` payload bytes, a multiple of eight."""
        return [self.piece(start, start + size) for start in range(0, self.datagram_size, size)]

    @property
    def datagram_size(self) -> int:
        """The length of the UDP datagram, or of what NVGRE has in its place."""
        return self.shell.udp_header + len(self.vxlan())

    def piece(self, start: int, end: int) -> "Piece":
        """Return a fragment with some bytes of the datagram; all but the last end at a multiple of eight."""
        data = self.shell.payload(self.vxlan())[start:end]
        return Piece(self, start, data, start + len(data) < self.datagram_size)


@dataclass(frozen=True)
class Piece:
    """One outer IP fragment of a VXLAN packet."""

    whole: Packet
    offset: int
    data: bytes
    more: bool

    def record(self) -> Record:
        """Return the frame as the capture has it."""
        shell, end = self.whole.shell, self.offset + len(self.data)
        data = shell.wrap(shell.ip(self.whole.vxlan(), self.offset, end, more=self.more))
        return Record(self.whole.time, data, len(data), self.whole.link.number(shell.version))

    @property
    def header(self) -> int:
        """The length of its IP headers; IPv6 has a header more for fragments."""
        return self.whole.shell.ip_bytes + (8 if self.whole.outer.version == 6 else 0)

    def fact(self) -> Fact:
        """Return what it means by itself."""
        record = self.record()
        return Fact(record.time, record.wire, "fragment", outer_ip_bytes=self.header)


class Life:
    """What became of a datagram: which of its pieces were seen, and when it was whole."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.done: int | None = None
        self.seen: set[tuple[int, int]] = set()
        self.bytes: set[int] = set()
        self.overlaps = False

    def takes(self, piece: Piece) -> bool:
        """Whether a piece is its own: 30 seconds after the first, or once more after it was whole."""
        since = self.first if self.done is None else self.done
        known = self.done is None or (piece.offset, len(piece.data)) in self.seen
        return known and abs(piece.whole.time - since) <= TIMEOUT

    def add(self, piece: Piece) -> bool:
        """Add a piece; whether it completes the datagram."""
        place = (piece.offset, len(piece.data))
        own = set(range(piece.offset, piece.offset + len(piece.data)))
        self.overlaps |= place not in self.seen and bool(self.bytes & own)
        self.seen.add(place)
        self.bytes |= own
        if self.done is not None or len(self.bytes) < piece.whole.datagram_size:
            return False
        self.done = piece.whole.time
        return True


@dataclass(frozen=True)
class Plain:
    """A frame that is no VXLAN packet, and how it must be counted."""

    time: int
    data: bytes
    disposition: str
    reason: str | None
    link: int = containers.ETHERNET
    about: About | None = None

    def record(self) -> Record:
        """Return the frame as the capture has it."""
        return Record(self.time, self.data, len(self.data), self.link)

    def fact(self) -> Fact:
        """Return what it means."""
        return Fact(self.time, len(self.data), self.disposition, self.reason, about=self.about)


Frame: TypeAlias = Packet | Piece | Plain


def records(frames: Sequence[Frame]) -> list[Record]:
    """Return the records of a capture of these frames."""
    return [frame.record() for frame in frames]


def facts(frames: Sequence[Frame]) -> list[Fact]:
    """Return what they mean; a piece that completes its outer datagram is the packet."""
    made = [frame.fact() for frame in frames]
    lives: dict[tuple[object, ...], list[Life]] = {}
    for index, frame in enumerate(frames):
        if not isinstance(frame, Piece):
            continue
        outer = frame.whole.outer
        key = (outer.src, outer.dst, outer.ident, frame.whole.carriers)
        known = lives.setdefault(key, [])
        if not known or not known[-1].takes(frame):
            known.append(Life(frame.whole.time))
        if known[-1].add(frame):
            whole = replace(frame.whole, snap=None, trailer=0).fact()
            made[index] = replace(
                whole,
                wire=made[index].wire,
                outer_ip_bytes=frame.header + whole.outer_ip_bytes - frame.whole.shell.ip_bytes,
                offload=False,
                first_piece=True,
                overlaps=known[-1].overlaps,
            )
        made[index] = replace(made[index], datagram=(*key, len(known)))
    return with_ports(made)


def with_ports(made: Sequence[Fact]) -> list[Fact]:
    """Return the facts with later inner fragments' ports: the last first one's before, else the next."""
    firsts = [(at, fact) for at, fact in enumerate(made) if fact.inner_piece and not fact.inner_piece[1]]
    told = list(made)
    for at, fact in enumerate(made):
        if fact.inner_piece is None or not fact.inner_piece[1]:
            continue
        near = [(place, first) for place, first in firsts if _datagram(first) == _datagram(fact)]
        before = [first for place, first in near if place < at][-1:]
        behind = [first for place, first in near if place > at][:1]
        if before and abs(before[0].time - fact.time) <= TIMEOUT:
            told[at] = replace(fact, sport=before[0].sport, dport=before[0].dport)
        elif behind and abs(behind[0].time - fact.time) <= TIMEOUT:
            told[at] = replace(fact, told=(behind[0].sport, behind[0].dport))
    return told


def _datagram(fact: Fact) -> tuple[object, ...]:
    """Return what the fragments of an inner datagram have in common."""
    ident = fact.inner_piece and fact.inner_piece[0]
    protocol = fact.protocol if fact.ethertype == "ipv4" else None
    return (
        tuple((level.path, level.vni) for level in fact.levels),
        fact.ip_src,
        fact.ip_dst,
        ident,
        protocol,
    )
