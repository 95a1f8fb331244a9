"""The underlay says that a VTEP cannot be reached."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    for row in facts.underlay.where(least={"icmp_unreachable": 1}):
        source, destination = row["src_vtep"], row["dst_vtep"]
        yield Found(
            subject=f"{destination} for {source}",
            seen=f"{plural(row['icmp_unreachable'], 'ICMP error')} that it cannot be reached, for "
            f"{plural(row['packets'], 'packet')} to it",
            frames=row["icmp_unreachable"],
            tunnel=arrow(source, destination),
            where=({"src_vtep": source, "dst_vtep": destination},),
        )


RULE = Rule(
    id="vtep-unreachable",
    title="A VTEP cannot be reached",
    severity="error",
    source="RFC 792 and RFC 4443, section 3.1: destination unreachable",
    means="The VTEP's host has nothing that listens on VXLAN's port (port unreachable), or the underlay has "
    "no way to it, or a firewall rejects. What is sent to it is lost.",
    known_by="ICMP `destination unreachable` that quotes a VXLAN packet, but for `fragmentation needed`.",
    advice="See whether the VTEP has its VXLAN device up, on the same port, and whether the sender's "
    "forwarding table names a host that is no VTEP any more.",
    shown_by="icmp.type == 3 || icmpv6.type == 1",
    find=_find,
)
