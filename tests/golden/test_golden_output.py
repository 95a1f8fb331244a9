"""Each command's output on the sample, letter by letter, as a person last approved it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tools import COMMANDS, environment, program

import vxinspect

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "expected"
CAPTURE = "samples/two-tenants.pcap"
ALL = {"summary": ("summary",), **COMMANDS, "packets": ("packets",)}
WIDTHS = (80, 200)
SUFFIXES = {"json": "json", "jsonl": "jsonl", "csv": "csv", "markdown": "md"}
# JSON of everything; the other machine formats of one table and of the summary, which has a shape of its own.
MACHINE = [(name, "json") for name in ALL] + [
    (name, form) for name in ("summary", "flows") for form in SUFFIXES if form != "json"
]


def printed(*arguments: str, columns: int) -> str:
    """Return what the program prints on a terminal so wide, in a timezone that is not UTC, without colour."""
    settings = {"COLUMNS": str(columns), "NO_COLOR": "1", "TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [program(), *arguments, CAPTURE],
        cwd=ROOT,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b"", "the sample gives no reason for a hint or a warning"
    return done.stdout.decode("utf-8")


def text_name(name: str, width: int) -> str:
    """Return the golden file's name of a table for people."""
    return f"{name}.{width}.txt"


def machine_name(name: str, form: str) -> str:
    """Return the golden file's name of a machine format."""
    return f"{name}.{SUFFIXES[form]}"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ALL)
def test_tables_for_people(name: str, width: int, golden: Callable[[str, str], None]) -> None:
    """Each command prints what was approved, and no line is wider than the terminal."""
    text = printed(*ALL[name], columns=width)
    assert max(map(len, text.splitlines())) <= width
    golden(text_name(name, width), text)


@pytest.mark.parametrize(("name", "form"), MACHINE)
def test_machine_formats(name: str, form: str, golden: Callable[[str, str], None]) -> None:
    """Each machine format is what was approved, whatever the width; the version alone may change."""
    text = printed(*ALL[name], "--format", form, columns=80)
    assert text == printed(*ALL[name], "--format", form, columns=200)
    for name_of_version in ('"version": "', "version,"):
        text = text.replace(f"{name_of_version}{vxinspect.__version__}", f"{name_of_version}VERSION")
    golden(machine_name(name, form), text)


def test_no_golden_file_is_left_over() -> None:
    """Every golden file belongs to a test."""
    named = {text_name(name, width) for name in ALL for width in WIDTHS}
    named |= {machine_name(name, form) for name, form in MACHINE}
    assert {path.name for path in EXPECTED.iterdir()} == named
