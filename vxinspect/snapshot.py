"""What two captures are compared by: the rows of a few tables by key, from a report or a saved summary."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from vxinspect.api import SCHEMA_VERSION, Report
from vxinspect.exceptions import OptionError, UnreadableCaptureError

__all__ = ["FIGURES", "KEYS", "Snapshot", "is_summary"]

Key: TypeAlias = tuple[Any, ...]
Rows: TypeAlias = dict[Key, dict[str, Any]]

KEYS = {
    "vnis": ("vni",),
    "vteps": ("vtep",),
    "tunnels": ("vtep_a", "vtep_b"),
    "services": ("vni", "protocol", "ip", "port"),
    "fdb": ("vni", "mac"),
    "findings": ("rule", "vni", "tunnel"),
}
"""The tables, and what tells two rows of each apart. Services are flows by what they were opened to."""

FIGURES = {
    "vnis": ("packets", "wire_bytes", "overhead_percent", "flows", "retransmission_percent", "rtt_ms"),
    "vteps": (),
    "tunnels": ("packets", "wire_bytes", "direction", "retransmission_percent"),
    "services": ("packets", "packets_rev"),
    "fdb": ("vtep", "moves"),
    "findings": ("severity", "frames"),
}
"""What is compared of rows that both have. A summary that an older version saved may lack some."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`name` of the capture or file, and the rows of each table that is known, by key."""

    name: str
    tables: Mapping[str, Rows]

    @classmethod
    def of_report(cls, report: Report) -> "Snapshot":
        """Take everything that is compared."""
        tunnels = report.tunnels.where()
        tables = {
            "vnis": report.vnis.where("vni", *FIGURES["vnis"]),
            "vteps": report.vteps.where("vtep"),
            "tunnels": tunnels,
            "services": _services(report),
            "fdb": report.fdb.where("vni", "mac", *FIGURES["fdb"]),
            "findings": report.find(numbers=False).to_dicts(),
        }
        name = ", ".join(capture["name"] for capture in report.captures)
        return cls(name, {table: _by_key(table, rows) for table, rows in tables.items()})

    @classmethod
    def of_summary(cls, path: str) -> "Snapshot":
        """Take what a file has that `summary --json` wrote: VNIs, tunnels with their VTEPs, findings.

        Raises `OptionError` where it is none.
        """
        expected = "a file that `vxinspect summary --json` wrote"
        try:
            summary = json.loads(Path(path).read_bytes())
            version, vnis, tunnels = summary["schema_version"], summary["vnis"], summary["tunnels"]
            vteps = {row["vtep_a"] for row in tunnels}
            vteps |= {row["vtep_b"] for row in tunnels if row["kind"] == "unicast"}
            rows = {"vnis": vnis, "tunnels": tunnels, "vteps": [{"vtep": vtep} for vtep in sorted(vteps)]}
            # Those of before there were findings have none to compare with.
            if "findings" in summary:
                rows["findings"] = summary["findings"]
            tables = {table: _by_key(table, listed) for table, listed in rows.items()}
        except OSError as error:
            raise UnreadableCaptureError(path, error.strerror or str(error)) from None
        except (ValueError, KeyError, TypeError):
            raise OptionError("baseline", path, expected) from None
        if version != SCHEMA_VERSION:
            raise OptionError("baseline", version, f"schema_version {SCHEMA_VERSION}")
        return cls(path, tables)


def is_summary(path: str) -> bool:
    """Whether a file looks like a saved summary: JSON, where a capture has its magic bytes."""
    file = Path(path)
    if not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            return opened.read(64).lstrip()[:1] == b"{"
    except OSError as error:
        # Where reading fails, the error has no name of its own.
        raise UnreadableCaptureError(path, error.strerror or str(error)) from None


def _services(report: Report) -> list[dict[str, Any]]:
    services: dict[Key, dict[str, Any]] = {}
    columns = ("vni", "protocol", "dst_ip", "dst_port", "packets", "packets_rev")
    for row in report.flows.where(*columns, least={"dst_port": 0}):
        key = (row["vni"], row["protocol"], row["dst_ip"], row["dst_port"])
        names = dict(zip(KEYS["services"], key, strict=True))
        total = services.setdefault(key, names | {"packets": 0, "packets_rev": 0})
        total["packets"] += row["packets"]
        total["packets_rev"] += row["packets_rev"]
    return list(services.values())


def _by_key(table: str, rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Return the rows by their keys, with what they have to compare; the first of several with one key."""
    listed: Rows = {}
    for row in rows:
        key = tuple(row[name] for name in KEYS[table])
        listed.setdefault(key, {name: row[name] for name in (*KEYS[table], *FIGURES[table]) if name in row})
    return listed
