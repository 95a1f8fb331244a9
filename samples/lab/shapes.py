"""What a topology of the lab may say: its networks, its underlay, its VTEPs, and who talks to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

UNDERLAY = IPv4Network("192.0.2.0/24")
VXLAN_PORT = 4789
ENCAPSULATION = 50
"""What VXLAN over IPv4 adds to an IP packet: IPv4 20, UDP 8, VXLAN 8, inner Ethernet 14."""


def mac(prefix: str, address: IPv4Address | IPv6Address) -> str:
    """Return a MAC that shows an address: a prefix of two bytes, then the address's last four."""
    return f"{prefix}:{address.packed[-4:].hex(':')}"


@dataclass(frozen=True)
class Overlay:
    """One layer-2 network over all hosts: a VNI, a bridge on each host, one subnet."""

    vni: int
    subnet: IPv4Network
    first: int = 1
    """The number within the subnet of the first host's container; the next host's follows."""

    def container(self, host: int) -> IPv4Interface:
        """Return the address of a host's container."""
        return IPv4Interface((self.subnet[self.first + host - 1], self.subnet.prefixlen))

    def host(self, host: int) -> IPv4Interface:
        """Return the address that a host itself has on its bridge, where it takes part."""
        return IPv4Interface((self.subnet[100 + host], self.subnet.prefixlen))


@dataclass(frozen=True)
class Pods:
    """One subnet for each host, and the hosts route between them over their VXLAN devices."""

    vni: int
    cluster: IPv4Network

    def subnet(self, host: int) -> IPv4Network:
        """Return the subnet of a host's pods: the cluster's /24 of the host's number."""
        return list(self.cluster.subnets(new_prefix=24))[host]

    def gateway(self, host: int) -> IPv4Interface:
        """Return the address of a host's bridge, which its pods send through."""
        return IPv4Interface((self.subnet(host)[1], 24))

    def container(self, host: int) -> IPv4Interface:
        """Return the address of a host's pod."""
        return IPv4Interface((self.subnet(host)[2], 24))

    def host(self, host: int) -> IPv4Interface:
        """Return the address of a host's VXLAN device: the first of its subnet."""
        return IPv4Interface((self.subnet(host)[0], 32))


@dataclass(frozen=True)
class End:
    """Who talks: the container of a host in a network, or the host itself."""

    vni: int
    host: int
    itself: bool = False


@dataclass(frozen=True)
class Ping:
    """ICMP echoes; the first brings the ARP exchange with it."""

    client: End
    server: End
    count: int = 2
    interval_s: float = 0.1
    size: int = 56
    mark: int = 0


@dataclass(frozen=True)
class Talk:
    """One connection, or one exchange of datagrams: the client says, the server answers, in turns."""

    client: End
    server: End
    transport: str
    port: int
    turns: Sequence[tuple[str, str]]
    """What is said and what is answered, each character a byte (Latin-1)."""
    client_port: int = 0
    """0: the kernel chooses."""
    pause_s: float = 0
    """After each turn."""
    mark: int = 0
    """The socket's mark at both ends. A VXLAN device with `gbp` sends it as group policy ID."""


Moment: TypeAlias = tuple[Ping | Talk, ...]
"""What happens at once."""


@dataclass(frozen=True)
class Topology:
    """One network of the lab. What is not said is as plain as can be."""

    name: str
    about: str
    networks: tuple[Overlay | Pods, ...]
    traffic: tuple[Moment, ...]
    """One moment after the other."""
    hosts: int = 2
    underlay: IPv4Network | IPv6Network = UNDERLAY
    underlay_mtu: int = 1500
    container_mtu: int = 1500 - ENCAPSULATION
    port: int = VXLAN_PORT
    group: IPv4Address | None = None
    """Where unknown and broadcast frames go; without one, a copy goes to each other host."""
    learning: bool = False
    """Whether VTEPs learn who is behind whom; otherwise each MAC is entered by hand."""
    options: str = "noudpcsum"
    """What `ip link add ... type vxlan` is told besides. RFC 7348: the checksum SHOULD be zero."""
    hosts_take_part: bool = False
    """Whether each host has an address on its bridge."""
    offload: bool = False
    """Whether the kernel leaves checksums and segmentation to the devices, as it does by default."""
    path_mtu_discovery: bool = True
    """Whether containers set DF, and so are told of the underlay's MTU and not cut into fragments."""

    def vtep(self, host: int) -> IPv4Address | IPv6Address:
        """Return a host's address on the underlay."""
        return self.underlay[host]

    def others(self, host: int) -> list[int]:
        """Return the numbers of the other hosts."""
        return [number for number in self.numbers if number != host]

    @property
    def numbers(self) -> range:
        """The hosts' numbers, from 1."""
        return range(1, self.hosts + 1)
