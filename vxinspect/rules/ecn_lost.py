"""ECN is not carried over as RFC 6040 says."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    for row in facts.underlay.where(least={"ecn_mismatch_packets": limits["packets"]}):
        source, destination = row["src_vtep"], row["dst_vtep"]
        yield Found(
            subject=f"{source} to {destination}",
            seen=f"{row['ecn_mismatch_packets']:,} of {plural(row['packets'], 'packet')} with an outer ECN "
            f"({', '.join(row['ecn'])}) that cannot have come from the inner one",
            frames=row["ecn_mismatch_packets"],
            tunnel=arrow(source, destination),
            where=({"src_vtep": source, "dst_vtep": destination},),
        )


RULE = Rule(
    id="ecn-lost",
    title="ECN is not carried over",
    severity="warning",
    source="RFC 6040, section 4.1: a tunnel's ingress copies the inner ECN field",
    means="The VTEP does not copy the hosts' ECN, so that routers of the underlay drop where they could "
    "mark, or marks are lost. Transports that live on ECN (DCTCP, L4S) suffer.",
    known_by="Packets whose outer ECN field cannot have come from the inner one: neither a copy, nor a copy "
    "that was marked on the way.",
    advice="Let the VTEP copy the ECN field; where it does, look for a device on the way that clears it.",
    shown_by="ip.src == SENDER && vxlan",
    thresholds={"packets": Threshold(10, "such packets in one direction of a tunnel, at least")},
    find=_find,
)
