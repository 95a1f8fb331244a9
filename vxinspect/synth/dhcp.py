"""Messages of DHCP (RFC 2131) and DHCPv6 (RFC 8415): their bytes, and what a part of them says."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, TypeAlias

__all__ = ["CLIENT_PORT", "SERVER_PORT", "Dhcp", "DhcpKind"]

DhcpKind: TypeAlias = Literal["discover", "offer", "request", "ack"]
"""By DHCP's names; DHCPv6 calls them solicit, advertise, request and reply."""

SERVER_PORT = {4: 67, 6: 547}
CLIENT_PORT = {4: 68, 6: 546}

_TYPE: dict[tuple[int, DhcpKind], int] = {
    (4, "discover"): 1,
    (4, "offer"): 2,
    (4, "request"): 3,
    (4, "ack"): 5,
    (6, "discover"): 1,
    (6, "offer"): 2,
    (6, "request"): 3,
    (6, "ack"): 7,
}
_MAGIC = 0x63825363
_END = b"\xff"
_HEADER = {4: 240, 6: 4}
_ETHERNET = 1


@dataclass(frozen=True, slots=True)
class Dhcp:
    """A message between a client and a server, about `address` for `lease` seconds; `name` is the client's.

    `server`: its address, and over IPv6 its MAC, of which it makes its identifier.
    """

    version: int
    kind: DhcpKind
    transaction: int
    client: str
    address: str
    server: str
    lease: int
    name: str

    @property
    def is_from_client(self) -> bool:
        """Who says it."""
        return self.kind in ("discover", "request")

    def encode(self) -> bytes:
        """Return its bytes."""
        options = b"".join(option for _, option in self._options())
        kind = _TYPE[self.version, self.kind]
        if self.version == 6:  # noqa: PLR2004
            return struct.pack(">I", kind << 24 | self.transaction & 0xFFFFFF) + options
        # RFC 2131 section 2: an address is "yours" where a server says so.
        yours = bytes(4) if self.is_from_client else ip_address(self.address).packed
        head = struct.pack(">BBBBI", 1 if self.is_from_client else 2, _ETHERNET, 6, 0, self.transaction)
        head += bytes(8) + yours + bytes(8) + _mac(self.client) + bytes(10 + 64 + 128)
        return head + struct.pack(">I", _MAGIC) + options + _END

    def held(self, kept: int) -> frozenset[str]:
        """Return which options its first `kept` bytes hold."""
        at, names = _HEADER[self.version], set()
        for name, option in self._options():
            at += len(option)
            if at <= kept:
                names.add(name)
        return frozenset(names)

    def _options(self) -> Iterator[tuple[str, bytes]]:
        return self._options4() if self.version == 4 else self._options6()  # noqa: PLR2004

    def _options4(self) -> Iterator[tuple[str, bytes]]:
        """Yield options of RFC 2132."""
        yield "kind", bytes((53, 1, _TYPE[4, self.kind]))
        if self.kind == "request":
            yield "address", b"\x32\x04" + ip_address(self.address).packed
        if self.kind != "discover":
            yield "server", b"\x36\x04" + ip_address(self.server).packed
        if not self.is_from_client:
            yield "lease", struct.pack(">BBI", 51, 4, self.lease)
        elif self.name:
            yield "name", struct.pack(">BB", 12, len(self.name)) + self.name.encode()

    def _options6(self) -> Iterator[tuple[str, bytes]]:
        """Yield options of RFC 8415 section 21; identifiers are of link-layer addresses (section 11.4)."""
        yield "client", _option(1, _identifier(self.client))
        if self.kind != "discover":
            yield "server", _option(2, _identifier(self.server))
        address = ip_address(self.address).packed + struct.pack(">II", self.lease // 2, self.lease)
        own = b"" if self.is_from_client else _option(5, address)
        yield "lease", _option(3, struct.pack(">III", 1, self.lease // 2, self.lease // 5 * 4) + own)
        if self.is_from_client and self.name:
            # RFC 4704 section 4: flags, and the name as DNS has it, without an end where it is a part.
            labels = b"".join(bytes((len(label),)) + label.encode() for label in self.name.split("."))
            yield "name", _option(39, b"\0" + labels + (b"\0" if "." in self.name else b""))


def _option(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value


def _identifier(mac: str) -> bytes:
    return struct.pack(">HH", 3, _ETHERNET) + _mac(mac)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
