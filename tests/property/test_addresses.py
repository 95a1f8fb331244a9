"""Who has which address: against the model, whatever is claimed in whatever order, and in any two parts."""

from dataclasses import replace

import containers
import craft
import model
import packets
import tools
from addresses import Claim
from hypothesis import given, settings
from hypothesis import strategies as st
from inner import L4, Inner, InnerArp, InnerIp
from packets import Packet
from shells import Outer
from test_tables_equal_the_model import assert_rows

import vxinspect

MACS = ("02:aa:00:00:00:01", "02:aa:00:00:00:02", "02:aa:00:00:00:03")
START = 1_700_000_000 * 10**9
STEPS = (0, 10**8, 2 * 10**9, 100 * 10**9, 200 * 10**9)


def arp(mac: str) -> Inner:
    """Return an announcement."""
    return Inner("ff:ff:ff:ff:ff:ff", mac, InnerArp("10.0.0.1", "10.0.0.1"))


def advertisement(mac: str, flags: int) -> Inner:
    """Return a Neighbor Advertisement, from a link-local address."""
    payload, rest = craft.neighbor(136, "fd00::1", 2, mac, flags)
    claim = Claim("fd00::1", mac, "nd", firm=bool(flags & 0x20))
    l4 = L4("icmpv6", payload=payload, message=(136, 0), rest=rest, says=claim, checksum="right")
    return Inner("33:33:00:00:00:01", mac, InnerIp("fe80::9", "ff02::1", l4, hop_limit=255))


def traffic(mac: str, src: str, dst: str) -> Inner:
    """Return an IP packet."""
    return Inner("02:aa:00:00:00:09", mac, InnerIp(src, dst, L4("udp", checksum="right")))


INNERS = [
    *(arp(mac) for mac in MACS),
    *(arp(mac) for mac in MACS),
    *(advertisement(mac, flags) for mac in MACS for flags in (0x60, 0x20, 0x40)),
    *(traffic(mac, *ends) for mac in MACS for ends in (("10.0.0.1", "10.0.0.9"), ("fd00::1", "fd00::9"))),
]
EVENTS = st.tuples(
    st.sampled_from(INNERS), st.sampled_from(STEPS), st.sampled_from(("192.0.2.1", "192.0.2.2"))
)


def frames_of(events: list[tuple[Inner, int, str]]) -> list[Packet]:
    """Return the packets of these events, one after the other."""
    frames, time = [], START
    for inner, step, vtep in events:
        time += step
        frames.append(replace(Packet(START, Outer(vtep, "192.0.2.9"), 100, inner), time=time))
    return frames


def scanned(frames: list[Packet]) -> vxinspect.Report:
    """Return the report of these packets."""
    return vxinspect.scan(containers.pcap(packets.records(frames), nanosecond=True))


@given(st.lists(EVENTS, max_size=14))
@settings(max_examples=150)
def test_addresses_equal_the_model_whole_and_in_parts(events: list[tuple[Inner, int, str]]) -> None:
    """Moves, conflicts and who has an address are the model's, and the same wherever the capture is cut."""
    frames = frames_of(events)
    whole = tools.rows(scanned(frames).addresses)
    assert_rows("addresses", whole, model.addresses(model.units([frame.fact() for frame in frames])))
    for at in range(len(frames) + 1):
        merged = scanned(frames[:at]).merge(scanned(frames[at:]))
        assert tools.rows(merged.addresses) == whole, at
