"""A host floods its VNI with broadcasts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from vxinspect.render.text import plural
from vxinspect.render.units import count_text, seconds_text
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_BROADCAST = "ff:ff:ff:ff:ff:ff"
_QUARTER = 0.25
"""Seconds: by so many the engine tells when there were many broadcasts."""


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    told: set[tuple[int | None, str]] = set()
    for found in _on_average(facts, limits):
        told.update((found.vni, where["src_mac"]) for where in found.where)
        yield found
    yield from _for_a_while(facts, limits, told)


def _for_a_while(
    facts: Facts, limits: Mapping[str, float], told: AbstractSet[tuple[int | None, str]]
) -> Iterator[Found]:
    """Find storms of seconds in a capture of hours, by quarters of a second with many broadcasts."""
    storms: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for burst in facts.report.internal("bursts"):
        enough = burst["packets"] >= max(limits["packets"], limits["rate"] * burst["seconds"])
        # The first quarter and the last are storm in part.
        if enough and burst["seconds"] - _QUARTER >= limits["seconds"]:
            storms[burst["vni"], burst["mac"]].append(burst)
    for (vni, sender), bursts in storms.items():
        if (vni, sender) in told:
            continue
        # Each way to another VTEP has its own: one of them has every broadcast once.
        most = max(bursts, key=lambda burst: burst["packets"])
        rate = count_text(round(most["packets"] / most["seconds"]))
        yield Found(
            subject=f"{sender} in VNI {vni}",
            seen=f"{plural(most['packets'], 'broadcast')} within {seconds_text(most['seconds'])}, "
            f"{rate} a second, to {most['dst_vtep']}",
            frames=sum(burst["packets"] for burst in bursts),
            vni=vni,
            where=({"vni": vni, "src_mac": sender, "bum": True},),
        )


def _on_average(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    """Find who floods a VNI for as long as it sends any broadcast."""
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
    known_by="Packets from one inner MAC to the broadcast address, at a rate: on average over the time in "
    "which it sends any, or for as long as each quarter of a second has 13 or more through one tunnel, so "
    "that a storm of seconds is found in a capture of hours. Below 52 a second, whatever the threshold, the "
    "average alone decides, and so it does once 262,144 such quarters are known. What is copied to each VTEP "
    "(head-end replication) counts once. Multicast may be a stream, and is told by bum-share.",
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
