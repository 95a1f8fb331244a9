"""How TCP connections fare, from planned segments: the counts of docs/tcp-health.md, apart from the engine.

What was passed over is kept as gaps between sequence numbers; numbers are unwrapped, so that they only grow.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

__all__ = ["Account", "Connection", "Said", "Step", "flow_row", "sums_row"]

End: TypeAlias = tuple[str | None, int | None]
"""An inner address and port."""

_COUNTS = (
    *("retransmitted", "out_of_order", "duplicate_acks", "missing_bytes"),
    *("zero_windows", "resets", "syn_retries"),
)
_CYCLE = 1 << 32
_LARGEST_WINDOW = 1 << 30
"""The largest that RFC 7323 allows: what is farther away is of another connection."""
_USUAL_ROUND_TRIP = 3_000_000
"""Nanoseconds, where the handshake does not tell."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a TCP header says; `payload` in bytes."""

    flags: str
    seq: int
    ack: int
    window: int
    payload: int

    @property
    def end(self) -> int:
        """The sequence number behind it."""
        return self.seq + self.payload + ("S" in self.flags) + ("F" in self.flags)

    @property
    def plain(self) -> bool:
        """Whether it neither opens nor closes."""
        return "S" not in self.flags and "F" not in self.flags


class Account:
    """Where a segment's counts go: to each row that it is part of."""

    def __init__(self, *rows: Counter[str]) -> None:
        self._rows = rows

    def count(self, name: str, number: int = 1) -> None:
        """Add to every row."""
        for row in self._rows:
            row[name] += number


@dataclass(slots=True)
class _Gap:
    start: int
    end: int
    time: int
    account: Account | None  # None: what lies before the first segment, and is not missed


@dataclass(slots=True)
class _Side:
    """One direction: where it stands, what it passed over, what its latest segment asked."""

    next: int
    opened: int | None  # the SYN's sequence number
    ack: int = 0
    window: int = 0
    gaps: list[_Gap] = field(default_factory=list)
    asked: bool = False
    tried: int | None = None  # the byte that a window probe offered
    is_small: bool = False
    is_late: bool = False  # the latest segment stands before what was sent already

    def far(self, number: int) -> int:
        """Return how far a sequence number is ahead of the next one; negative behind it."""
        return (number - self.next + _CYCLE // 2) % _CYCLE - _CYCLE // 2


@dataclass(frozen=True, slots=True)
class Step:
    """A segment that may be one of a handshake."""

    sender: End
    receiver: End
    flags: str
    time: int


class Connection:
    """Both directions of a TCP connection, told apart by who sends."""

    __slots__ = ("_sides", "_steps", "place")

    def __init__(self) -> None:
        self._sides: dict[End, _Side] = {}
        self._steps: list[Step] = []
        self.place: tuple[object, ...] = ()
        """Of its first segment: the rows that its round trip is told in."""

    def take(self, sender: End, receiver: End, said: Said, time: int, account: Account) -> None:
        """Count the next segment of the capture."""
        if "R" in said.flags:
            account.count("resets")
            return
        if said.plain and said.window == 0:
            account.count("zero_windows")
        side, peer = self._sides.get(sender), self._sides.get(receiver)
        if side is None or _is_another(side, said):
            if side is not None and "S" in said.flags and "A" not in said.flags:
                self._steps.clear()
            side = self._sides[sender] = _begin(said, time, peer, is_first=side is None)
        else:
            self._go_on(side, peer, said, time, account)
        # What comes late may acknowledge less than is known by now.
        is_older = side.is_late and (said.ack - side.ack) % _CYCLE >= _CYCLE // 2
        if "A" in said.flags and not is_older:
            side.ack = said.ack
        side.window = said.window
        self.shake(Step(sender, receiver, said.flags, time))

    def shake(self, step: Step) -> None:
        """Take in a segment that may be one of the handshake."""
        if self.round_trip is None and ("S" in step.flags or self._steps):
            self._steps.append(step)

    def _go_on(self, side: _Side, peer: _Side | None, said: Said, time: int, account: Account) -> None:
        far = side.far(said.seq)
        start, taken = side.next + far, said.end - said.seq
        asked, tried, is_small = side.asked, side.tried, side.is_small
        side.asked, side.tried, side.is_small = False, None, False
        side.is_late = False
        small = said.plain and said.payload <= 1
        if "S" in said.flags:
            account.count("syn_retries")
            account.count("retransmitted")
        elif far == 0 and _probes_window(said, peer):
            side.asked, side.tried = True, start
            return
        elif far == 0:
            self._in_order(side, peer, said, account)
        elif far == 1 and tried is not None:
            pass
        elif far > 0:
            side.gaps.append(_Gap(side.next, start, time, account))
            account.count("missing_bytes", far)
        elif far == -1 and small:
            side.asked = True
        elif not (far == -1 and said.payload > 1 and (asked or is_small)):
            side.is_late = True
            if taken:
                self._behind(side, (start, start + taken), time, account)
        side.next = max(side.next, start + taken)

    @staticmethod
    def _in_order(side: _Side, peer: _Side | None, said: Said, account: Account) -> None:
        new = (said.ack, said.window) != (side.ack, side.window)
        empty = said.plain and said.payload == 0
        repeats = empty and "A" in said.flags and said.window > 0 and not new
        if _knows(peer, said.seq) and (repeats or (said.plain and said.payload == 1)):
            side.asked = True
        elif repeats and not (peer is not None and peer.asked):
            account.count("duplicate_acks")

    def _behind(self, side: _Side, span: tuple[int, int], time: int, account: Account) -> None:
        """Take what a segment brings out of the gaps; the first that it fills tells how late it comes."""
        start, end = span
        left: list[_Gap] = []
        since = None
        for gap in side.gaps:
            low, high = max(gap.start, start), min(gap.end, end)
            if low >= high:
                left.append(gap)
                continue
            since = gap.time if since is None else since
            if gap.account is not None:
                gap.account.count("missing_bytes", low - high)
            rest = ((gap.start, low), (high, gap.end))
            left += [_Gap(a, b, gap.time, gap.account) for a, b in rest if a < b]
        side.gaps = left
        limit = self.round_trip or _USUAL_ROUND_TRIP
        is_overtaken = since is not None and time - since < limit
        account.count("out_of_order" if is_overtaken else "retransmitted")

    @property
    def halves(self) -> tuple[int | None, int | None]:
        """The nanoseconds from SYN to SYN-ACK, and from SYN-ACK to ACK."""
        return _halves(self._steps)

    @property
    def round_trip(self) -> int | None:
        """The nanoseconds from SYN to ACK."""
        first, second = self.halves
        return None if first is None or second is None else first + second


def _begin(said: Said, time: int, peer: _Side | None, *, is_first: bool) -> _Side:
    opens = "S" in said.flags
    tries = _probes_window(said, peer)
    side = _Side(said.seq if tries else said.end, said.seq if opens else None)
    side.asked = tries or (said.plain and said.payload <= 1 and _knows(peer, said.seq))
    side.tried = said.seq if tries else None
    side.is_small = is_first and said.plain and said.payload == 1
    if is_first and not opens:
        side.gaps.append(_Gap(said.seq - _LARGEST_WINDOW, said.seq, time, None))
    return side


def _is_another(side: _Side, said: Said) -> bool:
    """Whether a segment is of another connection between the same ports."""
    far = side.far(said.seq)
    if "S" not in said.flags:
        return abs(far) > _LARGEST_WINDOW
    if side.opened is not None:
        return (said.seq - side.opened) % _CYCLE != 0
    return far != -1 and far + said.end - said.seq != 0


def _probes_window(said: Said, peer: _Side | None) -> bool:
    return said.plain and said.payload == 1 and peer is not None and peer.window == 0


def _knows(peer: _Side | None, seq: int) -> bool:
    """Whether the peer has acknowledged the byte of that number."""
    return peer is not None and 0 < (peer.ack - seq) % _CYCLE < _CYCLE // 2


def _halves(steps: Sequence[Step]) -> tuple[int | None, int | None]:
    """Return how long a handshake took: of what was sent again, the last before the answer counts."""
    opener: End | None = None
    syn = answer = last = None
    for step in steps:
        if "S" in step.flags and "A" not in step.flags:
            opener, syn, answer, last = step.sender, step.time, None, None
        elif "A" in step.flags and last is not None and step.sender == opener:
            return _between(syn, answer), _between(last, step.time)
        elif "S" in step.flags:
            if opener in (None, step.sender):
                opener, syn, answer = step.receiver, None, None
            answer, last = step.time if answer is None else answer, step.time
    return _between(syn, answer), None


def _between(start: int | None, end: int | None) -> int | None:
    """Return a duration; there is none where the clock stepped back."""
    return end - start if start is not None and end is not None and end >= start else None


def sums_row(counts: Counter[str], segments: int, round_trips: Iterable[int]) -> dict[str, object]:
    """Return the columns of `vnis` and `tunnels`."""
    times = list(round_trips)
    row: dict[str, object] = {"tcp_segments": segments, **{name: counts[name] for name in _COUNTS}}
    row["retransmission_percent"] = 100 * counts["retransmitted"] / segments if segments else None
    return row | {"rtt_ms": median(times) / 1e6 if times else None}


def flow_row(
    ahead: Counter[str], back: Counter[str], halves: tuple[int | None, int | None] | None
) -> dict[str, object]:
    """Return the columns of `flows`; `halves`: of the handshake, None where no segment was seen."""
    row: dict[str, object] = {}
    for name in _COUNTS[:-1]:
        for way, counts in (("fwd", ahead), ("rev", back)):
            row[f"{name}_{way}"] = None if halves is None else counts[name]
    row["syn_retries"] = None if halves is None else ahead["syn_retries"] + back["syn_retries"]
    for name, half in zip(("rtt_syn_ms", "rtt_ack_ms"), halves or (None, None), strict=True):
        row[name] = None if half is None else half / 1e6
    return row
