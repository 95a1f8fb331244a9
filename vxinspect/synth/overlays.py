"""Overlays: VXLAN and its relatives, whose headers are ours (no library writes them)."""

import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vxinspect.overlays import ASSIGNED_PORTS

__all__ = [
    "DONT_LEARN",
    "POLICY_APPLIED",
    "POLICY_ID",
    "VXLAN_OVERLAY",
    "Encapsulation",
    "Option",
    "Overlay",
    "Payload",
    "policy_bits",
]

Encapsulation: TypeAlias = Literal["vxlan", "vxlan-gpe", "geneve", "nvgre"]
Payload: TypeAlias = Literal["ethernet", "ipv4", "ipv6"]


_HEADER = 8
_UDP_HEADER = 8
_UDP, _GRE = 17, 47
_KEY_PRESENT = 0x2000
_UNIT = 4
_P_FLAG = 0x04
DONT_LEARN, POLICY_APPLIED, POLICY_ID = 0x400000, 0x080000, 0xFFFF
"""Of the 24 bits behind VXLAN's flags: a group policy (draft-smith-vxlan-group-policy)."""
_CRITICAL = 0x40
_NEXT_PROTOCOL: dict[Payload, int] = {"ipv4": 1, "ipv6": 2, "ethernet": 3}
_PROTOCOL_TYPE: dict[Payload, int] = {"ipv4": 0x0800, "ipv6": 0x86DD, "ethernet": 0x6558}


@dataclass(frozen=True, slots=True)
class Option:
    """An option of Geneve (RFC 8926 section 3.5); the highest bit of its type says that it is critical."""

    space: int
    type: int
    data: bytes

    @property
    def is_critical(self) -> bool:
        """Whether a receiver must know it, or drop the packet."""
        return bool(self.type & 0x80)

    def encode(self) -> bytes:
        """Return its bytes."""
        return struct.pack(">HBB", self.space, self.type, len(self.data) // _UNIT) + self.data


@dataclass(frozen=True, slots=True)
class Overlay:
    """Which overlay wraps a packet, and what its header has beside the VNI."""

    name: Encapsulation = "vxlan"
    options: tuple[Option, ...] = ()

    @property
    def header(self) -> int:
        """Length of the header with its options."""
        return _HEADER + sum(len(option.encode()) for option in self.options)

    @property
    def is_over_udp(self) -> bool:
        """Whether it has ports and a checksum; NVGRE is GRE, and has a FlowID."""
        return self.name != "nvgre"

    @property
    def protocol(self) -> int:
        """What the outer IP header announces."""
        return _UDP if self.is_over_udp else _GRE

    @property
    def udp_header(self) -> int:
        """Length of what is in front of its header."""
        return _UDP_HEADER if self.is_over_udp else 0

    @property
    def has_i_flag(self) -> bool:
        """Whether its header says that the VNI is valid; that of the others always is."""
        return self.name in ("vxlan", "vxlan-gpe")

    @property
    def is_critical(self) -> bool:
        """Whether a receiver must know an option."""
        return any(option.is_critical for option in self.options)

    def port(self, vxlan: int) -> int:
        """Return the UDP port of a VTEP that receives VXLAN on `vxlan`; 0 where there is no UDP."""
        return ASSIGNED_PORTS.get(self.name, vxlan) if self.is_over_udp else 0

    def encode(self, flags: int, reserved: int, vni: int, payload: Payload, flow: int) -> bytes:
        """Return the header.

        `flags` and the 24 bits behind them, `reserved`, are VXLAN's; `flow` is NVGRE's FlowID.
        """
        if self.name == "nvgre":
            # RFC 7637 section 3.2.
            return struct.pack(">HHI", _KEY_PRESENT, _PROTOCOL_TYPE[payload], vni << 8 | flow)
        if self.name == "geneve":
            # RFC 8926 section 3.4.
            options = b"".join(option.encode() for option in self.options)
            critical = _CRITICAL if self.is_critical else 0
            head = struct.pack(">BBH", len(options) // _UNIT, critical, _PROTOCOL_TYPE[payload])
            return head + struct.pack(">I", vni << 8) + options
        if self.name == "vxlan-gpe":
            # draft-ietf-nvo3-vxlan-gpe section 3.
            flags, reserved = flags | _P_FLAG, _NEXT_PROTOCOL[payload]
        # RFC 7348 section 5.
        return struct.pack(">II", flags << 24 | reserved, vni << 8)


VXLAN_OVERLAY = Overlay()


def policy_bits(policy: int, *, dont_learn: bool, applied: bool) -> int:
    """Return what stands behind VXLAN's flags where there is a group policy."""
    return dont_learn * DONT_LEARN | applied * POLICY_APPLIED | policy
