"""What is wrong, and how we know: one small file a rule."""

from importlib import import_module

from vxinspect.rules.rule import Rule

__all__ = ["ALL", "by_id"]

_NAMES = (
    *("one_way_tunnel", "unexpected_source", "vni_by_direction", "duplicate_mac", "duplicate_ip"),
    *("underlay_mtu", "mtu_black_hole", "vtep_unreachable", "underlay_loop"),
    *("overlay_loop", "broadcast_storm"),
    *(
        "i_flag_clear",
        "one_way_flow",
        "mac_flapping",
        "mac_moved",
        "vni_leak",
        "unknown_unicast",
        "bum_share",
    ),
    *(
        "fragmentation",
        "incomplete_datagrams",
        "malformed",
        "reserved_bits",
        "inner_vlan_tag",
        "unexpected_port",
    ),
    *("source_port_polarised", "retransmission_rate", "zero_window"),
    *("tcp_refused", "tcp_unanswered", "tcp_reset", "bare_traffic", "copies"),
    *("checksum_wrong", "zero_checksum_ipv6"),
    *("ecn_lost", "dscp_mismatch", "ttl_change", "capture_cut", "capture_loss", "clock_step", "snap_length"),
)

ALL: tuple[Rule, ...] = tuple(import_module(f"vxinspect.rules.{name}").RULE for name in _NAMES)
"""Every rule, in the order in which findings of one severity are told."""


def by_id(name: str) -> Rule | None:
    """Return the rule of that id."""
    return next((rule for rule in ALL if rule.id == name), None)
