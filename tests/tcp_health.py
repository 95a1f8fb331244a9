"""How TCP connections fare, by slow and obvious Python: every byte of a stream is remembered by itself.

It follows docs/tcp-health.md sentence by sentence, over the facts of one flow in capture order.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from facts import Fact

COUNTS = (
    "retransmitted",
    "out_of_order",
    "duplicate_acks",
    "missing_bytes",
    "zero_windows",
    "resets",
    "syn_retries",
)
WINDOW = 2**30
USUAL_ROUND_TRIP = 3_000_000
CYCLE = 2**32


@dataclass
class Way:
    """What one direction has said. Bytes have numbers of their own, which never wrap."""

    begun: bool = False
    syn: int | None = None
    next: int = 0
    ack: int = 0
    window: int = 0
    # Bytes that came; those passed over, with the time and the number of the segment that passed over them.
    came: set[int] = field(default_factory=set)
    passed: dict[int, tuple[int, int]] = field(default_factory=dict)
    first: int | None = None  # the first byte, where the connection had begun before the capture
    first_time: int = 0
    asked: bool = False  # the latest segment asked whether the peer is there, or has room
    offered: int | None = None  # the byte of a window probe, which the peer may have taken
    small_first: bool = False  # it was the first, of one byte
    late: bool = False  # the latest segment stands before what was sent already

    def knows(self, seq: int) -> bool:
        """Whether it has acknowledged the other direction's byte of that number."""
        return self.begun and 0 < (self.ack - seq) % CYCLE < CYCLE // 2

    def place(self, seq: int) -> int:
        """Return the byte's number: the one nearest to what comes next."""
        return self.next + (seq - self.next + CYCLE // 2) % CYCLE - CYCLE // 2


@dataclass
class Handshake:
    """The three segments that open the latest connection."""

    opener: object = None
    syn: int | None = None
    first_answer: int | None = None
    last_answer: int | None = None
    ack: int | None = None

    def take(self, fact: Fact, sender: object, other: object, *, anew: bool) -> None:
        """Look at one more segment."""
        assert fact.flags is not None
        syn, ack = "S" in fact.flags, "A" in fact.flags
        if anew:
            self.__init__()  # type: ignore[misc]
        if self.ack is not None:
            return
        if syn and not ack:
            self.__init__(opener=sender, syn=fact.time)  # type: ignore[misc]
        elif ack and self.last_answer is not None and sender == self.opener:
            self.ack = fact.time
        elif syn and ack:
            if self.opener == sender or self.opener is None:
                self.__init__(opener=other)  # type: ignore[misc]
            self.first_answer = fact.time if self.first_answer is None else self.first_answer
            self.last_answer = fact.time

    @property
    def halves(self) -> tuple[int | None, int | None]:
        """SYN to SYN-ACK and SYN-ACK to ACK, in nanoseconds; none where a clock stepped back."""
        pairs = ((self.syn, self.first_answer), (self.last_answer, self.ack))
        first, second = (
            end - start if start is not None and end is not None and end >= start else None
            for start, end in pairs
        )
        return first, second

    @property
    def round_trip(self) -> int | None:
        """Return SYN to ACK."""
        first, second = self.halves
        return None if first is None or second is None else first + second


def space(fact: Fact) -> int:
    """How many sequence numbers a segment takes."""
    assert fact.flags is not None
    return fact.payload + ("S" in fact.flags) + ("F" in fact.flags)


def plain(fact: Fact) -> bool:
    """Whether a segment neither opens nor closes."""
    return not set("SF") & set(fact.flags or "")


class Connection:
    """Both directions of a flow."""

    def __init__(self) -> None:
        self.ways: dict[object, Way] = {}
        self.handshake = Handshake()
        self.counts: list[Counter[str]] = []

    def take(self, fact: Fact) -> None:
        """Look at one more segment."""
        self.counts.append(Counter())
        counts = self.counts[-1]
        assert fact.flags is not None
        if "R" in fact.flags:
            counts["resets"] += 1
            return
        sender, receiver = (fact.ip_src, fact.sport), (fact.ip_dst, fact.dport)
        way, peer = self.ways.setdefault(sender, Way()), self.ways.setdefault(receiver, Way())
        if plain(fact) and fact.window == 0:
            counts["zero_windows"] += 1
        had_begun, way.late = way.begun, False
        anew = not way.begun or self._is_another(way, fact)
        if anew:
            self._begin(way, peer, fact, restarted=had_begun)
        else:
            self._go_on(way, peer, fact)
        # Where it stands from now on.
        # A segment that comes late may acknowledge less than is known by now.
        is_older = way.late and (fact.ack - way.ack) % CYCLE >= CYCLE // 2
        if "A" in fact.flags and not is_older:
            way.ack = fact.ack
        way.window = fact.window
        reopened = anew and had_begun and "S" in fact.flags and "A" not in fact.flags
        self.handshake.take(fact, sender, receiver, anew=reopened)

    def _is_another(self, way: Way, fact: Fact) -> bool:
        """Whether a segment belongs to another connection between the same ports."""
        start = way.place(fact.seq)
        if "S" in (fact.flags or ""):
            if way.syn is not None:
                return start != way.syn
            return not (start == way.next - 1 or start + space(fact) == way.next)
        return abs(start - way.next) > WINDOW

    def _begin(self, way: Way, peer: Way, fact: Fact, *, restarted: bool) -> None:
        opens = "S" in (fact.flags or "")
        probes = plain(fact) and fact.payload == 1 and peer.begun and peer.window == 0
        asks = plain(fact) and fact.payload <= 1 and peer.knows(fact.seq)
        way.begun, way.ack = True, 0
        way.syn = fact.seq if opens else None
        way.next = fact.seq + (0 if probes else space(fact))
        way.came, way.passed = set(range(fact.seq, way.next)), {}
        way.first = None if opens or restarted else fact.seq
        way.first_time = fact.time
        way.asked, way.offered = asks or probes, fact.seq if probes else None
        way.small_first = plain(fact) and fact.payload == 1 and not restarted

    def _go_on(self, way: Way, peer: Way, fact: Fact) -> None:
        start = way.place(fact.seq)
        end = start + space(fact)
        resumes, offered, way.offered = way.asked or way.small_first, way.offered, None
        way.asked = way.small_first = False
        if "S" in (fact.flags or ""):
            self.counts[-1].update(("syn_retries", "retransmitted"))
        elif start == way.next and fact.payload == 1 and plain(fact) and peer.begun and peer.window == 0:
            way.asked, way.offered = True, start  # its byte does not count as sent, yet
            return
        elif start == way.next:
            self._in_order(way, peer, fact)
        elif start - 1 == offered:
            pass  # the peer took the byte of the probe
        elif start > way.next:
            way.passed |= {byte: (fact.time, len(self.counts) - 1) for byte in range(way.next, start)}
            self.counts[-1]["missing_bytes"] += start - way.next
        elif start == way.next - 1 and fact.payload <= 1 and plain(fact):
            way.asked = True
            return  # its byte, if there is one, is not of the stream
        elif start == way.next - 1 and fact.payload > 1 and resumes:
            start += 1  # the byte of the probe once more, and what comes behind it
        else:
            way.late = True
            if end > start:
                self._behind(way, start, end, fact)
        way.came |= set(range(start, end))
        way.next = max(way.next, end)

    def _in_order(self, way: Way, peer: Way, fact: Fact) -> None:
        """Look at a segment in order: it may be a question, or say nothing new."""
        same = (fact.ack, fact.window) == (way.ack, way.window)
        empty = plain(fact) and fact.payload == 0
        repeats = empty and "A" in (fact.flags or "") and fact.window != 0 and same
        known = peer.knows(fact.seq)
        if known and ((fact.payload == 1 and plain(fact)) or repeats):
            way.asked = True
        elif repeats and not peer.asked:
            self.counts[-1]["duplicate_acks"] += 1

    def _behind(self, way: Way, start: int, end: int, fact: Fact) -> None:
        """Count a segment that begins before the last byte: new bytes make it late, else it is a copy."""
        since = None
        for byte in range(start, end):
            if byte in way.passed:
                time, of = way.passed.pop(byte)
                self.counts[of]["missing_bytes"] -= 1
            elif way.first is not None and byte < way.first and byte not in way.came:
                time = way.first_time
            else:
                continue
            since = time if since is None else since
        limit = self.handshake.round_trip or USUAL_ROUND_TRIP
        overtaken = since is not None and fact.time - since < limit
        self.counts[-1]["out_of_order" if overtaken else "retransmitted"] += 1


def follow(group: Sequence[Fact]) -> tuple[list[Counter[str]], Handshake]:
    """Return what each packet of a flow counts, and the flow's handshake."""
    connection = Connection()
    for fact in group:
        if fact.protocol == "tcp" and fact.flags:
            connection.take(fact)
        else:
            connection.counts.append(Counter())
    return connection.counts, connection.handshake


def straddles(earlier: Sequence[Fact], later: Sequence[Fact]) -> bool:
    """Whether what one direction repeats, or asks again and again, goes on over the cut."""
    connection = Connection()
    for fact in (fact for fact in earlier if fact.protocol == "tcp" and fact.flags):
        connection.take(fact)
    ends = {(fact.ip_src, fact.sport): (fact.ip_dst, fact.dport) for fact in later}
    ways = connection.ways
    return any(
        _goes_on(ways.get(end, Way()), ways.get(peer, Way()), later, end) for end, peer in ends.items()
    )


def _goes_on(way: Way, peer: Way, later: Sequence[Fact], end: object) -> bool:
    segments = [fact for fact in later if fact.flags and "R" not in fact.flags]
    mine = [fact for fact in segments if (fact.ip_src, fact.sport) == end]
    if not mine:
        return False
    first, rest = mine[0], mine[1:]
    start, size = way.place(first.seq), space(first)
    if plain(first) and first.payload <= 1 and _asks_strangely(first, rest):
        return True
    asks = start == way.next - 1 if way.begun else peer.knows(first.seq)
    if plain(first) and first.payload == 0 and _asks_otherwise(first, peer, segments, asks=asks):
        return True
    if not way.begun or (plain(first) and first.payload <= 1 and start in (way.next, way.next - 1)):
        return False
    if "S" in (first.flags or ""):
        # A SYN that brings less than the one before it.
        return start + size < way.next
    return start < way.next and size > 0 and abs(start - way.next) <= WINDOW


def _asks_otherwise(first: Fact, peer: Way, segments: Sequence[Fact], *, asks: bool) -> bool:
    """Whether the byte behind a segment without data says what is known only from before the cut.

    It is a window probe by what the peer said then, or stands where a keep-alive did (`asks`) or before it.
    """
    window, spoken = peer.window if peer.begun else None, False
    for fact in segments:
        if (fact.ip_src, fact.sport) != (first.ip_src, first.sport):
            window, spoken = fact.window, True
        elif space(fact):
            at = (fact.seq - first.seq) % CYCLE
            probes = window == 0 and (not spoken or (asks and at == 1))
            return plain(fact) and fact.payload == 1 and (probes or (asks and at in {0, CYCLE - 1}))
    return False


def _asks_strangely(first: Fact, rest: Sequence[Fact]) -> bool:
    """Whether the first segment, if it is a question, is followed by what nobody says who asked one."""
    behind = [(fact.seq - first.seq) % CYCLE for fact in rest]
    if first.payload == 0:
        # Behind a keep-alive come others that say the same, or something new.
        empty = [(fact, at) for fact, at in zip(rest, behind, strict=True) if at <= 1 and not space(fact)]
        same = [(fact.ack, fact.window) == (first.ack, first.window) for fact, _ in empty]
        return any(is_same == bool(at) for is_same, (_, at) in zip(same, empty, strict=True))
    # Behind a window probe come others, or data that begins with it or behind it.
    data = all(plain(fact) and fact.payload and at < WINDOW for fact, at in zip(rest, behind, strict=True))
    return not data or bool(behind and behind[0] > 1)
