"""The schema of a policy: what must hold of a capture. docs/policies.md is its manual.

Every key may be left out, and then asks for nothing.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec

from vxinspect.checks.values import Address, Network, Vnis
from vxinspect.sources import HIGHEST_PORT

__all__ = [
    "CaptureLeast",
    "FindingRules",
    "FlowRule",
    "Limits",
    "Policy",
    "PortRules",
    "TunnelRules",
    "VniLimits",
    "VniRules",
    "VtepRules",
]

Port: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_PORT)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
VniNumber: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=1 << 24)]
Percent: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=100)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
Milliseconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
Direction: TypeAlias = Literal["any", "forward", "reverse", "both"]


class _Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of the file: a key that is not declared is an error."""


class CaptureLeast(_Part, frozen=True, kw_only=True):
    """How much there must be to say anything: so that an empty capture never passes by accident."""

    min_packets: Count = 1
    min_seconds: Seconds = 0.0
    complete: bool = True


class VniRules(_Part, frozen=True, kw_only=True):
    """Which VNIs there may be, and must be."""

    allowed: tuple[Vnis, ...] | None = None
    required: tuple[VniNumber, ...] = ()


class VtepRules(_Part, frozen=True, kw_only=True):
    """Which outer addresses may send or receive, and which must."""

    allowed: tuple[Network, ...] | None = None
    required: tuple[Address, ...] = ()


class TunnelRules(_Part, frozen=True, kw_only=True):
    """Between which VTEPs there may be a tunnel, and must be: pairs, in either order."""

    allowed: tuple[tuple[Network, Network], ...] | None = None
    required: tuple[tuple[Address, Address], ...] = ()


class PortRules(_Part, frozen=True, kw_only=True):
    """To which UDP ports VXLAN may go, and must. They are read, too, where no --port says otherwise."""

    allowed: tuple[Port, ...] | None = None
    required: tuple[Port, ...] = ()


class VniLimits(_Part, frozen=True, kw_only=True):
    """What holds of each VNI among `id`: its member VTEPs, and limits of its own."""

    id: Vnis
    vteps: tuple[Network, ...] | None = None
    required_vteps: tuple[Address, ...] = ()
    overhead_percent: Percent | None = None
    bum_percent: Percent | None = None
    moves: Count | None = None
    retransmission_percent: Percent | None = None
    rtt_ms: Milliseconds | None = None
    zero_windows: Count | None = None
    wrong_checksums: Count | None = None


class Limits(_Part, frozen=True, kw_only=True):
    """The most that there may be, in all captures together."""

    overhead_percent: Percent | None = None
    bum_percent: Percent | None = None
    fragments: Count | None = None
    invalid: Count | None = None
    malformed: Count | None = None
    moves: Count | None = None
    retransmission_percent: Percent | None = None
    rtt_ms: Milliseconds | None = None
    zero_windows: Count | None = None
    wrong_checksums: Count | None = None


class FlowRule(_Part, frozen=True, kw_only=True):
    """A flow that is expected, or forbidden: all flows that match, taken together.

    `source` opened it. `port` is the destination's. `direction`: which packets and bytes (of inner frames)
    are counted; "both" asks the same of each way. Without a bound, one packet at least is expected.
    """

    name: str
    expect: Literal["present", "absent"] = "present"
    vni: Vnis | None = None
    source: Network | None = msgspec.field(name="from", default=None)
    destination: Network | None = msgspec.field(name="to", default=None)
    protocol: str | None = None
    port: Port | None = None
    direction: Direction = "any"
    min_packets: Count | None = None
    max_packets: Count | None = None
    min_bytes: Count | None = None
    max_bytes: Count | None = None


class FindingRules(_Part, frozen=True, kw_only=True):
    """What becomes of findings, by severity or rule; a rule that is named goes before its severity."""

    fail: tuple[str, ...] = ("error",)
    warn: tuple[str, ...] = ("warning",)
    ignore: tuple[str, ...] = ()


class Policy(_Part, frozen=True, kw_only=True):
    """A whole file, with what it includes."""

    include: tuple[str, ...] = ()
    capture: CaptureLeast = CaptureLeast()
    vnis: VniRules = VniRules()
    vteps: VtepRules = VtepRules()
    tunnels: TunnelRules = TunnelRules()
    ports: PortRules = PortRules()
    vni: tuple[VniLimits, ...] = ()
    limits: Limits = Limits()
    flow: tuple[FlowRule, ...] = ()
    findings: FindingRules = FindingRules()
    rules: dict[str, dict[str, float]] = {}

    @property
    def asks_for_checksums(self) -> bool:
        """Whether checksums must be verified to say whether it holds."""
        limits = [self.limits.wrong_checksums, *(rule.wrong_checksums for rule in self.vni)]
        return any(limit is not None for limit in limits)
