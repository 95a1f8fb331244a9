"""Connections are refused."""

from vxinspect.rules.connections import find_ended
from vxinspect.rules.rule import Rule, Threshold

__all__ = ["RULE"]

RULE = Rule(
    id="tcp-refused",
    title="Connections are refused",
    severity="warning",
    source="RFC 9293, section 3.10.7.1: a reset answers a SYN where nobody listens",
    means="Hosts answer connections with a reset: a service that is down or listens elsewhere, a firewall "
    "that rejects, or somebody who tries ports.",
    known_by="Connections in the state `REJ` (docs/tcp-states.md), where they are some and a share of all.",
    advice="See which service it is, and whether it runs and listens on that address.",
    shown_by="vxlan.vni == VNI && tcp.flags.reset == 1",
    thresholds={
        "connections": Threshold(3, "refused connections in a VNI, at least"),
        "percent": Threshold(5, "per cent of the VNI's flows, at least"),
    },
    find=find_ended(("REJ",), "refused"),
)
