"""Text that comes with a capture cannot act: on a terminal, in a spreadsheet, Markdown, HTML, or a job's log.

What a capture brings with it into an output is its file's name, and the names of hosts that ask for a lease:
whoever sends it chooses those.
"""

import csv
import json
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import containers
import craft
import packets
import pytest
import tools
from inner import L4, Inner, InnerIp
from packets import Packet
from shells import Outer

import vxinspect

SAMPLE = Path(__file__).parents[2] / "samples" / "two-tenants.pcap"
# A formula; HTML; Markdown; escapes of 7 and 8 bits; text from right to left; a command of a job's log.
NAME = "=cmd|'-C c'!A1<img src=x onerror=x>[a](b:c)`~$\x1b[31m\x9b2J\x7f\u202e\u2028\u2066\n::error::x.pcap"
FORMS = {
    "table": ("--format", "table"),
    "json": ("--json",),
    "jsonl": ("--jsonl",),
    "csv": ("--format", "csv"),
    "markdown": ("--format", "markdown"),
}


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a capture in the current folder, beside `plain.pcap`."""
    monkeypatch.chdir(tmp_path)
    for name in (NAME, "plain.pcap"):
        shutil.copy(SAMPLE, name)
    return NAME


def assert_quiet(answer: tools.Answer) -> str:
    """Assert that nothing said steers a terminal; return the output."""
    assert answer.code in (0, 1), answer
    tools.assert_no_control_characters(answer.out)
    tools.assert_no_control_characters(answer.err)
    assert not any(line.startswith("::error::") for line in [*answer.text.splitlines(), *answer.errors])
    return answer.text


@pytest.mark.parametrize("command", ["summary", "packets", "diff"])
def test_a_name_is_text_in_every_form(command: str, hostile: str) -> None:
    """Printable, and no formula, tag, link or code; JSON tells the name in full all the same."""
    captures = (hostile,) if command == "summary" else (hostile, "plain.pcap")
    forms = {form: more for form, more in FORMS.items() if command != "diff" or form not in ("jsonl", "csv")}
    texts = {form: assert_quiet(tools.cli(command, *more, *captures)) for form, more in forms.items()}
    lines = [json.loads(line) for line in texts.get("jsonl", "").splitlines()]
    whole = [[json.loads(texts["json"])], lines]
    assert all(any(NAME in names_in(value) for value in told) for told in whole if told)
    assert not re.search(r"<img|(?<!\\)\]\(|(?<!\\)[`~$]", texts["markdown"])
    for cells in csv.reader(texts.get("csv", "").splitlines()):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


@pytest.mark.parametrize("form", FORMS)
def test_a_host_name_is_text_in_every_form(form: str, tmp_path: Path) -> None:
    """Of the name that a client gives in DHCP (RFC 2132, section 3.14) nothing acts either."""
    client, server = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
    asked = craft.dhcp(1, client, "0.0.0.0", [(53, b"\x03"), (12, NAME.encode())])  # noqa: S104 - nobody's address
    granted = craft.dhcp(2, client, "10.0.0.1", [(53, b"\x05")])
    talk = [
        Inner(server, client, InnerIp("10.0.0.8", "10.0.0.9", L4("udp", 68, 67, payload=asked))),
        Inner(client, server, InnerIp("10.0.0.9", "10.0.0.1", L4("udp", 67, 68, payload=granted))),
    ]
    path = tmp_path / "a.pcap"
    frames = [
        Packet(10**18 + at, Outer("192.0.2.1", "192.0.2.2"), 100, inner) for at, inner in enumerate(talk)
    ]
    path.write_bytes(containers.pcap(packets.records(frames)))
    text = assert_quiet(tools.cli("addresses", *FORMS[form], "--sort", "lease_server", path))
    assert "cmd" in text or form == "table"
    assert form != "markdown" or not re.search(r"<img|(?<!\\)\]\(|(?<!\\)[`~$]", text)
    for cells in csv.reader(text.splitlines() if form == "csv" else []):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def names_in(value: object) -> list[object]:
    """Return all texts of a value from JSON."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return [text for part in parts for text in names_in(part)]
    return [value]


@pytest.mark.parametrize("kind", ["github", "json", "junit", "markdown", "sarif"])
def test_a_name_is_text_in_every_report(kind: str, hostile: str) -> None:
    """A verdict's reports are sound in their own language, and one line of a job's log stays one."""
    text = assert_quiet(tools.cli("check", hostile, "--report", f"{kind}=-"))
    if kind == "junit":
        assert {each.tag for each in ET.fromstring(text).iter()} <= {  # noqa: S314 - our own
            *("testsuites", "testsuite", "properties", "property", "testcase", "failure", "system-out")
        }
    elif kind == "markdown":
        assert "<img" not in text
        assert not re.search(r"(?<!\\)\]\(", text)
    elif kind in ("json", "sarif"):
        json.loads(text)


def test_a_notebook_shows_text(hostile: str) -> None:
    """A report's tables in HTML have the tags that a table has."""
    report = vxinspect.scan(hostile)
    html = getattr(report.flows, "_repr_html_", None)
    text = html() if html else report.vnis._repr_html_()
    assert set(re.findall(r"<(\w+)", text)) <= {"table", "thead", "tbody", "tr", "th", "td", "p"}


def test_a_name_that_is_no_utf8(hostile: str) -> None:
    """Bytes that are no letters cost nothing but those letters, on a terminal and in a file alike."""
    del hostile
    name = b"caf\xe9\xff.pcap"
    Path(os.fsdecode(name)).write_bytes(SAMPLE.read_bytes())
    for more in FORMS.values():
        assert_quiet(tools.cli("summary", *more, name))
        assert tools.cli("summary", *more, name, "-o", "out").code == 0
        tools.assert_no_control_characters(Path("out").read_bytes())
    assert tools.cli("packets", "--jsonl", name, "plain.pcap", "-o", "out").code == 0
    tools.assert_no_control_characters(Path("out").read_bytes())
