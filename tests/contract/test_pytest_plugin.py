"""The pytest plugin, as a user's test run loads it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TENANTS = ROOT / "samples/two-tenants.pcap"
HEAD = f"import pytest\npytestmark = pytest.mark.vxinspect({str(TENANTS)!r})\n"


def run(folder: Path, test: str, *arguments: str, ini: str = "", head: str = HEAD) -> tuple[int, str]:
    """Run a test function's body in a project of its own, and return how pytest ended and what it said."""
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}")
    body = "\n".join(f"    {line}" for line in test.splitlines())
    (folder / "test_it.py").write_text(f"{head}\ndef test_it(capture):\n{body}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


HOLDS = """
assert capture.vni(100).packets == 24
assert capture.vtep("192.0.2.1").packets_sent == 30
assert capture.tunnel("192.0.2.2", "192.0.2.1").vnis == [100, 200]
assert capture.station(100, "02:42:0a:00:00:02").vtep == "192.0.2.2"
assert capture.flow(vni=200, protocol="tcp").packets == 19
assert [flow.vni for flow in capture.flows(protocol="tcp")] == [200, 100]
assert capture.findings == []
capture.check()
""".strip()


def test_what_is_known_of_the_sample_holds(tmp_path: Path) -> None:
    """Rows are found by their keys, with columns as attributes (figures of samples/README.md)."""
    code, said = run(tmp_path, HOLDS)
    assert code == 0, said


FAILURES = {
    "assert capture.vni(100).retransmission_percent > 1": "where 0.0 = <VNI 100: vni=100, packets=24",
    "assert capture.vni(100).overhead_percent < 20": "= <VNI 100: vni=100, packets=24",
    "capture.vni(300)": "VNI 300 is not in <",
    "capture.vni(100).packet": "VNI 100 has no packet; it has vni, packets",
    "capture.flow(protocol='tcp')": "expected one flow with protocol='tcp', found 2: <flow: vni=200",
    "capture.flow(vni=7)": "expected one flow with vni=7, found 0",
    "capture.tunnel('192.0.2.1', '192.0.2.9')": "there are: 192.0.2.1 192.0.2.2",
}


@pytest.mark.parametrize("test", FAILURES)
def test_failures_say_what_is_there(test: str, tmp_path: Path) -> None:
    """What failed is told with the row, or with what there is instead."""
    code, said = run(tmp_path, test)
    assert code == 1
    assert FAILURES[test] in said, said


def test_policy_of_the_ini_file(tmp_path: Path) -> None:
    """`check()` lists what does not hold of `vxinspect_policy`, whose path is relative to the ini file."""
    (tmp_path / "policy.toml").write_text("[vnis]\nallowed = [100]\n")
    code, said = run(tmp_path, "capture.check()", ini="vxinspect_policy = policy.toml")
    assert code == 1
    assert "failed  vnis.allowed: no VNI but 100" in said
    assert "found: VNI 200 (27 packets)" in said


def test_captures_of_the_command_line_and_the_ini_file(tmp_path: Path) -> None:
    """Without a marker the option says what is read, else the ini file; with none the test fails."""
    test, given = "assert len(capture.report.vnis) == 2", ("--vxinspect-capture", str(TENANTS))
    assert run(tmp_path, test, *given, head="")[0] == 0
    assert run(tmp_path, test, ini=f"vxinspect_capture = {TENANTS}", head="")[0] == 0
    code, said = run(tmp_path, test, head="")
    assert code == 1
    assert "no capture: mark the test" in said
    code, said = run(tmp_path, test, "--vxinspect-capture", "gone.pcap", head="")
    assert code == 1
    assert "gone.pcap: No such file or directory" in said


def test_ports_of_the_ini_file_and_the_marker(tmp_path: Path) -> None:
    """Flannel's port is told once for all tests, or found."""
    flannel = str(ROOT / "samples/flannel-8472.pcap")
    marked = f"import pytest\npytestmark = pytest.mark.vxinspect({flannel!r}{{}})\n"
    test = "assert capture.vni(1).packets == 24"
    assert run(tmp_path, test, ini="vxinspect_ports = 8472", head=marked.format(""))[0] == 0
    assert run(tmp_path, test, head=marked.format(", ports='auto'"))[0] == 0
    assert run(tmp_path, test, head=marked.format(""))[0] == 1
