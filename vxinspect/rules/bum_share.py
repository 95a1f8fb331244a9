"""Much of a VNI is broadcast and multicast."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.render.units import percent_text
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    for row in facts.vnis:
        percent = 100 * row["bum_packets"] / row["packets"] if row["packets"] else 0.0
        if row["bum_packets"] < limits["packets"] or percent < limits["percent"]:
            continue
        yield Found(
            subject=f"broadcast and multicast in VNI {row['vni']}",
            seen=f"{row['bum_packets']:,} of {plural(row['packets'], 'packet')}, {percent_text(percent)}",
            frames=row["bum_packets"],
            vni=row["vni"],
            where=({"vni": row["vni"], "bum": True},),
        )


RULE = Rule(
    id="bum-share",
    title="Much of a VNI is broadcast and multicast",
    severity="warning",
    source="RFC 7348, section 4.2: each broadcast costs every VTEP of the VNI",
    means="Broadcast and multicast are copied to every VTEP of the VNI. Where they are much of the traffic, "
    "something asks and asks (a scan, a host that is gone), floods (a loop), or streams by multicast.",
    known_by="The share of packets whose inner destination MAC has the group bit set, in a VNI with enough "
    "of them.",
    advice="See who sends it (`vxinspect conversations --vni VNI`); suppress ARP at the VTEPs, or stop the "
    "sender.",
    shown_by="vxlan.vni == VNI && eth.dst.ig == 1",
    thresholds={
        "percent": Threshold(30, "per cent of the VNI's packets, at least"),
        "packets": Threshold(100, "such packets, at least"),
    },
    find=_find,
)
