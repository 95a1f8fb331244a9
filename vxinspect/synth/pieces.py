"""How an IP packet is cut into fragments (RFC 791 section 3.2, RFC 8200 section 4.5)."""

from collections.abc import Sequence
from random import Random

from vxinspect.synth.packet import FRAGMENT, IPV4, IPV6, Order, Piece, Pieces

__all__ = ["GRID", "Piece", "completing", "cut", "missing", "ordered", "present"]

GRID = 8
"""All fragments but the last end at a multiple of so many bytes."""


def cut(length: int, version: int, mtu: int) -> list[Piece]:
    """Return the fragments of an IP payload of `length` bytes, each but the last a multiple of eight."""
    header = IPV4 if version == 4 else IPV6 + FRAGMENT  # noqa: PLR2004
    room = (mtu - header) // GRID * GRID
    return [
        Piece(offset, min(room, length - offset), offset + room < length) for offset in range(0, length, room)
    ]


def present(pieces: list[Piece], how: Pieces) -> list[Piece]:
    """Return those that are in the capture, in its order."""
    at = {"first": 0, "middle": len(pieces) // 2, "last": len(pieces) - 1}
    left = [piece for index, piece in enumerate(pieces) if how.missing is None or index != at[how.missing]]
    if how.overlaps:
        left.insert(1, Piece(pieces[1].offset - GRID, 2 * GRID, more=True))
    left = ordered(left, how.order)
    if how.repeated is not None:
        left.append(pieces[at[how.repeated]])
    return left


def ordered(pieces: Sequence[Piece], order: Order) -> list[Piece]:
    """Return them as they are, from the last to the first, or in the random order of a seed."""
    left = list(pieces)
    if order == "reverse":
        left.reverse()
    elif isinstance(order, int):
        Random(order).shuffle(left)  # noqa: S311 - nothing secret
    return left


def completing(pieces: Sequence[Piece], length: int) -> int | None:
    """Return the index of the piece with which a datagram of `length` bytes is whole; None for never."""
    for index in range(len(pieces)):
        if not missing(pieces[: index + 1], length):
            return index
    return None


def missing(pieces: Sequence[Piece], length: int) -> list[str]:
    """Return which bytes are in no piece: `0-1479`, or `2960-` where there is no telling the end."""
    end = length if any(not piece.more for piece in pieces) else None
    gaps, at = [], 0
    for piece in sorted(pieces, key=lambda piece: piece.offset):
        if piece.offset > at:
            gaps.append(f"{at}-{piece.offset - 1}")
        at = max(at, piece.offset + piece.length)
    if end is None or at < end:
        gaps.append(f"{at}-" if end is None else f"{at}-{end - 1}")
    return gaps
