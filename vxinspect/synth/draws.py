"""Numbers drawn by a seed, the same on every machine and in every version: splitmix64, integers only."""

from zlib import crc32

__all__ = ["draw"]

_MASK = (1 << 64) - 1


def draw(seed: int, stream: str, index: int = 0) -> int:
    """Return 64 bits that depend on the three arguments alone."""
    bits = (seed + 0x9E3779B97F4A7C15 * (index + 1) + (crc32(stream.encode()) << 32)) & _MASK
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & _MASK
    return bits ^ bits >> 31
