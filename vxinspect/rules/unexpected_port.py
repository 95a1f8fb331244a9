"""VXLAN to a port that is not its own."""

from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    # Where all of it is elsewhere, the capture was read with the wrong port: a hint says so.
    if not facts.frames["vxlan"]:
        return
    expected = ", ".join(map(str, facts.report.ports_seen))
    for port, frames in facts.report.other_ports.items():
        if frames >= limits["frames"]:
            yield Found(
                subject=f"UDP port {port}",
                seen=f"{plural(frames, 'frame')} to UDP {port} look like VXLAN, beside that to {expected}",
                frames=frames,
                where=({"udp_port": port},),
            )


RULE = Rule(
    id="unexpected-port",
    title="VXLAN to a port that is not its own",
    severity="warning",
    source="RFC 7348, section 5: port 4789",
    means="Some VXLAN goes to another UDP port than the rest: a VTEP with the kernel's old default (8472), "
    "a second overlay, or a mistake. VTEPs that listen to one port do not hear those of the other, and "
    "firewalls may not let them pass.",
    known_by="UDP to a port that is not read as VXLAN's, beside VXLAN that is, with the I flag, no reserved "
    "bits and a sound inner frame, in a few frames.",
    advice="Set all VTEPs of an overlay to one port; read a second overlay with --port.",
    shown_by="udp.dstport == PORT",
    thresholds={"frames": Threshold(2, "frames to the port, at least")},
    find=_find,
)
