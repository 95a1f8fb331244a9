"""`flows --idle-timeout`: rows as flows end, exact, in the memory of those that are under way."""

import json
import subprocess
from collections import Counter
from dataclasses import replace
from itertools import starmap
from pathlib import Path
from typing import Any

import containers
import packets
import pytest
import showcase
import strategies
import tools
from containers import Record
from hypothesis import given, settings
from hypothesis import strategies as st
from packets import Frame

import vxinspect
from vxinspect.render import machine

SAMPLE = Path(__file__).parents[2] / "samples" / "two-tenants.pcap"
SECOND = 10**9
START = showcase.START
SUMS = ("packets", "inner_bytes", "payload_bytes", "wire_bytes")


def at(seconds: float, which: int) -> Record:
    """Return the same packet of one of the showcase's flows, so long after the start."""
    return replace(packets.records(showcase.frames())[which], time=START + int(seconds * SECOND))


def ended(capture: Path, *more: str) -> list[dict[str, Any]]:
    """Return the rows that `--idle-timeout` gives."""
    answer = tools.cli("flows", "--jsonl", "-q", *more, capture)
    assert answer.code == 0, answer.err
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_flows_that_never_end_are_those_of_flows(form: str, tmp_path: Path) -> None:
    """Nothing is silent for so long: letter by letter the rows of `flows`, in the order they began."""
    capture = tmp_path / "a.pcap"
    for data in (SAMPLE.read_bytes(), containers.pcap(packets.records(showcase.frames()))):
        capture.write_bytes(data)
        table = vxinspect.scan(capture).flows
        draw = machine.jsonl_rows if form == "jsonl" else machine.csv_text
        answer = tools.cli("flows", "--idle-timeout", "30000", "--format", form, "-q", capture)
        expected = "".join(draw(table.columns, table.tuples()))
        assert answer.code == 0, answer.err
        assert sorted(answer.text.splitlines()) == sorted(expected.splitlines())


def test_a_silence_ends_a_flow(tmp_path: Path) -> None:
    """A flow that is silent for longer is two rows, one that is silent for less is one."""
    capture = tmp_path / "a.pcap"
    whole = [at(time, 1) for time in (0, 9, 18, 27, 36)]
    capture.write_bytes(containers.pcap(whole))
    assert [row["packets"] for row in ended(capture, "--idle-timeout", "10")] == [5]
    # What another flow sends in between lets the clock go on.
    apart = [at(0, 1), at(1, 1), *(at(time, 10) for time in range(2, 30)), at(30, 1)]
    capture.write_bytes(containers.pcap(apart))
    both = ended(capture, "--idle-timeout", "10")
    keys = Counter((row["vni"], row["src_ip"], row["src_port"]) for row in both)
    assert sorted(keys.values()) == [1, 2]
    assert sorted(row["packets"] for row in both) == [1, 2, 28]


def test_a_flow_in_whatever_vni_ends_once_it_is_silent_in_all(tmp_path: Path) -> None:
    """With `--flow-key no-vni`, what goes on in another VNI goes on; with the VNI as key it ends in each."""
    capture = tmp_path / "a.pcap"
    there = packets.records(showcase.frames())[1]
    # Its VNI, behind Ethernet, IPv4, UDP, and four bytes of VXLAN.
    elsewhere = replace(there, data=there.data[:46] + b"\0\x12\x34" + there.data[49:])
    assert there.data[46:49] != elsewhere.data[46:49]
    # The clock goes on with another flow.
    others = [at(time, 24) for time in range(80)]
    turns = [replace((there, elsewhere)[turn % 2], time=START + turn * 9 * SECOND + 1) for turn in range(5)]
    capture.write_bytes(
        containers.pcapng(sorted([*others, *turns], key=lambda record: record.time), tsresol=9)
    )
    found = {}
    for key in ("vni", "no-vni"):
        rows = ended(capture, "--idle-timeout", "10", "--flow-key", key)
        found[key] = [row["packets"] for row in rows if row["packets"] != len(others)]
    assert found == {"vni": [1] * 5, "no-vni": [5]}
    turns.append(replace(there, time=START + 60 * SECOND))
    capture.write_bytes(
        containers.pcapng(sorted([*others, *turns], key=lambda record: record.time), tsresol=9)
    )
    rows = ended(capture, "--idle-timeout", "10", "--flow-key", "no-vni")
    assert sorted(row["packets"] for row in rows) == [1, 5, len(others)]


def sums(rows: list[dict[str, Any]], *, across_vnis: bool = False) -> dict[object, list[int]]:
    """Add rows up by flow, whichever way it went."""
    added: dict[object, list[int]] = {}
    for row in rows:
        ends = frozenset((row[f"{end}_ip"], row[f"{end}_port"]) for end in ("src", "dst"))
        vni = None if across_vnis else row["vni"]
        flow = added.setdefault((vni, row["encapsulation"], row["protocol"], ends), [0] * len(SUMS))
        flow[:] = starmap(int.__add__, zip(flow, (row[name] for name in SUMS), strict=True))
    return added


@given(
    strategies.captures(most=12, overlays=strategies.OVERLAYS),
    st.sampled_from(["1us", "2us", "10us", "100ms"]),
    st.sampled_from(["vni", "no-vni"]),
)
@settings(max_examples=40)
def test_rows_add_up_to_the_flows(frames: list[Frame], silence: str, flow_key: Any) -> None:
    """However often a flow ends, its rows add up to what it is in the whole."""
    data = containers.pcap(packets.records(frames))
    with subprocess.Popen(
        [
            *(tools.program(), "flows", "--jsonl", "-q", "--idle-timeout", silence, "--flow-key", flow_key),
            *("--encapsulation", ",".join(strategies.OVERLAYS)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        said, _ = process.communicate(data)
    assert process.returncode == 0
    whole = tools.rows(tools.scanned(data).flows_by(flow_key))
    across = flow_key == "no-vni"
    assert sums([json.loads(line) for line in said.splitlines()], across_vnis=across) == sums(
        whole, across_vnis=across
    )


def test_a_bound_holds_for_flows_under_way(tmp_path: Path) -> None:
    """With `--max-flows`, what has no room is in one row of its VNI, and all sums are there."""
    capture = tmp_path / "a.pcap"
    capture.write_bytes(containers.pcap(packets.records(showcase.frames())))
    rows = ended(capture, "--idle-timeout", "1us", "--max-flows", "1")
    whole = tools.rows(vxinspect.scan(capture).flows)
    for name in SUMS:
        assert sum(row[name] for row in rows) == sum(row[name] for row in whole)


@pytest.mark.parametrize(
    "more", [(), ("--json",), ("--jsonl", "--sort", "packets"), ("--jsonl", "--limit", "3")]
)
def test_what_it_does_not_go_with(more: tuple[str, ...]) -> None:
    """An order, a limit and a form that ends cannot be told before the end."""
    answer = tools.cli("flows", "--idle-timeout", "10", *more, SAMPLE)
    assert answer.code == 2
    assert "--idle-timeout writes rows as flows end" in answer.errors[0]


@pytest.mark.parametrize("text", ["0", "-1", "soon"])
def test_a_silence_that_is_none(text: str) -> None:
    """One line says what was expected."""
    answer = tools.cli("flows", "--idle-timeout", text, "--jsonl", SAMPLE)
    assert answer.code == 2
    assert "--idle-timeout" in answer.errors[0]
