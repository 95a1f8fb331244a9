"""Packets go round inside of the overlay."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow, named
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    by_vni: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for vni, source, destination, packets in facts.loops:
        by_vni[vni].append((packets, arrow(source, destination)))
    for vni, found in by_vni.items():
        packets = sum(count for count, _ in found)
        if packets < limits["packets"]:
            continue
        ways = [way for _, way in sorted(found, reverse=True)]
        yield Found(
            subject=f"VNI {vni}",
            seen=f"{plural(packets, 'packet')} that VTEPs hand to each other again and again, with the same "
            f"inner packet: {named(ways)}",
            frames=packets,
            vni=vni,
            tunnel=ways[0] if len(ways) == 1 else None,
        )


RULE = Rule(
    id="overlay-loop",
    title="Packets go round inside of the overlay",
    severity="error",
    source="IEEE 802.1D: loops of bridges; RFC 7348, section 4.2: what a VTEP floods; RFC 791: time to live",
    means="A VTEP sends into the overlay what came out of it: two VTEPs are joined by a second way that "
    "bridges the same segment (a cable, a trunk, a bridge with two ports in it), or routers behind them take "
    "each other for the way out. Bridged frames go round for ever and multiply with each broadcast, routed "
    "packets until their TTL is used up. MACs seem to move all the time.",
    known_by="Inner packets that are the same but for MAC addresses and TTL, sent by one VTEP, then by "
    "another, and so on: at least four changes of the sender within 1,000 frames, 10 ms from one to the next "
    "at most. What is flooded, or sent again, has one sender; a gateway and a firewall on the way make "
    "two or three changes. In long captures, samples are looked at.",
    advice="Find the second way: look where the MACs move to (`vxinspect fdb`), take one VTEP's port out of "
    "the segment, and switch on a protection from loops there. Where the inner TTL falls from packet to "
    "packet, look at the routes of both routers for that destination.",
    shown_by="vxlan.vni == VNI && ip.ttl < 10",
    thresholds={"packets": Threshold(3, "packets that were handed on a fourth time or more, at least")},
    find=_find,
)
