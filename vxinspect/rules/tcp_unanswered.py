"""Connections are not answered."""

from vxinspect.rules.connections import find_ended
from vxinspect.rules.rule import Rule, Threshold

__all__ = ["RULE"]

RULE = Rule(
    id="tcp-unanswered",
    title="Connections are not answered",
    severity="warning",
    source="RFC 9293, section 3.5: establishing a connection",
    means="SYNs go out and nothing comes back: the host is gone, a firewall drops, or the answer takes "
    "another way.",
    known_by="Connections in the state `S0` (docs/tcp-states.md) through tunnels that carry packets both "
    "ways, where they are some and a share of all. In a tunnel without a way back, `one-way-tunnel` speaks. "
    "Frames that could not be read may be answers, and are taken off.",
    advice="See whether the SYN leaves the last VTEP, and whether its host has the address.",
    shown_by="vxlan.vni == VNI && tcp.flags.syn == 1 && tcp.flags.ack == 0",
    thresholds={
        "connections": Threshold(3, "unanswered connections in a VNI, at least"),
        "percent": Threshold(5, "per cent of the VNI's flows, at least"),
    },
    find=find_ended(("S0", "RSTOS0"), "not answered"),
)
