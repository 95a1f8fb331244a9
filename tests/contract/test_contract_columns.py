"""The columns of every table, as the contract lists them."""

import json
from pathlib import Path

import containers
import packets
import pytest
import showcase
import tools

import vxinspect

_BYTES = "wire_bytes outer_ethernet_bytes outer_ip_bytes udp_bytes vxlan_bytes overhead_bytes"
_BOTH_WAYS = "packets packets_ab packets_ba inner_bytes inner_bytes_ab inner_bytes_ba wire_bytes"
_OVERHEAD = f"""packets {_BYTES} overhead_percent inner_bytes payload_bytes goodput_percent
    vlan_overhead_bytes largest_outer_ip_packet required_underlay_mtu offload_frames"""
_TCP = """tcp_segments retransmitted retransmission_percent out_of_order duplicate_acks missing_bytes
    zero_windows resets syn_retries rtt_ms"""
_CHECKSUMS = """outer_udp_checksum_zero outer_udp_checksum_right outer_udp_checksum_wrong
    outer_udp_checksum_partial outer_udp_checksum_unverified inner_checksum_right
    inner_checksum_wrong inner_checksum_partial inner_checksum_unverified"""
COLUMNS = {
    "vnis": f"""vni packets inner_bytes payload_bytes wire_bytes overhead_bytes overhead_percent bum_packets
        vteps tunnels macs ips flows first_seen last_seen tagged_packets
        {_TCP} encapsulation depth {_CHECKSUMS} icmp_errors policy_ids""",
    "flows": """vni protocol src_ip src_port dst_ip dst_port src_vtep dst_vtep
        packets packets_fwd packets_rev inner_bytes inner_bytes_fwd inner_bytes_rev payload_bytes wire_bytes
        first_seen last_seen duration_s tcp_flags_fwd tcp_flags_rev tcp_state
        retransmitted_fwd retransmitted_rev out_of_order_fwd out_of_order_rev
        duplicate_acks_fwd duplicate_acks_rev missing_bytes_fwd missing_bytes_rev
        zero_windows_fwd zero_windows_rev resets_fwd resets_rev syn_retries rtt_syn_ms rtt_ack_ms
        encapsulation checksum_wrong checksum_partial icmp_errors vni_rev""",
    "conversations_mac": f"""vni mac_a mac_b {_BOTH_WAYS} ethertypes first_seen last_seen
        encapsulation vni_rev""",
    "conversations_ip": f"vni ip_a ip_b {_BOTH_WAYS} protocols first_seen last_seen encapsulation vni_rev",
    "tunnels": f"""vtep_a vtep_b kind direction vnis {_BOTH_WAYS} overhead_percent
        source_ports_ab source_ports_ba first_seen last_seen {_TCP} encapsulation depth {_CHECKSUMS}""",
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
    "overhead_total": f"{_OVERHEAD} carrier_bytes",
    "overhead_vni": f"vni {_OVERHEAD} encapsulation carrier_bytes",
    "overhead_tunnel": f"vtep_a vtep_b {_OVERHEAD} encapsulation carrier_bytes",
}

SUMMARY = """schema_version version captures frames time totals bytes vnis tunnels top_flows hints copies
    icmp_errors findings incomplete_datagrams checksums"""
CAPTURE = """name format byte_order timestamp_resolution link_types compression bytes complete truncated_at
    dropped_packets clock_steps largest_clock_step_s"""


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the showcase as a file."""
    path = tmp_path_factory.mktemp("contract") / "showcase.pcap"
    path.write_bytes(containers.pcap(packets.records(showcase.frames())))
    return path


@pytest.mark.parametrize("name", tools.TABLES)
def test_columns_are_named_and_ordered_as_the_contract_says(name: str, capture: Path) -> None:
    """Python tables, JSON, JSON lines and CSV have exactly the contract's columns, in its order."""
    columns = COLUMNS[name].split()
    assert list(tools.table(vxinspect.scan(capture), name).columns) == columns
    command = tools.COMMANDS[name]
    rows = json.loads(tools.cli(*command, capture, "--format", "json").text)
    assert rows
    assert all(list(row) == columns for row in rows)
    assert all(
        list(json.loads(line)) == columns
        for line in tools.cli(*command, capture, "--format", "jsonl").text.splitlines()
    )
    assert tools.cli(*command, capture, "--format", "csv").text.splitlines()[0].split(",") == columns


@pytest.mark.parametrize("name", tools.TABLES)
def test_machine_formats_agree(name: str, capture: Path) -> None:
    """JSON, JSON lines and CSV say the same rows as the Python table, in the same order, all of them."""
    command = tools.COMMANDS[name]
    expected = [dict(row) for row in tools.table(vxinspect.scan(capture), name)]
    assert json.loads(tools.cli(*command, capture, "--json").text) == expected
    lines = tools.cli(*command, capture, "--format", "jsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == expected
    said = tools.rows_from_csv(tools.cli(*command, capture, "--format", "csv").text)
    assert said == [{column: csv_text(value) for column, value in row.items()} for row in expected]


def csv_text(value: object) -> str:
    """Return a value as CSV has it: null is empty, a list is joined with spaces."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return str(value)


def test_the_summary_has_the_contracts_keys(capture: Path) -> None:
    """The summary is one object with the contract's keys, in Python, JSON and JSON lines."""
    summary = json.loads(tools.cli("summary", capture, "--json").text)
    assert list(summary) == SUMMARY.split()
    assert list(summary["captures"][0]) == CAPTURE.split()
    assert set(summary["frames"]) >= {"total", *tools.DISPOSITIONS, "reasons"}
    assert list(summary["time"]) == ["first_seen", "last_seen", "duration_s"]
    totals = ["vnis", "vteps", "tunnels", "flows", "macs", "ips", "rest_packets"]
    assert list(summary["totals"]) == totals
    assert list(summary["bytes"]) == ["wire", "inner", "payload", "overhead", "overhead_percent"]
    kinds = ["frag_needed", "mtu", "unreachable", "time_exceeded", "parameter_problem"]
    assert list(summary["icmp_errors"]) == kinds
    (line,) = tools.cli("summary", capture, "--format", "jsonl").text.splitlines()
    assert json.loads(line) == summary
    python = vxinspect.scan(capture).summary
    assert json.loads(json.dumps(python)) == summary


def test_the_summary_describes_the_capture(tmp_path: Path) -> None:
    """Format, byte order, resolution, link types, compression, size and completeness are told."""
    data = containers.compress(
        "gzip", containers.pcap(packets.records(showcase.frames()), order=">", nanosecond=True)
    )
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    (described,) = vxinspect.scan(path).summary["captures"]
    assert described["name"] == str(path)
    assert described["format"] == "pcap"
    assert "big" in described["byte_order"]
    assert described["compression"] == "gzip"
    assert described["complete"] is True
    assert described["truncated_at"] is None
    assert len(described["link_types"]) == 1


def test_absent_values_are_null(capture: Path) -> None:
    """ICMP has null ports and no TCP flags or state; never 0 or an empty text."""
    rows = [row for row in vxinspect.scan(capture).flows if row["protocol"] == "icmp"]
    assert rows
    for row in rows:
        assert [row[c] for c in ("src_port", "dst_port", "tcp_flags_fwd", "tcp_flags_rev", "tcp_state")] == [
            None
        ] * 5


def test_every_exported_name_is_there_and_sorted() -> None:
    """`__all__` is sorted and complete: what the contract promises can be imported from the package."""
    assert list(vxinspect.__all__) == sorted(vxinspect.__all__)
    assert all(hasattr(vxinspect, name) for name in vxinspect.__all__)
    promised = {"scan", "Report", "Table", "VxinspectError", "CaptureError", "OptionError", "__version__"}
    assert promised <= set(vxinspect.__all__)


def test_the_exceptions_are_one_tree() -> None:
    """Every exception is a VxinspectError; an option's is a ValueError too."""
    assert issubclass(vxinspect.CaptureError, vxinspect.VxinspectError)
    for name in ("UnreadableCaptureError", "UnknownFormatError", "DamagedCaptureError"):
        assert issubclass(getattr(vxinspect, name), vxinspect.CaptureError)
    assert issubclass(vxinspect.OptionError, vxinspect.VxinspectError)
    assert issubclass(vxinspect.OptionError, ValueError)
