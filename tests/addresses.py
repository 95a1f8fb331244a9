"""The table `addresses`, by slow and obvious Python, as `model` has the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import groupby, pairwise
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

WINDOW = 180 * 10**9
"""A MAC that takes an address back within so many nanoseconds never gave it up."""
IN_FLIGHT = 10**9


@dataclass(frozen=True)
class Claim:
    """A message says that `ip` is at `mac`; `firm`: it moves the address there."""

    ip: str
    mac: str
    by: str
    firm: bool = True


@dataclass(frozen=True)
class Grant:
    """A DHCP server grants `ip` to `client`; `here`: who is on this link."""

    ip: str
    client: str
    server: str
    seconds: int | None
    here: bool = True


@dataclass(frozen=True)
class Told:
    """A packet that is about an address: when it came, from which MAC behind which VTEP, and what it says."""

    time: int
    vtep: str
    mac: str | None = None
    ip_packet: bool = False
    claim: Claim | None = None
    grant: Grant | None = None


def is_host(text: str) -> bool:
    """Whether an address is one host's."""
    address = ip_address(text)
    return not (address.is_multicast or address.is_unspecified or text == "255.255.255.255")


def is_unicast(mac: str) -> bool:
    """Whether a MAC is one station's."""
    return not int(mac[:2], 16) & 1 and mac != "00:00:00:00:00:00"


def moves_of(claims: Sequence[Told]) -> tuple[int, int, dict[str, int]]:
    """Return how often an address moved, how often it was taken back soon, and who lost it when."""
    firm = [(told.claim.mac, told.time) for told in claims if told.claim and told.claim.firm]
    runs = [(mac, next(each)[1]) for mac, each in groupby(firm, key=lambda pair: pair[0])]
    lost: dict[str, int] = {}
    conflicts = 0
    for (before, _), (mac, time) in pairwise(runs):
        lost[before] = time
        if mac in lost:
            conflicts += abs(time - lost.pop(mac)) <= WINDOW
    return len(runs) - bool(runs), conflicts, lost


def holder(claims: Sequence[Told]) -> str | None:
    """Return who claimed an address last; where no claim was firm, who did so first."""
    macs = [told.claim.mac for told in claims if told.claim and told.claim.firm]
    every = [told.claim.mac for told in claims if told.claim]
    return macs[-1] if macs else every[0] if every else None


def address_row(told: Sequence[Told], names: dict[str, str]) -> Row:
    """Return the columns of one address, but for its key; `names` are those that clients have."""
    claims = [each for each in told if each.claim]
    sent = [each for each in told if each.mac is not None]
    moves, conflicts, lost = moves_of(claims)
    macs = {each.claim.mac for each in claims if each.claim} or {each.mac for each in sent}
    mac = holder(claims)
    if mac is None and sent:
        mac = max((each.time, each.mac or "") for each in sent)[1]
    own = [each for each in sent if each.mac in macs]
    for loser, time in lost.items():
        late = [each.time for each in sent if each.mac == loser and each.ip_packet]
        conflicts += bool(late) and max(late) - time > IN_FLIGHT
    kinds = {each.claim.by for each in claims if each.claim}
    grants = [each for each in told if each.grant]
    kinds |= {"dhcp"} if grants else set()
    kinds |= {"traffic"} if any(each.ip_packet for each in own) else set()
    lease = grants[-1] if grants else None
    grant = lease.grant if lease else None
    known = [mac, grant.client if grant else None]
    return {
        "mac": mac,
        "macs": sorted(macs, key=str),
        "vteps": sorted({each.vtep for each in (*claims, *own)}, key=lambda ip: (":" in ip, ip_address(ip))),
        "sources": [name for name in ("arp", "nd", "dhcp", "traffic") if name in kinds],
        "claims": len(claims),
        "moves": moves,
        "conflicts": conflicts,
        "packets": len(sent),
        "hostname": next((names[mac] for mac in known if mac in names), None),
        "lease_mac": grant.client if grant else None,
        "lease_s": grant.seconds if grant else None,
        "lease_server": grant.server if grant else None,
        "leased_at": lease.time if lease else None,
        "times": [each.time for each in told],
    }
