"""The same MAC is behind two VTEPs at once."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    for (vni, mac), rows in facts.cloned.items():
        places = [f"{row['vtep']} with {row['ip']} ({plural(row['packets'], 'packet')})" for row in rows]
        yield Found(
            subject=f"{mac} behind {', '.join(sorted({row['vtep'] for row in rows}))}",
            seen=f"at the same time behind {', '.join(places)}",
            frames=sum(row["packets"] for row in rows),
            vni=vni,
            where=({"vni": vni, "src_mac": mac},),
        )


RULE = Rule(
    id="duplicate-mac",
    title="The same MAC is behind two VTEPs at once",
    severity="error",
    source="RFC 7432, section 15.1: duplicate MAC addresses",
    means="Two machines of one VNI have the same MAC: a cloned image, a MAC that was given by hand, two "
    "clusters that count from the same start. Each takes the other's traffic.",
    known_by="A MAC that is heard behind two VTEPs in turn, with different IP addresses behind each. With "
    "the same addresses it is one machine, and `mac-moved` or `mac-flapping`.",
    advice="Give one of the two machines another MAC.",
    shown_by="vxlan.vni == VNI && eth.src == MAC",
    find=_find,
)
