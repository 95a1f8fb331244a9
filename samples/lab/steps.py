"""Building a topology, in the steps that a container host takes."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from namespaces import Namespace, Namespaces
from shapes import End, Overlay, Pods, Topology, mac

CONTAINER_MAC = "02:42"
"""Docker's: 02:42, then the container's IPv4 address."""
UNDERLAY_MAC, DEVICE_MAC = "02:00", "0e:00"
"""All are locally administered, so that no vendor's name covers the address in Wireshark."""
OFFLOAD = Path(__file__).with_name("offload.py")
NOBODY = "00:00:00:00:00:00"
"""In a VXLAN device's forwarding table: whatever is for everyone, or for one that is not known."""
NO_BRIDGE_FILTER = " ".join(f"net.bridge.bridge-nf-call-{kind}=0" for kind in ("iptables", "ip6tables"))


@dataclass(frozen=True)
class Built:
    """A topology that stands: its namespaces."""

    topology: Topology
    switch: Namespace
    hosts: dict[int, Namespace] = field(default_factory=dict)
    containers: dict[tuple[int, int], Namespace] = field(default_factory=dict)
    """By VNI and number of the host."""

    def place(self, end: End) -> Namespace:
        """Return the namespace in which an end talks."""
        return self.hosts[end.host] if end.itself else self.containers[end.vni, end.host]

    def address(self, end: End) -> IPv4Address:
        """Return the address at which an end can be reached."""
        (network,) = (network for network in self.topology.networks if network.vni == end.vni)
        return (network.host if end.itself else network.container)(end.host).ip


def build(namespaces: Namespaces, topology: Topology) -> Built:
    """Build the underlay, the hosts and all their networks."""
    built = Built(topology, namespaces.add("switch"))
    add_bridge(built.switch, "br0", topology.underlay_mtu)
    for host in topology.numbers:
        built.hosts[host] = namespaces.add(f"host{host}")
        connect(built, host)
    for network in topology.networks:
        for host in topology.numbers:
            if isinstance(network, Pods):
                add_pod_network(namespaces, built, network, host)
            else:
                add_overlay(namespaces, built, network, host)
    return built


def add_bridge(place: Namespace, name: str, mtu: int) -> None:
    """Add a bridge. Snooping is off, because it would send IGMP queries of its own."""
    place.run(f"sysctl -qwe {NO_BRIDGE_FILTER}")
    place.ip(f"link add {name} type bridge stp_state 0 mcast_snooping 0")
    place.ip(f"link set {name} mtu {mtu} up")


def connect(built: Built, host: int) -> None:
    """Connect a host to the underlay: a cable into a switch, and an address."""
    topology, place = built.topology, built.hosts[host]
    address = topology.vtep(host)
    place.ip(f"link add underlay mtu {topology.underlay_mtu} type veth peer name host{host}")
    place.ip(f"link set host{host} netns {built.switch.name}")
    built.switch.ip(f"link set host{host} mtu {topology.underlay_mtu} master br0 up")
    place.ip(f"link set underlay address {mac(UNDERLAY_MAC, address)}")
    is_ipv6 = isinstance(address, IPv6Address)
    if is_ipv6:
        # No link-local address, no router's advice, no waiting for a duplicate address.
        place.ip("link set underlay addrgenmode none")
        place.run("sysctl -qwe net.ipv6.conf.underlay.accept_ra=0 net.ipv6.conf.underlay.disable_ipv6=0")
    flags = "nodad" if is_ipv6 else ""
    place.ip(f"address add {address}/{topology.underlay.prefixlen} dev underlay {flags}")
    place.ip("link set underlay up")


def add_vtep(built: Built, vni: int, host: int, name: str) -> None:
    """Add a host's VXLAN device. `dev`, which would tie its MTU to the underlay's, is for groups alone."""
    topology, place = built.topology, built.hosts[host]
    group = f"group {topology.group} dev underlay" if topology.group else ""
    learning = "learning" if topology.learning else "nolearning"
    place.ip(
        f"link add {name} type vxlan id {vni} local {topology.vtep(host)} dstport {topology.port}"
        f" {group} {learning} {topology.options}"
    )
    place.ip(f"link set {name} mtu {topology.container_mtu}")


def fill_forwarding_table(built: Built, network: Overlay, host: int, device: str) -> None:
    """Enter by hand what a VTEP cannot learn: a copy for each other host of what is for everyone.

    Where it does not learn at all, also the one MAC that is behind each.
    """
    topology, place = built.topology, built.hosts[host]
    for other in topology.others(host):
        behind = f"dev {device} dst {topology.vtep(other)}"
        if not topology.group:
            place.bridge(f"fdb append {NOBODY} {behind}")
        if not topology.learning:
            place.bridge(f"fdb append {mac(CONTAINER_MAC, network.container(other).ip)} {behind}")


def add_container(
    namespaces: Namespaces, built: Built, network: Overlay | Pods, host: int, bridge: str
) -> Namespace:
    """Add a container in the classic six steps; the sixth, to ping, is the traffic's."""
    mtu, place = built.topology.container_mtu, built.hosts[host]
    address = network.container(host)
    port = f"port{network.vni}"
    # 1. a namespace
    container = namespaces.add(f"host{host}-vni{network.vni}")
    built.containers[network.vni, host] = container
    # 2. a veth pair
    place.ip(f"link add {port} mtu {mtu} type veth peer name eth0 mtu {mtu}")
    # 3. one end moves in, the other joins the bridge
    place.ip(f"link set eth0 netns {container.name}")
    place.ip(f"link set {port} master {bridge} up")
    # 4. address, and up
    container.ip(f"link set eth0 address {mac(CONTAINER_MAC, address.ip)}")
    container.ip(f"address add {address} dev eth0")
    container.ip("link set eth0 up")
    # 5. reverse-path filter off; of the device's setting and that of `all`, the stricter one counts
    container.run("sysctl -qw net.ipv4.conf.eth0.rp_filter=0")
    if not built.topology.path_mtu_discovery:
        container.run("sysctl -qw net.ipv4.ip_no_pmtu_disc=1")
    return container


def add_overlay(namespaces: Namespaces, built: Built, network: Overlay, host: int) -> None:
    """Add a host's part of a layer-2 network: bridge, VTEP, container."""
    topology, place = built.topology, built.hosts[host]
    bridge, device = f"br{network.vni}", f"vxlan{network.vni}"
    add_bridge(place, bridge, topology.container_mtu)
    if topology.hosts_take_part:
        place.ip(f"link set {bridge} address {mac(CONTAINER_MAC, network.host(host).ip)}")
        place.ip(f"address add {network.host(host)} dev {bridge}")
    add_vtep(built, network.vni, host, device)
    place.ip(f"link set {device} master {bridge} up")
    fill_forwarding_table(built, network, host, device)
    add_container(namespaces, built, network, host, bridge)


def add_pod_network(namespaces: Namespaces, built: Built, network: Pods, host: int) -> None:
    """Add a host's part of a routed network: a VXLAN device with an address, and a bridge for its pods.

    What Flannel's daemon enters on each host for each other one: a route to its pods, the neighbour that the
    route leads to, and the VTEP which that neighbour is behind.
    """
    topology, place = built.topology, built.hosts[host]
    device = f"flannel.{network.vni}"
    place.run("sysctl -qw net.ipv4.ip_forward=1")
    add_vtep(built, network.vni, host, device)
    place.ip(f"link set {device} address {mac(DEVICE_MAC, network.host(host).ip)} up")
    place.ip(f"address add {network.host(host)} dev {device}")
    for other in topology.others(host):
        peer = network.host(other).ip
        station = mac(DEVICE_MAC, peer)
        place.ip(f"neighbour add {peer} lladdr {station} nud permanent dev {device}")
        place.bridge(f"fdb append {station} dev {device} dst {topology.vtep(other)}")
        place.ip(f"route add {network.subnet(other)} via {peer} dev {device} onlink")
    add_bridge(place, "cni0", topology.container_mtu)
    place.ip(f"address add {network.gateway(host)} dev cni0")
    container = add_container(namespaces, built, network, host, "cni0")
    container.ip(f"route add default via {network.gateway(host).ip}")


def finish_in_the_kernel(built: Built) -> None:
    """Let no device on the way leave segmentation or checksums to a network card that is not there."""
    for place in built.hosts.values():
        place.python(OFFLOAD, "underlay")
    for place in built.containers.values():
        place.python(OFFLOAD, "eth0")
