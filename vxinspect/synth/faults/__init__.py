"""What goes wrong in a scenario: applied to a plan in stages, each in the order of the file.

1. What changes the network, before anybody speaks (`change_network`).
2. Who else speaks; what changes the size of segments and the end of sessions; then sequence numbers.
3. What is lost, and what TCP makes of loss.
4. What changes single packets: overlay, VXLAN header, inner frame, underlay.
5. What the capture adds, and leaves out.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from vxinspect.synth import kinds as kind
from vxinspect.synth.faults import capture, header, inner, overlay, stations, tcp, underlay
from vxinspect.synth.plan import Plan

__all__ = ["befall_capture", "befall_packets", "change_network"]

_Stage: TypeAlias = Mapping[type, Callable[[Plan, int, Any], None]]

_NETWORK: _Stage = {kind.MacMove: stations.mac_move, kind.MacFlap: stations.mac_flap}

_SPEAKERS: _Stage = {
    kind.MacMove: stations.tell_moves,
    kind.MacFlap: stations.tell_moves,
    kind.DuplicateMac: stations.duplicate_mac,
    kind.DuplicateIp: stations.duplicate_ip,
    kind.Offload: tcp.offload,
    kind.ZeroLength: tcp.zero_length,
    kind.TcpReset: tcp.reset,
}

_LOSSES: _Stage = {
    kind.OneWayTunnel: overlay.one_way_tunnel,
    kind.BlackHole: tcp.black_hole,
    kind.TcpRetransmission: tcp.retransmission,
    kind.TcpReordering: tcp.reordering,
    kind.TcpZeroWindow: tcp.zero_window,
}

_PACKETS: _Stage = {
    kind.UnexpectedSource: overlay.unexpected_source,
    kind.VniByDirection: overlay.vni_by_direction,
    kind.UnknownUnicast: overlay.unknown_unicast,
    kind.Nested: overlay.nested,
    kind.Carried: overlay.carried,
    kind.Loop: overlay.loop,
    kind.PolarisedSourcePorts: overlay.polarised_source_ports,
    kind.IFlagClear: header.i_flag_clear,
    kind.ReservedBits: header.reserved_bits,
    kind.GroupPolicy: header.group_policy,
    kind.InnerVlanTag: inner.vlan_tag,
    kind.InnerChecksumWrong: inner.checksum_wrong,
    kind.InnerChecksumPartial: inner.checksum_partial,
    kind.InnerFragments: inner.fragments,
    kind.InnerIcmpErrors: inner.icmp_errors,
    kind.WrongPort: underlay.wrong_port,
    kind.OuterChecksumWrong: underlay.checksum_wrong,
    kind.OuterFragments: underlay.fragments,
    kind.MissingFragment: underlay.missing_fragment,
    kind.RepeatedFragment: underlay.repeated_fragment,
    kind.OverlappingFragments: underlay.overlapping_fragments,
    kind.ReorderedFragments: underlay.reordered_fragments,
    kind.OverMtu: underlay.over_mtu,
    kind.IcmpErrors: underlay.icmp_error,
    kind.TtlChange: underlay.ttl_change,
    kind.DscpChange: underlay.dscp_change,
    kind.EcnMarks: underlay.ecn_marks,
}

_CAPTURE: _Stage = {
    kind.CaptureDrops: capture.capture_drops,
    kind.DuplicatedFrames: capture.duplicated_frames,
    kind.RoutedCopies: capture.routed_copies,
    kind.BareCopies: capture.bare_copies,
    kind.PlainTraffic: capture.plain_traffic,
    kind.SnapLength: capture.snap_length,
    kind.CutMidRecord: capture.cut_mid_record,
}


def change_network(plan: Plan) -> list[tuple[int, int, dict[str, str]]]:
    """Apply what changes the network.

    Returns, for each VNI that has another one's hosts, the fault's index, the VNI, and the hosts' names.
    """
    _apply(plan, _NETWORK)
    return [
        (index, fault.to, plan.network.clone(f"fault[{index}]", fault.vni, fault.to))
        for index, fault in enumerate(plan.scenario.fault)
        if isinstance(fault, kind.OverlappingTenants)
    ]


def befall_packets(plan: Plan) -> None:
    """Apply what befalls packets before they are captured."""
    _apply(plan, _SPEAKERS)
    plan.sort()
    tcp.number_segments(plan)
    for stage in (_LOSSES, _PACKETS):
        _apply(plan, stage)
        plan.sort()


def befall_capture(plan: Plan) -> None:
    """Apply what befalls the capture."""
    _apply(plan, _CAPTURE)
    plan.sort()


def _apply(plan: Plan, stage: _Stage) -> None:
    for index, fault in enumerate(plan.scenario.fault):
        if type(fault) in stage:
            stage[type(fault)](plan, index, fault)
