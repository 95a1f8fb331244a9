"""Inner frames have VLAN tags."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule

__all__ = ["RULE"]


def _find(facts: Facts, _: Mapping[str, float]) -> Iterator[Found]:
    for row in facts.vnis:
        vni, tagged = row["vni"], row["tagged_packets"]
        if tagged:
            yield Found(
                subject=f"tagged inner frames in VNI {vni}",
                seen=f"{tagged:,} of {plural(row['packets'], 'packet')} with an inner VLAN tag",
                frames=tagged,
                vni=vni,
                # A VNI whose frames are all tagged is a trunk that somebody set up.
                severity="info" if tagged == row["packets"] else None,
                where=({"vni": vni, "tagged": True},),
            )


RULE = Rule(
    id="inner-vlan-tag",
    title="Inner frames have VLAN tags",
    severity="warning",
    source="RFC 7348, section 6.1: inner VLAN tags SHOULD be discarded unless configured otherwise",
    means="A VTEP leaves the VLAN tag in the frame. A receiver that follows the RFC drops it; one that does "
    "not may put it into another VLAN.",
    known_by="Inner frames with an 802.1Q or 802.1ad tag. Where all frames of the VNI have one, it is told "
    "as information.",
    advice="Let the sending VTEP take the tag off, or set both ends up to carry tags.",
    shown_by="vxlan.vni == VNI && vlan",
    find=_find,
)
