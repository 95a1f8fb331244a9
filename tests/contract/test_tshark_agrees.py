"""tshark and we see the same in captures made here: VNI, tunnel, inner MACs, addresses, ports, bytes."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

import containers
import craft
import model
import packets
import pytest
import showcase
import strategies
import tools
import tshark
from hypothesis import given, settings
from hypothesis import strategies as st
from inner import InnerIp, InnerOther
from packets import Frame, Packet

import vxinspect

SAMPLES = Path(__file__).parents[2] / "samples"

pytestmark = pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")


def agreed(capture: Path, ports: tuple[int, ...] = (4789,)) -> dict[str, object]:
    """Assert that tshark and our tables count the same, and return it."""
    report = vxinspect.scan(capture, ports=ports)
    seen = tshark.counts(tshark.observe(capture, ports))
    assert tshark.reported(tools.tables(report)) == seen
    tools.assert_conservation(report)
    return dict(seen)


def whole(frame: Frame) -> bool:
    """Tell whether tshark counts the frame as we do.

    It adds no fragment's bytes to a packet, believes length fields of nought, takes a VXLAN header without
    the I flag for one, and cannot name what a snap length cut.
    """
    return (
        isinstance(frame, Packet)
        and frame.snap is None
        and not frame.outer.zero
        and len(frame.shells) <= packets.MAX_DEPTH
        and all(shell.flags & craft.I_FLAG for shell in frame.shells)
    )


@pytest.mark.parametrize("form", ["pcap", "pcapng", "pcapng_busy"])
def test_tshark_agrees_on_the_showcase(form: str, tmp_path: Path) -> None:
    """The showcase's whole VXLAN packets are dissected alike."""
    frames = [frame for frame in showcase.frames() if whole(frame)]
    path = tmp_path / "showcase"
    path.write_bytes(getattr(containers, form)(packets.records(frames)))
    assert agreed(path)["packets by VNI"] == {(1, 100): 15, (1, 200): 10, (1, 300): 2}


@pytest.mark.parametrize(
    ("name", "packets_by_vni"),
    [
        ("two-tenants", {(1, 100): 24, (1, 200): 27}),
        ("docker-overlay", {(1, 4097): 35}),
        ("flannel-8472", {(1, 1): 24}),
        ("nested", {(1, 100): 8, (1, 5000): 4, (2, 100): 4}),
    ],
)
def test_tshark_agrees_on_the_samples(name: str, packets_by_vni: dict[int, int]) -> None:
    """The samples have the packets that samples/README.md says, in tshark's eyes and in ours."""
    assert agreed(SAMPLES / f"{name}.pcap", (4789, 8472))["packets by VNI"] == packets_by_vni


@pytest.mark.parametrize("kind", sorted(set(strategies.LINKS)))
@given(data=st.data())
@settings(max_examples=4)
def test_tshark_agrees_on_random_packets(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Random whole packets under every link layer are dissected alike."""
    frames = [
        f for f in data.draw(strategies.captures(kinds=[kind], most=40, snap=False)) if whole(f) and plain(f)
    ]
    path = tmp_path_factory.mktemp("random") / "capture"
    path.write_bytes(containers.pcap(packets.records(frames)))
    agreed(path)


def plain(frame: Frame) -> bool:
    """Tell whether tshark stops where we do: it may look deeper into a fragment or another EtherType."""
    if not isinstance(frame, Packet) or isinstance(frame.inner.body, InnerOther):
        return False
    return not isinstance(frame.inner.body, InnerIp) or frame.inner.body.piece is None


@given(seeds=st.lists(strategies.SEEDS, max_size=30))
@settings(max_examples=10)
def test_tshark_agrees_on_the_underlay(seeds: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """TTL, DSCP, ECN, don't-fragment and source ports of each direction are those that tshark reads."""
    frames = [f for f in strategies.capture("ethernet", seeds, snap=False) if whole(f) and plain(f)]
    path = tmp_path_factory.mktemp("underlay") / "capture"
    path.write_bytes(containers.pcap(packets.records(frames)))
    ways: dict[tuple[str, str], list[tshark.OuterHeader]] = {}
    for header in tshark.outer_headers(path):
        ways.setdefault((header.src, header.dst), []).append(header)
    rows = {(row["src_vtep"], row["dst_vtep"]): row for row in tools.rows(vxinspect.scan(path).underlay)}
    assert set(rows) == set(ways)
    for way, headers in ways.items():
        row = rows[way]
        ttls = [header.ttl for header in headers]
        assert (row["ttl_min"], row["ttl_max"]) == (min(ttls), max(ttls))
        assert row["ttl_changes"] == sum(a != b for a, b in pairwise(ttls))
        assert row["dscp"] == sorted({header.dscp for header in headers})
        assert row["ce_packets"] == sum(header.ecn == 3 for header in headers)
        assert row["source_ports"] == len({header.source_port for header in headers})
        assert (row["df_packets"] or 0) == sum(header.dont_fragment for header in headers)


@given(seeds=st.lists(strategies.SEEDS, max_size=40))
@settings(max_examples=12)
def test_tshark_agrees_on_checksums(seeds: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is wrong, right or missing of random checksums, outside and inside, is so to tshark.

    To tshark a checksum of the pseudo-header alone is a wrong one.
    """
    frames = [f for f in strategies.capture("ethernet", seeds, snap=False) if whole(f) and plain(f)]
    path = tmp_path_factory.mktemp("checksums") / "capture"
    path.write_bytes(containers.pcap(packets.records(frames)))
    sums = vxinspect.scan(path, checksums=True).summary["checksums"]
    seen = tshark.checksums(path)
    outer, inner = Counter(frame.outer for frame in seen), Counter(frame.inner for frame in seen)
    assert sums["outer_udp_zero"] == outer["none"]
    assert sums["outer_udp_right"] == outer["good"]
    assert sums["outer_udp_wrong"] + sums["outer_udp_partial"] == outer["bad"]
    assert sums["inner_wrong"] + sums["inner_partial"] == inner["bad"]
    assert sums["inner_right"] == inner["good"]


@pytest.mark.parametrize("name", ["bad-checksums", "two-tenants", "docker-overlay"])
def test_tshark_agrees_on_the_checksums_of_samples(name: str) -> None:
    """Real captures taken before the network card filled in checksums, and one with wrong ones."""
    path = SAMPLES / f"{name}.pcap"
    sums = vxinspect.scan(path, checksums=True).summary["checksums"]
    seen = tshark.checksums(path)
    assert sums["inner_wrong"] + sums["inner_partial"] == sum(frame.inner == "bad" for frame in seen)
    assert sums["outer_udp_wrong"] + sums["outer_udp_partial"] == sum(frame.outer == "bad" for frame in seen)


def test_tshark_agrees_on_another_port(tmp_path: Path) -> None:
    """The same packets on UDP 8472, told to both."""
    frames = [replace(f, outer=replace(f.outer, port=8472)) for f in showcase.web(7) if isinstance(f, Packet)]
    path = tmp_path / "capture"
    path.write_bytes(containers.pcap(packets.records(frames)))
    assert agreed(path, (8472,))["packets by VNI"] == {(1, 7): 9}
    assert len(vxinspect.scan(path).vnis) == 0


@given(data=st.data())
@settings(max_examples=12)
def test_tshark_agrees_on_outer_fragments(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Pieces in any order and among each other: the frame that completes a datagram is the same one."""
    random = Random(data.draw(st.integers(0, 2**32 - 1)))  # noqa: S311 - nothing secret
    frames: list[Frame] = []
    for ident in range(1, data.draw(st.integers(2, 12))):
        packet = strategies.Maker(random.randrange(2**32)).packet("ethernet")
        packet = replace(packet, outer=replace(packet.outer, ident=ident), trailer=0)
        if whole(packet) and plain(packet):
            pieces: list[Frame] = list(packet.fragments(random.choice((8, 24, 64))))
            if len(pieces) > 1:
                frames += pieces[random.choice((0, 0, 0, 1)) :]
    random.shuffle(frames)
    frames = strategies.timed(frames, [1000] * len(frames))
    path = tmp_path_factory.mktemp("fragments") / "capture"
    path.write_bytes(containers.pcap(packets.records(frames)))
    report = vxinspect.scan(path)
    ours, theirs = (
        {name: counter for name, counter in counts.items() if name != "wire bytes by VNI"}
        for counts in (
            tshark.reported(tools.tables(report)),
            tshark.counts(tshark.observe(path, reassemble=True)),
        )
    )
    assert ours == theirs
    told = tshark.fields(path, ["vxlan.vni", "frame.time_epoch"], reassemble=True)
    seen = [(list(map(int, t["vxlan.vni"])), t["frame.time_epoch"][0]) for t in told if t["vxlan.vni"]]
    # What wraps a VNI makes rows of their own, which tshark is not asked for.
    rows = tools.rows(report.vnis)
    for depth, vni in {(row["depth"], row["vni"]) for row in rows}:
        times = [int(Decimal(time) * 10**9) for vnis, time in seen if vnis[depth - 1 : depth] == [vni]]
        own = [row for row in rows if (row["depth"], row["vni"]) == (depth, vni)]
        assert min(row["first_seen"] for row in own) == model.rfc3339(min(times))
        assert max(row["last_seen"] for row in own) == model.rfc3339(max(times))
    assert report.summary["frames"]["fragment"] == len(frames) - len(seen)
