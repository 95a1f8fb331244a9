"""Inner frames described: what a tunnel carries, its bytes, and what must be reported of it."""

from dataclasses import dataclass
from ipaddress import ip_address

import craft
from addresses import Claim, Grant, is_host, is_unicast


@dataclass(frozen=True)
class L4:
    """A transport layer. `kind` is a name of `craft.PROTOCOL` or the protocol's number as text.

    Of an ICMP error, `message` is its type and code, and `quoted` the packet whose front is its payload;
    `rest`: the last four bytes of an ICMP header. `says`: what the whole of it says of an address.
    """

    kind: str = "udp"
    sport: int = 1000
    dport: int = 2000
    flags: str = ""
    options: bytes = b""
    payload: bytes = b""
    seq: int = 1
    ack: int = 1
    window: int = 512
    checksum: str = ""  # right, wrong, partial, zero; as `craft` has it where it is empty
    message: tuple[int, int] | None = None
    quoted: "InnerIp | None" = None
    rest: int = 0
    says: "Claim | Grant | Name | None" = None

    @property
    def number(self) -> int:
        """The IP protocol number."""
        return craft.PROTOCOL[self.kind] if self.kind in craft.PROTOCOL else int(self.kind)

    @property
    def header(self) -> int:
        """The length of the transport header; a protocol that is not walked has none."""
        lengths = {
            "udp": 8,
            "sctp": 12,
            "icmp": 8,
            "icmpv6": 8,
            "igmp": 8,
            "tcp": 20 + len(self.options) + -len(self.options) % 4,
        }
        return lengths.get(self.kind, 0)

    @property
    def ported(self) -> bool:
        """Whether the protocol has ports."""
        return self.kind in ("tcp", "udp", "sctp")

    def encode(self) -> bytes:
        """Header and payload."""
        if self.kind == "tcp":
            return craft.tcp(
                self.sport,
                self.dport,
                self.flags,
                self.payload,
                seq=self.seq,
                ack=self.ack,
                window=self.window,
                options=self.options,
            )
        if self.kind == "udp":
            return craft.udp(self.sport, self.dport, self.payload)
        if self.kind == "sctp":
            return craft.sctp(self.sport, self.dport, self.payload)
        if self.kind in ("icmp", "icmpv6"):
            kind, code = self.message or (8 if self.kind == "icmp" else 128, 0)
            return craft.icmp(kind, code, self.payload, self.rest)
        if self.kind == "igmp":
            return craft.igmp(0x16, "239.1.2.3") + self.payload
        return self.payload


@dataclass(frozen=True)
class InnerIp:
    """An IPv4 or IPv6 packet. `piece` is (offset, more): which fragment of it this frame carries."""

    src: str
    dst: str
    l4: L4 = L4()
    options: bytes = b""
    extensions: tuple[int, ...] = ()
    piece: tuple[int, bool] | None = None
    ident: int = 0
    traffic_class: int = 0
    hop_limit: int = 64

    @property
    def name(self) -> str:
        """Its EtherType by name."""
        return f"ipv{ip_address(self.src).version}"

    @property
    def later(self) -> bool:
        """Whether this is a fragment without the transport header."""
        return self.piece is not None and self.piece[0] > 0

    @property
    def header(self) -> int:
        """The length of all headers before the transport layer."""
        if self.name == "ipv4":
            return 20 + len(self.options) + -len(self.options) % 4
        return 40 + 8 * len(self.extensions) + (8 if self.piece is not None else 0)

    @property
    def carried(self) -> bytes:
        """What follows those headers."""
        if self.later:
            return self.l4.payload
        message = self.l4.encode()
        if not self.l4.checksum or self.l4.kind not in craft.CHECKSUM_AT:
            return message
        return craft.summed(self.src, self.dst, self.l4.kind, message, self.l4.checksum)

    def verdict(self, missing: int) -> str | None:
        """Return what its checksums are found to be where the capture lacks so many bytes of its end."""
        l4 = self.l4
        if missing > len(self.carried):
            return "unverified"  # not even the header is whole
        if l4.kind not in craft.CHECKSUM_AT:
            return "right" if self.name == "ipv4" else None
        if l4.kind == "udp" and l4.checksum == "zero" and not self.later and missing <= len(l4.payload):
            return "right" if self.name == "ipv4" else "wrong"
        if missing or self.piece is not None:
            return "unverified"
        is_wrong = l4.checksum == "zero" or (l4.checksum, l4.kind) == ("partial", "icmp")
        return "wrong" if is_wrong else l4.checksum

    def encode(self) -> bytes:
        """Return the packet."""
        offset, more = self.piece or (0, False)
        if self.name == "ipv4":
            return craft.ipv4(
                self.src,
                self.dst,
                self.l4.number,
                self.carried,
                options=self.options,
                ident=self.ident,
                offset=offset,
                more=more,
                traffic_class=self.traffic_class,
            )
        chain = [craft.extension(kind) for kind in self.extensions]
        if self.piece is not None:
            chain.append(craft.fragment_header(self.ident, offset, more=more))
        return craft.ipv6(
            self.src,
            self.dst,
            self.l4.number,
            self.carried,
            extensions=chain,
            traffic_class=self.traffic_class,
            hop_limit=self.hop_limit,
        )


@dataclass(frozen=True)
class Name:
    """A client has a name."""

    client: str
    name: str


def sound(says: "Claim | Grant | Name") -> "Claim | Grant | Name | None":
    """Return what is said, if it is about one host's address and one station's MAC."""
    if isinstance(says, Name):
        return says
    mac = says.mac if isinstance(says, Claim) else says.client
    return says if is_host(says.ip) and is_unicast(mac) else None


def quoted_flow(error: L4, kept: int) -> tuple[str, frozenset[tuple[str, int | None]]] | None:
    """Return which flow an ICMP error is about, if the first `kept` bytes of its payload tell that."""
    quoted = error.quoted
    assert quoted is not None
    ports = quoted.l4.ported and not quoted.later
    if min(kept, len(error.payload)) < quoted.header + 4 * ports:
        return None
    ends = ((quoted.src, quoted.l4.sport), (quoted.dst, quoted.l4.dport))
    return quoted.l4.kind, frozenset(ends if ports else ((quoted.src, None), (quoted.dst, None)))


@dataclass(frozen=True)
class InnerArp:
    """An ARP request of `sender` for `target`, or another operation; by `mac` or the frame's sender."""

    sender: str
    target: str
    operation: int = 1
    mac: str | None = None


@dataclass(frozen=True)
class InnerOther:
    """Any other EtherType, or, where it is None, an IEEE 802.3 frame with a length."""

    ethertype: int | None
    payload: bytes


@dataclass(frozen=True)
class Inner:
    """An inner Ethernet frame; `padding` follows what its network layer says is there.

    `bare`: the IP packet alone, as some overlays carry it.
    """

    dst: str
    src: str
    body: InnerIp | InnerArp | InnerOther
    tags: tuple[craft.Tag, ...] = ()
    padding: int = 0
    written: bytes | None = None  # the frame, where it was encoded as something else
    bare: bool = False

    @property
    def ethertype(self) -> str:
        """The EtherType behind the tags, as the tables tell it."""
        if isinstance(self.body, InnerIp):
            return self.body.name
        if isinstance(self.body, InnerArp):
            return "arp"
        if self.body.ethertype is None:
            return "llc"
        return {0x8847: "mpls", 0x894F: "nsh"}.get(self.body.ethertype, f"0x{self.body.ethertype:04x}")

    def encode(self) -> bytes:
        """Return the frame."""
        if self.written is not None:
            return self.written
        if self.bare and isinstance(self.body, InnerIp):
            return self.body.encode()
        if isinstance(self.body, InnerIp):
            code, data = craft.ETHERTYPE[self.body.name], self.body.encode()
        elif isinstance(self.body, InnerArp):
            code, data = (
                craft.ETHERTYPE["arp"],
                craft.arp(
                    self.body.mac or self.src,
                    self.body.sender,
                    "00:00:00:00:00:00",
                    self.body.target,
                    self.body.operation,
                ),
            )
        else:
            data = self.body.payload
            code = len(data) if self.body.ethertype is None else self.body.ethertype
        return craft.ethernet(self.dst, self.src, code, data, self.tags) + bytes(self.padding)

    def layers(self) -> list[int]:
        """Where the Ethernet, the network and the transport header end, in bytes."""
        ends = [0 if self.bare else 14 + 4 * len(self.tags)]
        if isinstance(self.body, InnerIp):
            ends.append(ends[0] + self.body.header)
            if not self.body.later:
                ends.append(ends[1] + self.body.l4.header)
        elif isinstance(self.body, InnerArp):
            ends.append(ends[0] + 28)
        return ends

    def verdict(self, kept: int) -> str | None:
        """Return what its checksums are found to be where the capture holds its first `kept` bytes."""
        if kept < self.layers()[0]:
            return "unverified"
        if not isinstance(self.body, InnerIp):
            return None
        whole = self.layers()[0] + self.body.header + len(self.body.carried)
        return self.body.verdict(max(0, whole - kept))

    def facts(self, kept: int) -> dict[str, object]:
        """Return what the first `kept` bytes tell; `kept` is nought or the end of a layer or behind it."""
        ends = self.layers()
        seen: dict[str, object] = {}
        if kept < ends[0]:
            return seen
        seen["ethertype"] = self.ethertype
        if self.bare:
            return seen | self._network_facts(kept, ends)
        seen |= {"mac_src": self.src, "mac_dst": self.dst}
        seen["tagged"] = bool(self.tags)
        seen["tag"] = self.tags[0][1] & 0xFFF if self.tags else None
        return seen | self._network_facts(kept, ends)

    def _network_facts(self, kept: int, ends: list[int]) -> dict[str, object]:
        seen: dict[str, object] = {}
        if isinstance(self.body, InnerArp):
            seen["sender"] = self.body.sender if kept >= ends[1] else None
            if kept >= ends[1] and self.body.operation in (1, 2):
                seen["says"] = sound(Claim(self.body.sender, self.body.mac or self.src, "arp"))
        elif isinstance(self.body, InnerIp) and kept >= ends[1]:
            seen |= self._ip_facts(self.body, whole=kept >= ends[-1])
            if self.body.l4.quoted is not None and not self.body.later and kept >= ends[-1]:
                seen["complains"] = True
                seen["quoted"] = quoted_flow(self.body.l4, kept - ends[-1])
            says = self.body.l4.says
            # DHCPv6 does not name its client's MAC: that is the Ethernet header's.
            if self.bare and self.body.l4.kind == "udp" and self.body.name == "ipv6":
                says = None
            if says is not None and not self.body.later and kept >= ends[-1] + len(self.body.l4.payload):
                # Neighbor Discovery is not in pieces (RFC 6980).
                is_nd = isinstance(says, Claim)
                seen["says"] = None if is_nd and self.body.piece is not None else sound(says)
        return seen

    @staticmethod
    def _ip_facts(body: InnerIp, *, whole: bool) -> dict[str, object]:
        l4 = body.l4
        seen: dict[str, object] = {"ip_src": body.src, "ip_dst": body.dst, "protocol": l4.kind}
        seen["inner_fragment"] = body.piece is not None
        seen["inner_class"] = body.traffic_class
        if body.piece is not None and l4.ported:
            seen["inner_piece"] = (body.ident, body.later)
        if body.later:
            return seen | {"payload": len(body.carried)}
        if whole or l4.kind != "tcp":
            # Only TCP's header must be seen to know its length.
            seen["payload"] = len(l4.payload)
        if whole:
            if l4.ported:
                seen |= {"sport": l4.sport, "dport": l4.dport}
            if l4.kind == "tcp":
                seen["flags"] = "".join(letter for letter in craft.TCP_FLAGS if letter in l4.flags)
                seen |= {"seq": l4.seq, "ack": l4.ack, "window": l4.window}
        return seen
