"""Two MACs have the same IP address."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, named
from vxinspect.rules.overlaps import rivals
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:")
"""VRRP for IPv4 and IPv6 (RFC 9568 section 7.3), HSRP: a router's second MAC for the same address."""

_SHOWN = 5
"""Of so many MACs frames are shown."""
_TAKEN_BACK = 180
"""Seconds: what comes back after longer is a failback, as in the table of addresses."""
_IN_FLIGHT = 0.1
"""Seconds: what comes from a MAC so shortly after another took its address was under way."""


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    told = set()
    for row in facts.addresses.where(least={"conflicts": 1}):
        macs = [mac for mac in row["macs"] if not mac.startswith(_VIRTUAL)]
        if len(macs) > 1:
            told.add((row["vni"], row["ip"]))
            yield Found(
                subject=f"{row['ip']} at {named(macs)}",
                seen=f"{plural(row['conflicts'], 'time')} a MAC took it back, or went on sending from it, "
                f"after another had claimed it; {plural(row['claims'], 'claim')} by "
                f"{' and '.join(_said(row))}, behind {named(row['vteps'])}",
                frames=row["claims"],
                vni=row["vni"],
                where=tuple({"vni": row["vni"], "src_mac": mac} for mac in macs),
            )
    yield from _in_turn(facts, limits, told)


def _said(row: Mapping[str, Any]) -> list[str]:
    names = {"arp": "ARP", "nd": "Neighbor Discovery", "dhcp": "DHCP"}
    return [name for by, name in names.items() if by in row["sources"]]


def _in_turn(
    facts: Facts, limits: Mapping[str, float], told: AbstractSet[tuple[int, str]]
) -> Iterator[Found]:
    """Find addresses that two MACs use in turn, too shortly for the table of addresses to be sure."""
    if facts.seconds > _TAKEN_BACK:
        return
    looping = {vni for vni, *_ in facts.loops}
    owners: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for row in facts.sources:
        if _is_own(row, limits["addresses"]):
            owners[row["vni"], row["ip"]].append(row)
    for (vni, ip), rows in owners.items():
        # Routers that hand a packet to each other seem to be its sender.
        if (vni, ip) in told or vni in looping:
            continue
        found = rivals(rows, _IN_FLIGHT)
        if not any(row["arp_packets"] for row in found):
            continue
        macs = sorted({row["mac"] for row in found})
        packets = sum(row["packets"] for row in found)
        yield Found(
            subject=f"{ip} at {named(macs)}",
            seen=f"{plural(packets, 'packet')} from {ip}, in turn by {plural(len(macs), 'MAC')}, "
            f"behind {named(sorted({row['vtep'] for row in found}))}",
            frames=packets,
            vni=vni,
            where=tuple({"vni": vni, "src_mac": mac, "src_ip": ip} for mac in macs[:_SHOWN]),
        )


def _is_own(row: Mapping[str, Any], most: float) -> bool:
    """Whether the MAC has the address, and is no router that sends for others.

    Who speaks ARP for an address claims it. Else what comes to the address has to come to the MAC; and a
    router sends from several, speaks ARP for its own, and hands on what the address's host sends to it.
    """
    if row["mac"].startswith(_VIRTUAL):
        return False
    routes = row["addresses"] > most or row["arp_elsewhere"] or row["forwards"]
    return bool(row["arp_packets"] or (row["answered"] and not routes))


RULE = Rule(
    id="duplicate-ip",
    title="Two MACs have the same IP address",
    severity="error",
    source="RFC 5227, section 2.4: address conflicts; RFC 4862, section 5.4: duplicate addresses",
    means="Two machines of one VNI use the same address. Who is reached depends on whose ARP, or whose "
    "advertisement, came last, and connections break when it changes.",
    known_by="A conflict in the table of addresses: a MAC took an address back within 180 seconds of "
    "losing it, by ARP or Neighbor Discovery, or went on sending from it more than a second after another "
    "claimed it; and an IPv4 address that two MACs send from in turn, one of them by ARP, and the other by "
    "ARP or so that it is answered there. Virtual MACs of VRRP and HSRP do not count, nor an address that "
    "moves to another MAC once; nor routers: who sends from many addresses, speaks ARP for others alone, is "
    "sent to from the address, or sends the flows that another MAC sent from it before.",
    advice="Give one of the two machines another address; look at DHCP leases and at what is configured by "
    "hand.",
    shown_by="vxlan.vni == VNI && (arp.src.proto_ipv4 == ADDRESS || icmpv6.nd.na.target_address == ADDRESS)",
    thresholds={"addresses": Threshold(4, "a MAC with more addresses than this is a router's")},
    find=_find,
)
