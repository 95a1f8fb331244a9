"""How many packets a capture shows again, by the rules of docs/counting.md and from the plan alone."""

from collections.abc import Hashable, Iterable
from dataclasses import replace
from typing import NamedTuple

from vxinspect.synth.packet import Arp, Inner, Ip, Packet, Planned, Tcp, Udp
from vxinspect.synth.pieces import Piece

__all__ = ["Sighting", "count_copies"]

_WINDOW, _FRAMES = 10_000_000, 1000
"""Copies are at most so many nanoseconds and frames apart."""
_BARE_LENGTH = 256
"""So many bytes of a bare packet are compared."""


class Sighting(NamedTuple):
    """A frame of a plan in the capture: its number, its time, which piece of its packet it is, how it counts.

    `kept`: how many bytes the capture holds of the innermost frame.
    """

    number: int
    time: int
    planned: Planned
    piece: Piece | None
    disposition: str
    kept: int


def count_copies(sightings: Iterable[Sighting]) -> dict[str, int]:
    """Return how many packets are copies, pieces of datagrams included, and how many frames show one bare."""
    whole: dict[Hashable, Sighting] = {}
    packets, bare = 0, _Bare()
    for seen in sightings:
        if isinstance(seen.planned, Packet) and seen.disposition in ("vxlan", "fragment"):
            before = whole.get(_identity(seen.planned, seen.piece))
            packets += before is not None and _near(before, seen)
            whole[_identity(seen.planned, seen.piece)] = seen
            # Of a datagram in pieces, the first shows what is inside.
            shows = seen.disposition == "vxlan" if seen.piece is None else seen.piece.offset == 0
            inner = seen.planned.inner if shows else None
            bare.encapsulated(_bare_identity(inner, seen.kept), seen)
        elif not isinstance(seen.planned, Packet) and seen.disposition == "other":
            bare.alone(_bare_identity(seen.planned.bare, seen.kept), seen)
    return {"packets": packets, "bare": bare.count}


class _Bare:
    """Frames that show a packet bare, beside those that encapsulate it."""

    def __init__(self) -> None:
        self.count = 0
        self._encapsulated: dict[Hashable, Sighting] = {}
        self._waiting: dict[Hashable, list[Sighting]] = {}

    def encapsulated(self, identity: Hashable, seen: Sighting) -> None:
        """Take in a packet; those that waited for it are pairs."""
        if identity is not None:
            self.count += sum(_near(bare, seen) for bare in self._waiting.pop(identity, ()))
            self._encapsulated[identity] = seen

    def alone(self, identity: Hashable, seen: Sighting) -> None:
        """Take in a bare frame, a pair with what was before it or else with what comes."""
        if identity is None:
            return
        before = self._encapsulated.get(identity)
        if before is not None and _near(before, seen):
            self.count += 1
        else:
            self._waiting.setdefault(identity, []).append(seen)


def _near(before: Sighting, seen: Sighting) -> bool:
    return abs(seen.time - before.time) <= _WINDOW and seen.number - before.number <= _FRAMES


def _identity(packet: Packet, piece: Piece | None) -> Hashable:
    """Return what the captures of one packet have in common; its outer checksum and TTL are not in it."""
    ends = packet.sender.ip, packet.receiver.ip, packet.source_port, packet.port, packet.outer_ident
    header = packet.overlay, packet.flags, packet.reserved, packet.vni, packet.zero_length
    return ends, header, packet.wrap, packet.pieces, packet.inner, piece


def _bare_identity(inner: Inner | None, kept: int) -> Hashable:
    """Return what a packet has in common bare and encapsulated; None where its headers are cut off."""
    if inner is None:
        return None
    body, kept = inner.body, kept - inner.header
    if kept < body.header:
        return None
    if isinstance(body, Ip) and isinstance(body.l4, Tcp | Udp):
        body = replace(body, l4=replace(body.l4, checksum="right"))
    return body, None if isinstance(body, Arp) else min(kept, body.length, _BARE_LENGTH)
