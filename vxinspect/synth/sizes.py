"""Sizes of inner frames: patterns by name, or one for all."""

from vxinspect.synth.scenario import Size

__all__ = ["pattern"]

_PATTERNS = {
    # The simple Internet mix: 7 of 64, 4 of 576 and 1 of 1500, none of a size in a row.
    "imix": (64, 576, 64, 64, 576, 64, 1500, 64, 576, 64, 576, 64),
    "small": (64,),
}


def pattern(size: Size) -> tuple[int, ...]:
    """Return the lengths that inner frames have in turn."""
    return (size,) if isinstance(size, int) else _PATTERNS[size]
