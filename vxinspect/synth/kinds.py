"""The schema of faults: each kind with its place and its count. docs/scenarios.md is their manual.

Most faults befall packets of one `traffic` (or of any, where none is named): `count` of those that can have
it, spread evenly over them. A packet has one such fault at most.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec

from vxinspect.synth.carriers import Carriers
from vxinspect.synth.overlays import Encapsulation

__all__ = [
    "BareCopies",
    "BlackHole",
    "CaptureDrops",
    "Carried",
    "CutMidRecord",
    "DscpChange",
    "DuplicateIp",
    "DuplicateMac",
    "DuplicatedFrames",
    "EcnMarks",
    "Fault",
    "GroupPolicy",
    "IFlagClear",
    "IcmpErrors",
    "InnerChecksumPartial",
    "InnerChecksumWrong",
    "InnerFragments",
    "InnerIcmpErrors",
    "InnerVlanTag",
    "Loop",
    "MacFlap",
    "MacMove",
    "MissingFragment",
    "Nested",
    "Offload",
    "OnPackets",
    "OneWayTunnel",
    "OuterChecksumWrong",
    "OuterFragments",
    "OverMtu",
    "OverlappingFragments",
    "OverlappingTenants",
    "PlainTraffic",
    "PolarisedSourcePorts",
    "ReorderedFragments",
    "RepeatedFragment",
    "ReservedBits",
    "RoutedCopies",
    "SnapLength",
    "TcpReordering",
    "TcpReset",
    "TcpRetransmission",
    "TcpZeroWindow",
    "TtlChange",
    "UnexpectedSource",
    "UnknownUnicast",
    "VniByDirection",
    "WrongPort",
    "ZeroLength",
    "kind_of",
]

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
_Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
_Interval: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
_Port: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
_Vni: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=1 << 24)]
_Ecn: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=3)]
_Mtu: TypeAlias = Annotated[int, msgspec.Meta(ge=68, le=65_535)]
_PieceMtu: TypeAlias = Annotated[int, msgspec.Meta(ge=256, le=65_535)]
"""Large enough for all headers to be in the first piece."""


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")


class _Fault(
    msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag=_kebab
):
    """What goes wrong."""


def kind_of(fault: "Fault") -> str:
    """Return a fault's kind as the file names it."""
    return _kebab(type(fault).__name__)


class OnPackets(_Fault, frozen=True, kw_only=True):
    """A fault of `count` packets of a traffic."""

    traffic: str | None = None
    count: _Count = 1


# ---- of the overlay ------------------------------------------------------------------------------


class OneWayTunnel(_Fault, frozen=True, kw_only=True):
    """Nothing that VTEP `to` sends back to VTEP `from` is there."""

    source: str = msgspec.field(name="from")
    destination: str = msgspec.field(name="to")


class UnexpectedSource(OnPackets, frozen=True, kw_only=True):
    """Replies come from an outer address that their peer does not send to."""

    source: str


class VniByDirection(OnPackets, frozen=True, kw_only=True):
    """Replies carry another VNI than the packets that they answer."""

    vni: _Vni


class MacMove(_Fault, frozen=True, kw_only=True):
    """A host is behind another VTEP from `at` on, and tells nobody."""

    host: str
    to: str
    at: _Seconds


class MacFlap(_Fault, frozen=True, kw_only=True):
    """A host changes to another VTEP and back: `count` moves, `interval` seconds apart, from `at` on."""

    host: str
    to: str
    at: _Seconds
    count: Annotated[int, msgspec.Meta(ge=2)] = 6
    interval: _Interval = 1.0


class DuplicateMac(_Fault, frozen=True, kw_only=True):
    """A second host with the MAC of `host`, behind `vtep`, sends `count` gratuitous ARPs for `ip`."""

    host: str
    vtep: str
    ip: str
    at: _Seconds = 0.0
    count: _Count = 1
    interval: _Interval = 1.0


class DuplicateIp(_Fault, frozen=True, kw_only=True):
    """A second host with the address of `host`, behind `vtep`, sends `count` gratuitous ARPs from `mac`.

    Of family 6, as many advertisements that nobody asked for (RFC 4861 section 7.2.6).
    """

    host: str
    vtep: str
    mac: str
    at: _Seconds = 0.0
    count: _Count = 1
    interval: _Interval = 1.0
    family: Literal[4, 6] = 4


class UnknownUnicast(OnPackets, frozen=True, kw_only=True):
    """Unicast packets are flooded, as those to a MAC that was not learned are (RFC 7348 section 4.2)."""


class OverlappingTenants(_Fault, frozen=True, kw_only=True):
    """The VNI `to` has the hosts and the traffic of VNI `vni`: the same MACs, addresses and ports."""

    vni: _Vni
    to: _Vni


class Nested(OnPackets, frozen=True, kw_only=True):
    """Packets are carried in a second overlay, in VNI `vni` between the VTEPs `from` and `to`."""

    vni: _Vni
    source: str = msgspec.field(name="from")
    destination: str = msgspec.field(name="to")
    encapsulation: Encapsulation = "vxlan"


class Carried(OnPackets, frozen=True, kw_only=True):
    """Packets are brought by other carriers than the rest, the outermost first."""

    carriers: Annotated[Carriers, msgspec.Meta(min_length=1)]


class Loop(OnPackets, frozen=True, kw_only=True):
    """A packet goes round between its two VTEPs, `rounds` times there and back, `delay` seconds each way.

    Bridged, the frame stays as it is; `routed`, its TTL falls and its MACs are the routers'.
    """

    rounds: Annotated[int, msgspec.Meta(ge=1, le=30)] = 4
    delay: _Interval = 0.0002
    routed: bool = False


class BlackHole(_Fault, frozen=True, kw_only=True):
    """TCP data in outer packets larger than `mtu`, `from` one VTEP `to` another, is dropped, and not told.

    It is captured before that. Its sender sends the first such segment again, `delay` seconds later and then
    each time after twice as long, `retries` times, and nothing else of the session follows.
    """

    source: str = msgspec.field(name="from")
    destination: str = msgspec.field(name="to")
    mtu: _Mtu
    retries: Annotated[int, msgspec.Meta(ge=1, le=15)] = 4
    delay: _Interval = 0.2


class InnerVlanTag(OnPackets, frozen=True, kw_only=True):
    """The inner frame has an 802.1Q tag (RFC 7348 section 6.1 says that it should not)."""

    vid: Annotated[int, msgspec.Meta(ge=1, le=4094)]


# ---- of the VXLAN header -------------------------------------------------------------------------


class IFlagClear(OnPackets, frozen=True, kw_only=True):
    """The I flag is not set, so the VNI is not valid (RFC 7348 section 5)."""


class ReservedBits(OnPackets, frozen=True, kw_only=True):
    """`value` stands in the 24 reserved bits behind the flags, which must be zero (RFC 7348 section 5)."""

    value: Annotated[int, msgspec.Meta(ge=1, lt=1 << 24)] = 0xBAD


class GroupPolicy(OnPackets, frozen=True, kw_only=True):
    """The G flag is set and a group policy id given (draft-smith-vxlan-group-policy).

    `dont_learn`: with the D bit, by which a VTEP learns nothing from the packet. `policy_applied`: with the A
    bit, which says that the policy was applied.
    """

    policy: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    dont_learn: bool = False
    policy_applied: bool = False


# ---- of the underlay -----------------------------------------------------------------------------


class WrongPort(OnPackets, frozen=True, kw_only=True):
    """VXLAN to a UDP port that is not VXLAN's."""

    port: _Port


class OuterChecksumWrong(OnPackets, frozen=True, kw_only=True):
    """The outer UDP checksum is neither zero nor right."""


class PolarisedSourcePorts(_Fault, frozen=True, kw_only=True):
    """All packets of a tunnel (of every tunnel, where none is named) have one UDP source port."""

    port: _Port
    source: str | None = msgspec.field(default=None, name="from")
    destination: str | None = msgspec.field(default=None, name="to")


class OuterFragments(OnPackets, frozen=True, kw_only=True):
    """The outer datagram is cut into pieces that fit an underlay of `mtu`."""

    mtu: _PieceMtu = 576


class MissingFragment(OnPackets, frozen=True, kw_only=True):
    """The same, and one piece is not there."""

    mtu: _PieceMtu = 576
    piece: Literal["first", "middle", "last"] = "last"


class RepeatedFragment(OnPackets, frozen=True, kw_only=True):
    """The same, and one piece comes again when all are there."""

    mtu: _PieceMtu = 576
    piece: Literal["first", "middle", "last"] = "last"


class OverlappingFragments(OnPackets, frozen=True, kw_only=True):
    """The same, and one piece more lies over the border of the first two."""

    mtu: _PieceMtu = 576


class ReorderedFragments(OnPackets, frozen=True, kw_only=True):
    """The same, and the pieces come in reverse, or in any order."""

    mtu: _PieceMtu = 576
    order: Literal["reverse", "random"] = "reverse"


class OverMtu(OnPackets, frozen=True, kw_only=True):
    """An outer packet exceeds the MTU of a link; its router answers with "fragmentation needed" or "too big".

    (RFC 792 and RFC 1191, RFC 4443 section 3.2.) `router`: the address that the answer comes from.
    """

    mtu: _Mtu
    router: str


class IcmpErrors(OnPackets, frozen=True, kw_only=True):
    """A router answers a packet with an ICMP error (RFC 792, RFC 4443).

    `quote`: so many bytes behind the packet's IP header; as many as the RFCs allow, where none is given.
    """

    error: Literal["unreachable", "time-exceeded", "parameter-problem"] = "unreachable"
    router: str
    quote: Annotated[int, msgspec.Meta(ge=8)] | None = None


class TtlChange(OnPackets, frozen=True, kw_only=True):
    """The outer TTL (hop limit) is another: the packets came another way."""

    ttl: Annotated[int, msgspec.Meta(ge=1, le=255)]


class DscpChange(OnPackets, frozen=True, kw_only=True):
    """The outer DSCP is another: somebody on the way marked the packets anew, or no longer."""

    dscp: Annotated[int, msgspec.Meta(ge=0, le=63)]


class EcnMarks(OnPackets, frozen=True, kw_only=True):
    """The ECN fields are `inner` and `outer`: by default ECT(0) inside, congestion experienced outside."""

    inner: _Ecn = 2
    outer: _Ecn = 3


# ---- of the inner frames -------------------------------------------------------------------------


class InnerChecksumWrong(OnPackets, frozen=True, kw_only=True):
    """The checksum of the inner TCP or UDP is wrong."""


class InnerChecksumPartial(OnPackets, frozen=True, kw_only=True):
    """It is the pseudo-header's sum only: the sender left the rest to a network card (checksum offload)."""


class InnerIcmpErrors(OnPackets, frozen=True, kw_only=True):
    """The receiver of a packet answers it with an ICMP error, in the overlay (RFC 792, RFC 4443).

    `quote`: so many bytes behind the packet's IP header; as many as the RFCs allow, where none is given.
    """

    error: Literal["unreachable", "time-exceeded", "parameter-problem"] = "unreachable"
    quote: Annotated[int, msgspec.Meta(ge=8)] | None = None


class InnerFragments(OnPackets, frozen=True, kw_only=True):
    """The inner IP packet, UDP or an echo, comes in fragments that fit `mtu`, each in a packet of its own."""

    mtu: _PieceMtu = 576
    order: Literal["forward", "reverse", "random"] = "forward"


class TcpRetransmission(OnPackets, frozen=True, kw_only=True):
    """A data segment is there twice, the second time `delay` seconds later."""

    delay: _Interval = 0.2


class TcpReordering(OnPackets, frozen=True, kw_only=True):
    """A data segment comes after the one that follows it in its direction."""


class TcpReset(OnPackets, frozen=True, kw_only=True):
    """`count` sessions end with a reset after their first data segment."""


class TcpZeroWindow(OnPackets, frozen=True, kw_only=True):
    """An acknowledgement tells a window of zero."""


class Offload(OnPackets, frozen=True, kw_only=True):
    """A data segment in an inner frame of `size` bytes, as segmentation offload shows it."""

    size: Annotated[int, msgspec.Meta(ge=9_300, le=65_400)] = 20_000


class ZeroLength(OnPackets, frozen=True, kw_only=True):
    """A data segment in an inner frame of `size` bytes, which the length fields cannot tell (BIG TCP)."""

    size: Annotated[int, msgspec.Meta(ge=65_600, le=262_000)] = 70_000


# ---- of the capture ------------------------------------------------------------------------------


class DuplicatedFrames(OnPackets, frozen=True, kw_only=True):
    """A frame is captured twice, `delay` seconds apart."""

    delay: _Seconds = 0.000001


class RoutedCopies(OnPackets, frozen=True, kw_only=True):
    """A packet is captured again behind a router, `delay` seconds later: another TTL, the router's MAC."""

    delay: _Seconds = 0.000050


class BareCopies(OnPackets, frozen=True, kw_only=True):
    """The inner frame is captured by itself too, at its host's own interface, `delay` seconds earlier."""

    delay: _Seconds = 0.000010


class CaptureDrops(OnPackets, frozen=True, kw_only=True):
    """A data segment that arrives, and is acknowledged, is not in the capture."""


class SnapLength(_Fault, frozen=True, kw_only=True):
    """The capture keeps `length` bytes of each frame."""

    length: Annotated[int, msgspec.Meta(ge=1, le=262_144)]


class CutMidRecord(_Fault, frozen=True, kw_only=True):
    """The capture lacks its last `bytes` bytes, and so its last frame."""

    bytes: _Count = 10


class PlainTraffic(_Fault, frozen=True, kw_only=True):
    """`count` frames that are not VXLAN: ARP, UDP, TCP, ICMP, LLDP in turn, `rate` a second."""

    count: _Count = 10
    at: _Seconds = 0.0
    rate: _Interval = 100.0


Fault: TypeAlias = (
    OneWayTunnel
    | UnexpectedSource
    | VniByDirection
    | MacMove
    | MacFlap
    | DuplicateMac
    | DuplicateIp
    | UnknownUnicast
    | OverlappingTenants
    | Nested
    | Carried
    | Loop
    | BlackHole
    | InnerVlanTag
    | IFlagClear
    | ReservedBits
    | GroupPolicy
    | WrongPort
    | OuterChecksumWrong
    | PolarisedSourcePorts
    | OuterFragments
    | MissingFragment
    | RepeatedFragment
    | OverlappingFragments
    | ReorderedFragments
    | OverMtu
    | IcmpErrors
    | TtlChange
    | DscpChange
    | EcnMarks
    | InnerChecksumWrong
    | InnerChecksumPartial
    | InnerFragments
    | InnerIcmpErrors
    | TcpRetransmission
    | TcpReordering
    | TcpReset
    | TcpZeroWindow
    | Offload
    | ZeroLength
    | DuplicatedFrames
    | RoutedCopies
    | BareCopies
    | CaptureDrops
    | SnapLength
    | CutMidRecord
    | PlainTraffic
)
