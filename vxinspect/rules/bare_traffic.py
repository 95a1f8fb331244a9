"""Overlay traffic is seen outside of VXLAN, too."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_COOKED = frozenset({"LINUX_SLL", "LINUX_SLL2"})
"""What Linux captures of all interfaces (`any`) have for a link type."""


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    bare = facts.copies["bare"]
    # A capture of all interfaces has both sides of each VXLAN device.
    everywhere = all(_COOKED.issuperset(capture["link_types"]) for capture in facts.report.captures)
    if bare < limits["frames"] or everywhere:
        return
    sampled = facts.copies["frames_examined"] < facts.frames["total"]
    yield Found(
        subject="inner frames on the underlay",
        seen=f"{'at least ' * sampled}{plural(bare, 'frame')} that {'is' if bare == 1 else 'are'} inside "
        "VXLAN, too, in the same moment",
        frames=bare,
    )


RULE = Rule(
    id="bare-traffic",
    title="Overlay traffic is seen outside of VXLAN, too",
    severity="warning",
    source="RFC 7348, section 7: traffic of tenants is to stay inside the overlay",
    means="Frames of the overlay are in the capture without VXLAN around them. Either it was taken on "
    "several interfaces at once (`any`, a bridge and its uplink), or a bridge joins the overlay and the "
    "underlay, and tenants' frames are on the wire in the open.",
    known_by="Frames that are no VXLAN and whose packet is also seen inside VXLAN within a short time "
    "(docs/counting.md). A capture of `any` interface has both by design, and is no reason.",
    advice="Where the capture was taken on one underlay interface, look for a bridge that has it as a "
    "member.",
    thresholds={"frames": Threshold(1, "such frames, at least")},
    find=_find,
)
