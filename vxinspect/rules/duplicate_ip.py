"""Two MACs have the same IP address."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:")
"""VRRP for IPv4 and IPv6 (RFC 9568 section 7.3), HSRP: a router's second MAC for the same address."""


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
                subject=f"{row['ip']} at {', '.join(macs)}",
                seen=f"{plural(row['conflicts'], 'time')} a MAC took it back, or went on sending from it, "
                f"after another had claimed it; {plural(row['claims'], 'claim')} by "
                f"{' and '.join(_said(row))}, behind {', '.join(row['vteps'])}",
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
        # A router sends from addresses that are not its own; who speaks ARP for one claims it.
        own = row["arp_packets"] or row["addresses"] <= limits["addresses"]
        if own and not row["mac"].startswith(_VIRTUAL):
            owners[row["vni"], row["ip"]].append(row)
    for (vni, ip), rows in owners.items():
        # Routers that hand a packet to each other seem to be its sender.
        if (vni, ip) in told or vni in looping:
            continue
        rivals = [row for row in rows if any(_rival(row, one) for one in rows)]
        if not any(row["arp_packets"] for row in rivals):
            continue
        macs = sorted({row["mac"] for row in rivals})
        yield Found(
            subject=f"{ip} at {', '.join(macs)}",
            seen=f"{plural(sum(row['packets'] for row in rivals), 'packet')} from {ip}, in turn by "
            f"{plural(len(macs), 'MAC')}, behind {', '.join(sorted({row['vtep'] for row in rivals}))}",
            frames=sum(row["packets"] for row in rivals),
            vni=vni,
            where=tuple({"vni": vni, "src_mac": mac, "src_ip": ip} for mac in macs),
        )


def _rival(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two MACs use an address at once, and for longer than packets are under way."""
    last, first = min(row["last"], other["last"]), max(row["first"], other["first"])
    is_late = max(row["last"], other["last"]) - first > _IN_FLIGHT
    return bool(row["mac"] != other["mac"] and first <= last and is_late)


RULE = Rule(
    id="duplicate-ip",
    title="Two MACs have the same IP address",
    severity="error",
    source="RFC 5227, section 2.4: address conflicts; RFC 4862, section 5.4: duplicate addresses",
    means="Two machines of one VNI use the same address. Who is reached depends on whose ARP, or whose "
    "advertisement, came last, and connections break when it changes.",
    known_by="A conflict in the table of addresses: a MAC took an address back within 180 seconds of "
    "losing it, by ARP or Neighbor Discovery, or went on sending from it more than a second after another "
    "claimed it; and an IPv4 address that two MACs send from in turn, one of them by ARP. Routers, which "
    "send from many addresses and claim none of them, virtual MACs of VRRP and HSRP, and an address that "
    "moves to another MAC once, do not count.",
    advice="Give one of the two machines another address; look at DHCP leases and at what is configured by "
    "hand.",
    shown_by="vxlan.vni == VNI && (arp.src.proto_ipv4 == ADDRESS || icmpv6.nd.na.target_address == ADDRESS)",
    thresholds={"addresses": Threshold(4, "a MAC with more addresses than this is a router's")},
    find=_find,
)
