"""What Wireshark makes of a frame: its layers from the outside in, with the fields that are compared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["FIELDS", "OVERLAYS", "PREFERENCES", "UNKNOWN", "Dissection", "Encapsulated", "Layer", "decode_as"]

FIELDS: Mapping[str, tuple[str, ...]] = {
    "eth": ("eth.src", "eth.dst"),
    "ip": ("ip.src", "ip.dst", "ip.len", "ip.hdr_len", "ip.flags.mf", "ip.frag_offset"),
    "ipv6": ("ipv6.src", "ipv6.dst", "ipv6.plen"),
    "ipv6.fraghdr": ("ipv6.fraghdr.more", "ipv6.fraghdr.offset"),
    "arp": ("arp.src.proto_ipv4", "arp.dst.proto_ipv4"),
    "udp": ("udp.srcport", "udp.dstport", "udp.length"),
    "tcp": ("tcp.srcport", "tcp.dstport", "tcp.len"),
    "sctp": ("sctp.srcport", "sctp.dstport"),
    "vxlan": ("vxlan.vni",),
    "geneve": ("geneve.vni", "geneve.options"),
    "gre": ("gre.flags_and_version", "gre.proto", "gre.key"),
}
"""Of each layer, by Wireshark's names. Each stands once in a layer, but options and keys, which some lack."""

OVERLAYS = ("vxlan", "geneve", "nvgre")
"""The layers that are overlays; VXLAN-GPE is one of the first's."""

PREFERENCES: Mapping[str, str] = {
    "ip.defragment": "TRUE",
    "ipv6.defragment": "TRUE",
    "tcp.desegment_tcp_streams": "FALSE",
    "ip.check_checksum": "FALSE",
}
"""What each frame says by itself, but for a datagram in fragments: that is in the frame that completes it.
No segment is held back for a later one, and no checksum hides a layer."""

_UDP_AND_OVERLAY, _NVGRE = 16, 8
"""Bytes of headers without options: UDP's with that of an overlay over it, and NVGRE's."""

UNKNOWN = "?"
"""A field that is one layer's or another's."""
_NETWORKS = ("ip", "ipv6", "arp")
_TRANSPORTS = ("tcp", "udp", "sctp")


def decode_as(ports: Sequence[int]) -> list[str]:
    """Return the UDP ports of VXLAN as Wireshark takes them: it knows 4789 by itself, and 8472 not at all."""
    return [f"udp.port=={port}" for port in ports]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, by Wireshark's name of its protocol."""

    name: str
    fields: Mapping[str, str]

    def get(self, field: str) -> str | None:
        """Return a field by its name without the protocol's."""
        return self.fields.get(f"{self.name}.{field}")

    def number(self, field: str) -> int | None:
        """Return a field that is a number, and known to be this layer's."""
        text = self.get(field)
        return None if text in (None, UNKNOWN) else int(text, 0)


_KEY_PRESENT = 0x2000
_NOT_NVGRE = 0xDC07
"""Checksum, routing, sequence number, strict source route, recursion's last bit, version."""
_BRIDGED = 0x6558


def has_key(gre: Layer) -> bool:
    """Whether a GRE header has a key."""
    return bool((gre.number("flags_and_version") or 0) & _KEY_PRESENT)


def as_overlay(layer: Layer) -> Layer:
    """Return GRE as what it is as well by RFC 7637 section 3.2, if so: Wireshark knows NVGRE as GRE alone."""
    if layer.name != "gre":
        return layer
    flags, key = layer.number("flags_and_version") or 0, layer.get("key")
    if not has_key(layer) or flags & _NOT_NVGRE or layer.number("proto") != _BRIDGED or key is None:
        return layer
    if key == UNKNOWN:
        return Layer("nvgre", {"nvgre.vni": UNKNOWN, "nvgre.flow_id": UNKNOWN})
    number = int(key, 0)
    return Layer("nvgre", {"nvgre.vni": str(number >> 8), "nvgre.flow_id": str(number & 0xFF)})


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """One overlay's header of a frame, with what Wireshark dissected before and behind it."""

    before: Sequence[Layer]
    overlay: Layer
    behind: Sequence[Layer]

    @property
    def options(self) -> int | None:
        """Length of Geneve's options, in bytes; None where nobody knows which layer they are of."""
        options = self.overlay.get("options")
        if options == UNKNOWN:
            return None
        return len(bytes.fromhex(options.replace(":", ""))) if options else 0

    @property
    def network(self) -> Layer | None:
        """The IP layer that the tunnel runs over."""
        return next((layer for layer in reversed(self.before) if layer.name in _NETWORKS), None)

    @property
    def udp(self) -> Layer | None:
        """The tunnel's UDP; NVGRE has none."""
        if self.overlay.name == "nvgre":
            return None
        return next((layer for layer in reversed(self.before) if layer.name == "udp"), None)

    @property
    def length(self) -> int | None:
        """Length of the frame behind, as the headers in front tell it; None where they do not, or say 0."""
        if self.overlay.name != "nvgre":
            length = None if self.udp is None else self.udp.number("length")
            return length - _UDP_AND_OVERLAY - self.options if length and self.options is not None else None
        network = self.before[-1] if self.before else None
        if network is None or network.name not in ("ip", "ipv6") or _is_piece(network):
            # Of a datagram in pieces, it is the length of the last.
            return None
        if network.name == "ipv6":
            length = network.number("plen")
        else:
            length, header = network.number("len"), network.number("hdr_len")
            length = length - header if length and header else None
        return length - _NVGRE if length else None

    @property
    def stations(self) -> Layer | None:
        """The inner Ethernet header."""
        return next((layer for layer in self.behind if layer.name == "eth"), None)

    def packets(self) -> Iterator[tuple[Layer | None, Layer | None]]:
        """Yield each inner network layer with the transport layer behind it, from the outside in.

        Where there is none, as in a frame that was cut, that is one pair of nothing.
        """
        networks = [at for at, layer in enumerate(self.behind) if layer.name in _NETWORKS]
        for at, end in zip(networks, [*networks[1:], None], strict=False):
            part = self.behind[at + 1 : end]
            yield self.behind[at], next((layer for layer in part if layer.name in _TRANSPORTS), None)
        if not networks:
            yield None, None


@dataclass(frozen=True, slots=True)
class Dissection:
    """A frame as Wireshark sees it. `wire`: its length on the wire."""

    number: int
    wire: int
    layers: Sequence[Layer]

    @property
    def names(self) -> list[str]:
        """The protocols, from the outside in."""
        return [layer.name for layer in self.layers]

    @property
    def outside(self) -> Sequence[Layer]:
        """What is in front of the first overlay; all, where there is none."""
        at = next((at for at, layer in enumerate(self.layers) if layer.name in OVERLAYS), len(self.layers))
        return self.layers[:at]

    @property
    def is_fragment(self) -> bool:
        """Whether an IP packet in front of the first overlay is one of several pieces."""
        return any(_is_piece(layer) for layer in self.outside)

    def encapsulated(self) -> Iterator[Encapsulated]:
        """Yield each overlay's header with what is around it, from the outside in."""
        headers = [at for at, layer in enumerate(self.layers) if layer.name in OVERLAYS]
        for at, end in zip(headers, [*headers[1:], None], strict=False):
            yield Encapsulated(self.layers[:at], self.layers[at], self.layers[at + 1 : end])


_PIECES = {"ip": ("flags.mf", "frag_offset"), "ipv6.fraghdr": ("more", "offset")}


def _is_piece(layer: Layer) -> bool:
    if layer.name not in _PIECES:
        return False
    more, offset = _PIECES[layer.name]
    # Wireshark says of a flag 1, or True.
    return layer.get(more) in ("1", "True") or bool(layer.number(offset))
