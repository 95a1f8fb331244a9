"""The schema of a scenario: what a TOML file may declare. docs/scenarios.md is its manual.

Values that a type can check are checked when the file is read (`load`); names that must exist and addresses
are looked up when the network is built (`network`).
"""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec

from vxinspect.sources import HIGHEST_PORT, VXLAN_PORT
from vxinspect.synth.carriers import Carriers
from vxinspect.synth.kinds import Fault
from vxinspect.synth.overlays import Encapsulation

__all__ = [
    "Arp",
    "Dhcp",
    "Host",
    "Icmp",
    "Mass",
    "Migration",
    "Nd",
    "Option",
    "Scenario",
    "Size",
    "Tcp",
    "Traffic",
    "Udp",
    "Underlay",
    "Vni",
    "Vtep",
]

Port: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_PORT)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
Rate: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
VniNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=1 << 24)]
VlanId: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=4094)]
_HOSTNAME = r"^([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?$"
Size: TypeAlias = Literal["imix", "small"] | Annotated[int, msgspec.Meta(ge=1, le=262_000)]
"""Length of inner Ethernet frames, in bytes without FCS: a fixed one, or a pattern by name."""


class _Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of the file: a key that is not declared is an error."""


class Underlay(_Part, frozen=True, kw_only=True):
    """What is around every overlay's packet.

    `vlan`: outer 802.1Q tags, the outermost first. `mtu`: of the IP packets; one that is larger is an error,
    or with `oversize` "fragment" cut by its VTEP. `udp_checksum`: zero (RFC 7348 section 5), or valid.
    `source_port`: a hash of the inner headers in 49152 to 65535 (RFC 7348 section 5), or one port for all.
    `flow_id`: what NVGRE has in its place (RFC 7637 section 3.2).
    `carriers`: what brings the VTEPs' packets, the outermost first.
    """

    vlan: Annotated[tuple[VlanId, ...], msgspec.Meta(max_length=2)] = ()
    ttl: Annotated[int, msgspec.Meta(ge=1, le=255)] = 64
    dscp: Annotated[int, msgspec.Meta(ge=0, le=63)] = 0
    mtu: Annotated[int, msgspec.Meta(ge=256, le=65_535)] | None = None
    oversize: Literal["error", "fragment"] = "error"
    udp_checksum: Literal["zero", "valid"] = "zero"
    source_port: Literal["hash"] | Port = "hash"
    flow_id: Literal["hash"] | Annotated[int, msgspec.Meta(ge=0, le=255)] = "hash"
    carriers: Carriers = ()


class Vtep(_Part, frozen=True, kw_only=True):
    """A VTEP: its outer address, its MAC, and its UDP port where that is not the scenario's."""

    name: str
    ip: str
    mac: str
    port: Port | None = None


class Option(_Part, frozen=True, kw_only=True):
    """An option of Geneve (RFC 8926 section 3.5): its class, its type, and its data in hexadecimal digits."""

    space: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = msgspec.field(name="class")
    type: Annotated[int, msgspec.Meta(ge=0, le=255)]
    data: str = ""


class Vni(_Part, frozen=True, kw_only=True):
    """A VNI: its member VTEPs (all by default), how it floods, and the overlay that carries it.

    `flood`: "head-end" (a copy to each other member) or a multicast group's address (RFC 7348 section 4.2).
    `group_policy`: the id that its packets carry (draft-smith-vxlan-group-policy), or none; with `dont_learn`
    and `policy_applied`, its D and A bits too.
    `next_protocol`: with "ip", VXLAN-GPE and Geneve carry unicast IP packets without Ethernet.
    `options`: of Geneve.
    """

    id: VniNumber
    vteps: tuple[str, ...] | None = None
    flood: str = "head-end"
    group_policy: Annotated[int, msgspec.Meta(ge=0, le=65_535)] | None = None
    dont_learn: bool = False
    policy_applied: bool = False
    encapsulation: Encapsulation = "vxlan"
    next_protocol: Literal["ethernet", "ip"] = "ethernet"
    options: Annotated[tuple[Option, ...], msgspec.Meta(max_length=31)] = ()


class Host(_Part, frozen=True, kw_only=True):
    """A host in one VNI: its MAC, its addresses, the VTEP it starts behind, and a VLAN tag of its frames."""

    name: str
    vni: VniNumber
    vtep: str
    mac: str
    ips: tuple[str, ...] = ()
    vlan: VlanId | None = None


class _Exchange(
    msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag=str.lower
):
    """What two hosts say to each other, `count` times, `rate` a second from `start` seconds on.

    `delay`: seconds from a packet to its answer at the capture point.
    """

    source: str = msgspec.field(name="from")
    destination: str = msgspec.field(name="to")
    name: str | None = None
    start: Seconds = 0.0
    count: Count = 1
    rate: Rate = 10.0
    delay: Rate = 0.0005


class _Addressed(_Exchange, frozen=True, kw_only=True):
    """An exchange over IP.

    `family`: which of the hosts' addresses, IPv4 by default where both have it. `size`: the inner frames that
    carry data. `resolve`: ask for the MAC by ARP or ND first.
    """

    family: Literal[4, 6] | None = None
    size: Size = 98
    resolve: bool = False


class Arp(_Exchange, frozen=True, kw_only=True):
    """An ARP request, flooded, and its reply (RFC 826)."""


class Nd(_Exchange, frozen=True, kw_only=True):
    """A Neighbor Solicitation, flooded, and its advertisement (RFC 4861 section 4.3)."""


class Dhcp(_Exchange, frozen=True, kw_only=True):
    """A lease from a DHCP server, `to`, for its client's address (RFC 2131, RFC 8415).

    `family`: which of the client's addresses, IPv4 by default where it has one. `lease`: in seconds.
    `hostname`: what the client calls itself, by default the host's name; or nothing.
    """

    family: Literal[4, 6] | None = None
    lease: Annotated[int, msgspec.Meta(ge=1, lt=1 << 32)] = 86_400
    hostname: Annotated[str, msgspec.Meta(pattern=_HOSTNAME, max_length=63)] | None = None


class Icmp(_Addressed, frozen=True, kw_only=True):
    """Echo requests and their replies (RFC 792, RFC 4443)."""

    reply: bool = True


class Udp(_Addressed, frozen=True, kw_only=True):
    """Requests and responses over UDP; `source_port` is the first exchange's, each later one has the next."""

    port: Port = 9
    source_port: Port = 40_000
    response: bool = True


class Tcp(_Addressed, frozen=True, kw_only=True):
    """TCP sessions: handshake, `rounds` of one request and `segments` of response, acknowledged, and a close.

    `source_port`: the first session's, each later one has the next. `close`: both FIN, a reset, or left open.
    """

    port: Port = 80
    source_port: Port = 40_000
    rounds: Annotated[int, msgspec.Meta(ge=0)] = 2
    segments: Annotated[int, msgspec.Meta(ge=0)] = 2
    close: Literal["fin", "reset", "open"] = "fin"


Traffic: TypeAlias = Arp | Nd | Dhcp | Icmp | Udp | Tcp


class Migration(_Part, frozen=True, kw_only=True):
    """A host moves to another VTEP at `at` seconds; `announce`: it tells so by gratuitous ARP (RFC 5227)."""

    host: str
    to: str
    at: Seconds
    announce: bool = True


class Mass(_Part, frozen=True, kw_only=True):
    """Flows by the million, stamped by the engine from a few templates. docs/scenarios.md has their plan.

    `vnis`, `vteps`: all that are declared by default. `rate`: packets a second.
    """

    flows: Annotated[int, msgspec.Meta(ge=1, lt=1 << 32)]
    packets: Annotated[int, msgspec.Meta(ge=1, lt=1 << 32)]
    vnis: tuple[VniNumber, ...] | None = None
    vteps: tuple[str, ...] | None = None
    size: Size = "imix"
    rate: Count = 1_000_000
    start: Seconds = 0.0


_START = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


class Scenario(_Part, frozen=True, kw_only=True):
    """A whole file. `start`: the time of second 0. `port`: VXLAN's UDP port."""

    vtep: tuple[Vtep, ...]
    vni: tuple[Vni, ...]
    host: tuple[Host, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    migration: tuple[Migration, ...] = ()
    fault: tuple[Fault, ...] = ()
    mass: Mass | None = None
    underlay: Underlay = Underlay()
    seed: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] = 0
    start: Annotated[datetime, msgspec.Meta(tz=True)] = _START
    port: Port = VXLAN_PORT
