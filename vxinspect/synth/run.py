"""A scenario to a capture and its truth."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vxinspect import _engine
from vxinspect.containers import Container
from vxinspect.exceptions import ScenarioError
from vxinspect.synth import frames
from vxinspect.synth.kinds import kind_of
from vxinspect.synth.mass import MassTraffic
from vxinspect.synth.packet import Packet, Plain, Planned
from vxinspect.synth.plan import Plan
from vxinspect.synth.planning import make_plan
from vxinspect.synth.scenario import Scenario
from vxinspect.synth.shares import frame_lengths
from vxinspect.synth.truth import Emitted, make_truth

__all__ = ["Job"]

_PIECE_GAP = 1_000
"""Nanoseconds between two fragments of a datagram."""
_PCAP_ENDS = (1 << 32) * 1_000_000_000
"""Nanoseconds: pcap has 32 bits of seconds."""
_ETHERNET = 1


class Job:
    """A capture that is planned and can be written. Raises `ScenarioError` for what makes no sense.

    `name`: how errors call the scenario.
    """

    def __init__(self, scenario: Scenario, name: str, container: Container) -> None:
        self._container = container
        self._numbers: list[int] = []
        with _named(name):
            self._plan = make_plan(scenario)
            self._mass = None if scenario.mass is None else MassTraffic(self._plan, scenario.mass)
            self._emitted, self._frames = _emit(self._plan, container.unit)
        if not self._emitted and self._mass is None:
            raise ScenarioError(name, "traffic", "at least one, or mass", "none")
        if self._plan.cut is not None and self._plan.cut >= len(self._frames[-1][1]):
            index = next(i for i, fault in enumerate(scenario.fault) if kind_of(fault) == "cut-mid-record")
            expected = f"at most {len(self._frames[-1][1]) - 1}, for the last frame has no more"
            raise ScenarioError(name, f"fault[{index}].bytes", expected, self._plan.cut)

    @property
    def count(self) -> int:
        """How many frames are written."""
        mass = self._plan.scenario.mass
        return len(self._emitted) + (mass.packets if mass is not None else 0)

    def write(self, target: str, progress: Callable[[int, int], object] | None = None) -> None:
        """Write the capture to a path, which is replaced, or to standard output ("-").

        `progress(frames written, frames in all)` is called a few times a second.
        """
        self._numbers = _engine.write_capture(
            target,
            container=self._container.format,
            nanoseconds=self._container.nanoseconds,
            compression=self._container.compression,
            link_type=_ETHERNET,
            snap_length=self._plan.snap_length,
            frames=self._frames,
            mass=None if self._mass is None else self._mass.engine,
            cut=self._plan.cut,
            progress=progress,
        )

    def truth(self) -> dict[str, Any]:
        """Return the truth of the capture that was written: docs/scenarios.md describes it."""
        return make_truth(self._plan, self._emitted, self._numbers, self._mass, unit=self._container.unit)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Let errors say which scenario they are about."""
    try:
        yield
    except ScenarioError as error:
        message = "" if error.expected else error.message
        raise ScenarioError(name, error.path, error.expected, error.found, message=message) from None


def _emit(plan: Plan, unit: int) -> tuple[list[Emitted], list[tuple[int, bytes, int, str | None]]]:
    """Return the frames in order, and what the engine writes of them."""
    tags = len(plan.scenario.underlay.vlan)
    listed: list[tuple[int, Planned, int, bytes]] = []
    for planned in plan.planned:
        for index, data in enumerate(_encoded(plan, planned)):
            listed.append((planned.time + index * _PIECE_GAP, planned, index, data))
    listed.sort(key=lambda frame: frame[0])
    for time, *_ in listed[:1] + listed[-1:]:
        if not 0 <= time < _PCAP_ENDS:
            found = f"a frame {(time - plan.start) / 1e9:+g} seconds after its start"
            raise ScenarioError("", "start", "a scenario from 1970 to 2106, which pcap can hold", found)
    comments = _comments(plan)
    emitted, written = [], []
    for time, planned, index, data in listed:
        wire = frame_lengths(planned, tags)[index] if isinstance(planned, Packet) else len(data)
        emitted.append(Emitted(planned, index, time - time % unit, wire))
        written.append((time, data, wire, comments.get(id(planned))))
    return emitted, written


def _encoded(plan: Plan, planned: Planned) -> list[bytes]:
    return [planned.data] if isinstance(planned, Plain) else frames.encode(planned, plan.scenario.underlay)


def _comments(plan: Plan) -> dict[int, str]:
    """Return the faults of each packet in words: pcapng keeps them as comments."""
    named: dict[int, list[str]] = {}
    for index, packets in plan.befallen.items():
        for packet in packets:
            named.setdefault(id(packet), []).append(kind_of(plan.scenario.fault[index]))
    return {key: ", ".join(kinds) for key, kinds in named.items()}
