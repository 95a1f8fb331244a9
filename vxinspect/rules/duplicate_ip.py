"""Two MACs have the same IP address."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, at_once
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:")
"""VRRP for IPv4 and IPv6 (RFC 9568 section 7.3), HSRP: a router's second MAC for the same address."""


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    owners: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for row in facts.sources:
        # A router sends from addresses that are not its own; who speaks ARP for one claims it.
        own = row["arp_packets"] or row["addresses"] <= limits["addresses"]
        if own and not row["mac"].startswith(_VIRTUAL):
            owners[row["vni"], row["ip"]].append(row)
    for (vni, ip), rows in owners.items():
        rivals = [row for row in rows if any(one["mac"] != row["mac"] and at_once(one, row) for one in rows)]
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


RULE = Rule(
    id="duplicate-ip",
    title="Two MACs have the same IP address",
    severity="error",
    source="RFC 5227, section 2.4: address conflicts",
    means="Two machines of one VNI use the same address. Who is reached depends on whose ARP came last, and "
    "connections break when it changes.",
    known_by="An address that two MACs send from in turn, one of them by ARP. Routers, which send from many "
    "addresses and claim none of them, virtual MACs of VRRP and HSRP, and an address that moves to another "
    "MAC once, do not count.",
    advice="Give one of the two machines another address; look at DHCP leases and at what is configured by "
    "hand.",
    shown_by="vxlan.vni == VNI && arp.src.proto_ipv4 == ADDRESS",
    thresholds={"addresses": Threshold(4, "a MAC with more addresses than this is a router's")},
    find=_find,
)
