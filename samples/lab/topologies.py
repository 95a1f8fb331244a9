"""The topologies of the lab. README.md beside this file says what to see in each."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network
from itertools import combinations

from messages import bulk, lookup, page, words
from shapes import End, Moment, Overlay, Ping, Pods, Talk, Topology

TENANT = Overlay(100, IPv4Network("10.0.0.0/24"))
OTHER_TENANT = Overlay(200, IPv4Network("10.0.0.0/24"))
LARGEST = Overlay(2**24 - 1, IPv4Network("10.0.0.0/24"))
SWARM = Overlay(4097, IPv4Network("10.0.1.0/24"), first=3)
CLUSTER = Pods(1, IPv4Network("10.244.0.0/16"))
POLICY = 0x200
TCP_PORT, UDP_PORT = 5201, 5202


def everyone(vni: int, hosts: int, size: int = 56) -> tuple[Moment, ...]:
    """Each container pings each other, then one TCP connection, then UDP back the other way."""
    ends = [End(vni, host) for host in range(1, hosts + 1)]
    first, last = ends[0], ends[-1]
    return (
        tuple(Ping(one, other, size=size) for one, other in combinations(ends, 2)),
        (Talk(first, last, "tcp", TCP_PORT, words("one two three")),),
        (Talk(last, first, "udp", UDP_PORT, words("four five six")),),
    )


def tenant(vni: int, said: str) -> tuple[Ping, Talk]:
    """Ping, then talk, from a fixed port, so that both tenants use one and the same 5-tuple."""
    ends = End(vni, 1), End(vni, 2)
    return (
        Ping(*ends, count=3, interval_s=0.2),
        Talk(*ends, "tcp", TCP_PORT, words(said), client_port=40000, pause_s=0.1),
    )


def at_once(*tenants: tuple[Ping, Talk]) -> tuple[Moment, ...]:
    """Let tenants do each of their things at the same moment."""
    return tuple(zip(*tenants, strict=True))


def marked(vni: int) -> tuple[Moment, ...]:
    """Let the hosts themselves talk, with a mark on what they send."""
    ends = End(vni, 1, itself=True), End(vni, 2, itself=True)
    return (
        (Ping(*ends, mark=POLICY),),
        (Talk(*ends, "tcp", TCP_PORT, words("one two three"), mark=POLICY),),
        (Talk(*ends, "udp", UDP_PORT, words("four five six"), mark=POLICY),),
    )


def swarm(vni: int) -> tuple[Moment, ...]:
    """Let a front end on host 1 look a name up on host 3, and fetch its page from host 2."""
    front, web, names = (End(vni, host) for host in (1, 2, 3))
    return (
        (Ping(front, web, count=3, interval_s=0.2), Ping(web, names)),
        (Talk(front, names, "udp", 53, [lookup(0x1D01, "web", SWARM.container(2).ip)]),),
        (Talk(front, web, "tcp", 80, [page("/", "web", 4000), page("/about", "web", 600)]),),
    )


def flannel(vni: int) -> tuple[Moment, ...]:
    """Let a pod on host 1 look a service up, and fetch its page from a pod on host 2."""
    client, server = End(vni, 1), End(vni, 2)
    name = "api.default.svc.cluster.local"
    return (
        (Ping(client, server, count=3, interval_s=0.2),),
        (Talk(client, server, "udp", 53, [lookup(0x1D02, name, CLUSTER.container(2).ip)]),),
        (Talk(client, server, "tcp", 8080, [page("/healthz", name, 20), page("/pods", name, 5000)]),),
    )


TOPOLOGIES = {
    topology.name: topology
    for topology in (
        Topology(
            "two-tenants",
            "two VNIs with the same addresses, MACs and ports; the forwarding table entered by hand",
            (TENANT, OTHER_TENANT),
            at_once(tenant(100, "one two three"), tenant(200, "four five six seven")),
            options="",
        ),
        Topology(
            "head-end-replication",
            "three hosts; broadcast goes out once for each other host; a static forwarding table",
            (TENANT,),
            everyone(100, 3),
            hosts=3,
        ),
        Topology(
            "multicast",
            "three hosts; broadcast goes out once, to the group 239.1.1.100; VTEPs learn",
            (TENANT,),
            everyone(100, 3),
            hosts=3,
            group=IPv4Address("239.1.1.100"),
            learning=True,
        ),
        Topology(
            "ipv6-underlay",
            "VTEPs with IPv6 addresses: 70 bytes of overhead a packet in place of 50",
            (TENANT,),
            everyone(100, 2),
            underlay=IPv6Network("2001:db8::/64"),
            container_mtu=1430,
            learning=True,
            options="",
        ),
        Topology(
            "fragments",
            "an underlay whose MTU, 600, is less than what the overlay sends: outer fragments",
            (TENANT,),
            (*everyone(100, 2, size=1400), (Talk(End(100, 1), End(100, 2), "tcp", 5203, [bulk(20_000)]),)),
            underlay_mtu=600,
            learning=True,
            options="noudpcsum df unset",
            path_mtu_discovery=False,
        ),
        Topology(
            "port-8472",
            "the UDP port that Linux used before IANA gave VXLAN 4789, and still uses by default",
            (TENANT,),
            everyone(100, 2),
            port=8472,
            learning=True,
        ),
        Topology(
            "gbp",
            "group policy: what the hosts themselves send is marked, what the containers send is not",
            (TENANT,),
            (*everyone(100, 2), *marked(100)),
            learning=True,
            options="noudpcsum gbp",
            hosts_take_part=True,
        ),
        Topology(
            "udp-checksums",
            "outer UDP checksums, which RFC 7348 would rather have zero",
            (TENANT,),
            everyone(100, 2),
            learning=True,
            options="udpcsum",
        ),
        Topology(
            "offload",
            "segmentation left to the network card: frames of up to 64 KiB before it",
            (TENANT,),
            (*everyone(100, 2), (Talk(End(100, 1), End(100, 2), "tcp", 5203, [bulk(2_000_000)]),)),
            learning=True,
            offload=True,
        ),
        Topology(
            "largest-vni",
            "VNI 16777215, all 24 bits set",
            (LARGEST,),
            everyone(LARGEST.vni, 2),
            learning=True,
        ),
        Topology(
            "docker-overlay",
            "what an overlay network of Docker Swarm looks like: three hosts, VNI 4097",
            (SWARM,),
            swarm(SWARM.vni),
            hosts=3,
        ),
        Topology(
            "flannel",
            "what Flannel builds: VNI 1 on UDP 8472, and hosts that route between their pods",
            (CLUSTER,),
            flannel(CLUSTER.vni),
            port=8472,
        ),
    )
}
