"""Packets one by one, with their bytes: `packets`."""

from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from vxinspect import _engine
from vxinspect._engine import Packet
from vxinspect.api import Progress
from vxinspect.dedup import Duration, window_of
from vxinspect.hints import finding_hints
from vxinspect.overlays import MAX_DEPTH, USUAL_ENCAPSULATIONS, Overlays
from vxinspect.selection import Selection, select_pairs
from vxinspect.sources import VXLAN_PORT, Ports, Source, named_sources

__all__ = ["Packet", "PacketStream", "packets"]


class PacketStream(Iterator[Packet]):
    """Packets as they are read; an iterator, and a context manager that lets go of the capture at its end.

    Reading is done in pieces, as packets are asked for, so memory stays the same however long the capture is.
    """

    def __init__(self, reader: _engine.PacketReader) -> None:
        self._reader = reader
        self._waiting: deque[Packet] = deque()

    def __next__(self) -> Packet:
        if not self._waiting:
            self._waiting.extend(self._reader.batch())
        if not self._waiting:
            raise StopIteration
        return self._waiting.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the capture; there are no more packets then."""
        self._waiting.clear()
        self._reader.close()

    def batch(self) -> list[Packet]:
        """Return the packets that can be had without waiting, at least one; none at the end.

        From a pipe these are those that came with one read.
        """
        if self._waiting:
            waiting = list(self._waiting)
            self._waiting.clear()
            return waiting
        return self._reader.batch()

    @property
    def captures(self) -> list[dict[str, Any]]:
        """What was read to its end, as `Report.captures` tells it."""
        return self._reader.captures()

    @property
    def frames(self) -> dict[str, Any]:
        """How the frames read so far count, as the `frames` of a summary."""
        return self._reader.frames()

    @property
    def ports(self) -> list[int]:
        """The UDP ports taken as VXLAN, those that "auto" found included."""
        return self._reader.ports()

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it early."""
        return self._reader.interrupted

    @property
    def finding_hints(self) -> list[str]:
        """What tells why there may be no packets, or fewer than there should be."""
        frames, candidates = self._reader.frames(), self._reader.candidates()
        return finding_hints(frames, candidates, self._reader.ports(), self._reader.copies())


def packets(
    source: Source,
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
    limit: int | None = None,
    all_frames: bool = False,
    progress: Progress | None = None,
) -> PacketStream:
    """Read captures, and return an iterator of their VXLAN packets, each with its bytes.

    `source`, `ports`, `encapsulations`, `max_depth`, `match_source_port`, `select`, `dedup` and `count` are
    those of `scan`.
    `limit`: at most so many packets. `all_frames`: frames of every disposition; of those that are no VXLAN
    packets most is None.

    Raises `CaptureError` (one of its children) for what cannot be read and `OptionError` for an argument that
    makes no sense, when it is called or, for captures that are not open yet, while iterating. A capture that
    breaks off is no error: see `PacketStream.captures`.
    """
    reader = _engine.PacketReader(
        named_sources(source),
        overlays=Overlays.asked(
            ports=ports,
            encapsulations=encapsulations,
            max_depth=max_depth,
            match_source_port=match_source_port,
        ),
        select=select_pairs(select),
        dedup=window_of(dedup=dedup, window=dedup_window, frames=dedup_frames),
        count=count,
        limit=limit or None,
        all_frames=all_frames,
        progress=progress,
    )
    return PacketStream(reader)
