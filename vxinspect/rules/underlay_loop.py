"""Packets of a tunnel die on the way."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    for row in facts.underlay.where(least={"icmp_time_exceeded": 1}):
        source, destination = row["src_vtep"], row["dst_vtep"]
        yield Found(
            subject=f"packets from {source} to {destination}",
            seen=f"{plural(row['icmp_time_exceeded'], 'ICMP error')} that their time was exceeded; they were "
            f"sent with a TTL of {row['ttl_max']}",
            frames=row["icmp_time_exceeded"],
            tunnel=arrow(source, destination),
            where=({"src_vtep": source, "dst_vtep": destination},),
        )


RULE = Rule(
    id="underlay-loop",
    title="Packets of a tunnel die on the way",
    severity="error",
    source="RFC 792 and RFC 4443, section 3.3: time exceeded",
    means="VXLAN packets go round in the underlay until their TTL is used up, or are sent with a TTL that "
    "is too low for the way (some VTEPs send multicast with 1).",
    known_by="ICMP `time exceeded` that quotes a VXLAN packet.",
    advice="Trace the route from the one VTEP to the other; where there is no loop, raise the TTL of the "
    "VXLAN device.",
    shown_by="icmp.type == 11 || icmpv6.type == 3",
    find=_find,
)
