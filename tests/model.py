"""What every table must say, by slow and obvious Python: lists are filtered and summed again for every row.

It takes the facts of `packets`, never bytes, and knows nothing of how the engine works.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import pairwise
from statistics import median
from typing import Any, TypeAlias, TypeVar

import tcp_health
from addresses import Claim, Grant, Told, address_row
from facts import About, Fact, Level

Row: TypeAlias = dict[str, Any]
K = TypeVar("K", bound=Hashable)


class Anything:
    """Equals whatever it is compared with: the contract leaves this value open."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ANY"


ANY = Anything()

# Each of Zeek's documented conn_states with its textbook exchange: (sent by the opener, flags).
TCP_STATES: dict[str, tuple[tuple[bool, str], ...]] = {
    "S0": ((True, "S"),),
    "REJ": ((True, "S"), (False, "RA")),
    "S1": ((True, "S"), (False, "SA"), (True, "A")),
    "SF": (
        (True, "S"),
        (False, "SA"),
        (True, "A"),
        (True, "PA"),
        (False, "A"),
        (True, "FA"),
        (False, "FA"),
        (True, "A"),
    ),
    "S2": ((True, "S"), (False, "SA"), (True, "A"), (True, "FA"), (False, "A")),
    "S3": ((True, "S"), (False, "SA"), (True, "A"), (False, "FA"), (True, "A")),
    "RSTO": ((True, "S"), (False, "SA"), (True, "A"), (True, "R")),
    "RSTR": ((True, "S"), (False, "SA"), (True, "A"), (False, "R")),
    "RSTOS0": ((True, "S"), (True, "R")),
    "RSTRH": ((False, "SA"), (False, "R")),
    "SH": ((True, "S"), (True, "F")),
    "SHR": ((False, "SA"), (False, "F")),
    "OTH": ((True, "PA"), (False, "A")),
}


def rfc3339(time: int) -> str:
    """Nanoseconds since 1970 as the tables tell them."""
    seconds, rest = divmod(time, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def address_key(text: str) -> tuple[int, int]:
    """IPv4 before IPv6, each by number."""
    address = ip_address(text)
    return address.version, int(address)


def multicast(text: str) -> bool:
    """Whether it names a group."""
    return ip_address(text).is_multicast


def percent(part: int, whole: int) -> float | None:
    """Return a share in percent; of nothing there is none."""
    return 100 * part / whole if whole else None


def group_bit(mac: str) -> bool:
    """Whether a MAC address is a group's."""
    return bool(int(mac[:2], 16) & 1)


def learnable(mac: str | None) -> bool:
    """Whether a VTEP would learn this source address."""
    return mac is not None and not group_bit(mac) and mac != "00:00:00:00:00:00"


def learned(fact: Fact) -> bool:
    """Whether a VTEP learns from a packet where its sender is."""
    return learnable(fact.mac_src) and not fact.dont_learn


def host_address(text: str) -> bool:
    """Whether an inner address is one host's."""
    address = ip_address(text)
    return not (address.is_multicast or address.is_unspecified or text == "255.255.255.255")


@dataclass(frozen=True)
class Unit:
    """A VXLAN packet with the fragments that were charged to it, and what its TCP segment counts."""

    fact: Fact
    wire: int
    outer_ip_bytes: int
    pieces: int
    health: Counter[str] | None = None
    round_trip: int | None = None
    """Of the first segment of a connection."""


def units(facts: Sequence[Fact]) -> list[Unit]:
    """Return the packets of a capture, each with the bytes of its datagram's other fragments."""
    made = []
    for fact in facts:
        if fact.disposition != "vxlan":
            continue
        pieces = [
            f for f in facts if f.disposition == "fragment" and fact.datagram and f.datagram == fact.datagram
        ]
        wire = fact.wire + sum(piece.wire for piece in pieces)
        outer_ip_bytes = fact.outer_ip_bytes + sum(piece.outer_ip_bytes for piece in pieces)
        made.append(Unit(fact, wire, outer_ip_bytes, len(pieces) + fact.first_piece))
    return made


def settled(unit: Unit) -> Unit:
    """Return a packet with what only a later one told of it, which is too late for a selection."""
    if unit.fact.told is None:
        return unit
    sport, dport = unit.fact.told
    return replace(unit, fact=replace(unit.fact, sport=sport, dport=dport))


def grouped(packets: Sequence[Unit], key: Callable[[Fact], K]) -> dict[K, list[Unit]]:
    """Return the packets by key, each group in capture order."""
    groups: dict[K, list[Unit]] = {}
    for unit in packets:
        groups.setdefault(key(unit.fact), []).append(unit)
    return groups


def by_level(
    packets: Sequence[Unit], key: Callable[[Level], K]
) -> dict[tuple[K, str, int], list[tuple[Unit, Level]]]:
    """Return the packets by a key of each of their overlays, the path to it, and its depth."""
    groups: dict[tuple[K, str, int], list[tuple[Unit, Level]]] = {}
    for unit in packets:
        for level in unit.fact.levels:
            groups.setdefault((key(level), level.path, level.depth), []).append((unit, level))
    return groups


def times(group: Sequence[Unit]) -> Row:
    """When the first and the last of them passed."""
    every = [unit.fact.time for unit in group]
    return {"first_seen": rfc3339(min(every)), "last_seen": rfc3339(max(every))}


def sums(group: Sequence[Unit]) -> Row:
    """Return what every table counts."""
    return {
        "packets": len(group),
        "inner_bytes": sum(unit.fact.inner_bytes for unit in group),
        "payload_bytes": sum(unit.fact.payload for unit in group),
        "wire_bytes": sum(unit.wire for unit in group),
    }


def overhead_sums(group: Sequence[Unit]) -> Row:
    """Return the wire bytes less the inner ones, and their share."""
    total = sums(group)
    over = total["wire_bytes"] - total["inner_bytes"]
    return {"overhead_bytes": over, "overhead_percent": percent(over, total["wire_bytes"])}


def directions(group: Sequence[Unit], forward: Callable[[Fact], bool], names: tuple[str, str]) -> Row:
    """Packets and inner bytes each way; `names` are the column suffixes of forward and backward."""
    row: Row = {}
    for name, wanted in zip(names, (True, False), strict=True):
        there = sums([unit for unit in group if forward(unit.fact) is wanted])
        row |= {f"packets_{name}": there["packets"], f"inner_bytes_{name}": there["inner_bytes"]}
    return row


OUTER_SUMS = ("zero", "right", "wrong", "partial", "unverified")
INNER_SUMS = OUTER_SUMS[1:]


def checksums(group: Sequence[Unit]) -> Row:
    """Return how many packets have which checksums."""
    outer = Counter(unit.fact.outer_sum for unit in group)
    inner = Counter(unit.fact.inner_sum for unit in group)
    return {f"outer_udp_checksum_{name}": outer[name] for name in OUTER_SUMS} | {
        f"inner_checksum_{name}": inner[name] for name in INNER_SUMS
    }


# ---- tables --------------------------------------------------------------------------------------


def vteps_of(levels: Sequence[Level]) -> set[str]:
    """Return the VTEPs that these overlays name; a multicast group is none."""
    return {a for level in levels for a in (level.src, level.dst) if not multicast(a)}


def tunnel_key(level: Level) -> tuple[str, str]:
    """Return the sender and a group, or the two addresses with the lower one first."""
    if multicast(level.dst):
        return level.src, level.dst
    low, high = sorted((level.src, level.dst), key=address_key)
    return low, high


def flow_key(fact: Fact) -> Hashable:
    """Return the same for both directions of a flow; None where there is no IP packet to see."""
    if fact.ip_src is None:
        return None
    ends = frozenset(((fact.ip_src, fact.sport), (fact.ip_dst, fact.dport)))
    return fact.vni, fact.path, fact.protocol, ends


def flow_groups(packets: Sequence[Unit]) -> list[list[Unit]]:
    """Return the packets of each flow."""
    return [group for key, group in grouped(packets, flow_key).items() if key is not None]


def with_health(packets: Sequence[Unit]) -> list[Unit]:
    """Return the packets with what their TCP segments count, and each connection's round trip."""
    made = list(packets)
    for key in {flow_key(unit.fact) for unit in packets} - {None}:
        places = [place for place, unit in enumerate(packets) if flow_key(unit.fact) == key]
        counts, handshake = tcp_health.follow([packets[place].fact for place in places])
        first = next((at for at in places if "R" not in (packets[at].fact.flags or "R")), None)
        for place, count in zip(places, counts, strict=True):
            time = handshake.round_trip if place == first else None
            made[place] = replace(made[place], health=count, round_trip=time)
    return made


def cell_key(fact: Fact) -> Hashable:
    """Return what the packets of one cell have in common."""
    tunnel = (fact.around, fact.outer_src, fact.outer_dst, fact.vni)
    frame = (fact.mac_src, fact.mac_dst, fact.tag, fact.ethertype, fact.dont_learn)
    return *tunnel, *frame, fact.ip_src, fact.ip_dst, fact.protocol, fact.sport, fact.dport


def tcp_sums(group: Sequence[Unit]) -> Row:
    """Return how the TCP connections of a row fare."""
    cells = grouped(group, cell_key).values()
    row: Row = {
        "tcp_segments": sum(len(cell) for cell in cells if any(unit.fact.flags for unit in cell)),
        "rtt_ms": None,
    }
    row |= {name: sum((unit.health or {}).get(name, 0) for unit in group) for name in tcp_health.COUNTS}
    row["retransmission_percent"] = percent(row["retransmitted"], row["tcp_segments"])
    times = [unit.round_trip for unit in group if unit.round_trip is not None]
    return row | {"rtt_ms": median(times) / 1e6 if times else None}


def flow_health(group: Sequence[Unit], forward: Callable[[Fact], bool]) -> Row:
    """Return how a flow's TCP connection fares; nulls where there is no segment to see."""
    names = [
        *(f"{name}_{way}" for name in tcp_health.COUNTS if name != "syn_retries" for way in ("fwd", "rev")),
        *("syn_retries", "rtt_syn_ms", "rtt_ack_ms"),
    ]
    row: Row = dict.fromkeys(names)
    if not any(unit.fact.flags for unit in group):
        return row
    counts, handshake = tcp_health.follow([unit.fact for unit in group])
    sent = [forward(unit.fact) for unit in group]
    for name in tcp_health.COUNTS:
        both = {
            way: sum(count[name] for count, is_ahead in zip(counts, sent, strict=True) if is_ahead is wanted)
            for way, wanted in (("fwd", True), ("rev", False))
        }
        row |= {f"{name}_{way}": count for way, count in both.items()}
    row["syn_retries"] = row.pop("syn_retries_fwd") + row.pop("syn_retries_rev")
    halves = (None if half is None else half / 1e6 for half in handshake.halves)
    return row | dict(zip(("rtt_syn_ms", "rtt_ack_ms"), halves, strict=True))


def vnis(packets: Sequence[Unit]) -> list[Row]:
    """Return the table `vnis`."""
    rows = []
    for (vni, path, depth), pairs in by_level(packets, lambda level: level.vni).items():
        group, levels = [unit for unit, _ in pairs], [level for _, level in pairs]
        innermost = [unit for unit, level in pairs if level == unit.fact.innermost]
        ips = {
            a
            for unit in innermost
            for a in (unit.fact.ip_src, unit.fact.ip_dst)
            if a is not None and host_address(a)
        }
        row = {"vni": vni, **sums(group), **overhead_sums(group), **times(group)}
        row["bum_packets"] = sum(
            unit.fact.mac_dst is not None and group_bit(unit.fact.mac_dst) for unit in group
        )
        row["tagged_packets"] = sum(unit.fact.tagged for unit in group)
        row["icmp_errors"] = sum(unit.fact.complains for unit in group)
        row |= {
            "vteps": len(vteps_of(levels)),
            "tunnels": len({tunnel_key(level) for level in levels}),
            "macs": len(fdb(innermost)),
        }
        row |= {"ips": len(ips), "flows": len(flow_groups(innermost))} | tcp_sums(group)
        row["policy_ids"] = sorted({level.policy[0] for level in levels if level.policy is not None})
        rows.append(row | {"encapsulation": path, "depth": depth} | checksums(group))
    return rows


def opener(group: Sequence[Unit]) -> tuple[str, int | None]:
    """Which end opened the flow."""
    openers = set()
    for fact in (unit.fact for unit in group):
        if fact.flags is not None and "S" in fact.flags:
            answer = "A" in fact.flags
            openers.add((fact.ip_dst, fact.dport) if answer else (fact.ip_src, fact.sport))
    first = group[0].fact
    end = openers.pop() if len(openers) == 1 else (first.ip_src, first.sport)
    assert end[0] is not None
    return end[0], end[1]


def letters(flags: Sequence[str | None]) -> str | None:
    """All flags of some segments; None where there was none."""
    return "".join(letter for letter in "FSRPAUEC" if any(letter in (text or "") for text in flags)) or None


def tcp_state(exchange: tuple[tuple[bool, str], ...], protocol: str | None) -> Any:
    """Zeek's state where the exchange is a textbook case; what a mixed one is called stays open."""
    if protocol != "tcp":
        return None
    sorted_flags = {
        state: tuple((way, "".join(sorted(flags))) for way, flags in steps)
        for state, steps in TCP_STATES.items()
    }
    mine = tuple((way, "".join(sorted(flags))) for way, flags in exchange)
    return next((state for state, steps in sorted_flags.items() if steps == mine), ANY)


def flows(packets: Sequence[Unit]) -> list[Row]:
    """Return the table `flows`."""
    rows = []
    for group in flow_groups(packets):
        src = opener(group)
        first = group[0].fact
        ends = [(first.ip_src, first.sport), (first.ip_dst, first.dport)]
        dst = ends[1] if ends[0] == src else ends[0]

        def forward(fact: Fact, src: tuple[str, int | None] = src) -> bool:
            return (fact.ip_src, fact.sport) == src

        ahead = [unit.fact for unit in group if forward(unit.fact)]
        back = [unit.fact for unit in group if not forward(unit.fact)]
        exchange = tuple((forward(unit.fact), unit.fact.flags or "") for unit in group)
        row: Row = {
            "vni": first.vni,
            "protocol": first.protocol,
            "src_ip": src[0],
            "src_port": src[1],
            "dst_ip": dst[0],
            "dst_port": dst[1],
        }
        # Where a flow came over more than one tunnel, which of them is named stays open.
        tunnels = {(fact.outer_src, fact.outer_dst) for fact in ahead} | {
            (fact.outer_dst, fact.outer_src) for fact in back
        }
        row["src_vtep"], row["dst_vtep"] = next(iter(tunnels)) if len(tunnels) == 1 else (ANY, ANY)
        row |= sums(group) | directions(group, forward, ("fwd", "rev")) | times(group)
        every = [unit.fact.time for unit in group]
        row["duration_s"] = (max(every) - min(every)) / 1e9
        row["tcp_flags_fwd"] = letters([fact.flags for fact in ahead])
        row["tcp_flags_rev"] = letters([fact.flags for fact in back])
        row["tcp_state"] = tcp_state(exchange, first.protocol)
        row |= flow_health(group, forward)
        row["encapsulation"], row["vni_rev"] = first.path, None
        verdicts = checksums(group)
        row |= {f"checksum_{name}": verdicts[f"inner_checksum_{name}"] for name in ("wrong", "partial")}
        row["icmp_errors"] = sum(
            fact.quoted is not None and (fact.vni, fact.path, *fact.quoted) == flow_key(first)
            for fact in (unit.fact for unit in packets)
        )
        rows.append(row)
    return rows


def conversations(packets: Sequence[Unit], by: str) -> list[Row]:
    """Return the table `conversations` by `mac` or `ip`."""
    a, b = f"{by}_src", f"{by}_dst"

    def order(text: str | None) -> tuple[int, int]:
        if text is None:
            return 0, 0
        return (1, int(text.replace(":", ""), 16)) if by == "mac" else address_key(text)

    def key(fact: Fact) -> tuple[int, str, str | None, str | None]:
        low, high = sorted((getattr(fact, a), getattr(fact, b)), key=order)
        return fact.vni, fact.path, low, high

    rows = []
    for (vni, path, low, high), group in grouped(packets, key).items():
        if by == "ip" and low is None:
            continue
        total = sums(group)
        del total["payload_bytes"]
        row = {"vni": vni, f"{by}_a": low, f"{by}_b": high, **total, **times(group), "encapsulation": path}
        row["vni_rev"] = None
        row |= directions(group, lambda fact, low=low: getattr(fact, a) == low, ("ab", "ba"))  # type: ignore[misc]
        name = "ethertypes" if by == "mac" else "protocols"
        kinds = {unit.fact.ethertype if by == "mac" else unit.fact.protocol for unit in group}
        row[name] = sorted(kind for kind in kinds if kind is not None)
        rows.append(row)
    return rows


def tunnels(packets: Sequence[Unit]) -> list[Row]:
    """Return the table `tunnels`."""
    rows = []
    for ((low, high), path, depth), pairs in by_level(packets, tunnel_key).items():
        ports: dict[bool, set[int]] = {True: set(), False: set()}
        ways = {level.src == low for _, level in pairs}
        for _, level in pairs:
            if level.source_port is not None:
                ports[level.src == low].add(level.source_port)
        group = [unit for unit, _ in pairs]
        total = sums(group)
        del total["payload_bytes"]
        row = {
            "vtep_a": low,
            "vtep_b": high,
            "kind": "multicast" if multicast(high) else "unicast",
            **total,
            **times(group),
        }
        row["direction"] = "both" if len(ways) > 1 else "a_to_b" if True in ways else "b_to_a"
        row["vnis"] = sorted({level.vni for _, level in pairs})
        for name, wanted in (("ab", True), ("ba", False)):
            there = sums([unit for unit, level in pairs if (level.src == low) is wanted])
            row |= {f"packets_{name}": there["packets"], f"inner_bytes_{name}": there["inner_bytes"]}
        row["overhead_percent"] = overhead_sums(group)["overhead_percent"]
        row |= {"source_ports_ab": len(ports[True]), "source_ports_ba": len(ports[False])} | tcp_sums(group)
        rows.append(row | {"encapsulation": path, "depth": depth} | checksums(group))
    return rows


SOUND_ECN = {(0, 0), (1, 1), (2, 2), (3, 3), (1, 3), (2, 3)}
"""Inner and outer ECN field: a copy (RFC 6040 section 4.1), or marked with congestion on the way."""
ICMP_COLUMNS = ("icmp_frag_needed", "icmp_unreachable", "icmp_time_exceeded", "icmp_parameter_problem")


def underlay(packets: Sequence[Unit], errors: Sequence[About]) -> list[Row]:
    """Return the table `underlay`."""
    ways = grouped(packets, lambda fact: (fact.levels[0].src, fact.levels[0].dst))
    rows = []
    for src, dst in {*ways, *(error.way for error in errors)}:
        group = ways.get((src, dst), [])
        about = [error for error in errors if error.way == (src, dst)]
        row = {"src_vtep": src, "dst_vtep": dst, **treatment(group)}
        if ":" in src:
            row["df_packets"] = None
        row |= {column: sum(error.column == column for error in about) for column in ICMP_COLUMNS}
        row["icmp_mtu"] = min((error.mtu for error in about if error.mtu is not None), default=None)
        row["icmp_vnis"] = sorted({error.vni for error in about if error.vni is not None})
        rows.append(row)
    return rows


def treatment(group: Sequence[Unit]) -> Row:
    """Return what the outer headers of some packets say."""
    every = [unit.fact for unit in group]
    classes = [(fact.inner_class, fact.outer_class) for fact in every if fact.inner_class is not None]
    ttls = [fact.ttl for fact in every]
    found = (fact.levels[0].source_port for fact in every)
    ports = Counter(port for port in found if port is not None)
    busiest = min(ports, key=lambda port: (-ports[port], port), default=None)
    return {
        "vnis": sorted({fact.levels[0].vni for fact in every}),
        "packets": len(every),
        "wire_bytes": sum(unit.wire for unit in group),
        "ttl_min": min(ttls, default=None),
        "ttl_max": max(ttls, default=None),
        "ttl_changes": sum(
            before.ttl != after.ttl
            for route in {fact.route for fact in every}
            for before, after in pairwise(fact for fact in every if fact.route == route)
        ),
        "dscp": sorted({fact.outer_class >> 2 for fact in every}),
        "dscp_mismatch_packets": sum(inner >> 2 != outer >> 2 for inner, outer in classes),
        "ecn": [
            name
            for value, name in enumerate(("not-ect", "ect1", "ect0", "ce"))
            if any(fact.outer_class & 3 == value for fact in every)
        ],
        "ce_packets": sum(fact.outer_class & 3 == 3 for fact in every),
        "ecn_mismatch_packets": sum((inner & 3, outer & 3) not in SOUND_ECN for inner, outer in classes),
        "source_ports": len(ports),
        "busiest_port": busiest,
        "busiest_port_percent": None if busiest is None else percent(ports[busiest], len(every)),
        "flows_per_port": len(flow_groups(group)) / len(ports) if ports else None,
        "df_packets": sum(fact.dont_fragment for fact in every),
        "fragments": sum(unit.pieces for unit in group),
        **(times(group) if group else {"first_seen": None, "last_seen": None}),
    }


def vteps(packets: Sequence[Unit]) -> list[Row]:
    """Return the table `vteps`: a packet counts at the ends of each of its overlays."""
    rows = []
    every = [(unit, level) for unit in packets for level in unit.fact.levels]
    for vtep in vteps_of([level for _, level in every]):
        sent = [(unit, level) for unit, level in every if level.src == vtep]
        received = [(unit, level) for unit, level in every if level.dst == vtep]
        both = [(unit, level) for unit, level in every if vtep in (level.src, level.dst)]
        outer_macs = {level.outer_mac for _, level in sent if level.outer_mac is not None}
        row = {
            "vtep": vtep,
            "vnis": sorted({level.vni for _, level in both}),
            "peers": len(vteps_of([level for _, level in both]) - {vtep}),
        }
        row |= {"packets_sent": len(sent), "packets_received": len(received)}
        row |= {
            "inner_bytes_sent": sums([unit for unit, _ in sent])["inner_bytes"],
            "inner_bytes_received": sums([unit for unit, _ in received])["inner_bytes"],
        }
        units = [unit for unit, _ in both]
        row |= {"wire_bytes": sums(units)["wire_bytes"], "outer_macs": sorted(outer_macs), **times(units)}
        innermost = [unit.fact for unit, level in sent if level == unit.fact.innermost]
        row["macs"] = len({(f.vni, f.path, f.mac_src) for f in innermost if learned(f)})
        rows.append(row)
    return rows


def fdb(packets: Sequence[Unit]) -> list[Row]:
    """Return the table `fdb`."""
    rows = []
    told = [unit for unit in packets if learned(unit.fact)]
    for (vni, path, mac), group in grouped(told, lambda f: (f.vni, f.path, f.mac_src)).items():
        behind = [unit.fact.outer_src for unit in group]
        moved = [
            after.fact.time
            for before, after in pairwise(group)
            if before.fact.outer_src != after.fact.outer_src
        ]
        spans = [abs(moved[at + 4] - moved[at]) for at in range(len(moved) - 4)]
        ips = {a for unit in group for a in (unit.fact.ip_src, unit.fact.sender) if a is not None}
        ips |= {
            unit.fact.says.ip
            for unit in packets
            if (unit.fact.vni, unit.fact.path) == (vni, path)
            and isinstance(unit.fact.says, Claim)
            and (unit.fact.says.by, unit.fact.says.mac) == ("nd", mac)
        }
        known = sorted((a for a in ips if not ip_address(a).is_unspecified), key=address_key)
        row = {
            "vni": vni,
            "mac": mac,
            "vtep": behind[-1],
            "ips": known,
            "packets": len(group),
            "moves": len(moved),
            "five_moves_s": min(spans) / 1e9 if spans else None,
            "encapsulation": path,
        }
        rows.append(row | times(group))
    return rows


def addresses(packets: Sequence[Unit]) -> list[Row]:
    """Return the table `addresses`."""
    told: dict[tuple[int, str, str], list[Told]] = {}
    names: dict[tuple[int, str], dict[str, str]] = {}
    for unit in packets:
        fact, vni = unit.fact, (unit.fact.vni, unit.fact.path)
        sender = fact.ip_src or fact.sender
        about = Told(fact.time, fact.outer_src)
        if sender is not None and host_address(sender) and learnable(fact.mac_src):
            sent = replace(about, mac=fact.mac_src, ip_packet=fact.ip_src is not None)
            told.setdefault((*vni, sender), []).append(sent)
        says = fact.says
        if isinstance(says, Claim):
            told.setdefault((*vni, says.ip), []).append(replace(about, claim=says))
        elif isinstance(says, Grant):
            claim = Claim(says.ip, says.client, "dhcp", firm=False) if says.here else None
            told.setdefault((*vni, says.ip), []).append(replace(about, grant=says, claim=claim))
        elif says is not None:
            names.setdefault(vni, {})[says.client] = says.name
    rows = []
    for (vni, path, ip), each in told.items():
        row = address_row(each, names.get((vni, path), {}))
        every, leased = row.pop("times"), row["leased_at"]
        row |= {"first_seen": rfc3339(min(every)), "last_seen": rfc3339(max(every))}
        row |= {"leased_at": None if leased is None else rfc3339(leased)}
        rows.append({"vni": vni, "ip": ip, "encapsulation": path} | row)
    return rows


def overhead(packets: Sequence[Unit], by: str) -> list[Row]:
    """Return the table `overhead` by `total`, `vni` or `tunnel`."""
    keys: dict[str, Callable[[Fact], tuple[Any, ...]]] = {
        "total": lambda _: (),
        "vni": lambda fact: (fact.levels[0].vni, fact.levels[0].path),
        "tunnel": lambda fact: (*tunnel_key(fact.levels[0]), fact.levels[0].path),
    }
    names = {
        "total": (),
        "vni": ("vni", "encapsulation"),
        "tunnel": ("vtep_a", "vtep_b", "encapsulation"),
    }[by]
    rows = []
    for key, group in grouped(packets, keys[by]).items():
        row = dict(zip(names, key, strict=True)) | sums(group) | overhead_sums(group)
        row["outer_ip_bytes"] = sum(unit.outer_ip_bytes for unit in group)
        row["udp_bytes"] = sum(unit.fact.udp_bytes for unit in group)
        row["vxlan_bytes"] = sum(unit.fact.overlay_bytes for unit in group)
        row["carrier_bytes"] = sum(unit.fact.carrier_bytes for unit in group)
        headers = row["outer_ip_bytes"] + row["udp_bytes"] + row["vxlan_bytes"] + row["carrier_bytes"]
        row["outer_ethernet_bytes"] = row["overhead_bytes"] - headers
        row["goodput_percent"] = percent(row["payload_bytes"], row["wire_bytes"])
        row["vlan_overhead_bytes"] = 4 * len(group)
        on_cable = [unit.fact.outer_packet for unit in group if not unit.fact.offload]
        row["largest_outer_ip_packet"] = max(unit.fact.outer_packet for unit in group)
        row["required_underlay_mtu"] = max(on_cable) if on_cable else None
        row["offload_frames"] = sum(unit.fact.offload for unit in group)
        rows.append(row)
    return rows


VIEWS: dict[str, Callable[[Sequence[Unit]], list[Row]]] = {
    "vnis": vnis,
    "flows": flows,
    "conversations_mac": lambda packets: conversations(packets, "mac"),
    "conversations_ip": lambda packets: conversations(packets, "ip"),
    "tunnels": tunnels,
    "vteps": vteps,
    "fdb": fdb,
    "addresses": addresses,
    "overhead_total": lambda packets: overhead(packets, "total"),
    "overhead_vni": lambda packets: overhead(packets, "vni"),
    "overhead_tunnel": lambda packets: overhead(packets, "tunnel"),
}


def tables(
    facts: Sequence[Fact], wanted: Callable[[Fact], bool] = lambda _: True, *, verified: bool = False
) -> dict[str, list[Row]]:
    """Every table of a capture, under a selection; checksums are null unless they are `verified`."""
    chosen = with_health([settled(unit) for unit in units(facts) if wanted(unit.fact)])
    errors = [fact.about for fact in facts if fact.about is not None and wanted(fact.about.quoted)]
    every = {name: view(chosen) for name, view in VIEWS.items()} | {"underlay": underlay(chosen, errors)}
    for row in (row for rows in every.values() for row in rows if not verified):
        row.update({column: None for column in row if "checksum" in column})
    return every


def dispositions(facts: Sequence[Fact]) -> dict[str, int]:
    """How the frames ended."""
    names = ("vxlan", "fragment", "other", "invalid", "malformed")
    return {"total": len(facts)} | {name: sum(fact.disposition == name for fact in facts) for name in names}


def incomplete(facts: Sequence[Fact]) -> dict[Hashable, list[Fact]]:
    """Return the pieces of each outer datagram that was never whole."""
    pieces: dict[Hashable, list[Fact]] = {}
    for fact in facts:
        if fact.datagram is not None:
            pieces.setdefault(fact.datagram, []).append(fact)
    return {key: own for key, own in pieces.items() if all(fact.disposition == "fragment" for fact in own)}


def reasons(facts: Sequence[Fact]) -> dict[str, int]:
    """How often each reason was given."""
    given = [fact.reason for fact in facts if fact.reason is not None]
    return {reason: given.count(reason) for reason in set(given)}
