"""The Python API, with a stand-in engine."""

import io
import ipaddress
import pickle
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeAnalysis, FakeRows, row
from stage import Stage

import vxinspect
from vxinspect import Report, Select, Table, View, exceptions
from vxinspect.columns import VIEWS

SUMMARY = [
    *("schema_version", "version", "captures", "frames", "time", "totals", "bytes"),
    *("vnis", "tunnels", "top_flows", "hints", "copies", "icmp_errors", "findings"),
    "incomplete_datagrams",
    "checksums",
]


def table(count: int, view: str = "vnis") -> tuple[Table, FakeRows]:
    """Return a table of numbered rows, and where they come from."""
    rows = FakeRows(VIEWS[view].names, [row(view, vni=number) for number in range(count)], count)
    return Table(VIEWS[view], rows), rows


def test_exported_names_are_sorted_and_there() -> None:
    """One sorted `__all__`, and nothing in it is missing."""
    assert vxinspect.__all__ == sorted(vxinspect.__all__)
    assert all(hasattr(vxinspect, name) for name in vxinspect.__all__)


def test_every_exception_is_exported() -> None:
    """What can be raised can be caught by its public name."""
    assert set(exceptions.__all__) <= set(vxinspect.__all__)


def test_exception_tree() -> None:
    """Captures and options fail apart; an option's error is a ValueError too."""
    for child in (
        exceptions.UnreadableCaptureError,
        exceptions.UnknownFormatError,
        exceptions.DamagedCaptureError,
    ):
        assert issubclass(child, exceptions.CaptureError)
    assert issubclass(exceptions.CaptureError, exceptions.VxinspectError)
    assert issubclass(exceptions.OptionError, exceptions.VxinspectError)
    assert issubclass(exceptions.OptionError, ValueError)


def test_errors_are_one_line_and_survive_pickling() -> None:
    """The line names file, offset and what was expected; a worker process can send it home."""
    damaged = exceptions.DamagedCaptureError("a.pcap", "at byte 24: expected x, found y", 24, "x", "y")
    again = pickle.loads(pickle.dumps(damaged))  # noqa: S301 - our own bytes
    assert str(again) == "a.pcap: at byte 24: expected x, found y"
    assert (again.name, again.offset, again.expected, again.found) == ("a.pcap", 24, "x", "y")
    filtered = pickle.loads(pickle.dumps(exceptions.FilterError("tcpp", 0, 4, "unknown field")))  # noqa: S301
    assert str(filtered) == "filter: unknown field (at character 1)"
    assert (filtered.filter, filtered.start, filtered.end, filtered.message) == (
        "tcpp",
        0,
        4,
        "unknown field",
    )
    assert (filtered.option, filtered.value) == ("filter", "tcpp")


def test_report_keeps_its_selection() -> None:
    """As `scan` takes it again."""
    report = Report(FakeAnalysis(select=[("vni", "1"), ("filter", "tcp"), ("vni", "2")]))  # type: ignore[arg-type]
    assert report.select == {"vni": ["1", "2"], "filter": ["tcp"]}
    option = pickle.loads(pickle.dumps(exceptions.OptionError("vni", "x", "a number")))  # noqa: S301 - as above
    assert str(option) == "vni: expected a number, found 'x'"
    assert (option.option, option.value, option.expected) == ("vni", "x", "a number")


def test_summary_keys(stage: Stage) -> None:
    """The contract's keys in the contract's order."""
    summary = vxinspect.scan(b"").summary
    assert list(summary) == SUMMARY
    assert summary["schema_version"] == 1
    assert list(summary["captures"][0])[-5:-3] == ["complete", "truncated_at"]
    assert list(summary["captures"][0])[-1] == "largest_clock_step_s"
    assert "damage" not in summary["captures"][0]
    assert list(summary["frames"]) == [
        *("total", "vxlan", "fragment", "other", "invalid", "malformed", "reasons", "selected", "notes"),
        *("incomplete_datagrams", "encapsulations"),
    ]
    assert stage.asked["sources"] == [("<bytes>", b"")]


def test_summary_has_ten_flows_and_every_vni() -> None:
    """`top_flows` are ten; the other tables are whole."""
    analysis: Any = FakeAnalysis({"flows": [row("flows")] * 30, "vnis": [row("vnis")] * 30})
    report = Report(analysis)
    assert len(report.summary["top_flows"]) == 10
    assert len(report.summary["vnis"]) == 30
    assert len(report.summarize(limit=2)["vnis"]) == 2


@pytest.mark.parametrize(
    ("source", "sources"),
    [
        ("a.pcap", [("a.pcap", "a.pcap")]),
        (Path("d/a.pcap"), [("d/a.pcap", "d/a.pcap")]),
        (["a", Path("b"), b"c"], [("a", "a"), ("b", "b"), ("<bytes>", b"c")]),
        (bytearray(b"x"), [("<bytes>", b"x")]),
        (memoryview(b"x"), [("<bytes>", b"x")]),
        ("a\udcff.pcap", [("a\ufffd.pcap", "a\udcff.pcap")]),
    ],
)
def test_sources(stage: Stage, source: Any, sources: object) -> None:
    """Paths, bytes, or several; a name that is no UTF-8 can be shown and opened."""
    vxinspect.scan(source)
    assert stage.asked["sources"] == sources


def test_file_source(stage: Stage, tmp_path: Path) -> None:
    """An open binary file is passed on, under its name if it has one."""
    path = tmp_path / "a.pcap"
    path.write_bytes(b"")
    with path.open("rb") as file:
        vxinspect.scan(file)
        assert stage.asked["sources"] == [(str(path), file)]
    nameless = io.BytesIO()
    vxinspect.scan([nameless, nameless])
    assert stage.asked["sources"] == [("<stream>", nameless)] * 2


@pytest.mark.parametrize("source", [5, None, [5], io.StringIO()])
def test_no_source(stage: Stage, source: Any) -> None:
    """What is no capture is a TypeError before anything is read."""
    with pytest.raises(TypeError, match="source: expected a path, bytes, a binary file"):
        vxinspect.scan(source)
    assert stage.asked == {}


def test_empty_sources() -> None:
    """No capture at all is an error, not an empty report."""
    with pytest.raises(exceptions.OptionError, match="at least one capture"):
        vxinspect.scan([])


@pytest.mark.parametrize(
    ("ports", "numbers", "auto"),
    [
        ((4789,), [4789], False),
        (8472, [8472], False),
        ([8472, 4789, 8472], [8472, 4789], False),
        ("auto", [4789], True),
        (("auto", 8472), [8472], True),
    ],
)
def test_ports(stage: Stage, ports: Any, numbers: list[int], auto: bool) -> None:  # noqa: FBT001 - an expectation
    """Numbers, "auto", or both; "auto" alone starts from the default port."""
    vxinspect.scan(b"", ports=ports)
    asked = stage.asked["overlays"]
    assert (asked.ports, asked.auto_ports, asked.max_depth) == (numbers, auto, 4)


@pytest.mark.parametrize("ports", [0, 65536, "4789", (), ("any",), True, 1.5])
def test_bad_ports(ports: Any) -> None:
    """What is no UDP port is an OptionError."""
    with pytest.raises((exceptions.OptionError, TypeError)):
        vxinspect.scan(b"", ports=ports)


@pytest.mark.parametrize(
    ("select", "pairs"),
    [
        (None, []),
        (Select(), []),
        ("vni == 100 && tcp", [("filter", "vni == 100 && tcp")]),
        (Select(vni=1, filter=["tcp", "udp"]), [("vni", "1"), ("filter", "tcp"), ("filter", "udp")]),
        ("vni == \udcff", [("filter", "vni == \N{REPLACEMENT CHARACTER}")]),
        (Select(vni=100), [("vni", "100")]),
        (Select(vni="100-199,300"), [("vni", "100-199,300")]),
        (Select(vni=[1, 2]), [("vni", "1"), ("vni", "2")]),
        ({"vni": 1, "protocol": ("tcp", "udp")}, [("vni", "1"), ("protocol", "tcp"), ("protocol", "udp")]),
        (Select(host=ipaddress.ip_network("10.0.0.0/8")), [("host", "10.0.0.0/8")]),
        (Select(vtep=ipaddress.ip_address("::1")), [("vtep", "::1")]),
        (Select(since=datetime(2026, 11, 22, 17, 30, tzinfo=UTC)), [("since", "2026-11-22T17:30:00Z")]),
        (
            Select(until=datetime(2026, 11, 22, 17, 30, tzinfo=timezone(timedelta(hours=2)))),
            [("until", "2026-11-22T15:30:00Z")],
        ),
        (Select(since=datetime(2026, 11, 22, 17, 30, 6, 500)), [("since", "2026-11-22T17:30:06.000500Z")]),  # noqa: DTZ001 - UTC is the rule
    ],
)
def test_select(stage: Stage, select: Any, pairs: object) -> None:
    """Values of one field are alternatives; times without a zone are UTC."""
    vxinspect.scan(b"", select=select)
    assert stage.asked["select"] == pairs


def test_unknown_select_field() -> None:
    """The error names the fields that there are."""
    with pytest.raises(exceptions.OptionError, match=r"one of vni, vtep, .*found 'vnis'"):
        vxinspect.scan(b"", select={"vnis": 1})


def test_table_is_a_sequence_of_rows() -> None:
    """Iteration, length, indexing from both ends, slices, and dicts that are the caller's own."""
    rows, _ = table(5)
    assert len(rows) == 5
    assert [each["vni"] for each in rows] == [0, 1, 2, 3, 4]
    assert rows[0]["vni"] == 0
    assert rows[-1]["vni"] == 4
    assert [each["vni"] for each in rows[1:3]] == [1, 2]
    assert [each["vni"] for each in rows[::-2]] == [4, 2, 0]
    assert rows.to_dicts() == list(rows)
    assert tuple(rows[0]) == rows.columns == VIEWS["vnis"].names
    rows[0]["vni"] = 99
    assert rows[0]["vni"] == 0
    with pytest.raises(IndexError, match="row 5 of 5"):
        rows[5]


def test_table_asks_in_chunks() -> None:
    """A long table is never in memory at once, and a short look asks for little."""
    rows, source = table(10_000)
    assert next(iter(rows))["vni"] == 0
    assert source.asked == [(0, 4096)]
    source.asked.clear()
    assert sum(1 for _ in rows) == 10_000
    assert source.asked == [(0, 4096), (4096, 8192), (8192, 10_000)]


def test_table_shows_itself() -> None:
    """In a shell as a table, in a notebook as HTML that runs nothing."""
    rows, _ = table(30)
    assert repr(rows).startswith("VNI  ")
    assert repr(rows).endswith("... 20 more rows (iterate for all)")
    tcp = row("flows", protocol="<script>")
    flows = Table(VIEWS["flows"], FakeRows(VIEWS["flows"].names, [tcp], 1))
    html = flows._repr_html_()
    assert html.count("<tr>") == 2
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("name", ["vnis", "flows", "tunnels", "vteps", "fdb"])
def test_report_tables(stage: Stage, name: str) -> None:
    """Each table is an attribute of its name."""
    stage.analysis = FakeAnalysis()
    named = getattr(vxinspect.scan(b""), name)
    assert (named.name, isinstance(named.view, View)) == (name, True)


def test_report_tables_by_key(stage: Stage) -> None:
    """Conversations and overhead come by key, with a first choice; another key is an error."""
    stage.analysis = FakeAnalysis()
    report = vxinspect.scan(b"")
    assert report.conversations().name == "conversations_mac"
    assert report.conversations("ip").name == "conversations_ip"
    assert [report.overhead().name, report.overhead("vni").name] == ["overhead_total", "overhead_vni"]
    wrong: Any = "port"
    with pytest.raises(exceptions.OptionError, match="one of mac, ip"):
        report.conversations(wrong)


def test_sort_and_limit(stage: Stage) -> None:
    """Sorted as the command line sorts, and the total tells what was cut."""
    stage.analysis = FakeAnalysis({"vnis": [row("vnis", vni=number, packets=number) for number in range(5)]})
    report = vxinspect.scan(b"")

    def vnis(sort: Sequence[str], limit: int | None = None) -> list[object]:
        return [each["vni"] for each in report.table("vnis", sort=sort, limit=limit)]

    assert vnis(["packets"]) == [4, 3, 2, 1, 0]
    assert vnis(["vni"]) == [0, 1, 2, 3, 4]
    assert vnis(["vni:desc"], 2) == [4, 3]
    assert report.table("vnis", limit=2).total == 5
    with pytest.raises(exceptions.OptionError, match="one of vnis, flows"):
        report.table("frames")


def test_merge(stage: Stage) -> None:
    """Two reports make a third; neither changes."""
    stage.analysis = FakeAnalysis()
    first, second = vxinspect.scan(b""), vxinspect.scan(b"")
    assert len(first.merge(second).vnis) == 2
    assert len(first.vnis) == len(second.vnis) == 1
