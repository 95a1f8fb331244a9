"""What inner frames say of others, beside tshark's dissection of them."""

from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import scenarios
import tshark

import vxinspect
from vxinspect.containers import container_of
from vxinspect.synth.load import parse_scenario
from vxinspect.synth.run import Job

pytestmark = pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")

Flow: TypeAlias = tuple[int, frozenset[tuple[str, int]]]

ERRORS = {"icmp": {"3", "11", "12"}, "icmpv6": {"1", "2", "3", "4"}}
"""Types of errors (RFC 792, RFC 4443)."""


def generated(folder: Path, added: str) -> Path:
    """Return a capture of the scenarios' network with something added."""
    capture = folder / "capture.pcap"
    Job(parse_scenario(scenarios.NETWORK + added), "test", container_of(capture.name)).write(str(capture))
    return capture


def quoted_by_tshark(capture: Path) -> Counter[Flow]:
    """Return how many ICMP errors inside quote each flow with ports, and under no flow how many there are."""
    ends = [f"{layer}.{end}" for layer in ("ip", "ipv6") for end in ("src", "dst")]
    ports = [f"{layer}.{end}port" for layer in ("tcp", "udp") for end in ("src", "dst")]
    found: Counter[Flow] = Counter()
    for frame in tshark.fields(capture, ["vxlan.vni", "icmp.type", "icmpv6.type", *ends, *ports]):
        kind = next((kind for kind, types in ERRORS.items() if types & set(frame[f"{kind}.type"])), None)
        if kind is None or not frame["vxlan.vni"]:
            continue
        version = "ip" if kind == "icmp" else "ipv6"
        # The outer datagram is UDP as well.
        protocol = "tcp" if frame["tcp.srcport"] else "udp"
        quoted = {
            (frame[f"{version}.{end}"][-1], int(frame[f"{protocol}.{end}port"][-1])) for end in ("src", "dst")
        }
        found[int(frame["vxlan.vni"][0]), frozenset(quoted)] += 1
    return found


@pytest.mark.parametrize("traffic", ["shop", "shop6", "dns"])
def test_tshark_sees_the_same_flows_in_icmp_errors(traffic: str, tmp_path: Path) -> None:
    """The flow that an inner ICMP error quotes is the one whose addresses and ports tshark finds in it."""
    fault = f'[[fault]]\nkind = "inner-icmp-errors"\ntraffic = "{traffic}"\ncount = 3\n'
    capture = generated(tmp_path, fault)
    report = vxinspect.scan(capture)
    ours: Counter[Flow] = Counter()
    for row in report.flows.where():
        ours[flow_of(row)] += row["icmp_errors"]
    expected = quoted_by_tshark(capture)
    assert +ours == expected
    assert expected.total() == sum(row["icmp_errors"] for row in report.vnis.where()) == 3


def flow_of(row: dict[str, Any]) -> Flow:
    """Return a flow's VNI and its ends."""
    return row["vni"], frozenset({(row["src_ip"], row["src_port"]), (row["dst_ip"], row["dst_port"])})
