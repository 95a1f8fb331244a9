"""The pytest plugin: a capture in a test, and failures that a person can read.

docs/pytest.md is its manual.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from vxinspect.api import Report
    from vxinspect.checks.outcome import Verdict
    from vxinspect.sources import Ports, Source

__all__ = ["CaptureUnderTest", "RowUnderTest", "capture"]


class RowUnderTest:
    """One row of a table: its columns as attributes. pytest shows it where an assertion on one fails."""

    def __init__(self, title: str, row: dict[str, Any]) -> None:
        self._title = title
        self._row = row

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a column's
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._row[name]
        except KeyError:
            raise AttributeError(f"{self._title} has no {name}; it has {', '.join(self._row)}") from None

    def __repr__(self) -> str:
        shown = {name: value for name, value in self._row.items() if value is not None}
        return f"<{self._title}: {', '.join(f'{name}={value!r}' for name, value in shown.items())}>"


class CaptureUnderTest:
    """What a capture holds, for assertions: `capture.vni(100).packets > 10`.

    Its `report` has everything; a row that is not there fails the test, and says what there is.
    """

    def __init__(self, report: "Report", policy: str | None = None) -> None:
        self.report = report
        self._policy = policy

    def vni(self, vni: int) -> RowUnderTest:
        """Return the row of a VNI."""
        return self._row("vnis", f"VNI {vni}", vni=vni)

    def vtep(self, vtep: str) -> RowUnderTest:
        """Return the row of a VTEP."""
        return self._row("vteps", f"VTEP {vtep}", vtep=vtep)

    def tunnel(self, one: str, other: str) -> RowUnderTest:
        """Return the row of the tunnel between two VTEPs, in either order, or from a VTEP to a group."""
        for a, b in ((one, other), (other, one)):
            rows = self._rows("tunnels", vtep_a=a, vtep_b=b)
            if rows:
                return RowUnderTest(f"tunnel {a} <-> {b}", rows[0])
        return self._row("tunnels", f"tunnel {one} <-> {other}", vtep_a=one, vtep_b=other)

    def station(self, vni: int, mac: str) -> RowUnderTest:
        """Return the row of a MAC in the forwarding table."""
        return self._row("fdb", f"{mac} in VNI {vni}", vni=vni, mac=mac)

    def flows(self, **wanted: Any) -> list[RowUnderTest]:  # noqa: ANN401 - a column's
        """Return the flows with these values: `capture.flows(vni=100, dst_port=80)`."""
        return [RowUnderTest("flow", row) for row in self._rows("flows", **wanted)]

    def flow(self, **wanted: Any) -> RowUnderTest:  # noqa: ANN401 - a column's
        """Return the only flow with these values; none, or several, fail the test."""
        rows = self._rows("flows", **wanted)
        if len(rows) != 1:
            told = "; ".join(repr(RowUnderTest("flow", row)) for row in rows[:5])
            pytest.fail(
                f"expected one flow with {_told(wanted)}, found {len(rows)}{told and ': '}{told}",
                pytrace=False,
            )
        return RowUnderTest("flow", rows[0])

    @property
    def findings(self) -> list[str]:
        """What is wrong, a sentence each; empty where nothing is."""
        return [
            f"{row['severity']} {row['rule']}: {row['subject']}: {row['seen']}"
            for row in self.report.findings
        ]

    def check(self, policy: str | Path | None = None) -> "Verdict":
        """Fail the test with what does not hold, by default of the ini file's `vxinspect_policy`."""
        from vxinspect.checks.evaluate import evaluate
        from vxinspect.checks.load import DEFAULT, load_policy
        from vxinspect.render.paint import PLAIN
        from vxinspect.render.verdict import verdict_lines

        path = policy or self._policy
        verdict = (
            evaluate(load_policy(path), self.report, str(path)) if path else evaluate(DEFAULT, self.report)
        )
        if not verdict.passed:
            pytest.fail("\n".join(verdict_lines(verdict, width=100, paint=PLAIN, brief=True)), pytrace=False)
        return verdict

    def __repr__(self) -> str:
        return f"<{', '.join(one['name'] for one in self.report.captures)}: {self.report!r}>"

    def _rows(self, table: str, **wanted: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a column's
        view = self.report.table(table)
        for name in wanted:
            view.view.column(name)
        words = {name: [value] for name, value in wanted.items() if view.view.column(name).kind == "text"}
        rows = view.where(words=words)
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def _row(self, table: str, title: str, **key: Any) -> RowUnderTest:  # noqa: ANN401 - a column's
        rows = self._rows(table, **key)
        if not rows:
            there = self.report.table(table).where(*key)
            known = [" ".join(str(value) for value in row.values()) for row in there[:10]]
            pytest.fail(f"{title} is not in {self!r}; there are: {', '.join(known) or 'none'}", pytrace=False)
        return RowUnderTest(title, rows[0])


def _told(wanted: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in wanted.items()) or "any values"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare what a test run may say of captures."""
    group = parser.getgroup("vxinspect")
    group.addoption(
        "--vxinspect-capture",
        metavar="FILE",
        action="append",
        help="capture for the `capture` fixture; repeatable",
    )
    parser.addini("vxinspect_capture", "captures for the `capture` fixture", type="paths")
    parser.addini("vxinspect_policy", "policy that `capture.check()` holds captures to", type="paths")
    parser.addini("vxinspect_ports", "UDP ports of VXLAN, or auto; 4789 by default", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", "vxinspect(capture, ..., ports=...): the captures that the `capture` fixture reads"
    )


@pytest.fixture
def capture(request: pytest.FixtureRequest) -> CaptureUnderTest:
    """Scan the captures of the marker `vxinspect`, of --vxinspect-capture, or of the ini file."""
    import vxinspect

    marker = request.node.get_closest_marker("vxinspect")
    sources, ports = _asked(request, marker)
    policies = request.config.getini("vxinspect_policy")
    try:
        report = vxinspect.scan(sources, ports=ports)
    except vxinspect.VxinspectError as error:
        pytest.fail(f"the capture cannot be used: {error}", pytrace=False)
    return CaptureUnderTest(report, str(policies[0]) if policies else None)


def _asked(request: pytest.FixtureRequest, marker: pytest.Mark | None) -> tuple["Source", "Ports"]:
    """Return the captures, those of a marker relative to the folder of the test, and the ports."""
    config = request.config
    named = config.getini("vxinspect_ports")
    ports: Any = [port if port == "auto" else int(port) for port in named] or (4789,)
    if marker is not None:
        folder = request.path.parent
        return [folder / name for name in marker.args], marker.kwargs.get("ports", ports)
    given = config.getoption("--vxinspect-capture") or config.getini("vxinspect_capture")
    if not given:
        pytest.fail(
            "no capture: mark the test with vxinspect(FILE), or give --vxinspect-capture", pytrace=False
        )
    return list(given), ports
