"""Connections end with a reset."""

from vxinspect.rules.connections import find_ended
from vxinspect.rules.rule import Rule, Threshold

__all__ = ["RULE"]

RULE = Rule(
    id="tcp-reset",
    title="Connections end with a reset",
    severity="warning",
    source="RFC 9293, section 3.5.2: reset generation",
    means="Established connections break off: an application that crashes or gives up, a load balancer or "
    "firewall that forgot the connection, a timeout. Some programs close every connection so.",
    known_by="Connections in the states `RSTO` and `RSTR` (docs/tcp-states.md), where they are some and a "
    "share of all.",
    advice="See which side resets, and when: at once, after the first data, or after a pause that is a "
    "timeout.",
    shown_by="vxlan.vni == VNI && tcp.flags.reset == 1",
    thresholds={
        "connections": Threshold(2, "connections of a VNI that were reset, at least"),
        "percent": Threshold(10, "per cent of the VNI's flows, at least"),
    },
    find=find_ended(("RSTO", "RSTR"), "reset"),
)
