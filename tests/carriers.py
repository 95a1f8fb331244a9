"""What carries VXLAN without being an overlay: its bytes by `craft`, and where they are counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import craft

MACS = "00:50:56:00:00:01", "00:50:56:00:00:02"
"""Destination and source of a frame that a carrier brings; a vendor's, as tshark expects in a pseudowire."""
ENDS = {4: ("198.51.100.1", "198.51.100.2"), 6: ("2001:db8:ffff::1", "2001:db8:ffff::2")}

WORDS = {
    "label": "mpls",
    "labels": "mpls",
    "pseudowire": "mpls",
    "bare pseudowire": "mpls",
    "pppoe": "pppoe",
    "ipip": "ipip",
    "gre": "gre",
    "gre with all": "gre",
    "bridged": "gre",
    "erspan 1": "erspan",
    "erspan 2": "erspan",
    "erspan 3": "erspan",
    "longer erspan 3": "erspan",
}
"""Each shape with the word that stands for it in paths."""
HEADERS = {
    "label": 4,
    "labels": 12,
    "pseudowire": 8,
    "bare pseudowire": 4,
    "pppoe": 8,
    "ipip": 0,
    "gre": 4,
    "gre with all": 16,
    "bridged": 8,
    "erspan 1": 4,
    "erspan 2": 16,
    "erspan 3": 20,
    "longer erspan 3": 28,
}
"""Its own header in bytes, without IP's."""
OF_FRAMES = (
    *("pseudowire", "bare pseudowire", "bridged"),
    *("erspan 1", "erspan 2", "erspan 3", "longer erspan 3"),
)
"""Those that bring an Ethernet frame."""


@dataclass(frozen=True)
class Carried:
    """What stands behind an EtherType."""

    ethertype: str
    data: bytes

    @property
    def version(self) -> int:
        """The IP version of a packet."""
        return int(self.ethertype.removeprefix("ipv"))


@dataclass(frozen=True)
class Carrier:
    """One of `WORDS`; `version` is that of its own IP header, where it has one."""

    shape: str
    version: int = 4

    @property
    def word(self) -> str:
        """Its name in paths."""
        return WORDS[self.shape]

    @property
    def ip_header(self) -> int:
        """The length of its own IP header."""
        return 0 if self.word in ("mpls", "pppoe") else {4: 20, 6: 40}[self.version]

    @property
    def own_header(self) -> int:
        """The length of its header behind that."""
        return HEADERS[self.shape]

    @property
    def ethernet(self) -> int:
        """The length of the Ethernet header that it brings."""
        return 14 if self.shape in OF_FRAMES else 0

    @property
    def header(self) -> int:
        """The length of all that it puts in front."""
        return self.ip_header + self.own_header + self.ethernet

    def brought(self, inside: Carried) -> Carried:
        """Return the frame that it brings, where it brings one."""
        if not self.ethernet:
            return inside
        return Carried("", craft.ethernet(*MACS, craft.ETHERTYPE[inside.ethertype], inside.data))

    def around(self, inside: Carried) -> Carried:
        """Return the same within it."""
        inside = self.brought(inside)
        if self.word == "mpls":
            labels = {"labels": (16, 17, 100_000)}.get(self.shape, (16,))
            data = craft.control_word(inside.data) if self.shape == "pseudowire" else inside.data
            return Carried("mpls", craft.mpls(labels, data))
        if self.word == "pppoe":
            return Carried("pppoe", craft.pppoe(inside.version, inside.data))
        protocol, payload = self.payload(inside)
        make = {4: craft.ipv4, 6: craft.ipv6}[self.version]
        return Carried(f"ipv{self.version}", make(*ENDS[self.version], craft.PROTOCOL[protocol], payload))

    def payload(self, inside: Carried) -> tuple[str, bytes]:
        """Return what its IP header carries: protocol and data."""
        if self.word == "ipip":
            return {4: "ipip", 6: "ipv6-in-ip"}[inside.version], inside.data
        if self.word == "erspan":
            kind = int(self.shape[-1])
            return "gre", craft.erspan(kind, inside.data, subheader=self.shape.startswith("longer"))
        if self.shape == "bridged":
            return "gre", craft.gre(craft.BRIDGED, inside.data, key=0x6401)
        code = craft.ETHERTYPE[inside.ethertype]
        if self.shape == "gre":
            return "gre", craft.gre(code, inside.data)
        return "gre", craft.gre(code, inside.data, key=5, sequence=6, summed=True)


def around(carriers: Sequence[Carrier], inside: Carried) -> Carried:
    """Return an IP packet within carriers, which are given from the outermost in."""
    for carrier in reversed(carriers):
        inside = carrier.around(inside)
    return inside


def fit(carriers: Sequence[Carrier]) -> bool:
    """Whether each can carry the next: PPP, IP and labels carry IP alone, unless a frame is between."""
    pairs = pairwise(carriers)
    return all(inside.ip_header or outside.ethernet or outside.word == "gre" for outside, inside in pairs)
