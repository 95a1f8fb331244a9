"""The comparison of a capture: every frame with tshark, a sample with pyshark."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from vxinspect.api import Progress
from vxinspect.exceptions import CaptureError
from vxinspect.overlays import ENCAPSULATIONS
from vxinspect.sources import VXLAN_PORT, Ports
from vxinspect.stream import packets
from vxinspect.verify.compare import Difference, differences
from vxinspect.verify.dissection import Dissection
from vxinspect.verify.sample import pyshark_version, sample_of, sampled
from vxinspect.verify.tshark import find_tshark

__all__ = ["SAMPLE", "Class", "Comparison", "Verification", "verify"]

SAMPLE = 200
"""So many frames pyshark looks at by default: it takes about a millisecond for each."""
_NAMED = 10


@dataclass(slots=True)
class Class:
    """Frames that differ in the same field for the same reason: the numbers of the first ten.

    `ours` and `theirs`: what each side says of the first.
    """

    column: str
    why: str | None
    ours: object
    theirs: object
    frames: int = 0
    numbers: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Comparison:
    """Frames beside one dissector's: how many there were, agree, differ for no known reason, are VXLAN."""

    dissector: str
    version: str
    frames: int = 0
    agree: int = 0
    unexplained: int = 0
    vxlan: int = 0
    classes: list[Class] = field(default_factory=list)

    def add(self, number: int, found: Sequence[Difference]) -> None:
        """Count a frame."""
        self.frames += 1
        self.agree += not found
        self.unexplained += any(difference.why is None for difference in found)
        for difference in found:
            each = self._class_of(difference)
            each.frames += 1
            if len(each.numbers) < _NAMED:
                each.numbers.append(number)

    def _class_of(self, found: Difference) -> Class:
        for each in self.classes:
            if (each.column, each.why) == (found.field, found.why):
                return each
        self.classes.append(Class(found.field, found.why, found.ours, found.theirs))
        return self.classes[-1]


@dataclass(frozen=True, slots=True)
class Verification:
    """What comparing one capture came to.

    `captures`: what was read, as `Report.captures` tells it.
    """

    name: str
    captures: list[dict[str, Any]]
    ports: list[int]
    comparisons: list[Comparison]

    @property
    def frames(self) -> int:
        """How many frames were compared."""
        return self.comparisons[0].frames

    @property
    def agrees(self) -> bool:
        """Whether there is an explanation for every difference."""
        return not any(comparison.unexplained for comparison in self.comparisons)


def verify(
    path: str | Path,
    *,
    name: str | None = None,
    ports: Ports = (VXLAN_PORT,),
    count: int | None = None,
    sample: int = SAMPLE,
    progress: Progress | None = None,
) -> Verification:
    """Compare each frame of a capture with what Wireshark makes of it.

    `name`: how messages call the capture. `ports` and `count` are those of `scan`. `sample`: so many frames,
    evenly spread, go through pyshark too; 0 for none. `progress` is called as that of `scan`.

    Raises `CaptureError` for a capture that cannot be read, and `VerifyError` where Wireshark or pyshark is
    not installed, or cannot read it.
    """
    path, name = Path(path), str(path) if name is None else name
    tshark = find_tshark()
    version = pyshark_version() if sample else ""
    asked: dict[str, Any] = {"count": count, "all_frames": True, "encapsulations": tuple(ENCAPSULATIONS)}
    with _named(name):
        whole = Comparison("tshark", tshark.version)
        with packets(path, ports=ports, progress=progress, **asked) as ours:
            used = ours.ports
            rows = (packet.to_dict() for packet in ours)
            _compare(whole, rows, tshark.dissect(path, name, used, count), used)
            captures = [capture | {"name": name} for capture in ours.captures]
        comparisons = [whole]
        if sample and whole.frames:
            part = Comparison("pyshark", version)
            numbers = sample_of(whole.frames, sample)
            wanted = frozenset(numbers)
            with packets(path, ports=used, **asked) as ours:
                rows = (packet.to_dict() for packet in ours if packet.number in wanted)
                theirs = sampled(path, used, {tshark.number_of(n): n for n in numbers}, tshark.path)
                _compare(part, rows, theirs, used)
            comparisons.append(part)
    return Verification(name, captures, used, comparisons)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Let errors call the capture by its name: what was piped in is read from a file that nobody knows."""
    try:
        yield
    except CaptureError as error:
        raise type(error)(name, error.message, error.offset, error.expected, error.found) from None


def _compare(
    into: Comparison, rows: Iterable[dict[str, Any]], theirs: Iterator[Dissection], ports: Sequence[int]
) -> None:
    """Compare frames one by one; each side has them in the order of the capture."""
    for ours, dissection in zip_longest(rows, theirs):
        if ours is None or dissection is None or ours["number"] != dissection.number:
            number = dissection.number if ours is None else ours["number"]
            into.add(
                number, [Difference("number", None if ours is None else number, _number(dissection), None)]
            )
            continue
        into.vxlan += ours["disposition"] == "vxlan"
        into.add(ours["number"], differences(ours, dissection, ports))


def _number(dissection: Dissection | None) -> int | None:
    return None if dissection is None else dissection.number
