"""Each rule speaks where it is meant to, and nowhere else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rule_cases
import scenarios
import tools
from containers import Record, pcap
from rule_cases import CASES, IMPLIED, Sent

import vxinspect
from vxinspect._engine import reasons
from vxinspect.containers import container_of
from vxinspect.exceptions import OptionError
from vxinspect.rules import ALL
from vxinspect.rules.facts import Facts
from vxinspect.synth.load import parse_scenario
from vxinspect.synth.run import Job

ROOT = Path(__file__).parents[2]
CLEAN = ("two-tenants", "docker-overlay", "flannel-8472", "ipv6-underlay", "overlapping-tenants")


def write(case: str | list[Sent] | bytes, path: Path) -> list[int]:
    """Write a case's capture; the frames of its last fault, as the truth has them."""
    if isinstance(case, bytes):
        path.write_bytes(case)
        return []
    if not isinstance(case, str):
        path.write_bytes(rule_cases.built(case))
        return []
    job = Job(parse_scenario(rule_cases.scenario(case)), "test", container_of(path.name))
    job.write(str(path))
    faults = job.truth()["faults"]
    return list(faults[-1]["frames"]) if faults else []


def rules(path: Path) -> set[str]:
    """Return which rules speak, where checksums are verified."""
    return {str(row["rule"]) for row in vxinspect.scan(path, checksums=True).findings}


def test_every_rule_has_a_case() -> None:
    """What triggers it, and what must not."""
    assert set(CASES) == {rule.id for rule in ALL}
    assert all(case.triggers for case in CASES.values())


@pytest.mark.parametrize("rule", CASES)
def test_rule_speaks_and_is_silent(rule: str, tmp_path: Path) -> None:
    """It speaks of what triggers it, and no other does but those implied; of what is clean none does."""
    path = tmp_path / "a.pcap"
    case = CASES[rule]
    write(case.triggers, path)
    assert rules(path) == {rule} | case.implies
    write(case.clean, path)
    assert rules(path) == set()


@pytest.mark.parametrize("kind", scenarios.FAULTS)
def test_fault_is_found_by_the_rule_meant_for_it(kind: str, tmp_path: Path) -> None:
    """Each kind of fault is found by its rule and by no other; what is no fault of the overlay by none."""
    path = tmp_path / "a.pcap"
    write(scenarios.fault(kind), path)
    assert rules(path) == IMPLIED.get(kind, set())


@pytest.mark.parametrize("name", CLEAN)
def test_clean_captures_have_no_findings(name: str) -> None:
    """Not read as it should be (Flannel's port), neither: false alarms are bugs."""
    for ports in ((4789,), (4789, 8472)):
        assert list(vxinspect.scan(ROOT / f"samples/{name}.pcap", ports=ports).findings) == []


@pytest.mark.parametrize(
    "kind", ["i-flag-clear", "reserved-bits", "inner-vlan-tag", "wrong-port", "unexpected-source"]
)
def test_frame_numbers_are_those_of_the_truth(kind: str, tmp_path: Path) -> None:
    """Up to five of the frames that the fault befell, the first of them."""
    path = tmp_path / "a.pcapng"
    befallen = write(scenarios.fault(kind), path)
    (row,) = vxinspect.scan(path).findings
    assert row["frames"] == len(befallen)
    assert row["frame_numbers"] == [str(number) for number in sorted(befallen)[:5]]


def test_frame_numbers_of_several_captures_name_them(tmp_path: Path) -> None:
    """A number alone would not tell which capture it is in."""
    first, second = tmp_path / "a.pcap", tmp_path / "b.pcap"
    write("", first)
    befallen = write(scenarios.fault("i-flag-clear"), second)
    # Both captures are of the same network, so that the second has copies of the first.
    row, _ = vxinspect.scan([first, second]).findings
    assert row["frame_numbers"] == [f"{second}:{number}" for number in sorted(befallen)[:5]]


def test_pipe_is_not_read_again() -> None:
    """What can be read only once has findings without frame numbers."""
    data = (ROOT / "samples/one-way-tunnel.pcap").read_bytes()
    (row,) = tools.cli_json("findings", stdin=data)
    assert (row["rule"], row["frame_numbers"]) == ("one-way-tunnel", None)
    (row,) = vxinspect.scan(data).findings
    assert row["frame_numbers"] is None


def test_checksums_nobody_verified_are_not_wrong() -> None:
    """Each is told apart: 2 wrong ones outside, 3 inside, 4 left to the card (the sample's scenario)."""
    sample = ROOT / "samples/bad-checksums.pcap"
    assert "checksum-wrong" not in {row["rule"] for row in vxinspect.scan(sample).findings}
    findings = vxinspect.scan(sample, checksums=True).findings
    found = [row for row in findings if row["rule"] == "checksum-wrong"]
    assert sorted((row["tunnel"] is None, row["frames"]) for row in found) == [(False, 2), (True, 3)]
    assert any("4 more are left to the network card" in str(row["seen"]) for row in found)


def test_thresholds_are_settable() -> None:
    """Another threshold makes a rule silent, or speak; one that is not there is an error."""
    report = vxinspect.scan(ROOT / "samples/one-way-tunnel.pcap")
    assert len(report.find(thresholds={"one-way-tunnel": {"packets": 25}})) == 0
    docker = vxinspect.scan(ROOT / "samples/docker-overlay.pcap")
    (row,) = docker.find(thresholds={"bum-share": {"percent": 17, "packets": 6}})
    # samples/README.md: three requests by broadcast, each to two hosts, of 35 packets.
    assert (row["rule"], row["frames"], row["vni"]) == ("bum-share", 6, 4097)
    bad_ones: list[dict[str, dict[str, float]]] = [{"bum": {}}, {"bum-share": {"speed": 1}}]
    for bad in bad_ones:
        with pytest.raises(OptionError):
            report.find(thresholds=bad)


def test_mtu_is_told_with_what_fits(tmp_path: Path) -> None:
    """1,400 bytes hold 50 of headers and an inner packet of 1,350, of which TCP over IPv4 takes 40."""
    path = tmp_path / "a.pcap"
    big = rule_cases.traffic("icmp", 'name = "big"\nstart = 1\nsize = 1500')
    write(big + rule_cases.fault("over-mtu", 'mtu = 1400\nrouter = "192.0.2.254"\ntraffic = "big"'), path)
    (row,) = vxinspect.scan(path).findings
    # The request is 1,500 bytes of inner frame: 36 more around it in an outer packet.
    assert "an MTU of 1,400 on the way holds inner packets of 1,350 (MSS 1,310)" in str(row["seen"])
    assert "need 1,536" in str(row["seen"])
    assert row["tunnel"] in ("192.0.2.1 -> 192.0.2.2", "192.0.2.2 -> 192.0.2.1")


def test_duplicates_of_ipv6_are_told_by_neighbor_discovery(tmp_path: Path) -> None:
    """A stranger advertises the address of a host, which goes on using it; the table has the conflict."""
    path = tmp_path / "a.pcap"
    more = rule_cases.traffic("icmp", 'name = "long"\nstart = 1\ncount = 4\nrate = 1\nfamily = 6')
    taken = rule_cases.fault(
        "duplicate-ip", 'host = "web"\nvtep = "three"\nmac = "02:42:0a:00:00:99"\nat = 1.5\nfamily = 6'
    )
    write(more + taken, path)
    (row,) = vxinspect.scan(path).findings
    assert (row["rule"], row["vni"]) == ("duplicate-ip", 100)
    assert str(row["subject"]).startswith("fd00::1 at 02:42:0a:00:00:01, 02:42:0a:00:00:99")
    assert "Neighbor Discovery" in str(row["seen"])


def test_a_failover_is_no_duplicate(tmp_path: Path) -> None:
    """What was under way when the address moved, and an address that came back hours later, are none."""
    path = tmp_path / "a.pcap"
    late = rule_cases.traffic("icmp", 'name = "late"\nstart = 1\ncount = 1')
    taken = 'host = "web"\nvtep = "three"\nmac = "02:42:0a:00:00:99"\nat = '
    write(late + rule_cases.fault("duplicate-ip", f"{taken}0.9999"), path)
    assert rules(path) == set()
    back = rule_cases.traffic("icmp", 'name = "back"\nstart = 900\ncount = 1\nresolve = true')
    write(back + rule_cases.fault("duplicate-ip", f"{taken}300"), path)
    assert rules(path) == set()


@pytest.mark.parametrize("why", rule_cases.ROUTERS)
def test_a_router_of_few_addresses_is_no_second_host(why: str, tmp_path: Path) -> None:
    """What it hands on has another host's source; told by how the others deal with it, not by how many."""
    path = tmp_path / "a.pcap"
    write(rule_cases.ROUTERS[why], path)
    assert "duplicate-ip" not in rules(path)


@pytest.mark.parametrize("how", rule_cases.SECOND_HOSTS)
def test_a_second_host_needs_no_arp_of_its_own(how: str, tmp_path: Path) -> None:
    """It is answered at the address, or claims it from the one that is."""
    path = tmp_path / "a.pcap"
    write(rule_cases.SECOND_HOSTS[how], path)
    assert "duplicate-ip" in rules(path)


def test_answers_in_another_encapsulation_are_seen(tmp_path: Path) -> None:
    """VXLAN around those of one side alone: the flow has two rows, and both sides are in the capture."""
    path = tmp_path / "a.pcap"
    talk = [Sent(1, 2, "A", (42000, 81)), Sent(2, 1, "A", (81, 42000))] * 5
    for packets, rule in ((talk, "one-way-flow"), (rule_cases.attempts("SA", 4), "tcp-unanswered")):
        asked = [packet for packet in packets if packet.source == 1]
        write([*rule_cases.TALK, *asked], path)
        assert rule in rules(path)
        wrapped = [replace(packet, inside=5000 if packet.source == 2 else None) for packet in packets]
        write([*rule_cases.TALK, *wrapped], path)
        assert rule not in rules(path)
        assert len({row["encapsulation"] for row in vxinspect.scan(path).flows}) == 2


def _unread(packets: list[Sent]) -> bytes:
    """Return a capture of packets, of which those to port 41000 and above are not valid VXLAN."""
    return rule_cases.built([replace(packet, is_valid=packet.ports[1] < 41000) for packet in packets])


def test_answers_may_be_in_frames_that_cannot_be_read(tmp_path: Path) -> None:
    """Their I flag is clear, say: nobody knows what is inside, so that nothing is known to lack."""
    path = tmp_path / "a.pcap"
    talk = [Sent(1, 2, "A", (42000, 81))] * 5 + [Sent(2, 1, "A", (81, 42000))]
    for packets, rule in ((talk, "one-way-flow"), (rule_cases.attempts("SA", 4), "tcp-unanswered")):
        write(_unread([*rule_cases.TALK, *packets]), path)
        assert rule not in rules(path)
        assert vxinspect.scan(path).frames["reasons"]["i_flag_clear"]
        write([*rule_cases.TALK, *(packet for packet in packets if packet.source == 1)], path)
        assert rule in rules(path)


def test_floods_to_a_mac_that_flaps_are_not_sent_again(tmp_path: Path) -> None:
    """Both VTEPs that it is heard behind get all of it, at home or not: TCP sends none of it again."""
    path = tmp_path / "a.pcap"
    turns = []
    for turn in range(12):
        segment = Sent(2, 1, "A", (80, 40000), length=100, sequence=1000 + 100 * turn)
        heard = Sent(1, 2, "A", vtep=1 + 2 * (turn % 2))
        turns += [heard, *(replace(segment, to_vtep=vtep) for vtep in (1, 3))]
    bulk = [Sent(1, 2, "A", (43000, 82)), Sent(2, 1, "A", (82, 43000))] * 20
    write([Sent(1, None), Sent(2, 1), *turns, *bulk], path)
    tcp = vxinspect.scan(path).vnis[0]
    assert tcp["retransmitted"] == 12
    assert "retransmission-rate" not in rules(path)


def test_what_is_sent_again_to_a_mac_that_moved_once_is_told(tmp_path: Path) -> None:
    """A flow that goes on at the new place goes to one place at a time: what comes twice was sent twice."""
    path = tmp_path / "a.pcap"
    turns = []
    for turn in range(24):
        vtep = 1 if turn < 12 else 3
        segment = Sent(2, 1, "A", (80, 40000), length=100, sequence=1000 + 100 * turn, to_vtep=vtep)
        turns += [Sent(1, 2, "A", vtep=vtep), *[segment] * 2]
    write([Sent(1, None), Sent(2, 1), *turns], path)
    assert vxinspect.scan(path).vnis[0]["retransmitted"] == 24
    assert "retransmission-rate" in rules(path)


def _broadcasts(*bursts: tuple[float, int, float]) -> bytes:
    """Return ten minutes of one broadcast in two seconds to each of two VTEPs, and bursts of more.

    A burst: when it begins in seconds, how many broadcasts it has, and the seconds between two of them.
    """
    times = [2.0 * number for number in range(300)]
    times += [begin + number * gap for begin, count, gap in bursts for number in range(count)]
    frames = [Sent(1, None, to_vtep=vtep).frame() for vtep in (2, 3)]
    return pcap(
        [Record(10**18 + int(time * 1e9), frame, len(frame)) for time in sorted(times) for frame in frames]
    )


def _storms(data: bytes) -> list[dict[str, Any]]:
    return [row for row in vxinspect.scan(data).findings if row["rule"] == "broadcast-storm"]


@pytest.mark.parametrize("begin", [300.0, 300.1, 0.0, 598.0])
def test_a_storm_of_two_seconds_is_found_in_ten_minutes(begin: float) -> None:
    """On average over ten minutes it is one broadcast in a second."""
    (row,) = _storms(_broadcasts((begin, 600, 1 / 300)))
    assert row["vni"] == 100
    assert str(row["subject"]).startswith("02:42:0a:00:00:01 in VNI 100")
    # 600 of them, and those of every two seconds that fall into it, to each of two VTEPs.
    assert 1200 <= row["frames"] <= 1206


@pytest.mark.parametrize(
    "bursts",
    [
        [(300.0, 250, 0.0001)],
        [(300.0, 150, 1 / 150)],
        [(300.0, 300, 1 / 80)],
        [(100.0 * number, 60, 0.001) for number in range(1, 6)],
    ],
    ids=["all at once", "a second of them", "slowly", "now and then"],
)
def test_what_is_shorter_or_slower_than_a_storm_is_none(bursts: list[tuple[float, int, float]]) -> None:
    """Announcements of many containers at once, a short search, a host that asks 80 times a second."""
    assert _storms(_broadcasts(*bursts)) == []


def test_a_storm_is_the_same_where_parts_are_merged() -> None:
    """Cut in the middle of the storm, in one second of it."""
    data = _broadcasts((300.0, 400, 1 / 200))
    whole = vxinspect.scan(data)
    records = [*range(24, len(data), 16 + len(Sent(1, None).frame()))]
    middle = records[len(records) // 2]
    parts = [vxinspect.scan(data[:middle]), vxinspect.scan(data[:24] + data[middle:])]
    assert parts[0].merge(parts[1]).internal("bursts") == whole.internal("bursts")
    assert whole.internal("bursts")


def test_a_mac_that_flaps_is_told_once(tmp_path: Path) -> None:
    """Where a few of its packets are wrapped, it moves there, too, and fewer than five times."""
    path = tmp_path / "a.pcap"
    places = [*((1, None), (3, None)) * 4, (1, 5000), (3, 5000)]
    talk = [
        packet
        for vtep, inside in places
        for packet in (
            Sent(1, 2, "A", vtep=vtep, inside=inside),
            Sent(2, 1, "A", (80, 40000), to_vtep=vtep, inside=inside),
        )
    ]
    write([Sent(1, None), Sent(2, 1), *talk], path)
    moved = vxinspect.scan(path).fdb.where("encapsulation", "moves", least={"moves": 1})
    moves = {row["encapsulation"]: row["moves"] for row in moved}
    assert moves["vxlan"] >= 5
    assert 0 < moves["vxlan/vxlan"] < 5
    assert rules(path) & {"mac-flapping", "mac-moved"} == {"mac-flapping"}


def test_flapping_is_five_moves_in_180_seconds(tmp_path: Path) -> None:
    """RFC 7432 section 15.1: as many moves in a longer time are moves, and no more."""
    path = tmp_path / "a.pcap"
    more = rule_cases.traffic("icmp", 'name = "long"\nstart = 1\ncount = 400\nrate = 1')
    flap = rule_cases.fault("mac-flap", 'host = "web"\nto = "three"\nat = 2\ncount = 6\ninterval = {}')
    for interval, rule in ((40, "mac-flapping"), (50, "mac-moved")):
        write(more + flap.format(interval), path)
        assert rules(path) == {rule}
    write(more + flap.format(40), path)
    (row,) = vxinspect.scan(path).fdb.where("five_moves_s", least={"five_moves_s": 0})
    assert 155 <= row["five_moves_s"] <= 165


SETUPS = {"docker-overlay": "Docker Swarm", "flannel-8472": "Flannel", "two-tenants": None}


@pytest.mark.parametrize("name", SETUPS)
def test_setups_are_named(name: str) -> None:
    """A well-known setup is recognised by port, VNIs and shape, and nothing else is taken for one."""
    setups = vxinspect.scan(ROOT / f"samples/{name}.pcap", ports="auto").setups
    wanted = SETUPS[name]
    assert len(setups) == (wanted is not None)
    assert all(str(wanted) in told for told in setups)


def test_mirror_and_cilium_are_no_faults(tmp_path: Path) -> None:
    """A mirror's tunnel goes one way, and Cilium's VNIs differ by direction: by design, and told so."""
    path = tmp_path / "a.pcap"
    assert isinstance(CASES["unexpected-source"].clean, list)
    write(CASES["unexpected-source"].clean, path)
    report = vxinspect.scan(path)
    assert list(report.findings) == []
    assert "mirror" in report.setups[0]

    pairs = [(1, 2), (3, 4)]
    talk = [
        Sent(a, b, "A", (40000, 80) if a < b else (80, 40000), vni=1000 + a)
        for pair in pairs
        for a, b in (pair, pair[::-1])
        for _ in range(4)
    ]
    data = rule_cases.built(talk).replace((4789).to_bytes(2), (8472).to_bytes(2))
    report = vxinspect.scan(data, ports=8472)
    assert "Cilium" in report.setups[0]
    assert list(report.findings) == []
    assert Facts(report).crossed_vnis == set()


@pytest.mark.parametrize("reason", [name for name, kind in reasons() if kind == "other"])
def test_what_is_sound_is_not_malformed(reason: str) -> None:
    """Other traffic, an overlay that was not asked for, carriers beyond the bound: no header is wrong."""
    facts = Facts(vxinspect.scan(ROOT / "samples/two-tenants.pcap"))
    facts.frames = facts.frames | {"reasons": {reason: 9}}
    assert [rule.id for rule in ALL if list(rule.find(facts, rule.limits({})))] == []


def test_summary_counts_findings() -> None:
    """In its JSON they are objects; for people a line."""
    summary = tools.cli_json("summary", ROOT / "samples/one-way-tunnel.pcap")
    assert [row["rule"] for row in summary["findings"]] == ["one-way-tunnel"]
    text = tools.cli("summary", ROOT / "samples/one-way-tunnel.pcap").text
    assert "Findings   1 error: one-way-tunnel (vxinspect findings)" in text
    assert "Findings" not in tools.cli("summary", ROOT / "samples/two-tenants.pcap").text


def test_explain() -> None:
    """A rule's page, or all rules in a list; another word is a usage error that names them."""
    assert tools.cli("explain", "mac-flapping").text.startswith("# mac-flapping: a MAC moves back")
    assert len(tools.cli("explain").text.splitlines()) == len(ALL)
    answer = tools.cli("explain", "mac-flaping")
    assert answer.code == 2
    assert "mac-flapping" in answer.errors[0]


def test_check_fails_and_warns(tmp_path: Path) -> None:
    """An error fails by default and a warning does not; a policy says otherwise by severity or rule."""
    policy, noise = tmp_path / "policy.toml", ROOT / "samples/mixed-noise.pcap"
    fates = {
        "": (1, {"i-flag-clear": "failed", "copies": "warned"}),
        'fail = ["reserved-bits"]\nignore = ["i-flag-clear"]': (1, {"reserved-bits": "failed"}),
        'fail = []\nwarn = ["error"]': (0, {"i-flag-clear": "warned"}),
        'ignore = ["i-flag-clear", "warning"]\nwarn = []': (0, {}),
    }
    for text, (code, wanted) in fates.items():
        policy.write_text(f"[capture]\ncomplete = false\n[findings]\n{text}\n")
        answer = tools.cli("check", noise, "--policy", policy, "--report", "json=-")
        told = {one["key"]: one["status"] for one in json.loads(answer.text)["checks"]}
        assert answer.code == code
        assert {rule: told.get(f"findings.{rule}") for rule in wanted} == wanted
        if not wanted:
            assert not [key for key in told if key.startswith("findings.") and key != "findings.fail"]
