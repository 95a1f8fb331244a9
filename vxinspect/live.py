"""Reports of a run that goes on: `follow`."""

from collections.abc import Iterable, Iterator, Sequence

from vxinspect import _engine
from vxinspect.api import Progress, Report
from vxinspect.dedup import Duration, nanoseconds, window_of
from vxinspect.exceptions import OptionError
from vxinspect.overlays import MAX_DEPTH, USUAL_ENCAPSULATIONS, Overlays
from vxinspect.selection import Selection, select_pairs
from vxinspect.sources import VXLAN_PORT, Growing, NamedSource, Ports, Source, named_sources

__all__ = ["INTERVAL", "follow", "run_live"]

INTERVAL = 5.0
"""Seconds between two reports."""


class LiveReports(Iterator[Report]):
    """Reports as a run goes on, each of all that was read since its beginning; the last is of the whole."""

    def __init__(self, run: _engine.Live, seconds: float) -> None:
        self._run = run
        self._seconds = seconds
        self._last: Report | None = None

    def __next__(self) -> Report:
        if self._run.ended:
            raise StopIteration
        # Let go of, so that there are never two beside what the run itself holds.
        self._last = None
        self._last = Report(self._run.advance(self._seconds))
        return self._last

    @property
    def ended(self) -> bool:
        """Whether the report that came last is of the whole."""
        return self._run.ended

    @property
    def last(self) -> Report:
        """The report that came last, or the first one."""
        return self._last or next(self)

    def stop(self) -> None:
        """Have the next report be the last, as if Ctrl-C had come."""
        self._run.stop()


def follow(
    source: Source,
    *,
    interval: Duration = INTERVAL,
    ports: Ports = (VXLAN_PORT,),
    encapsulations: Iterable[str] = USUAL_ENCAPSULATIONS,
    max_depth: int = MAX_DEPTH,
    select: Selection = None,
    checksums: bool = False,
    dedup: bool = False,
    dedup_window: Duration | None = None,
    dedup_frames: int | None = None,
    max_flows: int | None = None,
    count: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Report]:
    """Read a capture that is still being written, and yield what is in it since its beginning, now and then.

    `source`: what `scan` takes. A path of its own is waited at for more; a pipe ends when nobody writes to it
    any more. `interval`: how long between two reports: `"500ms"`, seconds or a timedelta. `ports`: numbers,
    as there is no second reading for "auto". The other arguments are those of `scan`.

    A file that is cut, replaced or removed ends it: the last report's `captures` say so, in `damage`. Each
    report is whole and never changes, and takes the memory of one.
    """
    overlays = Overlays.asked(ports=ports, encapsulations=encapsulations, max_depth=max_depth)
    if overlays.auto_ports:
        raise OptionError("ports", "auto", "UDP ports: what is still being written is read only once")
    try:
        seconds = nanoseconds(interval) / 1e9
    except ValueError as error:
        raise OptionError("interval", interval, "a time such as 5 or '500ms'") from error
    sources = named_sources(source)
    if len(sources) == 1 and isinstance(sources[0][1], str):
        sources = [(sources[0][0], Growing(sources[0][1]))]
    return run_live(
        sources,
        seconds,
        overlays=overlays,
        select=select,
        checksums=checksums,
        dedup=window_of(dedup=dedup, window=dedup_window, frames=dedup_frames),
        max_flows=max_flows,
        count=count,
        threads=None,
        progress=progress,
    )


def run_live(
    sources: Sequence[NamedSource],
    seconds: float,
    *,
    overlays: Overlays,
    select: Selection,
    checksums: bool,
    dedup: tuple[int | None, int | None] | None,
    max_flows: int | None,
    count: int | None,
    threads: int | None,
    progress: Progress | None = None,
    keep_on_interrupt: bool = False,
) -> LiveReports:
    """Do as `follow` does, for sources that have a name already."""
    run = _engine.Live(
        sources,
        overlays=overlays,
        select=select_pairs(select),
        checksums=checksums,
        dedup=dedup,
        max_flows=max_flows,
        count=count,
        threads=threads,
        progress=progress,
        keep_on_interrupt=keep_on_interrupt,
    )
    return LiveReports(run, seconds)
