"""Flows that are expected, and flows that are forbidden."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vxinspect.api import Report
from vxinspect.checks.outcome import Outcome, outcome
from vxinspect.checks.policy import FlowRule, Policy
from vxinspect.render.text import plural

__all__ = ["flows"]

_COLUMNS = (
    *("vni", "protocol", "src_ip", "src_port", "dst_ip", "dst_port", "packets_fwd", "packets_rev"),
    *("inner_bytes_fwd", "inner_bytes_rev"),
)


@dataclass(slots=True)
class _Sum:
    """What the flows that match a rule add up to, each way."""

    flows: int = 0
    packets: tuple[int, int] = (0, 0)
    bytes: tuple[int, int] = (0, 0)
    first: dict[str, Any] | None = None

    def add(self, row: dict[str, Any]) -> None:
        self.flows += 1
        self.packets = (self.packets[0] + row["packets_fwd"], self.packets[1] + row["packets_rev"])
        self.bytes = (self.bytes[0] + row["inner_bytes_fwd"], self.bytes[1] + row["inner_bytes_rev"])
        self.first = self.first or row


def flows(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield what came of each rule, in one pass over the flows."""
    if not policy.flow:
        return
    sums = [_Sum() for _ in policy.flow]
    # Flows that no rule can match stay in the engine.
    protocols = {rule.protocol for rule in policy.flow}
    words = {} if None in protocols else {"protocol": [str(each) for each in protocols]}
    for row in report.flows.where(*_COLUMNS, words=words):
        for rule, total in zip(policy.flow, sums, strict=True):
            if _matches(rule, row):
                total.add(row)
    for index, (rule, total) in enumerate(zip(policy.flow, sums, strict=True)):
        yield _judged(f"flow[{index}]", rule, total)


def _matches(rule: FlowRule, row: dict[str, Any]) -> bool:
    return (
        (rule.vni is None or row["vni"] in rule.vni)
        and (rule.protocol is None or row["protocol"] == rule.protocol)
        and (rule.port is None or row["dst_port"] == rule.port)
        and (rule.source is None or row["src_ip"] in rule.source)
        and (rule.destination is None or row["dst_ip"] in rule.destination)
    )


def _judged(key: str, rule: FlowRule, total: _Sum) -> Outcome:
    found = _told(total)
    if rule.expect == "absent":
        return outcome(key, f"no flow {_wanted(rule)}", [found] if total.flows else [], "none")
    least = {"packet": rule.min_packets, "byte": rule.min_bytes}
    most = {"packet": rule.max_packets, "byte": rule.max_bytes}
    if not any(bound is not None for bound in (*least.values(), *most.values())):
        least["packet"] = 1
    wrong = []
    for unit in ("packet", "byte"):
        for number in _counted(rule, total.packets if unit == "packet" else total.bytes):
            lower, upper = least[unit], most[unit]
            if (lower is not None and number < lower) or (upper is not None and number > upper):
                wrong = [found]
    bounds = [f"at least {plural(lower, unit)}" for unit, lower in least.items() if lower is not None]
    bounds += [f"at most {plural(upper, unit)}" for unit, upper in most.items() if upper is not None]
    return outcome(key, f"flow {_wanted(rule)}: {', '.join(bounds)}{_ways(rule)}", wrong, found)


def _counted(rule: FlowRule, ways: tuple[int, int]) -> list[int]:
    """Return the numbers that must each be within the bounds."""
    match rule.direction:
        case "forward":
            return [ways[0]]
        case "reverse":
            return [ways[1]]
        case "both":
            return list(ways)
        case _:
            return [sum(ways)]


def _ways(rule: FlowRule) -> str:
    return {"any": "", "forward": " forward", "reverse": " back", "both": " each way"}[rule.direction]


def _wanted(rule: FlowRule) -> str:
    """Return `"name" (VNI 100, tcp, 10.0.0.0/24 -> 10.0.1.5:80)`."""
    ends = f"{rule.source or 'any'} -> {rule.destination or 'any'}"
    if rule.port is not None:
        ends += f" port {rule.port}"
    parts = [f"VNI {rule.vni}" if rule.vni else "", rule.protocol or ""]
    return f'"{rule.name}" ({", ".join([*filter(None, parts), ends])})'


def _told(total: _Sum) -> str:
    if total.first is None:
        return "no such flow"
    row = total.first
    ends = " -> ".join(_end(row[f"{end}_ip"], row[f"{end}_port"]) for end in ("src", "dst"))
    there, back = total.packets
    sums = f"{plural(there, 'packet')} forward, {back:,} back, {sum(total.bytes):,} bytes"
    busiest = f"{row['protocol']} {ends} in VNI {row['vni']}"
    return f"{plural(total.flows, 'flow')}, {sums}; the busiest is {busiest}"


def _end(ip: object, port: object) -> str:
    text = str(ip)
    if port is None:
        return text
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
