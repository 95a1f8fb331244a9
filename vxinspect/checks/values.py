"""What a policy may name: sets of VNIs, outer and inner addresses and networks."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from vxinspect.render.units import list_text

__all__ = ["Address", "Network", "Vnis", "from_toml", "named"]

_NAMED_WIDTH = 100
_HIGHEST_VNI = (1 << 24) - 1
_RANGE = re.compile(r"(\d{1,8})(?:-(\d{1,8}))?")


class Vnis:
    """A VNI or several: `100`, `"100-199,300"`."""

    expected = f"VNIs from 0 to {_HIGHEST_VNI}, such as 100 or '100-199,300'"

    def __init__(self, value: object) -> None:
        # TOML's true is no number, though Python's is.
        self.text = str(value) if type(value) in (int, str) else ""
        found = [_RANGE.fullmatch(part.strip()) for part in self.text.split(",")]
        self._ranges = [range(int(one[1]), int(one[2] or one[1]) + 1) for one in found if one]
        if len(self._ranges) < len(found) or not all(one and one[-1] <= _HIGHEST_VNI for one in self._ranges):
            raise ValueError(self.expected)

    def __contains__(self, vni: object) -> bool:
        return any(vni in one for one in self._ranges)

    def __str__(self) -> str:
        return self.text


class Network:
    """An address or a network: `"10.0.0.1"`, `"10.0.0.0/24"`."""

    expected = "an IP address or network, such as '10.0.0.1' or '10.0.0.0/24'"

    def __init__(self, value: object) -> None:
        self._network: IPv4Network | IPv6Network
        try:
            self._network = ip_network(value if isinstance(value, str) else "", strict=False)
        except ValueError:
            raise ValueError(self.expected) from None
        self.text = str(value)

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and ip_address(address) in self._network

    def __str__(self) -> str:
        return self.text


class Address(str):
    """One address, as tables spell it: IPv6 in the form of RFC 5952."""

    __slots__ = ()
    expected = "an IP address, such as '192.0.2.1'"

    def __new__(cls, value: object) -> Self:
        """Spell the address."""
        parsed: IPv4Address | IPv6Address
        try:
            parsed = ip_address(value if isinstance(value, str) else "")
        except ValueError:
            raise ValueError(cls.expected) from None
        return super().__new__(cls, parsed)


def from_toml(kind: type, value: object) -> object:
    """Make a value of one of these kinds; raises `ValueError` that begins with "Expected"."""
    if kind not in (Vnis, Network, Address):
        raise NotImplementedError
    try:
        return kind(value)
    except ValueError as error:
        raise ValueError(f"Expected {error}") from None


def named(values: Iterable[object]) -> str:
    """Return `100-199, 300`, and of many how many more there are."""
    return list_text([str(value) for value in values], _NAMED_WIDTH)
