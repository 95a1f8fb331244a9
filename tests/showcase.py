"""One small capture with something of everything, always the same: for tests that need no luck."""

from dataclasses import replace

import craft
from inner import L4, Inner, InnerArp, InnerIp, InnerOther
from packets import Frame, Packet, Plain
from shells import Link, Outer

START = 1_700_000_000 * 10**9
SECOND = 10**9
A, B, GROUP = "10.0.0.1", "10.0.0.2", "239.1.1.1"
A6, B6 = "2001:db8::1", "2001:db8::2"
MAC_A, MAC_B = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
HOST_A, HOST_B = "192.168.1.10", "192.168.1.20"
BROADCAST = "ff:ff:ff:ff:ff:ff"


def _from_a(body: InnerIp, vni: int = 100) -> Packet:
    return Packet(START, Outer(A, B, 50001), vni, Inner(MAC_B, MAC_A, body))


def _from_b(body: InnerIp, vni: int = 100) -> Packet:
    return Packet(START, Outer(B, A, 50002), vni, Inner(MAC_A, MAC_B, body))


def web(vni: int) -> list[Frame]:
    """Return a TCP connection opened, used and closed; the same addresses and ports in every VNI."""
    ahead, back = (
        [("S", 0), ("A", 0), ("PA", 120), ("FA", 0), ("A", 0)],
        [("SA", 0), ("A", 0), ("PA", 900), ("FA", 0)],
    )
    there = [
        _from_a(InnerIp(HOST_A, HOST_B, L4("tcp", 40000, 80, flags, payload=bytes(size))), vni)
        for flags, size in ahead
    ]
    again = [
        _from_b(InnerIp(HOST_B, HOST_A, L4("tcp", 80, 40000, flags, payload=bytes(size))), vni)
        for flags, size in back
    ]
    order = [there[0], again[0], there[1], there[2], again[1], again[2], there[3], again[3], there[4]]
    return list(order)


def frames() -> list[Frame]:
    """Return the frames, a second apart."""
    arp = Packet(START, Outer(A, GROUP, 50003), 100, Inner(BROADCAST, MAC_A, InnerArp(HOST_A, HOST_B)))
    ping = InnerIp(HOST_A, HOST_B, L4("icmp", payload=bytes(56)))
    ping6 = InnerIp("fd00::1", "fd00::2", L4("icmpv6", payload=bytes(56)), extensions=(craft.HOP_BY_HOP,))
    dns = InnerIp(HOST_A, "192.168.1.53", L4("udp", 5353, 53, payload=bytes(30)))
    over6 = Packet(START, Outer(A6, B6, 50004), 200, Inner(MAC_B, MAC_A, dns, tags=((0x8100, 30),)))
    lldp = Packet(
        START, Outer(A, B, 50005), 300, Inner("01:80:c2:00:00:0e", MAC_A, InnerOther(0x88CC, bytes(50)))
    )
    policy = replace(
        _from_a(InnerIp(HOST_A, HOST_B, L4("sctp", 7, 9, payload=bytes(16)))), flags=0x88, reserved=7
    )
    moved = Packet(START, Outer(B, A, 50006), 100, Inner(MAC_B, MAC_A, ping))
    tagged = replace(_from_a(dns, 300), link=Link(tags=((0x8100, 5),)), trailer=4)
    large = InnerIp(HOST_A, HOST_B, L4("tcp", 40001, 5201, "A", payload=bytes(20_000)))
    offload = replace(_from_a(large, 200), snap=300)
    outer_ip = craft.ethernet(MAC_B, MAC_A, 0x0800, craft.ipv4(A, B, 6, craft.tcp(1, 2, "S")))
    clear = replace(_from_a(ping), flags=0)
    listed: list[Frame] = [
        arp,
        *web(100),
        *web(200),
        _from_a(ping),
        _from_b(replace(ping, src=HOST_B, dst=HOST_A)),
        _from_a(ping6),
        over6,
        lldp,
        policy,
        moved,
        tagged,
        offload,
        Plain(START, outer_ip, "other", "non_udp"),
        clear,
        *replace(
            _from_a(replace(dns, l4=L4("udp", 1, 2, payload=bytes(900)))), outer=Outer(A, B, 50001, ident=9)
        ).fragments(480),
    ]
    return [at(frame, START + index * SECOND) for index, frame in enumerate(listed)]


def at(frame: Frame, time: int) -> Frame:
    """Return the frame at another time."""
    if isinstance(frame, Packet | Plain):
        return replace(frame, time=time)
    return replace(frame, whole=replace(frame.whole, time=time))
