"""Captures broken at random, each the same whenever its number is asked for again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

__all__ = ["Mutator", "seed_files"]

_LONGEST = 1 << 16
"""Of a capture, so many bytes are taken: a broken header does what it does near the front."""

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
_SUFFIXES = (".pcap", ".pcapng", ".cap", ".gz", ".zst", ".lz4", ".xz")


def seed_files(folders: Sequence[Path]) -> list[Path]:
    """Return the captures below some folders, in order."""
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in _SUFFIXES)


class Mutator:
    """Breaks captures."""

    def __init__(self, files: Sequence[Path], seed: int) -> None:
        self._contents = [path.read_bytes()[:_LONGEST] for path in files]
        self._seed = seed

    def capture(self, number: int) -> bytes:
        """Return capture `number`: one of the files with one to six things broken."""
        random = Random(f"{self._seed}/{number}")  # noqa: S311 - no secret
        data = bytearray(random.choice(self._contents))
        for _ in range(random.randint(1, 6)):
            random.choice(_WAYS)(data, random, self._contents)
        return bytes(data[: 2 * _LONGEST])


def _position(data: bytearray, random: Random) -> int:
    """Return a place, one of two in the first 256 bytes, where the containers' and the first headers are."""
    end = min(len(data), 256) if random.random() < 0.5 else len(data)  # noqa: PLR2004 - a half
    return random.randrange(end) if end else 0


def _flip_bits(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    for _bit in range(random.randint(1, 16)):
        if data:
            data[_position(data, random)] ^= 1 << random.randrange(8)


def _set_extreme(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    """Write an extreme number over what may be a length field."""
    size = random.choice((1, 2, 4, 8))
    number = random.choice(_EXTREMES) & ((1 << 8 * size) - 1)
    at = _position(data, random)
    little = number.to_bytes(size, "little")
    data[at : at + size] = random.choice((little, little[::-1]))


def _cut(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    del data[_position(data, random) :]


def _remove(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    at = _position(data, random)
    del data[at : at + random.choice((1, 2, 4, 16, 1000))]


def _repeat(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    at = _position(data, random)
    piece = data[at : at + random.choice((1, 4, 16, 64, 1500))]
    data[at:at] = piece * random.randint(1, 8)


def _splice(data: bytearray, random: Random, contents: Sequence[bytes]) -> None:
    """Go on with another capture's bytes."""
    other = random.choice(contents)
    start = random.randrange(len(other) + 1)
    data[_position(data, random) :] = other[start : start + random.randint(0, 4096)]


def _noise(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    at = _position(data, random)
    size = random.randint(1, 64)
    data[at : at + size] = random.randbytes(size)


_WAYS: tuple[Callable[[bytearray, Random, Sequence[bytes]], None], ...] = (
    _flip_bits,
    _flip_bits,
    _set_extreme,
    _set_extreme,
    _cut,
    _remove,
    _repeat,
    _splice,
    _noise,
)
