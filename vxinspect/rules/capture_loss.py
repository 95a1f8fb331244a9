"""The capture lost packets."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.render.units import byte_text
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule, Threshold
from vxinspect.rules.setups import CILIUM

__all__ = ["RULE"]


_FLOW_WIDE = {"vni", "host", "protocol", "inner_port", "since", "until"}
"""Selections that leave a connection whole."""


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    yield from _dropped(facts, limits)
    yield from _unseen(facts, limits)


def _dropped(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    for capture in facts.report.captures:
        dropped = capture["dropped_packets"]
        if dropped is not None and dropped >= limits["packets"]:
            yield Found(
                subject=capture["name"],
                seen=f"its statistics tell of {plural(dropped, 'packet')} that it does not hold",
            )


def _unseen(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    if not set(facts.report.select) <= _FLOW_WIDE or CILIUM in facts.setups:
        return
    rows = [row for row in facts.losses if row["unseen_gaps"] and row["vni"] not in facts.crossed_vnis]
    gaps = sum(row["unseen_gaps"] for row in rows)
    # What is in frames that say nothing of their segments was captured all the same.
    if gaps - facts.hidden < limits["gaps"]:
        return
    for row in rows:
        yield Found(
            subject=f"TCP from {row['src_vtep']} to {row['dst_vtep']}",
            seen=f"{byte_text(row['unseen_bytes'])} in {plural(row['unseen_gaps'], 'gap')} of "
            f"{plural(row['holed'], 'connection')} were acknowledged, and are not in the capture",
            vni=row["vni"],
            tunnel=arrow(row["src_vtep"], row["dst_vtep"]),
        )


RULE = Rule(
    id="capture-loss",
    title="The capture lost packets",
    severity="warning",
    source="draft-ietf-opsawg-pcapng, section 4.6: `isb_ifdrop`, `isb_osdrop`; RFC 9293, section 3.4: "
    "acknowledgements",
    means="The capturing host or its mirror port could not keep up, so that packets which did arrive are not "
    "in the capture. Counts are too low, connections seem to lose what they did not, and what is missing may "
    "be what is looked for.",
    known_by="What the statistics of a pcapng say that the interface and the operating system dropped; and "
    "TCP data that the receiver acknowledged, and that the capture never showed. Data in frames that cannot "
    "be looked into (cut, malformed, fragmented inside, to other ports), in another VNI, or left out by a "
    "selection is none of it.",
    shown_by="tcp.analysis.ack_lost_segment",
    advice="Capture with a larger buffer (`tcpdump -B 65536`), a capture filter or a snap length, to a "
    "faster disk; give a mirror port the bandwidth of what it mirrors.",
    thresholds={
        "packets": Threshold(1, "packets that a capture says were dropped, at least"),
        "gaps": Threshold(3, "gaps that were acknowledged and never seen, in all, at least"),
    },
    find=_find,
)
