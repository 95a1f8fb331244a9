"""Tables in columns: what pyarrow, a stranger to this code, reads is what the rows say."""

import calendar
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tools

import vxinspect

SAMPLES = Path(__file__).parents[2] / "samples"
CAPTURES = sorted(path for path in SAMPLES.iterdir() if ".pcap" in path.suffixes)
SAMPLE = SAMPLES / "two-tenants.pcap"


def nanoseconds(text: str) -> int:
    """Return a time in RFC 3339, with nanoseconds, as a number since 1970."""
    year, month, day = (int(part) for part in text[:10].split("-"))
    hour, minute, second = (int(part) for part in text[11:19].split(":"))
    return calendar.timegm((year, month, day, hour, minute, second)) * 10**9 + int(text[20:29])


def expected(table: vxinspect.Table) -> list[dict[str, Any]]:
    """Return the table's rows with times as numbers."""
    times = {column.name for column in table.view.columns if column.kind == "time"}
    return [
        {name: nanoseconds(str(value)) if name in times and value else value for name, value in row.items()}
        for row in table
    ]


def found(read: pa.Table) -> list[dict[str, Any]]:
    """Return what was read, with times as numbers."""
    for index, field in enumerate(read.schema):
        if pa.types.is_timestamp(field.type):
            assert (field.type.unit, field.type.tz) == ("ns", "UTC")
            read = read.set_column(index, field.name, read.column(index).cast(pa.int64()))
    rows: list[dict[str, Any]] = read.to_pylist()
    return rows


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_each_table_of_each_sample_is_its_rows(capture: Path) -> None:
    """Values, nulls, lists and the order of rows and columns."""
    report = vxinspect.scan(capture, checksums=True)
    for name in tools.TABLES:
        table = tools.table(report, name)
        read = pa.table(table)
        assert read.column_names == list(table.columns)
        assert found(read) == expected(table), name
    findings = report.findings
    assert found(pa.table(findings)) == expected(findings)


def test_a_table_is_read_again_from_its_beginning_and_in_batches() -> None:
    """Some readers ask for the stream more than once, and long tables come in pieces."""
    capture = subprocess.run(
        [tools.program(), "generate", "--flows", "40K", "--packets", "40K", "-q", "-o", "-"],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    flows = vxinspect.scan(capture).flows
    for _ in range(2):
        with pa.RecordBatchReader.from_stream(flows) as batches:
            sizes = [batch.num_rows for batch in batches]
        assert sum(sizes) == len(flows)
        assert max(sizes) < len(flows) / 2
    assert found(pa.table(flows))[39_000:39_003] == expected(flows)[39_000:39_003]


def test_an_empty_table_has_its_columns() -> None:
    """So that code which reads it needs no case of its own."""
    flows = vxinspect.scan(SAMPLE, select="vni == 5").flows
    read = pa.table(flows)
    assert (read.num_rows, read.column_names) == (0, list(flows.columns))
    assert read.schema.field("packets").type == pa.int64()


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_commands_write_files_that_others_read(form: str, tmp_path: Path) -> None:
    """To a file and into a pipe, sorted and cut as told."""
    target = tmp_path / f"flows.{form}"
    options = ["--format", form, "--sort", "packets:asc", "--limit", "3"]
    answer = tools.cli("flows", *options, "-o", target, SAMPLE)
    assert (answer.code, answer.out) == (0, b"")
    assert target.stat().st_mode & 0o077 == 0
    piped = tools.cli("flows", *options, SAMPLE)
    assert piped.out == target.read_bytes()
    read = pa.ipc.open_stream(piped.out).read_all() if form == "arrow" else pq.read_table(target)
    assert found(read) == expected(vxinspect.scan(SAMPLE).table("flows", sort=["packets:asc"], limit=3))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--interval", "1"), "--format arrow is of one result: no --follow and no --interval"),
        (("--idle-timeout", "1"), "--idle-timeout writes rows as flows end"),
        (("--sort", "nothing"), "sort: expected a column of flows"),
    ],
)
def test_what_goes_ill_with_it_is_refused(options: tuple[str, ...], words: str) -> None:
    """In one line, before anything is written."""
    answer = tools.cli("flows", "--format", "arrow", *options, SAMPLE)
    assert (answer.code, answer.out) == (2, b"")
    assert words in "\n".join(answer.errors)


def test_a_terminal_gets_no_bytes() -> None:
    """It would not be the same afterwards."""
    answer = tools.cli_terminal("flows", "--format", "parquet", SAMPLE)
    assert answer.code == 2
    assert "not for a terminal" in answer.text


def test_without_pyarrow_one_line_says_what_to_install() -> None:
    """And the rest of the program does without."""
    code = "import sys; sys.modules['pyarrow'] = None; from vxinspect.cli import main; sys.exit(main())"
    for options, status in ((["--format", "arrow"], 2), (["--format", "csv"], 0)):
        command = [sys.executable, "-c", code, "flows", *options, str(SAMPLE)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, text=True)
        assert done.returncode == status
        if status:
            needed = "--format arrow takes pyarrow, which is not installed: pip install 'vxinspect[arrow]'"
            assert done.stderr.splitlines() == [f"vxinspect: {needed}"]
            assert done.stdout == ""
