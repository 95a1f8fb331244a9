"""`-Y` selects the frames that tshark's own `-Y` displays, field by field translated into its names.

The captures are plain: one VXLAN header over IPv4, nothing cut, nothing that tshark dissects deeper than
we do. In them Wireshark's first Ethernet and UDP layer is the outer one, and the second is the inner
one. Inner IP is of one version in a capture, because our fields for it are of both, and no inner tag is
802.1ad's, which Wireshark calls otherwise.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import containers
import packets
import pytest
import showcase
import strategies
import tshark
from inner import InnerIp
from packets import Frame, Packet
from test_tshark_agrees import plain, whole

import vxinspect

pytestmark = pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")


@dataclass(frozen=True)
class Field:
    """A field by our name and by tshark's; literals that both read alike, none where it has no value."""

    ours: str
    theirs: str
    literals: tuple[str, ...] = ()
    integer: bool = False


V4 = (*strategies.VTEPS[4], *strategies.IPS[4], "239.1.1.1", "255.255.255.255")
V6 = (*strategies.IPS[6], "ff02::1", "::")
MACS = (*strategies.MAC_SOURCES, *strategies.MAC_TARGETS)
PORTS = ("53", "80", "81", "5201", "0", "65535", "0x50")
DSCPS = ("0", "10", "46", "0x2e", "63")
LENGTHS = ("60", "92", "114", "128", "358", "1500", "0x80")
TIME = '"2023-11-14T22:14:20Z"'  # among those of `strategies`


def ends(
    ours: str, theirs: str, literals: tuple[str, ...], names: str, *, integer: bool = False
) -> list[Field]:
    """Return the field of both ends, and that of each."""
    return [
        Field(ours.replace("END", name), theirs.replace("END", name), literals, integer)
        for name in names.split()
    ]


COMMON = [
    Field("frame.len", "frame.len", LENGTHS, integer=True),
    Field("frame.time", "frame.time", (TIME,)),
    Field("vni", "vxlan.vni", ("0", "1", "100", "200", "300", "16777215"), integer=True),
    *ends("outer.eth.END", "eth.END#1", ("02:00:00:00:00:01", "02:00:00:00:00:09"), "src"),
    *ends("outer.ip.END", "ip.END#1", V4, "addr src dst"),
    Field("outer.ip.len", "ip.len#1", LENGTHS, integer=True),
    Field("outer.ip.ttl", "ip.ttl#1", ("1", "63", "64"), integer=True),
    Field("outer.ip.dscp", "ip.dsfield.dscp#1", DSCPS, integer=True),
    Field("outer.ip.ecn", "ip.dsfield.ecn#1", ("0", "1", "2", "3"), integer=True),
    Field("outer.ip.flags.df", "ip.flags.df#1", ("0", "1")),
    Field("outer.ip.hdr_len", "ip.hdr_len#1", ("20", "24", "28"), integer=True),
    *ends("outer.udp.END", "udp.END#1", (*PORTS, "4789", "50001"), "port srcport dstport", integer=True),
    *ends("inner.eth.END", "eth.END#2", MACS, "addr src dst"),
    Field("inner.vlan", "vlan"),
    Field("inner.vlan.id", "vlan.id#1", ("10", "11", "4095"), integer=True),
    Field("inner.arp", "arp"),
    Field("inner.arp.src", "arp.src.proto_ipv4", V4),
    Field("inner.arp.dst", "arp.dst.proto_ipv4", V4),
    Field("tcp", "tcp"),
    *ends("tcp.END", "tcp.END", PORTS, "port srcport dstport", integer=True),
    Field("tcp.flags", "tcp.flags", ("0", "0x02", "0x12", "0x18", "255"), integer=True),
    *ends("tcp.flags.END", "tcp.flags.END", ("0", "1", "True"), "fin syn reset push ack urg"),
    Field("tcp.len", "tcp.len", ("0", "1", "16", "64"), integer=True),
    *ends("udp.END", "udp.END#2", PORTS, "port srcport dstport", integer=True),
    Field("sctp", "sctp"),
    *ends("sctp.END", "sctp.END", PORTS, "port srcport dstport", integer=True),
]
FIELDS = {
    4: [
        *COMMON,
        Field("inner.ip", "ip.src#2"),
        *ends("inner.ip.END", "ip.END#2", V4, "addr src dst"),
        Field("inner.ip.dscp", "ip.dsfield.dscp#2", DSCPS, integer=True),
        Field("inner.ip.ecn", "ip.dsfield.ecn#2", ("0", "1", "2", "3"), integer=True),
        Field("inner.ip.proto", "ip.proto#2", ("6", "17", "1", "132"), integer=True),
        Field("icmp", "icmp"),
        Field("igmp", "igmp"),
    ],
    6: [
        *COMMON,
        Field("inner.ip", "ipv6"),
        *ends("inner.ip.END", "ipv6.END", V6, "addr src dst"),
        Field("inner.ipv6", "ipv6"),
        *ends("inner.ipv6.END", "ipv6.END", V6, "addr src dst"),
        Field("icmpv6", "icmpv6"),
    ],
}
"""Of captures with this version of IP inside."""
RELATIONS = (
    *("==", "eq", "any_eq", "!=", "ne", "all_ne", "===", "all_eq", "!==", "any_ne", "~="),
    *("<", "lt", "<=", "le", ">", "gt", ">=", "ge"),
)
Both = tuple[str, str]
"""One filter, in our names and in tshark's."""


class Maker:
    """Makes random filters, the same ones for the same seed."""

    def __init__(self, version: int) -> None:
        self.random = Random(version)  # noqa: S311 - nothing secret
        self.fields = FIELDS[version]
        self.valued = [field for field in self.fields if field.literals]

    def test(self) -> Both:
        """Return a test of one field."""
        one = self.random.choice
        kind = one(
            ("alone", "compared", "compared", "compared", "in", "masked", "fields", "network", "slice")
        )
        field = one(self.fields if kind == "alone" else self.valued)
        form = "{}"
        match kind:
            case "compared":
                form = f"{one(('', '', 'any ', 'all '))}{{}} {one(RELATIONS)} {one(field.literals)}"
            case "in":
                form = f"{{}} {one(('in', 'not in'))} {{{{{self.members(field)}}}}}"
            case "masked":
                field = one([field for field in self.valued if field.integer])
                form = f"{{}} & {self.random.randrange(256)}{one(('', ' == 2', ' != 0x10'))}"
            case "network":
                field = one([field for field in self.valued if field.literals is V4])
                form = f"{{}} {one(('==', '!=', '!=='))} {one(V4)}/{one((0, 8, 30, 31, 32))}"
            case "slice":
                field = one([field for field in self.valued if field.literals is MACS])
                start, count = one(((0, 3), (3, 3), (0, 1), (5, 1), (1, 2)))
                octets = ":".join(one(MACS).split(":")[start : start + count])
                form = f"{{}}[{start}:{count}] {one(('==', '!='))} {octets}"
            case "fields":
                others = [other for other in self.valued if other.literals is field.literals]
                other = one(others)
                relation = one(RELATIONS)
                return f"{field.ours} {relation} {other.ours}", f"{field.theirs} {relation} {other.theirs}"
        return form.format(field.ours), form.format(field.theirs)

    def members(self, field: Field) -> str:
        """Return the values and ranges of a set."""
        values = self.random.choices(field.literals, k=self.random.randrange(1, 4))
        if field.integer:
            low, high = sorted(self.random.choices(field.literals, k=2), key=lambda text: int(text, 0))
            values.append(f"{low}..{high}")
        return ", ".join(values)

    def filter(self, depth: int) -> Both:
        """Return tests that are joined without more parentheses than the draw happens to give."""
        shape = self.random.choice(("test", "and", "or", "not", "group")) if depth else "test"
        if shape == "test":
            return self.test()
        if shape in ("not", "group"):
            (ours, theirs), sign = (
                self.filter(depth - 1),
                self.random.choice(("!", "not ", "! ")) * (shape == "not"),
            )
            return f"{sign}({ours})", f"{sign}({theirs})"
        joint = self.random.choice((" && ", " and ") if shape == "and" else (" || ", " or "))
        parts = [self.filter(depth - 1) for _ in range(self.random.randrange(2, 4))]
        return joint.join(ours for ours, _ in parts), joint.join(theirs for _, theirs in parts)


def plain_ip(body: InnerIp, version: int) -> bool:
    """Whether it is of that version; what an ICMP error quotes, tshark dissects as well."""
    return body.name == f"ipv{version}" and body.l4.quoted is None


def alike(frame: Frame, version: int) -> bool:
    """Whether tshark counts the frame as we do, and its layers have the numbers that `FIELDS` says."""
    return (
        isinstance(frame, Packet)
        and frame.outer.version == 4
        and whole(frame)
        and plain(frame)
        and not frame.inside
        and not frame.link.tags
        and not frame.carriers
        and len(frame.inner.tags) < 2
        and (not isinstance(frame.inner.body, InnerIp) or plain_ip(frame.inner.body, version))
    )


@pytest.fixture(scope="module", params=[4, 6])
def capture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """Return a capture of the showcase's frames and random ones, and the version of IP inside."""
    version: int = request.param
    frames = [*showcase.frames(), *strategies.capture("ethernet", range(400), snap=False)]
    path = tmp_path_factory.mktemp("alike") / f"{version}.pcap"
    path.write_bytes(containers.pcap(packets.records([frame for frame in frames if alike(frame, version)])))
    return version, path


def assert_alike(capture: Path, filters: list[Both]) -> list[int]:
    """Assert that both select the same frames, and return how many each filter selects."""
    with ThreadPoolExecutor(2) as pool:
        displayed = list(pool.map(lambda both: tshark.displayed(capture, both[1]), filters))
    for (ours, theirs), numbers in zip(filters, displayed, strict=True):
        selected = [packet.number for packet in vxinspect.packets(capture, select=ours)]
        assert selected == numbers, f"{ours}   which is to tshark   {theirs}"
    return [len(numbers) for numbers in displayed]


def test_each_field_is_tsharks(capture: tuple[int, Path]) -> None:
    """Every field is in the same frames, and equal in the same of them."""
    version, path = capture
    filters = [(field.ours, field.theirs) for field in FIELDS[version] if not field.literals]
    for field in FIELDS[version] if version == 4 else FIELDS[version][len(COMMON) :]:
        if field.literals:
            form = f"{{0}} && !({{0}} == {field.literals[len(field.ours) % len(field.literals)]})"
            filters.append((form.format(field.ours), form.format(field.theirs)))
    counts = assert_alike(path, filters)
    assert sum(count > 0 for count in counts) > len(counts) // 2


def test_random_filters_select_alike(capture: tuple[int, Path]) -> None:
    """Operators, precedence, sets, masks, slices and fields with two values mean what they do to tshark."""
    version, path = capture
    maker = Maker(version)
    counts = assert_alike(path, [maker.filter(2) for _ in range(24)])
    assert sum(0 < count < max(counts) for count in counts) > 5
