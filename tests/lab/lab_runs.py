"""The lab's topologies as the tests know them, and what one run of each has left behind."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import vxinspect

LAB = Path(__file__).parents[2] / "samples" / "lab" / "lab.py"
NOBODY = "00:00:00:00:00:00"
UNSUPPORTED = 3
"""The lab's exit code where the kernel lacks what a topology needs."""
Station: TypeAlias = tuple[int, str]
"""A VNI and a MAC."""


@dataclass(frozen=True)
class Expected:
    """What a topology is, written down a second time: the tests do not take it from the lab."""

    vnis: tuple[int, ...] = (100,)
    hosts: int = 2
    underlay: str = "192.0.2."
    port: int = 4789
    mtu: int = 1500
    learning: bool = True
    routed: bool = False
    """Whether the hosts' VXLAN devices are the stations, and no bridge joins them to the containers."""
    protocols: tuple[str, ...] = ("icmp", "tcp", "udp")
    needs: str = "local 192.0.2.1"
    """What the kernel must know of to build it, as options of a VXLAN device."""

    @property
    def numbers(self) -> range:
        """The hosts' numbers."""
        return range(1, self.hosts + 1)

    def vtep(self, host: int) -> str:
        """Return a host's address on the underlay."""
        return f"{self.underlay}{host}"


TOPOLOGIES = {
    "two-tenants": Expected(vnis=(100, 200), learning=False, protocols=("icmp", "tcp")),
    "head-end-replication": Expected(hosts=3, learning=False),
    "multicast": Expected(hosts=3, needs="group 239.1.1.100 dev lo"),
    "ipv6-underlay": Expected(underlay="2001:db8::", needs="local 2001:db8::1"),
    "fragments": Expected(mtu=600, needs="local 192.0.2.1 df unset"),
    "port-8472": Expected(port=8472),
    "gbp": Expected(needs="local 192.0.2.1 gbp"),
    "udp-checksums": Expected(needs="local 192.0.2.1 udpcsum"),
    "offload": Expected(),
    "largest-vni": Expected(vnis=(16777215,)),
    "docker-overlay": Expected(vnis=(4097,), hosts=3, learning=False),
    "flannel": Expected(vnis=(1,), port=8472, learning=False, routed=True),
}


def missing() -> str | None:
    """Return why the lab cannot run here, if so."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    needed = ("ip", "bridge", "sysctl", "tcpdump", "ping", "tshark", "unshare")
    absent = [tool for tool in needed if shutil.which(tool) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode != 0:
        return "this kernel refuses network namespaces"
    return None


def kernel_knows(options: str) -> bool:
    """Whether the kernel makes a VXLAN device with these options."""
    command = f"unshare --net ip link add probe type vxlan id 1 dstport 4789 {options}"
    return subprocess.run(command.split(), capture_output=True, check=False).returncode == 0


def call(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the lab to its end."""
    return subprocess.run(
        [sys.executable, LAB, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


@dataclass(frozen=True)
class Counters:
    """What one kernel VXLAN device has counted: packets, and bytes without the inner Ethernet header."""

    host: int
    vni: int
    sent: tuple[int, int]
    received: tuple[int, int]


@dataclass(frozen=True)
class Run:
    """What one run of a topology left behind."""

    name: str
    folder: Path

    @property
    def expected(self) -> Expected:
        """What the topology is."""
        return TOPOLOGIES[self.name]

    @property
    def underlay(self) -> Path:
        """What crossed the switch."""
        return self.folder / "underlay.pcap"

    @property
    def everywhere(self) -> Path:
        """What host 1 saw, on all interfaces."""
        return self.folder / "any.pcap"

    @property
    def second_host(self) -> Path:
        """What host 2 saw on the underlay."""
        return self.folder / "second-host.pcap"

    def scan(self, capture: Path, **select: str) -> vxinspect.Report:
        """Read a capture with the topology's port as VXLAN's."""
        return vxinspect.scan(capture, ports=[self.expected.port], select=select or None)

    def links(self, host: int) -> list[dict[str, Any]]:
        """Return a host's VXLAN devices, in the words of `ip -json -stats -details link`."""
        found: list[dict[str, Any]] = json.loads((self.folder / f"host{host}-links.json").read_text())
        return found

    def counters(self) -> Iterator[Counters]:
        """Give the counters of every VXLAN device of every host."""
        for host in self.expected.numbers:
            for link in self.links(host):
                stats = link["stats64"]
                for direction in stats.values():
                    assert direction["errors"] == direction["dropped"] == 0
                sent, received = ((stats[way]["packets"], stats[way]["bytes"]) for way in ("tx", "rx"))
                yield Counters(host, vni_of(link), sent, received)

    def forwarding(self, host: int) -> dict[Station, str]:
        """Return which VTEP each station is behind, as a host's kernel has it.

        Remote stations stand in the tables of the VXLAN devices. The host's own are what its bridges have
        learned from their other ports, and the bridges themselves where they take part; where hosts route, it
        is the VXLAN device.
        """
        table: list[dict[str, Any]] = json.loads((self.folder / f"host{host}-fdb.json").read_text())
        vnis = {link["ifname"]: vni_of(link) for link in self.links(host)}
        stations: dict[Station, str] = {}
        remote = [entry for entry in table if "dst" in entry and entry["mac"] != NOBODY]
        for entry in remote:
            station = vnis[entry["ifname"]], entry["mac"]
            assert station not in stations
            stations[station] = entry["dst"]
        for station in self._local_stations(table, host):
            assert station not in stations
            stations[station] = self.expected.vtep(host)
        return stations

    def _local_stations(self, table: list[dict[str, Any]], host: int) -> Iterator[Station]:
        if self.expected.routed:
            yield from ((vni_of(link), link["address"]) for link in self.links(host))
            return
        # The lab names a bridge and its ports by the VNI: br100, port100, vxlan100.
        for entry in table:
            device, bridge = entry["ifname"], entry.get("master", "")
            learned = device.startswith("port") and entry["state"] != "permanent"
            if bridge.startswith("br") and (learned or device == bridge):
                yield int(bridge.removeprefix("br")), entry["mac"]


def vni_of(link: dict[str, Any]) -> int:
    """Return the VNI of a VXLAN device, in the words of `ip -json -details link`."""
    vni: int = link["linkinfo"]["info_data"]["id"]
    return vni
