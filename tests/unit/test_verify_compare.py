"""A frame beside Wireshark's dissection of it: what counts as a difference, and what explains one."""

from __future__ import annotations

import shutil
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from vxinspect import cli
from vxinspect.verify.compare import Difference, differences
from vxinspect.verify.dissection import FIELDS, Dissection, Layer, as_overlay
from vxinspect.verify.errors import VerifyError
from vxinspect.verify.run import Comparison
from vxinspect.verify.sample import pyshark_version, sample_of
from vxinspect.verify.tshark import Tshark, _layers, find_tshark

if TYPE_CHECKING:
    from collections.abc import Mapping


def ours(**changes: Any) -> dict[str, Any]:
    """Return a row of a sound packet in VNI 100."""
    row: dict[str, Any] = {
        "number": 1,
        "wire_length": 124,
        "captured_length": 124,
        "disposition": "vxlan",
        "reason": None,
        "notes": [],
        "encapsulation": "vxlan",
        "vni": 100,
        "src_vtep": "192.0.2.1",
        "dst_vtep": "192.0.2.2",
        "outer_src_port": 50_000,
        "udp_port": 4789,
        "src_mac": "02:00:00:00:00:01",
        "dst_mac": "02:00:00:00:00:02",
        "src_ip": "10.0.0.1",
        "dst_ip": "10.0.0.2",
        "src_port": 40_000,
        "dst_port": 80,
        "inner_length": 74,
        "payload_length": 20,
    }
    return row | changes


OUTSIDE = (
    Layer("eth", {"eth.src": "02:00:00:00:00:a1", "eth.dst": "02:00:00:00:00:a2"}),
    Layer("ip", {"ip.src": "192.0.2.1", "ip.dst": "192.0.2.2", "ip.len": "110"}),
    Layer("udp", {"udp.srcport": "50000", "udp.dstport": "4789", "udp.length": "90"}),
)
VXLAN = Layer("vxlan", {"vxlan.vni": "100"})
INSIDE = (
    Layer("eth", {"eth.src": "02:00:00:00:00:01", "eth.dst": "02:00:00:00:00:02"}),
    Layer("ip", {"ip.src": "10.0.0.1", "ip.dst": "10.0.0.2", "ip.len": "60"}),
    Layer("tcp", {"tcp.srcport": "40000", "tcp.dstport": "80", "tcp.len": "20"}),
)


def theirs(*layers: Layer, wire: int = 124) -> Dissection:
    """Return Wireshark's view of the same packet, or of these layers."""
    return Dissection(1, wire, layers or (*OUTSIDE, VXLAN, *INSIDE))


def whys(row: Mapping[str, Any], seen: Dissection, ports: tuple[int, ...] = (4789,)) -> list[str | None]:
    """Return the reasons of the differences."""
    return [found.why for found in differences(row, seen, ports)]


def test_equal_frames_agree() -> None:
    """No difference, and none for another way to write an address."""
    assert differences(ours(), theirs(), [4789]) == []
    long = Layer("ipv6", {"ipv6.src": "2001:0db8:0::1", "ipv6.dst": "2001:db8::2"})
    v6 = ours(src_vtep="2001:db8::1", dst_vtep="2001:db8::2")
    assert differences(v6, theirs(OUTSIDE[0], long, OUTSIDE[2], VXLAN, *INSIDE), [4789]) == []


def test_wireshark_stops_behind_gre() -> None:
    """What it has no name for is data, in which we find VXLAN; elsewhere, data explains nothing."""
    gre, data = Layer("gre", {}), Layer("data", {})
    (known,) = whys(ours(), theirs(*OUTSIDE[:2], gre, data))
    assert known == "Wireshark does not look into what GRE carries here"
    assert whys(ours(), theirs(*OUTSIDE, data)) == [None]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("wire_length", 125),
        ("vni", 101),
        ("src_vtep", "192.0.2.3"),
        ("dst_vtep", "192.0.2.3"),
        ("outer_src_port", 1),
        ("udp_port", 8472),
        ("src_mac", "02:00:00:00:00:03"),
        ("dst_mac", None),
        ("src_ip", "10.0.0.3"),
        ("dst_ip", "10.0.0.3"),
        ("src_port", 1),
        ("dst_port", 1),
        ("inner_length", 75),
        ("payload_length", 21),
    ],
)
def test_each_field_that_differs_is_told(field: str, value: object) -> None:
    """A wrong value anywhere is a difference without an explanation."""
    row = ours(**{field: value})
    (found,) = differences(row, theirs(), [4789])
    assert (found.field, found.ours, found.why) == (field, value, None)


def test_a_packet_that_one_side_does_not_see() -> None:
    """Neither way has an explanation by itself."""
    assert differences(ours(), theirs(*OUTSIDE), [4789]) == [Difference("vxlan", "yes", "no", None)]
    stranger = ours(disposition="other", reason="other_port")
    assert differences(stranger, theirs(), [8472])[0].why is not None
    assert whys(stranger, theirs()) == [None] or "4789" in str(whys(stranger, theirs()))


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("i_flag_clear", "I flag"),
        ("vxlan_cut", "not all there"),
        ("udp_length", "contradict"),
        ("inner_truncated_header", "no frame behind"),
    ],
)
def test_what_wireshark_names_and_we_refuse(reason: str, word: str) -> None:
    """The reason why a frame is invalid or malformed here explains why Wireshark goes on."""
    (why,) = whys(ours(disposition="invalid", reason=reason), theirs())
    assert word in str(why)


def test_a_source_port_of_vxlan() -> None:
    """Wireshark asks for either port."""
    udp = Layer("udp", {"udp.srcport": "4789", "udp.dstport": "53", "udp.length": "90"})
    row = ours(disposition="other", reason="other_port")
    (why,) = whys(row, theirs(*OUTSIDE[:2], udp, VXLAN, *INSIDE))
    assert "from a VXLAN port" in str(why)
    # To a port that nobody asked for, from one that is nobody's, there is no explanation.
    other = Layer("udp", {"udp.srcport": "9", "udp.dstport": "53", "udp.length": "90"})
    assert whys(row, theirs(*OUTSIDE[:2], other, VXLAN, *INSIDE)) == [None]


def test_a_quoted_packet() -> None:
    """An ICMP error holds the beginning of the packet that it is about."""
    row = ours(disposition="other", reason="non_udp")
    (why,) = whys(row, theirs(*OUTSIDE[:2], Layer("icmp", {}), *OUTSIDE[1:], VXLAN))
    assert "ICMP" in str(why)


def test_offload_explains_lengths_alone() -> None:
    """Where a length is 0 there is nothing to compare, and nothing else is excused."""
    udp = Layer("udp", {"udp.srcport": "50000", "udp.dstport": "4789", "udp.length": "0"})
    row = ours(notes=["offload"], inner_length=70_000, payload_length=69_946)
    assert differences(row, theirs(*OUTSIDE[:2], udp, VXLAN, *INSIDE), [4789]) == []
    assert whys(row | {"vni": 7}, theirs(*OUTSIDE[:2], udp, VXLAN, *INSIDE)) == [None]
    assert "offload" in str(whys(row, theirs(*OUTSIDE)))


def test_a_cut_explains_what_is_absent_alone() -> None:
    """Under a snap length a value may be missing on one side; two values that differ are not excused."""
    cut = ours(captured_length=80, src_port=None, dst_port=None, payload_length=None)
    assert all("snap length" in str(why) for why in whys(cut, theirs()))
    assert len(whys(cut, theirs())) == 3
    assert whys(ours(captured_length=80, src_port=9), theirs()) == [None]


def test_a_layer_of_nested_vxlan_must_fit_as_a_whole() -> None:
    """Ours may be either layer of VXLAN in VXLAN, and no mixture of them."""
    around = (*OUTSIDE, Layer("vxlan", {"vxlan.vni": "5000"}), *OUTSIDE, VXLAN, *INSIDE)
    assert differences(ours(), theirs(*around), [4789]) == []
    assert differences(ours(vni=5000), theirs(*around), [4789]) != []


def test_reassembly_explains_fragments_alone() -> None:
    """A packet put together here is excused where Wireshark has a piece of one in hand, and nowhere else."""
    piece = Layer("ip", dict(OUTSIDE[1].fields) | {"ip.flags.mf": "0", "ip.frag_offset": "1480"})
    more = Layer("ip", dict(OUTSIDE[1].fields) | {"ip.flags.mf": "True", "ip.frag_offset": "0"})
    header = Layer("ipv6.fraghdr", {"ipv6.fraghdr.more": "0", "ipv6.fraghdr.offset": "185"})
    whole = Layer("ip", dict(OUTSIDE[1].fields) | {"ip.flags.mf": "False", "ip.frag_offset": "0"})
    row, data = ours(notes=["reassembled"]), Layer("data", {})
    for layers in ((piece,), (more,), (Layer("ipv6", {}), header)):
        assert "fragments" in str(whys(row, theirs(OUTSIDE[0], *layers, data)))
        assert "fragments" in str(
            whys(ours(disposition="fragment"), theirs(OUTSIDE[0], *layers, OUTSIDE[2], VXLAN, *INSIDE))
        )
    assert whys(row, theirs(OUTSIDE[0], whole, data)) == [None]
    assert whys(row, theirs(OUTSIDE[0], OUTSIDE[1], data)) == [None]
    assert whys(ours(disposition="fragment"), theirs(OUTSIDE[0], whole, OUTSIDE[2], VXLAN, *INSIDE)) == [None]
    # The tenant's own fragments are none of the tunnel's.
    inside = (*OUTSIDE, VXLAN, INSIDE[0], piece)
    assert whys(ours(disposition="fragment"), theirs(*inside)) == [None]


def test_geneve() -> None:
    """Its options are no part of the inner frame, and it is no VXLAN."""
    udp = Layer("udp", {"udp.srcport": "50000", "udp.dstport": "6081", "udp.length": "98"})
    geneve = Layer("geneve", {"geneve.vni": "0x000064", "geneve.options": "01:04:80:01:00:00:00:01"})
    row, seen = ours(encapsulation="geneve", udp_port=6081), theirs(*OUTSIDE[:2], udp, geneve, *INSIDE)
    assert differences(row, seen, [4789]) == []
    (found,) = differences(row | {"encapsulation": "gre/vxlan"}, seen, [4789])
    assert (found.field, found.theirs, found.why) == ("encapsulation", "gre/geneve", None)
    stranger = ours(disposition="invalid", reason="geneve_cut")
    assert "not all there" in str(whys(stranger, seen))


GRE = Layer("gre", {"gre.flags_and_version": "0x2000", "gre.proto": "0x6558", "gre.key": "0x00006409"})


def over_gre(gre: Layer, *inside: Layer) -> Dissection:
    """Return Wireshark's view of 90 bytes behind an IP header, of which GRE's are the first eight."""
    ip = Layer("ip", {**OUTSIDE[1].fields, "ip.hdr_len": "20", "ip.len": "102"})
    return theirs(OUTSIDE[0], ip, as_overlay(gre), *(inside or INSIDE))


def test_nvgre() -> None:
    """A GRE key is a subnet and a FlowID, without ports, and the length is what IP carries less eight."""
    row = ours(encapsulation="nvgre", outer_src_port=None, udp_port=None, flow_id=9)
    assert differences(row, over_gre(GRE), [4789]) == []
    for field, value in (("vni", 101), ("flow_id", 8), ("inner_length", 75), ("udp_port", 4789)):
        (found,) = differences(row | {field: value}, over_gre(GRE), [4789])
        assert (found.field, found.ours, found.why) == (field, value, None)
    # Whose ports those are that the overlay around has is no question.
    nested = over_gre(GRE, *INSIDE[:2], OUTSIDE[2], VXLAN, *OUTSIDE[:2], as_overlay(GRE), *INSIDE)
    assert differences(row | {"encapsulation": "nvgre/vxlan/nvgre"}, nested, [4789]) == []
    # Behind a datagram to another port, it is what that carries.
    stranger = ours(disposition="other", reason="other_port")
    inside = theirs(*OUTSIDE, Layer("gtp", {}), OUTSIDE[1], as_overlay(GRE), *INSIDE)
    assert whys(stranger, inside) == ["Wireshark dissects what another protocol carries"]
    assert whys(stranger, over_gre(GRE)) == [None]


def test_wireshark_stops_within_an_overlay() -> None:
    """Where it sees the outer one and not what that carries, it is not the outer one that differs."""
    row = ours(encapsulation="nvgre/gre/vxlan", flow_id=None)
    further = (INSIDE[0], OUTSIDE[1], Layer("gre", {}))
    (known,) = differences(row, over_gre(GRE, *further, Layer("data", {})), [4789])
    assert (known.field, known.why) == ("vxlan", "Wireshark does not look into what GRE carries here")
    assert None in whys(row, over_gre(GRE, *further))


@pytest.mark.parametrize(
    ("flags", "protocol"),
    [
        ("0x0000", "0x6558"),
        ("0xa000", "0x6558"),
        ("0x3000", "0x6558"),
        ("0x6000", "0x6558"),
        ("0x2001", "0x6558"),
        ("0x2000", "0x0800"),
    ],
)
def test_gre_that_is_not_nvgre(flags: str, protocol: str) -> None:
    """RFC 7637 section 3.2: K is set, C and S are not, version 0, and what is carried is Ethernet."""
    gre = Layer("gre", {**GRE.fields, "gre.flags_and_version": flags, "gre.proto": protocol})
    assert as_overlay(gre) == gre


def test_keys_that_not_every_header_has() -> None:
    """They belong to the headers that say so; where one is lacking, nobody knows whose they are."""
    columns: dict[str, list[str]] = {field: [] for fields in FIELDS.values() for field in fields}
    columns |= {"gre.flags_and_version": ["0x0000", "0x2000"], "gre.proto": ["0x6558", "0x6558"]}
    columns |= {"gre.key": ["0x00000709"]}
    layers = _layers(["gre", "eth", "ip", "gre", "eth"], columns)
    assert [layer.name for layer in layers] == ["gre", "eth", "ip", "nvgre", "eth"]
    assert (layers[3].number("vni"), layers[3].number("flow_id")) == (7, 9)
    columns |= {"gre.flags_and_version": ["0x2000", "0x2000"]}
    layers = _layers(["gre", "eth", "ip", "gre", "eth"], columns)
    assert [layer.get("vni") for layer in layers if layer.name == "nvgre"] == ["?", "?"]
    assert layers[3].number("vni") is None


def test_layers_that_tshark_leaves_out_of_its_list() -> None:
    """VXLAN-GPE is dissected, and not named; options of which nobody knows whose they are are not told."""
    columns: dict[str, list[str]] = {field: [] for fields in FIELDS.values() for field in fields}
    columns |= {"vxlan.vni": ["7", "8"], "udp.srcport": ["1", "2"], "udp.dstport": ["4790", "4789"]}
    layers = _layers(["eth", "ip", "udp", "eth", "ip", "udp", "vxlan", "eth"], columns)
    assert [(layer.name, layer.get("vni")) for layer in layers if layer.name == "vxlan"] == [
        ("vxlan", "7"),
        ("vxlan", "8"),
    ]
    assert [layer.name for layer in layers][3] == "vxlan"
    columns |= {"geneve.vni": ["1", "2"], "geneve.options": ["0104000000"]}
    layers = _layers(["geneve", "eth", "ip", "udp", "geneve"], columns)
    assert [layer.get("options") for layer in layers if layer.name == "geneve"] == ["?", "?"]
    seen = theirs(
        *OUTSIDE[:2], OUTSIDE[2], Layer("geneve", {"geneve.vni": "100", "geneve.options": "?"}), *INSIDE
    )
    assert differences(ours(encapsulation="geneve", inner_length=62), seen, [4789]) == []


def test_classes_count_frames_and_name_the_first_ten() -> None:
    """Frames with the same difference for the same reason are one class."""
    comparison = Comparison("tshark", "4.0.17")
    for number in range(1, 21):
        comparison.add(number, [Difference("vni", number, 7, None)] if number > 5 else [])
    (only,) = comparison.classes
    assert (comparison.frames, comparison.agree, comparison.unexplained, only.frames) == (20, 5, 15, 15)
    assert (only.numbers, only.ours) == ([*range(6, 16)], 6)


def test_the_sample_is_evenly_spread() -> None:
    """From the first frame on; all, where there are not more."""
    assert sample_of(10, 3) == [1, 4, 7]
    assert sample_of(3, 200) == [1, 2, 3]
    assert sample_of(1000, 4) == [1, 251, 501, 751]


def test_blocks_that_wireshark_counts_as_frames() -> None:
    """Its numbers are higher behind each of them."""
    tshark = Tshark("tshark", "4")
    tshark._strangers.extend([1, 3, 3])
    assert [tshark.number_of(frame) for frame in (1, 2, 3, 4)] == [2, 3, 6, 7]


def test_without_tshark(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what is missing and where it comes from."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(VerifyError, match="package tshark or wireshark-cli"):
        find_tshark()
    assert cli.main(["verify", "samples/two-tenants.pcap"]) == 2
    assert capsys.readouterr().err.startswith("vxinspect: verify needs tshark, which is not installed")


def test_without_pyshark(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says how to install it, and how to do without."""

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(VerifyError, match=r"pip install 'vxinspect\[verify\]', or --sample 0"):
        pyshark_version()
