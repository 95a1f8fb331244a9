"""The rules about how TCP fares say where: in a VNI, over a tunnel, or everywhere; and not what copies do."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from rule_cases import fault
from test_rules import write

import vxinspect

HOSTS = """
[[host]]
name = "app"
vni = 100
vtep = "three"
mac = "02:42:0a:00:00:03"
ips = ["10.0.0.3"]
[[host]]
name = "red"
vni = 200
vtep = "one"
mac = "02:42:0a:00:00:01"
ips = ["10.0.0.1"]
[[host]]
name = "blue"
vni = 200
vtep = "two"
mac = "02:42:0a:00:00:02"
ips = ["10.0.0.2"]
"""


def talk(name: str, source: str, destination: str) -> str:
    """Return a dozen TCP sessions."""
    return (
        f'[[traffic]]\nkind = "tcp"\nname = "{name}"\nfrom = "{source}"\nto = "{destination}"\n'
        "start = 1\ncount = 12\nsize = 900\nrounds = 2\nsegments = 2\n"
    )


def losses(traffic: str, count: int) -> str:
    """Return segments of a traffic that are sent again."""
    return fault("tcp-retransmission", f'traffic = "{traffic}"\ncount = {count}')


def findings(text: str, path: Path) -> list[dict[str, Any]]:
    """Return what is found in a network with these additions."""
    write(HOSTS + text, path)
    return vxinspect.scan(path).find(numbers=False).to_dicts()


def places(text: str, path: Path) -> list[tuple[Any, Any, Any]]:
    """Return rule, VNI and tunnel of each finding."""
    return [(row["rule"], row["vni"], row["tunnel"]) for row in findings(text, path)]


TWO_WAYS = talk("left", "web", "db") + talk("right", "web", "app")
TWO_TENANTS = talk("ours", "web", "db") + talk("theirs", "red", "blue")
AGAIN = "retransmission-rate"


def test_loss_over_one_tunnel_is_told_of_the_tunnel(tmp_path: Path) -> None:
    """The VNI has a smaller share, all of it over that tunnel: one finding, not two."""
    path = tmp_path / "a.pcap"
    assert places(TWO_WAYS + losses("left", 30), path) == [(AGAIN, None, "192.0.2.1 <-> 192.0.2.2")]
    assert places(TWO_WAYS + losses("right", 30), path) == [(AGAIN, None, "192.0.2.1 <-> 192.0.2.3")]


def test_loss_in_one_vni_is_told_of_the_vni(tmp_path: Path) -> None:
    """Both VNIs go over the same tunnel, which has a smaller share."""
    path = tmp_path / "a.pcap"
    assert places(TWO_TENANTS + losses("theirs", 30), path) == [(AGAIN, 200, None)]


def test_loss_everywhere_is_told_once(tmp_path: Path) -> None:
    """No VNI is worse than the others, and there is one tunnel."""
    path = tmp_path / "a.pcap"
    both = TWO_TENANTS + losses("ours", 20) + losses("theirs", 20)
    assert places(both, path) == [(AGAIN, None, "192.0.2.1 <-> 192.0.2.2")]
    spread = TWO_WAYS + talk("theirs", "red", "blue")
    everywhere = "".join(losses(name, 20) for name in ("left", "right", "theirs"))
    (row,) = findings(spread + everywhere, path)
    assert (row["rule"], row["vni"], row["tunnel"], row["frames"]) == (AGAIN, None, None, 60)


def test_copies_are_no_loss(tmp_path: Path) -> None:
    """Each segment that was captured twice counts as sent again, until copies are dropped."""
    path = tmp_path / "a.pcap"
    twice = fault("duplicated-frames", 'traffic = "left"\ncount = 40')
    assert [rule for rule, *_ in places(TWO_WAYS + twice, path)] == ["copies"]
    assert sum(row["retransmitted"] for row in vxinspect.scan(path).vnis.where("retransmitted")) > 20
    few = twice + losses("left", 10)
    assert {rule for rule, *_ in places(TWO_WAYS + few, path)} == {"copies"}
    (row,) = vxinspect.scan(path, dedup=True).findings
    assert (row["rule"], row["frames"]) == (AGAIN, 10)


def test_zero_windows_name_who_has_no_room(tmp_path: Path) -> None:
    """Acknowledgements of the server's data come from the client, who is the receiver."""
    path = tmp_path / "a.pcap"
    (row,) = findings(
        talk("left", "web", "db") + fault("tcp-zero-window", 'traffic = "left"\ncount = 8'), path
    )
    assert (row["rule"], row["vni"], row["frames"]) == ("zero-window", 100, 8)
    assert "10.0.0.1:400" in str(row["seen"])
    assert str(row["subject"]).endswith("in VNI 100")


def test_capture_that_begins_or_ends_within_a_datagram_is_no_fault(tmp_path: Path) -> None:
    """Its rest is outside of the capture, and only what is missing in the middle is told."""
    path = tmp_path / "a.pcap"
    write(fault("outer-fragments", 'traffic = "shop"\ncount = 2'), path)
    frames = list(vxinspect.packets(path, all_frames=True))
    first = next(frame.number for frame in frames if frame.disposition == "fragment")
    for report in (
        vxinspect.scan(path, count=first),
        vxinspect.scan(path, select={"since": frames[first].time}),
    ):
        assert report.frames["incomplete_datagrams"] == 1
        assert "incomplete-datagrams" not in {row["rule"] for row in report.findings}
    write(fault("missing-fragment", 'traffic = "shop"\npiece = "last"'), path)
    row = next(row for row in vxinspect.scan(path).findings if row["rule"] == "incomplete-datagrams")
    # Of 912 bytes of UDP, VXLAN and inner frame an MTU of 576 lets 552 in the first piece.
    assert "lacks bytes 552-" in str(row["seen"])
    assert row["frame_numbers"] is not None


HOLE = fault("black-hole", 'from = "one"\nto = "two"\nmtu = 900')


def test_black_hole_is_told_with_sizes_and_whether_the_underlay_says_so(tmp_path: Path) -> None:
    """Frames of 900 bytes are outer packets of 936: 20 of IPv4, 8 of UDP, 8 of VXLAN more."""
    path = tmp_path / "a.pcap"
    (row,) = findings(HOLE, path)
    assert (row["rule"], row["vni"], row["tunnel"]) == ("mtu-black-hole", 100, "192.0.2.1 -> 192.0.2.2")
    # Three sessions, four repetitions each.
    assert row["frames"] == 12
    assert "need an underlay MTU of 936" in row["seen"]
    assert "no ICMP error" in row["seen"]
    router = fault("over-mtu", 'mtu = 900\nrouter = "192.0.2.254"\ntraffic = "dns"')
    (row,) = [row for row in findings(HOLE + router, path) if row["rule"] == "mtu-black-hole"]
    assert "1 ICMP error that they are too big and that 900 bytes would pass" in row["seen"]
    # What passes is told where it helps: segments of 700 bytes do, of 1,400 do not.
    sizes = talk("small", "db", "web").replace("size = 900", "size = 1400")
    hole = fault("black-hole", 'from = "one"\nto = "two"\nmtu = 1000')
    (row,) = [row for row in findings(sizes + hole, path) if row["rule"] == "mtu-black-hole"]
    assert "packets of up to 936 bytes pass: an inner MTU of 886 (MSS 846) is safe" in row["seen"]


def test_capture_that_ends_anywhere_loses_nothing(tmp_path: Path) -> None:
    """What is under way when a capture ends, or was when it began, is no loss and no black hole."""
    path = tmp_path / "a.pcap"
    write("", path)
    frames = vxinspect.scan(path).frames["total"]
    for count in range(1, frames):
        told = {row["rule"] for row in vxinspect.scan(path, count=count).find(numbers=False)}
        assert not told & {"mtu-black-hole", "capture-loss"}, count


def test_losses_of_parts_are_those_of_the_whole(tmp_path: Path) -> None:
    """Cut anywhere and merged, the rules are asked the same."""
    path = tmp_path / "a.pcap"
    for text in (HOLE, fault("capture-drops", 'traffic = "shop"\ncount = 6')):
        write(text, path)
        whole = vxinspect.scan(path).internal("losses")
        times = sorted({str(frame.time) for frame in vxinspect.packets(path)})
        for last, first in list(pairwise(times))[::9]:
            before = vxinspect.scan(path, select={"until": last})
            merged = before.merge(vxinspect.scan(path, select={"since": first}))
            assert merged.internal("losses") == whole, first


def test_selection_that_takes_connections_apart_tells_of_no_loss(tmp_path: Path) -> None:
    """Without its data a connection acknowledges what is not there, by the selection's doing."""
    path = tmp_path / "a.pcap"
    write("", path)
    report = vxinspect.scan(path, select="inner.ip.src == 10.0.0.2")
    assert "capture-loss" not in {row["rule"] for row in report.find(numbers=False)}
