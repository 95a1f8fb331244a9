"""Tables for programs: what the engine draws is letter by letter what Python draws of the same rows."""

import csv
import io
import json
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import containers
import craft
import packets
import pytest
import showcase
import tools
from inner import L4, Inner, InnerIp
from shells import Outer

import vxinspect
from vxinspect.render import machine

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.pcap*"))
DRAW = {"json": machine.json_rows, "jsonl": machine.jsonl_rows, "csv": machine.csv_text}


def captures() -> list[Any]:
    """Return the showcase and the samples."""
    return [containers.pcap(packets.records(showcase.frames())), *map(str, SAMPLES)]


@pytest.mark.parametrize("form", list(DRAW))
@pytest.mark.parametrize("checksums", [False, True])
def test_the_engine_draws_what_python_draws(form: str, *, checksums: bool) -> None:
    """Of every table and capture, absent values, lists and negative differences included."""
    drawn_by_engine = set()
    for source in captures():
        report = vxinspect.scan(source, checksums=checksums)
        for name in tools.TABLES:
            table = tools.table(report, name)
            told = "".join(machine.table_text(form, table))
            assert told == "".join(DRAW[form](table.columns, table.tuples())), (source, name)
            if len(table) and all(text is not None for text, _ in table.told("jsonl")):
                drawn_by_engine.add(name)
    assert drawn_by_engine == set(tools.TABLES)


@pytest.mark.parametrize("form", list(DRAW))
def test_rows_of_several_pieces(form: str) -> None:
    """A long table is drawn piece by piece, with what stands between rows between pieces, too."""
    frames = []
    for port in range(1, 9000):
        l4 = L4("udp", port, 9)
        inner = Inner(showcase.MAC_B, showcase.MAC_A, InnerIp(showcase.HOST_A, showcase.HOST_B, l4))
        frames.append(packets.Packet(showcase.START, Outer(showcase.A, showcase.B), 1, inner))
    flows = vxinspect.scan(containers.pcap(packets.records(frames))).flows
    told = "".join(machine.table_text(form, flows))
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(told)))
    else:
        rows = json.loads(told) if form == "json" else [json.loads(line) for line in told.splitlines()]
    assert sorted(int(row["src_port"]) for row in rows) == list(range(1, 9000))


NASTY = [
    'say "hi"',
    "back\\slash",
    "=1+1",
    "a,b",
    "\x1b[31m",
    "zażółć",
    "\u202e",
    "new\nline",
    "@x",
    "-",
    "tab\t",
]


@pytest.mark.parametrize("form", list(DRAW))
@pytest.mark.parametrize("name", NASTY, ids=ascii)
def test_text_that_needs_care_is_drawn_with_care(form: str, name: str) -> None:
    """A station may call itself anything: text that a form escapes is left to what escapes it."""
    client = showcase.MAC_A
    options = [(53, b"\x03"), (12, name.encode())]
    asks = L4("udp", 68, 67, payload=craft.dhcp(1, client, str(IPv4Address(0)), options))
    speaks = L4("udp", 5000, 9)
    frames = [
        packets.Packet(showcase.START + number, Outer(showcase.A, showcase.B), 1, inner)
        for number, inner in enumerate(
            [
                Inner("ff:ff:ff:ff:ff:ff", client, InnerIp(str(IPv4Address(0)), "255.255.255.255", asks)),
                Inner(showcase.MAC_B, client, InnerIp(showcase.HOST_A, showcase.HOST_B, speaks)),
            ]
        )
    ]
    table = vxinspect.scan(containers.pcap(packets.records(frames))).addresses
    assert any(row["hostname"] for row in table)
    told = "".join(machine.table_text(form, table))
    assert told == "".join(DRAW[form](table.columns, table.tuples()))
