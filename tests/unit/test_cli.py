"""Options, errors and exit codes of the command line, with a stand-in engine."""

import csv
import importlib
import io
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeAnalysis, capture, frames, row
from stage import Stage

from vxinspect import __version__, cli, exceptions
from vxinspect.cli.command import Deferred
from vxinspect.cli.root import root
from vxinspect.columns import VIEWS
from vxinspect.overlays import Overlays

COMMANDS = ["summary", "vnis", "flows", "conversations", "tunnels", "underlay", "vteps", "fdb", "addresses"]
COMMANDS += ["overhead"]
KEYED = {"conversations": ["mac", "ip"], "overhead": ["total", "vni", "tunnel"]}
TABLES: list[tuple[str, ...]] = [("vnis",), ("flows",), ("tunnels",), ("vteps",), ("fdb",), ("addresses",)]
TABLES += [(name, "--by", by) for name, keys in KEYED.items() for by in keys]
DAMAGE = "at byte 400: expected 60 bytes of a record, found 12"


def view_of(command: tuple[str, ...]) -> str:
    """Return the table that a command shows."""
    return f"{command[0]}_{command[2]}" if len(command) > 1 else command[0]


@pytest.mark.parametrize("command", TABLES, ids=view_of)
def test_json_and_csv_have_the_contract_s_columns(stage: Stage, command: tuple[str, ...]) -> None:
    """Every column, in order, with raw values."""
    names = VIEWS[view_of(command)].names
    told = json.loads(stage.run(*command, "--json", "x").out)
    assert told == [row(view_of(command))]
    assert tuple(told[0]) == names
    assert stage.run(*command, "--format", "jsonl", "x").out == json.dumps(told[0]) + "\n"
    header, cells = csv.reader(io.StringIO(stage.run(*command, "--format", "csv", "x").out))
    assert tuple(header) == names
    assert len(cells) == len(names)


@pytest.mark.parametrize("command", TABLES, ids=view_of)
@pytest.mark.parametrize("width", [80, 200])
def test_tables_fit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], width: int
) -> None:
    """No line of any table is wider than COLUMNS, and nothing is coloured in a pipe."""
    monkeypatch.setenv("COLUMNS", str(width))
    outcome = stage.run(*command, "x")
    assert outcome.code == 0
    assert max(map(len, outcome.out.splitlines())) <= width
    assert "\x1b" not in outcome.out
    assert outcome.out.endswith("\n")


def test_summary_formats(stage: Stage) -> None:
    """One object as JSON, on one line as JSON Lines, facts as CSV, and lists as Markdown."""
    summary = json.loads(stage.run("summary", "--json", "x").out)
    assert summary["totals"]["vnis"] == 1
    line = stage.run("summary", "--format", "jsonl", "x").out
    assert line.count("\n") == 1
    assert json.loads(line) == summary
    assert "frames.total,12\n" in stage.run("summary", "--format", "csv", "x").out
    assert stage.run("summary", "--format", "markdown", "x").out.startswith("- **Capture**")
    assert stage.run("summary", "x").out.startswith("Capture    day.pcap")


def test_selection_reaches_the_engine(stage: Stage) -> None:
    """Each option by the engine's name, repeated ones as alternatives."""
    stage.run(
        *(
            "flows",
            "-Y",
            "tcp || udp",
            "--filter",
            "inner.arp",
            "--vni",
            "100-199,300",
            "--vni",
            "7",
            "--vtep",
            "192.0.2.1",
            "--mac",
            "02:00:00:00:00:01",
        ),
        *(
            "--host",
            "10.0.0.0/8",
            "--protocol",
            "tcp",
            "--inner-port",
            "80",
            "--since",
            "2026-11-22T17:30:06Z",
        ),
        *("--until", "2026-11-23", "x"),
    )
    assert stage.asked["select"] == [
        ("vni", "100-199,300"),
        ("vni", "7"),
        ("vtep", "192.0.2.1"),
        ("mac", "02:00:00:00:00:01"),
        ("host", "10.0.0.0/8"),
        ("protocol", "tcp"),
        ("inner_port", "80"),
        ("since", "2026-11-22T17:30:06Z"),
        ("until", "2026-11-23"),
        ("filter", "tcp || udp"),
        ("filter", "inner.arp"),
    ]


def test_an_error_in_a_filter_points_at_it(stage: Stage) -> None:
    """One line that says what is wrong, the filter, and carets under the wrong part."""
    stage.analysis = exceptions.FilterError("vni == 1 && tcpp", 12, 16, 'unknown field "tcpp"')
    outcome = stage.run("vnis", "-Y", "vni == 1 && tcpp", "x")
    assert outcome.code == 2
    assert outcome.err == 'vxinspect: -Y: unknown field "tcpp"\n  vni == 1 && tcpp\n              ^^^^\n'
    stage.analysis = exceptions.FilterError("", 0, 0, "the filter is empty")
    assert stage.run("vnis", "-Y", "", "x").err == "vxinspect: -Y: the filter is empty\n"


def test_fields_are_listed_by_their_parts(stage: Stage) -> None:
    """A word stands for the begin of any part of a name, or of its other name."""
    everything = json.loads(stage.run("fields", "--json").out)
    assert len(everything) > 60
    assert {"field", "alias", "type", "description", "example"} == set(everything[0])
    ports = json.loads(stage.run("fields", "port", "VTEP", "--json").out)
    assert {row["field"].rpartition(".")[2] for row in ports} == {"port", "addr"}
    assert [row["field"] for row in json.loads(stage.run("fields", "tcp.flags.s", "--json").out)] == [
        "tcp.flags.syn"
    ]
    assert stage.run("fields", "port", "--format", "csv").out.startswith(
        "field,alias,type,description,example\n"
    )
    assert stage.run("fields", "port", "--format", "markdown").out.startswith("| field |")
    none = stage.run("fields", "nonsense")
    assert (none.code, none.out) == (2, "")
    assert "nonsense" in none.err
    assert stage.run("fields", "--json", "--format", "csv").code == 2


def test_fields_fit_the_terminal(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their meaning wraps."""
    monkeypatch.setenv("COLUMNS", "80")
    lines = stage.run("fields").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(not line.startswith(" ") for line in lines) == len(
        json.loads(stage.run("fields", "--json").out)
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_every_common_option(stage: Stage, command: str) -> None:
    """Reading options reach the engine from each command."""
    sort = "packets" if command == "overhead" else "first_seen"
    outcome = stage.run(
        *(
            command,
            "--port",
            "8472",
            "--port",
            "auto",
            "--encapsulation",
            "vxlan,geneve",
            "--max-depth",
            "7",
            "--match-source-port",
            "-c",
            "5",
            "--threads",
            "2",
            "--max-flows",
            "9",
            "--sort",
            sort,
        ),
        *("--limit", "3", "--no-progress", "-q", "--strict", "--color", "never", "a.pcap", "b.pcap"),
    )
    assert outcome.code == 0, outcome.err
    asked = {name: stage.asked[name] for name in ("overlays", "count", "threads", "max_flows")}
    overlays = Overlays(
        ports=[8472],
        auto_ports=True,
        encapsulations=["vxlan", "geneve"],
        max_depth=7,
        match_source_port=True,
    )
    assert asked == {"overlays": overlays, "count": 5, "threads": 2, "max_flows": 9}
    assert stage.asked["sources"] == [("a.pcap", "a.pcap"), ("b.pcap", "b.pcap")]
    assert stage.asked["keep_on_interrupt"] is True


def test_default_port(stage: Stage) -> None:
    """Without --port it is 4789 alone."""
    stage.run("vnis", "x")
    assert stage.asked["overlays"] == Overlays(
        ports=[4789], auto_ports=False, encapsulations=["vxlan", "vxlan-gpe"], max_depth=4
    )


def test_limits(stage: Stage) -> None:
    """People see 20 rows and how many more there are; programs see all; --limit 0 shows all to both."""
    both = {name: [row(name, vni=number) for number in range(30)] for name in ("vnis", "fdb")}
    stage.analysis = FakeAnalysis(both)
    # A table with room for all of its columns, and so without a note of those left out.
    lines = stage.run("fdb", "x").out.splitlines()
    assert len(lines) == 23
    assert lines[-1] == "... 10 more rows (--limit 0 for all)"
    assert len(stage.run("fdb", "--limit", "0", "x").out.splitlines()) == 32
    assert len(json.loads(stage.run("vnis", "--json", "x").out)) == 30
    assert len(json.loads(stage.run("vnis", "--json", "--limit", "5", "x").out)) == 5
    assert len(json.loads(stage.run("summary", "--json", "--limit", "5", "x").out)["vnis"]) == 5


def test_sort(stage: Stage) -> None:
    """The first --sort counts before the second."""
    rows = [row("vnis", vni=vni, packets=packets) for vni, packets in ((1, 5), (3, 9), (2, 9))]
    stage.analysis = FakeAnalysis({"vnis": rows})
    told = json.loads(stage.run("vnis", "--sort", "packets", "--sort", "vni", "--json", "x").out)
    assert [each["vni"] for each in told] == [2, 3, 1]


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["fdb", "--sort", "bogus", "x"],
            "vxinspect: --sort: expected a column of fdb (vni, mac, vtep, ips, packets",
        ),
        (
            ["flows", "--port", "0", "x"],
            "vxinspect: --port: expected a port from 1 to 65535, or auto, found '0'",
        ),
        (["flows", "--limit", "-1", "x"], "vxinspect: --limit: expected a whole number from 0, found '-1'"),
        (["flows", "-c", "0", "x"], "vxinspect: --count: expected a whole number from 1, found '0'"),
        (
            ["flows", "--json", "--format", "csv", "x"],
            "vxinspect: --json and --format csv exclude each other",
        ),
        (["flows", "--format", "xml", "x"], "vxinspect: --format: 'xml' is not one of"),
        (["flows", "--frobnicate", "x"], "vxinspect: No such option"),
        (["frobnicate"], "vxinspect: No such command 'frobnicate'"),
        (["flows"], "vxinspect: no capture: name a file, or pipe one in"),
        (["flows", "-", "-"], "vxinspect: standard input can be read only once"),
        (["flows", "-o", "/nowhere/at/all", "x"], "vxinspect: /nowhere/at/all: no such directory"),
        (["flows", "-o", "/", "x"], "vxinspect: /: is a directory"),
        (["conversations", "--by", "port", "x"], "vxinspect: --by: 'port' is not one of 'mac', 'ip'"),
    ],
)
def test_usage_errors(stage: Stage, args: list[str], line: str) -> None:
    """One clear line, perhaps where to read on, exit code 2; nothing is read and nothing printed."""
    outcome = stage.run(*args)
    told = outcome.err.splitlines()
    assert outcome.code == 2
    assert outcome.out == ""
    assert told[0].startswith(line)
    assert all(more.startswith("Try 'vxinspect") for more in told[1:])
    assert len(told) <= 2
    assert stage.asked == {}


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            exceptions.UnknownFormatError(
                "a.txt", "at byte 0: expected a pcap or pcapng capture, found text", 0
            ),
            "vxinspect: a.txt: at byte 0: expected a pcap or pcapng capture, found text",
        ),
        (
            exceptions.UnreadableCaptureError("a\x1b[31m.pcap", "No such file or directory"),
            "vxinspect: a[31m.pcap: No such file or directory",
        ),
        (
            exceptions.OptionError("inner_port", "x", "a port from 0 to 65535"),
            "vxinspect: --inner-port: expected a port from 0 to 65535, found 'x'",
        ),
        (MemoryError("a.pcap"), "vxinspect: out of memory reading a.pcap"),
    ],
)
def test_scan_errors(stage: Stage, error: Exception, line: str) -> None:
    """What stops a scan is one line and exit code 2."""
    stage.analysis = error
    outcome = stage.run("flows", "x")
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"{line}\n")


def test_interrupt_before_anything_was_read(stage: Stage) -> None:
    """Ctrl-C without a report is exit code 130, and no traceback."""
    stage.analysis = KeyboardInterrupt()
    outcome = stage.run("flows", "x")
    assert (outcome.code, outcome.out) == (130, "")
    assert "Traceback" not in outcome.err


def test_interrupted_scan_is_reported(stage: Stage) -> None:
    """On Ctrl-C the report so far is printed, then 130."""
    stage.analysis = FakeAnalysis(interrupted=True)
    outcome = stage.run("vnis", "x")
    assert outcome.code == 130
    assert "VNI" in outcome.out
    assert outcome.err == "interrupted: the report covers what was read until then\n"


def test_cut_short(stage: Stage) -> None:
    """A capture that breaks off is a warning, with -q too; --strict exits with 2 after the report."""
    stage.analysis = FakeAnalysis(captures=[capture(complete=False, damage=DAMAGE, truncated_at=400)])
    warning = f"warning: day.pcap: {DAMAGE}; the report covers the frames before\n"
    usual, strict = stage.run("vnis", "-q", "x"), stage.run("vnis", "--strict", "x")
    assert (usual.code, usual.err) == (0, warning)
    assert (strict.code, strict.err) == (2, warning)
    assert strict.out == usual.out != ""


def test_cut_between_two_bytes(stage: Stage) -> None:
    """A capture that just ends in a record has no damage to tell, but a place."""
    stage.analysis = FakeAnalysis(captures=[capture(complete=False, truncated_at=400)])
    told = stage.run("vnis", "x").err
    assert told == "warning: day.pcap: cut short at byte 400; the report covers the frames before\n"


def test_fatal_damage(stage: Stage) -> None:
    """What came before is printed, then the error; exit code 2 without --strict too."""
    stage.analysis = FakeAnalysis(
        captures=[capture(complete=False, damage=DAMAGE, truncated_at=400, fatal=True)]
    )
    outcome = stage.run("vnis", "x")
    assert (outcome.code, outcome.err) == (2, f"vxinspect: day.pcap: {DAMAGE}\n")
    assert "VNI" in outcome.out


def test_hints(stage: Stage) -> None:
    """On standard error, unless -q; in a JSON summary they are in the object instead."""
    hint = "22 frames on UDP 8472 look like VXLAN (VNI 4): add --port 8472"
    total = row("overhead_total", offload_frames=0)
    none = frames(vxlan=0, selected=0)
    stage.analysis = FakeAnalysis({"overhead_total": [total]}, candidates=[(8472, 22, [4], 0)], frames=none)
    assert stage.run("vnis", "x").err == f"hint: {hint}\n"
    assert stage.run("vnis", "-q", "x").err == ""
    summary = stage.run("summary", "--json", "x")
    assert json.loads(summary.out)["hints"] == [hint]
    assert summary.err == ""


def test_colour(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """--color decides; then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""

    def coloured(*args: str) -> bool:
        return "\x1b[" in stage.run("vnis", *args, "x").out

    assert not coloured()
    assert coloured("--color", "always")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert coloured()
    assert not coloured("--color", "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured()
    assert coloured("--color", "always")


def test_poor_locale(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that cannot show a letter gets another one, and the rest of the report."""
    written = io.BytesIO()
    poor = io.TextIOWrapper(written, encoding="ascii")
    stage.analysis = FakeAnalysis({"flows": [row("flows", duration_s=0.00085)]})
    monkeypatch.setattr(sys, "stdout", poor)
    assert stage.run("flows", "x").code == 0
    assert b"850.0 ?s" in written.getvalue()


def test_output_file_appears_whole(stage: Stage, tmp_path: Path) -> None:
    """The file has what standard output would have, and nothing else is left in its folder."""
    target = tmp_path / "flows.json"
    outcome = stage.run("flows", "--json", "-o", str(target), "x")
    assert (outcome.code, outcome.out) == (0, "")
    assert (
        target.read_text()
        == stage.run("flows", "--json", "x").out
        == stage.run("flows", "--json", "-o", "-", "x").out
    )
    assert list(tmp_path.iterdir()) == [target]


def test_output_file_keeps_its_permissions(stage: Stage, tmp_path: Path) -> None:
    """A file that is replaced stays as private as it was; a link stays a link."""
    target, link = tmp_path / "flows.json", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert stage.run("flows", "--json", "-o", str(link), "x").code == 0
    assert target.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert json.loads(target.read_text())


def test_failed_output_leaves_nothing(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On failure and on Ctrl-C the old file stands and no temporary file is left."""
    target = tmp_path / "flows.json"
    target.write_text("old")
    for error, code in ((OSError(28, "No space left on device"), 2), (KeyboardInterrupt(), 130)):

        def broken(*_: Any, error: BaseException = error) -> Any:
            yield "new"
            raise error

        monkeypatch.setattr("vxinspect.render.machine.table_text", broken)
        outcome = stage.run("flows", "--json", "-o", str(target), "x")
        assert outcome.code == code
        assert target.read_text() == "old"
        assert list(tmp_path.iterdir()) == [target]
        if code == 2:
            assert outcome.err == f"vxinspect: {target}: No space left on device\n"


def test_output_never_replaces_a_device(stage: Stage, tmp_path: Path) -> None:
    """A pipe or device is written to, not replaced by a file."""
    assert stage.run("flows", "-o", os.devnull, "x").code == 0
    assert Path(os.devnull).is_char_device()
    capture_file = tmp_path / "a.pcap"
    capture_file.write_bytes(b"")
    outcome = stage.run("flows", "-o", str(capture_file), str(capture_file))
    assert outcome.code == 2
    assert "cannot be the output too" in outcome.err


def test_standard_input(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`-`, or nothing while something is piped in."""
    (tmp_path / "piped").write_bytes(b"")
    with (tmp_path / "piped").open() as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        for args in (["-"], []):
            assert stage.run("flows", *args).code == 0
            assert stage.asked["sources"] == [("standard input", "-")]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(stage: Stage, command: str, option: str) -> None:
    """Each command tells its options in sections, and ends with examples."""
    outcome = stage.run(command, option)
    assert outcome.code == 0
    for word in (
        f"Usage: vxinspect {command} ",
        "Selection (",
        "Reading:",
        "Output:",
        "Examples:",
        "--inner-port",
    ):
        assert word in outcome.out
    assert f"vxinspect {command}" in outcome.out.partition("Examples:")[2]


def test_program_help(stage: Stage) -> None:
    """All commands in the order of use; without arguments the same on standard error, and exit code 2."""
    outcome = stage.run("--help")
    listed = [
        line.split()[0]
        for line in outcome.out.partition("Commands:")[2].splitlines()
        if line.startswith("  ")
    ]
    assert listed[: len(COMMANDS)] == COMMANDS
    bare = stage.run()
    assert (bare.code, bare.out, bare.err.strip()) == (2, "", outcome.out.strip())


def test_program_lists_what_its_modules_have() -> None:
    """No command is in a module and not in the program, and each is where the program looks for it."""
    there = {
        (f"vxinspect.cli.{module.name}", command.name)
        for module in pkgutil.iter_modules(cli.__path__)
        for command in getattr(importlib.import_module(f"vxinspect.cli.{module.name}"), "COMMANDS", ())
    }
    assert isinstance(root.commands, Deferred)
    assert there == {(module, name) for name, module in root.commands.modules.items()}
    assert [command.name for command in root.commands.values()] == list(root.commands)


def test_a_command_loads_what_it_needs() -> None:
    """Starting is quick because the commands that are not asked for, and the rules, are not imported."""
    script = "import sys; from vxinspect.cli import main; main(['flows', '--help']); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    loaded = set(told.split())
    assert "vxinspect.cli.tables" in loaded
    assert not loaded & {"vxinspect.cli.check", "vxinspect.cli.generate", "vxinspect.rules", "pyshark"}


def test_version(stage: Stage) -> None:
    """The engine's version."""
    assert stage.run("--version").out == f"vxinspect {__version__}\n"


def modules(code: str) -> set[str]:
    """Return what a fresh interpreter has imported after running the code."""
    program = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.slow
def test_start_is_light() -> None:
    """A version needs neither click nor what draws; the API needs no click."""
    version = modules("from vxinspect.cli import main; main(['--version'])")
    assert not version & {"click", "tabulate", "dpkt", "csv", "tempfile"}
    assert not modules("import vxinspect") & {"click", "tabulate", "dpkt", "vxinspect.cli"}
