"""The samples are what their scenarios say."""

from pathlib import Path

import pytest
import tools
from test_round_trip import assert_round_trip

from vxinspect.containers import container_of
from vxinspect.synth.load import load_scenario
from vxinspect.synth.run import Job

SAMPLES = Path(__file__).parents[2] / "samples"
SCENARIOS = sorted((SAMPLES / "scenarios").glob("*.toml"))
LARGEST = 60_000


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_sample_is_rebuilt_byte_for_byte(scenario: Path, tmp_path: Path) -> None:
    """A scenario gives the committed capture, whose truth a scan tells; the README has a row for it."""
    capture = SAMPLES / f"{scenario.stem}.pcap"
    job = Job(load_scenario(scenario), scenario.name, container_of(capture.name))
    job.write(str(tmp_path / capture.name))
    assert (tmp_path / capture.name).read_bytes() == capture.read_bytes()
    assert_round_trip(job.truth(), capture)
    assert capture.stat().st_size < LARGEST
    assert f"`{capture.name}`" in (SAMPLES / "README.md").read_text()


def test_readme_tells_what_is_to_be_seen() -> None:
    """The figures of the samples' README, as commands print them."""
    flows = tools.cli_json("flows", SAMPLES / "overlapping-tenants.pcap")
    tcp = [(row["vni"], row["tcp_state"]) for row in flows if row["protocol"] == "tcp"]
    assert sorted(tcp) == [(100, "SF"), (100, "SF"), (200, "SF"), (200, "SF")]
    health = tools.cli_json("vnis", SAMPLES / "tcp-faults.pcap")
    told = {row["vni"]: (row["retransmitted"], row["out_of_order"], row["zero_windows"]) for row in health}
    assert told == {100: (2, 2, 1), 200: (1, 0, 0)}
    kinds = [row["kind"] for row in tools.cli_json("tunnels", SAMPLES / "multicast-flood.pcap")]
    assert sorted(kinds) == ["multicast", "multicast", "unicast"]
    moved = [row for row in tools.cli_json("fdb", SAMPLES / "vm-migration.pcap") if row["moves"]]
    assert [(row["mac"], row["vtep"], row["moves"]) for row in moved] == [
        ("02:42:0a:00:00:01", "192.0.2.3", 1)
    ]
    frames = tools.cli_json("summary", SAMPLES / "mtu-fragments.pcap")["frames"]
    assert (frames["fragment"], frames["reasons"]) == (5, {"non_udp": 2})
    assert frames["incomplete_datagrams"] == 1
    (over6,) = tools.cli_json("overhead", SAMPLES / "ipv6-underlay.pcap")
    assert over6["overhead_bytes"] == 70 * over6["packets"]
    (big,) = tools.cli_json("overhead", SAMPLES / "big-tcp.pcap")
    assert (big["offload_frames"], big["required_underlay_mtu"]) == (5, 1500)
    overlays = "vxlan,vxlan-gpe,geneve"
    relatives = tools.cli_json("vnis", "--encapsulation", overlays, SAMPLES / "relatives.pcap")
    costs = {row["encapsulation"]: (row["vni"], row["overhead_bytes"] / row["packets"]) for row in relatives}
    assert costs == {"mpls/vxlan": (100, 58), "erspan/vxlan-gpe": (200, 100), "geneve": (300, 58)}
    noise = tools.cli_json("summary", SAMPLES / "mixed-noise.pcap")["frames"]
    assert (noise["total"], noise["other"], noise["invalid"]) == (79, 21, 2)
    one_way = tools.cli_json("flows", SAMPLES / "one-way-tunnel.pcap")
    assert {row["tcp_state"] for row in one_way} == {"SH"}
