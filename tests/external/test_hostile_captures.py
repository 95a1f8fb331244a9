"""Captures that broke other programs, and pcapng's conformance files: all end well, no frame is lost."""

import csv
import json
import re
from pathlib import Path

import pytest
import tools

import vxinspect

pytestmark = pytest.mark.external

FOLDER = tools.external_folder() / "hostile"
CONFORMANCE = sorted(FOLDER.glob("pcapng-test-generator/output_*/*.pcapng"))
ALL = sorted(path for path in FOLDER.rglob("*") if path.suffix in (".pcap", ".pcapng"))


def tshark_frames() -> dict[str, int]:
    """How many frames tshark found, by file, as INDEX.tsv has it."""
    path = FOLDER / "INDEX.tsv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["file"]: int(row["tshark_frames"]) for row in rows}


FRAMES = tshark_frames()
# tshark counts custom blocks (and systemd journal entries) as frames. They hold no packet: we skip them.
CUSTOM_BLOCKS = ("test017", "test018", "test102", "test202")


def name_of(path: Path) -> str:
    """Return a file's name as INDEX.tsv has it."""
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("path", CONFORMANCE, ids=name_of)
def test_conformance_files_read_as_described(path: Path) -> None:
    """As many frames as the description has packet blocks of any kind, and the capture is complete."""
    described = dict(
        re.findall(r"^\s+(\w+): (\d+)$", path.with_suffix(".txt").read_text(), flags=re.MULTILINE)
    )
    report = vxinspect.scan(path)
    summary = report.summary
    assert summary["frames"]["total"] == sum(int(described.get(block, 0)) for block in ("EPB", "SPB", "PB"))
    (capture,) = summary["captures"]
    assert capture["complete"] is True
    assert capture["format"] == "pcapng"
    tools.assert_conservation(report)


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_hostile_files_end_well(path: Path) -> None:
    """Exit code 0 or 2, no traceback, clean UTF-8, and every frame that tshark finds has a disposition."""
    answer = tools.cli("summary", "--json", path)
    assert answer.code in (0, 2), answer.err
    assert b"Traceback" not in answer.err
    tools.assert_no_control_characters(answer.out)
    tools.assert_no_control_characters(answer.err)
    expected = FRAMES.get(name_of(path))
    if expected is None or any(name in path.name for name in CUSTOM_BLOCKS):
        return
    assert answer.code == 0, answer.err
    assert json.loads(answer.text)["frames"]["total"] == expected


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_hostile_files_conserve(path: Path) -> None:
    """Every port taken for VXLAN's that a hostile frame may use: nothing is lost, and tables print clean."""
    ports = (4789, 53, 698, 500, 4500, 443, 6343, 4342, 4341)
    try:
        report = vxinspect.scan(path, ports=ports)
    except vxinspect.VxinspectError:
        return
    tools.assert_conservation(report)
