"""A summary for people: about ten lines that answer what is in a capture, then short tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vxinspect.columns import VIEWS
from vxinspect.overlays import ENCAPSULATIONS
from vxinspect.render.cells import ends_text
from vxinspect.render.findings import count_text
from vxinspect.render.markdown import escaped, markdown_lines
from vxinspect.render.paint import Paint
from vxinspect.render.table import MIN_WIDTH, more_line, table_lines
from vxinspect.render.text import clean, plural, wrap
from vxinspect.render.units import byte_text, list_text, percent_text, seconds_text, time_text
from vxinspect.tables import Row

__all__ = ["headline", "summary_facts", "summary_lines", "summary_markdown"]

_NO_FACTS = ("vnis", "tunnels", "top_flows", "hints", "findings", "incomplete_datagrams")
_INDENT = 11
_NAMES_WIDTH = 60
_TABLE_WIDTH = 120
"""No wider, so that they stay short to read; each table has a command that shows it whole."""
_TABLES = (("vnis", "vnis", "VNIs"), ("tunnels", "tunnels", "Tunnels"), ("flows", "top_flows", "Top flows"))
_BYTES = (("wire", "on the wire"), ("inner", "in inner frames"), ("payload", "payload"))
_REST = (("fragment", "fragments"), ("other", "other"), ("invalid", "invalid"), ("malformed", "malformed"))
"""The dispositions of what is not decoded as a packet of an overlay."""


def summary_lines(summary: Mapping[str, Any], overhead: Row, *, width: int, paint: Paint) -> Iterator[str]:
    """Yield the headline and the tables; `summary` is `Report.summarize()`, `overhead` its total."""
    for label, text in headline(summary, overhead):
        lines = wrap(text, max(width, MIN_WIDTH) - _INDENT)
        yield paint.strong(label) + " " * (_INDENT - len(label)) + lines[0]
        yield from (" " * _INDENT + line for line in lines[1:])
    table_width = min(width, _TABLE_WIDTH)
    for view, key, title in _TABLES:
        rows = summary[key]
        if rows:
            yield ""
            yield paint.strong(title)
            more = more_line(len(rows), summary["totals"][view], f"vxinspect {view}", paint)
            yield from table_lines(VIEWS[view], rows, width=table_width, paint=paint, more=more, notes=False)


def summary_markdown(summary: Mapping[str, Any], overhead: Row) -> Iterator[str]:
    """Yield the headline as a list, and the tables under headings."""
    for label, text in headline(summary, overhead):
        yield f"- **{label}** {escaped(text)}" if label else f"  {escaped(text)}"
    for view, key, title in _TABLES:
        if summary[key]:
            yield from ("", f"### {title}", "", *markdown_lines(VIEWS[view], summary[key]))


def headline(summary: Mapping[str, Any], overhead: Row) -> list[tuple[str, str]]:
    """Return (label, text) of what is in the captures."""
    facts = [
        *_capture_facts(summary["captures"]),
        *_time_fact(summary["time"]),
        *_frame_facts(summary["frames"], summary["copies"]),
        *_incomplete_fact(summary["frames"]["incomplete_datagrams"], summary["incomplete_datagrams"]),
    ]
    if summary["totals"]["vnis"]:
        facts += _overlay_facts(summary, overhead)
        facts += _busiest_facts(summary)
    facts += _finding_facts(summary["findings"])
    return facts


def summary_facts(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any part of a summary
    """Yield (dotted name, plain value) for all but the summary's tables and hints."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if name or key not in _NO_FACTS:
                yield from summary_facts(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from summary_facts(item, f"{name}.{index}")
    else:
        yield name, value


def _capture_facts(captures: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    if len(captures) == 1:
        capture = captures[0]
        size = [byte_text(capture["bytes"])] if isinstance(capture["bytes"], int) else []
        kind = [str(capture[key]) for key in ("format", "compression") if capture[key]]
        cut = [] if capture["complete"] else ["cut short"]
        return [("Capture", clean(f"{capture['name']} ({', '.join([*kind, *size, *cut])})"))]
    names = list_text([str(capture["name"]).rpartition("/")[2] for capture in captures], _NAMES_WIDTH)
    cut_count = sum(not capture["complete"] for capture in captures)
    cut_text = f", {cut_count} cut short" if cut_count else ""
    size_text = byte_text(sum(capture["bytes"] or 0 for capture in captures))
    return [("Captures", clean(f"{len(captures)} ({size_text}{cut_text}): {names}"))]


def _finding_facts(findings: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return how many there are, and the rules."""
    if not findings:
        return []
    rules = list_text(list(dict.fromkeys(str(finding["rule"]) for finding in findings)), _NAMES_WIDTH)
    return [("Findings", f"{count_text(findings)}: {rules} (vxinspect findings)")]


def _time_fact(time: Mapping[str, Any]) -> list[tuple[str, str]]:
    if time["first_seen"] is None:
        return []
    first, last = time_text(time["first_seen"]), time_text(time["last_seen"])
    until = last[11:] if first[:10] == last[:10] else last
    return [("Time", f"{first} to {until} UTC ({seconds_text(time['duration_s'] or 0.0)})")]


def _frame_facts(frames: Mapping[str, Any], copies: Mapping[str, Any]) -> list[tuple[str, str]]:
    total = frames["total"]
    ended = [
        f"{count:,} {ENCAPSULATIONS[name]} ({percent_text(100 * count / total)})"
        for name, count in frames["encapsulations"].items()
    ]
    ended += [f"{frames[key]:,} {word}" for key, word in _REST if frames[key]]
    facts = [("Frames", f"{total:,}: {', '.join(ended)}" if total else "none")]
    for label, key in (("Not VXLAN", "reasons"), ("Noted", "notes")):
        counts = [f"{name} {count:,}" for name, count in frames[key].items() if count]
        if counts:
            facts.append((label, ", ".join(counts)))
    dropped = copies["packets"] if copies["dropped"] else 0
    if dropped:
        facts.append(("Copies", f"{plural(dropped, 'packet')} left out (--dedup)"))
    if frames["selected"] != frames["vxlan"] - frames["notes"].get("copy", 0):
        facts.append(("Selected", f"{frames['selected']:,} of {plural(frames['vxlan'], 'VXLAN frame')}"))
    return facts


def _incomplete_fact(count: int, listed: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Tell how many outer datagrams lack fragments, and what the first one lacks."""
    if not count:
        return []
    text = plural(count, "outer datagram")
    if listed:
        first = listed[0]
        vni = "" if first["vni"] is None else f" in VNI {first['vni']}"
        ends = f"{first['source']} -> {first['destination']}{vni}"
        missing = list_text(first["missing"], _NAMES_WIDTH)
        text += f": {ends}, identification {first['identification']}, lacks bytes {missing}"
    return [("Incomplete", text)]


def _overlay_facts(summary: Mapping[str, Any], overhead: Row) -> list[tuple[str, str]]:
    totals, sums = summary["totals"], summary["bytes"]
    counted = [
        ("vnis", "VNI"),
        ("vteps", "VTEP"),
        ("tunnels", "tunnel"),
        ("flows", "flow"),
        ("macs", "MAC"),
        ("ips", "IP"),
    ]
    vlan = overhead["vlan_overhead_bytes"]
    cost = percent_text(sums["overhead_percent"] or 0.0)
    as_vlan = f"; 802.1Q would take {byte_text(vlan)}" if isinstance(vlan, int) else ""
    facts = [
        ("Overlay", ", ".join(plural(totals[key], noun) for key, noun in counted)),
        (
            "Bytes",
            ", ".join(f"{byte_text(sums[key])} {where}" for key, where in _BYTES),
        ),
        (
            "Overhead",
            f"{byte_text(sums['overhead'])}, {cost} of the wire{as_vlan}",
        ),
    ]
    if overhead["required_underlay_mtu"] is not None:
        facts.append(("Underlay", f"needs an MTU of {overhead['required_underlay_mtu']:,}"))
    return facts


def _busiest_facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name the first of each table with several rows, with its share of the wire bytes."""
    wire = summary["bytes"]["wire"]
    named = []
    for view, key, _ in _TABLES:
        for row in summary[key][:1] if summary["totals"][view] > 1 else []:
            share = f" ({percent_text(100 * row['wire_bytes'] / wire)})" if wire else ""
            named.append(_row_name(view, row) + share)
    return [("" if index else "Busiest", name) for index, name in enumerate(named)]


def _row_name(view: str, row: Row) -> str:
    if view == "vnis":
        return f"VNI {row['vni']}"
    ends = " ".join(ends_text(VIEWS[view].ends[0], row))
    return f"flow {ends} {row['protocol']} in VNI {row['vni']}" if view == "flows" else f"tunnel {ends}"
