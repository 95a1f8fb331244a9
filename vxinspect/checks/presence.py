"""What must be there, and what may: enough of a capture, VNIs, VTEPs, tunnels, ports, members of VNIs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from vxinspect.api import Report
from vxinspect.checks.outcome import Outcome, outcome
from vxinspect.checks.policy import Policy
from vxinspect.checks.values import Network, named
from vxinspect.render.text import plural
from vxinspect.render.units import list_text, range_text

__all__ = ["enough", "members", "ports", "tunnels", "vnis", "vteps"]

_LIKELY = 2
"""A single frame that looks like VXLAN is chance."""
_LIST_WIDTH = 60


def enough(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield whether there is enough of a capture to say anything, and all of it."""
    least = policy.capture
    packets = report.frames["selected"]
    if least.min_packets:
        title = f"at least {plural(least.min_packets, 'VXLAN packet')}"
        found = plural(packets, "VXLAN packet")
        yield outcome("capture.min_packets", title, [found] if packets < least.min_packets else [], found)
    if least.min_seconds:
        seconds = report.time["duration_s"] or 0.0
        found = f"{seconds:g} s"
        wrong = [found] if seconds < least.min_seconds else []
        yield outcome("capture.min_seconds", f"at least {least.min_seconds:g} s", wrong, found)
    if least.complete:
        broken = [
            f"{capture['name']}: " + (capture["damage"] or f"cut short at byte {capture['truncated_at']}")
            for capture in report.captures
            if not capture["complete"]
        ]
        found = plural(len(report.captures), "whole capture")
        yield outcome("capture.complete", "no capture is cut short or damaged", broken, found)


def vnis(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield whether only the VNIs are there that may be, and all that must."""
    packets = Counter[int]()
    for row in report.vnis.where("vni", "packets"):
        packets[row["vni"]] += row["packets"]
    seen = _listed("VNI", range_text(sorted(packets)))
    allowed = policy.vnis.allowed
    if allowed is not None:
        wrong = [
            f"VNI {vni} ({plural(count, 'packet')})"
            for vni, count in packets.items()
            if not any(vni in one for one in allowed)
        ]
        yield outcome("vnis.allowed", f"no VNI but {named(allowed) or 'none'}", wrong, seen)
    if policy.vnis.required:
        wrong = [f"VNI {vni} is not there" for vni in policy.vnis.required if vni not in packets]
        yield outcome("vnis.required", f"VNI {named(policy.vnis.required)} is there", wrong, seen)


def vteps(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield whether only the VTEPs are there that may be, and all that must."""
    rows = report.vteps.where("vtep", "packets_sent", "packets_received")
    packets = {row["vtep"]: row["packets_sent"] + row["packets_received"] for row in rows}
    seen = _listed("VTEP", _by_address(packets))
    allowed = policy.vteps.allowed
    if allowed is not None:
        wrong = [
            f"VTEP {vtep} ({plural(count, 'packet')})"
            for vtep, count in packets.items()
            if not _within(vtep, allowed)
        ]
        yield outcome("vteps.allowed", f"no VTEP but {named(allowed) or 'none'}", wrong, seen)
    if policy.vteps.required:
        wrong = [f"VTEP {vtep} is not there" for vtep in policy.vteps.required if vtep not in packets]
        yield outcome("vteps.required", f"VTEP {named(policy.vteps.required)} is there", wrong, seen)


def tunnels(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield whether only the tunnels are there that may be, and all that must."""
    rows = report.tunnels.where("vtep_a", "vtep_b", "packets")
    packets = Counter[tuple[str, str]]()
    for row in rows:
        packets[row["vtep_a"], row["vtep_b"]] += row["packets"]
    found = plural(len(packets), "tunnel")
    allowed = policy.tunnels.allowed
    if allowed is not None:
        wrong = [
            f"{a} <-> {b} ({plural(count, 'packet')})"
            for (a, b), count in packets.items()
            if not any((a in x and b in y) or (a in y and b in x) for x, y in allowed)
        ]
        pairs = named(f"{x} <-> {y}" for x, y in allowed) or "none"
        yield outcome("tunnels.allowed", f"no tunnel but {pairs}", wrong, found)
    if policy.tunnels.required:
        wrong = [
            f"{a} <-> {b} is not there"
            for a, b in policy.tunnels.required
            if (a, b) not in packets and (b, a) not in packets
        ]
        pairs = named(f"{a} <-> {b}" for a, b in policy.tunnels.required)
        yield outcome("tunnels.required", f"tunnel {pairs} is there", wrong, found)


def ports(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield whether VXLAN goes to the ports only that it may go to, and to all that it must."""
    others = {port: frames for port, frames in report.other_ports.items() if frames >= _LIKELY}
    found = _listed("UDP port", [str(port) for port in report.ports_seen])
    allowed = policy.ports.allowed
    if allowed is not None:
        wrong = [f"VXLAN to UDP {port}" for port in report.ports_seen if port not in allowed]
        wrong += [
            f"{plural(frames, 'frame')} to UDP {port} look like VXLAN"
            for port, frames in others.items()
            if port not in allowed
        ]
        yield outcome("ports.allowed", f"VXLAN to UDP {named(allowed) or 'no port'} only", wrong, found)
    if policy.ports.required:
        wrong = [f"none to UDP {port}" for port in policy.ports.required if port not in report.ports_seen]
        yield outcome("ports.required", f"VXLAN to UDP {named(policy.ports.required)}", wrong, found)


def members(policy: Policy, report: Report) -> Iterator[Outcome]:
    """Yield whether VNIs are served by the VTEPs only that may serve them, and by all that must."""
    if all(one.vteps is None and not one.required_vteps for one in policy.vni):
        return
    serving: dict[int, list[str]] = {}
    for row in report.vteps.where("vtep", "vnis"):
        for vni in row["vnis"]:
            serving.setdefault(vni, []).append(row["vtep"])
    for index, rule in enumerate(policy.vni):
        concerned = {vni: vteps for vni, vteps in sorted(serving.items()) if vni in rule.id}
        found = "; ".join(_served(vni, vteps) for vni, vteps in concerned.items()) or f"no VNI of {rule.id}"
        if rule.vteps is not None:
            wrong = [
                f"VNI {vni} on {vtep}"
                for vni, vteps in concerned.items()
                for vtep in _by_address(vteps)
                if not _within(vtep, rule.vteps)
            ]
            title = f"VNI {rule.id} on no VTEP but {named(rule.vteps) or 'none'}"
            yield outcome(f"vni[{index}].vteps", title, wrong, found)
        if rule.required_vteps:
            wrong = [
                f"VNI {vni} is not on {vtep}"
                for vni, vteps in concerned.items()
                for vtep in rule.required_vteps
                if vtep not in vteps
            ]
            wrong = wrong if concerned else [found]
            title = f"VNI {rule.id} on VTEP {named(rule.required_vteps)}"
            yield outcome(f"vni[{index}].required_vteps", title, wrong, found)


def _served(vni: int, vteps: list[str]) -> str:
    return f"VNI {vni} on {list_text(_by_address(vteps), _LIST_WIDTH)}"


def _within(address: object, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _by_address(addresses: Iterable[str]) -> list[str]:
    return sorted(addresses, key=lambda each: (":" in each, ip_address(each)))


def _listed(noun: str, words: list[str]) -> str:
    """Return `VNI 100, 200`, or `no VNI`."""
    return f"{noun} {list_text(words, _LIST_WIDTH)}" if words else f"no {noun}"
