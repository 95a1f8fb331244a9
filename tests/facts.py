"""What must be reported of a frame."""

from dataclasses import dataclass
from math import isnan
from typing import TypeAlias

import craft
from addresses import Claim, Grant
from inner import Name

Policy: TypeAlias = tuple[int, bool, bool]
"""A group policy: the sender's group, D and A."""


@dataclass(frozen=True)
class Level:
    """One overlay of a packet: `path` names what wraps it, itself included. NVGRE has no source port."""

    vni: int
    src: str
    dst: str
    source_port: int | None
    outer_mac: str | None
    path: str = "vxlan"
    depth: int = 1
    policy: "Policy | None" = None
    udp_port: int | None = craft.VXLAN_PORT


@dataclass(frozen=True)
class Fact:
    """What one frame means; from `vni` on of VXLAN packets alone, where None is "not readable".

    `vni` to `source_port` are the innermost overlay's, `around` are those around it from the outermost in.
    """

    time: int
    wire: int
    disposition: str
    reason: str | None = None
    vni: int = 0
    outer_src: str = ""
    outer_dst: str = ""
    outer_mac: str | None = None
    source_port: int | None = 0
    udp_port: int | None = craft.VXLAN_PORT
    flow_id: int | None = None
    udp_bytes: int = 0
    overlay_bytes: int = 0
    outer_ip_bytes: int = 0
    carrier_bytes: int = 0
    outer_packet: int = 0
    offload: bool = False
    inner_bytes: int = 0
    payload: int = 0
    cut: bool = False
    reserved: bool = False
    p_flag: bool = False
    critical: bool = False
    policy: Policy | None = None
    policies: tuple[Policy, ...] = ()  # of all layers
    inner_fragment: bool = False
    inner_piece: tuple[int, bool] | None = (
        None  # identification, and whether it is a later one, without ports
    )
    told: "tuple[int | None, int | None] | None" = None  # the ports, as a first one tells it that comes later
    mac_src: str | None = None
    mac_dst: str | None = None
    tagged: bool = False
    tag: int | None = None
    ethertype: str | None = None
    ip_src: str | None = None
    ip_dst: str | None = None
    protocol: str | None = None
    sport: int | None = None
    dport: int | None = None
    flags: str | None = None
    seq: int = 0
    ack: int = 0
    window: int = 0
    sender: str | None = None  # the sender address of an ARP packet
    says: Claim | Grant | Name | None = None  # what it says of an address
    complains: bool = False  # whether it is an ICMP error
    quoted: tuple[str, frozenset[tuple[str, int | None]]] | None = None  # the flow that one is about
    ttl: int = 0
    route: tuple[str, int] = ("", 0)  # the outermost overlay, and the length of its header
    outer_class: int = 0  # DSCP with ECN behind it
    inner_class: int | None = None
    dont_fragment: bool = False
    first_piece: bool = False
    outer_sum: str = "zero"  # what the outer UDP checksum is found to be
    inner_sum: str | None = None  # ... and those of the inner frame, where it has any
    about: "About | None" = None
    datagram: tuple[object, ...] | None = None  # which outer datagram a piece of one belongs to
    overlaps: bool = False  # whether pieces of its datagram do, that are not the same
    path: str = "vxlan"
    around: tuple[Level, ...] = ()

    @property
    def innermost(self) -> Level:
        """The overlay with the tenant's frame."""
        ends = self.outer_src, self.outer_dst, self.source_port
        depth = len(self.around) + 1
        return Level(self.vni, *ends, self.outer_mac, self.path, depth, self.policy, self.udp_port)

    @property
    def levels(self) -> tuple[Level, ...]:
        """All overlays, from the outermost in."""
        return (*self.around, self.innermost)

    @property
    def dont_learn(self) -> bool:
        """Whether a VTEP must not learn from it where the sender is."""
        return self.policy is not None and self.policy[1]

    @property
    def vnis(self) -> frozenset[int]:
        """The VNIs of all layers."""
        return frozenset(level.vni for level in self.levels)

    @property
    def vteps(self) -> frozenset[str]:
        """The outer addresses of all layers."""
        return frozenset(end for level in self.levels for end in (level.src, level.dst))


@dataclass(frozen=True)
class About:
    """What an ICMP error tells of a VXLAN packet: a column of `underlay`, an MTU, and what it quotes."""

    column: str
    mtu: int | None
    quoted: Fact

    @property
    def way(self) -> tuple[str, str]:
        """The tunnel's direction."""
        return self.quoted.outer_src, self.quoted.outer_dst

    @property
    def vni(self) -> int | None:
        """The VNI, where the quote goes as far."""
        return None if isnan(self.quoted.vni) else self.quoted.vni
