"""The public face: `scan` reads captures, `Report` holds what was in them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from vxinspect import _engine
from vxinspect.columns import VIEWS, parse_sort
from vxinspect.dedup import Duration, window_of
from vxinspect.exceptions import OptionError
from vxinspect.hints import (
    address_hints,
    all_hints,
    checksum_hints,
    finding_hints,
    flow_key_hints,
    icmp_hints,
)
from vxinspect.lookup import Reading
from vxinspect.overlays import MAX_DEPTH, USUAL_ENCAPSULATIONS, Overlays
from vxinspect.selection import Selection, select_mapping, select_pairs
from vxinspect.sources import VXLAN_PORT, NamedSource, Ports, Source, named_sources
from vxinspect.tables import Table

if TYPE_CHECKING:
    from vxinspect.rules.facts import Facts

__all__ = ["FLOW_KEYS", "SCHEMA_VERSION", "FlowKey", "Progress", "Report", "run_scan", "scan"]

Progress: TypeAlias = Callable[[int, int | None, int], None]
"""Called with bytes read, bytes in all (None where unknown) and frames, a few times a second."""

FlowKey: TypeAlias = Literal["vni", "no-vni", "auto"]
FLOW_KEYS: dict[str, str] = {"vni": "", "no-vni": "_no_vni", "auto": "_auto"}
"""What flows and conversations are told apart by, and how the engine's table of each ends."""
_WITH_FLOW_KEY = ("flows", "conversations_mac", "conversations_ip")

SCHEMA_VERSION = 1
_TOP_FLOWS = 10
_SUMMARY_CAPTURE = (
    *("name", "format", "byte_order", "timestamp_resolution", "link_types", "compression", "bytes"),
    *("complete", "truncated_at", "dropped_packets", "clock_steps", "largest_clock_step_s"),
)
_ICMP_ERRORS = ("frag_needed", "mtu", "unreachable", "time_exceeded", "parameter_problem")
_SUMMARY_FRAMES = (
    "total",
    "vxlan",
    "fragment",
    "other",
    "invalid",
    "malformed",
    "reasons",
    "selected",
    "notes",
    "incomplete_datagrams",
    "encapsulations",
)


class Report:
    """What one scan saw. Every table is rolled up from the same cells, so they agree. It never changes."""

    def __init__(self, analysis: _engine.Analysis, reading: Reading | None = None) -> None:
        self._analysis = analysis
        self._reading = reading

    @property
    def captures(self) -> list[dict[str, Any]]:
        """What was read: the summary's `captures`, with `damage` (str or None) and `fatal` (bool) too."""
        return self._analysis.captures()

    @property
    def frames(self) -> dict[str, Any]:
        """How frames ended: the summary's `frames`."""
        frames = self._analysis.frames()
        return {name: frames[name] for name in _SUMMARY_FRAMES}

    @property
    def copies(self) -> dict[str, Any]:
        """What the capture shows again: the summary's `copies`."""
        return self._analysis.copies()

    @property
    def time(self) -> dict[str, Any]:
        """When: the summary's `time`."""
        return self._analysis.time()

    @property
    def ports(self) -> list[int]:
        """The UDP ports taken as VXLAN, those that "auto" found included."""
        return self._analysis.ports()

    @property
    def ports_seen(self) -> list[int]:
        """Those of `ports` that packets of the selection came to."""
        return self._analysis.ports_seen()

    @property
    def other_ports(self) -> dict[int, int]:
        """UDP ports that are not among `ports`, and how many frames to each look like VXLAN."""
        return {port: frames for port, frames, *_ in self._analysis.candidates()}

    @property
    def select(self) -> dict[str, list[str]]:
        """Which packets count: the texts that were given for each field. `scan` takes it as `select`."""
        return select_mapping(self._analysis.select())

    @property
    def rest_packets(self) -> int:
        """How many packets are of flows beyond `max_flows`: the summary's `totals.rest_packets`."""
        return self._analysis.rest_packets()

    @property
    def checksums(self) -> dict[str, int] | None:
        """How many checksums are right or wrong: the summary's `checksums`. None where nobody looked."""
        return self._analysis.checksums()

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the scan early; the report covers what was read until then."""
        return self._analysis.interrupted

    @property
    def summary(self) -> dict[str, Any]:
        """Everything at a glance, as plain values: the object that `vxinspect summary --json` prints."""
        return self.summarize()

    def summarize(self, *, sort: Iterable[str] = (), limit: int | None = None) -> dict[str, Any]:
        """Return `summary`, its tables sorted and cut; without a limit every VNI and tunnel, and 10 flows."""
        sort = list(sort)
        return {
            "schema_version": SCHEMA_VERSION,
            "version": _engine.__version__,
            "captures": [{name: capture[name] for name in _SUMMARY_CAPTURE} for capture in self.captures],
            "frames": self.frames,
            "time": self.time,
            "totals": self._analysis.totals(),
            "bytes": self._analysis.bytes(),
            "vnis": self.table("vnis", sort=sort, limit=limit).to_dicts(),
            "tunnels": self.table("tunnels", sort=sort, limit=limit).to_dicts(),
            "top_flows": self.table(
                "flows", sort=sort, limit=_TOP_FLOWS if limit is None else limit
            ).to_dicts(),
            "hints": self.hints,
            "copies": self.copies,
            "icmp_errors": self._icmp_errors(),
            "findings": self.find(numbers=False).to_dicts(),
            "incomplete_datagrams": self.incomplete_datagrams,
            "checksums": self.checksums,
        }

    def _icmp_errors(self) -> dict[str, int | None]:
        """Return how many errors of the underlay there are about VXLAN packets, all tunnels together."""
        errors = self._analysis.icmp_errors()
        counts = [sum(kind) for kind in zip(*(counts for *_, counts in errors), strict=True)] or [0] * 4
        mtu = min((mtu for _, _, mtu, _ in errors if mtu is not None), default=None)
        return dict(zip(_ICMP_ERRORS, (counts[0], mtu, *counts[1:]), strict=True))

    @property
    def incomplete_datagrams(self) -> list[dict[str, Any]]:
        """Outer datagrams that lack fragments, and so are in no table: the earliest, at most 20.

        Each has `source`, `destination`, `identification`, `vni` (None where its front is missing), `frames`,
        `wire_bytes`, `first_seen`, `missing` (ranges of its bytes: `"1480-2959"`, `"2960-"`) and `why` it was
        waited for no longer (`capture_end`, `timeout`, `identification_reused`, `memory`). A selection leaves
        those that match it, or may.
        """
        return self._analysis.incomplete()

    @property
    def hints(self) -> list[str]:
        """What a person should know about this result and would not see in it."""
        return list(self._hints)

    @cached_property
    def _hints(self) -> tuple[str, ...]:
        total = self.overhead("total")
        offloaded = total[0]["offload_frames"] if total else 0
        offload_frames = offloaded if isinstance(offloaded, int) else 0
        frames, candidates = self._analysis.frames(), self._analysis.candidates()
        hints = all_hints(frames, candidates, self.ports, self._analysis.copies(), offload_frames)
        hints += icmp_hints(self._analysis.icmp_errors(), self._analysis.unkept_icmp_errors())
        hints += checksum_hints(self.checksums)
        hints += address_hints(self._analysis.unkept_claims())
        hints += flow_key_hints(self.flow_pairs)
        return (*hints, *self.setups)

    @cached_property
    def setups(self) -> list[str]:
        """The well-known setups that this looks like (Docker Swarm, Flannel, ...), a sentence each."""
        return self._facts.setups

    @cached_property
    def _facts(self) -> "Facts":
        # Loaded when it is used: the rules would slow every other command's start.
        from vxinspect.rules.facts import Facts

        return Facts(self)

    @property
    def finding_hints(self) -> list[str]:
        """Those of the hints that tell why a table may be empty, lack something, or have it twice."""
        frames, candidates = self._analysis.frames(), self._analysis.candidates()
        return finding_hints(frames, candidates, self.ports, self._analysis.copies())

    @property
    def vnis(self) -> Table:
        """One row for each VNI."""
        return self.table("vnis")

    @property
    def flows(self) -> Table:
        """One row for each inner 5-tuple in each VNI, both directions together."""
        return self.table("flows")

    def flows_by(self, flow_key: FlowKey) -> Table:
        """Return `flows` with another key: `auto` pairs one-way flows across VNIs, `no-vni` all of them."""
        return self.table("flows", flow_key=flow_key)

    @property
    def flow_pairs(self) -> int:
        """How many pairs of one-way flows are each other's way back in another VNI: one row in `auto`."""
        return self._analysis.flow_pairs()

    @property
    def tunnels(self) -> Table:
        """One row for each pair of VTEPs, or VTEP and multicast group."""
        return self.table("tunnels")

    @property
    def underlay(self) -> Table:
        """One row for each direction of a tunnel: how the underlay treats its packets."""
        return self.table("underlay")

    @property
    def vteps(self) -> Table:
        """One row for each outer address."""
        return self.table("vteps")

    @property
    def fdb(self) -> Table:
        """One row for each inner MAC in each VNI: the VTEP that it is behind."""
        return self.table("fdb")

    @property
    def addresses(self) -> Table:
        """One row for each inner IP address in each VNI: the MAC that has it, and how that is known."""
        return self.table("addresses")

    def conversations(self, by: Literal["mac", "ip"] = "mac", *, flow_key: FlowKey = "vni") -> Table:
        """Return one row for each pair of inner addresses in each VNI, or as `flow_key` says."""
        return self._by("conversations", by, ("mac", "ip"), flow_key)

    def overhead(self, by: Literal["total", "vni", "tunnel"] = "total") -> Table:
        """Return what encapsulation costs: in all, for each VNI, or for each tunnel."""
        return self._by("overhead", by, ("total", "vni", "tunnel"))

    def table(
        self,
        name: str,
        *,
        sort: Iterable[str] = (),
        limit: int | None = None,
        flow_key: FlowKey = "vni",
    ) -> Table:
        """Return any table by name: `flows`, `conversations_mac`, `overhead_vni`, ...

        `sort`: `"packets"`, `"vni:asc"`, ...; quantities start with the largest, names with the lowest.
        `limit`: at most so many rows. `flow_key`, of `flows` and conversations: `vni` keeps each VNI's apart,
        `no-vni` none, and `auto` all but two that are each other's way back in another VNI. Raises
        `OptionError` for an unknown table, column or key.
        """
        view = VIEWS.get(name)
        if view is None:
            raise OptionError("table", name, f"one of {', '.join(VIEWS)}")
        if flow_key not in FLOW_KEYS:
            raise OptionError("flow_key", flow_key, f"one of {', '.join(FLOW_KEYS)}")
        if name in _WITH_FLOW_KEY:
            name += FLOW_KEYS[flow_key]
        return Table(view, self._analysis.table(name, sort=parse_sort(view, sort), limit=limit))

    @cached_property
    def findings(self) -> Table:
        """What is wrong, one row for each finding, the worst first: docs/findings.md.

        For the numbers of frames, captures that are files are read again.
        """
        return self.find()

    def find(
        self,
        *,
        thresholds: Mapping[str, Mapping[str, float]] | None = None,
        numbers: bool = True,
        sort: Iterable[str] = (),
        limit: int | None = None,
    ) -> Table:
        """Return `findings`, with other thresholds (`{"bum-share": {"percent": 50}}`), sorted and cut.

        `numbers`: look up the numbers of the first frames. Raises `OptionError` for a rule, threshold or
        column that is not there.
        """
        from vxinspect.findings import find, table

        findings = find(self._facts, thresholds)
        return table(findings, reading=self._reading if numbers else None, sort=sort, limit=limit)

    @property
    def loops(self) -> list[tuple[int, str, str, int]]:
        """What goes round: VNI, sender, receiver, packets. For findings, and no part of the contract."""
        return self._analysis.loops()

    def internal(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table of the engine's that is no part of the contract."""
        rows = self._analysis.table(name)
        return [dict(zip(rows.columns, values, strict=True)) for values in rows.rows(0, len(rows))]

    def merge(self, other: "Report") -> "Report":
        """Return this report and a later one as one; neither changes.

        What `dedup` dropped is what it found in each; a packet here whose copy is there is not dropped.
        """
        return Report(self._analysis.merge(other._analysis))  # noqa: SLF001 - of the same class

    def __repr__(self) -> str:
        frames, totals = self._analysis.frames(), self._analysis.totals()
        return f"<Report: {frames['vxlan']} of {frames['total']} frames are VXLAN, {totals['vnis']} VNIs>"

    def _by(self, table: str, by: str, choices: Sequence[str], flow_key: FlowKey = "vni") -> Table:
        if by not in choices:
            raise OptionError("by", by, f"one of {', '.join(choices)}")
        return self.table(f"{table}_{by}", flow_key=flow_key)


def scan(
    source: Source,
    *,
    ports: Ports = (VXLAN_PORT,),
    encapsulations: Iterable[str] = USUAL_ENCAPSULATIONS,
    max_depth: int = MAX_DEPTH,
    match_source_port: bool = False,
    select: Selection = None,
    checksums: bool = False,
    dedup: bool = False,
    dedup_window: Duration | None = None,
    dedup_frames: int | None = None,
    max_flows: int | None = None,
    count: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read captures, and return what is in them.

    `source`: a path (`-` is standard input), a capture's bytes, an open binary file, or several, which
    count as one run in the order of their first packet. Format and compression are told by the first bytes.
    `ports`: the UDP destination ports that carry VXLAN; "auto" adds those that look like it.
    `encapsulations`: the overlays to report, of vxlan, vxlan-gpe, geneve and nvgre. `max_depth`: how many
    of them may be inside each other, 1 to 16. `match_source_port`: what comes from one of `ports` is VXLAN
    too, if it has a valid header. `select`: which packets count, by a filter
    (`"vni == 100 && tcp"`), a `Select` or a mapping of its fields. `checksums`: verify them, for the columns
    that tell of them. `dedup`: drop copies of a packet, which come within `dedup_window` ("10ms", seconds or
    a timedelta; 10 ms by default) and `dedup_frames` (1,000 by default) of it. `max_flows`: bound memory: the
    first so many flows have rows of their own; the packets of others are in one row for each VNI, without
    addresses, and sums stay exact (`summary["totals"]["rest_packets"]` says how many there are). `count`:
    stop after so many frames. `threads`: None for as many as there are processors; the answer is the same
    for any number.

    Raises `CaptureError` (one of its children) for what cannot be read and `OptionError` for an argument that
    makes no sense. A capture that breaks off is no error: see `Report.captures`.
    """
    return run_scan(
        named_sources(source),
        overlays=Overlays.asked(
            ports=ports,
            encapsulations=encapsulations,
            max_depth=max_depth,
            match_source_port=match_source_port,
        ),
        select=select,
        checksums=checksums,
        dedup=window_of(dedup=dedup, window=dedup_window, frames=dedup_frames),
        max_flows=max_flows,
        count=count,
        threads=threads,
        progress=progress,
    )


def run_scan(
    sources: Sequence[NamedSource],
    *,
    overlays: Overlays,
    select: Selection,
    checksums: bool,
    dedup: tuple[int | None, int | None] | None,
    max_flows: int | None,
    count: int | None,
    threads: int | None,
    progress: Progress | None,
    keep_on_interrupt: bool = False,
) -> Report:
    """Do as `scan` does, for sources that have a name already."""
    analysis = _engine.scan(
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
    found = replace(overlays, ports=analysis.ports(), auto_ports=False)
    reading = Reading(sources, found, select_pairs(select), dedup, count)
    return Report(analysis, reading if reading.again else None)
