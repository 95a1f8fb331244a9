"""JSON, JSON Lines, CSV and Markdown."""

import csv
import io
import itertools
import json
from collections.abc import Iterator  # noqa: TC003 - an annotation of a value
from typing import Any

from fakes import row
from hypothesis import given
from hypothesis import strategies as st

from vxinspect.columns import VIEWS
from vxinspect.render.machine import csv_text, json_object, json_rows, jsonl_rows
from vxinspect.render.markdown import markdown_lines

COLUMNS = ("vni", "ips", "first_seen", "share")
VALUES = st.tuples(
    st.integers(),
    st.lists(st.text()),
    st.none() | st.text(),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(st.lists(VALUES))
def test_json_is_an_array_of_rows(rows: list[tuple[Any, ...]]) -> None:
    """Reading it back gives the rows, the columns in order; null stays null."""
    read = json.loads("".join(json_rows(COLUMNS, rows)))
    assert read == [dict(zip(COLUMNS, each, strict=True)) for each in rows]
    assert all(tuple(each) == COLUMNS for each in read)


@given(st.lists(VALUES))
def test_jsonl_is_a_row_a_line(rows: list[tuple[Any, ...]]) -> None:
    """As many lines as rows, each an object."""
    text = "".join(jsonl_rows(COLUMNS, rows))
    assert text.count("\n") == len(rows)
    assert [json.loads(line) for line in text.split("\n")[:-1]] == [
        dict(zip(COLUMNS, each, strict=True)) for each in rows
    ]


def test_rows_stream() -> None:
    """Endless rows begin at once."""
    endless: Iterator[tuple[Any, ...]] = itertools.repeat((1, [], None, 0.5))
    assert "".join(itertools.islice(json_rows(COLUMNS, endless), 2)).count('"vni"') == 2
    assert len(list(itertools.islice(jsonl_rows(COLUMNS, endless), 3))) == 3
    assert len(list(itertools.islice(csv_text(COLUMNS, endless), 3))) == 3


def test_json_keeps_whole_integers() -> None:
    """Bytes beyond 2^53 are not rounded, and letters beyond ASCII stay letters."""
    assert (
        "".join(json_rows(("n", "s"), [(2**63 - 1, "µ")])) == '[\n  {"n": 9223372036854775807, "s": "µ"}\n]\n'
    )


def test_no_rows() -> None:
    """An empty table is an empty array, no line, and a header alone."""
    assert "".join(json_rows(COLUMNS, [])) == "[]\n"
    assert "".join(jsonl_rows(COLUMNS, [])) == ""
    assert "".join(csv_text(COLUMNS, [])) == "vni,ips,first_seen,share\n"


def test_csv() -> None:
    """A list is joined with spaces, what is absent is empty, commas and quotes are quoted."""
    rows = [(100, ["10.0.0.1", "10.0.0.2"], None, 4.25), (1, [], 'a,"b"', 0.0)]
    text = "".join(csv_text(COLUMNS, rows))
    assert text == 'vni,ips,first_seen,share\n100,10.0.0.1 10.0.0.2,,4.25\n1,,"a,""b""",0.0\n'


@given(st.lists(VALUES))
def test_csv_reads_back(rows: list[tuple[Any, ...]]) -> None:
    """Every row has as many cells as columns, whatever text they hold, on one line each."""
    text = "".join(csv_text(COLUMNS, rows))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(each) for each in read] == [len(COLUMNS)] * (len(rows) + 1)
    assert [each[0] for each in read[1:]] == [str(each[0]) for each in rows]
    assert text.count("\n") == len(rows) + 1


def test_csv_text_is_no_formula() -> None:
    """A name that a spreadsheet would run is text; a negative number is a number."""
    text = "".join(
        csv_text(("name", "n"), [("=1+1", -5), ("@x", 1), ("-x\r", 1), (["=a", "b"], 2), ("a=b", 3)])
    )
    assert text.splitlines()[1:] == ["'=1+1,-5", "'@x,1", "'-x,1", "'=a b,2", "a=b,3"]


def test_json_object() -> None:
    """Indented for a summary, on one line for JSON Lines."""
    assert json_object({"a": [1]}, indent=None) == '{"a": [1]}\n'
    assert json.loads(json_object({"a": [1]})) == {"a": [1]}


def test_markdown() -> None:
    """A heading, a rule that aligns, rows of people's units, and nothing that Markdown takes for its own."""
    lines = markdown_lines(VIEWS["fdb"], [row("fdb", ips=["a|b", "*c*"])])
    assert lines[0] == "| VNI | MAC | VTEP | IPs | packets | first seen | last seen | moves | five moves |"
    assert lines[1] == "| --: | :-- | :-- | :-- | --: | :-- | :-- | --: | --: |"
    assert lines[2].startswith(
        "| 100 | 02:00:00:00:00:01 | 10.0.0.1 | a\\|b, \\*c\\* | 3 | 2026-11-22 17:30:06.123 |"
    )
    assert (
        "10.0.0.1 -&gt; 10.0.0.1"
        in markdown_lines(VIEWS["flows"], [row("flows", src_port=None, dst_port=None)])[2]
    )
