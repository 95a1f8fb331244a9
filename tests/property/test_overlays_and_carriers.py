"""VXLAN-GPE, Geneve and what carries them: what holds for VXLAN, whatever is around and inside."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import containers
import reading
import tools
from containers import Record
from hypothesis import given, settings
from hypothesis import strategies as st

import vxinspect
from vxinspect.containers import Container
from vxinspect.synth.load import parse_scenario
from vxinspect.synth.run import Job

ALL = ("vxlan", "vxlan-gpe", "geneve")
NETWORK = """
seed = {seed}
vtep = [
    {{ name = "one", ip = "{net}1", mac = "02:00:c0:00:02:01" }},
    {{ name = "two", ip = "{net}2", mac = "02:00:c0:00:02:02" }},
    {{ name = "three", ip = "{net}3", mac = "02:00:c0:00:02:03" }},
]
vni = [{{ id = 100, {first} }}, {{ id = 200, {second} }}]
host = [
    {{ name = "a", vni = 100, vtep = "one", mac = "02:42:0a:00:00:01", ips = ["10.0.0.1", "fd00::1"] }},
    {{ name = "b", vni = 100, vtep = "two", mac = "02:42:0a:00:00:02", ips = ["10.0.0.2", "fd00::2"] }},
    {{ name = "c", vni = 200, vtep = "two", mac = "02:42:0a:00:00:01", ips = ["10.0.0.1"] }},
    {{ name = "d", vni = 200, vtep = "three", mac = "02:42:0a:00:00:02", ips = ["10.0.0.2"] }},
]
traffic = [
    {{ kind = "icmp", from = "a", to = "b", count = 3, resolve = true }},
    {{ kind = "dhcp", from = "a", to = "b", start = 0.05 }},
    {{ kind = "udp", name = "big", from = "a", to = "b", start = 0.1, size = 900, count = 3, {family} }},
    {{ kind = "tcp", name = "shop", from = "c", to = "d", start = 0.12, size = 300 }},
]
underlay = {{ carriers = [{carriers}] }}
{faults}
"""
CARRIERS = (
    '{ kind = "mpls", labels = [16, 17] }',
    '{ kind = "mpls", pseudowire = "control-word" }',
    '{ kind = "gre", key = 5 }',
    '{ kind = "gre", bridged = true }',
    '{ kind = "erspan" }',
    '{ kind = "erspan", type = 3 }',
    '{ kind = "ipip" }',
    '{ kind = "ipip", from = "2001:db8:f::1", to = "2001:db8:f::2" }',
)
"""Each can be inside of each but a stack of labels, which has to be in a frame."""
OVERLAYS = (
    'encapsulation = "vxlan"',
    'encapsulation = "vxlan-gpe"',
    'encapsulation = "vxlan-gpe", next_protocol = "ip"',
    'encapsulation = "geneve"',
    'encapsulation = "geneve", next_protocol = "ip"',
    'encapsulation = "geneve", options = [{ class = 1, type = 0x80, data = "00000001" }]',
)
FAULTS = (
    'kind = "nested"\nvni = 5000\nfrom = "three"\nto = "one"\nencapsulation = "geneve"\ntraffic = "big"',
    'kind = "nested"\nvni = 5000\nfrom = "three"\nto = "one"\nencapsulation = "vxlan-gpe"\ntraffic = "big"',
    'kind = "inner-fragments"\ntraffic = "big"\norder = "random"',
    'kind = "outer-fragments"\ntraffic = "big"',
    'kind = "carried"\ntraffic = "shop"\ncount = 4\ncarriers = [{ kind = "pppoe" }]',
)


@st.composite
def captures(draw: st.DrawFn) -> list[Record]:
    """Return the records of a scenario with overlays and carriers of any kind."""
    around: list[str] = []
    for carrier in draw(st.lists(st.sampled_from(CARRIERS), max_size=3)):
        if not around or "mpls" not in carrier or _brings_frame(around[-1]):
            around.append(carrier)
    faults = draw(st.lists(st.sampled_from(FAULTS), max_size=3, unique=True))
    text = NETWORK.format(
        seed=draw(st.integers(0, 2**32)),
        net=draw(st.sampled_from(["192.0.2.", "2001:db8::"])),
        first=draw(st.sampled_from(OVERLAYS)),
        second=draw(st.sampled_from(OVERLAYS)),
        family=f"family = {draw(st.sampled_from([4, 6]))}",
        carriers=", ".join(around),
        faults="".join(f"[[fault]]\n{fault}\n" for fault in faults),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pcap"
        Job(parse_scenario(text), "test", Container()).write(str(path))
        return reading.read(path.read_bytes()).records


def _brings_frame(carrier: str) -> bool:
    return any(word in carrier for word in ("pseudowire", "bridged", "erspan", "gre"))


def scan(*parts: Sequence[Record]) -> vxinspect.Report:
    """Return the report of some captures as one run, all overlays in it."""
    report = vxinspect.scan([containers.pcap(part) for part in parts], encapsulations=ALL)
    tools.assert_conservation(report)
    return report


@given(captures())
@settings(max_examples=100)
def test_every_packet_counts_in_every_table(records: list[Record]) -> None:
    """All frames are packets, or pieces of one, and the tables agree."""
    frames = scan(records).frames
    assert frames["vxlan"] + frames["fragment"] == frames["total"] == len(records)
    assert sum(frames["encapsulations"].values()) == frames["vxlan"]


@given(captures(), st.data())
@settings(max_examples=100)
def test_what_is_not_asked_for_is_other(records: list[Record], data: st.DataObject) -> None:
    """Any choice of overlays leaves the others' frames out, and no others; tables agree all the same."""
    asked = data.draw(st.sets(st.sampled_from(ALL), min_size=1))
    every = scan(records).frames["encapsulations"]
    report = vxinspect.scan(containers.pcap(records), encapsulations=sorted(asked))
    tools.assert_conservation(report)
    assert report.frames["encapsulations"] == {
        name: every[name] for name in ALL if name in asked & set(every)
    }


@given(captures(), st.data())
@settings(max_examples=100)
def test_split_anywhere(records: list[Record], data: st.DataObject) -> None:
    """Two captures of one run say what one says; sums of reports that are merged are the whole's."""
    at = data.draw(st.integers(0, len(records)))
    whole, parts = scan(records), (records[:at], records[at:])
    assert tools.content(scan(*parts)) == tools.content(whole)
    merged = scan(parts[0]).merge(scan(parts[1]))
    tools.assert_conservation(merged)
    for name in ("vnis", "tunnels", "vteps", "overhead_vni", "addresses"):
        one, other = (tools.table(report, name) for report in (merged, whole))
        assert _sums(one) == _sums(other), name


def _sums(table: vxinspect.Table) -> list[list[object]]:
    """Return what the order of packets has no say in."""
    of_order = ("rtt", "retrans", "out_of_order", "duplicate", "missing", "zero_w", "seen", "moves")
    names = [name for name in table.columns if not name.startswith(of_order) and "seen" not in name]
    return sorted(([row[name] for name in names] for row in table), key=str)


@given(captures(), st.sampled_from(["gzip", "zstd", "lz4", "xz"]))
@settings(max_examples=20)
def test_any_container(records: list[Record], kind: str) -> None:
    """pcapng, byte order, compression and threads do not matter."""
    expected = tools.content(scan(records))
    for capture in (containers.pcapng(records), containers.pcap(records, order=">")):
        report = vxinspect.scan(containers.compress(kind, capture, 2), encapsulations=ALL)
        assert tools.content(report) == expected
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pcap"
        path.write_bytes(containers.pcap(records))
        for threads in (1, 3):
            report = vxinspect.scan(path, encapsulations=ALL, threads=threads)
            assert tools.content(report) == expected
