"""Which packets count: the selection of a scan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias, Union, cast

from vxinspect.exceptions import OptionError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["Select", "Selection", "Wanted", "select_mapping", "select_pairs"]

_One: TypeAlias = Union[str, int, datetime, "IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network"]
Wanted: TypeAlias = _One | Iterable[_One] | None
"""One value, several alternatives, or None for no restriction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """Restricts a scan to some packets. Values of one field are alternatives; fields narrow each other.

    `vni`: 100, "100-199,300", [100, 200]; `vtep`: an outer address; `mac`: an inner MAC; `host`: an inner
    address or network; `protocol`: an inner protocol by name or number, or an EtherType; `inner_port`: an
    inner TCP, UDP or SCTP port; `since`, `until`: RFC 3339 text or a datetime (UTC where it names no zone);
    `filter`: an expression over the fields that `vxinspect fields` lists.
    """

    vni: Wanted = None
    vtep: Wanted = None
    mac: Wanted = None
    host: Wanted = None
    protocol: Wanted = None
    inner_port: Wanted = None
    since: str | datetime | None = None
    until: str | datetime | None = None
    filter: str | Iterable[str] | None = None


Selection: TypeAlias = Select | Mapping[str, Wanted] | str | None
"""A `Select`, a mapping of its fields, a filter, or None for everything."""


def select_pairs(select: Selection) -> list[tuple[str, str]]:
    """Return (field, value) pairs as the engine takes them; raises `OptionError` for an unknown field."""
    names = [field.name for field in fields(Select)]
    if select is None:
        return []
    if isinstance(select, str):
        select = Select(filter=select)
    if isinstance(select, Select):
        select = {name: getattr(select, name) for name in names}
    pairs = []
    for name, wanted in select.items():
        if name not in names:
            raise OptionError("select", name, f"one of {', '.join(names)}")
        pairs += [(name, _text(value)) for value in _alternatives(wanted)]
    return pairs


def select_mapping(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return what `select_pairs` made the pairs of, by field."""
    select: dict[str, list[str]] = {}
    for field, text in pairs:
        select.setdefault(field, []).append(text)
    return select


def _alternatives(wanted: Wanted) -> list[_One]:
    if wanted is None:
        return []
    # Text is an iterable of its letters, and a network (it has a prefix length) one of its hosts.
    if isinstance(wanted, Iterable) and not isinstance(wanted, str) and not hasattr(wanted, "prefixlen"):
        return list(wanted)
    return [cast("_One", wanted)]


def _text(value: _One) -> str:
    if not isinstance(value, datetime):
        # What no encoding gave a character for stays one character, so that a position in the text holds.
        return "".join(
            "\N{REPLACEMENT CHARACTER}" if "\ud800" <= char <= "\udfff" else char for char in str(value)
        )
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
