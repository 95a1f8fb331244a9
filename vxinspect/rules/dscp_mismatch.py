"""The outer DSCP is not that of the packets inside."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    for row in facts.underlay.where(least={"dscp_mismatch_packets": limits["packets"]}):
        # One DSCP other than 0 for all is what an operator gave the tunnel.
        if len(row["dscp"]) == 1 and row["dscp"] != [0]:
            continue
        source, destination = row["src_vtep"], row["dst_vtep"]
        yield Found(
            subject=f"{source} to {destination}",
            seen=f"{row['dscp_mismatch_packets']:,} of {plural(row['packets'], 'packet')} have another "
            f"DSCP inside than outside ({', '.join(map(str, row['dscp']))})",
            frames=row["dscp_mismatch_packets"],
            tunnel=arrow(source, destination),
        )


RULE = Rule(
    id="dscp-mismatch",
    title="The outer DSCP is not that of the packets inside",
    severity="info",
    source="RFC 2983, section 3: differentiated services and tunnels",
    means="Hosts mark their traffic and the tunnel carries it unmarked, so that the underlay treats voice "
    "and backups alike; or a router on the way marks packets anew. Either may be meant.",
    known_by="Packets whose outer DSCP is not the inner one, in a direction of a tunnel whose outer DSCP is "
    "always 0, or differs from packet to packet. One DSCP for the whole tunnel is an operator's choice, and "
    "no reason.",
    advice="Where the underlay is to honour the marks, let the VTEP copy them (Linux: `tos inherit`), and "
    "see which router changes them.",
    shown_by="ip.src == SENDER && ip.dsfield.dscp != 0",
    thresholds={"packets": Threshold(3, "such packets in one direction of a tunnel, at least")},
    find=_find,
)
