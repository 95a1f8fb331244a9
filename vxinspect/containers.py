"""How a capture is written, by its name."""

from dataclasses import dataclass
from pathlib import Path

from vxinspect.exceptions import OptionError

__all__ = ["COMPRESSIONS", "FORMATS", "Container", "container_of"]

FORMATS = ("pcap", "pcapng")
_SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".lz4": "lz4", ".xz": "xz"}
COMPRESSIONS = tuple(_SUFFIXES.values())
_CONTAINERS = {".pcap": "pcap", ".pcapng": "pcapng", ".cap": "pcap"}


@dataclass(frozen=True, slots=True)
class Container:
    """How a capture is written."""

    format: str = "pcap"
    nanoseconds: bool = False
    compression: str | None = None

    @property
    def unit(self) -> int:
        """The resolution of its times, in nanoseconds."""
        return 1 if self.nanoseconds else 1000


def container_of(
    name: str,
    *,
    nanoseconds: bool = False,
    wanted: str | None = None,
    compression: str | None = None,
    default: str | None = None,
) -> Container:
    """Return what a file's name asks for: `.pcap` or `.pcapng`, then perhaps `.gz`, `.zst`, `.lz4` or `.xz`.

    `wanted` and `compression` go before the name's. `default`: the format where neither tells, and without it
    that of standard output (`-`) alone, pcap. Raises `OptionError` for a name that asks for none.
    """
    path = Path(name)
    by_name = _SUFFIXES.get(path.suffix)
    suffix = path.with_suffix("").suffix if by_name else path.suffix
    chosen = wanted or _CONTAINERS.get(suffix) or default or ("pcap" if name == "-" else None)
    if chosen is None:
        raise OptionError(
            "output", name, "a name that ends in .pcap or .pcapng, and then perhaps .gz, .zst, .lz4 or .xz"
        )
    return Container(chosen, nanoseconds, compression or by_name)
