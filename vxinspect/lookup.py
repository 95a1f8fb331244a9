"""The numbers of the first frames that a finding is about: the captures are read again, as far as needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vxinspect import _engine
from vxinspect.overlays import Overlays
from vxinspect.sources import STANDARD_INPUT, NamedSource

__all__ = ["Reading"]

FRAMES = 5
"""So many numbers are enough to look at."""
_LOOKED_AT = 2_000_000
"""Of a capture, so that looking takes no longer than a fraction of a second."""
_SELECTED = {
    "vni": "vni",
    "src_vtep": "vtep",
    "dst_vtep": "vtep",
    "src_mac": "mac",
    "dst_mac": "mac",
    "src_ip": "host",
    "dst_ip": "host",
    "src_port": "inner_port",
}
"""Columns of packets that the engine can select by, so that only what may fit becomes Python's."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How captures were read, so that they can be read again in the same way."""

    sources: Sequence[NamedSource]
    overlays: Overlays
    select: Sequence[tuple[str, str]]
    dedup: tuple[int | None, int | None] | None
    count: int | None

    @property
    def again(self) -> bool:
        """Whether all of them can be read once more: pipes and open files cannot."""
        return all(isinstance(source, str) and _is_file(source) for _, source in self.sources)

    def first_frames(self, where: Sequence[Mapping[str, Any]]) -> list[str] | None:
        """Return the numbers of the first frames that meet one of the demands.

        Of several captures each has the capture's name in front. None where nothing can be looked up.
        """
        if not where or not self.again:
            return None
        found: list[tuple[str, int]] = []
        for demand in where:
            found += self._meeting(demand)
        several = len(self.sources) > 1
        names = {name: index for index, (name, _) in enumerate(self.sources)}
        found.sort(key=lambda frame: (names.get(frame[0], 0), frame[1]))
        unique = list(dict.fromkeys(found))[:FRAMES]
        return [f"{name}:{number}" if several else str(number) for name, number in unique]

    def _meeting(self, demand: Mapping[str, Any]) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        reader = self._reader(demand)
        try:
            while len(found) < FRAMES and (batch := reader.batch()):
                found += [(one.capture or "", one.number) for one in batch if _meets(one, demand)]
        finally:
            reader.close()
        return found[:FRAMES]

    def _reader(self, demand: Mapping[str, Any]) -> _engine.PacketReader:
        # A demand of a VXLAN packet's columns needs no other frames.
        inside = demand.keys() & (_SELECTED.keys() | {"bum", "tagged", "notes"})
        given = {field for field, _ in self.select}
        own = {(_SELECTED[name], str(value)) for name, value in demand.items() if name in _SELECTED}
        overlays = (
            replace(self.overlays, ports=[demand["udp_port"]]) if "udp_port" in demand else self.overlays
        )
        return _engine.PacketReader(
            list(self.sources),
            overlays=overlays,
            select=[*self.select, *sorted(pair for pair in own if pair[0] not in given)],
            dedup=self.dedup,
            count=min(self.count or _LOOKED_AT, _LOOKED_AT),
            limit=None,
            all_frames=not inside and "udp_port" not in demand,
            progress=None,
        )


def _is_file(source: str) -> bool:
    return source != STANDARD_INPUT and Path(source).is_file()


def _meets(packet: _engine.Packet, demand: Mapping[str, Any]) -> bool:
    return all(_has(packet, name, value) for name, value in demand.items())


def _has(packet: _engine.Packet, name: str, value: Any) -> bool:  # noqa: ANN401 - a column's
    match name:
        case "notes":
            return value in (packet.notes or ())
        case "tagged":
            return packet.vlan is not None
        case "bum":
            return packet.dst_mac is not None and bool(int(packet.dst_mac[:2], 16) & 1)
        case _:
            found = getattr(packet, name)
            return found in (value if isinstance(value, tuple) else (value,))
