"""What rules may ask of a report: tables, each rolled up once, and what several rules conclude from them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vxinspect._engine import reasons
from vxinspect.rules.overlaps import are_clones
from vxinspect.rules.setups import CILIUM, recognised

if TYPE_CHECKING:
    from vxinspect.api import Report
    from vxinspect.tables import Table

__all__ = ["CUT", "FAULTY", "Facts", "arrow", "between", "flow_name", "named"]

_NAMED = 3
"""So many of what a finding is about are named; the rest is counted."""
CUT = ("outer_cut", "vxlan_cut", "geneve_cut")
"""The reasons of frames of which the snap length cut a header in front of the VNI or with it."""
FAULTY = frozenset(name for name, kind in reasons() if kind in ("invalid", "malformed")) - {*CUT}
"""The reasons of frames that are not as their headers say."""


def arrow(source: str, destination: str) -> str:
    """Return how a finding names one direction of a tunnel."""
    return f"{source} -> {destination}"


def between(one: str, other: str) -> str:
    """Return how a finding names a tunnel with both of its directions."""
    return f"{one} <-> {other}"


def flow_name(row: Mapping[str, Any]) -> str:
    """Return `10.0.0.1:40000 -> 10.0.0.2:80`."""
    ends = [(row["src_ip"], row["src_port"]), (row["dst_ip"], row["dst_port"])]
    return " -> ".join(_end(ip, port) for ip, port in ends)


def _end(ip: str, port: int | None) -> str:
    if port is None:
        return ip
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def named(subjects: Sequence[str]) -> str:
    """Return `a, b, c and 4 more`."""
    more = len(subjects) - _NAMED
    return ", ".join(subjects[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


class Facts:
    """The tables of a report. What crosses from the engine is picked there, and kept."""

    def __init__(self, report: "Report") -> None:
        self.report = report

    @cached_property
    def frames(self) -> dict[str, Any]:
        """The summary's `frames`."""
        return self.report.frames

    @cached_property
    def copies(self) -> dict[str, Any]:
        """The summary's `copies`."""
        return self.report.copies

    @cached_property
    def loops(self) -> list[tuple[int, str, str, int]]:
        """VNI, sender, receiver, and the packets that VTEPs hand to each other again and again."""
        return self.report.loops

    @cached_property
    def repeated(self) -> float:
        """So many packets may be in the tables again: floods, and copies, as many as the sample suggests."""
        flooded = sum(row["packets"] for row in self.strays if row["flooded"])
        flooded += sum(row["repeated"] for row in self.report.internal("doubles"))
        looked_at = self.copies["frames_examined"]
        if self.copies["dropped"] or not looked_at:
            return float(flooded)
        return float(flooded + self.copies["packets"] * max(self.frames["total"] / looked_at, 1.0))

    @cached_property
    def incomplete(self) -> list[dict[str, Any]]:
        """The first of the outer datagrams that lack fragments."""
        return self.report.incomplete_datagrams

    @cached_property
    def checksums(self) -> dict[str, int] | None:
        """The summary's `checksums`; None where they were not verified."""
        return self.report.checksums

    @cached_property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return float(self.report.time["duration_s"] or 0.0)

    def note(self, name: str) -> int:
        """Return how many packets have a note."""
        return int(self.frames["notes"].get(name, 0))

    def reason(self, name: str) -> int:
        """Return how many frames ended for a reason."""
        return int(self.frames["reasons"].get(name, 0))

    @cached_property
    def vnis(self) -> list[dict[str, Any]]:
        """The table `vnis`."""
        return self.report.vnis.where()

    @cached_property
    def tunnels(self) -> list[dict[str, Any]]:
        """The table `tunnels`."""
        return self.report.tunnels.where()

    @cached_property
    def flows(self) -> "Table":
        """The table `flows`: pick from it."""
        return self.report.flows

    @cached_property
    def underlay(self) -> "Table":
        """The table `underlay`: pick from it."""
        return self.report.table("underlay")

    @cached_property
    def addresses(self) -> "Table":
        """The table `addresses`: pick from it."""
        return self.report.addresses

    @cached_property
    def fdb(self) -> "Table":
        """The table `fdb`: pick from it."""
        return self.report.fdb

    @cached_property
    def strays(self) -> list[dict[str, Any]]:
        """Unicast that is not where it should be: see the engine's manual.

        Where the VNI names the sender's identity, each direction has its own by design: not so there.
        """
        rows = self.report.internal("strays")
        if CILIUM in self.setups:
            return [row | {"answered_in": None} for row in rows]
        return rows

    @cached_property
    def losses(self) -> list[dict[str, Any]]:
        """How data is lost, by direction of a tunnel and VNI: see the engine's manual."""
        return self.report.internal("losses")

    @cached_property
    def hidden(self) -> int:
        """Frames that may hold segments which nothing is told of, so that their data looks missing."""
        frames = self.frames
        notes = ("inner_header_cut", "inner_malformed", "inner_fragment")
        return (
            int(frames["invalid"] + frames["malformed"] + frames["incomplete_datagrams"])
            + sum(map(self.note, notes))
            + sum(self.report.other_ports.values())
        )

    @cached_property
    def one_way(self) -> list[dict[str, Any]]:
        """Tunnels with unicast one way, by VNI: see the engine's manual."""
        return self.report.internal("one_way_tunnels")

    @cached_property
    def sources(self) -> list[dict[str, Any]]:
        """Addresses of MACs that are remarkable: see the engine's manual."""
        return self.report.internal("sources")

    @cached_property
    def setups(self) -> list[str]:
        """The well-known setups that this looks like."""
        return recognised(self)

    @cached_property
    def crossed_vnis(self) -> set[int]:
        """The VNIs of which one direction is in another."""
        crossed = [row for row in self.strays if row["answered_in"] is not None]
        return {vni for row in crossed for vni in (row["vni"], row["answered_in"])}

    def is_elsewhere(self, flow: Mapping[str, Any]) -> bool:
        """Whether a flow's answers may be in another VNI, or come from another outer address, or are wrapped.

        A flow is that of one encapsulation: what wraps its packets one way alone makes two of it.
        """
        crossed = flow["vni"] in self.crossed_vnis or CILIUM in self.setups
        if crossed or {flow["src_vtep"], flow["dst_vtep"]} & self.strange:
            return True
        back = (flow["vni"], flow["dst_ip"], flow["dst_port"], flow["src_ip"], flow["src_port"])
        return not flow["packets_rev"] and back in self.heard

    @cached_property
    def heard(self) -> set[tuple[int, str, int, str, int]]:
        """VNI and ends of what TCP sent, each way apart; none where all is wrapped alike."""
        if len({row["encapsulation"] for row in self.tunnels}) == 1:
            return set()
        columns = ("vni", "src_ip", "src_port", "dst_ip", "dst_port", "packets_fwd", "packets_rev")
        heard = set()
        for row in self.flows.where(*columns, words={"protocol": ["tcp"]}):
            vni, *ends = (row[name] for name in columns[:5])
            if row["packets_fwd"]:
                heard.add((vni, *ends))
            if row["packets_rev"]:
                heard.add((vni, *ends[2:], *ends[:2]))
        return heard

    @cached_property
    def strange(self) -> set[str]:
        """The outer addresses that answer for others, and those others."""
        detours = [row for row in self.strays if row["usual"] is not None]
        return {address for row in detours for address in (row["src_vtep"], row["usual"])}

    @cached_property
    def two_way(self) -> set[tuple[str, str]]:
        """The pairs of VTEPs that both send, in either order."""
        pairs = [(row["vtep_a"], row["vtep_b"]) for row in self.tunnels if row["direction"] == "both"]
        return {*pairs, *((b, a) for a, b in pairs)}

    @cached_property
    def flows_of(self) -> dict[int, int]:
        """VNI to how many flows it has."""
        flows: dict[int, int] = defaultdict(int)
        for row in self.vnis:
            flows[row["vni"]] += row["flows"]
        return dict(flows)

    @cached_property
    def homes(self) -> dict[tuple[int, str], set[str]]:
        """(VNI, MAC) to the VTEPs that sent from it with an address, for the MACs that moved."""
        homes: dict[tuple[int, str], set[str]] = defaultdict(set)
        for row in self.sources:
            homes[row["vni"], row["mac"]].add(row["vtep"])
        return dict(homes)

    @cached_property
    def moved(self) -> list[dict[str, Any]]:
        """The rows of the forwarding table that moved, but for what comes from a strange address."""
        strange = {row["src_vtep"] for row in self.strays if row["usual"] is not None}
        rows = self.fdb.where(least={"moves": 1})
        return [row for row in rows if len(self._places(row) - strange) > 1]

    def flapping(self, seconds: float) -> set[tuple[int, str]]:
        """Return (VNI, MAC) of those that moved five times within so many seconds."""
        rows = [row for row in self.moved if row["five_moves_s"] is not None]
        return {(row["vni"], row["mac"]) for row in rows if row["five_moves_s"] <= seconds}

    def _places(self, row: Mapping[str, Any]) -> set[str]:
        return self.homes.get((row["vni"], row["mac"]), set()) | {row["vtep"]}

    @cached_property
    def cloned(self) -> dict[tuple[int, str], list[dict[str, Any]]]:
        """(VNI, MAC) to its rows of `sources`, where it has other addresses behind each VTEP, at once."""
        rows: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
        moved = {(row["vni"], row["mac"]) for row in self.moved}
        for row in self.sources:
            if (row["vni"], row["mac"]) in moved:
                rows[row["vni"], row["mac"]].append(row)
        return {key: found for key, found in rows.items() if are_clones(found)}
