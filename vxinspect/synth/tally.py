"""Shares to rows: every table of docs/tables.md, counted a second time and apart from the engine."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeAlias

from vxinspect.synth.addresses import Address, Grant
from vxinspect.synth.counts import Cost, Direction, Group, Row, Station, Sums, Way, rfc3339
from vxinspect.synth.health import Account, Connection, Step, flow_row, sums_row
from vxinspect.synth.packet import About
from vxinspect.synth.shares import Layer, Segments, Share
from vxinspect.synth.states import tcp_state

__all__ = ["Tally"]

End: TypeAlias = tuple[str, int | None]
Tunnel: TypeAlias = tuple[str, str]
Wrapped: TypeAlias = tuple[int, str]
"""A VNI, and the path to it."""
Pairs: TypeAlias = dict[tuple[Wrapped, str | None, str | None], "Group"]

_NUMBER = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
_BROADCAST = "255.255.255.255"
_ADDRESSES = 1 << 16
"""So many are remembered: to take an address apart again for each row is what the time would go into."""


@lru_cache(_ADDRESSES)
def ip_key(text: str) -> tuple[int, int]:
    """Return the order of addresses: IPv4 before IPv6, each by number."""
    address = ip_address(text)
    return address.version, int(address)


@lru_cache(_ADDRESSES)
def is_group(mac: str | None) -> bool:
    """Whether a MAC address is a group's."""
    return mac is not None and bool(int(mac[:2], 16) & 1)


@lru_cache(_ADDRESSES)
def is_multicast(text: str) -> bool:
    """Whether an IP address is a group's."""
    return ip_address(text).is_multicast


@lru_cache(_ADDRESSES)
def is_unspecified(text: str) -> bool:
    """Whether an IP address is nobody's."""
    return ip_address(text).is_unspecified


class Tally:
    """Every table. Packets are added in the order of the capture, shares of many in any order.

    The latter have senders of their own, who never move.
    """

    def __init__(self) -> None:
        self._vnis: dict[Wrapped, Group] = {}
        self._flows: dict[tuple[Wrapped, str | None, frozenset[End]], dict[End, Way]] = {}
        self._by_mac: Pairs = {}
        self._by_ip: Pairs = {}
        self._tunnels: dict[tuple[Tunnel, str], Group] = {}
        self._directions: dict[Tunnel, Direction] = {}
        self._vteps: dict[str, Group] = {}
        self._addresses: dict[tuple[Wrapped, str], Address] = {}
        self._names: dict[Wrapped, dict[str, str]] = {}
        self._stations: dict[tuple[Wrapped, str], Station] = {}
        self._connections: dict[tuple[Wrapped, str | None, frozenset[End]], Connection] = {}
        self._complaints: Counter[tuple[Wrapped, str | None, frozenset[End]]] = Counter()
        self._times: dict[object, list[int]] = {}
        self._total = Cost()
        self._by_vni: dict[Wrapped, Cost] = {}
        self._by_tunnel: dict[tuple[Tunnel, str], Cost] = {}

    def add(self, share: Share) -> None:
        """Count a share in every table."""
        for layer in share.layers:
            self._add_layer(share, layer)
        self._add_direction(share)
        self._add_costs(share)
        self._add_station(share)
        self._add_conversations(share)
        self._add_address(share)
        if share.quoted is not None:
            self._complaints[((share.vni, share.path), *share.quoted)] += 1

    def _add_layer(self, share: Share, layer: Layer) -> None:
        vni = self._vnis.setdefault((layer.vni, layer.path), Group(depth=layer.depth))
        vni.sums.add(share)
        vni.verdicts.add(share)
        vni.bum += share.packets * is_group(share.mac_dst)
        vni.complaints += share.complains
        tunnel_key = _tunnel(layer.src, layer.dst)
        vni.note("policies", *(() if layer.policy is None else (layer.policy,)))
        vni.note("tunnels", tunnel_key)
        vni.note("vteps", *_no_groups(layer.src, layer.dst))
        tunnel = self._tunnels.setdefault((tunnel_key, layer.path), Group(depth=layer.depth))
        tunnel.sums.add(share)
        tunnel.verdicts.add(share)
        is_ahead = layer.src == tunnel_key[0]
        (tunnel.ahead if is_ahead else tunnel.back).add(share)
        tunnel.note("vnis", layer.vni)
        if layer.source_port is not None:
            tunnel.note("ports_ab" if is_ahead else "ports_ba", layer.source_port)
        self._add_vteps(share, layer)

    def _add_vteps(self, share: Share, layer: Layer) -> None:
        ends = _no_groups(layer.src, layer.dst)
        for vtep in ends:
            row = self._vteps.setdefault(vtep, Group())
            row.sums.add(share)
            row.note("vnis", layer.vni)
            row.note("peers", *(end for end in ends if end != vtep))
            (row.ahead if vtep == layer.src else row.back).add(share)
        sender = self._vteps[layer.src]
        if layer.outer_mac is not None:
            sender.note("outer_macs", layer.outer_mac)
        if layer == share.innermost and _is_learned(share.mac_src) and not share.dont_learn:
            sender.note("macs", (share.vni, share.path, share.mac_src))

    def _add_direction(self, share: Share) -> None:
        outermost = share.layers[0]
        row = self._directions.setdefault((outermost.src, outermost.dst), Direction())
        row.add(share)
        if share.ip_src is not None:
            ends = (share.ip_src, share.sport), (share.ip_dst, share.dport)
            row.note("flows", (share.vni, share.path, share.protocol, frozenset(ends)))

    def complain(self, about: About, *, has_vni: bool) -> None:
        """Count an ICMP error about a packet."""
        row = self._directions.setdefault((about.src, about.dst), Direction())
        row.errors[about.error] += 1
        row.note("mtus", *(() if about.mtu is None else (about.mtu,)))
        row.note("error vnis", *((about.vni,) if has_vni else ()))

    def _add_costs(self, share: Share) -> None:
        self._total.add(share)
        outermost = share.layers[0]
        self._by_vni.setdefault((outermost.vni, outermost.path), Cost()).add(share)
        tunnel = _tunnel(outermost.src, outermost.dst)
        self._by_tunnel.setdefault((tunnel, outermost.path), Cost()).add(share)

    def _add_station(self, share: Share) -> None:
        mac = share.mac_src
        if mac is None or not _is_learned(mac) or share.dont_learn:
            return
        vni = share.vni, share.path
        station = self._stations.setdefault((vni, mac), Station())
        self._vnis[vni].note("macs", mac)
        station.moves += bool(station.vtep) and station.vtep != share.src
        station.vtep = share.src
        station.sums.add(share)
        sources = (share.ip_src, share.arp_sender)
        station.ips.update(ip for ip in sources if ip is not None and not is_unspecified(ip))

    def _add_address(self, share: Share) -> None:
        vni, source = (share.vni, share.path), share.ip_src or share.arp_sender
        if (
            source is not None
            and share.mac_src is not None
            and _is_host(source)
            and _is_learned(share.mac_src)
        ):
            self._addresses.setdefault((vni, source), Address()).sent(share.mac_src, share)
        if isinstance(share.says, Grant):
            lease = self._addresses.setdefault((vni, share.says.ip), Address())
            lease.granted(share.says, share.first, share.src)
        elif share.says is not None:
            self._names.setdefault(vni, {})[share.says.client] = share.says.name
        claim = share.claim
        if claim is not None and _is_host(claim.ip) and _is_learned(claim.mac):
            self._addresses.setdefault((vni, claim.ip), Address()).claimed(claim, share.first, share.src)
            if claim.by == "nd" and (vni, claim.mac) in self._stations:
                self._stations[vni, claim.mac].ips.add(claim.ip)

    def _add_conversations(self, share: Share) -> None:
        vni = share.vni, share.path
        macs = sorted((share.mac_src, share.mac_dst), key=_mac_key)
        is_ahead = macs[0] == share.mac_src
        _converse(self._by_mac, vni, macs, share, is_ahead=is_ahead, kind=share.ethertype)
        if share.ip_src is None or share.ip_dst is None:
            return
        ips: list[str] = sorted([share.ip_src, share.ip_dst], key=ip_key)
        is_ahead = ips[0] == share.ip_src
        _converse(self._by_ip, vni, ips, share, is_ahead=is_ahead, kind=share.protocol)
        hosts = [ip for ip in ips if _is_host(ip)]
        vni_row = self._vnis[vni]
        vni_row.note("ips", *hosts)
        ends = (share.ip_src, share.sport), (share.ip_dst, share.dport)
        key = vni, share.protocol, frozenset(ends)
        vni_row.note("flows", key)
        way = self._flows.setdefault(key, {}).setdefault(ends[0], Way())
        way.add(share)
        if share.protocol == "tcp" and share.segments:
            self._add_health(share, self._connections.setdefault(key, Connection()), way)

    def _add_health(self, share: Share, connection: Connection, way: Way) -> None:
        """Count how TCP fares."""
        vnis = [(layer.vni, layer.path) for layer in share.layers]
        tunnels = [(_tunnel(layer.src, layer.dst), layer.path) for layer in share.layers]
        rows = [*(self._vnis[key] for key in vnis), *(self._tunnels[key] for key in tunnels)]
        for row in rows:
            row.tcp_segments += share.packets
        account = Account(*(row.health for row in rows), way.health)
        src, dst = (share.ip_src, share.sport), (share.ip_dst, share.dport)
        account.count("duplicate_acks", share.duplicate_acks)
        for (sender, receiver), flags, time in zip(
            ((src, dst), (dst, src), (src, dst)), ("S", "SA", "A"), share.handshake, strict=False
        ):
            connection.shake(Step(sender, receiver, flags, time))
        if share.said is not None:
            connection.take(src, dst, share.said, share.first, account)
        if not connection.place and "R" not in share.segments[0][0]:
            connection.place = (*vnis, *tunnels)

    # ---- rows ----------------------------------------------------------------------------------------

    def tables(self) -> dict[str, list[Row]]:
        """Return the rows of every table by name, in the contract's order."""
        self._times = _times(self._connections.values())
        return {
            "vnis": _ordered(self._vni_rows(), lambda row: (row["vni"], row["encapsulation"])),
            "flows": _ordered(self._flow_rows(), _flow_order),
            "conversations_mac": _ordered(
                _conversation_rows(self._by_mac, "mac", "ethertypes"),
                lambda row: (
                    *(row["vni"], _mac_key(row["mac_a"]), _mac_key(row["mac_b"])),
                    row["encapsulation"],
                ),
            ),
            "conversations_ip": _ordered(
                _conversation_rows(self._by_ip, "ip", "protocols"),
                lambda row: (row["vni"], ip_key(row["ip_a"]), ip_key(row["ip_b"]), row["encapsulation"]),
            ),
            "tunnels": _ordered(self._tunnel_rows(), _tunnel_order),
            "underlay": _ordered(self._underlay_rows(), _direction_order),
            "vteps": _ordered(self._vtep_rows(), lambda row: ip_key(row["vtep"])),
            "fdb": _ordered(self._fdb_rows(), lambda row: (row["vni"], row["mac"], row["encapsulation"])),
            "addresses": _ordered(
                self._address_rows(), lambda row: (row["vni"], ip_key(row["ip"]), row["encapsulation"])
            ),
            **self._overhead_tables(),
        }

    def _vni_rows(self) -> Iterable[Row]:
        for (vni, path), group in self._vnis.items():
            counts = {name: group.count(name) for name in ("vteps", "tunnels", "macs", "ips", "flows")}
            health = sums_row(group.health, group.tcp_segments, self._round_trips((vni, path)))
            marks: Row = {"bum_packets": group.bum, "icmp_errors": group.complaints}
            marks["policy_ids"] = sorted(group.members.get("policies", ()))
            row = {"vni": vni, **group.sums.row(), **counts, **marks, **health}
            yield row | {"encapsulation": path, "depth": group.depth} | group.verdicts.row()

    def _flow_rows(self) -> Iterable[Row]:
        for ((vni, path), protocol, ends), ways in self._flows.items():
            src, ahead = _opened(ways, ends)
            dst = next((end for end in ends if end != src), src)
            back = ways.get(dst, Way()) if dst != src else Way()
            both = ahead.sums.joined(back.sums)
            row = {"vni": vni, "protocol": protocol, **both.row(), "encapsulation": path}
            row |= {"src_ip": src[0], "src_port": src[1], "dst_ip": dst[0], "dst_port": dst[1]}
            row["src_vtep"], row["dst_vtep"] = _flow_vteps(ahead, back)
            for name, way in (("fwd", ahead), ("rev", back)):
                row[f"packets_{name}"], row[f"inner_bytes_{name}"] = way.sums.packets, way.sums.inner
                row[f"tcp_flags_{name}"] = _letters(way.segments)
            row["duration_s"] = ((both.last or 0) - (both.first or 0)) / 1e9
            for name in ("wrong", "partial"):
                row[f"checksum_{name}"] = ahead.verdicts.inner[name] + back.verdicts.inner[name]
            is_tcp = protocol == "tcp"
            sent = (ahead.sums.packets > 0, back.sums.packets > 0)
            row["tcp_state"] = tcp_state(ahead.segments, back.segments, sent) if is_tcp else None
            row["icmp_errors"] = self._complaints[(vni, path), protocol, ends]
            row["vni_rev"] = None
            connection = self._connections.get(((vni, path), protocol, ends))
            halves = None if connection is None else connection.halves
            yield row | flow_row(ahead.health, back.health, halves)

    def _tunnel_rows(self) -> Iterable[Row]:
        for ((low, high), path), group in self._tunnels.items():
            ahead, back = group.ahead, group.back
            direction = "both" if ahead.packets and back.packets else "a_to_b" if ahead.packets else "b_to_a"
            yield {
                "vtep_a": low,
                "vtep_b": high,
                "kind": "multicast" if is_multicast(high) else "unicast",
                "direction": direction,
                "vnis": sorted(group.members["vnis"]),
                **group.sums.row(),
                **_ways(ahead, back, "ab", "ba"),
                "source_ports_ab": group.count("ports_ab"),
                "source_ports_ba": group.count("ports_ba"),
                **sums_row(group.health, group.tcp_segments, self._round_trips(((low, high), path))),
                "encapsulation": path,
                "depth": group.depth,
                **group.verdicts.row(),
            }

    def _round_trips(self, row: object) -> list[int]:
        """Return the round trips of the connections whose first segment is of a VNI or a tunnel."""
        return self._times.get(row, [])

    def _underlay_rows(self) -> Iterable[Row]:
        for (src, dst), direction in self._directions.items():
            row = {"src_vtep": src, "dst_vtep": dst} | direction.row()
            yield row if ":" not in src else row | {"df_packets": None}

    def _vtep_rows(self) -> Iterable[Row]:
        for vtep, group in self._vteps.items():
            yield {
                "vtep": vtep,
                "vnis": sorted(group.members["vnis"]),
                "peers": group.count("peers"),
                **group.sums.row(),
                **_ways(group.ahead, group.back, "sent", "received"),
                "macs": group.count("macs"),
                "outer_macs": sorted(group.members.get("outer_macs", ())),
            }

    def _fdb_rows(self) -> Iterable[Row]:
        for ((vni, path), mac), station in self._stations.items():
            ips = sorted(station.ips, key=ip_key)
            place = {"vni": vni, "mac": mac, "vtep": station.vtep, "ips": ips, "moves": station.moves}
            yield place | station.sums.row() | {"encapsulation": path}

    def _address_rows(self) -> Iterable[Row]:
        for ((vni, path), ip), address in self._addresses.items():
            names = self._names.get((vni, path), {})
            row = {"vni": vni, "ip": ip, **address.row(names)}
            row |= {"wire_bytes": address.wire, "encapsulation": path}
            row["vteps"] = sorted(row["vteps"], key=ip_key)
            row["leased_at"] = None if row["leased_at"] is None else rfc3339(row["leased_at"])
            first, last = map(rfc3339, address.times)
            yield row | {"first_seen": first, "last_seen": last}

    def _overhead_tables(self) -> dict[str, list[Row]]:
        by_vni = [
            {"vni": vni, "encapsulation": path} | cost.row() for (vni, path), cost in self._by_vni.items()
        ]
        by_tunnel = [
            {"vtep_a": low, "vtep_b": high, "encapsulation": path} | cost.row()
            for ((low, high), path), cost in self._by_tunnel.items()
        ]
        return {
            "overhead_total": [self._total.row()],
            "overhead_vni": _ordered(by_vni, lambda row: (row["vni"], row["encapsulation"])),
            "overhead_tunnel": _ordered(by_tunnel, _tunnel_order),
        }


def _times(connections: Iterable[Connection]) -> dict[object, list[int]]:
    """Return the round trips by VNI and by tunnel."""
    times: dict[object, list[int]] = {}
    for connection in connections:
        if connection.round_trip is not None:
            for row in connection.place:
                times.setdefault(row, []).append(connection.round_trip)
    return times


def _ordered(rows: Iterable[Row], key: Callable[[Row], Any]) -> list[Row]:
    """Return rows by wire bytes, the largest first, then by key."""
    return sorted(rows, key=lambda row: (-row["wire_bytes"], key(row)))


def _no_groups(*ips: str) -> list[str]:
    return [ip for ip in ips if not is_multicast(ip)]


@lru_cache(_ADDRESSES)
def _is_host(ip: str) -> bool:
    """Whether an inner address is one host's."""
    return not (is_unspecified(ip) or is_multicast(ip) or ip == _BROADCAST)


def _is_learned(mac: str | None) -> bool:
    """Whether a VTEP learns a source MAC."""
    return mac is not None and not is_group(mac) and mac != "00:00:00:00:00:00"


def _tunnel(src: str, dst: str) -> Tunnel:
    """Return a tunnel's ends: the sender and a group, or the lower address and the other."""
    if is_multicast(dst):
        return src, dst
    low, high = sorted((src, dst), key=ip_key)
    return low, high


def _tunnel_order(row: Row) -> tuple[Any, ...]:
    return ip_key(row["vtep_a"]), ip_key(row["vtep_b"]), row["encapsulation"]


def _direction_order(row: Row) -> tuple[Any, ...]:
    return ip_key(row["src_vtep"]), ip_key(row["dst_vtep"])


def _flow_order(row: Row) -> tuple[Any, ...]:
    ends = ((ip_key(row[f"{end}_ip"]), row[f"{end}_port"] or -1) for end in ("src", "dst"))
    return row["vni"], _NUMBER[row["protocol"]], *ends, row["encapsulation"]


def _mac_key(mac: str | None) -> str:
    return mac or ""


def _converse(
    pairs: Pairs, vni: Wrapped, order: Sequence[str | None], share: Share, *, is_ahead: bool, kind: str | None
) -> None:
    group = pairs.setdefault((vni, order[0], order[1]), Group())
    group.sums.add(share)
    (group.ahead if is_ahead else group.back).add(share)
    if kind is not None:
        group.note("kinds", kind)


def _conversation_rows(pairs: Pairs, by: str, kinds: str) -> Iterator[Row]:
    for ((vni, path), low, high), group in pairs.items():
        row = {"vni": vni, f"{by}_a": low, f"{by}_b": high} | group.sums.row()
        row["encapsulation"], row["vni_rev"] = path, None
        yield (
            row | _ways(group.ahead, group.back, "ab", "ba") | {kinds: sorted(group.members.get("kinds", ()))}
        )


def _ways(ahead: Sums, back: Sums, *names: str) -> Row:
    """Return packets and inner bytes each way."""
    ways = list(zip(names, (ahead, back), strict=True))
    packets = {f"packets_{name}": way.packets for name, way in ways}
    return packets | {f"inner_bytes_{name}": way.inner for name, way in ways}


def _opened(ways: dict[End, Way], ends: frozenset[End]) -> tuple[End, Way]:
    """Return who opened a flow, and what it sent: the SYN's sender, the SYN-ACK's receiver, or the first."""
    first = min(ways, key=lambda end: ways[end].sums.first or 0)
    other = next((end for end in ends if end != first), first)
    # Each has opened if it sent a SYN or was answered with a SYN-ACK.
    opened = [
        _sent(ways.get(end, Way()), "S", without="A") or _sent(ways.get(peer, Way()), "SA")
        for end, peer in ((first, other), (other, first))
    ]
    src = other if opened == [False, True] else first
    return src, ways.get(src, Way())


def _sent(way: Way, flags: str, without: str = "-") -> bool:
    return any(set(flags) <= set(seen) and without not in seen for seen, _ in way.segments)


def _flow_vteps(ahead: Way, back: Way) -> tuple[str | None, str | None]:
    """Return the VTEP that the source is behind, and the destination's: of a flood, the one that answered."""
    if ahead.vteps is None:
        return (back.vteps[1], back.vteps[0]) if back.vteps else (None, None)
    src, dst = ahead.vteps
    return src, back.vteps[0] if is_multicast(dst) and back.vteps else dst


def _letters(segments: Segments) -> str | None:
    return "".join(letter for letter in "FSRPAUEC" if any(letter in flags for flags, _ in segments)) or None
