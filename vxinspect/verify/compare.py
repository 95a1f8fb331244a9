"""A frame as we see it beside the same as Wireshark sees it: what differs, and why where that is known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeAlias

from vxinspect.overlays import ASSIGNED_PORTS, ENCAPSULATIONS
from vxinspect.sources import VXLAN_PORT
from vxinspect.verify.dissection import UNKNOWN, Dissection, Encapsulated, Layer

__all__ = ["Difference", "differences"]

Ours: TypeAlias = Mapping[str, Any]
"""A row of `packets`."""

_UDP = 8

OFFLOAD = "segmentation offload left a length at 0, and Wireshark takes it at its word"
CUT = "the capture's snap length cut the header"
CONTRADICTION = "the inner layers contradict their lengths"
FRAGMENT = "Wireshark waits for fragments without end, shows repeats again, and puts no cut ones together"
INNER_FRAGMENT = "Wireshark tells what an inner packet in fragments holds where it is complete"
STRANGE_LINK = "of a link type that is not known here, Wireshark may take a header off"
QUOTED = "Wireshark dissects the packet that an ICMP error quotes"
TUNNELLED = "Wireshark dissects what another protocol carries"
CARRIED = "Wireshark does not look into what GRE carries here"
PSEUDOWIRE = "Wireshark takes a MAC address that begins with 0 for a pseudowire's control word"
SOURCE_PORT = "Wireshark takes UDP from a VXLAN port, or another overlay's, for that overlay too"
NOT_ASKED = f"Wireshark takes UDP {VXLAN_PORT} for VXLAN, and --port does not"

_BY_REASON = {
    "i_flag_clear": "Wireshark does not ask for the I flag (RFC 7348 section 5)",
    "vxlan_truncated": "Wireshark names a header that is not all there",
    "vxlan_cut": "Wireshark names a header that is not all there",
    "inner_truncated_header": "Wireshark names a header with no frame behind it",
    "outer_cut": "Wireshark names a header that is not all there",
    "ipv4_total_length": "Wireshark goes on where lengths contradict the frame's",
    "ipv6_payload_length": "Wireshark goes on where lengths contradict the frame's",
    "gpe_version": "Wireshark does not ask for the version of VXLAN-GPE",
    "geneve_version": "Wireshark names a header of a version that it does not know",
    "geneve_truncated": "Wireshark names a header that is not all there",
    "geneve_cut": "Wireshark names a header that is not all there",
    "udp_length": "Wireshark goes on where lengths contradict the frame's",
    "udp_truncated": "Wireshark goes on where lengths contradict the frame's",
    "depth_exceeded": "Wireshark goes on where overlays are nested more deeply than is looked into",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What one frame differs in: a column of `packets`, or `vxlan` for whether it is a VXLAN packet at all.

    `why` is None where it is not known.
    """

    field: str
    ours: object
    theirs: object
    why: str | None


def differences(ours: Ours, theirs: Dissection, ports: Sequence[int]) -> list[Difference]:
    """Return what differs in a frame. Of VXLAN in VXLAN, those of Wireshark's layers that differ least."""
    found: list[Difference] = []
    if ours["wire_length"] != theirs.wire:
        why = STRANGE_LINK if ours["reason"] == "unsupported_link_type" else None
        found.append(Difference("wire_length", ours["wire_length"], theirs.wire, why))
    is_vxlan, layers = ours["disposition"] == "vxlan", [*theirs.encapsulated()]
    if is_vxlan != bool(layers):
        why = _why_missing(ours, theirs) if is_vxlan else _why_more(ours, theirs, layers[0], ports)
        return [*found, Difference("vxlan", _yes(is_vxlan), _yes(not is_vxlan), why)]
    if is_vxlan and len(layers) < _depth(ours) and (why := _why_missing(ours, theirs)):
        return [*found, Difference("vxlan", _yes(True), _yes(False), why)]  # noqa: FBT003 - the values themselves
    if is_vxlan:
        nearest = min((_in_layer(ours, layer) for layer in layers), key=len)
        found += nearest
    return found


def _depth(ours: Ours) -> int:
    """Return how many overlays there are around a tenant's frame."""
    return sum(name in ENCAPSULATIONS for name in str(ours["encapsulation"]).split("/"))


def _yes(holds: bool) -> str:  # noqa: FBT001 - the value itself
    return "yes" if holds else "no"


def _why_missing(ours: Ours, theirs: Dissection) -> str | None:
    if "reassembled" in ours["notes"] and theirs.is_fragment:
        return FRAGMENT
    if theirs.names[-2:] == ["gre", "data"]:
        return CARRIED
    if "pwethcw" in theirs.names:
        return PSEUDOWIRE
    return OFFLOAD if "offload" in ours["notes"] else None


def _why_more(ours: Ours, theirs: Dissection, layer: Encapsulated, ports: Sequence[int]) -> str | None:
    """Why Wireshark sees VXLAN where we see none."""
    before = [layer.name for layer in theirs.outside]
    if ours["disposition"] == "fragment":
        return FRAGMENT if theirs.is_fragment else None
    if ours["reason"] == "non_udp":
        return QUOTED if {"icmp", "icmpv6"} & set(before) else TUNNELLED
    if ours["reason"] == "other_port":
        udp = layer.udp
        if udp is not None and udp.number("srcport") in (*ports, VXLAN_PORT, *ASSIGNED_PORTS.values()):
            return SOURCE_PORT
        if udp is not None and udp.number("dstport") == VXLAN_PORT:
            return NOT_ASKED
        # The datagram to another port is not the tunnel's.
        return TUNNELLED if before.count("udp") > (udp is not None) else None
    return _BY_REASON.get(ours["reason"])


def _in_layer(ours: Ours, layer: Encapsulated) -> list[Difference]:
    """Return what differs from one of Wireshark's overlays."""
    pairs = [*_outside(layer, ours), *min(_insides(layer, ours), key=lambda pairs: _unequal(ours, pairs))]
    return [
        Difference(field, ours[field], theirs, _why(ours, field, theirs))
        for field, theirs in pairs
        if not _same(ours[field], theirs)
    ]


Pairs: TypeAlias = list[tuple[str, object]]
"""Columns of `packets`, and what Wireshark says in their place."""


def _outside(layer: Encapsulated, ours: Ours) -> Pairs:
    network, udp = layer.network, layer.udp
    pairs: Pairs = [
        ("encapsulation", _path(ours, layer)),
        ("src_vtep", _get(network, "src")),
        ("dst_vtep", _get(network, "dst")),
        ("outer_src_port", _number(udp, "srcport")),
        ("udp_port", _number(udp, "dstport")),
        ("src_mac", _get(layer.stations, "src")),
        ("dst_mac", _get(layer.stations, "dst")),
    ]
    # Of a key that is one layer's or another's, nothing says which.
    pairs += [
        (name, layer.overlay.number(field)) for name, field in _OF_HEADER if _tells(layer.overlay, field)
    ]
    # With a length of 0, there is nothing to compare: the frame's own length decides.
    if layer.length is not None and "offload" not in ours["notes"]:
        pairs.append(("inner_length", layer.length))
    return pairs


_OF_HEADER = (("vni", "vni"), ("flow_id", "flow_id"))


def _tells(overlay: Layer, field: str) -> bool:
    return overlay.get(field) not in (None, UNKNOWN)


def _path(ours: Ours, layer: Encapsulated) -> str:
    """Return our path, ended as Wireshark has it: it tells VXLAN-GPE by the port alone, and so do we."""
    *around, innermost = str(ours["encapsulation"]).split("/")
    is_same = innermost.removesuffix("-gpe") == layer.overlay.name
    return "/".join([*around, innermost if is_same else layer.overlay.name])


def _insides(layer: Encapsulated, ours: Ours) -> Iterator[Pairs]:
    """Yield what Wireshark says of each inner packet: with IP in IP, which one is ours is not said."""
    for network, transport in layer.packets():
        ends = ("src", "dst") if network is None or network.name != "arp" else _ARP_ENDS
        pairs: Pairs = [("src_ip", _get(network, ends[0])), ("dst_ip", _get(network, ends[1]))]
        pairs += [("src_port", _number(transport, "srcport")), ("dst_port", _number(transport, "dstport"))]
        payload = _payload(transport)
        if payload is not None and "offload" not in ours["notes"]:
            pairs.append(("payload_length", payload))
        yield pairs


_ARP_ENDS = ("src.proto_ipv4", "dst.proto_ipv4")


def _payload(transport: Layer | None) -> int | None:
    """Return what TCP or UDP carries, by their own headers."""
    if transport is None:
        return None
    if transport.name == "udp":
        length = transport.number("length")
        return length - _UDP if length else None
    return transport.number("len") if transport.name == "tcp" else None


def _get(layer: Layer | None, field: str) -> str | None:
    return None if layer is None else layer.get(field)


def _number(layer: Layer | None, field: str) -> int | None:
    return None if layer is None else layer.number(field)


def _unequal(ours: Ours, pairs: Pairs) -> int:
    return sum(not _same(ours[field], theirs) for field, theirs in pairs)


def _same(ours: object, theirs: object) -> bool:
    """Equal; addresses by their bits, for there are several ways to write one."""
    if ours == theirs:
        return True
    if isinstance(ours, str) and isinstance(theirs, str):
        try:
            return ip_address(ours) == ip_address(theirs)
        except ValueError:
            return False
    return False


def _why(ours: Ours, field: str, theirs: object) -> str | None:
    """Why a field of a VXLAN packet differs."""
    if "inner_fragment" in ours["notes"] and field in ("src_port", "dst_port", "payload_length"):
        return INNER_FRAGMENT
    is_cut = ours["captured_length"] < ours["wire_length"]
    if "inner_malformed" in ours["notes"]:
        return CONTRADICTION
    if is_cut and (ours[field] is None or theirs is None):
        return CUT
    # Where no IP packet is named, nothing is known to be its payload.
    named = "src_ip" if field == "payload_length" else field
    if ours[named] is None and field in ("src_ip", "dst_ip", "src_port", "dst_port", "payload_length"):
        return TUNNELLED
    return None
