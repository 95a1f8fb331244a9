"""The columns are those of the contract, and each table's declaration is whole."""

import pytest

from vxinspect.columns import VIEWS, View, parse_sort
from vxinspect.exceptions import OptionError

CONVERSATION = """packets packets_ab packets_ba inner_bytes inner_bytes_ab inner_bytes_ba wire_bytes {}
    first_seen last_seen encapsulation vni_rev"""
OVERHEAD = """packets wire_bytes outer_ethernet_bytes outer_ip_bytes udp_bytes vxlan_bytes overhead_bytes
    overhead_percent inner_bytes payload_bytes goodput_percent vlan_overhead_bytes largest_outer_ip_packet
    required_underlay_mtu offload_frames"""
TCP = """tcp_segments retransmitted retransmission_percent out_of_order duplicate_acks missing_bytes
    zero_windows resets syn_retries rtt_ms"""
CHECKSUMS = """outer_udp_checksum_zero outer_udp_checksum_right outer_udp_checksum_wrong
    outer_udp_checksum_partial outer_udp_checksum_unverified inner_checksum_right
    inner_checksum_wrong inner_checksum_partial inner_checksum_unverified"""
CONTRACT = {
    "vnis": f"""vni packets inner_bytes payload_bytes wire_bytes overhead_bytes overhead_percent bum_packets
        vteps tunnels macs ips flows first_seen last_seen tagged_packets
        {TCP} encapsulation depth {CHECKSUMS} icmp_errors policy_ids""",
    "flows": """vni protocol src_ip src_port dst_ip dst_port src_vtep dst_vtep packets packets_fwd packets_rev
        inner_bytes inner_bytes_fwd inner_bytes_rev payload_bytes wire_bytes first_seen last_seen duration_s
        tcp_flags_fwd tcp_flags_rev tcp_state retransmitted_fwd retransmitted_rev
        out_of_order_fwd out_of_order_rev duplicate_acks_fwd duplicate_acks_rev
        missing_bytes_fwd missing_bytes_rev zero_windows_fwd zero_windows_rev resets_fwd resets_rev
        syn_retries rtt_syn_ms rtt_ack_ms encapsulation
        checksum_wrong checksum_partial icmp_errors vni_rev""",
    "conversations_mac": f"vni mac_a mac_b {CONVERSATION.format('ethertypes')}",
    "conversations_ip": f"vni ip_a ip_b {CONVERSATION.format('protocols')}",
    "tunnels": f"""vtep_a vtep_b kind direction vnis packets packets_ab packets_ba inner_bytes inner_bytes_ab
        inner_bytes_ba wire_bytes overhead_percent source_ports_ab source_ports_ba first_seen last_seen
        {TCP} encapsulation depth {CHECKSUMS}""",
    "underlay": """src_vtep dst_vtep vnis packets wire_bytes ttl_min ttl_max ttl_changes dscp
        dscp_mismatch_packets ecn ce_packets ecn_mismatch_packets source_ports busiest_port
        busiest_port_percent flows_per_port
        df_packets fragments icmp_frag_needed icmp_mtu icmp_unreachable icmp_time_exceeded
        icmp_parameter_problem icmp_vnis first_seen last_seen""",
    "vteps": """vtep vnis peers packets_sent packets_received inner_bytes_sent inner_bytes_received wire_bytes
        macs outer_macs first_seen last_seen""",
    "fdb": "vni mac vtep ips packets first_seen last_seen moves five_moves_s encapsulation",
    "addresses": """vni ip mac macs vteps sources claims moves conflicts packets first_seen last_seen
        hostname lease_mac lease_s lease_server leased_at encapsulation""",
    "overhead_total": f"{OVERHEAD} carrier_bytes",
    "overhead_vni": f"vni {OVERHEAD} encapsulation carrier_bytes",
    "overhead_tunnel": f"vtep_a vtep_b {OVERHEAD} encapsulation carrier_bytes",
}


@pytest.mark.parametrize("name", CONTRACT)
def test_columns_are_the_contract(name: str) -> None:
    """Each table has the contract's columns in the contract's order."""
    assert VIEWS[name].names == tuple(CONTRACT[name].split())


def test_no_table_is_missing() -> None:
    """The tables are exactly those of the contract."""
    assert set(VIEWS) == set(CONTRACT)


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: str(view.name))
def test_every_column_has_its_place_in_a_narrow_terminal(view: View) -> None:
    """Key, needed columns and ends together name each column once."""
    ends = {end.name: end for end in view.ends}
    assert not {end.name for end in view.ends} - {*view.key, *view.needed}
    told = [
        part for name in (*view.key, *view.needed) for part in (ends[name].parts if name in ends else [name])
    ]
    assert sorted(told) == sorted(view.names)


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: str(view.name))
def test_titles_tell_columns_apart(view: View) -> None:
    """No two columns of a table have one title, and each is described."""
    titles = [column.title for column in view.columns]
    assert len(set(titles)) == len(titles)
    assert all(column.description for column in view.columns)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("packets", ("packets", True)),
        ("packets:asc", ("packets", False)),
        ("first_seen", ("first_seen", True)),
        ("duration_s", ("duration_s", True)),
        ("protocol", ("protocol", False)),
        ("src_ip", ("src_ip", False)),
        ("dst_port", ("dst_port", False)),
        ("protocol:desc", ("protocol", True)),
    ],
)
def test_sort_direction(text: str, pair: tuple[str, bool]) -> None:
    """Quantities and times start with the largest, names and addresses with the lowest."""
    assert parse_sort(VIEWS["flows"], [text]) == [pair]


def test_unknown_sort_column_names_the_known_ones() -> None:
    """The error lists what there is."""
    with pytest.raises(
        OptionError, match=r"vni, mac, vtep, ips, packets, first_seen, last_seen, moves.*'bogus'"
    ):
        parse_sort(VIEWS["fdb"], ["bogus"])


@pytest.mark.parametrize("text", ["packets:", "packets:up", ":asc", ""])
def test_malformed_sort(text: str) -> None:
    """A direction is asc or desc, and a column has a name; an empty direction is none given."""
    if text == "packets:":
        assert parse_sort(VIEWS["flows"], [text]) == [("packets", True)]
    else:
        with pytest.raises(OptionError):
            parse_sort(VIEWS["flows"], [text])
