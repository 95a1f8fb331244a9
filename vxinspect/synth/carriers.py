"""Carriers: what may bring a VTEP's packet without being an overlay, as a scenario declares them.

`carrying` makes bytes of them. Lengths here follow from each carrier's own rules.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

import msgspec

from vxinspect.exceptions import ScenarioError

__all__ = ["Carrier", "Carriers", "Erspan", "Gre", "Ipip", "Mpls", "Pppoe", "check_carriers"]

_ETHERNET = 14
_WORD = 4
"""A label, a control word, and each field that GRE may have; GRE's own header, too."""
_Label: TypeAlias = Annotated[int, msgspec.Meta(ge=16, lt=1 << 20)]


class _Carrier(
    msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, tag_field="kind", tag=str.lower
):
    """One carrier."""

    @property
    def word(self) -> str:
        """Its name in paths."""
        return type(self).__name__.lower()

    @property
    def ip_header(self) -> int:
        """Length of its own IP header, in bytes."""
        return 0

    @property
    def header(self) -> int:
        """Length of its own header behind that."""
        return 0

    @property
    def brings_frame(self) -> bool:
        """Whether there is an Ethernet frame inside of it."""
        return False

    @property
    def length(self) -> int:
        """Length of all that it puts in front of a packet."""
        return self.ip_header + self.header + _ETHERNET * self.brings_frame


class _Tunnel(_Carrier, frozen=True, kw_only=True):
    """A carrier in IP, between two addresses."""

    source: str = msgspec.field(default="198.51.100.1", name="from")
    destination: str = msgspec.field(default="198.51.100.2", name="to")

    @property
    def version(self) -> int:
        """The version of its IP header."""
        return ip_address(self.source).version

    @property
    def ip_header(self) -> int:
        """Length of its own IP header, in bytes."""
        return 20 if self.version == 4 else 40  # noqa: PLR2004


class Mpls(_Carrier, frozen=True, kw_only=True):
    """A stack of labels (RFC 3032), the outermost first.

    `pseudowire`: an Ethernet frame is behind them (RFC 4448), with a control word or without.
    """

    labels: Annotated[tuple[_Label, ...], msgspec.Meta(min_length=1, max_length=16)] = (16,)
    pseudowire: Literal["none", "plain", "control-word"] = "none"

    @property
    def header(self) -> int:
        """Length of labels and control word."""
        return _WORD * (len(self.labels) + (self.pseudowire == "control-word"))

    @property
    def brings_frame(self) -> bool:
        """Whether it is a pseudowire."""
        return self.pseudowire != "none"


class Pppoe(_Carrier, frozen=True, kw_only=True):
    """A PPPoE session (RFC 2516)."""

    session: Annotated[int, msgspec.Meta(ge=1, le=65_534)] = 1

    @property
    def header(self) -> int:
        """Length of PPPoE's header and PPP's protocol."""
        return 8


class Ipip(_Tunnel, frozen=True, kw_only=True):
    """IP in IP (RFC 2003, RFC 2473, RFC 4213)."""


class Gre(_Tunnel, frozen=True, kw_only=True):
    """GRE (RFC 2784, RFC 2890) around IP, or with `bridged` around an Ethernet frame."""

    key: Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)] | None = None
    sequence: bool = False
    checksum: bool = False
    bridged: bool = False

    @property
    def header(self) -> int:
        """Length of its header with the fields that are there."""
        return _WORD * (1 + (self.key is not None) + self.sequence + self.checksum)

    @property
    def is_nvgre(self) -> bool:
        """Whether its header is one of NVGRE as well (RFC 7637 section 3.2)."""
        return self.key is not None and self.bridged and not self.sequence and not self.checksum

    @property
    def brings_frame(self) -> bool:
        """Whether it carries Ethernet."""
        return self.bridged


class Erspan(_Tunnel, frozen=True, kw_only=True):
    """A mirrored frame in GRE (draft-foschiano-erspan); type I has no header of its own."""

    type: Literal[1, 2, 3] = 2
    session: Annotated[int, msgspec.Meta(ge=0, lt=1 << 10)] = 1

    @property
    def header(self) -> int:
        """Length of GRE's header and its own."""
        return {1: 4, 2: 8 + 8, 3: 8 + 12}[self.type]

    @property
    def brings_frame(self) -> bool:
        """Always."""
        return True


Carrier: TypeAlias = Mpls | Gre | Erspan | Ipip | Pppoe
Carriers: TypeAlias = Annotated[tuple[Carrier, ...], msgspec.Meta(max_length=8)]
"""From the outermost in; more than eight are not looked into."""


def check_carriers(path: str, carriers: Sequence[Carrier]) -> None:
    """Raise `ScenarioError` for addresses that are none, and for a carrier that cannot carry the next."""
    for index, carrier in enumerate(carriers):
        if isinstance(carrier, _Tunnel):
            _check_ends(f"{path}[{index}]", carrier)
    for index, (outside, inside) in enumerate(pairwise(carriers), start=1):
        # PPP, IP and labels carry IP, unless a frame is between.
        if not (inside.ip_header or outside.brings_frame or isinstance(outside, Gre)):
            expected = f"a carrier in IP, for {outside.word} brings no frames"
            raise ScenarioError("", f"{path}[{index}].kind", expected, repr(inside.word))


def _check_ends(path: str, tunnel: _Tunnel) -> None:
    versions = []
    for key, text in (("from", tunnel.source), ("to", tunnel.destination)):
        try:
            versions.append(ip_address(text).version)
        except ValueError:
            raise ScenarioError("", f"{path}.{key}", "an IP address", repr(text)) from None
    if versions[0] != versions[1]:
        expected = f"an IPv{versions[0]} address, as from is one"
        raise ScenarioError("", f"{path}.to", expected, repr(tunnel.destination))
