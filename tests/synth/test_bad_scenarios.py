"""A scenario that makes no sense gets one line that names the key, what was expected and what was found."""

import re
from pathlib import Path

import pytest
import scenarios
import tools

HOST = '[[host]]\nname = "x"\nvni = 100\nvtep = "one"\nmac = "02:42:0a:00:00:07"\n'
PING = '[[traffic]]\nkind = "icmp"\nfrom = "web"\nto = "db"\n'


def fault_of_carriers(carriers: str) -> str:
    """Return the fault `carried`."""
    return f"[[fault]]\nkind = 'carried'\ncarriers = [{carriers}]"


BAD = {
    "syntax": ("a b", "no TOML: Expected '='"),
    "lists in lists": ("a = " + "[" * 5000, "no TOML: lists in lists, too many of them"),
    "a number of too many digits": ("seed = " + "9" * 5000, "no TOML: "),
    "an infinite number": (
        scenarios.NETWORK + PING + "start = inf",
        "traffic[6].start: expected a number, found inf",
    ),
    "no number": (
        scenarios.NETWORK + PING + "start = nan",
        "traffic[6].start: expected a number, found nan",
    ),
    "later than a number of nanoseconds": (
        scenarios.NETWORK + PING + "start = 1e300",
        "expected times less than a year apart, found 1e+300 seconds",
    ),
    "later than the engine's numbers": (
        scenarios.NETWORK + PING + "start = 1e10",
        "expected times less than a year apart, found 1e+10 seconds",
    ),
    "before there was time": (
        scenarios.NETWORK.replace("seed = 7", "seed = 7\nstart = 1970-01-01T00:00:00Z")
        + "[[fault]]\nkind = 'bare-copies'\ndelay = 100.0",
        "start: expected a scenario from 1970 to 2106, which pcap can hold, found a frame -100",
    ),
    "nothing": ("", "vtep: expected a value, found none"),
    "unknown key": (scenarios.NETWORK + "[underlay]\nmut = 1", "underlay.mut: expected one of the keys vlan"),
    "a word for a number": ("seed = 'x'\nvtep = []\nvni = []", "seed: expected a whole number, found 'x'"),
    "a number out of range": ("port = 70000\nvtep = []\nvni = []", "port: expected a whole number <= 65535"),
    "a word that is none": (
        scenarios.NETWORK + "[underlay]\noversize = 'drop'",
        "underlay.oversize: expected 'error' or 'fragment', found 'drop'",
    ),
    "unknown kind": (
        scenarios.NETWORK + "[[fault]]\nkind = 'gremlin'",
        "fault[0].kind: expected one of one-way-tunnel",
    ),
    "missing key of a kind": (
        scenarios.NETWORK + "[[fault]]\nkind = 'wrong-port'",
        "fault[0].port: expected a value, found none",
    ),
    "an address that is none": (
        scenarios.NETWORK.replace("192.0.2.3", "192.0.2.300"),
        "vtep[2].ip: expected an IP address, found '192.0.2.300'",
    ),
    "a MAC that is none": (
        scenarios.NETWORK + HOST.replace("02:42:0a:00:00:07", "02:42"),
        "host[2].mac: expected a MAC address",
    ),
    "a group's MAC": (scenarios.NETWORK + HOST.replace("02:42", "03:42"), "host[2].mac: expected the MAC"),
    "the same name twice": (
        scenarios.NETWORK + HOST.replace('"x"', '"web"'),
        "host[2].name: expected a name",
    ),
    "a VTEP that is not there": (
        scenarios.NETWORK + HOST.replace('"one"', '"ten"'),
        "host[2].vtep: expected the VTEP one or two or three, found 'ten'",
    ),
    "a host that is not there": (
        scenarios.NETWORK + PING.replace('"db"', '"dbb"'),
        "traffic[6].to: expected the host web or db, found 'dbb'",
    ),
    "hosts behind one VTEP": (
        scenarios.NETWORK + HOST + 'ips = ["10.0.0.7"]\n' + PING.replace('"db"', '"x"'),
        "traffic[6]: expected hosts behind different VTEPs, found both behind 'one'",
    ),
    "more faults than packets": (
        scenarios.NETWORK + "[[fault]]\nkind = 'tcp-zero-window'\ntraffic = 'shop'\ncount = 5000",
        "fault[0].count: expected at most",
    ),
    "a traffic that is not there": (
        scenarios.NETWORK + "[[fault]]\nkind = 'i-flag-clear'\ntraffic = 'shoe'",
        "fault[0].traffic: expected the name of a traffic",
    ),
    "frames without room for headers": (
        scenarios.NETWORK + PING + "size = 20",
        "traffic[6].size: expected at least 42, the length of the headers, found 20",
    ),
    "an MTU that is too small": (
        scenarios.NETWORK + "[underlay]\nmtu = 600",
        "underlay.mtu: expected at least",
    ),
    "an overlay that is none": (
        scenarios.NETWORK.replace("id = 100", 'id = 100\nencapsulation = "stt"'),
        "vni[0].encapsulation: expected 'geneve' or 'nvgre' or 'vxlan' or 'vxlan-gpe', found 'stt'",
    ),
    "IP in VXLAN": (
        scenarios.NETWORK.replace("id = 100", 'id = 100\nnext_protocol = "ip"'),
        "vni[0].next_protocol: expected 'ethernet', as VXLAN has no other, found 'ip'",
    ),
    "IP in NVGRE": (
        scenarios.NETWORK.replace("id = 100", 'id = 100\nencapsulation = "nvgre"\nnext_protocol = "ip"'),
        "vni[0].next_protocol: expected 'ethernet', as NVGRE has no other, found 'ip'",
    ),
    "a UDP port of NVGRE": (
        scenarios.NETWORK.replace("id = ", 'encapsulation = "nvgre"\nid = ')
        + "[[fault]]\nkind = 'wrong-port'\nport = 6082",
        "fault[0].count: expected at most 0, for so many packets over UDP can have it, found 1",
    ),
    "source ports of NVGRE": (
        scenarios.NETWORK.replace("id = ", 'encapsulation = "nvgre"\nid = ')
        + "[[fault]]\nkind = 'polarised-source-ports'\nport = 50000",
        "fault[0]: expected a tunnel with packets over UDP, found none",
    ),
    "a FlowID of 9 bits": (
        scenarios.NETWORK + "[underlay]\nflow_id = 256",
        "underlay.flow_id: expected",
    ),
    "a carrier that is NVGRE beside NVGRE": (
        scenarios.NETWORK.replace("id = 100", 'id = 100\nencapsulation = "nvgre"')
        + "[underlay]\ncarriers = [{ kind = 'gre', key = 5, bridged = true }]",
        "underlay.carriers[0].key: expected no key, or a sequence number or a checksum too, for NVGRE",
    ),
    "options of VXLAN": (
        scenarios.NETWORK.replace("id = 100", "id = 100\noptions = [{ class = 1, type = 2 }]"),
        "vni[0].options: expected a VNI of Geneve, found one of vxlan",
    ),
    "group policy in Geneve": (
        scenarios.NETWORK.replace("id = 100", 'id = 100\ngroup_policy = 7\nencapsulation = "geneve"'),
        "vni[0].group_policy: expected a VNI of VXLAN, found one of geneve",
    ),
    "a bit of a policy without a policy": (
        scenarios.NETWORK.replace("id = 100", "id = 100\ndont_learn = true"),
        "vni[0].dont_learn: expected a group_policy, of which it is a part, found none",
    ),
    "half an option": (
        scenarios.NETWORK.replace(
            "id = 100",
            'id = 100\nencapsulation = "geneve"\noptions = [{ class = 1, type = 2, data = "0102" }]',
        ),
        "vni[0].options[0].data: expected up to 124 bytes in hexadecimal digits, a multiple of 4",
    ),
    "more options than a header holds": (
        scenarios.NETWORK.replace(
            "id = 100",
            'id = 100\nencapsulation = "geneve"\noptions = ['
            f'{{ class = 1, type = 2, data = "{"00" * 120}" }}, '
            f'{{ class = 1, type = 3, data = "{"00" * 124}" }}, {{ class = 1, type = 4 }}]',
        ),
        "vni[0].options: expected at most 252 bytes with their headers of 4, found 256",
    ),
    "a port that VXLAN has": (
        "port = 6081\n" + scenarios.NETWORK.replace("id = 100", 'id = 100\nencapsulation = "geneve"'),
        "vni[0].encapsulation: expected another overlay, for VXLAN has the UDP port 6081 here",
    ),
    "a wrong port that is right": (
        scenarios.NETWORK + "[[fault]]\nkind = 'wrong-port'\nport = 6081",
        "fault[0].port: expected a port that is no overlay's here, found 6081",
    ),
    "what Geneve would be seen in": (
        scenarios.NETWORK + PING.replace("icmp", "udp") + "port = 6081",
        "traffic[6].port: expected another UDP port than Geneve's, found 6081",
    ),
    "I flag of Geneve": (
        scenarios.NETWORK.replace("id = 100", 'id = 100\nencapsulation = "geneve"')
        + "[[fault]]\nkind = 'i-flag-clear'",
        "fault[0].count: expected at most 0, for so many packets of VXLAN or VXLAN-GPE can have it, found 1",
    ),
    "mass traffic in Geneve": (
        scenarios.NETWORK.replace("id = 100", 'id = 100\nencapsulation = "geneve"')
        + "[mass]\nflows = 1\npackets = 1",
        "mass.vnis: expected VNIs of VXLAN, found 100 of geneve",
    ),
    "a carrier that is none": (
        scenarios.NETWORK + "[underlay]\ncarriers = [{ kind = 'l2tp' }]",
        "underlay.carriers[0].kind: expected one of mpls, gre, erspan, ipip, pppoe, found 'l2tp'",
    ),
    "labels that cannot carry PPPoE": (
        scenarios.NETWORK + "[underlay]\ncarriers = [{ kind = 'mpls' }, { kind = 'pppoe' }]",
        "underlay.carriers[1].kind: expected a carrier in IP, for mpls brings no frames, found 'pppoe'",
    ),
    "a reserved label": (
        scenarios.NETWORK + "[underlay]\ncarriers = [{ kind = 'mpls', labels = [3] }]",
        "underlay.carriers[0].labels[0]: expected a whole number >= 16, found 3",
    ),
    "a carrier from nowhere": (
        scenarios.NETWORK + "[underlay]\ncarriers = [{ kind = 'gre', from = 'here' }]",
        "underlay.carriers[0].from: expected an IP address, found 'here'",
    ),
    "a carrier between two worlds": (
        scenarios.NETWORK + fault_of_carriers('{ kind = "ipip", to = "2001:db8::1" }'),
        "fault[0].carriers[0].to: expected an IPv4 address, as from is one, found '2001:db8::1'",
    ),
    "nothing that carries": (
        scenarios.NETWORK + fault_of_carriers(""),
        "fault[0].carriers: expected a list of length >= 1, found a list",
    ),
    "too large for a carrier": (
        scenarios.NETWORK
        + "[[fault]]\nkind = 'zero-length'\ntraffic = 'shop'\n[underlay]\ncarriers = [{ kind = 'gre' }]",
        "underlay.carriers: expected packets of at most 65535 bytes in carriers, found 70060, of shop",
    ),
    "mass traffic in carriers": (
        scenarios.NETWORK
        + "[mass]\nflows = 1\npackets = 1\nvnis = [100]\n[underlay]\ncarriers = [{ kind = 'gre' }]",
        "underlay.carriers: expected none beside mass, found some",
    ),
    "a lease for no address": (
        scenarios.NETWORK.replace('ips = ["10.0.0.1", "fd00::1"]', "ips = []").split("[[traffic]]")[0]
        + PING.replace("icmp", "dhcp"),
        "traffic[0]: expected hosts that both have an IPv4 or IPv6 address, found none",
    ),
    "a name that is none": (
        scenarios.NETWORK + PING.replace("icmp", "dhcp") + 'hostname = "a b"',
        "traffic[6].hostname: expected text matching regex",
    ),
    "no large packets inside": (
        scenarios.NETWORK + "[[fault]]\nkind = 'inner-fragments'\ntraffic = 'ping'",
        "fault[0].count: expected at most 0, for so many inner packets of UDP and echoes that an MTU of 576",
    ),
    "a time without its zone": (
        "start = 2026-01-01T00:00:00\nvtep = []\nvni = []",
        "start: expected a time with its zone",
    ),
    "a time that no capture holds": (
        "start = 1950-01-01T00:00:00Z\n" + scenarios.NETWORK,
        "start: expected a time from 1970 to 2105",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_one_line_names_the_key(case: str, tmp_path: Path) -> None:
    """One line, exit code 2, and no file, whole or half."""
    text, expected = BAD[case]
    scenario, out = tmp_path / "bad.toml", tmp_path / "out"
    scenario.write_text(text)
    out.mkdir()
    answer = tools.cli("generate", scenario, "-o", out / "a.pcap", "--truth", out / "a.json")
    assert answer.code == 2
    assert answer.out == b""
    (line,) = answer.errors
    assert line.startswith(f"vxinspect: {scenario}: {expected}"), line
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["a.txt", "a", "a.gz", "a.pcap.bz2"])
def test_name_without_a_format(name: str, tmp_path: Path) -> None:
    """The name tells the format, and one that tells none is a usage error."""
    scenario = tmp_path / "good.toml"
    scenario.write_text(scenarios.NETWORK)
    answer = tools.cli("generate", scenario, "-o", tmp_path / name)
    assert answer.code == 2
    assert re.match(r"vxinspect: --output: expected a name that ends in \.pcap or \.pcapng", answer.errors[0])
    assert not (tmp_path / name).exists()


def test_through_a_pipe(tmp_path: Path) -> None:
    """`generate -o -` writes a capture that `summary` reads, and says how many frames it has."""
    scenario = tmp_path / "good.toml"
    scenario.write_text(scenarios.NETWORK)
    written = tools.cli("generate", scenario, "-o", "-", "--write-format", "pcapng")
    assert written.code == 0
    (row,) = tools.cli_json("overhead", stdin=written.out)
    assert written.errors == [f"-: {row['packets']:,} frames"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """The truth takes neither the scenario's place nor the capture's."""
    scenario, out = tmp_path / "good.toml", tmp_path / "a.pcap"
    scenario.write_text(scenarios.NETWORK)
    for truth in (scenario, out):
        answer = tools.cli("generate", scenario, "-o", out, "--truth", truth)
        assert answer.code == 2
        assert "cannot be written and be the scenario or the capture too" in answer.errors[0]
    assert scenario.read_text() == scenarios.NETWORK
    assert not out.exists()


def test_few_packets_need_no_flows(tmp_path: Path) -> None:
    """Without --flows there are no more flows than packets."""
    answer = tools.cli("generate", "--packets", "10", "-o", tmp_path / "a.pcap")
    assert (answer.code, answer.errors) == (0, [f"{tmp_path / 'a.pcap'}: 10 frames"])
