"""The most that there may be of what costs or goes wrong, in all and in each VNI."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from vxinspect.api import Report
from vxinspect.checks.outcome import Outcome, outcome
from vxinspect.checks.policy import Policy

__all__ = ["limits", "vni_limits"]


def limits(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield what came of each limit for all captures together."""
    for name, (what, measure) in _OF_ALL.items():
        most = getattr(policy.limits, name)
        if most is None:
            continue
        title = f"{what}: at most {_told(name, most)}"
        if _is_unknown(name, report):
            yield outcome(f"limits.{name}", title, [_UNVERIFIED], _UNVERIFIED)
            continue
        value = measure(report)
        told = _told(name, value)
        over = value is not None and value > most
        yield outcome(f"limits.{name}", title, [told] if over else [], told)


def vni_limits(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield what came of each limit for each VNI that it is for."""
    wanted = [name for name in _OF_A_VNI if any(getattr(rule, name) is not None for rule in policy.vni)]
    measured = {name: _OF_A_VNI[name][1](report) for name in wanted}
    for index, rule in enumerate(policy.vni):
        for name in wanted:
            most = getattr(rule, name)
            if most is None:
                continue
            title = f"{_OF_A_VNI[name][0]} in VNI {rule.id}: at most {_told(name, most)}"
            if _is_unknown(name, report):
                yield outcome(f"vni[{index}].{name}", title, [_UNVERIFIED], _UNVERIFIED)
                continue
            values = {
                vni: value for vni, value in measured[name].items() if vni in rule.id and value is not None
            }
            wrong = [f"VNI {vni}: {_told(name, value)}" for vni, value in values.items() if value > most]
            worst = max(values, key=lambda vni: values[vni], default=None)
            found = f"no VNI of {rule.id}" if worst is None else f"VNI {worst}: {_told(name, values[worst])}"
            yield outcome(f"vni[{index}].{name}", title, wrong, found)


def _is_unknown(name: str, report: Report) -> bool:
    """Whether nobody looked: what was not verified does not hold."""
    return name == "wrong_checksums" and report.checksums is None


def _told(name: str, value: float | None) -> str:
    if value is None:
        return "none"
    if name.endswith("_percent"):
        return f"{value:.4g}%"
    return f"{value:.4g} ms" if name.endswith("_ms") else f"{value:,}"


def _frames(name: str) -> Callable[[Report], float | None]:
    return lambda report: int(report.frames[name])


def _overhead(report: Report) -> float | None:
    rows = report.overhead("total").where("overhead_percent")
    return rows[0]["overhead_percent"] if rows else None


def _bum(report: Report) -> float | None:
    rows = _outermost(report, "bum_packets", "packets")
    packets = sum(row["packets"] for row in rows)
    return 100 * sum(row["bum_packets"] for row in rows) / packets if packets else None


def _moves(report: Report) -> float | None:
    return sum(_moves_by_vni(report).values())


def _retransmitted(report: Report) -> float | None:
    rows = _outermost(report, "retransmitted", "tcp_segments")
    segments = sum(row["tcp_segments"] for row in rows)
    return 100 * sum(row["retransmitted"] for row in rows) / segments if segments else None


def _rtt(report: Report) -> float | None:
    """Return the median over all connections whose whole handshake was seen, as `vnis` has it by VNI."""
    halves = report.flows.where("rtt_syn_ms", "rtt_ack_ms", least={"rtt_syn_ms": 0, "rtt_ack_ms": 0})
    times: list[float] = [row["rtt_syn_ms"] + row["rtt_ack_ms"] for row in halves]
    return median(times) if times else None


def _zero_windows(report: Report) -> float | None:
    return sum(int(row["zero_windows"]) for row in _outermost(report, "zero_windows"))


def _wrong_checksums(report: Report) -> float | None:
    sums = report.checksums or {}
    return sums.get("outer_udp_wrong", 0) + sums.get("inner_wrong", 0)


def _wrong_checksums_by_vni(report: Report) -> dict[Any, Any]:
    if report.checksums is None:
        return {}
    wrong = _by_vni(report, "outer_udp_checksum_wrong", "inner_checksum_wrong")
    return {vni: outer + inner for vni, (outer, inner) in wrong.items()}


def _outermost(report: Report, *columns: str) -> list[dict[str, Any]]:
    """Return the rows of `vnis` that together are all packets, each once."""
    return [row for row in report.vnis.where(*columns, "depth") if row["depth"] == 1]


def _percent_by_vni(part: str, whole: str) -> Callable[[Report], dict[Any, Any]]:
    def measure(report: Report) -> dict[Any, float | None]:
        by_vni = _by_vni(report, part, whole)
        return {vni: 100 * some / of if of else None for vni, (some, of) in by_vni.items()}

    return measure


def _zero_windows_by_vni(report: Report) -> dict[Any, Any]:
    return {vni: windows for vni, (windows, _) in _by_vni(report, "zero_windows", "packets").items()}


def _rtt_by_vni(report: Report) -> dict[Any, Any]:
    """Return the median of each VNI; the largest of one that is there at several depths."""
    times: dict[Any, float] = {}
    for row in report.vnis.where("vni", "rtt_ms", least={"rtt_ms": 0}):
        times[row["vni"]] = max(row["rtt_ms"], times.get(row["vni"], 0.0))
    return times


def _by_vni(report: Report, part: str, whole: str) -> dict[int, tuple[int, int]]:
    """Return two sums of each VNI, whatever wraps it."""
    sums: dict[int, tuple[int, int]] = {}
    for row in report.vnis.where("vni", part, whole):
        before = sums.get(row["vni"], (0, 0))
        sums[row["vni"]] = before[0] + row[part], before[1] + row[whole]
    return sums


def _moves_by_vni(report: Report) -> dict[Any, int]:
    moves: dict[Any, int] = {}
    for row in report.fdb.where("vni", "moves", least={"moves": 1}):
        moves[row["vni"]] = moves.get(row["vni"], 0) + row["moves"]
    return moves


_AGAIN = "share of TCP segments sent again"
_RTT = "median round trip of TCP handshakes"
_FULL = "TCP segments that offer no room for data"
_BROKEN = "wrong checksums, of outer UDP and inside"
_UNVERIFIED = "checksums were not verified: read the capture with --checksums"

_OF_ALL: dict[str, tuple[str, Callable[[Report], float | None]]] = {
    "overhead_percent": ("encapsulation's share of the wire bytes", _overhead),
    "bum_percent": ("share of broadcast and multicast", _bum),
    "fragments": ("outer fragments", _frames("fragment")),
    "invalid": ("invalid VXLAN packets", _frames("invalid")),
    "malformed": ("malformed frames", _frames("malformed")),
    "moves": ("moves of MACs to another VTEP", _moves),
    "retransmission_percent": (_AGAIN, _retransmitted),
    "rtt_ms": (_RTT, _rtt),
    "zero_windows": (_FULL, _zero_windows),
    "wrong_checksums": (_BROKEN, _wrong_checksums),
}

_OF_A_VNI: dict[str, tuple[str, Callable[[Report], dict[Any, Any]]]] = {
    "overhead_percent": (
        "encapsulation's share of the wire bytes",
        _percent_by_vni("overhead_bytes", "wire_bytes"),
    ),
    "bum_percent": ("share of broadcast and multicast", _percent_by_vni("bum_packets", "packets")),
    "moves": ("moves of MACs to another VTEP", _moves_by_vni),
    "retransmission_percent": (_AGAIN, _percent_by_vni("retransmitted", "tcp_segments")),
    "rtt_ms": (_RTT, _rtt_by_vni),
    "zero_windows": (_FULL, _zero_windows_by_vni),
    "wrong_checksums": (_BROKEN, _wrong_checksums_by_vni),
}
