"""Captures of VXLAN's relatives that other projects publish, beside what tshark sees."""

import pytest
import tools
import tshark

import vxinspect

pytestmark = pytest.mark.external

FOLDER = tools.external_folder() / "captures"


def test_geneve_of_tcpdump() -> None:
    """39 frames of Geneve in two VNIs, one of them with a critical option, which tcpdump's own tests show."""
    path = FOLDER / "tcpdump-geneve.pcap"
    report = vxinspect.scan(path, encapsulations=["geneve"])
    tools.assert_conservation(report)
    rows = tshark.fields(path, ["geneve.vni", "geneve.flags", "frame.len"])
    for vni in (10, 11):
        theirs = [row for row in rows if int(row["geneve.vni"][0], 0) == vni]
        (ours,) = [row for row in tools.rows(report.vnis) if row["vni"] == vni]
        assert (ours["packets"], ours["encapsulation"]) == (len(theirs), "geneve")
        assert ours["wire_bytes"] == sum(int(row["frame.len"][0]) for row in theirs)
    assert report.frames["encapsulations"] == {"geneve": 39}
    critical = sum(row["geneve.flags"] == ["0x40"] for row in rows)
    assert report.frames["notes"]["critical_options"] == critical == 19
    usual = vxinspect.scan(path)
    assert usual.frames["reasons"] == {"unselected_geneve": 39}
    assert "39 frames of Geneve: add --encapsulation geneve" in usual.hints


def test_ways_of_one_flow_in_two_vnis() -> None:
    """That capture has each direction in a VNI of its own: what tshark has both ways of, `auto` makes one."""
    path = FOLDER / "tcpdump-geneve.pcap"
    report = vxinspect.scan(path, encapsulations=["geneve"])
    rows = tshark.fields(path, ["geneve.vni", "ip.src", "ip.dst"])
    ways = {(int(row["geneve.vni"][0], 0), row["ip.src"][-1], row["ip.dst"][-1]) for row in rows}
    assert {vni for vni, *_ in ways} == {10, 11}
    assert len({frozenset(ends) for _, *ends in ways}) < len(ways)
    joined = [row for row in tools.rows(report.flows_by("auto")) if row["vni_rev"] is not None]
    assert len(joined) == report.flow_pairs == 2
    for row in joined:
        assert (row["vni"], row["src_ip"], row["dst_ip"]) in ways
        assert (row["vni_rev"], row["dst_ip"], row["src_ip"]) in ways
