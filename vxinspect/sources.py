"""What a scan reads: captures and the name each is shown by, and the UDP ports that carry VXLAN."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeAlias, cast

from vxinspect.exceptions import OptionError

__all__ = [
    "HIGHEST_PORT",
    "STANDARD_INPUT",
    "VXLAN_PORT",
    "Growing",
    "NamedSource",
    "OneSource",
    "Ports",
    "Source",
    "named_sources",
    "port_number",
    "split_ports",
]


@dataclass(frozen=True, slots=True)
class Growing:
    """A capture that is still being written: at its end more is waited for, until the run is interrupted.

    `growing`: its path. It ends with an error where the file is cut, replaced or removed. A pipe ends when
    nobody writes to it any more.
    """

    growing: str


OneSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Growing
Source: TypeAlias = OneSource | Iterable[OneSource]
"""A path (`-` is standard input), a capture's bytes, an open binary file, `Growing`, or several of them."""

NamedSource: TypeAlias = tuple[str, str | bytes | BinaryIO | Growing]
"""The name that errors and tables show, and a path, a capture's bytes, an open binary file or `Growing`."""

Ports: TypeAlias = int | Literal["auto"] | Iterable[int | Literal["auto"]]
"""UDP ports of VXLAN; "auto" adds those whose traffic looks like VXLAN."""

STANDARD_INPUT = "-"
"""The path that is not a file's."""

VXLAN_PORT = 4789
"""RFC 7348 section 8."""

HIGHEST_PORT = 65535


def split_ports(ports: Ports) -> tuple[list[int], bool]:
    """Return the port numbers, and whether to look for more; "auto" alone starts from the default port."""
    wanted = [ports] if isinstance(ports, int | str) else list(ports)
    auto = "auto" in wanted
    numbers = []
    for port in wanted:
        if port == "auto":
            continue
        number = port_number("ports", port, ', or "auto"')
        if number not in numbers:
            numbers.append(number)
    if not numbers and not auto:
        raise OptionError("ports", ports, "at least one UDP port")
    return numbers or [VXLAN_PORT], auto


def port_number(option: str, port: object, more: str = "") -> int:
    """Return a UDP port, or raise `OptionError`; `more`: what else would do."""
    if type(port) is not int or not 0 < port <= HIGHEST_PORT:
        raise OptionError(option, port, f"a UDP port from 1 to {HIGHEST_PORT}{more}")
    return port


def named_sources(source: Source) -> list[NamedSource]:
    """Return each source with the name that errors and tables show."""
    # Text, bytes and files are iterables too, of what is no capture.
    several = isinstance(source, Iterable) and not isinstance(source, str | bytes | bytearray | memoryview)
    if not several or hasattr(source, "read"):
        return [_named(cast("OneSource", source))]
    sources = [_named(one) for one in cast("Iterable[OneSource]", source)]
    if not sources:
        raise OptionError("source", source, "at least one capture")
    return sources


def _named(source: OneSource) -> NamedSource:
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if path == STANDARD_INPUT:
            return "standard input", path
        # A name that is no UTF-8 stays a path that opens, and becomes text that prints.
        return os.fsencode(path).decode(errors="replace"), path
    if isinstance(source, Growing):
        return _named(source.growing)[0], source
    if isinstance(source, bytes | bytearray | memoryview):
        return "<bytes>", bytes(source)
    if not hasattr(source, "read") or hasattr(source, "encoding"):
        raise TypeError(
            f"source: expected a path, bytes, a binary file or several of them, found {type(source).__name__}"
        )
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<stream>", source
