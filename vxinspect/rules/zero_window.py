"""Receivers offer no room for data."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, flow_name, named
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_FLOW = ("vni", "src_ip", "src_port", "dst_ip", "dst_port")
_WAYS = (("fwd", "src"), ("rev", "dst"))


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    closed: dict[int, list[_Closed]] = defaultdict(list)
    for way, end in _WAYS:
        column, sent = f"zero_windows_{way}", f"packets_{way}"
        for row in facts.flows.where(*_FLOW, column, sent, least={column: 1}):
            if 100 * row[column] >= limits["percent"] * row[sent]:
                closed[row["vni"]].append(_Closed(row[column], row[f"{end}_ip"], flow_name(row)))
    for vni, sides in closed.items():
        windows = sum(side.windows for side in sides)
        if windows < limits["windows"]:
            continue
        sides.sort(key=lambda side: side.windows, reverse=True)
        flows = plural(len({side.flow for side in sides}), "connection")
        told = named([f"{side.flow} ({side.windows:,} by {side.receiver})" for side in sides])
        yield Found(
            subject=f"{named(list(dict.fromkeys(side.receiver for side in sides)))} in VNI {vni}",
            seen=f"{plural(windows, 'segment')} that offered no room for data, in {flows}: {told}",
            frames=windows,
            vni=vni,
        )


@dataclass(frozen=True, slots=True)
class _Closed:
    """A side of a connection that closed its window, and how often."""

    windows: int
    receiver: str
    flow: str


RULE = Rule(
    id="zero-window",
    title="Receivers offer no room for data",
    severity="warning",
    source="RFC 9293, section 3.8.6: managing the window",
    means="An application does not read what is sent to it, so its host closes the TCP window and the sender "
    "waits: a process that is stuck, short of processor time, or slower than what it is sent to (a disk, a "
    "database). The network is not at fault.",
    known_by="TCP segments that tell a window of 0, other than those that open, close or reset, in "
    "connections where they are a share of what the receiver sends: a window that closes once in a large "
    "transfer is flow control as it should be.",
    advice="Look at the process on the receiving host: its load, what it waits for, the queue of its socket "
    "(`ss -tm`).",
    shown_by="vxlan.vni == VNI && tcp.analysis.zero_window",
    thresholds={
        "windows": Threshold(3, "segments of a VNI that offer no room, at least"),
        "percent": Threshold(1, "per cent of what the receiver sends in a connection, at least"),
    },
    find=_find,
)
