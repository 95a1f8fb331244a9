"""Checksums are wrong."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, between
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    if facts.checksums is not None:
        yield from _outer(facts, limits["packets"])
        yield from _inner(facts, limits["packets"])


def _outer(facts: Facts, least: float) -> Iterator[Found]:
    for row in facts.tunnels:
        wrong = row["outer_udp_checksum_wrong"]
        if wrong >= least:
            ends = between(row["vtep_a"], row["vtep_b"])
            yield Found(
                subject=f"outer UDP checksums between {ends}",
                seen=f"{wrong:,} of {plural(row['packets'], 'packet')} with a wrong one, and "
                f"{row['outer_udp_checksum_right']:,} with a right one",
                frames=wrong,
                tunnel=ends,
            )


def _inner(facts: Facts, least: float) -> Iterator[Found]:
    for row in facts.vnis:
        wrong, partial = row["inner_checksum_wrong"], row["inner_checksum_partial"]
        if wrong >= least:
            yield Found(
                subject=f"inner checksums in VNI {row['vni']}",
                seen=f"{wrong:,} of {plural(row['packets'], 'packet')} with a wrong one"
                + (f"; {partial:,} more are left to the network card, which is no fault" if partial else ""),
                frames=wrong,
                vni=row["vni"],
            )


RULE = Rule(
    id="checksum-wrong",
    title="Checksums are wrong",
    severity="warning",
    source="RFC 1071; RFC 768, RFC 9293, section 3.1, RFC 8200, section 8.1: receivers drop such packets",
    means="Packets were damaged on the way: by a link, a card, or a middlebox that rewrites headers and "
    "leaves the checksum as it was. The outer checksum tells of the underlay, the inner one of the hosts "
    "and of all that is between them.",
    known_by="Verified checksums, with `--checksums` alone: of outer UDP, and of inner IPv4, TCP, UDP and "
    "ICMP, where the capture holds all bytes. A checksum of the pseudo-header alone was taken before the "
    "network card filled it in (offload at the capture point), and is no fault.",
    advice="See whether the packets have a sender, a link or an offload setting in common; capture at "
    "another point to see where they break.",
    shown_by="udp.checksum.status == 0 || tcp.checksum.status == 0 || ip.checksum.status == 0",
    thresholds={"packets": Threshold(1, "such packets of a tunnel or VNI, at least")},
    find=_find,
)
