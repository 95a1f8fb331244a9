"""Filters written down and, apart from that, understood: slow and obvious, over the facts of `packets`.

Each `Filter` knows its text in the language of `-Y` and what it says of a packet. Nothing here knows the
engine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import craft
import model
import strategies
from facts import Fact
from hypothesis import strategies as st

OR, AND, TEST = 1, 2, 3
"""How tightly a filter's parts hold together."""


@dataclass(frozen=True)
class Filter:
    """A filter: its text, how tightly that holds together, what it says of a packet."""

    text: str
    level: int
    holds: Callable[[Fact], bool]

    def inside(self, level: int) -> str:
        """Return the text as a part of something that holds together as tightly as `level`."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(frozen=True)
class Kind:
    """What a field holds: literals to compare with, each with its value, and whether values have an order."""

    literals: dict[str, Any]
    ordered: bool = True


@dataclass(frozen=True)
class Field:
    """A field: its kind, and its values in a packet, none where it is not there."""

    name: str
    kind: Kind | None
    values: Callable[[Fact], list[Any]]


def there(*values: Any) -> list[Any]:
    """Return the values, unless they are not there."""
    return [] if None in values else list(values)


def mac(text: str | None) -> int | None:
    """Return a MAC address as a number."""
    return None if text is None else int(text.replace(":", ""), 16)


def ip(text: str | None) -> tuple[int, int] | None:
    """Return an address as its version and a number."""
    return None if text is None else model.address_key(text)


def seconds(time: int) -> str:
    """Return a time in seconds since 1970."""
    return f"{time // 10**9}.{time % 10**9:09d}"


def numbers(*values: int) -> Kind:
    """Return a kind of these numbers and those beside them, in several notations."""
    near = {value + step for value in values for step in (-1, 0, 1) if value + step >= 0}
    return Kind({form.format(value): value for value in sorted(near) for form in ("{}", "{:#x}", "{:#b}")})


PORT = numbers(0, *strategies.PORTS, 49152, 50001)
LENGTH = numbers(0, 42, 60, 64, 92, 114, 300, 358)
VNI = Kind({str(vni): vni for vni in (*strategies.VNIS, 2, 99, 150)})
MAC = Kind({text: mac(text) for text in (*strategies.MAC_SOURCES, *strategies.MAC_TARGETS)})
ADDRESSES = (*strategies.IP_TARGETS[4], *strategies.IP_TARGETS[6], *strategies.VTEPS[4], *strategies.VTEPS[6])
ADDRESS = Kind({text: ip(text) for text in ADDRESSES})
TIME = Kind(
    {seconds(strategies.START + step): strategies.START + step for step in (0, 1000, 999_999_000, 10**10)}
)
TTL = numbers(0, 63, 254)
DSCP = numbers(0, 10, 46)
ECN = Kind({"not-ect": 0, "ECT1": 1, "ect0": 2, "3": 3, "0b1": 1})
FLAG = Kind({"1": 1, "0": 0, "true": 1, "False": 0, "2": 1})
PROTOCOL = Kind({"tcp": 6, "6": 6, "udp": 17, "ICMPv6": 58, "253": 253, "sctp": 132, "0": 0})
ETHERTYPE = Kind({"ipv4": 0x800, "0x86dd": 0x86DD, "arp": 0x806, "0x88cc": 0x88CC, "36864": 0x9000})
CONTROL = Kind({"0": 0, "0x02": 2, "0x12": 0x12, "0x10": 0x10, "255": 255})
OVERLAYS = ("vxlan", "vxlan-gpe", "geneve", "nvgre")
OVERLAY = Kind({name: number for number, name in enumerate(OVERLAYS)})
LETTERS = "FSRPAUEC"
FLAGS = ("fin", "syn", "reset", "push", "ack", "urg", "ece", "cwr")


def control(fact: Fact) -> list[int]:
    """Return the control bits of TCP."""
    return [] if fact.flags is None else [sum(1 << LETTERS.index(letter) for letter in fact.flags)]


def is_ip(fact: Fact, version: int) -> bool:
    """Whether it carries an IP packet of this version."""
    return fact.ip_src is not None and model.address_key(fact.ip_src)[0] == version


def ethertype(fact: Fact) -> int | None:
    """Return the number of an EtherType."""
    if fact.ethertype is None or fact.ethertype == "llc":
        return None
    return craft.ETHERTYPE.get(fact.ethertype) or int(fact.ethertype, 16)


def protocol(fact: Fact) -> int | None:
    """Return the number of an inner protocol."""
    if fact.protocol is None:
        return None
    return craft.PROTOCOL[fact.protocol] if fact.protocol in craft.PROTOCOL else int(fact.protocol)


def pair(
    name: str,
    kind: Kind,
    source: Callable[[Fact], Any],
    destination: Callable[[Fact], Any],
    names: Sequence[str],
) -> list[Field]:
    """Return the field of both ends, and that of each."""
    return [
        Field(f"{name}.{names[0]}", kind, lambda fact: there(source(fact), destination(fact))),
        Field(f"{name}.{names[1]}", kind, lambda fact: there(source(fact))),
        Field(f"{name}.{names[2]}", kind, lambda fact: there(destination(fact))),
    ]


def ports(name: str, protocols: Sequence[str]) -> list[Field]:
    """Return the port fields of these protocols."""

    def of(port: Callable[[Fact], int | None]) -> Callable[[Fact], int | None]:
        return lambda fact: port(fact) if fact.protocol in protocols else None

    return pair(name, PORT, of(lambda f: f.sport), of(lambda f: f.dport), ("port", "srcport", "dstport"))


def label(name: str, holds: Callable[[Fact], bool]) -> Field:
    """Return a field that is there or not."""
    return Field(name, None, lambda fact: [True] if holds(fact) else [])


def vtep_values(fact: Fact) -> list[Any]:
    """Return the outer addresses of all layers."""
    return [ip(end) for level in fact.levels for end in (level.src, level.dst)]


ENDS = ("addr", "src", "dst")
FIELDS = [
    Field("frame.time", TIME, lambda f: [f.time]),
    Field("frame.len", LENGTH, lambda f: [f.wire]),
    Field("vni", VNI, lambda f: [level.vni for level in f.levels]),
    Field("vxlan.vni", VNI, lambda f: [level.vni for level in f.levels]),
    Field("outer.eth.src", MAC, lambda f: [mac(level.outer_mac) for level in f.levels if level.outer_mac]),
    Field("outer.ip.src", ADDRESS, lambda f: [ip(level.src) for level in f.levels]),
    Field("outer.ip.dst", ADDRESS, lambda f: [ip(level.dst) for level in f.levels]),
    Field("outer.ip.addr", ADDRESS, vtep_values),
    Field("vtep", ADDRESS, vtep_values),
    Field("outer.ip.hdr_len", LENGTH, lambda f: [f.outer_ip_bytes]),
    Field("outer.ip.len", LENGTH, lambda f: [f.outer_packet]),
    Field("outer.ip.ttl", TTL, lambda f: [f.ttl]),
    Field("outer.ip.dscp", DSCP, lambda f: [f.outer_class >> 2]),
    Field("outer.ip.ecn", ECN, lambda f: [f.outer_class & 3]),
    Field(
        "outer.ip.flags.df",
        FLAG,
        lambda f: [int(f.dont_fragment)] if model.address_key(f.outer_src)[0] == 4 else [],
    ),
    Field(
        "outer.udp.srcport",
        PORT,
        lambda f: [level.source_port for level in f.levels if level.source_port is not None],
    ),
    Field(
        "outer.udp.dstport",
        PORT,
        lambda f: [level.udp_port for level in f.levels if level.udp_port is not None],
    ),
    Field("encapsulation", OVERLAY, lambda f: [OVERLAYS.index(f.path.split("/")[-1])]),
    Field("nvgre.flow_id", numbers(0, 7, 81), lambda f: there(f.flow_id)),
    Field("geneve.critical", FLAG, lambda f: [int(f.critical)] if f.path.endswith("geneve") else []),
    label("outer.ipv6", lambda f: model.address_key(f.outer_src)[0] == 6),
    Field("inner.len", LENGTH, lambda f: [f.inner_bytes]),
    Field("inner.payload_len", LENGTH, lambda f: [f.payload]),
    label("inner.group", lambda f: f.mac_dst is not None and model.group_bit(f.mac_dst)),
    *pair("inner.eth", MAC, lambda f: mac(f.mac_src), lambda f: mac(f.mac_dst), ENDS),
    Field("inner.eth.type", ETHERTYPE, lambda f: there(ethertype(f))),
    label("inner.ip", lambda f: f.ip_src is not None),
    label("inner.ipv4", lambda f: is_ip(f, 4)),
    label("inner.ipv6", lambda f: is_ip(f, 6)),
    *pair("inner.ip", ADDRESS, lambda f: ip(f.ip_src), lambda f: ip(f.ip_dst), ENDS),
    Field("inner.ip.dscp", DSCP, lambda f: [] if f.inner_class is None else [f.inner_class >> 2]),
    Field("inner.ip.ecn", ECN, lambda f: [] if f.inner_class is None else [f.inner_class & 3]),
    Field("inner.ip.proto", PROTOCOL, lambda f: there(protocol(f))),
    label("inner.arp", lambda f: f.ethertype == "arp"),
    Field("inner.arp.src", ADDRESS, lambda f: there(ip(f.sender))),
    *ports("inner", ("tcp", "udp", "sctp")),
    *(
        label(name, lambda f, name=name: f.protocol == name)
        for name in ("tcp", "udp", "sctp", "icmp", "icmpv6", "igmp")
    ),
    *(field for name in ("tcp", "udp", "sctp") for field in ports(name, (name,))),
    Field("tcp.flags", CONTROL, control),
    *(
        Field(f"tcp.flags.{name}", FLAG, lambda f, bit=bit: [value >> bit & 1 for value in control(f)])
        for bit, name in enumerate(FLAGS)
    ),
    Field("tcp.len", LENGTH, lambda f: [f.payload] if f.flags is not None else []),
    label("note.reserved_bits", lambda f: f.reserved),
    Field("vxlan.gbp", numbers(0, 7, 100), lambda f: [group for group, _, _ in f.policies]),
    Field("vxlan.flag_d", FLAG, lambda f: [int(d) for _, d, _ in f.policies]),
    Field("vxlan.flag_a", FLAG, lambda f: [int(a) for _, _, a in f.policies]),
    label("note.group_policy", lambda f: bool(f.policies)),
    label("note.dont_learn", lambda f: any(d for _, d, _ in f.policies)),
    label("note.policy_applied", lambda f: any(a for _, _, a in f.policies)),
    label("note.p_flag", lambda f: f.p_flag),
    label("note.critical_options", lambda f: f.critical),
    label("note.offload", lambda f: f.offload),
    label("note.inner_fragment", lambda f: f.inner_fragment),
    label("note.reassembled", lambda f: f.datagram is not None),
    label("note.overlapping_fragments", lambda f: f.overlaps),
    label("note.stacked", lambda f: bool(f.around)),
]
VALUED = [field for field in FIELDS if field.kind is not None]

RELATIONS: list[tuple[Sequence[str], Callable[[Any, Any], bool], bool]] = [
    (("==", "eq", "any_eq"), eq, False),
    (("===", "all_eq"), eq, True),
    (("!=", "ne", "all_ne"), ne, True),
    (("!==", "any_ne", "~="), ne, False),
    (("<", "lt"), lt, False),
    (("<=", "le"), le, False),
    ((">", "gt"), gt, False),
    ((">=", "ge"), ge, False),
]
"""Spellings, meaning, and whether it is asked of all values of a field."""


def compare(relation: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """Compare two values; addresses have an order within their version only."""
    if isinstance(left, tuple) and relation not in (eq, ne) and left[0] != right[0]:
        return False
    return relation(left, right)


def asked(values: Sequence[Any], every: bool, holds: Callable[[Any], bool]) -> bool:  # noqa: FBT001 - a table's entry
    """Whether it holds of any value, or of all where there are some."""
    return bool(values) and (all if every else any)(map(holds, values))


# ---- random filters ------------------------------------------------------------------------------


@st.composite
def presences(draw: st.DrawFn) -> Filter:
    """Draw a field alone."""
    field = draw(st.sampled_from(FIELDS))
    return Filter(field.name, TEST, lambda fact: bool(field.values(fact)))


@st.composite
def comparisons(draw: st.DrawFn) -> Filter:
    """Draw a field compared with a literal, now and then with the word `any` or `all`."""
    field, (spellings, relation, every) = draw(st.sampled_from(VALUED)), draw(st.sampled_from(RELATIONS))
    assert field.kind is not None
    literal, value = draw(st.sampled_from(list(field.kind.literals.items())))
    word = draw(st.sampled_from(["", "", "any ", "all "]))
    every = {"": every, "any ": False, "all ": True}[word]
    text = f"{word}{field.name} {draw(st.sampled_from(spellings))} {literal}"
    return Filter(
        text,
        TEST,
        lambda fact: asked(field.values(fact), every, lambda found: compare(relation, found, value)),
    )


@st.composite
def two_fields(draw: st.DrawFn) -> Filter:
    """Draw two fields of one kind, compared."""
    field = draw(st.sampled_from(VALUED))
    other = draw(st.sampled_from([candidate for candidate in VALUED if candidate.kind is field.kind]))
    spellings, relation, every = draw(st.sampled_from(RELATIONS))
    text = f"{field.name} {draw(st.sampled_from(spellings))} {other.name}"

    def holds(fact: Fact) -> bool:
        right = other.values(fact)
        return asked(
            field.values(fact), every, lambda a: asked(right, every, lambda b: compare(relation, a, b))
        )

    return Filter(text, TEST, holds)


@st.composite
def memberships(draw: st.DrawFn) -> Filter:
    """Draw a field in a set of values and ranges, or not in one."""
    field = draw(st.sampled_from(VALUED))
    assert field.kind is not None
    literals = list(field.kind.literals.items())
    texts: list[str] = []
    ranges: list[tuple[Any, Any]] = []
    for _ in range(draw(st.integers(1, 4))):
        low, high = sorted(
            draw(st.tuples(st.sampled_from(literals), st.sampled_from(literals))), key=lambda item: item[1]
        )
        if draw(st.booleans()) or (isinstance(low[1], tuple) and low[1][0] != high[1][0]):
            high = low
        texts.append(
            low[0] if low is high else draw(st.sampled_from(["{}..{}", "{} .. {}"])).format(low[0], high[0])
        )
        ranges.append((low[1], high[1]))
    negated = draw(st.booleans())
    joint = draw(st.sampled_from([", ", ",", " "]))
    text = f"{field.name} {'not ' if negated else ''}in {{{joint.join(texts)}}}"

    def holds(fact: Fact) -> bool:
        return negated != any(low <= value <= high for value in field.values(fact) for low, high in ranges)

    return Filter(text, TEST, holds)


@st.composite
def networks(draw: st.DrawFn) -> Filter:
    """Draw a field of addresses in a network."""
    field = draw(st.sampled_from([field for field in VALUED if field.kind is ADDRESS]))
    network = ip_network(
        f"{draw(st.sampled_from(ADDRESSES))}/{draw(st.sampled_from([0, 4, 8, 30, 31, 32]))}", strict=False
    )
    low, high = (model.address_key(str(network[index])) for index in (0, -1))
    negated = draw(st.booleans())
    text = f"{field.name} {'!=' if negated else '=='} {network}"
    return Filter(
        text, TEST, lambda fact: asked(field.values(fact), negated, lambda v: negated != (low <= v <= high))
    )


@st.composite
def masks(draw: st.DrawFn) -> Filter:
    """Draw some bits of a number, or some octets of a MAC address."""
    if draw(st.booleans()):
        field = draw(st.sampled_from([field for field in VALUED if field.kind in (CONTROL, PORT, LENGTH)]))
        mask, wanted = draw(st.integers(0, 255)), draw(st.integers(0, 255))
        if draw(st.booleans()):
            return Filter(
                f"{field.name} & {mask}", TEST, lambda fact: any(v & mask for v in field.values(fact))
            )
        return Filter(
            f"{field.name} & {mask:#x} == {wanted}",
            TEST,
            lambda fact: any(v & mask == wanted for v in field.values(fact)),
        )
    field = draw(st.sampled_from([field for field in VALUED if field.kind is MAC]))
    start = draw(st.integers(0, 5))
    count = draw(st.integers(1, 6 - start))
    whole = draw(st.sampled_from(list(MAC.literals)))
    octets = whole.split(":")[start : start + count]
    form = draw(st.sampled_from([f"{start}:{count}", f"{start}-{start + count - 1}"]))
    text = f"{field.name}[{form}] == {draw(st.sampled_from(':-.')).join(octets)}"

    def part(value: int) -> str:
        return f"{value:012x}"[2 * start : 2 * (start + count)]

    return Filter(text, TEST, lambda fact: any(part(v) == "".join(octets) for v in field.values(fact)))


def negation(inside: Filter, form: str) -> Filter:
    """Return what does not select what another one selects."""
    return Filter(form.format(inside.inside(TEST)), TEST, lambda fact: not inside.holds(fact))


def joined(parts: list[Filter], level: int, joint: str) -> Filter:
    """Return several as one, with `and` or `or`."""
    combine = all if level == AND else any
    text = joint.join(part.inside(level) for part in parts)
    return Filter(text, level, lambda fact: combine(part.holds(fact) for part in parts))


TESTS = st.one_of(presences(), comparisons(), comparisons(), two_fields(), memberships(), networks(), masks())


def filters() -> st.SearchStrategy[Filter]:
    """Return whole filters, with no more parentheses than they need, or a few more."""

    def extended(inside: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(inside, min_size=2, max_size=4)
        return st.one_of(
            st.builds(negation, inside, st.sampled_from(["!{}", "not {}", "! {}", "!!!{}"])),
            st.builds(joined, several, st.just(AND), st.sampled_from([" && ", " and ", "&&", "\n and\t"])),
            st.builds(joined, several, st.just(OR), st.sampled_from([" || ", " or ", "||"])),
            st.builds(lambda part: Filter(f"({part.text})", TEST, part.holds), inside),
        )

    return st.recursive(TESTS, extended, max_leaves=8)
