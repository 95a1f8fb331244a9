"""`decap`, `extract` and `encap` as other programs see what they write."""

import gzip
import io
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import containers
import craft
import packets
import pytest
import reading
import showcase
import tools
import tshark
from containers import Record
from shells import Link, Outer

import vxinspect

SAMPLES = Path(__file__).parents[2] / "samples"
SAMPLE = SAMPLES / "two-tenants.pcap"
START = 1_700_000_000 * 10**9

needs_tshark = pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")


def seen(capture: Path, names: Sequence[str], *preferences: str) -> list[list[str]]:
    """Return tshark's fields of each frame; it must not complain of the capture."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "occurrence=a"]
    for preference in preferences:
        command += ["-o", preference]
    for name in names:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120, text=True)
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("Running as user")]
    assert complaints == []
    return [line.split("\t") for line in done.stdout.splitlines()]


# ---- decap ---------------------------------------------------------------------------------------


@needs_tshark
@pytest.mark.parametrize("name", ["inner.pcap", "inner.pcapng", "inner.pcapng.gz", "inner.pcap.zst"])
def test_tshark_sees_inside_and_outside_the_same(name: str, tmp_path: Path) -> None:
    """Inner frames have the packets' time, length, MACs and addresses, and tshark has no complaint."""
    target = tmp_path / name
    answer = tools.cli("decap", SAMPLE, "-o", target)
    assert (answer.code, answer.out) == (0, b"")
    assert answer.err.decode() == f"{target}: 51 frames\n"
    inside = seen(
        target, ["frame.time_epoch", "frame.len", "eth.src", "eth.dst", "ip.src", "ip.id", "tcp.seq_raw"]
    )
    names = [
        "frame.time_epoch",
        "udp.length",
        "eth.src",
        "eth.dst",
        "ip.src",
        "ip.id",
        "tcp.seq_raw",
        "vxlan.vni",
    ]
    outside = [fields for fields in seen(SAMPLE, names) if fields[-1]]
    assert len(inside) == len(outside) == 51
    for inner, outer in zip(inside, outside, strict=True):
        assert inner[0] == outer[0]
        assert int(inner[1]) == int(outer[1]) - 16
        assert inner[2:4] == [mac.split(",")[1] for mac in outer[2:4]]
        assert inner[4:6] == [",".join(each.split(",")[1:]) for each in outer[4:6]]
        assert inner[6] == outer[6]


@needs_tshark
def test_wireshark_can_tell_and_filter_tenants(tmp_path: Path) -> None:
    """The interface is called after the VNI, and a comment names the VNI and the tunnel."""
    target = tmp_path / "inner.pcapng"
    assert tools.cli("decap", SAMPLE, "-o", target).code == 0
    fields = seen(target, ["frame.interface_name", "frame.comment"])
    vnis = [row["vni"] for row in tools.cli_json("packets", SAMPLE)]
    assert [name for name, _ in fields] == [f"vni-{vni}" for vni in vnis]
    assert {comment for _, comment in fields} == {
        f"VNI {vni}, 192.0.2.{a} -> 192.0.2.{3 - a}" for vni in (100, 200) for a in (1, 2)
    }


def test_times_stay_as_fine_as_they_are() -> None:
    """Nanoseconds are kept in pcap where the input has them; microseconds stay so unless told otherwise."""
    records = packets.records(showcase.web(7))
    records = [Record(record.time + 1, record.data, record.wire) for record in records]
    fine = containers.pcap(records, nanosecond=True)
    coarse = containers.pcap(records)
    for data, asked, expected in ((fine, (), True), (coarse, (), False), (coarse, ("--nanoseconds",), True)):
        answer = tools.cli("decap", "-o", "-", *asked, stdin=data)
        found = reading.read(answer.out)
        assert found.nanoseconds is expected
        rounded = [record.time if data is fine else record.time - 1 for record in records]
        assert [record.time for record in found.records] == rounded
    # Interfaces that come up later may be finer than what a pcap began with: that is told.
    mixed = containers.Pcapng().section().interface().packet(records[0])
    mixed.interface(tsresol=9).packet(records[1], 1)
    answer = tools.cli("decap", "-o", "-", stdin=mixed.data)
    warning = "warning: 1 frame with times cut to microseconds: --nanoseconds keeps them"
    assert answer.errors == ["-: 2 frames", warning]


def test_frames_without_a_time_are_written_and_told(tmp_path: Path) -> None:
    """Simple Packet Blocks have no time, and times before 1970 none that a capture can hold."""
    record = packets.records(showcase.web(7))[0]
    data = (
        containers.Pcapng()
        .section()
        .interface(tsoffset=-(10**10))
        .simple(record)
        .packet(Record(-5 * 10**9, record.data, record.wire))
        .data
    )
    for name in ("out.pcap", "out.pcapng"):
        answer = tools.cli("decap", "-o", tmp_path / name, stdin=data)
        assert answer.code == 0
        assert answer.errors[1] == (
            "warning: 2 frames without a time that the format can hold: written as of 1970"
        )
        assert [each.time for each in reading.read((tmp_path / name).read_bytes()).records] == [0, 0]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_split_by_vni_and_tunnel(form: str, tmp_path: Path) -> None:
    """Each VNI, or tunnel, has its frames in a capture of its own, in order; nothing else is there."""
    frames = [f for f in showcase.frames() if isinstance(f, packets.Packet)]
    source = tmp_path / "source.pcapng"
    source.write_bytes(containers.pcapng(packets.records(frames), tsresol=9))
    rows = list(tools.cli_json("packets", source))
    keys: dict[str, Any] = {
        "vni": lambda row: f"vni-{row['vni']}.{form}",
        "tunnel": lambda row: "-".join(ordered(row)).replace(":", "_") + f".{form}",
    }
    whole = reading.read(tools.cli("decap", source, "-o", "-", "--nanoseconds").out).records
    for by, key in keys.items():
        expected = defaultdict(list)
        for row, record in zip(rows, whole, strict=True):
            expected[key(row)].append(record)
        folder = tmp_path / f"by-{by}-{form}"
        answer = tools.cli(
            *("decap", source, "--split-by", by, "--write-format", form, "--nanoseconds", "-o", folder)
        )
        assert answer.code == 0, answer.err
        assert answer.errors == [f"{folder}: {len(expected)} captures, {len(whole)} frames"]
        found = {path.name: reading.read(path.read_bytes()).records for path in folder.iterdir()}
        assert found == expected
    assert any("_" in name for name in expected), "an IPv6 tunnel, whose colons are no part of the name"


def ordered(row: dict[str, Any]) -> tuple[str, str]:
    """Return a tunnel's ends as its file has them."""
    from ipaddress import ip_address

    ends = (ip_address(row["src_vtep"]), ip_address(row["dst_vtep"]))
    if ends[1].is_multicast or int(ends[0]) <= int(ends[1]):
        return str(ends[0]), str(ends[1])
    return str(ends[1]), str(ends[0])


def test_a_split_capture_can_be_compressed(tmp_path: Path) -> None:
    """Each capture of the folder is compressed as a whole, and the plain one is gone."""
    folder = tmp_path / "tenants"
    assert tools.cli("decap", SAMPLE, "--split-by", "vni", "--compress", "gzip", "-o", folder).code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["vni-100.pcapng.gz", "vni-200.pcapng.gz"]
    counts = [len(reading.read(gzip.decompress(p.read_bytes())).records) for p in sorted(folder.iterdir())]
    assert counts == [24, 27]
    assert vxinspect.decap(SAMPLE, tmp_path / "again", split_by="vni").files == {
        "vni-100.pcapng": 24,
        "vni-200.pcapng": 27,
    }


# ---- extract -------------------------------------------------------------------------------------


@needs_tshark
def test_tshark_extracts_the_same() -> None:
    """The frames of a VNI are those that tshark's own filter writes, byte for byte."""
    theirs = subprocess.run(
        ["tshark", "-n", "-r", str(SAMPLE), "-Y", "vxlan.vni == 100", "-F", "pcap", "-w", "-"],
        capture_output=True,
        check=True,
    ).stdout
    ours = tools.cli("extract", SAMPLE, "--vni", "100", "-o", "-").out
    assert reading.read(ours).records == reading.read(theirs).records
    assert len(reading.read(ours).records) == 24


@needs_tshark
def test_several_link_types_need_pcapng(tmp_path: Path) -> None:
    """A pcapng has an interface for each; a pcap has no room, says so, and is not written."""
    links = [Link(kind) for kind in ("ethernet", "sll", "raw", "sll2", "ethernet")]
    plain_frames = [f for f in showcase.frames() if isinstance(f, packets.Packet)]
    frames = [replace(f, link=link) for f, link in zip(plain_frames, links, strict=False)]
    records = packets.records(frames)
    source = tmp_path / "source.pcapng"
    source.write_bytes(containers.pcapng(records, tsresol=9))
    target = tmp_path / "out.pcapng"
    assert tools.cli("extract", source, "-o", target).code == 0
    wanted = [f.record() for f in frames if f.fact().disposition == "vxlan"]
    assert reading.read(target.read_bytes()).records == wanted
    assert len(seen(target, ["frame.number"])) == len(wanted)
    answer = tools.cli("extract", source, "-o", tmp_path / "out.pcap")
    assert answer.code == 2
    (line,) = answer.errors
    assert "pcap holds one link type, and there are ETHERNET and " in line
    assert line.endswith("pcapng holds both")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.pcapng", "source.pcapng"]


def test_pieces_before_their_first_are_extracted_with_it() -> None:
    """Fragments in any order go with their datagram; those of another port's stay behind."""
    outer = Outer("192.0.2.1", "192.0.2.2", ident=7)
    frame = showcase.web(7)[3]
    assert isinstance(frame, packets.Packet)
    pieces = [p.record() for p in packets.Packet(START, outer, 7, frame.inner).fragments(32)]
    alien = packets.Packet(START, Outer("192.0.2.1", "192.0.2.2", ident=8, port=53), 7, frame.inner)
    aliens = [p.record() for p in alien.fragments(32)]
    shuffled = [pieces[2], aliens[1], pieces[1], aliens[0], pieces[0], *pieces[3:], *aliens[2:]]
    data = containers.pcap(shuffled)
    taken = reading.read(tools.cli("extract", "-o", "-", stdin=data).out).records
    rest = reading.read(tools.cli("extract", "--invert", "-o", "-", stdin=data).out).records
    assert taken == [pieces[2], pieces[1], pieces[0], *pieces[3:]]
    assert sorted(rest, key=lambda record: record.data) == sorted(aliens, key=lambda record: record.data)


def test_an_empty_result_is_a_capture(tmp_path: Path) -> None:
    """Nothing selected: a capture without frames, of the link type that was read, and a hint."""
    for form in ("pcap", "pcapng"):
        answer = tools.cli("extract", SAMPLE, "--vni", "7", "-o", tmp_path / f"none.{form}")
        assert answer.code == 0
        assert answer.errors[1] == "hint: the selection leaves none of 51 VXLAN frames"
        report = vxinspect.scan(tmp_path / f"none.{form}")
        assert report.summary["frames"]["total"] == 0
        assert report.captures[0]["link_types"] == ["ETHERNET"]
    assert tools.cli("decap", SAMPLE, "--vni", "7", "--split-by", "vni", "-o", tmp_path / "none").code == 0
    assert list((tmp_path / "none").iterdir()) == []


# ---- encap ---------------------------------------------------------------------------------------


def plain(*payloads: bytes) -> list[Record]:
    """Return UDP datagrams between two hosts, each of its own source port."""
    found = []
    for number, payload in enumerate(payloads):
        datagram = craft.udp(1000 + number, 53, payload)
        packet = craft.ipv4("10.0.0.1", "10.0.0.2", 17, datagram)
        data = craft.ethernet("02:aa:00:00:00:02", "02:aa:00:00:00:01", 0x0800, packet)
        found.append(Record(START + number, data, len(data)))
    return found


def encapsulated(
    records: Sequence[Record], *options: str, vteps: tuple[str, str] = ("192.0.2.1", "192.0.2.2")
) -> Any:
    """Return the answer of `encap`, and what it wrote."""
    source = containers.pcap(records, nanosecond=True)
    ends = ("--src-vtep", vteps[0], "--dst-vtep", vteps[1])
    answer = tools.cli("encap", *ends, "--vni", "70000", "-o", "-", *options, stdin=source)
    assert answer.code == 0, answer.err
    return answer, reading.read(answer.out).records


def test_encap_writes_what_the_rfc_says() -> None:
    """Header by header, as RFC 7348, RFC 791 and RFC 768 have them, built by hand."""
    (record,) = plain(b"hello")
    _, (made,) = encapsulated(
        [record], "--source-port", "50000", "--src-mac", "02:00:00:00:00:0a", "--ttl", "9"
    )
    vxlan = craft.vxlan(70_000, record.data)
    datagram = craft.udp(50_000, 4789, vxlan)
    packet = bytearray(craft.ipv4("192.0.2.1", "192.0.2.2", 17, datagram))
    packet[6:9] = b"\x40\x00\x09"
    packet[10:12] = bytes(2)
    packet[10:12] = craft.number(craft.checksum(bytes(packet[:20])), 2)
    expected = craft.ethernet("02:00:00:00:00:02", "02:00:00:00:00:0a", 0x0800, bytes(packet))
    assert made == Record(record.time, expected, record.wire + 50)


@pytest.mark.parametrize(
    ("overlay", "port", "header"),
    [("vxlan-gpe", 4790, craft.vxlan_gpe(70_000, b"")), ("geneve", 6081, craft.geneve(70_000, b""))],
)
def test_encap_into_other_overlays(overlay: str, port: int, header: bytes) -> None:
    """The same outer headers, to the overlay's port; its own header as its specification has it."""
    (record,) = plain(b"hello")
    _, (usual,) = encapsulated([record])
    _, (made,) = encapsulated([record], "--encapsulation", overlay)
    expected = bytearray(usual.data)
    expected[36:38], expected[42:50] = craft.number(port, 2), header
    assert made.data == bytes(expected)
    source = containers.pcap([made], nanosecond=True)
    back = tools.cli("decap", "--encapsulation", overlay, "-o", "-", stdin=source)
    assert reading.read(back.out).records[0].data == record.data


@pytest.mark.parametrize("vteps", [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")])
@pytest.mark.parametrize("asked", [None, 0, 200])
def test_encap_into_nvgre(vteps: tuple[str, str], asked: int | None) -> None:
    """GRE with a key and nothing else in front of the frame (RFC 7637), byte for byte, and back again."""
    (record,) = plain(b"hello")
    flow_id = () if asked is None else ("--flow-id", str(asked))
    ends = ("--src-vtep", vteps[0], "--dst-vtep", vteps[1], "--vni", "70000", "--encapsulation", "nvgre")
    source = containers.pcap([record], nanosecond=True)
    answer = tools.cli("encap", *ends, *flow_id, "-o", "-", stdin=source)
    (made,) = reading.read(answer.out).records
    told = made.data[-len(record.data) - 1]
    payload = craft.nvgre(70_000, record.data, told if asked is None else asked)
    if ":" in vteps[0]:
        packet = craft.ipv6(*vteps, 47, payload)
    else:
        header = bytearray(craft.ipv4(*vteps, 47, payload)[:20])
        header[4:8], header[10:12] = b"\0\0\x40\0", b"\0\0"
        header[10:12] = craft.number(craft.checksum(bytes(header)), 2)
        packet = bytes(header) + payload
    kind = 0x86DD if ":" in vteps[0] else 0x0800
    expected = craft.ethernet("02:00:00:00:00:02", "02:00:00:00:00:01", kind, packet)
    assert made == Record(record.time, expected, record.wire + len(expected) - len(record.data))
    back = tools.cli(
        "decap", "--encapsulation", "nvgre", "-o", "-", stdin=containers.pcap([made], nanosecond=True)
    )
    assert reading.read(back.out).records == [record]


def test_encap_gives_each_flow_a_flow_id() -> None:
    """The same for all packets of one direction of a flow, and others for others."""
    records = [
        Record(
            START, craft.ethernet("02:aa:00:00:00:02", "02:aa:00:00:00:01", 0x0800, packet), len(packet) + 14
        )
        for packet in (
            craft.ipv4("10.0.0.1", "10.0.0.2", 17, craft.udp(1000 + number // 2, 9, bytes(number % 2)))
            for number in range(80)
        )
    ]
    ends: dict[str, Any] = {"src_vtep": "192.0.2.1", "dst_vtep": "192.0.2.2", "vni": 7}
    target = io.BytesIO()
    vxinspect.encap(containers.pcap(records), target, encapsulation="nvgre", **ends)
    found = [record.data[41] for record in reading.read(target.getvalue()).records]
    assert found[::2] == found[1::2]
    assert len(set(found)) > 25


def test_encap_with_what_the_overlay_does_not_have() -> None:
    """NVGRE has neither ports nor a UDP checksum, and nothing but NVGRE a FlowID."""
    ends = ("--src-vtep", "192.0.2.1", "--dst-vtep", "192.0.2.2", "--vni", "7", "-o", "-")
    source = containers.pcap(plain(b"a"))
    for options, message in (
        (("--encapsulation", "nvgre", "--port", "4789"), "--port: expected none, as NVGRE is not over UDP"),
        (
            ("--encapsulation", "nvgre", "--source-port", "5"),
            "--source-port: expected none, as NVGRE is not over UDP",
        ),
        (
            ("--encapsulation", "nvgre", "--udp-checksum", "computed"),
            "--udp-checksum: expected zero, as NVGRE is not over UDP",
        ),
        (("--flow-id", "7"), "--flow-id: expected none, as NVGRE alone has one"),
        (("--encapsulation", "nvgre", "--flow-id", "256"), "from 0 to 255"),
    ):
        answer = tools.cli("encap", *ends, *options, stdin=source)
        assert (answer.code, answer.out) == (2, b"")
        assert message in answer.err.decode()


def test_encap_with_a_port_that_the_overlay_does_not_have() -> None:
    """Nobody would look for Geneve there."""
    ends = ("--src-vtep", "192.0.2.1", "--dst-vtep", "192.0.2.2", "--vni", "7", "-o", "-")
    source = containers.pcap(plain(b"a"))
    answer = tools.cli("encap", *ends, "--encapsulation", "geneve", "--port", "4789", stdin=source)
    assert (answer.code, answer.out) == (2, b"")
    assert answer.errors == ["vxinspect: --port: expected 6081, the one of Geneve, found 4789"]
    answer = tools.cli("encap", *ends, "--encapsulation", "geneve", "--port", "6081", stdin=source)
    assert answer.code == 0
    # What they become is selected by what they are then.
    answer = tools.cli("encap", *ends, "--encapsulation", "geneve", "-Y", "vni == 8", stdin=source)
    assert reading.read(answer.out).records == []


@needs_tshark
@pytest.mark.parametrize("vteps", [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")])
@pytest.mark.parametrize("overlay", ["vxlan-gpe", "geneve", "nvgre"])
def test_tshark_finds_nothing_wrong_with_other_overlays(
    overlay: str, vteps: tuple[str, str], tmp_path: Path
) -> None:
    """It warns of nothing, and sees the VNI and the ports inside."""
    source, target = tmp_path / "plain.pcap", tmp_path / "made.pcap"
    # To a port of which it does not expect a protocol.
    records = [
        Record(
            START,
            craft.ethernet(
                "02:aa:00:00:00:02",
                "02:aa:00:00:00:01",
                0x0800,
                craft.ipv4("10.0.0.1", "10.0.0.2", 17, datagram),
            ),
            42,
        )
        for datagram in (craft.udp(1000 + number, 9, b"") for number in range(40))
    ]
    source.write_bytes(containers.pcap(records))
    ends = ["--src-vtep", vteps[0], "--dst-vtep", vteps[1], "--vni", "70000"]
    if overlay != "nvgre":
        ends += ["--udp-checksum", "computed"]
    answer = tools.cli("encap", source, *ends, "--encapsulation", overlay, "-o", target)
    assert answer.code == 0, answer.err
    field = {"geneve": "geneve.vni", "nvgre": "gre.key"}.get(overlay, "vxlan.vni")
    names = [field, "udp.srcport", "udp.checksum.status", "_ws.expert.message"]
    fields = seen(target, names, "ip.check_checksum:TRUE", "udp.check_checksum:TRUE")
    assert len(fields) == 40
    for number, each in enumerate(fields):
        assert int(each[0], 0) >> 8 * (overlay == "nvgre") == 70_000
        assert each[1].split(",")[-1] == str(1000 + number)
        # The tenant's has none, which tshark calls 3, and so has NVGRE.
        assert each[2].split(",")[0] == ("3" if overlay == "nvgre" else "1")
        assert each[3] == ""


@needs_tshark
@pytest.mark.parametrize("vteps", [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")])
def test_tshark_finds_nothing_wrong_with_encap(vteps: tuple[str, str], tmp_path: Path) -> None:
    """Checksums are good where there are any, DF is set, and the fields are those that were asked for."""
    source = tmp_path / "plain.pcap"
    source.write_bytes(containers.pcap(plain(*(bytes(size) for size in range(40)))))
    network = "ip" if "." in vteps[0] else "ipv6"
    ends = (
        "--src-vtep",
        vteps[0],
        "--dst-vtep",
        vteps[1],
        "--vni",
        "16777215",
        "--port",
        "8472",
        "--ttl",
        "3",
    )
    life = {"ip": "ip.ttl", "ipv6": "ipv6.hlim"}[network]
    names = [f"{network}.src", f"{network}.dst", life, "udp.dstport", "vxlan.vni", "udp.checksum.status"]
    names += ["ip.checksum.status", "ip.flags.df", "udp.srcport", "_ws.expert.message"]
    for checksum, status in (("zero", "3" if network == "ip" else None), ("computed", "1")):
        target = tmp_path / f"{checksum}.pcapng"
        answer = tools.cli("encap", source, *ends, "--udp-checksum", checksum, "-o", target)
        assert answer.code == 0, answer.err
        fields = seen(target, names, "ip.check_checksum:TRUE", "udp.check_checksum:TRUE")
        assert len(fields) == 40
        for each in fields:
            assert [value.split(",")[0] for value in each[:4]] == [*vteps, "3", "8472"]
            if status is not None:
                assert each[5].split(",")[0] == status
            if network == "ip":
                assert each[6].split(",")[0] == "1"
                assert each[7].split(",")[0] in ("1", "True")
        ports = {int(each[8].split(",")[0]) for each in fields}
        assert ports <= set(range(49_152, 65_536))
        assert len(ports) > 30, "flows are spread"
    report = vxinspect.scan(tmp_path / "computed.pcapng", ports=8472)
    assert report.vnis[0]["vni"] == 16_777_215
    assert report.vnis[0]["packets"] == 40


def test_a_flow_has_one_source_port() -> None:
    """Packets of one direction of a flow have the same port, whatever they carry; so has each run."""
    records = plain(b"a")
    longer = craft.ethernet(
        "02:aa:00:00:00:02",
        "02:aa:00:00:00:01",
        0x0800,
        craft.ipv4("10.0.0.1", "10.0.0.2", 17, craft.udp(1000, 53, b"b" * 9)),
    )
    _, made = encapsulated([*records, Record(START, longer, len(longer)), *plain(b"a", b"b")[1:]])
    ports = [record.data[34:36] for record in made]
    assert ports[0] == ports[1] != ports[2]
    assert encapsulated(records)[1][0].data[34:36] == ports[0]


def test_what_cannot_be_put_into_vxlan_is_left_out_and_told() -> None:
    """Too short for Ethernet, too long for 16 bits of length, and frames of other link types."""
    (whole,) = plain(b"hello")
    records = [
        Record(START, bytes(13), 13),
        whole,
        Record(START, whole.data, 65_499),
        Record(START, whole.data, 65_500),
    ]
    answer, made = encapsulated(records)
    assert [record.wire for record in made] == [whole.wire + 50, 65_549]
    assert made[1].data[16:18] == b"\xff\xff"
    assert answer.errors == [
        "-: 2 frames",
        "warning: 1 frame too short for an Ethernet header: left out",
        "warning: 1 frame too long for an outer header's 16-bit length: left out",
    ]
    _, made = encapsulated([Record(START, whole.data, 65_519)], vteps=("fd00::1", "fd00::2"))
    assert made[0].data[18:20] == b"\xff\xff"
    answer, made = encapsulated([Record(START, craft.null(4, whole.data[14:]), 40, containers.NULL)])
    assert made == []
    assert answer.errors[1] == "warning: 1 frame of another link type than Ethernet: left out"


def test_encap_selects_among_plain_frames() -> None:
    """A selection of inner addresses and ports, and a time window, hold for frames that become packets."""
    records = plain(b"a", b"b", b"c")
    assert len(encapsulated(records, "--inner-port", "1001")[1]) == 1
    assert len(encapsulated(records, "--host", "10.0.0.0/24")[1]) == 3
    assert len(encapsulated(records, "--protocol", "tcp")[1]) == 0
    assert len(encapsulated(records, "-c", "2")[1]) == 2
    assert len(encapsulated(records, "--since", "1700000000.000000001")[1]) == 2


def test_file_objects_are_written_to() -> None:
    """A target may be anything with `write`; what that raises comes through."""
    target = io.BytesIO()
    told = vxinspect.decap(SAMPLE, target)
    assert told.frames == len(reading.read(target.getvalue()).records) == 51
    assert reading.read(target.getvalue()).names[0] == "vni-200"

    class Full(io.BytesIO):
        def write(self, _: Any, /) -> int:
            raise BlockingIOError(11, "full")

    with pytest.raises(BlockingIOError):
        vxinspect.decap(SAMPLE, Full())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"vni": 1 << 24}, "vni: expected a whole number from 0 to 16777215"),
        ({"src_vtep": "somewhere"}, "src_vtep: expected an IP address"),
        ({"dst_vtep": "fd00::2"}, "dst_vtep: expected an address of the source's IP version"),
        ({"src_mac": "x"}, "src_mac: expected a MAC address"),
        ({"encapsulation": "stt"}, "encapsulation: expected one of vxlan, vxlan-gpe, geneve, nvgre"),
        ({"encapsulation": "nvgre", "flow_id": 256}, "flow_id: expected a whole number from 0 to 255"),
        ({"encapsulation": "geneve", "port": 4789}, "port: expected 6081, the one of Geneve"),
        ({"port": 0}, "port: expected a UDP port from 1 to 65535"),
        ({"ttl": 256}, "ttl: expected a whole number from 1 to 255"),
        ({"format": "erf"}, "format: expected one of pcap, pcapng"),
        ({"compression": "rar"}, "compression: expected one of gzip, zstd, lz4, xz"),
    ],
)
def test_what_makes_no_sense_is_an_option_error(asked: dict[str, Any], message: str, tmp_path: Path) -> None:
    """One line that names the argument, and no file."""
    sound: dict[str, Any] = {"src_vtep": "192.0.2.1", "dst_vtep": "192.0.2.2", "vni": 1}
    with pytest.raises(vxinspect.OptionError, match=message):
        vxinspect.encap(SAMPLE, tmp_path / "out.pcap", **(sound | asked))
    assert list(tmp_path.iterdir()) == []
