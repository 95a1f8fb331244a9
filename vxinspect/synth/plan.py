"""What a capture point on the underlay would see, packet by packet."""

from dataclasses import dataclass, field, replace
from zlib import crc32

from vxinspect.synth.exchanges import Step
from vxinspect.synth.network import Network, Segment, Vtep
from vxinspect.synth.overlays import Overlay
from vxinspect.synth.packet import G_FLAG, I_FLAG, L4, Inner, Ip, Nd, Packet, Planned, Tcp, Udp
from vxinspect.synth.scenario import Scenario

__all__ = ["COPY_GAP", "Plan", "flow_hash", "with_l4"]

COPY_GAP = 1_000
"""Nanoseconds between the copies of one flooded frame (head-end replication)."""
_EPHEMERAL, _PORTS = 49_152, 16_384
"""The dynamic ports that RFC 7348 section 5 recommends for the source."""
_FLOW_IDS = 256


@dataclass(slots=True)
class Plan:
    """What is going to be in the capture. `befallen`: by a fault's index, the packets that it befell."""

    scenario: Scenario
    network: Network
    start: int
    planned: list[Planned] = field(default_factory=list)
    befallen: dict[int, list[Planned]] = field(default_factory=dict)
    traffic: set[str] = field(default_factory=set)
    idents: dict[str, int] = field(default_factory=dict)
    inner_idents: int = 0
    snap_length: int = 262_144
    cut: int | None = None

    @property
    def packets(self) -> list[Packet]:
        """The VXLAN packets among what is planned."""
        return [packet for packet in self.planned if isinstance(packet, Packet)]

    def befall(self, fault: int, packet: Planned) -> None:
        """Note that a packet has a fault."""
        packet.fault = fault
        self.befallen.setdefault(fault, []).append(packet)

    def say(self, time: int, traffic: str, exchange: int, step: Step) -> list[Packet]:
        """Plan one inner frame: a packet to the receiver's VTEP, or to all that it is flooded to."""
        sender = step.sender.vtep(time)
        segment = step.sender.segment
        if step.receiver is None:
            receivers = self.flooded(segment, sender)
        else:
            receivers = [vtep for vtep in (step.receiver.vtep(time),) if vtep != sender]
        made = [
            self._packet(time + index * COPY_GAP, (traffic, exchange), step, (sender, receiver))
            for index, receiver in enumerate(receivers)
        ]
        self.planned += made
        return made

    @staticmethod
    def flooded(segment: Segment, sender: Vtep) -> list[Vtep]:
        """Return where a frame goes that is for everybody: a group, or each other member."""
        if segment.group is not None:
            return [segment.group]
        return [member for member in segment.members if member != sender]

    def _packet(self, time: int, of: tuple[str, int], step: Step, ends: tuple[Vtep, Vtep]) -> Packet:
        (traffic, exchange), (sender, receiver) = of, ends
        underlay, segment = self.scenario.underlay, step.sender.segment
        fixed = underlay.source_port if segment.overlay.is_over_udp else underlay.flow_id
        policy = segment.group_policy
        return Packet(
            time,
            traffic,
            exchange,
            step.role,
            step.reply,
            segment,
            sender,
            receiver,
            _within(segment, step.inner),
            step.sender.name,
            vni=segment.vni,
            source_port=flow_hash(segment.overlay, step.inner) if fixed == "hash" else fixed,
            port=segment.overlay.port(receiver.port),
            outer_ident=self.ident(sender),
            ttl=underlay.ttl,
            dscp=underlay.dscp,
            flags=I_FLAG if policy is None else I_FLAG | G_FLAG,
            reserved=policy or 0,
            checksum=underlay.udp_checksum,
            overlay=segment.overlay,
            carriers=underlay.carriers,
        )

    def ident(self, sender: Vtep) -> int:
        """Return the next outer identification of a VTEP."""
        self.idents[sender.name] = self.idents.get(sender.name, 0) + 1
        return self.idents[sender.name] & 0xFFFF

    def inner_ident(self) -> int:
        """Return the next identification of an inner packet in fragments; each has its own."""
        self.inner_idents += 1
        return self.inner_idents & 0xFFFF

    def sort(self) -> None:
        """Put everything in the order of time; what is planned for one moment stays as it was."""
        self.planned.sort(key=lambda packet: packet.time)


def _within(segment: Segment, inner: Inner) -> Inner:
    """Return what a VNI carries of a frame: of one that is routed, unicast IP packets without Ethernet.

    Neighbor Discovery and DHCP are about Ethernet, and keep it, as ARP does.
    """
    is_group = bool(int(inner.dst[:2], 16) & 1)
    is_plain = isinstance(inner.body, Ip) and not _is_of_link(inner.body.l4)
    return replace(inner, vlan=None, bare=True) if segment.is_routed and is_plain and not is_group else inner


def _is_of_link(l4: L4) -> bool:
    return isinstance(l4, Nd) or (isinstance(l4, Udp) and l4.message is not None)


def flow_hash(overlay: Overlay, inner: Inner) -> int:
    """Return what the underlay tells flows apart by: a hash of the inner headers.

    It is an outer source port (RFC 7348 section 5), or NVGRE's FlowID (RFC 7637 section 3.2).
    """
    parts: list[object] = [inner.src, inner.dst]
    if isinstance(inner.body, Ip):
        l4 = inner.body.l4
        parts = [inner.body.src, inner.body.dst, l4.name]
        if isinstance(l4, Tcp | Udp):
            parts += [l4.sport, l4.dport]
    number = crc32(" ".join(map(str, parts)).encode())
    return _EPHEMERAL + number % _PORTS if overlay.is_over_udp else number % _FLOW_IDS


def with_l4(packet: Packet, **changes: object) -> None:
    """Change fields of a packet's inner transport header in place."""
    body = packet.inner.body
    if isinstance(body, Ip):
        packet.inner = replace(packet.inner, body=replace(body, l4=replace(body.l4, **changes)))  # type: ignore[arg-type]
