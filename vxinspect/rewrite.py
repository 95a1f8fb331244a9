"""Captures from captures: `decap`, `extract`, `encap`."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any, BinaryIO, Literal, TypeAlias

from vxinspect import _engine
from vxinspect.api import Progress
from vxinspect.containers import COMPRESSIONS, FORMATS, Container, container_of
from vxinspect.dedup import Duration, window_of
from vxinspect.exceptions import OptionError
from vxinspect.hints import finding_hints
from vxinspect.overlays import ASSIGNED_PORTS, ENCAPSULATIONS, MAX_DEPTH, USUAL_ENCAPSULATIONS, Overlays
from vxinspect.selection import Selection, select_pairs
from vxinspect.sources import (
    STANDARD_INPUT,
    VXLAN_PORT,
    NamedSource,
    Ports,
    Source,
    named_sources,
    port_number,
)

__all__ = ["DST_MAC", "HIGHEST_FLOW_ID", "SRC_MAC", "Target", "Written", "decap", "encap", "extract"]

Target: TypeAlias = str | PathLike[str] | BinaryIO
"""A path (`-` is standard output) or an open binary file."""

STANDARD_OUTPUT = STANDARD_INPUT
SRC_MAC = "02:00:00:00:00:01"
DST_MAC = "02:00:00:00:00:02"
"""Locally administered, and nobody's."""
_HIGHEST_VNI = (1 << 24) - 1
HIGHEST_FLOW_ID = 255
_HIGHEST_TTL = 255


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    `frames`: how many in all. `files`: of a split capture, how many each file has. `losses`: what is not as
    it should be, in frames, where there are any: `untimed` (without a time that the format holds, and so as
    of 1970), `times_cut` (to microseconds), `frames_cut` (to the 262,144 bytes that readers take), and left
    out: `not_ethernet` (also what has no Ethernet header inside), `too_short`, `too_long`. `captures`: what
    was read, as `Report.captures`. `interrupted`: whether Ctrl-C ended it early. `finding_hints`: what tells
    why there may be fewer frames than there should be.
    """

    frames: int
    files: dict[str, int]
    losses: dict[str, int]
    captures: list[dict[str, Any]]
    interrupted: bool
    finding_hints: list[str]


def decap(
    source: Source,
    target: Target,
    *,
    ports: Ports = (VXLAN_PORT,),
    encapsulations: Iterable[str] = USUAL_ENCAPSULATIONS,
    max_depth: int = MAX_DEPTH,
    match_source_port: bool = False,
    select: Selection = None,
    dedup: bool = False,
    dedup_window: Duration | None = None,
    dedup_frames: int | None = None,
    count: int | None = None,
    split_by: Literal["vni", "tunnel"] | None = None,
    format: str | None = None,  # noqa: A002 - what the command line calls it
    compression: str | None = None,
    nanoseconds: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write the inner frames of VXLAN packets, as Ethernet, with the time of the packet and their own length.

    `source`, `ports`, `encapsulations`, `max_depth`, `match_source_port`, `select`, `count` and those of
    copies are what `scan` takes. `target`: pcap or pcapng by its name, or `format`; compressed by its name,
    or `compression` (gzip, zstd, lz4, xz).
    `split_by`: `target` is a folder, new or empty, that gets a capture for each VNI or tunnel. In pcapng a
    comment names each frame's VNI and tunnel, and its interface is `vni-100`. Times are as fine as those
    read; `nanoseconds`: even where they seem to be microseconds. Of VXLAN in VXLAN, the innermost frame is
    written.

    A target appears whole or not at all. Raises what `scan` raises, and `OSError` where the target cannot be
    written.
    """
    return run_decap(
        named_sources(source),
        target,
        container=_container(target, format, compression, nanoseconds=nanoseconds, folder=bool(split_by)),
        overlays=Overlays.asked(
            ports=ports,
            encapsulations=encapsulations,
            max_depth=max_depth,
            match_source_port=match_source_port,
        ),
        select=select,
        dedup=window_of(dedup=dedup, window=dedup_window, frames=dedup_frames),
        count=count,
        split_by=split_by,
        progress=progress,
    )


def extract(
    source: Source,
    target: Target,
    *,
    ports: Ports = (VXLAN_PORT,),
    encapsulations: Iterable[str] = USUAL_ENCAPSULATIONS,
    max_depth: int = MAX_DEPTH,
    match_source_port: bool = False,
    select: Selection = None,
    dedup: bool = False,
    dedup_window: Duration | None = None,
    dedup_frames: int | None = None,
    count: int | None = None,
    invert: bool = False,
    format: str | None = None,  # noqa: A002 - what the command line calls it
    compression: str | None = None,
    nanoseconds: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write the frames of VXLAN packets as they are, with all the fragments of their datagrams.

    The arguments are those of `decap`. `invert`: all other frames.
    """
    return run_extract(
        named_sources(source),
        target,
        container=_container(target, format, compression, nanoseconds=nanoseconds),
        overlays=Overlays.asked(
            ports=ports,
            encapsulations=encapsulations,
            max_depth=max_depth,
            match_source_port=match_source_port,
        ),
        select=select,
        dedup=window_of(dedup=dedup, window=dedup_window, frames=dedup_frames),
        count=count,
        invert=invert,
        progress=progress,
    )


def encap(
    source: Source,
    target: Target,
    *,
    src_vtep: str,
    dst_vtep: str,
    vni: int,
    src_mac: str = SRC_MAC,
    dst_mac: str = DST_MAC,
    encapsulation: str = "vxlan",
    port: int | None = None,
    source_port: int | None = None,
    flow_id: int | None = None,
    ttl: int = 64,
    udp_checksum: bool = False,
    select: Selection = None,
    count: int | None = None,
    format: str | None = None,  # noqa: A002 - what the command line calls it
    compression: str | None = None,
    nanoseconds: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write plain Ethernet frames as packets of an overlay from one VTEP to another.

    `encapsulation`: vxlan, vxlan-gpe, geneve or nvgre. `port`: VXLAN's, 4789 by default; the others have no
    choice. `source_port`: None for a hash of each inner flow, from 49152 on (RFC 7348 section 5).
    `udp_checksum`: compute it, which VXLAN lets be zero; it stays zero for frames that a snap length cut.
    NVGRE is not over UDP and has none of these, but a `flow_id`: None for a hash of each inner flow.
    `select` chooses among the frames; the other arguments are those of `decap`.
    """
    return run_encap(
        named_sources(source),
        target,
        container=_container(target, format, compression, nanoseconds=nanoseconds),
        headers={
            "src_vtep": str(src_vtep),
            "dst_vtep": str(dst_vtep),
            "vni": _within("vni", vni, 0, _HIGHEST_VNI),
            "src_mac": src_mac,
            "dst_mac": dst_mac,
            "encapsulation": encapsulation,
            "port": None if port is None else port_number("port", port),
            "source_port": None if source_port is None else port_number("source_port", source_port),
            "flow_id": None if flow_id is None else _within("flow_id", flow_id, 0, HIGHEST_FLOW_ID),
            "ttl": _within("ttl", ttl, 1, _HIGHEST_TTL),
            "udp_checksum": udp_checksum,
        },
        select=select,
        count=count,
        progress=progress,
    )


def run_decap(
    sources: list[NamedSource],
    target: Target,
    *,
    container: Container,
    overlays: Overlays,
    select: Selection,
    dedup: tuple[int | None, int | None] | None,
    count: int | None,
    split_by: str | None,
    progress: Progress | None,
    keep_on_interrupt: bool = False,
) -> Written:
    """Do as `decap` does, for sources that have a name already."""
    asked = _asked(container, select, count, progress) | {"overlays": overlays, "dedup": dedup}
    return _write(
        target,
        lambda path: _engine.decap(sources, target=path, split_by=split_by, **asked),
        folder=bool(split_by),
        keep=keep_on_interrupt,
    )


def run_extract(
    sources: list[NamedSource],
    target: Target,
    *,
    container: Container,
    overlays: Overlays,
    select: Selection,
    dedup: tuple[int | None, int | None] | None,
    count: int | None,
    invert: bool,
    progress: Progress | None,
    keep_on_interrupt: bool = False,
) -> Written:
    """Do as `extract` does, for sources that have a name already."""
    asked = _asked(container, select, count, progress) | {"overlays": overlays, "dedup": dedup}
    return _write(
        target,
        lambda path: _engine.extract(sources, target=path, invert=invert, **asked),
        keep=keep_on_interrupt,
    )


def run_encap(
    sources: list[NamedSource],
    target: Target,
    *,
    container: Container,
    headers: dict[str, Any],
    select: Selection,
    count: int | None,
    progress: Progress | None,
    keep_on_interrupt: bool = False,
) -> Written:
    """Do as `encap` does, for sources that have a name already."""
    _check_carried(headers)
    port = _encap_port(headers["encapsulation"], headers["port"])
    asked = _asked(container, select, count, progress) | headers | {"port": port}
    return _write(target, lambda path: _engine.encap(sources, target=path, **asked), keep=keep_on_interrupt)


def _check_carried(headers: dict[str, Any]) -> None:
    """Raise `OptionError` for what the header around an overlay's does not have."""
    if headers["encapsulation"] != "nvgre":
        if headers["flow_id"] is not None:
            raise OptionError("flow_id", headers["flow_id"], "none, as NVGRE alone has one")
        return
    for name in ("port", "source_port"):
        if headers[name] is not None:
            raise OptionError(name, headers[name], "none, as NVGRE is not over UDP")
    if headers["udp_checksum"]:
        raise OptionError("udp_checksum", "computed", "zero, as NVGRE is not over UDP")


def _encap_port(encapsulation: str, port: int | None) -> int:
    """Return the UDP port of an overlay, which is VXLAN's alone to choose."""
    assigned = ASSIGNED_PORTS.get(encapsulation, VXLAN_PORT)
    if encapsulation in ASSIGNED_PORTS and port not in (None, assigned):
        raise OptionError("port", port, f"{assigned}, the one of {ENCAPSULATIONS[encapsulation]}")
    return assigned if port is None else port


def _asked(
    container: Container, select: Selection, count: int | None, progress: Progress | None
) -> dict[str, Any]:
    return {
        "select": select_pairs(select),
        "count": count,
        "container": container.format,
        "nanoseconds": container.nanoseconds,
        "compression": container.compression,
        "progress": progress,
    }


def _container(
    target: Target, form: str | None, compression: str | None, *, nanoseconds: bool, folder: bool = False
) -> Container:
    for option, value, known in (("format", form, FORMATS), ("compression", compression, COMPRESSIONS)):
        if value is not None and value not in known:
            raise OptionError(option, value, f"one of {', '.join(known)}")
    name = None if folder or not isinstance(target, str | PathLike) else fspath(target)
    return container_of(
        name or "",
        nanoseconds=nanoseconds,
        wanted=form,
        compression=compression,
        default="pcapng" if name is None else None,
    )


def _within(option: str, value: int, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise OptionError(option, value, f"a whole number from {least} to {most}")
    return value


def _write(
    target: Target,
    write: Callable[[str | BinaryIO], _engine.Outcome],
    *,
    folder: bool = False,
    keep: bool = False,
) -> Written:
    """Write so that a path appears whole or not at all; `keep`: after Ctrl-C too."""
    # Loaded when it is used: tempfile would slow every other command's start.
    from vxinspect.files import appearing, appearing_folder, destination, is_special

    if not isinstance(target, str | PathLike):
        return _written(write(target), keep=keep)
    name = fspath(target)
    if name == STANDARD_OUTPUT and not folder:
        return _written(write(name), keep=keep)
    path = destination(name)
    if folder:
        with appearing_folder(path) as temporary:
            return _written(write(str(temporary)), keep=keep)
    with nullcontext(path) if is_special(path) else appearing(path) as temporary:
        return _written(write(str(temporary)), keep=keep)


def _written(outcome: _engine.Outcome, *, keep: bool) -> Written:
    if outcome.interrupted and not keep:
        raise KeyboardInterrupt
    return Written(
        frames=outcome.written,
        files=dict(outcome.files()),
        losses={name: count for name, count in outcome.losses().items() if count},
        captures=outcome.captures(),
        interrupted=outcome.interrupted,
        finding_hints=finding_hints(
            outcome.frames(), outcome.candidates(), outcome.ports(), outcome.copies()
        ),
    )
