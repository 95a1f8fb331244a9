"""The truth of a synthetic capture, computed from its scenario, is what a scan of the capture counts."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import scenarios
import tools
import tshark
from hypothesis import given
from hypothesis import strategies as st

import vxinspect
from vxinspect.synth.load import parse_scenario
from vxinspect.synth.run import Job, container_of

ALONE = {"one-way-tunnel", "overlapping-tenants", "mac-move", "mac-flap", "cut-mid-record", "tcp-reset"}
"""Faults that change what others could befall."""


def made(text: str, path: Path, **how: Any) -> dict[str, Any]:
    """Write the capture of a scenario and return its truth."""
    job = Job(parse_scenario(text), "test", container_of(path.name, **how))
    job.write(str(path))
    return job.truth()


def assert_round_trip(truth: dict[str, Any], path: Path, ports: tuple[int, ...] = (4789,)) -> None:
    """Assert that a scan says what the truth says: how frames count, and every column of every table."""
    report = vxinspect.scan(path, ports=ports)
    frames = report.summary["frames"]
    assert {name: frames[name] for name in ("total", *tools.DISPOSITIONS)} == {
        name: truth["frames"][name] for name in ("total", *tools.DISPOSITIONS)
    }
    assert frames["reasons"] == truth["frames"]["reasons"]
    assert {name: count for name, count in frames["notes"].items() if count} == truth["frames"]["notes"]
    for name in tools.TABLES:
        rows = tools.rows(tools.table(report, name))
        columns = list(truth[name][0]) if truth[name] else []
        assert [{column: row[column] for column in columns} for row in rows] == truth[name], name
    tools.assert_conservation(report)


def test_sound_traffic(tmp_path: Path) -> None:
    """Every kind of traffic, in every container."""
    for name in ("a.pcap", "a.pcapng", "a.pcap.gz", "a.pcapng.zst", "a.pcap.lz4", "a.pcapng.xz"):
        truth = made(scenarios.NETWORK, tmp_path / name, nanoseconds="ng" in name)
        assert truth["frames"]["total"] == truth["frames"]["vxlan"] > 80
        assert_round_trip(truth, tmp_path / name)


@pytest.mark.parametrize("kind", scenarios.FAULTS)
def test_each_fault(kind: str, tmp_path: Path) -> None:
    """A fault befalls frames, and the truth of the rest holds."""
    path = tmp_path / "a.pcapng"
    truth = made(scenarios.NETWORK + scenarios.fault(kind), path)
    (fault,) = truth["faults"]
    assert fault["kind"] == kind
    assert fault["frames"]
    assert_round_trip(truth, path)


@given(
    st.lists(st.sampled_from(sorted(set(scenarios.FAULTS) - ALONE)), max_size=6, unique=True),
    st.integers(0, 2**63 - 1),
    st.sampled_from(["", "vlan = [10]", "vlan = [10, 20]\nudp_checksum = 'valid'", "source_port = 50001"]),
)
def test_any_faults_together(kinds: list[str], seed: int, underlay: str) -> None:
    """Whatever goes wrong at once, the truth is what a scan counts."""
    import tempfile

    text = scenarios.NETWORK.replace("seed = 7", f"seed = {seed}")
    # A short snap length hides the headers that fragments and nested packets need.
    kinds = [kind for kind in kinds if kind != "snap-length" or len(kinds) == 1]
    text += "".join(map(scenarios.fault, kinds)) + f"[underlay]\n{underlay}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pcap"
        assert_round_trip(made(text, path), path)


def test_same_scenario_same_bytes(tmp_path: Path) -> None:
    """Bytes depend on the scenario and its seed alone."""
    text = scenarios.NETWORK + "".join(scenarios.fault(kind) for kind in ("nested", "outer-fragments"))
    for name in ("a.pcap", "b.pcap"):
        made(text, tmp_path / name)
    made(text.replace("seed = 7", "seed = 8"), tmp_path / "c.pcap")
    a, b, c = ((tmp_path / f"{name}.pcap").read_bytes() for name in "abc")
    assert a == b != c


def test_tshark_agrees(tmp_path: Path) -> None:
    """The same packets are there, and no checksum is wrong that was not made so."""
    path = tmp_path / "a.pcap"
    made(scenarios.NETWORK, path)
    report = vxinspect.scan(path)
    assert tshark.reported(tools.tables(report)) == tshark.counts(tshark.observe(path))
    checks = [f"-o{layer}.check_checksum:TRUE" for layer in ("ip", "tcp", "udp")]
    bad = " or ".join(f"{layer}.checksum.status == 0" for layer in ("ip", "tcp", "udp", "icmp", "icmpv6"))
    command = ["tshark", "-r", str(path), *checks, "-Y", f"{bad} or tcp.analysis.flags or _ws.malformed"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == ""


TSHARK_SEES = {
    "i-flag-clear": "vxlan.flag_i == 0",
    "reserved-bits": "vxlan.gbp == 0xbad",
    "group-policy": "vxlan.flag_g == 1",
    "inner-vlan-tag": "vlan.id == 30",
    "wrong-port": "udp.dstport == 4790",
    "inner-checksum-wrong": "tcp.checksum.status == 0 or udp.checksum.status == 0",
    "tcp-zero-window": "tcp.window_size_value == 0 and tcp.flags.reset == 0",
    "tcp-retransmission": "tcp.analysis.retransmission or tcp.analysis.spurious_retransmission",
    "tcp-reordering": "tcp.analysis.out_of_order or tcp.analysis.retransmission",
    "unexpected-source": "ip.src == 192.0.2.77",
    "vni-by-direction": "vxlan.vni == 101",
    "nested": "vxlan.vni == 5000",
    "polarised-source-ports": "udp.srcport == 50000",
    "outer-fragments": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "missing-fragment": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "reordered-fragments": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "outer-checksum-wrong": "udp.checksum.status == 0",
}


@pytest.mark.parametrize("kind", TSHARK_SEES)
def test_tshark_sees_each_fault(kind: str, tmp_path: Path) -> None:
    """The frames that the truth names are those in which tshark sees the fault."""
    path = tmp_path / "a.pcap"
    (fault,) = made(scenarios.NETWORK + scenarios.fault(kind), path)["faults"]
    checks = [f"-o{layer}.check_checksum:TRUE" for layer in ("tcp", "udp")]
    command = ["tshark", "-r", str(path), *checks, "-oip.defragment:FALSE", "-Y", TSHARK_SEES[kind]]
    done = subprocess.run(
        [*command, "-T", "fields", "-e", "frame.number"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [int(line) for line in done.stdout.split()] == fault["frames"]
