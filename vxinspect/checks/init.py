"""A report to a policy that it meets, with comments, for a person to tighten."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from vxinspect.api import Report
from vxinspect.render.units import range_text

__all__ = ["policy_text"]

_SERVICES = 10
"""So many of the busiest are asked for; a person adds the others that matter."""
_TUNNELS = 50
"""Of a larger mesh, VTEPs and members say enough."""
_ANSWERED = ("SF", "S1", "S2", "S3", "RSTO", "RSTR")
"""The states of connections that were established (docs/tcp-states.md)."""


def policy_text(report: Report) -> str:
    """Return the policy as TOML."""
    names = ", ".join(json.dumps(capture["name"]) for capture in report.captures)
    lines = [
        f"# What holds of {names}, written by `vxinspect policy init`. Tighten what should be tighter.",
        "# The manual is docs/policies.md; `vxinspect check --policy THIS CAPTURE` checks.",
        *_capture(report),
        *_lists(report),
        *_vnis(report),
        *_limits(report),
        *_findings(report),
        *_flows(report),
    ]
    return "".join(f"{line}\n" for line in lines)


def _capture(report: Report) -> Iterator[str]:
    yield from ("", "# So that a capture of nothing never passes by accident.", "[capture]")
    packets = report.frames["selected"]
    yield f"min_packets = {packets // 2}  # half of what there was: {packets:,}"
    yield f"min_seconds = {(report.time['duration_s'] or 0) / 2:.3g}"
    whole = all(capture["complete"] for capture in report.captures)
    yield f"complete = {str(whole).lower()}  # whether a capture that is cut short fails"


def _lists(report: Report) -> Iterator[str]:
    vnis = sorted({row["vni"] for row in report.vnis.where("vni")})
    yield from ("", "[vnis]", "# required = [...] names those that must be there.")
    yield f"allowed = [{', '.join(_quoted(range_text(vnis)))}]"
    yield from ("", "[vteps]", "# Networks will do, too: 192.0.2.0/24.")
    yield f"allowed = [{_addresses(row['vtep'] for row in report.vteps.where('vtep'))}]"
    pairs = {(row["vtep_a"], row["vtep_b"]) for row in report.tunnels.where("vtep_a", "vtep_b")}
    if len(pairs) <= _TUNNELS:
        yield from (
            "",
            "[tunnels]",
            "# Pairs in either order; required = [...] names those that must be there.",
        )
        yield "allowed = ["
        yield from (f'    ["{a}", "{b}"],' for a, b in sorted(pairs, key=_by_addresses))
        yield "]"
    yield from ("", "[ports]", "# UDP, and read without --port.")
    yield f"allowed = [{', '.join(map(str, report.ports_seen or report.ports))}]"


def _vnis(report: Report) -> Iterator[str]:
    """Yield which VTEPs serve which VNIs; VNIs with the same ones are told together."""
    serving: dict[int, list[str]] = {}
    for row in report.vteps.where("vtep", "vnis"):
        for vni in row["vnis"]:
            serving.setdefault(vni, []).append(row["vtep"])
    together: dict[tuple[str, ...], list[int]] = {}
    for vni, vteps in sorted(serving.items()):
        together.setdefault(tuple(sorted(vteps)), []).append(vni)
    if together:
        yield from (
            "",
            "# Limits of each VNI may stand here, too: bum_percent, overhead_percent, moves,",
            "# retransmission_percent, rtt_ms, zero_windows, wrong_checksums.",
        )
    for members, numbers in together.items():
        ids = range_text(numbers)
        yield from ("[[vni]]", f"id = {_quoted(ids)[0] if len(ids) == 1 else json.dumps(','.join(ids))}")
        yield f"vteps = [{_addresses(members)}]"


def _limits(report: Report) -> Iterator[str]:
    frames = report.frames
    yield from ("", "# The most that there may be, in all.", "[limits]")
    for name, column in (("fragments", "fragment"), ("invalid", "invalid"), ("malformed", "malformed")):
        yield f"{name} = {frames[column]}"
    yield f"moves = {sum(row['moves'] for row in report.fdb.where('moves'))}"
    overhead = report.overhead("total").where("overhead_percent", least={"overhead_percent": 0})
    if overhead:
        yield f"overhead_percent = {math.ceil(overhead[0]['overhead_percent'])}"
    rows = [row for row in report.vnis.where() if row["depth"] == 1]
    packets = sum(row["packets"] for row in rows)
    if packets:
        yield f"bum_percent = {math.ceil(100 * sum(row['bum_packets'] for row in rows) / packets)}"
    yield from _tcp_limits(rows)
    sums = report.checksums
    if sums is not None:
        yield f"wrong_checksums = {sums['outer_udp_wrong'] + sums['inner_wrong']}"


def _tcp_limits(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield how TCP may fare: a round trip takes longer on a day with more to do."""
    again = [row["retransmission_percent"] for row in rows if row["retransmission_percent"] is not None]
    if again:
        yield f"retransmission_percent = {math.ceil(max(again))}"
        yield f"zero_windows = {sum(row['zero_windows'] for row in rows)}"
    times = [row["rtt_ms"] for row in rows if row["rtt_ms"] is not None]
    if times:
        yield f"rtt_ms = {math.ceil(2 * max(times))}  # twice what there was: {max(times):.3g}"


def _findings(report: Report) -> Iterator[str]:
    rows = report.find(numbers=False).to_dicts()
    rules = dict.fromkeys(str(row["rule"]) for row in rows if row["severity"] != "info")
    yield from ("", "# What becomes of findings (docs/findings.md), by severity or rule.", "[findings]")
    yield from ('fail = ["error", "warning"]', "warn = []")
    yield f"ignore = [{', '.join(map(json.dumps, rules))}]" + "  # what this capture has" * bool(rules)


def _flows(report: Report) -> Iterator[str]:
    """Yield the busiest services: what answers on a port."""
    columns = ("vni", "protocol", "dst_ip", "dst_port", "packets", "packets_rev", "tcp_state")
    services: dict[tuple[int, str, str, int], int] = {}
    for row in report.flows.where(*columns, least={"packets_rev": 1, "dst_port": 1}):
        if row["protocol"] == "udp" or row["tcp_state"] in _ANSWERED:
            key = (row["vni"], row["protocol"], row["dst_ip"], row["dst_port"])
            services[key] = services.get(key, 0) + row["packets"]
    busiest = sorted(services, key=lambda key: (-services[key], key))[:_SERVICES]
    if busiest:
        yield from (
            "",
            '# The busiest services. expect = "absent" forbids a flow; from, and bounds, narrow it.',
        )
    for vni, protocol, ip, port in busiest:
        name = json.dumps(f"{protocol} {port} on {ip} in VNI {vni} answers")
        yield from ("[[flow]]", f"name = {name}", f"vni = {vni}", f'protocol = "{protocol}"', f'to = "{ip}"')
        yield from (f"port = {port}", 'direction = "both"', "min_packets = 1")


def _quoted(ranges: list[str]) -> list[str]:
    return [one if one.isdecimal() else json.dumps(one) for one in ranges]


def _addresses(addresses: Iterable[str]) -> str:
    return ", ".join(f'"{address}"' for address in sorted(addresses, key=_by_address))


def _by_address(address: str) -> tuple[bool, int]:
    return ":" in address, int(ip_address(address))


def _by_addresses(pair: tuple[str, str]) -> tuple[tuple[bool, int], tuple[bool, int]]:
    return _by_address(pair[0]), _by_address(pair[1])
