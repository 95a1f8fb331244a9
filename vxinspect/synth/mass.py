"""Mass traffic: the templates that the engine stamps its flows from, and what those flows add to the truth.

The engine plans and stamps (docs/scenarios.md has its rules); what the packets of a flow add up to is
computed here from the flow's plan, by the same rules and apart from it.
"""

from collections.abc import Iterator
from itertools import accumulate
from math import lcm
from typing import NamedTuple

from vxinspect import _engine
from vxinspect.exceptions import ScenarioError
from vxinspect.synth import frames
from vxinspect.synth.network import Network, Segment, Vtep, nanoseconds
from vxinspect.synth.overlays import VXLAN_OVERLAY
from vxinspect.synth.packet import ETHERNET, IPV4, IPV6, TAG, UDP, VXLAN, Inner, Ip, Packet, Tcp
from vxinspect.synth.packet import Udp as UdpHeader
from vxinspect.synth.plan import Plan
from vxinspect.synth.scenario import Mass
from vxinspect.synth.shares import Segments, Share
from vxinspect.synth.sizes import pattern

__all__ = ["MassTraffic"]

_CONTROL = ETHERNET + IPV4 + 20
"""Inner frame of a TCP segment without payload: the smallest that there is."""
_TCP, _UDP = 6, 17
_HANDSHAKE, _CLOSE = 3, 3
_CHUNK = 4096
_ADDRESS = "10.0.0.1"
_MAC = "02:42:0a:00:00:01"


class _Flow(NamedTuple):
    """A flow as the engine plans it: `offset` is where in the sizes it begins. Times in nanoseconds."""

    vni: int
    protocol: int
    src_vtep: int
    dst_vtep: int
    src_mac: str
    dst_mac: str
    src_ip: str
    dst_ip: str
    src_port: int
    dst_port: int
    source_port_fwd: int
    source_port_rev: int
    offset: int
    packets: int
    first: int
    interval: int


class MassTraffic:
    """The scenario's mass traffic. Raises `ScenarioError` where it makes no sense."""

    def __init__(self, plan: Plan, declared: Mass) -> None:
        scenario, network = plan.scenario, plan.network
        self._declared = declared
        self._snap = plan.snap_length
        self._underlay = scenario.underlay
        self._vteps = [
            network.vtep(f"mass.vteps[{index}]", name)
            for index, name in enumerate(network.vteps if declared.vteps is None else declared.vteps)
        ]
        vnis = network.segments if declared.vnis is None else declared.vnis
        self._vnis = [network.segment(f"mass.vnis[{index}]", vni).vni for index, vni in enumerate(vnis)]
        # Asked for once: each flow needs them.
        self._outer_header = IPV4 if not self._vteps or self._vteps[0].version == 4 else IPV6  # noqa: PLR2004
        self._headers = ETHERNET + TAG * len(self._underlay.vlan) + self._outer_header + UDP + VXLAN
        self._check(network)
        self._sizes = pattern(declared.size)
        port = scenario.underlay.source_port
        self.engine = _engine.Mass(
            seed=scenario.seed,
            vnis=self._vnis,
            vteps=[(vtep.mac, vtep.ip) for vtep in self._vteps],
            flows=declared.flows,
            packets=declared.packets,
            start=plan.start + nanoseconds(declared.start),
            rate=declared.rate,
            sizes=self._sizes,
            source_port=None if port == "hash" else port,
            templates=self._templates(),
        )

    def _check(self, network: Network) -> None:
        declared = self._declared
        least = ETHERNET + IPV4 + Tcp.header
        if len(self._vteps) < 2:  # noqa: PLR2004 - a tunnel has two ends
            raise ScenarioError("", "mass.vteps", "at least two VTEPs", str(len(self._vteps)))
        if not self._vnis:
            raise ScenarioError("", "mass.vnis", "at least one VNI", "none")
        if declared.packets < declared.flows:
            expected = f"at least {declared.flows}, one for each flow"
            raise ScenarioError("", "mass.packets", expected, declared.packets)
        if isinstance(declared.size, int) and declared.size < least:
            raise ScenarioError(
                "", "mass.size", f"at least {least}, the length of the headers", declared.size
            )
        if self._underlay.carriers:
            raise ScenarioError("", "underlay.carriers", "none beside mass", "some")
        ports = {vtep.port for vtep in self._vteps}
        if len(ports) > 1:
            raise ScenarioError("", "mass.vteps", "VTEPs with one UDP port", f"{len(ports)} ports")
        largest = self._outer_header + UDP + VXLAN + max(pattern(declared.size))
        if self._underlay.mtu is not None and largest > self._underlay.mtu:
            raise ScenarioError("", "underlay.mtu", f"at least {largest}, for mass", self._underlay.mtu)
        headers = self._headers + least
        if self._snap < headers:
            raise ScenarioError("", "fault", f"a snap length of at least {headers} beside mass", self._snap)
        self._check_vnis(network)

    def _check_vnis(self, network: Network) -> None:
        for vni in self._vnis:
            segment = network.segments[vni]
            if segment.group_policy is not None:
                raise ScenarioError("", "mass.vnis", "VNIs without a group policy", str(vni))
            if segment.overlay != VXLAN_OVERLAY:
                raise ScenarioError("", "mass.vnis", "VNIs of VXLAN", f"{vni} of {segment.overlay.name}")

    def _templates(self) -> list[tuple[int, bool, int, bytes, tuple[int, int, int, int, int, int]]]:
        """Return a frame for TCP's control segments, and one for each protocol and size."""
        made = [self._template(_TCP, _CONTROL, control=True)]
        for size in sorted(set(self._sizes)):
            made += [self._template(protocol, size, control=False) for protocol in (_TCP, _UDP)]
        return made

    def _template(
        self, protocol: int, size: int, *, control: bool
    ) -> tuple[int, bool, int, bytes, tuple[int, int, int, int, int, int]]:
        room = size - ETHERNET - IPV4
        l4 = (
            Tcp(1, 2, "A", room - Tcp.header)
            if protocol == _TCP
            else UdpHeader(1, 2, room - UdpHeader.header)
        )
        inner = Inner(_MAC, _MAC, Ip(_ADDRESS, _ADDRESS, l4))
        sender, receiver = self._vteps[0], self._vteps[1]
        segment = Segment(self._vnis[0], (sender, receiver), None, None)
        packet = Packet(0, "mass", 0, "", False, segment, sender, receiver, inner, "")  # noqa: FBT003
        packet.port, packet.source_port, packet.checksum = receiver.port, 1, self._underlay.udp_checksum
        (frame,) = frames.encode(packet, self._underlay)
        ip = ETHERNET + TAG * len(self._underlay.vlan)
        lengths = (ip, self._outer_header, UDP, VXLAN, ETHERNET, IPV4)
        outer_ip, udp, vxlan, ethernet, inner_ip, transport = accumulate(lengths)
        return protocol, control, size, frame, (outer_ip, udp, vxlan, ethernet, inner_ip, transport)

    # ---- truth ---------------------------------------------------------------------------------------

    def shares(self) -> Iterator[Share]:
        """Yield what each direction of each flow adds to the tables."""
        for start in range(0, self._declared.flows, _CHUNK):
            for row in self.engine.flows(start, min(start + _CHUNK, self._declared.flows)):
                yield from self._ways(_Flow(*row))

    def _ways(self, flow: _Flow) -> Iterator[Share]:
        for reply in (False, True):
            lengths = self._lengths(flow, reply=reply)
            if lengths.packets:
                yield self._share(flow, lengths, reply=reply)

    def _share(self, flow: _Flow, way: "_Way", *, reply: bool) -> Share:
        order = -1 if reply else 1
        src_vtep, dst_vtep = self._ends(flow)[::order]
        mac_src, mac_dst = (flow.src_mac, flow.dst_mac)[::order]
        ip_src, ip_dst = (flow.src_ip, flow.dst_ip)[::order]
        sport, dport = (flow.src_port, flow.dst_port)[::order]
        return Share(
            flow.vni,
            src_vtep.ip,
            dst_vtep.ip,
            (flow.source_port_fwd, flow.source_port_rev)[::order][0],
            src_vtep.mac,
            flow.first + way.first * flow.interval,
            flow.first + way.last * flow.interval,
            wire=way.inner + way.packets * self._headers,
            inner=way.inner,
            payload=way.payload,
            outer_ip=way.packets * self._outer_header,
            largest=self._outer_header + UDP + VXLAN + way.largest,
            is_offload=False,
            packets=way.packets,
            notes=self._notes(way),
            ttl=self._underlay.ttl,
            dscp=self._underlay.dscp,
            ecn=0,
            dont_fragment=True,
            outer_sum="zero" if self._underlay.udp_checksum == "zero" else "right",
            inner_sum="right",
            unverified=way.cut,
            inner_dscp=0,
            inner_ecn=0,
            mac_src=mac_src,
            mac_dst=mac_dst,
            ethertype="ipv4",
            ip_src=ip_src,
            ip_dst=ip_dst,
            protocol="tcp" if flow.protocol == _TCP else "udp",
            sport=sport,
            dport=dport,
            segments=way.segments,
            handshake=() if reply or flow.protocol != _TCP else self._handshake(flow),
            duplicate_acks=self._duplicate_acks(flow, reply=reply),
        )

    @staticmethod
    def _handshake(flow: _Flow) -> tuple[int, ...]:
        numbers = range(min(flow.packets, _HANDSHAKE))
        return tuple(flow.first + number * flow.interval for number in numbers)

    def _duplicate_acks(self, flow: _Flow, *, reply: bool) -> int:
        """Count segments without data between which the other side sent none either."""
        if flow.protocol != _TCP or min(self._sizes) > _CONTROL:
            return 0
        closes = flow.packets >= _HANDSHAKE + 1 + _CLOSE
        data = max(0, flow.packets - _HANDSHAKE - (_CLOSE if closes else 0))
        empty = [self._sizes[(flow.offset + at) % len(self._sizes)] <= _CONTROL for at in range(data)]
        # Data goes in turns. The client's first follows its ACK, and nothing else of the server's.
        return sum(empty[at] and (at == 0 or empty[at - 1]) for at in range(int(reply), data, 2))

    def _notes(self, way: "_Way") -> dict[str, int]:
        is_noted = self._underlay.udp_checksum == "zero" and self._vteps[0].version == 6  # noqa: PLR2004
        counts = {"inner_cut": way.cut, "zero_checksum_ipv6": way.packets if is_noted else 0}
        return {name: count for name, count in counts.items() if count}

    def _ends(self, flow: _Flow) -> tuple[Vtep, Vtep]:
        return self._vteps[flow.src_vtep], self._vteps[flow.dst_vtep]

    def _lengths(self, flow: _Flow, *, reply: bool) -> "_Way":
        if flow.protocol == _UDP:
            first = int(reply)
            count = (flow.packets - first + 1) // 2
            sizes = self._sizes_of(flow.offset + first, count)
            return _Way.of(sizes, ETHERNET + IPV4 + UDP, first, first + 2 * (count - 1))
        return self._tcp_lengths(flow, reply=reply)

    def _tcp_lengths(self, flow: _Flow, *, reply: bool) -> "_Way":
        """Return a TCP direction's: handshake, data both ways in turn, a close where there is room for it."""
        closes = flow.packets >= _HANDSHAKE + 1 + _CLOSE
        data = max(0, flow.packets - _HANDSHAKE - (_CLOSE if closes else 0))
        mine = (data + (0 if reply else 1)) // 2
        sizes = self._sizes_of(flow.offset + int(reply), mine)
        close_at = flow.packets - _CLOSE
        control = [(1, "SA")] if reply else [(0, "S"), (2, "A")]
        if closes:
            control += [(close_at + 1, "FA")] if reply else [(close_at, "FA"), (close_at + 2, "A")]
        control = [(number, flags) for number, flags in control if number < flow.packets]
        numbers = [number for number, _ in control]
        segments: list[tuple[str, bool]] = [(flags, False) for _, flags in control]
        if mine:
            first = _HANDSHAKE + int(reply)
            numbers += [first, first + 2 * (mine - 1)]
            # Behind the handshake, before the close.
            segments.insert(1 if reply else 2, ("PA", sizes.largest > _CONTROL))
        way = _Way.of(sizes, _CONTROL, 0, 0)
        count = mine + len(control)
        return way._replace(
            packets=count,
            inner=way.inner + _CONTROL * len(control),
            largest=max(way.largest, _CONTROL if control else 0),
            first=min(numbers, default=0),
            last=max(numbers, default=0),
            segments=tuple(segments),
        )

    def _sizes_of(self, begin: int, count: int) -> "_Sizes":
        """Return what every other frame of the pattern from `begin` on adds up to, `count` of them."""
        cycle = lcm(2, len(self._sizes)) // 2
        turn = [self._sizes[(begin + 2 * index) % len(self._sizes)] for index in range(min(cycle, count))]
        whole, rest = divmod(count, cycle)
        cut = [size > self._snap - self._headers for size in turn]
        total, are_cut = (whole * sum(each) + sum(each[:rest]) for each in (turn, cut))
        return _Sizes(count, total, max(turn, default=0), are_cut)


class _Sizes(NamedTuple):
    """Inner frames of one direction: how many, their sum and the largest in bytes, how many are cut."""

    frames: int
    total: int
    largest: int
    cut: int


class _Way(NamedTuple):
    """One direction of a flow: sums in bytes, and the numbers of its first and last packet."""

    packets: int
    inner: int
    payload: int
    largest: int
    first: int
    last: int
    cut: int
    segments: Segments = ()

    @classmethod
    def of(cls, sizes: _Sizes, headers: int, first: int, last: int) -> "_Way":
        """Return data packets alone."""
        payload = sizes.total - headers * sizes.frames
        return cls(sizes.frames, sizes.total, payload, sizes.largest, first, last, sizes.cut)
