"""A stand-in for the engine: tables from rows that a test wrote, so that the face is tested alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vxinspect.columns import VIEWS

Rows = Sequence[Mapping[str, Any]]

FIRST = "2026-11-22T17:30:06.123456789Z"
LAST = "2026-11-22T17:31:06.623456789Z"

DEFAULTS: dict[str, Any] = {
    "bytes": 1500,
    "count": 3,
    "ip": "10.0.0.1",
    "list": ["ARP", "IPv4"],
    "mac": "02:00:00:00:00:01",
    "milliseconds": 1.25,
    "numbers": [0, 46],
    "percent": 4.25,
    "port": 80,
    "ratio": 1.5,
    "seconds": 0.0123,
    "text": "tcp",
    "time": FIRST,
    "vni": 100,
    "vnis": [100, 101, 102, 200],
}


# What no sound network has.
SOUND = (
    *("tagged_packets", "ttl_changes", "dscp_mismatch_packets", "ecn_mismatch_packets", "icmp_frag_needed"),
    *("icmp_unreachable", "icmp_time_exceeded"),
)


def row(view: str, **values: Any) -> dict[str, Any]:
    """Return a row of the table with all its columns, those not given with a value of their kind."""
    unknown = set(values) - set(VIEWS[view].names)
    assert not unknown, f"{view} has no {unknown}"
    sound = dict.fromkeys(SOUND, 0) | values
    return {
        column.name: sound.get(
            column.name,
            None if column.asked else DEFAULTS[column.kind] if column.usual is None else column.usual,
        )
        for column in VIEWS[view].columns
    }


class FakeRows:
    """What the engine returns for a table."""

    def __init__(self, columns: tuple[str, ...], rows: Rows, total: int) -> None:
        self.columns = columns
        self.total = total
        self._rows = [tuple(row[name] for name in columns) for row in rows]
        self.asked: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, start: int, stop: int) -> list[tuple[Any, ...]]:
        """Return some rows, and remember that they were asked for."""
        self.asked.append((start, stop))
        return self._rows[start:stop]

    def text(self, form: str, start: int, stop: int) -> None:  # noqa: ARG002 - as the engine's
        """Leave the drawing to Python."""
        return

    def arrow(self, kinds: Sequence[str]) -> None:
        """Return None: there is no engine."""
        assert len(kinds) == len(self.columns)

    def pick(
        self, columns: Sequence[str], *, least: Any = (), most: Any = (), words: Any = ()
    ) -> list[tuple[Any, ...]]:
        """Return these columns of the rows that meet the demands, as the engine does."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self._rows]
        return [
            tuple(row[name] for name in columns)
            for row in rows
            if all(row[name] is not None and row[name] >= bound for name, bound in least)
            and all(row[name] is not None and row[name] <= bound for name, bound in most)
            and all(row[name] in allowed for name, allowed in words)
        ]


def capture(**changes: Any) -> dict[str, Any]:
    """Return what a sound small capture looks like in `Analysis.captures()`."""
    sound = {
        "name": "day.pcap",
        "format": "pcap",
        "byte_order": "little",
        "timestamp_resolution": "microseconds",
        "link_types": ["ETHERNET"],
        "compression": None,
        "bytes": 123456,
        "complete": True,
        "truncated_at": None,
        "dropped_packets": None,
        "clock_steps": 0,
        "largest_clock_step_s": None,
        "damage": None,
        "fatal": False,
    }
    return sound | changes


def frames(**changes: Any) -> dict[str, Any]:
    """Return what `Analysis.frames()` tells of ten VXLAN frames among twelve."""
    counted: dict[str, Any] = {
        "total": 12,
        "vxlan": 10,
        "fragment": 0,
        "other": 2,
        "invalid": 0,
        "malformed": 0,
        "reasons": {"other_port": 2},
        "selected": 10,
        "notes": {},
        "incomplete_datagrams": 0,
        "encapsulations": {"vxlan": 10},
        "incomplete_for_memory": 0,
    }
    return counted | changes


def copies(**changes: Any) -> dict[str, Any]:
    """Return what `Analysis.copies()` tells of twelve frames that are all different."""
    none: dict[str, Any] = {"dropped": False, "packets": 0, "bare": 0, "frames_examined": 12}
    return none | {"window_s": 0.01, "window_frames": 1000} | changes


def incomplete(**changes: Any) -> dict[str, Any]:
    """Return what a datagram that lacks its second fragment looks like in `Analysis.incomplete()`."""
    told: dict[str, Any] = {
        "source": "192.0.2.1",
        "destination": "192.0.2.2",
        "identification": 7,
        "vni": 100,
        "frames": 2,
        "wire_bytes": 1600,
        "first_seen": FIRST,
        "missing": ["1480-2959"],
        "why": "capture_end",
    }
    return told | changes


class FakeAnalysis:
    """What the engine returns for a scan."""

    def __init__(self, tables: Mapping[str, Rows] | None = None, **facts: Any) -> None:
        self.tables: dict[str, Rows] = {name: [row(name)] for name in VIEWS} | dict(tables or {})
        self.interrupted = facts.pop("interrupted", False)
        self.facts: dict[str, Any] = {
            "captures": [capture()],
            "frames": frames(),
            "time": {"first_seen": FIRST, "last_seen": LAST, "duration_s": 60.5},
            "totals": {
                "vnis": 1,
                "vteps": 2,
                "tunnels": 1,
                "flows": 1,
                "macs": 2,
                "ips": 2,
                "rest_packets": 0,
            },
            "bytes": {"wire": 1500, "inner": 1000, "payload": 500, "overhead": 500, "overhead_percent": 33.3},
            "copies": copies(),
            "incomplete": [],
            "candidates": [],
            "icmp_errors": [],
            "unkept_icmp_errors": 0,
            "unkept_claims": 0,
            "flow_pairs": 0,
            "checksums": None,
            "ports": [4789],
            "ports_seen": [4789],
            "select": [],
        }
        self.facts |= facts

    def captures(self) -> Any:
        """As the engine's."""
        return self.facts["captures"]

    def frames(self) -> Any:
        """As the engine's."""
        return self.facts["frames"]

    def time(self) -> Any:
        """As the engine's."""
        return self.facts["time"]

    def totals(self) -> Any:
        """As the engine's."""
        return self.facts["totals"]

    def rest_packets(self) -> int:
        """As the engine's."""
        return int(self.facts["totals"]["rest_packets"])

    def loops(self) -> list[tuple[int, str, str, int]]:
        """No VTEPs hand anything back and forth."""
        return []

    def bytes(self) -> Any:
        """As the engine's."""
        return self.facts["bytes"]

    def copies(self) -> Any:
        """As the engine's."""
        return self.facts["copies"]

    def incomplete(self) -> Any:
        """As the engine's."""
        return self.facts["incomplete"]

    def candidates(self) -> Any:
        """As the engine's."""
        return self.facts["candidates"]

    def icmp_errors(self) -> Any:
        """As the engine's."""
        return self.facts["icmp_errors"]

    def checksums(self) -> Any:
        """As the engine's."""
        return self.facts["checksums"]

    def unkept_icmp_errors(self) -> Any:
        """As the engine's."""
        return self.facts["unkept_icmp_errors"]

    def unkept_claims(self) -> Any:
        """As the engine's."""
        return self.facts["unkept_claims"]

    def ports(self) -> Any:
        """As the engine's."""
        return self.facts["ports"]

    def flow_pairs(self) -> Any:
        """Return how many pairs of flows there are across VNIs."""
        return self.facts["flow_pairs"]

    def ports_seen(self) -> Any:
        """As the engine's."""
        return self.facts["ports_seen"]

    def select(self) -> Any:
        """As the engine's."""
        return self.facts["select"]

    def table(
        self, view: str, *, sort: Sequence[tuple[str, bool]] = (), limit: int | None = None
    ) -> FakeRows:
        """Return the rows that the test gave, sorted and cut; none of what only findings ask for."""
        if view not in VIEWS:
            return FakeRows((), [], 0)
        rows = list(self.tables[view])
        for name, descending in reversed(sort):
            rows.sort(key=lambda each: each[name], reverse=descending)
        return FakeRows(VIEWS[view].names, rows[:limit], len(rows))

    def merge(self, later: FakeAnalysis) -> FakeAnalysis:
        """Return an analysis of both tables' rows."""
        return FakeAnalysis({name: [*rows, *later.tables[name]] for name, rows in self.tables.items()})
