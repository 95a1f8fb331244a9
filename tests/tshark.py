"""What tshark sees in a capture, in the words of our tables: an independent decoder to compare with."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeAlias

End: TypeAlias = tuple[str, int | None]

TRANSPORTS = ("tcp", "udp", "sctp", "icmp", "icmpv6", "igmp")
FIELDS = (
    "frame.protocols",
    "frame.len",
    "vxlan.vni",
    "eth.src",
    "eth.dst",
    *(f"{layer}.{end}" for layer in ("ip", "ipv6") for end in ("src", "dst")),
    *(f"{layer}.{end}port" for layer in ("tcp", "udp", "sctp") for end in ("src", "dst")),
)


def available() -> bool:
    """Whether tshark is installed."""
    return shutil.which("tshark") is not None


def _lines(capture: Path, names: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return a line of these fields for each frame."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields"]
    # What each frame says by itself: nothing is held back for a later one, no checksum hides a layer.
    for preference in ("ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams", "ip.check_checksum"):
        command += ["-o", f"{preference}:FALSE"]
    command += options
    for name in names:
        command += ["-e", name]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode().splitlines()


def displayed(capture: Path, display_filter: str) -> list[int]:
    """Return the numbers of the frames that a display filter lets through."""
    return [int(line) for line in _lines(capture, ["frame.number"], ["-Y", display_filter])]


def fields(
    capture: Path,
    names: Sequence[str],
    ports: Iterable[int] = (),
    preferences: Sequence[str] = (),
    *,
    reassemble: bool = False,
) -> list[dict[str, list[str]]]:
    """Return each frame's values of each field, from the outermost layer in; `ports` are VXLAN's as well.

    `reassemble`: what an IP datagram in fragments holds stands in the frame that completes it.
    """
    options = ["-E", "occurrence=a", "-E", "aggregator=;"]
    defragment = ("ip.defragment:TRUE", "ipv6.defragment:TRUE") if reassemble else ()
    for preference in (*defragment, *preferences):
        options += ["-o", preference]
    for port in ports:
        options += ["-d", f"udp.port=={port},vxlan"]
    frames = []
    for line in _lines(capture, names, options):
        values = line.split("\t")
        frames.append(
            {name: [v for v in value.split(";") if v] for name, value in zip(names, values, strict=True)}
        )
    return frames


@dataclass(frozen=True)
class Seen:
    """One VXLAN frame as tshark dissected it: its overlays from the outermost in, and the tenant's frame."""

    vnis: tuple[int, ...]
    wire: int
    tunnels: tuple[tuple[str, str], ...]
    macs: tuple[str, str]
    protocol: str | None
    ends: tuple[End, End] | None


def observe(capture: Path, ports: Iterable[int] = (), *, reassemble: bool = False) -> list[Seen]:
    """Return the VXLAN frames of a capture."""
    frames = fields(capture, FIELDS, ports, reassemble=reassemble)
    return [_seen(frame) for frame in frames if frame["vxlan.vni"]]


@dataclass(frozen=True)
class OuterHeader:
    """The IP header around the outermost VXLAN of a frame, and its UDP source port."""

    src: str
    dst: str
    ttl: int
    dscp: int
    ecn: int
    dont_fragment: bool
    source_port: int


def outer_headers(capture: Path) -> list[OuterHeader]:
    """Return those of a capture."""
    names = ("frame.protocols", "vxlan.vni", "ip.flags.df", "udp.srcport")
    both = {
        "ip": ("ip.src", "ip.dst", "ip.ttl", "ip.dsfield.dscp", "ip.dsfield.ecn"),
        "ipv6": ("ipv6.src", "ipv6.dst", "ipv6.hlim", "ipv6.tclass.dscp", "ipv6.tclass.ecn"),
    }
    frames = fields(capture, (*names, *both["ip"], *both["ipv6"]))
    headers = []
    for frame in frames:
        if frame["vxlan.vni"]:
            version, at = Layers(frame["frame.protocols"][0].split(":")).networks()[0]
            src, dst, *numbers = (frame[name][at] for name in both[version])
            cut = version == "ip" and frame["ip.flags.df"][at] in ("1", "True")
            ttl, dscp, ecn = map(int, numbers)
            headers.append(OuterHeader(src, dst, ttl, dscp, ecn, cut, int(frame["udp.srcport"][0])))
    return headers


class Layers:
    """The layers of a frame in order: each name with how many of its kind were before it."""

    def __init__(self, names: Sequence[str]) -> None:
        self.numbered = [(name, names[:at].count(name)) for at, name in enumerate(names)]
        self.overlays = [at for at, name in enumerate(names) if name == "vxlan"]

    def behind(self) -> list[tuple[str, int]]:
        """Return those behind the innermost overlay."""
        return self.numbered[self.overlays[-1] + 1 :]

    def networks(self) -> list[tuple[str, int]]:
        """Return the IP layer in front of each overlay."""
        before = (reversed(self.numbered[:at]) for at in self.overlays)
        return [next(layer for layer in layers if layer[0] in ("ip", "ipv6")) for layers in before]


@dataclass(frozen=True)
class Sums:
    """The outer UDP checksum of a VXLAN frame, and those of its inner frame together: good, bad, none."""

    outer: str
    inner: str


def checksums(capture: Path) -> list[Sums]:
    """Return what tshark finds of a capture's VXLAN frames."""
    inside = ("ip", "tcp", "udp", "icmp", "icmpv6")
    names = [f"{layer}.checksum.status" for layer in inside]
    checks = [f"{layer}.check_checksum:TRUE" for layer in ("ip", "tcp", "udp")]
    found = []
    for frame in fields(capture, ("frame.protocols", "vxlan.vni", *names), preferences=checks):
        if not frame["vxlan.vni"]:
            continue
        first = frame["udp.checksum.status"][0]
        # Those behind the innermost overlay.
        around, behind = (
            part.split(":") for part in frame["frame.protocols"][0].rsplit(":vxlan", maxsplit=1)
        )
        # What an ICMP error quotes was another packet's.
        own = behind[: next((at + 1 for at, name in enumerate(behind) if name.startswith("icmp")), None)]
        rest = [
            status
            for name in inside
            for status in frame[f"{name}.checksum.status"][around.count(name) :][: own.count(name)]
        ]
        # tshark does not know that a tunnel may have none over IPv6 (RFC 6935).
        found.append(Sums(_verdict(["3" if first == "4" else first]), _verdict(rest)))
    return found


def _verdict(statuses: Sequence[str]) -> str:
    """Bad (0, or 4 for one that may not be 0) outweighs good (1), and that no checksum (3)."""
    kinds = {{"0": "bad", "1": "good", "3": "none", "4": "bad"}.get(status, "none") for status in statuses}
    return next((kind for kind in ("bad", "good") if kind in kinds), "none")


def _seen(frame: Mapping[str, list[str]]) -> Seen:
    layers = Layers(frame["frame.protocols"][0].split(":"))
    tunnels = tuple(_ends(frame, *network) for network in layers.networks())
    at = next(number for name, number in layers.behind() if name == "eth")
    macs = (frame["eth.src"][at], frame["eth.dst"][at])
    protocol, ends = _inner(frame, layers.behind())
    vnis = tuple(map(int, frame["vxlan.vni"]))
    return Seen(vnis, int(frame["frame.len"][0]), tunnels, macs, protocol, ends)


def _ends(frame: Mapping[str, list[str]], network: str, number: int) -> tuple[str, str]:
    src, dst = (str(ip_address(frame[f"{network}.{end}"][number])) for end in ("src", "dst"))
    return src, dst


def _inner(
    frame: Mapping[str, list[str]], layers: list[tuple[str, int]]
) -> tuple[str | None, tuple[End, End] | None]:
    """Return the inner transport protocol and ends, where the first network layer inside is IP."""
    names = [name for name, _ in layers]
    network = next((layer for layer in layers if layer[0] in ("ip", "ipv6", "arp")), None)
    if network is None or network[0] == "arp":
        return None, None
    src, dst = _ends(frame, *network)
    behind = layers[names.index(network[0]) :]
    protocol, number = next((layer for layer in behind if layer[0] in TRANSPORTS), (None, 0))
    if protocol not in ("tcp", "udp", "sctp"):
        return protocol, ((src, None), (dst, None))
    sport, dport = (int(frame[f"{protocol}.{end}port"][number]) for end in ("src", "dst"))
    return protocol, ((src, sport), (dst, dport))


# ---- the same of a report, both as counts --------------------------------------------------------


def counts(seen: Iterable[Seen]) -> dict[str, Counter[Any]]:
    """How many frames and bytes each VNI, tunnel, pair of MACs and flow has."""
    seen = list(seen)
    layers = [
        (depth, vni, frozenset(ends), s.wire)
        for s in seen
        for depth, (vni, ends) in enumerate(zip(s.vnis, s.tunnels, strict=True), start=1)
    ]
    return {
        "packets by VNI": Counter((depth, vni) for depth, vni, _, _ in layers),
        "wire bytes by VNI": sum((Counter({(at, vni): wire}) for at, vni, _, wire in layers), Counter()),
        "packets by tunnel": Counter((depth, ends) for depth, _, ends, _ in layers),
        "packets by MACs": Counter((s.vnis[-1], frozenset(s.macs)) for s in seen),
        "packets by flow": Counter((s.vnis[-1], s.protocol, frozenset(s.ends)) for s in seen if s.ends),
    }


def reported(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, Counter[Any]]:
    """Return the same counts by the tables of a report."""

    def total(rows: list[dict[str, Any]], key: Any, column: str = "packets") -> Counter[Any]:
        counter: Counter[Any] = Counter()
        for row in rows:
            counter[key(row)] += row[column]
        return counter

    def ends(row: dict[str, Any]) -> frozenset[End]:
        return frozenset(((row["src_ip"], row["src_port"]), (row["dst_ip"], row["dst_port"])))

    return {
        "packets by VNI": total(tables["vnis"], lambda row: (row["depth"], row["vni"])),
        "wire bytes by VNI": total(tables["vnis"], lambda row: (row["depth"], row["vni"]), "wire_bytes"),
        "packets by tunnel": total(
            tables["tunnels"], lambda row: (row["depth"], frozenset((row["vtep_a"], row["vtep_b"])))
        ),
        "packets by MACs": total(
            tables["conversations_mac"], lambda row: (row["vni"], frozenset((row["mac_a"], row["mac_b"])))
        ),
        "packets by flow": total(
            tables["flows"], lambda row: (row["vni"], named(row["protocol"]), ends(row))
        ),
    }


def named(protocol: str) -> str | None:
    """Return a protocol as `Seen` names it: those that tshark is not asked for have no name."""
    return protocol if protocol in TRANSPORTS else None
