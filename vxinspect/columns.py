"""Each table's columns, declared once, for every output.

A `Column` is described once and shared by the tables that have it. A `View` is one table: its columns in the
order of the machine formats, which of them people need most, and which of them people read as one (`Ends`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from vxinspect.exceptions import OptionError

__all__ = ["DIFFERENCES", "PACKETS", "VIEWS", "Column", "Ends", "Kind", "View", "parse_sort"]

Kind = Literal[
    "bytes",  # a length, in bytes
    "count",
    "ip",
    "list",  # of numbers or words
    "mac",
    "milliseconds",
    "numbers",  # a list of them
    "percent",
    "port",
    "ratio",
    "seconds",
    "text",
    "time",  # RFC 3339 UTC with nanoseconds
    "vni",
    "vnis",  # a list of VNIs
]

_QUANTITIES = frozenset({"bytes", "count", "milliseconds", "percent", "ratio", "seconds", "time"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in machine formats, its title for people (and a shorter one), what it holds.

    `family`: what people are told of it together with others, where several have no room.
    `usual`: the value that nearly all captures have in all rows. People see the column where one row differs.
    `asked`: it is null where nobody asked for it, and people then see none of it.
    """

    name: str
    title: str
    kind: Kind
    description: str
    short: str = ""
    family: str = ""
    usual: str | int | list[int] | None = None
    asked: bool = False

    @property
    def is_quantity(self) -> bool:
        """Whether its values measure something: such a column aligns right and sorts largest first."""
        return self.kind in _QUANTITIES


@dataclass(frozen=True, slots=True)
class Ends:
    """Two ends that people read as one column: `10.0.0.1 <-> 10.0.0.2`.

    `left` and `right` name an address and perhaps a port. The arrow is fixed, or comes from the column
    `direction`, or from two columns that count each way. `absorbs` names columns that the arrow tells.
    """

    title: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    arrow: str | tuple[str] | tuple[str, str]
    absorbs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name under which `View.needed` knows it."""
        return self.title

    @property
    def parts(self) -> frozenset[str]:
        """The columns that it stands for."""
        return frozenset(self.left + self.right + self.absorbs)


@dataclass(frozen=True, slots=True)
class View:
    """One table.

    `key`: what people must see in each row; `needed`: the rest, most needed first (columns or `Ends`).
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    needed: tuple[str, ...]
    ends: tuple[Ends, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names in the order of the machine formats."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column of that name; raises `OptionError` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise OptionError("sort", name, f"a column of {self.name} ({', '.join(self.names)})")


def parse_sort(view: View, wanted: Iterable[str]) -> list[tuple[str, bool]]:
    """Turn `["packets", "vni:asc"]` into [(column, descending), ...].

    Quantities and times start with the largest, names and addresses with the lowest.
    Raises `OptionError` for an unknown column or direction.
    """
    pairs = []
    for text in wanted:
        name, _, direction = text.partition(":")
        column = view.column(name)
        if direction not in ("", "asc", "desc"):
            raise OptionError("sort", text, "COLUMN, COLUMN:asc or COLUMN:desc")
        pairs.append((name, direction == "desc" if direction else column.is_quantity))
    return pairs


_VNI = Column("vni", "VNI", "vni", "VXLAN network identifier, 0 to 16777215")
_VNIS = Column("vnis", "VNIs", "vnis", "the VNIs seen, ascending")
_PROTOCOL = Column("protocol", "protocol", "text", "inner L4 protocol, by name or number", "proto")
_PROTOCOLS = Column("protocols", "protocols", "list", "inner L4 protocols", "protos")
_ETHERTYPES = Column("ethertypes", "EtherTypes", "list", "inner EtherTypes", "types")

_PACKETS = Column("packets", "packets", "count", "VXLAN packets", "pkts")
_PACKETS_FWD = Column("packets_fwd", "packets ->", "count", "packets from src to dst", "pkts ->")
_PACKETS_REV = Column("packets_rev", "packets <-", "count", "packets from dst to src", "pkts <-")
_PACKETS_AB = Column("packets_ab", "packets ->", "count", "packets from a to b", "pkts ->")
_PACKETS_BA = Column("packets_ba", "packets <-", "count", "packets from b to a", "pkts <-")
_BUM_PACKETS = Column(
    "bum_packets", "BUM", "count", "packets whose inner destination MAC has the group bit set"
)
_OFFLOAD_FRAMES = Column("offload_frames", "offloaded", "count", "frames larger than any real MTU", "offload")

_WIRE = Column("wire_bytes", "wire", "bytes", "length of the frames as they were on the wire")
_INNER = Column("inner_bytes", "inner", "bytes", "length of the inner Ethernet frames")
_INNER_FWD = Column("inner_bytes_fwd", "inner ->", "bytes", "inner bytes from src to dst")
_INNER_REV = Column("inner_bytes_rev", "inner <-", "bytes", "inner bytes from dst to src")
_INNER_AB = Column("inner_bytes_ab", "inner ->", "bytes", "inner bytes from a to b")
_INNER_BA = Column("inner_bytes_ba", "inner <-", "bytes", "inner bytes from b to a")
_PAYLOAD = Column("payload_bytes", "payload", "bytes", "what the inner L4 protocol carries")
_OVERHEAD = Column("overhead_bytes", "overhead", "bytes", "wire_bytes less inner_bytes")
_OVERHEAD_PERCENT = Column(
    "overhead_percent", "overhead %", "percent", "overhead_bytes of wire_bytes", "ovh %"
)

_CHECKSUMS = tuple(
    Column(name, title, "count", description, family="checksums", asked=True)
    for name, title, description in (
        ("outer_udp_checksum_zero", "UDP sum 0", "packets without an outer UDP checksum"),
        ("outer_udp_checksum_right", "UDP sum right", "packets whose outer UDP checksum is right"),
        ("outer_udp_checksum_wrong", "UDP sum wrong", "packets whose outer UDP checksum is wrong"),
        (
            "outer_udp_checksum_partial",
            "UDP sum partial",
            "packets whose outer UDP checksum is the pseudo-header's alone: checksum offload",
        ),
        (
            "outer_udp_checksum_unverified",
            "UDP sum unverified",
            "packets whose outer UDP checksum is of bytes that are not there",
        ),
        ("inner_checksum_right", "sums right", "packets whose inner checksums are all right"),
        ("inner_checksum_wrong", "sums wrong", "packets with a wrong inner checksum"),
        (
            "inner_checksum_partial",
            "sums partial",
            "packets whose inner checksum is the pseudo-header's alone: checksum offload",
        ),
        (
            "inner_checksum_unverified",
            "sums unverified",
            "packets whose inner checksum is of bytes that are not there",
        ),
    )
)
_CHECKSUM_FAULTS = ("inner_checksum_wrong", "inner_checksum_partial", "outer_udp_checksum_wrong")
_OTHER_CHECKSUMS = tuple(column.name for column in _CHECKSUMS if column.name not in _CHECKSUM_FAULTS)

_FIRST_SEEN = Column("first_seen", "first seen", "time", "time of the first packet, UTC")
_LAST_SEEN = Column("last_seen", "last seen", "time", "time of the last packet, UTC")
_DURATION = Column("duration_s", "duration", "seconds", "last_seen less first_seen", "time")


def _tcp_health(name: str, title: str, description: str, kind: Kind = "count", short: str = "") -> Column:
    """Return a column of how TCP connections fare; docs/tcp-health.md defines each."""
    return Column(name, title, kind, description, short, family="TCP health")


_TCP_COUNTS = {
    column.name: column
    for column in (
        _tcp_health("retransmitted", "retransmitted", "TCP segments that were sent again"),
        _tcp_health("out_of_order", "out of order", "TCP segments that others had overtaken"),
        _tcp_health("duplicate_acks", "duplicate ACKs", "TCP segments that only repeat an acknowledgment"),
        _tcp_health("missing_bytes", "missing", "TCP data that was passed over and never came", kind="bytes"),
        _tcp_health("zero_windows", "zero windows", "TCP segments whose sender had no room for data"),
        _tcp_health("resets", "resets", "TCP segments with RST"),
    )
}
_SYN_RETRIES = _tcp_health("syn_retries", "SYN retries", "TCP SYNs and SYN-ACKs that were sent again")
_TCP_SUMS = (
    _tcp_health("tcp_segments", "segments", "packets of TCP whose headers the capture holds"),
    _TCP_COUNTS["retransmitted"],
    _tcp_health(
        "retransmission_percent",
        "retransmitted %",
        "retransmitted of tcp_segments; null without any",
        kind="percent",
    ),
    *(column for name, column in _TCP_COUNTS.items() if name != "retransmitted"),
    _SYN_RETRIES,
    _tcp_health(
        "rtt_ms",
        "RTT",
        "median over TCP connections of the time from SYN to ACK; null where no whole handshake was seen",
        kind="milliseconds",
    ),
)
_TCP_SUMS_NEEDED = (
    *("retransmission_percent", "rtt_ms", "missing_bytes", "out_of_order", "resets", "zero_windows"),
    *("retransmitted", "tcp_segments", "duplicate_acks", "syn_retries"),
)


def _each_way(column: Column) -> tuple[Column, Column]:
    """Return a count's columns of both directions of a flow."""
    ahead, back = (
        replace(
            column,
            name=f"{column.name}_{way}",
            title=f"{column.title} {arrow}",
            description=f"{column.description}; from {end}",
        )
        for way, arrow, end in (("fwd", "->", "src"), ("rev", "<-", "dst"))
    )
    return ahead, back


_VTEP = Column("vtep", "VTEP", "ip", "outer address that sends or receives VXLAN")
_VTEP_A = Column("vtep_a", "VTEP a", "ip", "the lower address; the sender, where b is a multicast group")
_VTEP_B = Column("vtep_b", "VTEP b", "ip", "the other address, or the multicast group")

_VTEP_COUNT = Column("vteps", "VTEPs", "count", "how many VTEPs")
_TUNNEL_COUNT = Column("tunnels", "tunnels", "count", "how many tunnels", "tun")
_MAC_COUNT = Column("macs", "MACs", "count", "how many inner MACs")
_IP_COUNT = Column("ips", "IPs", "count", "how many inner IP addresses")
_FLOW_COUNT = Column("flows", "flows", "count", "how many flows")

_ENCAPSULATION = Column(
    "encapsulation",
    "encapsulation",
    "text",
    "what wraps the packets, from the outermost in, down to what the row is about: vxlan, erspan/vxlan",
    "encap",
    usual="vxlan",
)
_DEPTH = Column(
    "depth", "depth", "count", "which layer of VXLAN from outside this is, counted from 1", usual=1
)

_VNIS_VIEW = View(
    "vnis",
    "VNIs",
    (
        *(_VNI, _PACKETS, _INNER, _PAYLOAD, _WIRE, _OVERHEAD, _OVERHEAD_PERCENT, _BUM_PACKETS),
        *(_VTEP_COUNT, _TUNNEL_COUNT, _MAC_COUNT, _IP_COUNT, _FLOW_COUNT, _FIRST_SEEN, _LAST_SEEN),
        Column("tagged_packets", "tagged", "count", "packets whose inner frame has a VLAN tag"),
        *(*_TCP_SUMS, _ENCAPSULATION, _DEPTH, *_CHECKSUMS),
        Column(
            "icmp_errors", "ICMP errors", "count", "packets inside that are ICMP errors", "errors", usual=0
        ),
        Column(
            "policy_ids",
            "policy ids",
            "numbers",
            "the groups of the senders, of VXLAN with a group policy (GBP)",
            "policies",
            usual=[],
        ),
    ),
    key=("vni", "encapsulation"),
    needed=(
        *("packets", *_CHECKSUM_FAULTS),
        *("wire_bytes", "inner_bytes", "overhead_percent", "icmp_errors", "flows", "macs", "vteps"),
        *("bum_packets", "ips", "tunnels", "last_seen", "first_seen", "payload_bytes", "overhead_bytes"),
        *("tagged_packets", *_TCP_SUMS_NEEDED, "depth", *_OTHER_CHECKSUMS, "policy_ids"),
    ),
)


def _vni_rev(source: str, destination: str) -> Column:
    """Return the column of the way back's VNI."""
    told = f"the VNI from {source} to {destination}, where the flow key lets that be another; else null"
    return Column("vni_rev", "VNI <-", "vni", told, asked=True)


_FLOWS_VIEW = View(
    "flows",
    "flows",
    (
        _VNI,
        _PROTOCOL,
        Column(
            "src_ip", "source", "ip", "who opened it: sent the SYN, was sent the SYN-ACK, or else spoke first"
        ),
        Column("src_port", "source port", "port", "its port; null where the protocol has none"),
        Column("dst_ip", "destination", "ip", "the other end"),
        Column("dst_port", "destination port", "port", "its port; null where the protocol has none"),
        Column("src_vtep", "source VTEP", "ip", "the VTEP that src is behind"),
        Column("dst_vtep", "destination VTEP", "ip", "the VTEP that dst is behind"),
        *(_PACKETS, _PACKETS_FWD, _PACKETS_REV, _INNER, _INNER_FWD, _INNER_REV, _PAYLOAD, _WIRE),
        *(_FIRST_SEEN, _LAST_SEEN, _DURATION),
        Column("tcp_flags_fwd", "flags ->", "text", "TCP flags seen from src"),
        Column("tcp_flags_rev", "flags <-", "text", "TCP flags seen from dst"),
        Column("tcp_state", "state", "text", "how the TCP connection went, in Zeek's conn_state names"),
        *(column for count in _TCP_COUNTS.values() for column in _each_way(count)),
        _SYN_RETRIES,
        _tcp_health(
            "rtt_syn_ms",
            "RTT to destination",
            "from SYN to SYN-ACK: from the capture point to dst and back",
            kind="milliseconds",
            short="RTT dst",
        ),
        _tcp_health(
            "rtt_ack_ms",
            "RTT to source",
            "from SYN-ACK to ACK: from the capture point to src and back",
            kind="milliseconds",
            short="RTT src",
        ),
        _ENCAPSULATION,
        Column("checksum_wrong", "sums wrong", "count", "packets with a wrong inner checksum", asked=True),
        Column(
            "checksum_partial",
            "sums partial",
            "count",
            "packets whose inner checksum is the pseudo-header's alone: checksum offload",
            asked=True,
        ),
        Column(
            "icmp_errors",
            "ICMP errors",
            "count",
            "ICMP errors in the VNI that quote its packets",
            "errors",
            usual=0,
        ),
        _vni_rev("dst", "src"),
    ),
    key=("vni", "protocol", "flow", "encapsulation"),
    needed=(
        *("packets", "vni_rev", "checksum_wrong", "checksum_partial"),
        *("inner_bytes", "tcp_state", "icmp_errors", "duration_s", "wire_bytes", "tunnel", "packets_fwd"),
        *("packets_rev", "first_seen", "last_seen", "inner_bytes_fwd", "inner_bytes_rev", "payload_bytes"),
        *("tcp_flags_fwd", "tcp_flags_rev", "rtt_syn_ms", "rtt_ack_ms"),
        *(f"{name}_{way}" for name in _TCP_COUNTS for way in ("fwd", "rev")),
        "syn_retries",
    ),
    ends=(
        Ends("flow", ("src_ip", "src_port"), ("dst_ip", "dst_port"), "->"),
        Ends("tunnel", ("src_vtep",), ("dst_vtep",), "->"),
    ),
)


def _conversations(by: str, a: Column, b: Column, last: Column) -> View:
    """Return the conversations between two ends; `last` is the column that tells what they speak."""
    return View(
        f"conversations_{by}",
        f"conversations by {by.upper()}",
        (
            *(_VNI, a, b, _PACKETS, _PACKETS_AB, _PACKETS_BA, _INNER, _INNER_AB, _INNER_BA, _WIRE),
            *(last, _FIRST_SEEN, _LAST_SEEN, _ENCAPSULATION, _vni_rev("b", "a")),
        ),
        key=("vni", "conversation", "encapsulation"),
        needed=(
            *("packets", "vni_rev", "inner_bytes", last.name, "wire_bytes", "packets_ab", "packets_ba"),
            *("inner_bytes_ab", "inner_bytes_ba", "last_seen", "first_seen"),
        ),
        ends=(Ends("conversation", (a.name,), (b.name,), ("packets_ab", "packets_ba")),),
    )


_TUNNELS_VIEW = View(
    "tunnels",
    "tunnels",
    (
        _VTEP_A,
        _VTEP_B,
        Column("kind", "kind", "text", "unicast, or multicast where b is a group"),
        Column("direction", "direction", "text", "which way packets went: both, a_to_b, b_to_a"),
        *(_VNIS, _PACKETS, _PACKETS_AB, _PACKETS_BA, _INNER, _INNER_AB, _INNER_BA, _WIRE, _OVERHEAD_PERCENT),
        Column("source_ports_ab", "ports ->", "count", "how many distinct outer UDP source ports from a"),
        Column("source_ports_ba", "ports <-", "count", "how many distinct outer UDP source ports from b"),
        *(_FIRST_SEEN, _LAST_SEEN, *_TCP_SUMS, _ENCAPSULATION, _DEPTH, *_CHECKSUMS),
    ),
    key=("tunnel", "encapsulation"),
    needed=(
        *("packets", *_CHECKSUM_FAULTS),
        *("wire_bytes", "vnis", "overhead_percent", "packets_ab", "packets_ba", "inner_bytes"),
        *(
            "source_ports_ab",
            "source_ports_ba",
            "last_seen",
            "first_seen",
            "inner_bytes_ab",
            "inner_bytes_ba",
        ),
        *(*_TCP_SUMS_NEEDED, "depth", *_OTHER_CHECKSUMS),
    ),
    ends=(Ends("tunnel", ("vtep_a",), ("vtep_b",), ("direction",), absorbs=("direction", "kind")),),
)

_UNDERLAY_VIEW = View(
    "underlay",
    "underlay directions",
    (
        Column("src_vtep", "from", "ip", "the VTEP that sends"),
        Column("dst_vtep", "to", "ip", "the VTEP that it sends to, or the multicast group"),
        *(_VNIS, _PACKETS, _WIRE),
        Column("ttl_min", "TTL", "count", "lowest outer time to live, or hop limit"),
        Column("ttl_max", "TTL max", "count", "highest outer time to live, or hop limit"),
        Column("ttl_changes", "TTL changes", "count", "how often it was another than just before", "changes"),
        Column("dscp", "DSCP", "numbers", "the outer DSCPs seen, ascending"),
        Column(
            "dscp_mismatch_packets",
            "DSCP differs",
            "count",
            "packets whose outer DSCP is not that of the IP packet inside",
            "DSCP !=",
        ),
        Column("ecn", "ECN", "list", "the outer ECN fields seen: not-ect, ect1, ect0, ce"),
        Column("ce_packets", "CE", "count", "packets marked by congestion: outer ECN is CE"),
        Column(
            "ecn_mismatch_packets",
            "ECN differs",
            "count",
            "packets whose outer ECN cannot have come from the inner one (RFC 6040)",
            "ECN !=",
        ),
        Column("source_ports", "ports", "count", "how many distinct outer UDP source ports"),
        Column("busiest_port", "busiest port", "port", "the source port of most packets", "busiest"),
        Column("busiest_port_percent", "share", "percent", "packets from busiest_port, of all"),
        Column("flows_per_port", "flows/port", "ratio", "inner flows for each source port, on average"),
        Column("df_packets", "DF", "count", "packets with don't-fragment set; null over IPv6"),
        Column("fragments", "fragments", "count", "pieces of outer datagrams, first ones included", "frags"),
        Column(
            "icmp_frag_needed",
            "too big",
            "count",
            "ICMP errors: fragmentation needed, or packet too big",
        ),
        Column("icmp_mtu", "told MTU", "count", "the smallest MTU that such an error told, in bytes", "MTU"),
        Column("icmp_unreachable", "unreachable", "count", "ICMP errors: destination unreachable", "unreach"),
        Column("icmp_time_exceeded", "time exceeded", "count", "ICMP errors: time exceeded", "expired"),
        Column(
            "icmp_parameter_problem", "parameter problem", "count", "ICMP errors: parameter problem", "param"
        ),
        Column("icmp_vnis", "VNIs in errors", "vnis", "the VNIs that these errors quote, at most 64"),
        *(_FIRST_SEEN, _LAST_SEEN),
    ),
    key=("direction",),
    needed=(
        *("packets", "ttl_min", "ttl_max", "ttl_changes", "source_ports", "busiest_port_percent"),
        *("icmp_frag_needed", "icmp_mtu", "dscp", "ce_packets", "fragments", "flows_per_port"),
        *("dscp_mismatch_packets", "ecn_mismatch_packets", "icmp_unreachable", "df_packets", "vnis"),
        *("icmp_time_exceeded", "busiest_port", "ecn", "wire_bytes", "icmp_parameter_problem", "icmp_vnis"),
        *("last_seen", "first_seen"),
    ),
    ends=(Ends("direction", ("src_vtep",), ("dst_vtep",), "->"),),
)

_VTEPS_VIEW = View(
    "vteps",
    "VTEPs",
    (
        *(_VTEP, _VNIS),
        Column("peers", "peers", "count", "how many VTEPs it shares a tunnel with; no multicast groups"),
        Column("packets_sent", "packets out", "count", "VXLAN packets it sent", "pkts out"),
        Column("packets_received", "packets in", "count", "VXLAN packets sent to it", "pkts in"),
        Column("inner_bytes_sent", "inner out", "bytes", "inner bytes it sent"),
        Column("inner_bytes_received", "inner in", "bytes", "inner bytes sent to it"),
        _WIRE,
        Column("macs", "MACs", "count", "how many inner MACs were learned behind it"),
        Column("outer_macs", "outer MACs", "list", "its own MACs, or its routers'"),
        *(_FIRST_SEEN, _LAST_SEEN),
    ),
    key=("vtep",),
    needed=(
        *("vnis", "peers", "packets_sent", "packets_received", "wire_bytes", "macs", "inner_bytes_sent"),
        *("inner_bytes_received", "outer_macs", "last_seen", "first_seen"),
    ),
)

_FDB_VIEW = View(
    "fdb",
    "forwarding table",
    (
        _VNI,
        Column("mac", "MAC", "mac", "inner source MAC"),
        Column("vtep", "VTEP", "ip", "the VTEP it was last seen behind"),
        Column("ips", "IPs", "list", "inner addresses it sent from"),
        _PACKETS,
        *(_FIRST_SEEN, _LAST_SEEN),
        Column("moves", "moves", "count", "how often it changed to another VTEP"),
        Column(
            "five_moves_s",
            "five moves",
            "seconds",
            "the shortest time in which it moved five times; null for fewer moves",
            "5 moves",
        ),
        _ENCAPSULATION,
    ),
    key=("vni", "mac", "vtep", "encapsulation"),
    needed=("moves", "packets", "ips", "last_seen", "first_seen", "five_moves_s"),
)

_ADDRESSES_VIEW = View(
    "addresses",
    "addresses",
    (
        _VNI,
        Column("ip", "IP", "ip", "inner address of a host"),
        Column("mac", "MAC", "mac", "who has it: claimed it last; without claims, who sent from it last"),
        Column("macs", "MACs", "list", "all who claimed it; without claims, all who sent from it"),
        Column("vteps", "VTEPs", "list", "the VTEPs that these are behind, at most 16 for each claimant"),
        Column("sources", "known by", "list", "how that is known: arp, nd, dhcp, traffic"),
        Column("claims", "claims", "count", "packets of ARP, ND and DHCP that say who has it"),
        Column("moves", "moves", "count", "how often a claim moved it to another MAC"),
        Column(
            "conflicts",
            "conflicts",
            "count",
            "how often a MAC took it back within 180 s, and how many go on sending from what they lost",
        ),
        Column("packets", "packets", "count", "packets sent from it, ARP included", "pkts"),
        *(_FIRST_SEEN, _LAST_SEEN),
        Column("hostname", "host name", "text", "the name that its client told a DHCP server", "host"),
        Column("lease_mac", "leased to", "mac", "the client that a DHCP server granted it to last"),
        Column("lease_s", "lease", "seconds", "for how long"),
        Column("lease_server", "DHCP server", "ip", "by whom", "server"),
        Column("leased_at", "leased at", "time", "when, UTC"),
        _ENCAPSULATION,
    ),
    key=("vni", "ip", "mac", "encapsulation"),
    needed=(
        *("sources", "conflicts", "moves", "packets", "vteps", "hostname", "lease_s", "claims", "macs"),
        *("lease_server", "lease_mac", "leased_at", "last_seen", "first_seen"),
    ),
)


def _overhead(by: str, title: str, key: tuple[Column, ...], ends: tuple[Ends, ...] = ()) -> View:
    """Return what encapsulation costs, one row for each value of the key."""
    return View(
        f"overhead_{by}",
        title,
        (
            *key,
            *(_PACKETS, _WIRE),
            Column(
                "outer_ethernet_bytes",
                "outer Ethernet",
                "bytes",
                "outer Ethernet headers and tags",
                "Ethernet",
            ),
            Column("outer_ip_bytes", "outer IP", "bytes", "outer IP headers, options and extensions", "IP"),
            Column("udp_bytes", "UDP", "bytes", "outer UDP headers, 8 bytes each"),
            Column("vxlan_bytes", "VXLAN", "bytes", "VXLAN headers, 8 bytes each"),
            *(_OVERHEAD, _OVERHEAD_PERCENT, _INNER, _PAYLOAD),
            Column("goodput_percent", "goodput", "percent", "payload_bytes of wire_bytes"),
            Column("vlan_overhead_bytes", "as VLAN", "bytes", "what 802.1Q would cost, 4 bytes a frame"),
            Column(
                "largest_outer_ip_packet",
                "largest packet",
                "count",
                "largest outer IP packet, in bytes",
                "largest",
            ),
            Column(
                "required_underlay_mtu",
                "underlay MTU",
                "count",
                "the MTU that the underlay needs, in bytes",
                "MTU",
            ),
            _OFFLOAD_FRAMES,
            *((_ENCAPSULATION,) if key else ()),
            Column(
                "carrier_bytes",
                "carriers",
                "bytes",
                "headers of what carries VXLAN, as GRE and MPLS, without IP's",
                usual=0,
            ),
        ),
        key=(
            *(tuple(column.name for column in key) if not ends else tuple(end.name for end in ends)),
            *(("encapsulation",) if key else ()),
        ),
        needed=(
            *(
                "packets",
                "overhead_bytes",
                "overhead_percent",
                "required_underlay_mtu",
                "wire_bytes",
                "goodput_percent",
            ),
            *(
                "vlan_overhead_bytes",
                "inner_bytes",
                "payload_bytes",
                "offload_frames",
                "largest_outer_ip_packet",
            ),
            *("outer_ethernet_bytes", "outer_ip_bytes", "udp_bytes", "vxlan_bytes", "carrier_bytes"),
        ),
        ends=ends,
    )


_ALL = (
    _VNIS_VIEW,
    _FLOWS_VIEW,
    _conversations(
        "mac",
        Column("mac_a", "MAC a", "mac", "the lower inner MAC"),
        Column("mac_b", "MAC b", "mac", "the other inner MAC"),
        _ETHERTYPES,
    ),
    _conversations(
        "ip",
        Column("ip_a", "IP a", "ip", "the lower inner address"),
        Column("ip_b", "IP b", "ip", "the other inner address"),
        _PROTOCOLS,
    ),
    _TUNNELS_VIEW,
    _UNDERLAY_VIEW,
    _VTEPS_VIEW,
    _FDB_VIEW,
    _ADDRESSES_VIEW,
    _overhead("total", "overhead", ()),
    _overhead("vni", "overhead by VNI", (_VNI,)),
    _overhead(
        "tunnel", "overhead by tunnel", (_VTEP_A, _VTEP_B), (Ends("tunnel", ("vtep_a",), ("vtep_b",), "<->"),)
    ),
)

VIEWS = {view.name: view for view in _ALL}

PACKETS = View(
    "packets",
    "packets",
    (
        Column("number", "frame", "count", "the frame's number in its capture, from 1"),
        Column("capture", "capture", "text", "the capture's name; null where only one is read"),
        Column("time", "time", "time", "when the frame was captured, UTC"),
        Column("src_vtep", "source VTEP", "ip", "outer source address"),
        Column("dst_vtep", "destination VTEP", "ip", "outer destination address"),
        Column("outer_src_port", "outer port", "port", "outer UDP source port"),
        Column("udp_port", "UDP port", "port", "outer UDP destination port"),
        _VNI,
        Column("src_mac", "source MAC", "mac", "inner source MAC"),
        Column("dst_mac", "destination MAC", "mac", "inner destination MAC"),
        Column("vlan", "VLAN", "count", "identifier of the outermost inner VLAN tag"),
        Column("ethertype", "EtherType", "text", "inner EtherType behind any tags, by name or number"),
        Column("src_ip", "source", "ip", "inner source address; ARP's sender"),
        Column("dst_ip", "destination", "ip", "inner destination address; ARP's target"),
        _PROTOCOL,
        Column("src_port", "source port", "port", "inner source port; null where the protocol has none"),
        Column("dst_port", "destination port", "port", "inner destination port"),
        Column("tcp_flags", "flags", "text", "TCP flags; null for what is not TCP"),
        Column("wire_length", "wire", "bytes", "length of the frame as it was on the wire"),
        Column("captured_length", "captured", "bytes", "how much of it the capture holds"),
        Column("inner_length", "inner", "bytes", "length of the inner Ethernet frame"),
        Column("payload_length", "payload", "bytes", "what the inner L4 protocol carries"),
        Column("disposition", "disposition", "text", "what the frame counts as"),
        Column("reason", "reason", "text", "why it is other, invalid or malformed"),
        Column("notes", "notes", "list", "what is remarkable about it"),
        _ENCAPSULATION,
        Column(
            "depth", "depth", "count", "how many layers of VXLAN that is; what stands here is the innermost's"
        ),
        Column("policy_id", "policy", "count", "the sender's group, of VXLAN with a group policy (GBP)"),
        Column("flow_id", "FlowID", "count", "FlowID of NVGRE, which has no outer ports"),
    ),
    key=("number", "vni"),
    needed=(),
    ends=(
        Ends("flow", ("src_ip", "src_port"), ("dst_ip", "dst_port"), "->"),
        Ends("stations", ("src_mac",), ("dst_mac",), "->"),
        Ends("tunnel", ("src_vtep",), ("dst_vtep",), "->"),
    ),
)
"""The rows of `packets`, which is no table of a report: it shows frames as they come."""

DIFFERENCES = View(
    "differences",
    "differences",
    (
        Column("capture", "capture", "text", "the capture's name; null where only one is compared"),
        Column("dissector", "by", "text", "tshark, or pyshark for the sample"),
        Column(
            "field",
            "field",
            "text",
            "a column of packets; vxlan: whether it is a VXLAN packet; number: a frame that one side lacks",
        ),
        Column("frames", "frames", "count", "how many differ in it for this reason"),
        Column("ours", "vxinspect", "text", "what the first of them has here"),
        Column("theirs", "Wireshark", "text", "what it has in Wireshark; null for nothing"),
        Column("why", "why", "text", "the reason; null where none is known"),
        Column(
            "numbers", "frame numbers", "list", "the first ten frames, as the table of packets numbers them"
        ),
    ),
    key=("field", "frames", "why"),
    needed=("ours", "theirs", "numbers", "dissector", "capture"),
)
