"""`vxinspect diff` and `check --baseline`: what is new, gone and changed is known of the samples."""

import json
from pathlib import Path

import pytest
import tools

ROOT = Path(__file__).parents[2]
TENANTS = ROOT / "samples/two-tenants.pcap"
DOCKER = ROOT / "samples/docker-overlay.pcap"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return a saved summary of two-tenants.pcap."""
    path = tmp_path / "before.json"
    assert tools.cli("summary", "--json", TENANTS, "-o", path).code == 0
    return path


def test_difference_is_what_is_known_of_the_samples() -> None:
    """samples/README.md: VNIs 100 and 200 of one tunnel there; VNI 4097, three VTEPs and tunnels here."""
    found = tools.cli_json("diff", TENANTS, DOCKER)
    assert (found["a"], found["b"]) == (str(TENANTS), str(DOCKER))
    tables = found["tables"]
    assert [row["vni"] for row in tables["vnis"]["added"]] == [4097]
    assert sorted(row["vni"] for row in tables["vnis"]["removed"]) == [100, 200]
    assert [row["vtep"] for row in tables["vteps"]["added"]] == ["192.0.2.3"]
    assert tables["vteps"]["removed"] == []
    (changed,) = tables["tunnels"]["changed"]
    assert (changed["vtep_a"], changed["vtep_b"]) == ("192.0.2.1", "192.0.2.2")
    assert changed["packets"] == [51, 24]
    assert "direction" not in changed
    services = {(row["protocol"], row["ip"], row["port"]) for row in tables["services"]["added"]}
    assert services == {("tcp", "10.0.1.4", 80), ("udp", "10.0.1.5", 53)}
    assert len(tables["fdb"]["added"]) == 3
    assert len(tables["fdb"]["removed"]) == 4


def test_same_capture_does_not_differ(saved: Path) -> None:
    """Not from itself, and not from its own saved summary, which knows fewer tables."""
    for first, second in ((TENANTS, TENANTS), (saved, TENANTS), (TENANTS, saved), (saved, saved)):
        found = tools.cli_json("diff", first, second)
        assert all(not any(one.values()) for one in found["tables"].values())
        assert tools.cli("diff", first, second).text == "no difference\n"
    assert set(found["tables"]) == {"vnis", "vteps", "tunnels", "findings"}


def test_summary_of_an_older_version_is_compared_by_what_it_has(saved: Path) -> None:
    """A column that came later is no difference."""
    summary = json.loads(saved.read_text())
    for row in (*summary["vnis"], *summary["tunnels"]):
        row.pop("retransmission_percent")
    saved.write_text(json.dumps(summary))
    for first, second in ((saved, TENANTS), (TENANTS, saved)):
        assert tools.cli("diff", first, second).text == "no difference\n"
    assert "+ 4097" in tools.cli("diff", saved, DOCKER).text


def test_retransmissions_are_compared(saved: Path) -> None:
    """None before, 2 of 36 and 1 of 35 after."""
    text = tools.cli("diff", saved, ROOT / "samples/tcp-faults.pcap").text
    assert "sent again 0.0% -> 5.6%" in text
    assert "sent again 0.0% -> 2.9%" in text


def test_formats(saved: Path) -> None:
    """For people marks in front of rows, for a comment a list; a table of several kinds is no CSV."""
    lines = tools.cli("diff", saved, DOCKER).text.splitlines()
    assert "VTEPs: 1 added" in lines
    assert "+ 192.0.2.3" in lines
    assert any(line.startswith("~ 192.0.2.1 <-> 192.0.2.2  packets 51 -> 24 (-53%)") for line in lines)
    assert "### VTEPs: 1 added" in tools.cli("diff", saved, DOCKER, "--format", "markdown").text
    assert tools.cli("diff", saved, DOCKER, "--format", "csv").code == 2
    assert tools.cli("diff", saved).code == 2


def test_rows_are_cut_and_the_rest_is_counted() -> None:
    """At most so many of each kind."""
    lines = tools.cli("diff", TENANTS, DOCKER, "--limit", "1").text.splitlines()
    assert "  ... 2 more (--limit 0 for all)" in lines


def test_baseline_fails_what_is_new(saved: Path, tmp_path: Path) -> None:
    """The same capture holds; another one fails for each kind of thing that was not there before."""
    assert tools.cli("check", TENANTS, "--baseline", saved).code == 0
    answer = tools.cli("check", DOCKER, "--baseline", saved, "--report", "json=-")
    statuses = {one["key"]: one["status"] for one in json.loads(answer.text)["checks"]}
    assert answer.code == 1
    assert {key: status for key, status in statuses.items() if key.startswith("baseline")} == {
        "baseline.vnis": "failed",
        "baseline.vteps": "failed",
        "baseline.tunnels": "failed",
        "baseline.findings": "passed",
    }
    known = tmp_path / "known.json"
    tools.cli("summary", "--json", ROOT / "samples/one-way-tunnel.pcap", "-o", known)
    policy = tmp_path / "policy.toml"
    policy.write_text("[findings]\nfail = []\n")
    again = (ROOT / "samples/one-way-tunnel.pcap", "--baseline", known, "--policy", policy)
    assert tools.cli("check", *again).code == 0


@pytest.mark.parametrize(
    "text", ["{}", "[1]", '{"schema_version": 1, "vnis": 3, "tunnels": []}', "{ not json"]
)
def test_file_that_is_no_summary(text: str, tmp_path: Path) -> None:
    """One line, exit code 2."""
    path = tmp_path / "a.json"
    path.write_text(text)
    for words in (("check", TENANTS, "--baseline", path), ("diff", path, TENANTS)):
        answer = tools.cli(*words)
        assert answer.code == 2
        assert len(answer.errors) == 1, answer.errors


def test_summary_of_another_schema(saved: Path) -> None:
    """A later version's file is not compared with what this one means."""
    summary = json.loads(saved.read_text())
    saved.write_text(json.dumps(summary | {"schema_version": 99}))
    answer = tools.cli("check", TENANTS, "--baseline", saved)
    assert answer.code == 2
    assert "expected schema_version 1, found 99" in answer.errors[0]
