"""Flows whose ways are in different VNIs, as where the VNI is the sender's identity: `--flow-key`."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import containers
import craft
import pytest
import tools
from containers import Record

import vxinspect

A, B = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
Sent = tuple[int, str, int, str, int, str, str]
"""VNI, inner source and port, inner destination and port, source and destination VTEP."""
V, W = "192.0.2.1", "192.0.2.2"


def mac(ip: str) -> str:
    """Return the MAC of a host: of the hosts that all tests have, `A` and `B`."""
    return {"10.0.0.1": A, "10.0.0.2": B}.get(ip, f"02:aa:00:00:01:{int(ip.rsplit('.', maxsplit=1)[-1]):02x}")


def frame(sent: Sent, flags: str = "A") -> bytes:
    """Return a frame of VXLAN with a TCP segment."""
    vni, src, sport, dst, dport, from_vtep, to_vtep = sent
    segment = craft.ipv4(src, dst, 6, craft.tcp(sport, dport, flags))
    inner = craft.ethernet(mac(dst), mac(src), 0x0800, segment)
    outer = craft.ipv4(from_vtep, to_vtep, 17, craft.udp(50_000, 4789, craft.vxlan(vni, inner)))
    return craft.ethernet("02:00:00:00:00:02", "02:00:00:00:00:01", 0x0800, outer)


def back(sent: Sent, vni: int) -> Sent:
    """Return the way back, in a VNI."""
    _, src, sport, dst, dport, from_vtep, to_vtep = sent
    return vni, dst, dport, src, sport, to_vtep, from_vtep


def capture(frames: Sequence[bytes]) -> bytes:
    """Return a capture of frames a millisecond apart."""
    records = [Record(10**18 + at * 10**6, data, len(data)) for at, data in enumerate(frames)]
    return containers.pcap(records, nanosecond=True)


def scanned(sent: Sequence[Sent], **asked: Any) -> vxinspect.Report:
    """Return the report of some segments."""
    return vxinspect.scan(capture([frame(each) for each in sent]), **asked)


def told(report: vxinspect.Report, flow_key: Any) -> list[tuple[Any, ...]]:
    """Return VNIs, ends and packets of each flow, in order."""
    names = ("vni", "vni_rev", "src_ip", "src_port", "dst_ip", "packets_fwd", "packets_rev")
    rows = report.table("flows", flow_key=flow_key)
    found = (tuple(row[name] for name in names) for row in tools.rows(rows))
    return sorted(found, key=lambda row: (row[0], row[1] or 0, *row[2:]))


GO: Sent = (100, "10.0.0.1", 4000, "10.0.0.2", 80, V, W)


def test_the_key_is_the_vni_unless_it_is_asked_for_otherwise() -> None:
    """Today's answer stays, and a hint says what would pair; `auto` pairs and says so."""
    report = scanned([GO, back(GO, 200), GO])
    apart = [(100, None, "10.0.0.1", 4000, "10.0.0.2", 2, 0), (200, None, "10.0.0.2", 80, "10.0.0.1", 1, 0)]
    assert told(report, "vni") == apart == told(report, "vni")
    joined = [(100, 200, "10.0.0.1", 4000, "10.0.0.2", 2, 1)]
    assert told(report, "auto") == told(report, "no-vni") == joined
    assert report.flow_pairs == 1
    assert [hint for hint in report.hints if "--flow-key auto" in hint]
    assert len(report.flows) == 2
    with pytest.raises(vxinspect.OptionError, match="flow_key"):
        report.table("flows", flow_key="none")  # type: ignore[arg-type]


def test_sums_and_tcp_are_those_of_both_ways() -> None:
    """Who sent the SYN is the source, whichever came first, and the state is that of the whole exchange."""
    steps = [(GO, "S"), (back(GO, 200), "SA"), (GO, "A"), (GO, "FA"), (back(GO, 200), "FA"), (GO, "A")]
    report = vxinspect.scan(capture([frame(*step) for step in steps]))
    (row,) = report.flows_by("auto")
    assert (row["src_ip"], row["tcp_state"], row["vni"], row["vni_rev"]) == ("10.0.0.1", "SF", 100, 200)
    assert (row["tcp_flags_fwd"], row["tcp_flags_rev"]) == ("FSA", "FSA")
    apart = tools.rows(report.flows)
    for name in ("packets", "inner_bytes", "payload_bytes", "wire_bytes"):
        assert row[name] == sum(each[name] for each in apart)
    assert row["first_seen"] == min(str(each["first_seen"]) for each in apart)
    assert (row["src_vtep"], row["dst_vtep"]) == (V, W)


@pytest.mark.parametrize(
    ("what", "others"),
    [
        ("a second way back in a third VNI", [back(GO, 300)]),
        ("a second way there in a third VNI", [(300, *GO[1:])]),
        ("the way back in the same VNI as well", [back(GO, 100)]),
        ("the source sends to somebody else in the other's VNI", [(200, "10.0.0.1", 9, "10.0.0.9", 9, V, W)]),
        ("so does the destination", [(100, "10.0.0.2", 9, "10.0.0.9", 9, W, V)]),
    ],
)
def test_what_may_mean_something_else_is_not_paired(what: str, others: Sequence[Sent]) -> None:
    """Two tenants may have the same addresses: a pair is one only where nothing else may be meant."""
    report = scanned([GO, back(GO, 200), *others])
    assert report.flow_pairs == 0, what
    assert told(report, "auto") == told(report, "vni"), what


def test_other_vteps_are_another_pair() -> None:
    """The same 5-tuple between other VTEPs is no candidate, neither for a pair nor against one."""
    other: Sent = (*GO[:5], "192.0.2.3", "192.0.2.4")
    assert scanned([GO, back(other, 200)]).flow_pairs == 0
    report = scanned([GO, back(GO, 200), (101, *other[1:]), back((101, *other[1:]), 201)])
    assert told(report, "auto") == [
        (100, 200, "10.0.0.1", 4000, "10.0.0.2", 1, 1),
        (101, 201, "10.0.0.1", 4000, "10.0.0.2", 1, 1),
    ]


def test_without_the_vni_all_are_one() -> None:
    """`no-vni` joins whatever has one 5-tuple, in as many VNIs as there are."""
    report = scanned([GO, (300, *GO[1:]), back(GO, 200), back(GO, 100)])
    assert told(report, "no-vni") == [(100, 200, "10.0.0.1", 4000, "10.0.0.2", 2, 2)]
    assert sum(row["packets"] for row in tools.rows(report.flows_by("no-vni"))) == 4


def conversed(report: vxinspect.Report, by: Any, flow_key: Any) -> list[tuple[Any, ...]]:
    """Return VNIs, ends and packets of each conversation, in order."""
    names = ("vni", "vni_rev", f"{by}_a", f"{by}_b", "packets_ab", "packets_ba")
    rows = tools.rows(report.conversations(by, flow_key=flow_key))
    return sorted((tuple(row[name] for name in names) for row in rows), key=lambda row: (row[0], *row[2:]))


ENDS = {"ip": ("10.0.0.1", "10.0.0.2"), "mac": (A, B)}


@pytest.mark.parametrize("by", ENDS)
def test_conversations_pair_as_flows_do(by: Any) -> None:
    """Whatever ports they have: one each way in another VNI is one row, and else as it was."""
    other: Sent = (100, "10.0.0.1", 4001, "10.0.0.2", 443, V, W)
    report = scanned([back(GO, 200), GO, other, GO])
    assert conversed(report, by, "vni") == [(100, None, *ENDS[by], 3, 0), (200, None, *ENDS[by], 0, 1)]
    joined = [(100, 200, *ENDS[by], 3, 1)]
    assert conversed(report, by, "auto") == conversed(report, by, "no-vni") == joined
    (row,), apart = report.conversations(by, flow_key="auto"), tools.rows(report.conversations(by))
    for name in ("packets", "inner_bytes", "inner_bytes_ab", "inner_bytes_ba", "wire_bytes"):
        assert row[name] == sum(each[name] for each in apart)
    assert row["first_seen"] == min(each["first_seen"] for each in apart)
    assert row["last_seen"] == max(each["last_seen"] for each in apart)
    assert row["protocols" if by == "ip" else "ethertypes"] == (["tcp"] if by == "ip" else ["ipv4"])
    with pytest.raises(vxinspect.OptionError, match="flow_key"):
        report.conversations(by, flow_key="none")  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ENDS)
@pytest.mark.parametrize(
    "others",
    [
        [back(GO, 300)],
        [(300, *GO[1:])],
        [back(GO, 100)],
        [(100, "10.0.0.2", 5, "10.0.0.1", 6, W, V)],
        [(200, "10.0.0.1", 9, "10.0.0.9", 9, V, W)],
        [(100, "10.0.0.2", 9, "10.0.0.9", 9, W, V)],
    ],
)
def test_conversations_that_may_mean_something_else(by: str, others: Sequence[Sent]) -> None:
    """A second one of the same ends, whatever its ports, or an end that sends in the other's VNI: no pair."""
    report = scanned([GO, back(GO, 200), *others])
    assert conversed(report, by, "auto") == conversed(report, by, "vni")


def test_conversations_of_nobody_stay_apart() -> None:
    """What a snap length left without MACs, or a bound without a row, is that of its VNI still."""
    frames = [frame((vni, *GO[1:])) for vni in (100, 200)]
    cut = containers.pcap([Record(10**18, data[:55], len(data)) for data in frames], nanosecond=True)
    for flow_key in ("auto", "no-vni", "vni"):
        rows = conversed(vxinspect.scan(cut), "mac", flow_key)
        assert rows == [(vni, None, None, None, 1, 0) for vni in (100, 200)]
        more = [(vni, f"10.0.{vni}.1", 1, f"10.0.{vni}.2", 2, V, W) for vni in (7, 100, 200)]
        bound = vxinspect.scan(capture([frame(each) for each in more]), max_flows=1)
        rows = conversed(bound, "ip", flow_key)
        assert rows[1:] == [(vni, None, None, None, 1, 0) for vni in (100, 200)]


def modelled(sent: Sequence[Sent]) -> list[tuple[int, int]]:
    """Return the VNIs of each pair by slow and obvious Python."""
    flows: dict[Any, set[Any]] = {}
    for vni, src, sport, dst, dport, _, _ in sent:
        ends = frozenset(((src, sport), (dst, dport)))
        flows.setdefault((vni, ends), set()).add((src, sport))
    tunnels = {(s[0], frozenset((s[1:3], s[3:5]))): {s[1]: s[5], s[3]: s[6]} for s in reversed(sent)}
    sends = {(vni, src) for vni, src, *_ in sent}
    pairs = []
    for (vni, ends), ways in flows.items():
        same = [
            (other, seen)
            for (other, those), seen in flows.items()
            if those == ends and tunnels[other, ends] == tunnels[vni, ends]
        ]
        if len(same) != 2 or any(len(seen) != 1 for _, seen in same):
            continue
        (other, seen) = next(each for each in same if each[0] != vni)
        ((here, _),), ((there, _),) = ways, seen
        if ways != seen and (other, here) not in sends and (vni, there) not in sends and vni < other:
            pairs.append((vni, other))
    return sorted(pairs)


@pytest.mark.parametrize("seed", range(30))
def test_pairs_equal_the_model(seed: int, tmp_path: Path) -> None:
    """Random traffic between few hosts in few VNIs, in one part, in two, and by several threads."""
    draw = random.Random(seed)  # noqa: S311 - a test that can be run again
    hosts = {f"10.0.0.{at}": (V, W)[at % 2] for at in range(1, 13)}
    identity = {host: draw.randrange(1, 5) for host in hosts}
    sent: list[Sent] = []
    for _ in range(draw.randrange(4, 60)):
        src = draw.choice([host for host in hosts if hosts[host] == V])
        dst = draw.choice([host for host in hosts if hosts[host] == W])
        go: Sent = (identity[src], src, 4000, dst, draw.choice((80, 443)), V, W)
        if draw.random() < 0.03:
            go = (draw.randrange(1, 5), *go[1:])
        sent += draw.sample([go, back(go, identity[dst])], draw.choice((1, 2, 2)))
    frames = [frame(each) for each in sent]
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(frames))
    one, three = (vxinspect.scan(path, threads=threads) for threads in (1, 3))
    cut = draw.randrange(len(frames))
    halves = [vxinspect.scan(capture(part)) for part in (frames[:cut], frames[cut:])]
    merged = halves[0].merge(halves[1])
    wanted = modelled(sent)
    for report in (one, three, merged):
        rows = tools.rows(report.flows_by("auto"))
        found = [(row["vni"], row["vni_rev"]) for row in rows if row["vni_rev"] is not None]
        assert sorted((min(pair), max(pair)) for pair in found) == wanted
        assert report.flow_pairs == len(wanted)
        assert len(rows) == len(report.flows) - len(wanted)
    for flow_key in ("auto", "no-vni"):
        assert told(one, flow_key) == told(three, flow_key) == told(merged, flow_key)
    # A conversation is a flow without ports.
    portless: list[Sent] = [(each[0], each[1], 0, each[3], 0, *each[5:]) for each in sent]
    names: dict[Any, Callable[[str], str]] = {"ip": str, "mac": mac}
    for by, name in names.items():
        packets = Counter(frozenset((name(each[1]), name(each[3]))) for each in sent)
        for report in (one, three, merged):
            joined = conversed(report, by, "auto")
            pairs = [tuple(sorted(row[:2])) for row in joined if row[1] is not None]
            assert sorted(pairs) == modelled(portless)
            assert len(joined) == len(report.conversations(by)) - len(pairs)
            whole = conversed(report, by, "no-vni")
            assert {frozenset(row[2:4]): row[4] + row[5] for row in whole} == packets
            assert (whole, joined) == (conversed(one, by, "no-vni"), conversed(one, by, "auto"))


def test_the_command_has_the_option_and_tells_what_it_did(tmp_path: Path) -> None:
    """The hint goes with the key, and flows as they end have one VNI."""
    path = tmp_path / "a.pcap"
    path.write_bytes(capture([frame(each) for each in (GO, back(GO, 200))]))
    usual, auto = tools.cli("flows", path), tools.cli("flows", path, "--flow-key", "auto")
    assert b"1 pair of one-way flows looks like both ways of one" in usual.err
    assert b"1 pair of one-way flows in different VNIs is one flow" in auto.err
    (row,) = tools.cli_json("flows", path, "--flow-key", "no-vni")
    assert (row["vni"], row["vni_rev"], row["packets"]) == (100, 200, 2)
    refused = tools.cli("flows", path, "--flow-key", "auto", "--idle-timeout", "9", "--jsonl")
    assert (refused.code, refused.out) == (2, b"")
    assert b"no --flow-key auto" in refused.err
    for by in ENDS:
        (row,) = tools.cli_json("conversations", path, "--by", by, "--flow-key", "auto")
        assert (row["vni"], row["vni_rev"], row["packets"]) == (100, 200, 2)
    assert b"VNI" not in tools.cli("vnis", path, "-q").err
