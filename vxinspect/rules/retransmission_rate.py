"""TCP sends much again in a VNI or a tunnel."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vxinspect.render.text import plural
from vxinspect.render.units import percent_text
from vxinspect.rules.facts import Facts, between, flow_name
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_FLOW = ("vni", "src_ip", "src_port", "dst_ip", "dst_port")
_NEARLY_ALL = 0.9
_AGAIN = ("retransmitted_fwd", "retransmitted_rev")


@dataclass(frozen=True, slots=True)
class _Sum:
    """TCP segments, and how many of them were sent again."""

    segments: int
    again: int

    @classmethod
    def of(cls, *rows: Mapping[str, Any]) -> "_Sum":
        """Add up rows of a table."""
        return cls(sum(row["tcp_segments"] for row in rows), sum(row["retransmitted"] for row in rows))

    def without(self, other: "_Sum") -> "_Sum":
        """Return the rest."""
        return _Sum(self.segments - other.segments, self.again - other.again)

    @property
    def percent(self) -> float:
        """How many per cent were sent again."""
        return 100 * self.again / self.segments if self.segments else 0.0

    def told(self) -> str:
        """Return it in words."""
        return (
            f"{self.again:,} of {plural(self.segments, 'segment')} sent again, {percent_text(self.percent)}"
        )


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is much. `repeated`: so many may be copies of packets, or floods, which look as if sent again."""

    limits: Mapping[str, float]
    total: _Sum
    repeated: float

    def is_much(self, one: _Sum) -> bool:
        """Whether so much was sent again, beside what else explains it."""
        again = one.again - self.repeated
        enough = one.segments >= self.limits["segments"] and again >= self.limits["retransmitted"]
        return enough and 100 * again >= self.limits["percent"] * one.segments

    def outstanding(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return those of which much was sent again, and more than of the others, where there are any."""
        return [row for row in rows if self._stands_out(_Sum.of(row))]

    def _stands_out(self, one: _Sum) -> bool:
        others = self.total.without(one)
        is_alone = others.segments < self.limits["segments"]
        return self.is_much(one) and (is_alone or one.percent >= self.limits["times"] * others.percent)


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    # Each layer has all segments: of VXLAN in VXLAN, look at the tenants' VNIs and the underlay's tunnels.
    outermost = [row for row in facts.tunnels if row["depth"] == 1]
    measure = _Measure(limits, _Sum.of(*outermost), facts.repeated)
    vnis = measure.outstanding([row for row in facts.vnis if row["flows"]])
    tunnels = measure.outstanding(outermost)
    of_vnis = [row for row in vnis if not any(_explains(one, row) for one in tunnels if _meet(row, one))]
    of_tunnels = [row for row in tunnels if not any(_explains(one, row) for one in vnis if _meet(one, row))]
    for row in of_vnis:
        # A tunnel that carries this VNI alone, and all of it, is the same segments.
        same = [one for one in of_tunnels if one["vnis"] == [row["vni"]] and _Sum.of(one) == _Sum.of(row)]
        of_tunnels = [one for one in of_tunnels if one not in same]
        yield _found(facts, row, measure.total, vni=row["vni"], tunnel=same[0] if same else None)
    for row in of_tunnels:
        yield _found(facts, row, measure.total, tunnel=row)
    if not vnis and not tunnels and measure.is_much(measure.total):
        yield Found(
            subject="TCP in all VNIs and tunnels alike", seen=measure.total.told(), frames=measure.total.again
        )


def _meet(vni: Mapping[str, Any], tunnel: Mapping[str, Any]) -> bool:
    return vni["vni"] in tunnel["vnis"]


def _explains(narrow: Mapping[str, Any], wide: Mapping[str, Any]) -> bool:
    """Whether nearly all that was sent again in the one may be of the other, where it is a larger share."""
    one, other = _Sum.of(narrow), _Sum.of(wide)
    return one.again >= _NEARLY_ALL * other.again and one.percent > other.percent


def _found(
    facts: Facts,
    row: Mapping[str, Any],
    total: _Sum,
    vni: int | None = None,
    tunnel: Mapping[str, Any] | None = None,
) -> Found:
    own = _Sum.of(row)
    ends = None if tunnel is None else between(tunnel["vtep_a"], tunnel["vtep_b"])
    others = total.without(own)
    rest = f"; of the others {percent_text(others.percent)}" if others.segments else ""
    return Found(
        subject=f"TCP in VNI {vni}" if vni is not None else f"TCP over {ends}",
        seen=f"{own.told()}{rest}{_worst(facts, vni, tunnel)}",
        frames=own.again,
        vni=vni,
        tunnel=ends,
    )


def _worst(facts: Facts, vni: int | None, tunnel: Mapping[str, Any] | None) -> str:
    """Return the flow that sent most again there, and how much."""
    bounds = {} if vni is None else {"vni": vni}
    columns = (*_FLOW, "src_vtep", "dst_vtep", "packets", *_AGAIN)
    rows = [
        row
        for name in _AGAIN
        for row in facts.flows.where(*columns, least={name: 1, **bounds}, most=bounds)
        if tunnel is None or {row["src_vtep"], row["dst_vtep"]} == {tunnel["vtep_a"], tunnel["vtep_b"]}
    ]
    if not rows:
        return ""
    row = max(rows, key=lambda row: row["retransmitted_fwd"] + row["retransmitted_rev"])
    again = row["retransmitted_fwd"] + row["retransmitted_rev"]
    return f"; most of all {flow_name(row)}, {again:,} of {plural(row['packets'], 'packet')}"


RULE = Rule(
    id="retransmission-rate",
    title="TCP sends much again",
    severity="warning",
    source="docs/tcp-health.md: retransmitted; RFC 6298 and RFC 5681: what makes TCP send again",
    means="Packets are lost on the way: by a link or a queue that is full, a bad cable or optic, a policer. "
    "Where one tunnel loses and the others do not, it is the way between these VTEPs; where one VNI does, "
    "its hosts, its gateway or its policer; where all do alike, the capture point's own link, or a capture "
    "that itself loses packets.",
    known_by="Segments that were sent again, of all segments of a VNI or between two VTEPs, where it is "
    "several times the share of the rest; where it is much everywhere, it is told once. Copies of "
    "packets and unicast that is flooded look the same, and are taken off.",
    advice="Look at the queues, errors and drops of the interfaces along that tunnel's way, and at the "
    "flows' ends (`vxinspect flows --sort retransmitted_fwd`).",
    shown_by="vxlan.vni == VNI && tcp.analysis.retransmission",
    thresholds={
        "percent": Threshold(3, "per cent of the segments sent again, at least"),
        "segments": Threshold(50, "segments, at least"),
        "retransmitted": Threshold(5, "of them sent again, at least"),
        "times": Threshold(2, "times the share of all other VNIs or tunnels, at least"),
    },
    find=_find,
)
