"""What rows of a truth add up: sums, and what is counted beside them."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from vxinspect.synth.shares import Segments, Share

__all__ = ["Cost", "Direction", "Group", "Row", "Station", "Sums", "Verdicts", "Way", "percent", "rfc3339"]

Row: TypeAlias = dict[str, Any]

_ECN = ("not-ect", "ect1", "ect0", "ce")
_SOUND_ECN = {(0, 0), (1, 1), (2, 2), (3, 3), (1, 3), (2, 3)}
"""Inner and outer ECN field: copied (RFC 6040 section 4.1), and perhaps marked on the way."""
_ICMP_ERRORS = ("frag-needed", "unreachable", "time-exceeded", "parameter-problem")


def rfc3339(time: int) -> str:
    """Return nanoseconds since 1970 as RFC 3339 UTC."""
    seconds, rest = divmod(time, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def percent(part: int, whole: int) -> float | None:
    """Return a share in per cent; of nothing there is none."""
    return 100 * part / whole if whole else None


@dataclass(slots=True)
class Sums:
    """What every row counts."""

    packets: int = 0
    wire: int = 0
    inner: int = 0
    payload: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, share: Share) -> None:
        """Count a share."""
        self.packets += share.packets
        self.wire += share.wire
        self.inner += share.inner
        self.payload += share.payload
        self.first = share.first if self.first is None else min(self.first, share.first)
        self.last = share.last if self.last is None else max(self.last, share.last)

    def joined(self, other: "Sums") -> "Sums":
        """Return both together."""
        ends = [time for time in (self.first, self.last, other.first, other.last) if time is not None]
        return Sums(
            self.packets + other.packets,
            self.wire + other.wire,
            self.inner + other.inner,
            self.payload + other.payload,
            min(ends, default=None),
            max(ends, default=None),
        )

    def row(self) -> Row:
        """Return the columns that all tables name alike."""
        over = self.wire - self.inner
        return {
            "packets": self.packets,
            "inner_bytes": self.inner,
            "payload_bytes": self.payload,
            "wire_bytes": self.wire,
            "overhead_bytes": over,
            "overhead_percent": percent(over, self.wire),
            "first_seen": None if self.first is None else rfc3339(self.first),
            "last_seen": None if self.last is None else rfc3339(self.last),
        }


_OUTER_SUMS = ("zero", "right", "wrong", "partial", "unverified")


@dataclass(slots=True)
class Verdicts:
    """How many packets have which checksums."""

    outer: Counter[str] = field(default_factory=Counter)
    inner: Counter[str] = field(default_factory=Counter)

    def add(self, share: Share) -> None:
        """Count a share."""
        verified = share.packets - share.unverified
        self.outer[share.outer_sum] += share.packets if share.outer_sum == "zero" else verified
        if share.outer_sum != "zero":
            self.outer["unverified"] += share.unverified
        if share.inner_sum is not None:
            self.inner[share.inner_sum] += verified
            self.inner["unverified"] += share.unverified

    def row(self) -> Row:
        """Return the columns of `vnis` and `tunnels`."""
        outer = {f"outer_udp_checksum_{name}": self.outer[name] for name in _OUTER_SUMS}
        return outer | {f"inner_checksum_{name}": self.inner[name] for name in _OUTER_SUMS[1:]}


@dataclass(slots=True)
class Way:
    """One direction of a flow: what it counts, where it was first seen, and its TCP segments."""

    sums: Sums = field(default_factory=Sums)
    vteps: tuple[str, str] | None = None
    segments: Segments = ()
    health: Counter[str] = field(default_factory=Counter)
    verdicts: Verdicts = field(default_factory=Verdicts)

    def add(self, share: Share) -> None:
        """Count a share; the first one tells the tunnel."""
        if self.sums.first is None or share.first < self.sums.first:
            self.vteps = share.src, share.dst
        self.sums.add(share)
        self.verdicts.add(share)
        # What repeats changes no state: a million data segments are one.
        self.segments += tuple(segment for segment in share.segments if segment not in self.segments)


@dataclass(slots=True)
class Group:
    """A row that counts several things beside the sums."""

    sums: Sums = field(default_factory=Sums)
    ahead: Sums = field(default_factory=Sums)
    back: Sums = field(default_factory=Sums)
    bum: int = 0
    depth: int = 1
    complaints: int = 0
    tcp_segments: int = 0
    health: Counter[str] = field(default_factory=Counter)
    verdicts: Verdicts = field(default_factory=Verdicts)
    members: dict[str, set[Any]] = field(default_factory=dict)

    def note(self, name: str, *values: Hashable) -> None:
        """Remember distinct values under a name."""
        self.members.setdefault(name, set()).update(values)

    def count(self, name: str) -> int:
        """Return how many distinct values there are."""
        return len(self.members.get(name, ()))


@dataclass(slots=True)
class Cost:
    """What encapsulation costs."""

    sums: Sums = field(default_factory=Sums)
    outer_ip: int = 0
    udp: int = 0
    overlays: int = 0
    carriers: int = 0
    largest: int = 0
    on_cable: int | None = None
    offload: int = 0

    def add(self, share: Share) -> None:
        """Count a share."""
        self.sums.add(share)
        self.outer_ip += share.outer_ip
        self.udp += share.packets * share.udp_bytes
        self.overlays += share.packets * share.overlay_bytes
        self.carriers += share.packets * share.carrier_bytes
        self.largest = max(self.largest, share.largest)
        if share.is_offload:
            self.offload += share.packets
        else:
            self.on_cable = max(self.on_cable or 0, share.largest)

    def row(self) -> Row:
        """Return the columns of `overhead`."""
        sums = self.sums
        row = sums.row()
        row["outer_ip_bytes"] = self.outer_ip
        row["udp_bytes"], row["vxlan_bytes"] = self.udp, self.overlays
        row["carrier_bytes"] = self.carriers
        headers = self.outer_ip + row["udp_bytes"] + self.overlays + self.carriers
        row["outer_ethernet_bytes"] = row["overhead_bytes"] - headers
        row["goodput_percent"] = percent(sums.payload, sums.wire)
        row["vlan_overhead_bytes"] = 4 * sums.packets
        row["largest_outer_ip_packet"] = self.largest or None
        row["required_underlay_mtu"] = self.on_cable
        row["offload_frames"] = self.offload
        return row


@dataclass(slots=True)
class Station:
    """A MAC in a VNI: where it was last, how often it moved, its addresses."""

    sums: Sums = field(default_factory=Sums)
    vtep: str = ""
    moves: int = 0
    ips: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Direction:
    """One direction of a tunnel: what its outer headers tell, and the ICMP errors about it."""

    sums: Sums = field(default_factory=Sums)
    ttls: dict[Hashable, list[int]] = field(default_factory=dict)
    marks: Counter[str] = field(default_factory=Counter)
    ports: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    members: dict[str, set[Any]] = field(default_factory=dict)

    def note(self, name: str, *values: Hashable) -> None:
        """Remember distinct values under a name."""
        self.members.setdefault(name, set()).update(values)

    def add(self, share: Share) -> None:
        """Count a share."""
        self.sums.add(share)
        # What repeats is no change: a million packets are one.
        ttls = self.ttls.setdefault(share.route, [])
        if ttls[-1:] != [share.ttl]:
            ttls.append(share.ttl)
        if share.layers[0].source_port is not None:
            self.ports[share.layers[0].source_port] += share.packets
        self.note("vnis", share.layers[0].vni)
        self.note("dscp", share.dscp)
        self.note("ecn", _ECN[share.ecn])
        holds = {
            "ce": _ECN[share.ecn] == "ce",
            "dscp": share.inner_dscp is not None and share.inner_dscp != share.dscp,
            "ecn": share.inner_ecn is not None and (share.inner_ecn, share.ecn) not in _SOUND_ECN,
            "df": share.dont_fragment,
        }
        self.marks.update({name: share.packets for name, is_so in holds.items() if is_so})
        self.marks["pieces"] += share.pieces

    def row(self) -> Row:
        """Return the columns of `underlay` but for the ends."""
        packets = self.sums.packets
        busiest = min(self.ports, key=lambda port: (-self.ports[port], port), default=None)
        flows = len(self.members.get("flows", ()))
        seen = {ttl for ttls in self.ttls.values() for ttl in ttls}
        return (
            self.sums.row()
            | {
                "vnis": sorted(self.members.get("vnis", ())),
                "ttl_min": min(seen, default=None),
                "ttl_max": max(seen, default=None),
                "ttl_changes": sum(len(ttls) - 1 for ttls in self.ttls.values()),
                "dscp": sorted(self.members.get("dscp", ())),
                "dscp_mismatch_packets": self.marks["dscp"],
                "ecn": [name for name in _ECN if name in self.members.get("ecn", ())],
                "ce_packets": self.marks["ce"],
                "ecn_mismatch_packets": self.marks["ecn"],
                "source_ports": len(self.ports),
                "busiest_port": busiest,
                "busiest_port_percent": None if busiest is None else percent(self.ports[busiest], packets),
                "flows_per_port": flows / len(self.ports) if self.ports else None,
                "df_packets": self.marks["df"],
                "fragments": self.marks["pieces"],
                "icmp_mtu": min(self.members.get("mtus", ()), default=None),
                "icmp_vnis": sorted(self.members.get("error vnis", ())),
            }
            | {f"icmp_{name.replace('-', '_')}": self.errors[name] for name in _ICMP_ERRORS}
        )
