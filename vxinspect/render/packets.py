"""Packets as people read them: one short line each, laid out before the next is known."""

from collections.abc import Sequence

from vxinspect.columns import PACKETS
from vxinspect.render.cells import ABSENT, cell_text, ends_text
from vxinspect.render.markdown import markdown_line
from vxinspect.render.paint import PLAIN, Paint
from vxinspect.render.text import clean, shorten
from vxinspect.tables import Row, Value

__all__ = ["PacketLines", "markdown_heading", "markdown_row"]

_ROOMY = 110
"""From so many cells on, times have their date, and numbers more room."""
_WIDE = 130
"""From so many cells on, tunnels are shown."""
_TUNNEL_CELLS = 26
"""Two short IPv4 addresses and an arrow; longer ones move the rest of their line."""


_FLOW, _STATIONS, _TUNNEL = PACKETS.ends


class PacketLines:
    """Draws packets in lines of at most `width` cells. What is longer than its place moves the rest."""

    def __init__(self, width: int, paint: Paint = PLAIN) -> None:
        roomy = width >= _ROOMY
        self._width = width
        self._paint = paint
        self._tunnel = width >= _WIDE
        self._clock = 0 if roomy else len("2026-11-22 ")
        self._cells = (8, 26, 8, 6, 6) if roomy else (5, 15, 5, 4, 5)
        self._capture: Value = None

    def heading(self) -> list[str]:
        """Return the titles of the columns, and a rule."""
        tail = [f"{'tunnel':<{_TUNNEL_CELLS}}", "flow"] if self._tunnel else ["flow"]
        titles = self._placed(("frame", "time", "VNI", "type", "inner"), tail)
        rule = self._placed(["-" * cells for cells in self._cells], ["-" * len(title) for title in tail])
        return [self._paint.strong(titles), self._paint.faint(rule)]

    def lines(self, row: Row) -> list[str]:
        """Return the packet's line, and before the first of another capture that capture's name."""
        lines = []
        if row["capture"] != self._capture:
            self._capture = row["capture"]
            lines.append(self._paint.strong(shorten(f"==> {clean(str(self._capture))} <==", self._width)))
        lines.append(self._line(row))
        return lines

    def _line(self, row: Row) -> str:
        time = ABSENT if row["time"] is None else _time_text(str(row["time"]))[self._clock :]
        if row["disposition"] != "vxlan":
            told = ": ".join(str(row[name]) for name in ("disposition", "reason") if row[name] is not None)
            other = f"{told}, {row['wire_length']} bytes"
            return self._placed((str(row["number"]), time, ABSENT, ABSENT, ABSENT), [other])
        ends = _STATIONS if row["src_ip"] is None else _FLOW
        flags = row["tcp_flags"] and f"[{row['tcp_flags']}]"
        tail = [" ".join(str(part) for part in (*ends_text(ends, row), flags, _notes(row)) if part)]
        if self._tunnel:
            tail = [f"{' '.join(ends_text(_TUNNEL, row)):<{_TUNNEL_CELLS}}", *tail]
        what = row["protocol"] or row["ethertype"] or ABSENT
        head = (row["number"], time, row["vni"], what, row["inner_length"])
        return self._placed([str(each) for each in head], tail)

    def _placed(self, head: Sequence[str], tail: Sequence[str]) -> str:
        sides = zip(head, self._cells, "><><>", strict=True)
        placed = [f"{text:{side}{cells}}" for text, cells, side in sides]
        return shorten("  ".join([*placed, *tail]), self._width).rstrip()


def markdown_heading() -> list[str]:
    """Return the titles of all columns, and a rule."""
    rule = ["--:" if column.is_quantity else ":--" for column in PACKETS.columns]
    return [markdown_line([column.title for column in PACKETS.columns]), markdown_line(rule)]


def markdown_row(row: Row) -> str:
    """Return one packet with all its columns."""
    return markdown_line([cell_text(column, row[column.name]) for column in PACKETS.columns])


def _time_text(time: str) -> str:
    """Return RFC 3339 UTC as `2026-11-22 18:20:41.512255`."""
    return time.replace("T", " ")[:26]


def _notes(row: Row) -> str:
    notes = (
        [str(note) for note in row["notes"] if note != "stacked"] if isinstance(row["notes"], list) else []
    )
    # Which headers are stacked says more than that some are.
    path = [] if row["encapsulation"] in (None, "vxlan") else [str(row["encapsulation"])]
    told = [*path, *notes]
    return f"({', '.join(told)})" if told else ""
