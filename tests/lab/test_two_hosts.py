"""Real VXLAN from two kernel VTEPs: our counts are tshark's and the kernel's own."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import tools
import tshark

import vxinspect

SCRIPT = Path(__file__).parents[2] / "samples" / "lab" / "two_hosts.sh"
VTEPS = {"host1": "192.0.2.1", "host2": "192.0.2.2"}
ETHERNET_HEADER = 14


def missing() -> str | None:
    """Return why the lab cannot run here, if so."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    needed = ("ip", "bridge", "ss", "tcpdump", "ping", "tshark")
    absent = [tool for tool in needed if shutil.which(tool) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]


@dataclass(frozen=True)
class Counters:
    """What one kernel VXLAN device has counted. Its bytes leave out the inner Ethernet header."""

    vtep: str
    vni: int
    sent: tuple[int, int]
    received: tuple[int, int]


@dataclass(frozen=True)
class Lab:
    """What one run of the lab left behind."""

    underlay: Path
    everywhere: Path
    devices: list[Counters]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Run the lab once for all tests."""
    folder = tmp_path_factory.mktemp("lab")
    done = subprocess.run([SCRIPT, folder], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    devices = [device for host in VTEPS for device in counters(folder, host)]
    return Lab(folder / "two-tenants.pcap", folder / "any.pcap", devices)


def counters(folder: Path, host: str) -> list[Counters]:
    """Return the counters of a host's VXLAN devices, from what `ip -json -stats link` said."""

    def count(stats: dict[str, int]) -> tuple[int, int]:
        assert stats["errors"] == stats["dropped"] == 0
        return stats["packets"], stats["bytes"]

    return [
        Counters(
            vtep=VTEPS[host],
            vni=link["linkinfo"]["info_data"]["id"],
            sent=count(link["stats64"]["tx"]),
            received=count(link["stats64"]["rx"]),
        )
        for link in json.loads((folder / f"{host}.json").read_text())
    ]


def test_tables_agree_with_tshark(lab: Lab) -> None:
    """Packets and bytes by VNI, tunnel, pair of MACs and flow are those of tshark's dissection."""
    report = vxinspect.scan(lab.underlay)
    seen = tshark.counts(tshark.observe(lab.underlay))
    assert set(seen["packets by VNI"]) == {100, 200}
    assert tshark.reported(tools.tables(report)) == seen
    tools.assert_conservation(report)


def test_vteps_agree_with_the_kernel(lab: Lab) -> None:
    """Each VTEP sent and received, in each VNI, what its kernel device has counted."""
    assert {(device.vtep, device.vni) for device in lab.devices} == {
        (vtep, vni) for vtep in VTEPS.values() for vni in (100, 200)
    }
    for device in lab.devices:
        report = vxinspect.scan(lab.underlay, select={"vni": str(device.vni)})
        (row,) = (row for row in report.vteps.to_dicts() if row["vtep"] == device.vtep)
        for direction, (packets, octets) in (("sent", device.sent), ("received", device.received)):
            assert row[f"packets_{direction}"] == packets
            assert row[f"inner_bytes_{direction}"] == octets + ETHERNET_HEADER * packets


def test_tenants_with_the_same_addresses_stay_apart(lab: Lab) -> None:
    """One 5-tuple used in both VNIs at the same time is two flows, each complete from SYN to FIN."""
    flows = [row for row in vxinspect.scan(lab.underlay).flows if row["protocol"] == "tcp"]
    ends = ("src_ip", "src_port", "dst_ip", "dst_port")
    assert {tuple(row[end] for end in ends) for row in flows} == {("10.0.0.1", 40000, "10.0.0.2", 5201)}
    assert sorted((row["vni"], row["tcp_state"]) for row in flows) == [(100, "SF"), (200, "SF")]


def test_forwarding_table_is_what_was_configured(lab: Lab) -> None:
    """The same two MACs are learned in both VNIs, each behind its own host, and none moves."""
    learned = {
        (row["vni"], row["mac"]): (row["vtep"], row["moves"]) for row in vxinspect.scan(lab.underlay).fdb
    }
    assert learned == {
        (vni, f"02:42:0a:00:00:0{number}"): (f"192.0.2.{number}", 0)
        for vni in (100, 200)
        for number in (1, 2)
    }


def test_everything_else_on_the_underlay_is_accounted_for(lab: Lab) -> None:
    """The frames that are not VXLAN are the hosts' own ARP."""
    frames = vxinspect.scan(lab.underlay).summary["frames"]
    protocols = [frame["frame.protocols"][0] for frame in tshark.fields(lab.underlay, ["frame.protocols"])]
    arp = sum("vxlan" not in names and names.endswith("arp") for names in protocols)
    assert frames["total"] == len(protocols)
    assert frames["other"] == arp == frames["total"] - frames["vxlan"]


def test_capture_of_all_interfaces_holds_the_same_tunnels(lab: Lab) -> None:
    """A cooked capture (`tcpdump -i any`) of the same moments has the same VXLAN packets and inner bytes."""
    one, every = vxinspect.scan(lab.underlay), vxinspect.scan(lab.everywhere)
    assert every.summary["captures"][0]["link_types"] == ["LINUX_SLL2"]
    columns = ("vni", "packets", "inner_bytes", "payload_bytes", "macs", "ips", "flows")
    found, expected = (
        sorted(tuple(row[column] for column in columns) for row in report.vnis) for report in (every, one)
    )
    assert found == expected
