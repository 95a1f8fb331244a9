"""The truth of a synthetic capture: how its frames count, every table, and where each fault is.

It is computed from the plan, and never by reading the capture back.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from vxinspect import _engine
from vxinspect.columns import VIEWS
from vxinspect.overlays import ASSIGNED_PORTS
from vxinspect.synth.copies import Sighting, count_copies
from vxinspect.synth.counts import rfc3339
from vxinspect.synth.kinds import CutMidRecord, SnapLength, kind_of
from vxinspect.synth.mass import MassTraffic
from vxinspect.synth.packet import Packet, Plain, Planned
from vxinspect.synth.pieces import Piece
from vxinspect.synth.plan import Plan
from vxinspect.synth.shares import Ending, Share, endings, incomplete, inner_start, pieces, share, told
from vxinspect.synth.tally import Tally, ip_key

__all__ = ["Emitted", "make_truth"]

SCHEMA_VERSION = 1
_LISTED = 20
"""So many incomplete datagrams are told, as in a summary."""
_DISPOSITIONS = ("vxlan", "fragment", "other", "invalid", "malformed")


@dataclass(frozen=True, slots=True)
class Emitted:
    """A frame that is written: which of its packet's frames it is, its time in nanoseconds as captured."""

    planned: Planned
    index: int
    time: int
    wire: int


def make_truth(
    plan: Plan, emitted: Sequence[Emitted], numbers: Sequence[int], mass: MassTraffic | None, *, unit: int
) -> dict[str, Any]:
    """Return the truth as plain values.

    `numbers`: of the emitted frames in the capture, from 1; `unit`: the capture's resolution in nanoseconds.
    """
    counts: Counter[Ending] = Counter()
    notes: Counter[str] = Counter()
    overlays: Counter[str] = Counter()
    flow_ids: Counter[tuple[int, str, int]] = Counter()
    tally = Tally()
    count = _Counter(plan, emitted)
    sightings: list[Sighting] = []
    for frame, number in zip(emitted[: len(emitted) - count.cut], numbers, strict=False):
        ending = count.ending(frame)
        counts[ending] += 1
        kept = count.kept(frame)
        piece = count.piece(frame)
        sightings.append(Sighting(number, frame.time, frame.planned, piece, ending.disposition, kept))
        if ending.disposition == "vxlan" and isinstance(frame.planned, Packet):
            seen = count.share(frame.planned, frame.time)
            notes.update(seen.notes)
            overlays[frame.planned.outermost.name] += 1
            if seen.flow_id is not None:
                flow_ids[seen.vni, seen.path, seen.flow_id] += 1
            tally.add(seen)
        elif ending.disposition == "other" and isinstance(frame.planned, Plain):
            count.complaint(frame.planned, tally)
    for each in () if mass is None else mass.shares():
        each.first -= each.first % unit
        each.last -= each.last % unit
        each.handshake = tuple(time - time % unit for time in each.handshake)
        counts[Ending("vxlan")] += each.packets
        notes.update(each.notes)
        overlays["vxlan"] += each.packets
        tally.add(each)
    unfinished = count.incomplete(emitted[: len(emitted) - count.cut])
    return {
        "schema_version": SCHEMA_VERSION,
        "version": _engine.__version__,
        "seed": plan.scenario.seed,
        "frames": _frames(counts, notes, overlays) | {"incomplete_datagrams": len(unfinished)},
        "copies": count_copies(sightings),
        "incomplete_datagrams": unfinished[:_LISTED],
        "flow_ids": [
            {"vni": vni, "encapsulation": path, "flow_id": flow_id, "packets": packets}
            for (vni, path, flow_id), packets in sorted(flow_ids.items())
        ],
        "faults": _faults(plan, emitted, numbers),
        **{name: _columns(name, rows) for name, rows in tally.tables().items()},
    }


class _Counter:
    """How the frames of a plan count."""

    def __init__(self, plan: Plan, emitted: Sequence[Emitted]) -> None:
        self.cut = int(plan.cut is not None)
        self._plan = plan
        self._tags = len(plan.scenario.underlay.vlan)
        vteps = plan.network.vteps.values()
        self._ports = frozenset(
            {plan.scenario.port, *(vtep.port for vtep in vteps), *ASSIGNED_PORTS.values()}
        )
        self._lost = emitted[-1].planned if self.cut else None

    def ending(self, frame: Emitted) -> Ending:
        """Return how a frame counts."""
        lost = int(frame.planned is self._lost)
        return endings(frame.planned, self._ports, self._tags, self._plan.snap_length, lost)[frame.index]

    def incomplete(self, emitted: Sequence[Emitted]) -> list[dict[str, Any]]:
        """Return the outer datagrams in pieces that are never whole, in the order of their first pieces."""
        told = []
        for frame in emitted:
            if isinstance(frame.planned, Packet) and frame.index == 0:
                lost = int(frame.planned is self._lost)
                row = incomplete(frame.planned, self._ports, self._tags, self._plan.snap_length, lost)
                if row is not None:
                    told.append({**row, "first_seen": rfc3339(frame.time)})
        return sorted(told, key=lambda row: (row["first_seen"], ip_key(row["source"])))

    @staticmethod
    def piece(frame: Emitted) -> Piece | None:
        """Return which fragment of its packet a frame is."""
        planned = frame.planned
        if not isinstance(planned, Packet) or planned.pieces is None:
            return None
        return pieces(planned)[frame.index]

    def kept(self, frame: Emitted) -> int:
        """Return how much the capture holds of a frame's innermost frame, in bytes."""
        start = 0
        if isinstance(frame.planned, Packet):
            start = inner_start(frame.planned, self._tags)
        return max(0, min(self._plan.snap_length, frame.wire) - start)

    def complaint(self, plain: Plain, tally: Tally) -> None:
        """Count an ICMP error about a VXLAN packet."""
        if plain.about is not None:
            is_known, has_vni = told(plain.about, self._plan.snap_length)
            if is_known:
                tally.complain(plain.about, has_vni=has_vni)

    def share(self, packet: Packet, time: int) -> Share:
        """Return what a packet adds to the tables."""
        lost = int(packet is self._lost)
        return share(packet, self._ports, self._tags, self._plan.snap_length, time, lost=lost)


def _frames(counts: Counter[Ending], notes: Counter[str], overlays: Counter[str]) -> dict[str, Any]:
    """Return the dispositions, as the summary's `frames` has them."""
    by_name = Counter[str]()
    reasons = Counter[str]()
    for ending, number in counts.items():
        by_name[ending.disposition] += number
        if ending.reason is not None:
            reasons[ending.reason] += number
    frames: dict[str, Any] = {"total": counts.total()}
    frames |= {name: by_name[name] for name in _DISPOSITIONS}
    return frames | {
        "reasons": dict(sorted(reasons.items())),
        "notes": dict(sorted(notes.items())),
        "encapsulations": dict(sorted(overlays.items())),
    }


def _faults(plan: Plan, emitted: Sequence[Emitted], numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return each fault as it was declared, with the numbers of the frames that it befell."""
    of_packet: dict[int, list[int]] = {}
    for frame, number in zip(emitted, numbers, strict=True):
        of_packet.setdefault(id(frame.planned), []).append(number)
    told = []
    for index, fault in enumerate(plan.scenario.fault):
        packets = plan.befallen.get(index, [])
        found = sorted({number for packet in packets for number in of_packet.get(id(packet), ())})
        if isinstance(fault, SnapLength):
            found = [
                number
                for frame, number in zip(emitted, numbers, strict=True)
                if frame.wire > plan.snap_length
            ]
        elif isinstance(fault, CutMidRecord):
            found = [len(emitted)]
        told.append({"kind": kind_of(fault), **_declared(fault), "frames": found})
    return told


def _declared(fault: msgspec.Struct) -> dict[str, Any]:
    raw = msgspec.to_builtins(fault)
    return {key: value for key, value in raw.items() if key != "kind"}


def _columns(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with the table's columns in its order; what only a capture can tell is left out."""
    names = [column for column in VIEWS[name].names if rows and column in rows[0]]
    return [{column: row[column] for column in names} for row in rows]
