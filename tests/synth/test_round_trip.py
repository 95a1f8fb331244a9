"""The truth of a synthetic capture, computed from its scenario, is what a scan of the capture counts."""

import hashlib
import json
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import scenarios
import tools
import tshark
from hypothesis import given
from hypothesis import strategies as st

import vxinspect
from vxinspect.containers import container_of
from vxinspect.synth.load import parse_scenario
from vxinspect.synth.run import Job

ALONE = {
    "black-hole",
    "one-way-tunnel",
    "overlapping-tenants",
    "mac-move",
    "mac-flap",
    "cut-mid-record",
    "tcp-reset",
}
"""Faults that change what others could befall."""
OVERLAYS = ("vxlan", "vxlan-gpe", "geneve", "nvgre")
WRAPPED = {
    "vxlan": "",
    "vxlan-gpe": 'encapsulation = "vxlan-gpe"',
    "geneve": """encapsulation = "geneve"
options = [{ class = 0x0104, type = 0x80, data = "00000001" }, { class = 1, type = 2 }]""",
    "nvgre": 'encapsulation = "nvgre"',
    "IP in vxlan-gpe": 'encapsulation = "vxlan-gpe"\nnext_protocol = "ip"',
    "IP in geneve": 'encapsulation = "geneve"\nnext_protocol = "ip"',
}
"""The keys of a VNI for each thing that may carry it."""
OF_VXLAN = {"i-flag-clear", "reserved-bits", "group-policy"}
"""Faults of a header that others do not have."""
OF_UDP = {"wrong-port", "outer-checksum-wrong", "polarised-source-ports"}
"""Faults of what NVGRE does not have."""


def made(text: str, path: Path, **how: Any) -> dict[str, Any]:
    """Write the capture of a scenario and return its truth."""
    job = Job(parse_scenario(text), "test", container_of(path.name, **how))
    job.write(str(path))
    return job.truth()


def assert_round_trip(truth: dict[str, Any], path: Path, ports: tuple[int, ...] = (4789,)) -> None:
    """Assert that a scan says what the truth says: how frames count, and every column of every table."""
    report = vxinspect.scan(path, ports=ports, checksums=True, encapsulations=OVERLAYS)
    frames = report.summary["frames"]
    assert {name: frames[name] for name in ("total", *tools.DISPOSITIONS)} == {
        name: truth["frames"][name] for name in ("total", *tools.DISPOSITIONS)
    }
    assert frames["reasons"] == truth["frames"]["reasons"]
    assert frames["encapsulations"] == truth["frames"]["encapsulations"]
    assert {name: count for name, count in frames["notes"].items() if count} == truth["frames"]["notes"]
    copies = report.summary["copies"]
    if copies["frames_examined"] == frames["total"]:
        assert {name: copies[name] for name in ("packets", "bare")} == truth["copies"]
    assert frames["incomplete_datagrams"] == truth["frames"]["incomplete_datagrams"]
    told = [{key: row[key] for key in row if key != "why"} for row in report.incomplete_datagrams]
    assert told == truth["incomplete_datagrams"]
    for name in tools.TABLES:
        rows = tools.rows(tools.table(report, name))
        columns = list(truth[name][0]) if truth[name] else []
        assert [{column: row[column] for column in columns} for row in rows] == truth[name], name
    tools.assert_conservation(report)
    flow_ids = Counter(
        (packet.vni, packet.encapsulation, packet.flow_id)
        for packet in vxinspect.packets(path, ports=ports, encapsulations=OVERLAYS)
        if packet.flow_id is not None
    )
    keys = ("vni", "encapsulation", "flow_id")
    assert flow_ids == {tuple(row[key] for key in keys): row["packets"] for row in truth["flow_ids"]}


@pytest.mark.parametrize("dont_learn", [False, True])
@pytest.mark.parametrize("applied", [False, True])
def test_group_policies(*, dont_learn: bool, applied: bool, tmp_path: Path) -> None:
    """Of a VNI, with the D and A bits: the forwarding table learns nothing where it may not."""
    keys = (
        f"group_policy = 0\ndont_learn = {str(dont_learn).lower()}\npolicy_applied = {str(applied).lower()}"
    )
    path = tmp_path / "a.pcap"
    truth = made(wrapped(scenarios.NETWORK + scenarios.LEASES, keys, ""), path)
    assert_round_trip(truth, path)
    packets = truth["frames"]["total"]
    notes = {"reserved_bits": packets, "group_policy": packets}
    notes |= {"dont_learn": packets} if dont_learn else {}
    notes |= {"policy_applied": packets} if applied else {}
    assert truth["frames"]["notes"] == notes
    (vni,) = truth["vnis"]
    assert (vni["policy_ids"], vni["macs"], len(truth["fdb"])) == ([0], *([0, 0] if dont_learn else [2, 2]))
    assert {row["mac"] for row in truth["addresses"]} == {"02:42:0a:00:00:01", "02:42:0a:00:00:02"}
    # tshark calls the three flags by their names.
    fields = ["vxlan.flag_g", "vxlan.flag_d", "vxlan.flag_a"]
    told = {tuple(frame[field][0] for field in fields) for frame in tshark.fields(path, fields)}
    assert told == {("1", str(int(dont_learn)), str(int(applied)))}


def test_ttl_changes_of_two_overlays(tmp_path: Path) -> None:
    """Between the same VTEPs, what one overlay's packets have is no change of another's."""
    path = tmp_path / "a.pcap"
    faults = scenarios.fault("overlapping-tenants") + '[[fault]]\nkind = "ttl-change"\nttl = 61\ncount = 40\n'
    truth = made(wrapped(scenarios.NETWORK, "", WRAPPED["geneve"]) + faults, path)
    assert_round_trip(truth, path)
    assert sum(row["ttl_changes"] for row in truth["underlay"]) > 0


@pytest.mark.parametrize("length", [20, 34, 38, 41, 42, 60, 90])
def test_nvgre_that_is_cut(length: int, tmp_path: Path) -> None:
    """Within its outer headers, at their end, within its own: what GRE is nobody knows without the key."""
    text = wrapped(scenarios.NETWORK, *[WRAPPED["nvgre"]] * 2)
    truth = made(f'{text}[[fault]]\nkind = "snap-length"\nlength = {length}\n', tmp_path / "a.pcap")
    assert_round_trip(truth, tmp_path / "a.pcap")
    kept = truth["frames"]
    assert (kept["vxlan"] > 0, kept["other"] > 0) == (length >= 42, 34 <= length < 42)


def test_flow_ids(tmp_path: Path) -> None:
    """As the scenario has it: one for all, or each way of a flow its own, of which there are many."""
    text = wrapped(scenarios.NETWORK, *[WRAPPED["nvgre"]] * 2)
    assert len(made(text, tmp_path / "a.pcap")["flow_ids"]) > 10
    truth = made(text + "[underlay]\nflow_id = 0\n", tmp_path / "b.pcap")
    assert_round_trip(truth, tmp_path / "b.pcap")
    assert {row["flow_id"] for row in truth["flow_ids"]} == {0}


def test_sound_traffic(tmp_path: Path) -> None:
    """Every kind of traffic, in every container."""
    for name in ("a.pcap", "a.pcapng", "a.pcap.gz", "a.pcapng.zst", "a.pcap.lz4", "a.pcapng.xz"):
        truth = made(scenarios.NETWORK, tmp_path / name, nanoseconds="ng" in name)
        assert truth["frames"]["total"] == truth["frames"]["vxlan"] > 80
        assert_round_trip(truth, tmp_path / name)


@pytest.mark.parametrize("kind", scenarios.FAULTS)
def test_each_fault(kind: str, tmp_path: Path) -> None:
    """A fault befalls frames, and the truth of the rest holds."""
    path = tmp_path / "a.pcapng"
    truth = made(scenarios.NETWORK + scenarios.fault(kind), path)
    (fault,) = truth["faults"]
    assert fault["kind"] == kind
    assert fault["frames"]
    assert_round_trip(truth, path)


def wrapped(text: str, *keys: str) -> str:
    """Return a scenario whose VNIs, one after the other, have some more keys."""
    head, *vnis = text.split("[[vni]]\n")
    return head + "".join(f"[[vni]]\n{key}\n{vni}" for key, vni in zip(keys, vnis, strict=True))


@pytest.mark.parametrize(
    ("overlay", "kind"),
    [
        (overlay, kind)
        for overlay in sorted(set(WRAPPED) - {"vxlan"})
        for kind in sorted(set(scenarios.FAULTS) - OF_VXLAN)
        # NVGRE is not over UDP.
        if not (overlay == "nvgre" and kind in OF_UDP)
    ],
)
def test_each_fault_in_other_overlays(overlay: str, kind: str, tmp_path: Path) -> None:
    """VXLAN-GPE and Geneve, with Ethernet or IP alone inside, and NVGRE count as their scenario says."""
    path = tmp_path / "a.pcap"
    truth = made(wrapped(scenarios.NETWORK, *[WRAPPED[overlay]] * 2) + scenarios.fault(kind), path)
    assert_round_trip(truth, path)
    name = overlay.rsplit(maxsplit=1)[-1]
    others = {"nested": {"vxlan": 3}}.get(kind, {})
    (number,) = (count for key, count in truth["frames"]["encapsulations"].items() if key == name)
    assert truth["frames"]["encapsulations"] == {name: number, **others}


def test_what_is_in_an_overlay_as_its_rfc_has_it(tmp_path: Path) -> None:
    """Lengths by hand: Geneve's header of 8 has options of 8 and of 4, and IP inside lacks Ethernet's 14."""
    overhead = {}
    for overlay, keys in WRAPPED.items():
        truth = made(wrapped(scenarios.NETWORK, keys, ""), tmp_path / "a.pcap")
        (row,) = truth["overhead_total"]
        overhead[overlay] = row["overhead_bytes"] / row["packets"], row["vxlan_bytes"] / row["packets"]
        (ping,) = (flow for flow in truth["flows"] if flow["protocol"] == "icmp")
        # 98 bytes with Ethernet, four there and four back.
        assert ping["inner_bytes"] == 8 * (84 if overlay.startswith("IP") else 98)
        macs = {row["mac"] for row in truth["fdb"]}
        assert len(macs) == 2
    assert overhead == {
        "vxlan": (50, 8),
        "vxlan-gpe": (50, 8),
        "geneve": (62, 20),
        "nvgre": (42, 8),
        "IP in vxlan-gpe": (50, 8),
        "IP in geneve": (50, 8),
    }


@pytest.mark.parametrize("inside", OVERLAYS)
@pytest.mark.parametrize("outside", OVERLAYS)
def test_overlays_in_overlays(outside: str, inside: str, tmp_path: Path) -> None:
    """Any in any, for example VXLAN that Geneve carries."""
    path = tmp_path / "a.pcap"
    text = wrapped(scenarios.NETWORK, WRAPPED[inside], "") + scenarios.fault("nested")
    truth = made(f'{text}encapsulation = "{outside}"\n', path)
    assert_round_trip(truth, path)
    nested = {row["vni"]: row["packets"] for row in truth["vnis"] if "/" in row["encapsulation"]}
    assert nested == {100: 3}
    assert f"{outside}/{inside}" in {row["encapsulation"] for row in truth["flows"]}


CARRIERS = {
    "mpls": ('{ kind = "mpls", labels = [16, 17, 100000] }', 12, 0),
    "pseudowire": ('{ kind = "mpls", pseudowire = "plain" }', 4, 14),
    "control word": ('{ kind = "mpls", pseudowire = "control-word" }', 8, 14),
    "pppoe": ('{ kind = "pppoe", session = 7 }', 8, 0),
    "ipip": ('{ kind = "ipip" }', 0, 20),
    "ipip over IPv6": ('{ kind = "ipip", from = "2001:db8:f::1", to = "2001:db8:f::2" }', 0, 40),
    "gre": ('{ kind = "gre" }', 4, 20),
    "gre with all": ('{ kind = "gre", key = 5, sequence = true, checksum = true }', 16, 20),
    "bridged": ('{ kind = "gre", bridged = true }', 4, 34),
    "erspan 1": ('{ kind = "erspan", type = 1 }', 4, 34),
    "erspan 2": ('{ kind = "erspan", session = 9 }', 16, 34),
    "erspan 3": ('{ kind = "erspan", type = 3 }', 20, 34),
    "all at once": (
        """{ kind = "mpls" }, { kind = "gre", key = 1 }, { kind = "mpls", pseudowire = "control-word" },
        { kind = "pppoe" }, { kind = "ipip" }""",
        *(4 + 8 + 8 + 8, 20 + 14 + 20),
    ),
}
"""Carriers with the bytes of their own headers, and of the IP and Ethernet headers that they bring."""
TOO_LARGE = {"zero-length", "snap-length"}
"""What there is no telling of in carriers: packets that their length fields cannot tell, and cut headers."""


def carried(text: str, name: str) -> str:
    """Return a scenario in carriers."""
    return f"{text}[underlay]\ncarriers = [{CARRIERS[name][0]}]\n"


@pytest.mark.parametrize("name", CARRIERS)
def test_carriers(name: str, tmp_path: Path) -> None:
    """Each is counted by its words and its bytes, and tshark finds nothing wrong with it."""
    path = tmp_path / "a.pcap"
    truth = made(carried(scenarios.NETWORK, name), path)
    assert_round_trip(truth, path)
    (row,) = truth["overhead_total"]
    own, others = CARRIERS[name][1:]
    assert row["carrier_bytes"] == own * row["packets"]
    assert row["overhead_bytes"] == (50 + own + others) * row["packets"]
    assert truth["frames"]["notes"] == {"stacked": row["packets"]}
    assert_sound_by_tshark(path)
    seen = [vni for frame in tshark.fields(path, ["vxlan.vni"]) for vni in frame["vxlan.vni"]]
    # It takes a MAC that begins with 02 for a control word, and ERSPAN for one that has a header of its own.
    if name not in ("erspan 1", "pseudowire"):
        assert len(seen) == row["packets"]


@pytest.mark.parametrize("kind", sorted(set(scenarios.FAULTS) - TOO_LARGE))
@pytest.mark.parametrize("name", ["gre", "erspan 2", "all at once"])
def test_each_fault_in_carriers(name: str, kind: str, tmp_path: Path) -> None:
    """Whatever goes wrong is counted the same, and headers where they belong."""
    path = tmp_path / "a.pcap"
    truth = made(carried(scenarios.NETWORK + scenarios.fault(kind), name), path)
    assert truth["faults"][0]["frames"]
    assert_round_trip(truth, path)


def test_snap_length_in_carriers(tmp_path: Path) -> None:
    """A mirror's frames are cut like any other, behind their headers."""
    path = tmp_path / "a.pcap"
    fault = '[[fault]]\nkind = "snap-length"\nlength = 150\n'
    truth = made(carried(scenarios.NETWORK + fault, "erspan 2"), path)
    assert truth["frames"]["notes"]["inner_cut"] == len(truth["faults"][0]["frames"]) > 20
    assert_round_trip(truth, path)


@pytest.mark.parametrize("checksum", ["zero", "valid"])
def test_ipv6_underlay(checksum: str, tmp_path: Path) -> None:
    """Over IPv6 the outer UDP checksum is what the scenario says, too."""
    text = scenarios.NETWORK.replace('"192.0.2.', '"2001:db8::').replace('"239.1.1.1"', '"ff05::1"')
    truth = made(text + f'[underlay]\nudp_checksum = "{checksum}"\n', tmp_path / "a.pcap")
    assert_round_trip(truth, tmp_path / "a.pcap")
    verdict = {"zero": "zero", "valid": "right"}[checksum]
    assert all(row[f"outer_udp_checksum_{verdict}"] == row["packets"] for row in truth["vnis"])


@given(
    st.lists(st.sampled_from(sorted(set(scenarios.FAULTS) - ALONE)), max_size=6, unique=True),
    st.integers(0, 2**63 - 1),
    st.sampled_from(["", "vlan = [10]", "vlan = [10, 20]\nudp_checksum = 'valid'", "source_port = 50001"]),
    st.tuples(st.sampled_from(["", *CARRIERS]), st.sampled_from(["", scenarios.LEASES])),
    st.tuples(*[st.sampled_from(sorted(WRAPPED))] * 2),
)
def test_any_faults_together(
    kinds: list[str], seed: int, underlay: str, more: tuple[str, str], overlays: tuple[str, str]
) -> None:
    """Whatever goes wrong at once, the truth is what a scan counts."""
    carrier, added = more
    import tempfile

    text = scenarios.NETWORK.replace("seed = 7", f"seed = {seed}")
    text = wrapped(text + added, *(WRAPPED[overlay] for overlay in overlays))
    if overlays[0] != "vxlan":
        kinds = [kind for kind in kinds if kind not in OF_VXLAN]
    if overlays[0] == "nvgre":
        kinds = [kind for kind in kinds if kind not in OF_UDP]
    if carrier:
        kinds = [kind for kind in kinds if kind not in TOO_LARGE]
        underlay += f"\ncarriers = [{CARRIERS[carrier][0]}]"
    # A short snap length hides the headers that fragments and nested packets need.
    kinds = [kind for kind in kinds if kind != "snap-length" or len(kinds) == 1]
    text += "".join(map(scenarios.fault, kinds)) + f"[underlay]\n{underlay}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pcap"
        assert_round_trip(made(text, path), path)


def test_same_scenario_same_bytes(tmp_path: Path) -> None:
    """Bytes depend on the scenario and its seed alone."""
    text = scenarios.NETWORK + "".join(scenarios.fault(kind) for kind in ("nested", "outer-fragments"))
    for name in ("a.pcap", "b.pcap"):
        made(text, tmp_path / name)
    made(text.replace("seed = 7", "seed = 8"), tmp_path / "c.pcap")
    a, b, c = ((tmp_path / f"{name}.pcap").read_bytes() for name in "abc")
    assert a == b != c


def test_tshark_agrees(tmp_path: Path) -> None:
    """The same packets are there, and no checksum is wrong that was not made so."""
    path = tmp_path / "a.pcap"
    made(scenarios.NETWORK, path)
    report = vxinspect.scan(path)
    assert tshark.reported(tools.tables(report)) == tshark.counts(tshark.observe(path))
    assert_sound_by_tshark(path)


@pytest.mark.parametrize("overlay", WRAPPED)
def test_tshark_agrees_on_other_overlays(overlay: str, tmp_path: Path) -> None:
    """It sees as many packets of each VNI, with nothing to complain of."""
    path = tmp_path / "a.pcap"
    truth = made(wrapped(scenarios.NETWORK, *[WRAPPED[overlay]] * 2), path)
    field = {"geneve": "geneve.vni", "nvgre": "gre.key"}.get(overlay.rsplit(maxsplit=1)[-1], "vxlan.vni")
    found = [int(number, 0) for frame in tshark.fields(path, [field]) for number in frame[field]]
    # A GRE key is a subnet, 24 bits, and a FlowID behind it.
    seen = [number >> 8 for number in found] if overlay == "nvgre" else found
    assert {row["vni"]: row["packets"] for row in truth["vnis"]} == Counter(seen)
    assert_sound_by_tshark(path)
    told = Counter({row["vni"] << 8 | row["flow_id"]: row["packets"] for row in truth["flow_ids"]})
    assert told == (Counter(found) if overlay == "nvgre" else Counter())


def assert_sound_by_tshark(path: Path) -> None:
    """Assert that tshark finds nothing wrong."""
    checks = [f"-o{layer}.check_checksum:TRUE" for layer in ("ip", "tcp", "udp")]
    bad = " or ".join(f"{layer}.checksum.status == 0" for layer in ("ip", "tcp", "udp", "icmp", "icmpv6"))
    command = ["tshark", "-r", str(path), *checks, "-Y", f"{bad} or tcp.analysis.flags or _ws.malformed"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == ""


def test_fragments_inside(tmp_path: Path) -> None:
    """Each fragment is a packet of the flow that its first one names: 1,400 bytes in pieces of up to 576."""
    for family, order in ((4, "forward"), (4, "reverse"), (4, "random"), (6, "random")):
        big = f"""[[traffic]]
kind = "udp"
name = "big"
from = "web"
to = "db"
start = 2
port = 2049
size = 1414
family = {family}
response = false
[[fault]]
kind = "inner-fragments"
traffic = "big"
order = "{order}"
"""
        path = tmp_path / "a.pcap"
        truth = made(scenarios.NETWORK + big, path)
        assert_round_trip(truth, path)
        (flow,) = (row for row in truth["flows"] if row["dst_port"] == 2049)
        # 552 bytes of its payload (of IPv6 528) fit into each, so there are three, each with a header.
        header = 20 if family == 4 else 40 + 8
        whole = 1400 - (20 if family == 4 else 40)
        assert (flow["packets"], flow["payload_bytes"]) == (3, whole - 8)
        assert flow["inner_bytes"] == whole + 3 * (14 + header)
        fragments = truth["faults"][0]["frames"]
        assert truth["frames"]["notes"] == {"inner_fragment": 3}
        field = "ip.frag_offset" if family == 4 else "ipv6.fraghdr.offset"
        seen = [
            (int(frame["frame.number"][0]), int(frame[field][-1], 0))
            for frame in tshark.fields(path, ["frame.number", field])
            if frame[field] and int(frame["frame.number"][0]) in fragments
        ]
        assert len(seen) == 3
        offsets = [offset for _, offset in seen]
        assert len(set(offsets)) == 3
        assert (offsets == sorted(offsets)) == (order == "forward")
        assert_sound_by_tshark(path)


@pytest.mark.parametrize("overlay", WRAPPED)
def test_leases(overlay: str, tmp_path: Path) -> None:
    """What DHCP grants is in the table `addresses`, and what tshark reads in the frames."""
    path = tmp_path / "a.pcap"
    truth = made(wrapped(scenarios.NETWORK + scenarios.LEASES, WRAPPED[overlay], ""), path)
    assert_round_trip(truth, path)
    leases = {row["ip"]: row for row in truth["addresses"] if row["lease_mac"] is not None}
    web, db = leases.pop("10.0.0.1"), leases.pop("fd00::2")
    assert not leases
    assert (web["hostname"], web["lease_s"], web["lease_server"]) == ("web.lab", 86_400, "10.0.0.2")
    assert (db["hostname"], db["lease_s"], db["lease_server"]) == ("db", 600, "fd00::1")
    assert (web["lease_mac"], db["lease_mac"]) == ("02:42:0a:00:00:01", "02:42:0a:00:00:02")
    assert "dhcp" in web["sources"]
    fields = ["dhcp.option.dhcp", "dhcp.ip.your", "dhcp.option.ip_address_lease_time", "dhcp.hw.mac_addr"]
    acks = [frame for frame in tshark.fields(path, fields) if frame["dhcp.option.dhcp"] == ["5"]]
    assert len(acks) == 2
    for frame in acks:
        assert [frame[name][0] for name in fields[1:]] == ["10.0.0.1", "86400", web["lease_mac"]]
    fields = ["dhcpv6.msgtype", "dhcpv6.iaaddr.ip", "dhcpv6.iaaddr.valid_lifetime"]
    (reply,) = (frame for frame in tshark.fields(path, fields) if frame["dhcpv6.msgtype"] == ["7"])
    assert [reply[name][0] for name in fields[1:]] == ["fd00::2", "600"]
    fields = ["dhcp.option.hostname", "dhcpv6.client_domain"]
    told = {
        name.rstrip(".") for frame in tshark.fields(path, fields) for each in fields for name in frame[each]
    }
    assert told == {"web.lab", "db"}
    assert_sound_by_tshark(path)


@pytest.mark.parametrize("length", [90, 200, 325, 333, 336, 345, 500])
def test_leases_that_are_cut(length: int, tmp_path: Path) -> None:
    """Of a message that the snap length cut, the options count that are held whole."""
    path = tmp_path / "a.pcap"
    fault = f'[[fault]]\nkind = "snap-length"\nlength = {length}\n'
    assert_round_trip(made(scenarios.NETWORK + scenarios.LEASES + fault, path), path)


TSHARK_SEES = {
    "i-flag-clear": "vxlan.flag_i == 0",
    "reserved-bits": "vxlan.gbp == 0xbad",
    "group-policy": "vxlan.flag_g == 1 and vxlan.flag_d == 1 and vxlan.flag_a == 1 and vxlan.gbp == 77",
    "inner-vlan-tag": "vlan.id == 30",
    "wrong-port": "udp.dstport == 4788",
    "inner-checksum-wrong": "tcp.checksum.status == 0 or udp.checksum.status == 0",
    "tcp-zero-window": "tcp.window_size_value == 0 and tcp.flags.reset == 0",
    "tcp-retransmission": "tcp.analysis.retransmission or tcp.analysis.spurious_retransmission",
    "tcp-reordering": "tcp.analysis.out_of_order or tcp.analysis.retransmission",
    "unexpected-source": "ip.src == 192.0.2.77",
    "vni-by-direction": "vxlan.vni == 101",
    "nested": "vxlan.vni == 5000",
    "polarised-source-ports": "udp.srcport == 50000",
    "outer-fragments": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "inner-fragments": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "missing-fragment": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "repeated-fragment": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "overlapping-fragments": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "reordered-fragments": "ip.flags.mf == 1 or ip.frag_offset > 0",
    "outer-checksum-wrong": "udp.checksum.status == 0",
    "ttl-change": "ip.ttl == 61",
    "dscp-change": "ip.dsfield.dscp == 46",
    "ecn-marks": "ip.dsfield.ecn == 3 and ip.dsfield.ecn == 2",
}


@pytest.mark.parametrize("kind", TSHARK_SEES)
def test_tshark_sees_each_fault(kind: str, tmp_path: Path) -> None:
    """The frames that the truth names are those in which tshark sees the fault."""
    path = tmp_path / "a.pcap"
    (fault,) = made(scenarios.NETWORK + scenarios.fault(kind), path)["faults"]
    checks = [f"-o{layer}.check_checksum:TRUE" for layer in ("tcp", "udp")]
    command = ["tshark", "-r", str(path), *checks, "-oip.defragment:FALSE", "-Y", TSHARK_SEES[kind]]
    done = subprocess.run(
        [*command, "-T", "fields", "-e", "frame.number"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [int(line) for line in done.stdout.split()] == fault["frames"]


def quick(path: Path, *options: str) -> dict[str, Any]:
    """Write mass traffic by the command's quick form and return its truth."""
    truth = path.with_suffix(".json")
    answer = tools.cli("generate", "-o", path, "--truth", truth, *options)
    assert answer.code == 0, answer.err
    return dict(json.loads(truth.read_text()))


@pytest.mark.parametrize(
    "options",
    [
        "--vni 100-115 --vteps 8 --flows 1K --packets 20K --sizes imix --seed 7",
        "--vni 5 --vteps 2 --flows 300 --packets 300 --sizes small",
        "--vni 5,9 --vteps 3 --flows 500 --packets 3K --sizes 1400 --rate 1000 --ipv6",
        "--vni 0,16777215 --vteps 5 --flows 1 --packets 7 --sizes 54 --port 8472",
        "--vni 1-3 --vteps 4 --flows 40K --packets 90K --seed 9",
    ],
)
def test_mass_traffic(options: str, tmp_path: Path) -> None:
    """What mass traffic adds up to, computed flow by flow, is what a scan counts packet by packet."""
    path = tmp_path / "a.pcap"
    truth = quick(path, *options.split())
    words = dict(zip(options.split()[::2], options.split()[1::2], strict=False))
    assert truth["frames"]["total"] == int(words["--packets"].replace("K", "000"))
    assert len(truth["flows"]) == int(words["--flows"].replace("K", "000"))
    assert_round_trip(truth, path, (8472,) if "8472" in options else (4789,))


def test_mass_traffic_beside_a_scenario(tmp_path: Path) -> None:
    """Both are merged by time, and the faults' frame numbers count what is between."""
    path = tmp_path / "a.pcap"
    text = scenarios.NETWORK + "[mass]\nflows = 50\npackets = 5000\nrate = 5000\n"
    text += scenarios.fault("i-flag-clear") + '[underlay]\nudp_checksum = "valid"\nvlan = [7]\n'
    truth = made(text, path)
    assert_round_trip(truth, path)
    command = ["tshark", "-r", str(path), "-Y", "vxlan.flag_i == 0", "-T", "fields", "-e", "frame.number"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert [int(line) for line in done.stdout.split()] == truth["faults"][0]["frames"]


@pytest.mark.parametrize("underlay", ["udp_checksum = 'zero'", "udp_checksum = 'valid'\nvlan = [7]"])
def test_mass_traffic_is_sound(underlay: str, tmp_path: Path) -> None:
    """Every checksum of mass traffic is right by tshark, and nothing is wrong with a tenant's TCP."""
    path = tmp_path / "a.pcap"
    text = scenarios.NETWORK.split("[[host]]", maxsplit=1)[0]
    made(text + f"[mass]\nflows = 60\npackets = 3000\nvnis = [100]\n[underlay]\n{underlay}\n", path)
    checks = [f"-o{layer}.check_checksum:TRUE" for layer in ("ip", "tcp", "udp")]
    bad = " or ".join(f"{layer}.checksum.status == 0" for layer in ("ip", "tcp", "udp"))
    command = ["tshark", "-r", str(path), *checks, "-Y", f"{bad} or tcp.analysis.flags"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == ""


def test_mass_traffic_gives_the_same_bytes(tmp_path: Path) -> None:
    """The same seed gives the same bytes, another one others."""
    digests = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        path = tmp_path / f"{name}.pcap"
        quick(path, "--packets", "5K", "--flows", "100", "--seed", seed)
        digests.append(path.read_bytes())
    assert digests[0] == digests[1] != digests[2]


def test_mass_traffic_keeps_its_bytes(tmp_path: Path) -> None:
    """The bytes of a seed are a promise to users, across machines and versions: a change of them is news."""
    path = tmp_path / "a.pcap"
    quick(path, "--packets", "5K", "--flows", "100", "--vni", "7-9", "--vteps", "3", "--seed", "1")
    digest = "426ad0fa2f3d2d2ea6b81ae9a2c3c3a2bed8a05f8298f5b508c2a2a0beb6f630"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_generate_leaves_no_file(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    """Interrupted or terminated, it says so by its exit code, and neither a file nor half of one is there."""
    path = tmp_path / "a.pcap"
    command = [tools.program(), "generate", "-o", str(path), "--packets", "100M"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while not any(file.stat().st_size for file in tmp_path.iterdir()):
            time.sleep(0.01)
        process.send_signal(sent)
        said = process.communicate(timeout=20)[1]
    assert (process.returncode, said) == (code, b"")
    assert list(tmp_path.iterdir()) == []
