"""A host floods its VNI with broadcasts."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from vxinspect.render.text import plural
from vxinspect.render.units import count_text, seconds_text
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_BROADCAST = "ff:ff:ff:ff:ff:ff"


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    table = facts.report.conversations("mac")
    for row in table.where(least={"packets_ab": limits["packets"]}):
        if row["mac_b"] != _BROADCAST:
            continue
        vni, sender = row["vni"], row["mac_a"]
        seconds = _seconds(row)
        # Each was copied to every other VTEP of the VNI, unless it went to a group.
        frames = row["packets_ab"] / _copies(facts, vni)
        if seconds < limits["seconds"] or frames < limits["packets"] or frames < limits["rate"] * seconds:
            continue
        yield Found(
            subject=f"{sender} in VNI {vni}",
            seen=f"{plural(row['packets_ab'], 'broadcast packet')} ({', '.join(row['ethertypes'])}) in "
            f"{seconds_text(seconds)}, {count_text(round(frames / seconds))} broadcasts a second",
            frames=row["packets_ab"],
            vni=vni,
            where=({"vni": vni, "src_mac": sender, "bum": True},),
        )


def _seconds(row: Mapping[str, Any]) -> float:
    if row["first_seen"] is None:
        return 0.0
    first, last = (datetime.fromisoformat(row[name]) for name in ("first_seen", "last_seen"))
    return (last - first).total_seconds()


def _copies(facts: Facts, vni: int) -> int:
    """Return of how many packets a broadcast of the VNI is made, at the most."""
    if any(row["kind"] == "multicast" and vni in row["vnis"] for row in facts.tunnels):
        return 1
    return max((row["vteps"] - 1 for row in facts.vnis if row["vni"] == vni), default=1) or 1


RULE = Rule(
    id="broadcast-storm",
    title="A host floods its VNI with broadcasts",
    severity="error",
    source="IEEE 802.1Q: broadcast storms; RFC 7348, section 4.2: each broadcast costs every VTEP of the VNI",
    means="One MAC sends broadcasts at a rate that no sound host has: a loop behind its VTEP, a bridge "
    "that is connected twice, a host that asks for something without end. Every host of the VNI has to "
    "look at each, and every VTEP gets a copy.",
    known_by="Packets from one inner MAC to the broadcast address, at a rate, on average over the time "
    "in which it sends any. What is copied to each VTEP (head-end replication) counts once. Multicast may "
    "be a stream, and is told by bum-share.",
    advice="Look at what is sent (the EtherTypes above, and `vxinspect packets`), then behind that host's "
    "VTEP for a loop; limit broadcast there.",
    shown_by="vxlan.vni == VNI && eth.src == SENDER && eth.dst == ff:ff:ff:ff:ff:ff",
    thresholds={
        "rate": Threshold(100, "broadcasts a second of one MAC, at least"),
        "seconds": Threshold(1, "seconds long, at least"),
        "packets": Threshold(200, "broadcasts, at least"),
    },
    find=_find,
)
