"""Who has which address: each trap by hand."""

from ipaddress import IPv4Address
from typing import Any

import containers
import craft
import packets
import pytest
from addresses import Claim
from inner import L4, Inner, InnerArp, InnerIp
from packets import Packet
from shells import Outer

import vxinspect

A, B = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
SECOND = 10**9
START = 1_700_000_000 * SECOND
IP = "10.0.0.1"
NOBODY = str(IPv4Address(0))


def row(*said: tuple[float, Inner], ip: str = IP) -> dict[str, Any]:
    """Return the row of an address, by what was said in VNI 100 at these seconds."""
    frames = [
        Packet(START + int(at * SECOND), Outer("192.0.2.1", "192.0.2.2"), 100, inner) for at, inner in said
    ]
    report = vxinspect.scan(containers.pcap(packets.records(frames)))
    return next((dict(found) for found in report.addresses if found["ip"] == ip), {})


def announce(mac: str, operation: int = 1, ip: str = IP) -> Inner:
    """Return ARP that says that an address is at a MAC."""
    return Inner("ff:ff:ff:ff:ff:ff", mac, InnerArp(ip, IP, operation))


def send(mac: str) -> Inner:
    """Return an IP packet from the address."""
    return Inner(B, mac, InnerIp(IP, "10.0.0.9", L4("udp")))


@pytest.mark.parametrize(
    ("claims", "moves", "conflicts"),
    [
        ([(0, A), (1, A)], 0, 0),
        # A failover, as of VRRP or keepalived, is a change; so is a failback, hours later.
        ([(0, A), (1, B), (2, B)], 1, 0),
        ([(0, A), (1, B), (3600, A)], 2, 0),
        # Both hold on to it.
        ([(0, A), (1, B), (2, A)], 2, 1),
        ([(0, A), (1, B), (2, A), (3, B)], 3, 2),
        # The edge of the window: RFC 7432's 180 seconds.
        ([(0, A), (1, B), (181, A)], 2, 1),
        ([(0, A), (1, B), (181.001, A)], 2, 0),
    ],
)
def test_a_change_is_no_duplicate(claims: list[tuple[float, str]], moves: int, conflicts: int) -> None:
    """An address that moved once is at its new MAC; one that is taken back is in conflict."""
    found = row(*((at, announce(mac)) for at, mac in claims))
    assert (found["mac"], found["moves"], found["conflicts"]) == (claims[-1][1], moves, conflicts)
    assert (found["claims"], found["sources"]) == (len(claims), ["arp"])


def test_who_goes_on_sending_is_in_conflict() -> None:
    """A second after the address was taken, packets still on their way are excused, and no longer."""
    taken = (0.0, announce(A)), (1.0, announce(B))
    assert row(*taken, (2.0, send(A)))["conflicts"] == 0
    found = row(*taken, (2.5, send(A)))
    assert (found["conflicts"], found["macs"], found["mac"]) == (1, [A, B], B)


def test_a_probe_claims_nothing() -> None:
    """The sender of a probe is 0 (RFC 5227, section 1.1); other operations are another protocol's."""
    assert row((0, announce(A, ip=NOBODY))) == {}
    assert row((0, announce(A, 2)))["mac"] == A
    # RARP (operation 3) claims nothing; its sender's address is there by the packet alone.
    assert row((0, announce(A, 3)))["claims"] == 0


def advertise(mac: str, flags: int, source: str = "fe80::1", hop_limit: int = 255, kind: int = 136) -> Inner:
    """Return a message of Neighbor Discovery about fd00::1."""
    payload, rest = craft.neighbor(kind, "fd00::1", 2 if kind == 136 else 1, mac, flags)
    l4 = L4("icmpv6", payload=payload, message=(kind, 0), rest=rest, says=Claim("fd00::1", mac, "nd"))
    return Inner("33:33:00:00:00:01", mac, InnerIp(source, "ff02::1", l4, hop_limit=hop_limit))


def test_an_advertisement_without_override_moves_nothing() -> None:
    """RFC 4861, section 7.2.5: a proxy, or one of several with an anycast address, does not take it."""
    found = row((0, advertise(A, 0x60)), (1, advertise(B, 0x40)), ip="fd00::1")
    assert (found["mac"], found["macs"], found["moves"], found["claims"]) == (A, [A, B], 0, 2)
    assert row((0, advertise(B, 0)), ip="fd00::1")["mac"] == B


def test_a_search_for_duplicates_claims_nothing() -> None:
    """Its source is unspecified (RFC 4862, section 5.4). Nor does what came through a router."""
    assert row((0, advertise(A, 0, source="::", kind=135)), ip="fd00::1") == {}
    assert row((0, advertise(A, 0x60, hop_limit=254)), ip="fd00::1") == {}


def test_a_lease_is_told_with_its_client() -> None:
    """The name is from the request, the rest from the acknowledgement; one to a relay is no claim."""
    asked = craft.dhcp(1, A, NOBODY, [(53, b"\x03"), (12, b"web-1")])
    granted = craft.dhcp(2, A, IP, [(53, b"\x05"), (51, craft.number(3600, 4)), (54, craft.ip("10.0.0.254"))])
    request = Inner(
        "ff:ff:ff:ff:ff:ff", A, InnerIp(NOBODY, "255.255.255.255", L4("udp", 68, 67, payload=asked))
    )
    for port, claims in ((68, 1), (67, 0)):
        answer = Inner(A, B, InnerIp("10.0.0.254", IP, L4("udp", 67, port, payload=granted)))
        found = row((0, request), (1, answer))
        lease = {name: found[name] for name in ("hostname", "lease_mac", "lease_s", "lease_server")}
        assert lease == {"hostname": "web-1", "lease_mac": A, "lease_s": 3600, "lease_server": "10.0.0.254"}
        assert (found["claims"], found["sources"], found["mac"]) == (claims, ["dhcp"], A if claims else None)
