"""How an IP packet is cut into fragments (RFC 791 section 3.2, RFC 8200 section 4.5)."""

from dataclasses import dataclass

from vxinspect.synth.packet import FRAGMENT, IPV4, IPV6, Pieces

__all__ = ["Piece", "cut", "present"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment: where it begins in the IP payload, its length (both in bytes), and whether more follow."""

    offset: int
    length: int
    more: bool


def cut(length: int, version: int, mtu: int) -> list[Piece]:
    """Return the fragments of an IP payload of `length` bytes, each but the last a multiple of eight."""
    header = IPV4 if version == 4 else IPV6 + FRAGMENT  # noqa: PLR2004
    room = (mtu - header) // 8 * 8
    return [
        Piece(offset, min(room, length - offset), offset + room < length) for offset in range(0, length, room)
    ]


def present(pieces: list[Piece], how: Pieces) -> list[Piece]:
    """Return those that are in the capture, in its order."""
    at = {"first": 0, "middle": len(pieces) // 2, "last": len(pieces) - 1}
    left = [piece for index, piece in enumerate(pieces) if how.missing is None or index != at[how.missing]]
    return left[::-1] if how.reverse else left
