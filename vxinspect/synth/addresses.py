"""The table `addresses`: who has which address, counted apart from the engine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from vxinspect.synth.shares import Share

__all__ = ["Address", "Claim", "Grant", "Name"]

Row: TypeAlias = dict[str, Any]

_WINDOW = 180 * 10**9
_IN_FLIGHT = 10**9
_KINDS = ("arp", "nd", "dhcp")


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that says that an address is at `mac`; a `firm` one moves it there."""

    ip: str
    mac: str
    by: Literal["arp", "nd", "dhcp"]
    firm: bool = True


@dataclass(frozen=True, slots=True)
class Grant:
    """A DHCP server grants an address to a client, for so many seconds."""

    ip: str
    client: str
    server: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Name:
    """A client has a name."""

    client: str
    name: str


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
    firm: bool


@dataclass(slots=True)
class Address:
    """What was seen of one address."""

    wire: int = 0
    times: list[int] = field(default_factory=list)
    _senders: dict[str, _Sender] = field(default_factory=dict)
    _claims: list[_Heard] = field(default_factory=list)
    _lease: tuple[Grant, int] | None = None

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
        self._claims.append(_Heard(claim.mac, claim.by, time, vtep, claim.firm))

    def granted(self, grant: Grant, time: int, vtep: str) -> None:
        """Count a lease, which is a claim, too."""
        self.claimed(Claim(grant.ip, grant.client, "dhcp", firm=False), time, vtep)
        self._lease = grant, time

    def _mac(self) -> str | None:
        """Return who claimed it last, firmly if anybody did; else who sent from it last."""
        if self._claims:
            firm = [claim.mac for claim in self._claims if claim.firm]
            return firm[-1] if firm else self._claims[0].mac
        senders = self._senders
        return max(senders, key=lambda mac: (senders[mac].last, mac), default=None)

    def _changes(self) -> Iterator[tuple[str, str, int]]:
        """Yield from which MAC to which the address moved, and when."""
        firm = [claim for claim in self._claims if claim.firm]
        runs = [next(run) for _, run in groupby(firm, key=attrgetter("mac"))]
        for before, after in pairwise(runs):
            yield before.mac, after.mac, after.time

    def row(self, names: Mapping[str, str]) -> Row:
        """Return the columns that tell of it; `names` are those of clients. `leased_at` is in nanoseconds."""
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
        return {
            "mac": self._mac(),
            "macs": sorted(macs),
            "vteps": {claim.vtep for claim in self._claims}.union(*(sender.vteps for sender in own)),
            "sources": kinds,
            "claims": len(self._claims),
            "moves": moves,
            "conflicts": conflicts,
            "packets": sum(sender.packets for sender in senders.values()),
            **self._lease_row(names),
        }

    def _lease_row(self, names: Mapping[str, str]) -> Row:
        grant, leased_at = self._lease or (None, None)
        known = [self._mac(), grant.client if grant else None]
        return {
            "hostname": next((names[mac] for mac in known if mac is not None and mac in names), None),
            "lease_mac": grant.client if grant else None,
            "lease_s": grant.seconds if grant else None,
            "lease_server": grant.server if grant else None,
            "leased_at": leased_at,
        }
