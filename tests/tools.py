"""What several kinds of test share: reports as plain rows, conservation, the command line."""

import csv
import fcntl
import io
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import vxinspect
from vxinspect.overlays import ENCAPSULATIONS

Row: TypeAlias = dict[str, Any]

TABLES = (
    "vnis",
    "flows",
    "conversations_mac",
    "conversations_ip",
    "tunnels",
    "underlay",
    "vteps",
    "fdb",
    "addresses",
    "overhead_total",
    "overhead_vni",
    "overhead_tunnel",
)
COMMANDS: dict[str, tuple[str, ...]] = {
    name: tuple(name.replace("_", " --by ").split(" ")) for name in TABLES
}
DISPOSITIONS = ("vxlan", "fragment", "other", "invalid", "malformed")


def external_folder() -> Path:
    """Return where the captures of other projects lie: a folder with `captures/` and `hostile/`."""
    return Path(os.environ.get("VXINSPECT_EXTERNAL", "no-such-folder"))


# ---- reports -------------------------------------------------------------------------------------


def scanned(source: Any, **asked: Any) -> vxinspect.Report:
    """Return the report of a capture with packets of every overlay."""
    return vxinspect.scan(source, encapsulations=tuple(ENCAPSULATIONS), **asked)


def table(report: vxinspect.Report, name: str) -> vxinspect.Table:
    """Return a table of a report by its name in `TABLES`."""
    view, _, by = name.partition("_")
    found = getattr(report, view)
    chosen: vxinspect.Table = found(by) if by else found
    return chosen


def rows(found: vxinspect.Table) -> list[Row]:
    """Return the rows of a table as plain mappings, of values that may be anything."""
    return [dict(row) for row in found]


def tables(report: vxinspect.Report) -> dict[str, list[Row]]:
    """Every table of a report as rows."""
    return {name: rows(table(report, name)) for name in TABLES}


def content(report: vxinspect.Report) -> dict[str, Any]:
    """All that a report says of the traffic: its tables and its summary without what is said of the files."""
    summary = {key: value for key, value in report.summary.items() if key != "captures"}
    of_files = ("capture-cut", "capture-loss", "clock-step")
    summary["findings"] = [row for row in summary["findings"] if row["rule"] not in of_files]
    return {"summary": summary, **tables(report)}


def assert_conservation(report: vxinspect.Report) -> None:
    """Assert that every table counts the same packets and bytes, and every frame one disposition."""
    summary, rows = report.summary, tables(report)
    frames = summary["frames"]
    assert frames["total"] == sum(frames[name] for name in DISPOSITIONS)

    def total(name: str, column: str) -> int:
        # A packet with several overlays has a row of each, and is one packet at the outermost.
        return sum(row[column] for row in rows[name] if row.get("depth", 1) == 1)

    for column in ("packets", "inner_bytes", "wire_bytes"):
        expected = total("vnis", column)
        for name in ("tunnels", "conversations_mac", "overhead_total", "overhead_vni", "overhead_tunnel"):
            assert total(name, column) == expected, (name, column)
        assert column == "inner_bytes" or total("underlay", column) == expected, column
        assert total("flows", column) == total("conversations_ip", column) <= expected, column
    for row in (row for name in TABLES if name.startswith("overhead") for row in rows[name]):
        parts = ("outer_ethernet_bytes", "outer_ip_bytes", "udp_bytes", "vxlan_bytes", "carrier_bytes")
        assert (
            row["overhead_bytes"]
            == sum(row[part] for part in parts)
            == row["wire_bytes"] - row["inner_bytes"]
        )
        assert row["vlan_overhead_bytes"] == 4 * row["packets"]
    for column in ("payload_bytes", "overhead_bytes"):
        for name in ("overhead_total", "overhead_vni", "overhead_tunnel"):
            assert total(name, column) == total("vnis", column), (name, column)
    for name, ahead, back in (
        ("flows", "fwd", "rev"),
        ("tunnels", "ab", "ba"),
        ("conversations_mac", "ab", "ba"),
        ("conversations_ip", "ab", "ba"),
    ):
        for row in rows[name]:
            for column in ("packets", "inner_bytes"):
                assert row[column] == row[f"{column}_{ahead}"] + row[f"{column}_{back}"], (name, row)
    _assert_totals(summary, rows)
    _assert_checksums(summary["checksums"], rows)


def _assert_checksums(sums: Row | None, rows: dict[str, list[Row]]) -> None:
    """Assert that each packet has one verdict outside and one at most inside, in every table; or none has."""
    for name in ("vnis", "tunnels"):
        for row in rows[name]:
            outer = [value for column, value in row.items() if column.startswith("outer_udp_checksum")]
            inner = [value for column, value in row.items() if column.startswith("inner_checksum")]
            if sums is None:
                assert set(outer + inner) == {None}
            else:
                assert sum(outer) == row["packets"] >= sum(inner)
    for place, verdict in (key.rsplit("_", 1) for key in sums or ()):
        column = f"{place}_checksum_{verdict}"
        for name in ("vnis", "tunnels"):
            outermost = [row for row in rows[name] if row["depth"] == 1]
            assert sum(row[column] for row in outermost) == (sums or {})[f"{place}_{verdict}"], column
    for row in rows["flows"]:
        assert (row["checksum_wrong"] is None) == (sums is None)


def _assert_totals(summary: Row, rows: dict[str, list[Row]]) -> None:
    """Assert that the summary's totals are the tables' lengths and sums."""
    totals, volume = summary["totals"], summary["bytes"]
    for name in ("vnis", "vteps", "tunnels"):
        assert totals[name] == len(rows[name]), name
    # The flows that --max-flows leaves no room for are a row for each VNI, and no flow.
    assert totals["flows"] == sum(row["protocol"] is not None for row in rows["flows"])
    assert totals["macs"] == len(rows["fdb"]) == sum(row["macs"] for row in rows["vnis"])
    assert totals["flows"] == sum(row["flows"] for row in rows["vnis"])
    assert totals["ips"] == sum(row["ips"] for row in rows["vnis"])
    for name in ("wire", "inner", "payload", "overhead"):
        outermost = (row for row in rows["vnis"] if row["depth"] == 1)
        assert volume[name] == sum(row[f"{name}_bytes"] for row in outermost), name


# ---- the command line ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Standard output; it must be UTF-8."""
        return self.out.decode("utf-8")

    @property
    def errors(self) -> list[str]:
        """The lines of standard error; they must be UTF-8."""
        return self.err.decode("utf-8").splitlines()


def program() -> str:
    """Return the installed command, beside this interpreter or on the path."""
    beside = Path(sys.executable).with_name("vxinspect")
    found = str(beside) if beside.exists() else shutil.which("vxinspect")
    assert found, "the command vxinspect is not installed"
    return found


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without what changes an output."""
    dropped = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    return {key: value for key, value in os.environ.items() if key not in dropped} | extra


def cli(
    *arguments: str | bytes | Path, stdin: bytes | None = None, timeout: float = 60, **extra: str
) -> Answer:
    """Run `vxinspect`; with `stdin` None, standard input is empty and no terminal."""
    source = subprocess.DEVNULL if stdin is None else None
    done = subprocess.run(
        [program(), *map(os.fsdecode, arguments)],
        input=stdin,
        stdin=source,
        capture_output=True,
        timeout=timeout,
        env=environment(**extra),
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def cli_json(*arguments: str | Path, stdin: bytes | None = None) -> Any:
    """Return what a command prints with `--json`; it must succeed."""
    answer = cli(*arguments, "--json", stdin=stdin)
    assert answer.code == 0, answer.err
    return json.loads(answer.text)


def cli_terminal(*arguments: str | Path, columns: int = 80, rows: int = 24, timeout: float = 60) -> Answer:
    """Run `vxinspect` on a pseudo-terminal so wide; standard output and error come together in `out`."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with subprocess.Popen(
        [program(), *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm-256color"),
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while chunk := os.read(ours, 65536):
                said += chunk
        except OSError:  # Linux says EIO when the other side is closed
            pass
        finally:
            os.close(ours)
        code = process.wait(timeout)
    return Answer(code, said, b"")


def assert_no_control_characters(said: bytes) -> None:
    """Assert that an output is UTF-8, and that nothing in it can steer a terminal."""
    for character in said.decode("utf-8"):
        assert character == "\n" or character.isprintable(), f"control character {character!r}"


def rows_from_csv(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV output, every value as text."""
    return list(csv.DictReader(io.StringIO(text)))
