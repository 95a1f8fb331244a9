"""Each fault that tshark has no word for, looked at in the frames by dpkt: it is where the truth says."""

import struct
from pathlib import Path
from typing import Any, NamedTuple

import dpkt
import pytest
import scenarios
from test_round_trip import made


class Seen(NamedTuple):
    """A frame as dpkt reads it: microseconds, outer Ethernet, and of VXLAN its VNI and inner Ethernet."""

    time: int
    length: int
    outer: Any
    vni: int | None
    inner: Any


def read(path: Path) -> list[Seen]:
    """Return the frames of a capture."""
    with path.open("rb") as file:
        # A float of seconds holds whole microseconds.
        return [_seen(round(time * 1e6), data) for time, data in dpkt.pcap.Reader(file)]


def _seen(time: int, data: bytes) -> Seen:
    outer = dpkt.ethernet.Ethernet(data)
    udp = getattr(outer.data, "udp", None)
    if udp is None or udp.dport != 4789:
        return Seen(time, len(data), outer, None, None)
    # A length of 0 leaves dpkt without the data: it stands behind the headers all the same.
    payload = data[42:]
    vni = struct.unpack(">I", payload[4:8])[0] >> 8
    return Seen(time, len(data), outer, vni, dpkt.ethernet.Ethernet(payload[8:]))


def source(frame: Seen) -> str:
    """Return the outer source address."""
    return str(dpkt.utils.inet_to_str(frame.outer.data.src))


@pytest.fixture
def capture(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[Seen], list[Seen], list[int]]:
    """Return the frames of a capture with a fault, those that the truth names, and their numbers."""
    path = tmp_path / "a.pcap"
    (fault,) = made(scenarios.NETWORK + scenarios.fault(request.param), path)["faults"]
    frames = read(path)
    return frames, [frames[number - 1] for number in fault["frames"]], fault["frames"]


Capture = tuple[list[Seen], list[Seen], list[int]]


def only(kind: str) -> pytest.MarkDecorator:
    """Run a test on a capture with one fault."""
    return pytest.mark.parametrize("capture", [kind], indirect=True)


@only("one-way-tunnel")
def test_one_way_tunnel(capture: Capture) -> None:
    """Frames go from one to two, and none comes back."""
    frames, named, _ = capture
    ends = [(source(f), dpkt.utils.inet_to_str(f.outer.data.dst)) for f in frames if f.vni is not None]
    assert ("192.0.2.2", "192.0.2.1") not in ends
    assert ends.count(("192.0.2.1", "192.0.2.2")) == len(named) > 0


@only("mac-move")
def test_mac_move(capture: Capture) -> None:
    """The named frame is the first that the host sends from behind the other VTEP, and it never returns."""
    frames, named, (number,) = capture
    mac = bytes.fromhex("02420a000001")
    behind = [(source(f), n) for n, f in enumerate(frames, 1) if f.inner is not None and f.inner.src == mac]
    assert next(n for vtep, n in behind if vtep == "192.0.2.3") == number
    assert {vtep for vtep, n in behind if n >= number} == {"192.0.2.3"}
    assert len(named) == 1


@only("mac-flap")
def test_mac_flap(capture: Capture) -> None:
    """The named frames are those whose VTEP is not the one of the host's frame before."""
    frames, _, numbers = capture
    mac, last, changes = bytes.fromhex("02420a000001"), None, []
    for number, frame in enumerate(frames, 1):
        if frame.inner is not None and frame.inner.src == mac:
            if last is not None and source(frame) != last:
                changes.append(number)
            last = source(frame)
    assert changes == numbers
    assert len(changes) > 1


@only("duplicate-mac")
def test_duplicate_mac(capture: Capture) -> None:
    """The host's MAC announces another address from behind the third VTEP, twice to each other member."""
    _, named, _ = capture
    assert len(named) == 4
    for frame in named:
        arp = frame.inner.data
        assert (source(frame), frame.inner.src) == ("192.0.2.3", bytes.fromhex("02420a000001"))
        assert arp.spa == arp.tpa == bytes([10, 0, 0, 9])


@only("duplicate-ip")
def test_duplicate_ip(capture: Capture) -> None:
    """The host's address is announced by another MAC from behind the third VTEP."""
    _, named, _ = capture
    assert len(named) == 4
    for frame in named:
        assert (source(frame), frame.inner.data.sha) == ("192.0.2.3", bytes.fromhex("02420a000099"))
        assert frame.inner.data.spa == frame.inner.data.tpa == bytes([10, 0, 0, 1])


@only("unknown-unicast")
def test_unknown_unicast(capture: Capture) -> None:
    """The same inner unicast frame goes to both other members."""
    _, named, _ = capture
    assert len(named) == 4
    inner: dict[bytes, set[bytes]] = {}
    for frame in named:
        assert not frame.inner.dst[0] & 1
        inner.setdefault(bytes(frame.inner), set()).add(frame.outer.data.dst)
    assert [len(receivers) for receivers in inner.values()] == [2, 2]


@only("overlapping-tenants")
def test_overlapping_tenants(capture: Capture) -> None:
    """VNI 200 has the unicast packets of VNI 100: the same MACs, addresses and ports."""
    frames, named, _ = capture

    def ends(vni: int) -> list[bytes]:
        unicast = [f.inner for f in frames if f.vni == vni and not f.inner.dst[0] & 1]
        # Up to the ports; sequence numbers and checksums are each tenant's own.
        return sorted(bytes(frame)[:14] + bytes(frame)[26:38] for frame in unicast)

    assert ends(100) == ends(200) != []
    assert {frame.vni for frame in named} == {200}


@only("over-mtu")
def test_over_mtu(capture: Capture) -> None:
    """Each packet of more than 900 bytes that is named is quoted by a router, which tells that MTU."""
    _, named, _ = capture
    large = [frame for frame in named if frame.vni is not None]
    errors = [frame.outer.data for frame in named if frame.vni is None]
    assert len(large) == len(errors) == 2
    assert all(frame.outer.data.len > 900 and frame.outer.data.df for frame in large)
    for ip in errors:
        assert (dpkt.utils.inet_to_str(ip.src), ip.icmp.type, ip.icmp.code) == ("192.0.2.254", 3, 4)
        assert ip.icmp.data.mtu == 900
        assert dpkt.dpkt.in_cksum(bytes(ip)[20:]) == 0
    quoted = {bytes(ip.icmp.data.data)[:28] for ip in errors}
    assert quoted == {bytes(frame.outer.data)[:28] for frame in large}


@only("inner-checksum-partial")
def test_inner_checksum_partial(capture: Capture) -> None:
    """The checksum is the pseudo-header's sum: with the rest of the segment summed in it comes out right."""
    _, named, _ = capture
    assert len(named) == 3
    for frame in named:
        ip = frame.inner.data
        message = bytes(ip.data)
        protocol = 6 if isinstance(ip.data, dpkt.tcp.TCP) else 17
        pseudo = ip.src + ip.dst + struct.pack(">II", len(message), protocol)
        assert ip.data.sum == 0xFFFF ^ dpkt.dpkt.in_cksum(pseudo)


@only("tcp-reset")
def test_tcp_reset(capture: Capture) -> None:
    """A reset follows the session's first data segment, from the other side, and nothing after it."""
    frames, named, numbers = capture
    assert len(named) == 2
    for frame, number in zip(named, numbers, strict=True):
        assert frame.inner.data.data.flags & dpkt.tcp.TH_RST
        assert all(session(later) != session(frame) for later in frames[number:])


def session(frame: Seen) -> frozenset[Any] | None:
    """Return the two ends of a TCP segment, whichever of them sent it."""
    ip = frame.inner.data
    tcp = getattr(ip, "data", None)
    return frozenset({(ip.src, tcp.sport), (ip.dst, tcp.dport)}) if isinstance(tcp, dpkt.tcp.TCP) else None


@only("offload")
def test_offload(capture: Capture) -> None:
    """Frames of 20,000 bytes inside, whose outer lengths say so."""
    _, named, _ = capture
    assert [(f.length, f.outer.data.len, f.outer.data.udp.ulen) for f in named] == [(20050, 20036, 20016)] * 2


@only("zero-length")
def test_zero_length(capture: Capture) -> None:
    """A frame of 70,000 bytes inside has 0 in every length field, and right IPv4 header checksums."""
    _, (frame,), _ = capture
    ip, inner = frame.outer.data, frame.inner.data
    assert frame.length == 70_050
    assert ip.len == ip.udp.ulen == inner.len == 0
    for header in (ip, inner):
        assert dpkt.dpkt.in_cksum(header.pack_hdr()) == 0


@only("duplicated-frames")
def test_duplicated_frames(capture: Capture) -> None:
    """Each named frame is the same, to the byte, as one a microsecond before."""
    frames, named, _ = capture
    assert len(named) == 4
    for frame in named:
        same = [other for other in frames if bytes(other.outer) == bytes(frame.outer)]
        assert len(same) == 2
        assert same[1].time - same[0].time == 1


@only("routed-copies")
def test_routed_copies(capture: Capture) -> None:
    """Each named frame is a packet 50 microseconds before, from the router's MAC and with a TTL one less."""
    frames, named, _ = capture
    assert len(named) == 4
    for frame in named:
        again = frame.outer.data
        before = [
            other
            for other in frames
            if other.time == frame.time - 50 and other.outer.data.id == again.id and other.vni == frame.vni
        ]
        (first,) = (other for other in before if bytes(other.inner) == bytes(frame.inner))
        assert (first.outer.data.ttl, again.ttl) == (64, 63)
        assert frame.outer.src.hex(":") == "02:00:00:00:ff:fe" != first.outer.src.hex(":")
        assert dpkt.dpkt.in_cksum(again.pack_hdr()) == 0


@only("bare-copies")
def test_bare_copies(capture: Capture) -> None:
    """Each named frame is the inner frame, to the byte, of a packet ten microseconds later."""
    frames, named, _ = capture
    assert len(named) == 5
    for frame in named:
        assert frame.vni is None
        inside = [other.inner for other in frames if other.vni is not None and other.time == frame.time + 10]
        assert bytes(frame.outer) in [bytes(inner) for inner in inside]


@only("snap-length")
def test_snap_length(capture: Capture) -> None:
    """No frame has more than 90 bytes, and the named ones are those that have so many."""
    frames, _, numbers = capture
    assert max(frame.length for frame in frames) == 90
    assert set(numbers) <= {number for number, frame in enumerate(frames, 1) if frame.length == 90}


@only("plain-traffic")
def test_plain_traffic(capture: Capture) -> None:
    """ARP, UDP, TCP, ICMP and LLDP in turn, none of it VXLAN."""
    _, named, _ = capture
    kinds = [frame.outer.type if frame.outer.type != 0x0800 else frame.outer.data.p for frame in named]
    assert kinds == [0x0806, 17, 17, 6, 1, 0x88CC, 0x0806, 17, 17]
    assert all(frame.vni is None for frame in named)


def test_cut_mid_record(tmp_path: Path) -> None:
    """The file is what it would have been without its last 20 bytes, and the named frame is the last."""
    whole, cut = tmp_path / "whole.pcap", tmp_path / "cut.pcap"
    frames = made(scenarios.NETWORK, whole)["frames"]["total"]
    (fault,) = made(scenarios.NETWORK + scenarios.fault("cut-mid-record"), cut)["faults"]
    assert cut.read_bytes() == whole.read_bytes()[:-20]
    assert fault["frames"] == [frames]
