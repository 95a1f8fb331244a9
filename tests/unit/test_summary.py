"""The summary: about ten lines, then short tables."""

import pytest
from fakes import FakeAnalysis, capture, frames, incomplete, row

from vxinspect import Report
from vxinspect.render.paint import PLAIN
from vxinspect.render.summary import headline, summary_facts, summary_lines, summary_markdown
from vxinspect.render.text import text_width


def report(**facts: object) -> Report:
    """Return a report of the stand-in engine."""
    return Report(FakeAnalysis(**facts))  # type: ignore[arg-type]


def labelled(given: Report) -> dict[str, str]:
    """Return the headline by label; what continues a label stands with it."""
    facts: dict[str, str] = {}
    for label, text in headline(given.summary, given.overhead()[0]):
        last = label or list(facts)[-1]
        facts[last] = f"{facts[last]} | {text}" if last in facts else text
    return facts


def test_headline() -> None:
    """What is in the capture, by name: file, time, frames, overlay, bytes, overhead, MTU."""
    facts = labelled(report(frames=frames(notes={"inner_cut": 3, "offload": 0})))
    assert facts["Capture"] == "day.pcap (pcap, 120.6 KiB)"
    assert facts["Time"] == "2026-11-22 17:30:06.123 to 17:31:06.623 UTC (1.0 m)"
    assert facts["Frames"] == "12: 10 VXLAN (83.3%), 2 other"
    assert facts["Not VXLAN"] == "other_port 2"
    assert facts["Noted"] == "inner_cut 3"
    assert facts["Overlay"] == "1 VNI, 2 VTEPs, 1 tunnel, 1 flow, 2 MACs, 2 IPs"
    assert facts["Bytes"] == "1.5 KiB on the wire, 1000 B in inner frames, 500 B payload".replace(
        "1000 B", "1.0 KiB"
    )
    assert facts["Overhead"] == "500 B, 33.3% of the wire; 802.1Q would take 1.5 KiB"
    assert facts["Underlay"] == "needs an MTU of 3"
    assert "Busiest" not in facts


def test_frames_are_named_by_their_overlay() -> None:
    """Geneve is not called VXLAN."""
    told = labelled(report(frames=frames(encapsulations={"vxlan": 4, "geneve": 6})))["Frames"]
    assert told == "12: 4 VXLAN (33.3%), 6 Geneve (50.0%), 2 other"


def test_busiest() -> None:
    """Of several the first is named with its share of the wire bytes; one alone is no news."""
    two = {"vnis": 2, "vteps": 2, "tunnels": 1, "flows": 2, "macs": 2, "ips": 2}
    sums = {"wire": 6000, "inner": 1000, "payload": 500, "overhead": 5000, "overhead_percent": 83.3}
    busiest = labelled(report(totals=two, bytes=sums))["Busiest"]
    assert busiest == "VNI 100 (25.0%) | flow 10.0.0.1:80 -> 10.0.0.1:80 tcp in VNI 100 (25.0%)"


def test_selected_is_told_when_it_is_not_all() -> None:
    """A selection shows in the headline; without one there is nothing to tell."""
    assert labelled(report(frames=frames(selected=4)))["Selected"] == "4 of 10 VXLAN frames"
    assert "Selected" not in labelled(report())


def test_incomplete_datagrams() -> None:
    """How many outer datagrams lack fragments, and what the first one lacks."""
    counted = frames(incomplete_datagrams=2)
    told = labelled(report(frames=counted, incomplete=[incomplete(), incomplete(vni=None)]))["Incomplete"]
    ends = "192.0.2.1 -> 192.0.2.2 in VNI 100"
    assert told == f"2 outer datagrams: {ends}, identification 7, lacks bytes 1480-2959"
    front = incomplete(vni=None, missing=["0-1479", "2960-"])
    told = labelled(report(frames=counted, incomplete=[front]))["Incomplete"]
    assert told.endswith("192.0.2.1 -> 192.0.2.2, identification 7, lacks bytes 0-1479, 2960-")
    # The selection leaves none of them.
    assert labelled(report(frames=counted))["Incomplete"] == "2 outer datagrams"
    assert "Incomplete" not in labelled(report())


def test_several_captures() -> None:
    """Names, sizes added, and how many are cut short."""
    captures = [capture(name="a.pcap", bytes=1024), capture(name="b\x1b.pcap", bytes=1024, complete=False)]
    assert labelled(report(captures=captures))["Captures"] == "2 (2.0 KiB, 1 cut short): a.pcap, b.pcap"


def test_nothing_in_the_capture() -> None:
    """A capture without frames or VXLAN has a short headline and no tables."""
    nothing = {"vnis": 0, "vteps": 0, "tunnels": 0, "flows": 0, "macs": 0, "ips": 0}
    given = Report(
        FakeAnalysis(  # type: ignore[arg-type]
            {"vnis": [], "tunnels": [], "flows": [], "addresses": []},
            frames=frames(total=0, vxlan=0, other=0, selected=0, reasons={}, encapsulations={}),
            time={"first_seen": None, "last_seen": None, "duration_s": None},
            bytes={"wire": 0, "inner": 0, "payload": 0, "overhead": 0, "overhead_percent": None},
            totals=nothing,
        )
    )
    lines = list(summary_lines(given.summary, given.overhead()[0], width=80, paint=PLAIN))
    assert [line.split()[0] for line in lines] == ["Capture", "Frames"]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_summary_fits(width: int) -> None:
    """No line is wider than the terminal, whatever the capture's name."""
    given = report(captures=[capture(name="日本" * 60)])
    lines = list(summary_lines(given.summary, given.overhead()[0], width=width, paint=PLAIN))
    assert max(map(text_width, lines)) <= width
    assert {"VNIs", "Tunnels", "Top flows"} <= set(lines)


def test_more_rows_name_the_command() -> None:
    """What the short tables leave out is one command away."""
    totals = {"vnis": 30, "vteps": 2, "tunnels": 1, "flows": 1, "macs": 2, "ips": 2}
    given = Report(FakeAnalysis({"vnis": [row("vnis")] * 30}, totals=totals))  # type: ignore[arg-type]
    summary = given.summarize(limit=10)
    lines = list(summary_lines(summary, given.overhead()[0], width=80, paint=PLAIN))
    assert "... 20 more rows (vxinspect vnis)" in lines


def test_facts_are_flat() -> None:
    """CSV's names are paths into the summary; its tables and hints are not among them."""
    facts = dict(summary_facts(report().summary))
    assert facts["frames.reasons.other_port"] == 2
    assert facts["captures.0.link_types"] == ["ETHERNET"]
    assert facts["time.duration_s"] == 60.5
    assert not any(name.startswith(("vnis", "tunnels", "top_flows", "hints")) for name in facts)


def test_markdown() -> None:
    """A list of facts, and tables under headings."""
    lines = list(summary_markdown(report().summary, report().overhead()[0]))
    assert lines[0] == "- **Capture** day.pcap (pcap, 120.6 KiB)"
    assert "### Top flows" in lines
