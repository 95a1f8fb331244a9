"""The table `addresses`: who has which address, counted apart from the engine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from vxinspect.synth.shares import Share

__all__ = ["Address", "Claim"]

Row: TypeAlias = dict[str, Any]

_WINDOW = 180 * 10**9
_IN_FLIGHT = 10**9
_KINDS = ("arp", "nd", "dhcp")


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that says that an address is at `mac`."""

    ip: str
    mac: str
    by: Literal["arp", "nd", "dhcp"]


@dataclass(slots=True)
class _Sender:
    """A MAC that sent from an address."""

    packets: int = 0
    last: int = 0
    last_ip: int | None = None
    vteps: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Heard:
    """A claim, when it was heard, and from behind which VTEP."""

    mac: str
    by: str
    time: int
    vtep: str


@dataclass(slots=True)
class Address:
    """What was seen of one address."""

    wire: int = 0
    times: list[int] = field(default_factory=list)
    _senders: dict[str, _Sender] = field(default_factory=dict)
    _claims: list[_Heard] = field(default_factory=list)

    def _span(self, first: int, last: int) -> None:
        every = (*self.times, first, last)
        self.times = [min(every), max(every)]

    def sent(self, mac: str, share: "Share") -> None:
        """Count packets that came from the address, of IP or of ARP."""
        self.wire += share.wire
        self._span(share.first, share.last)
        sender = self._senders.setdefault(mac, _Sender())
        sender.packets += share.packets
        sender.last = max(sender.last, share.last)
        sender.vteps.add(share.src)
        if share.ip_src is not None:
            sender.last_ip = max(sender.last_ip or share.last, share.last)

    def claimed(self, claim: Claim, time: int, vtep: str) -> None:
        """Count a claim, in the order of the capture."""
        self._span(time, time)
        self._claims.append(_Heard(claim.mac, claim.by, time, vtep))

    def _changes(self) -> Iterator[tuple[str, str, int]]:
        """Yield from which MAC to which the address moved, and when."""
        runs = [next(run) for _, run in groupby(self._claims, key=attrgetter("mac"))]
        for before, after in pairwise(runs):
            yield before.mac, after.mac, after.time

    def row(self) -> Row:
        """Return the columns that tell of it."""
        lost: dict[str, int] = {}
        moves = conflicts = 0
        for before, after, time in self._changes():
            lost[before] = time
            moves += 1
            conflicts += after in lost and abs(time - lost.pop(after)) <= _WINDOW
        for mac, time in lost.items():
            last = self._senders[mac].last_ip if mac in self._senders else None
            conflicts += last is not None and last - time > _IN_FLIGHT
        senders = self._senders
        macs = {claim.mac for claim in self._claims} or set(senders)
        own = [senders[mac] for mac in macs if mac in senders]
        kinds = [kind for kind in _KINDS if any(claim.by == kind for claim in self._claims)]
        if any(sender.last_ip is not None for sender in own):
            kinds.append("traffic")
        latest = max(senders, key=lambda mac: (senders[mac].last, mac), default=None)
        return {
            "mac": self._claims[-1].mac if self._claims else latest,
            "macs": sorted(macs),
            "vteps": {claim.vtep for claim in self._claims}.union(*(sender.vteps for sender in own)),
            "sources": kinds,
            "claims": len(self._claims),
            "moves": moves,
            "conflicts": conflicts,
            "packets": sum(sender.packets for sender in senders.values()),
        }
