"""The TTL changes within a tunnel."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    # Copies of both sides of a router differ by its hop.
    if facts.copies["packets"] and not facts.copies["dropped"]:
        return
    for row in facts.underlay.where(least={"ttl_changes": limits["changes"]}):
        source, destination = row["src_vtep"], row["dst_vtep"]
        yield Found(
            subject=f"{source} to {destination}",
            seen=f"{plural(row['ttl_changes'], 'change')} of TTL between {row['ttl_min']} and "
            f"{row['ttl_max']} in {plural(row['packets'], 'packet')}",
            frames=row["ttl_changes"],
            tunnel=arrow(source, destination),
            where=({"src_vtep": source, "dst_vtep": destination},),
        )


RULE = Rule(
    id="ttl-change",
    title="The TTL changes within a tunnel",
    severity="info",
    source="RFC 791, section 3.2: each router takes one from the TTL",
    means="Packets of one tunnel come through different numbers of routers: the route changed, flaps, or is "
    "spread over ways of different length. A VTEP that copies the inner TTL shows the same.",
    known_by="An outer TTL or hop limit that is another than that of the packet before, in one direction of "
    "a tunnel. Where the capture has copies of packets, `copies` speaks instead.",
    advice="Where the VTEP does not copy the inner TTL, look at the underlay's routing at that time.",
    shown_by="ip.src == SENDER && ip.dst == RECEIVER && vxlan",
    thresholds={"changes": Threshold(1, "changes, at least")},
    find=_find,
)
