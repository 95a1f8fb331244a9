"""How TCP fares: each trap by hand, and tshark's `tcp.analysis` beside it on captures with one VNI."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import containers
import packets
import pytest
import talks
import tools
import tshark
from talks import CLIENT, SERVER, Said

import vxinspect

SAMPLES = Path(__file__).parents[2] / "samples"
MILLISECOND = 10**6


def opened(isn: int = 1000, peer: int = 5000) -> list[Said]:
    """Return a handshake of 1 ms to the server and 0.5 ms to the client."""
    return [
        Said(CLIENT, "S", isn),
        Said(SERVER, "SA", peer, isn + 1, pause=MILLISECOND),
        Said(CLIENT, "A", isn + 1, peer + 1, pause=MILLISECOND // 2),
    ]


def data(seq: int, size: int = 100, ack: int = 5001, **more: int) -> Said:
    """Return data from the client."""
    return Said(CLIENT, "PA", seq, ack, size, **more)


def scanned(talk: Sequence[Said], **how: int) -> vxinspect.Report:
    """Return the report of a capture of a connection."""
    frames = talks.packets_of(talk, **how)
    return vxinspect.scan(containers.pcap(packets.records(frames), nanosecond=True))


def health(talk: Sequence[Said]) -> dict[str, Any]:
    """Return what is not zero in the health of a connection."""
    (row,) = tools.rows(scanned(talk).flows)
    names = list(row)[list(row).index("retransmitted_fwd") : list(row).index("encapsulation")]
    return {name: row[name] for name in names if row[name] and not name.startswith("rtt")}


@pytest.mark.parametrize("late", [data(1001), Said(CLIENT, "A", 1001, 5001)])
def test_what_comes_late_takes_no_acknowledgment_back(late: Said) -> None:
    """The client acknowledged 300 bytes that the capture lost; an old segment that comes last does not."""
    talk = [*opened(), data(1001), Said(CLIENT, "A", 1101, 5301), late]
    # Only what was sent is known to be missing: the server goes on behind it.
    talk.insert(-1, Said(SERVER, "PA", 5301, 1101, 100))
    report = scanned([*talk, Said(CLIENT, "A", 1101, 5401), late])
    lost = [row for row in report.internal("losses") if row["unseen_gaps"]]
    assert [(row["unseen_gaps"], row["unseen_bytes"]) for row in lost] == [(1, 300)]
    records = packets.records(talks.packets_of([*talk, Said(CLIENT, "A", 1101, 5401), late]))
    for cut in range(1, len(records)):
        first, second = (containers.pcap(part) for part in (records[:cut], records[cut:]))
        merged = vxinspect.scan(first).merge(vxinspect.scan(second))
        found = [row["unseen_bytes"] for row in merged.internal("losses") if row["unseen_gaps"]]
        assert found == [300], cut


def test_handshake_in_halves() -> None:
    """SYN to SYN-ACK and SYN-ACK to ACK, in milliseconds; the median of the whole."""
    report = scanned(opened())
    (row,) = tools.rows(report.flows)
    assert (row["rtt_syn_ms"], row["rtt_ack_ms"]) == (1.0, 0.5)
    assert [row["rtt_ms"] for row in (*report.vnis, *report.tunnels)] == [1.5, 1.5]


def test_segment_sent_again() -> None:
    """It brings nothing new, however soon it comes."""
    for pause in (0, 10, 10**9):
        talk = [*opened(), data(1001), data(1001, pause=pause)]
        assert health(talk) == {"retransmitted_fwd": 1}


def test_overtaken_within_a_round_trip_and_lost_beyond_it() -> None:
    """What was passed over came late if it comes within 1.5 ms, and else was sent again."""
    for pause, column in ((1_400_000, "out_of_order_fwd"), (1_600_000, "retransmitted_fwd")):
        talk = [*opened(), data(1101), data(1001, pause=pause)]
        assert health(talk) == {column: 1}


def test_missing_bytes_are_those_that_never_came() -> None:
    """Of 200 bytes that were passed over, the middle 50 come."""
    talk = [*opened(), data(1201)]
    assert health(talk) == {"missing_bytes_fwd": 200}
    assert health([*talk, data(1051, 50)]) == {"missing_bytes_fwd": 150, "out_of_order_fwd": 1}


def test_sequence_numbers_wrap() -> None:
    """In order, sent again and overtaken, over the end of the numbers."""
    isn = talks.CYCLE - 51
    sound = [*opened(isn), data(isn + 1), data(isn + 101)]
    assert health(sound) == {}
    assert health([*sound, data(isn + 1)]) == {"retransmitted_fwd": 1}
    late = [*opened(isn), data(isn + 101), data(isn + 1)]
    assert health(late) == {"out_of_order_fwd": 1}


def test_syn_with_data_and_its_retry_without() -> None:
    """The data is part of the stream (RFC 7413); the bare SYN after it is a retry."""
    talk = [
        Said(CLIENT, "S", 1000, payload=50),
        Said(CLIENT, "S", 1000, pause=10**9),
        Said(SERVER, "SA", 5000, 1051),
        data(1051),
    ]
    assert health(talk) == {"syn_retries": 1, "retransmitted_fwd": 1}


def test_keep_alives_and_their_answers() -> None:
    """With and without a byte, again and again: no retransmissions, and no duplicate ACKs."""
    ask = [Said(CLIENT, "A", 1100, 5001, size, pause=10**9) for size in (0, 1, 0)]
    answer = Said(SERVER, "A", 5001, 1101)
    pairs = [said for question in ask for said in (question, answer)]
    assert health([*opened(), data(1001), answer, *pairs]) == {}


def test_zero_windows_and_their_probes() -> None:
    """The server has no room, is asked three times, and has: whether it took the byte or not."""
    full = Said(SERVER, "A", 5001, 1101, window=0)
    for size, seq in ((100, 1101), (99, 1102)):
        probes = [data(1101, 1), full, data(1101, 1), full, data(1101, 1), Said(SERVER, "A", 5001, seq)]
        talk = [*opened(), data(1001), full, *probes, data(seq, size)]
        assert health(talk) == {"zero_windows_rev": 3}


def test_ports_in_use_again() -> None:
    """A SYN with another number begins another connection: nothing of it is sent again."""
    for isn in (1050, 70_000, 4 * 10**9):
        talk = [*opened(), data(1001), *opened(isn, 9000), data(isn + 1, ack=9001)]
        assert health(talk) == {}


def test_the_same_five_tuple_in_two_vnis() -> None:
    """In turns, with the same numbers: two sound connections, where Wireshark sees one that repeats."""
    talk = [*opened(), data(1001), Said(SERVER, "A", 5001, 1101), data(1101)]
    both = zip(talks.packets_of(talk, vni=100), talks.packets_of(talk, vni=200), strict=True)
    frames = [frame for pair in both for frame in pair]
    report = vxinspect.scan(containers.pcap(packets.records(frames), nanosecond=True))
    for row in (*report.vnis, *report.tunnels):
        assert (row["retransmitted"], row["out_of_order"], row["duplicate_acks"]) == (0, 0, 0)


def test_sent_again_through_another_tunnel() -> None:
    """The connection is one; the segment counts in the tunnel that it came through."""
    report = scanned([*opened(), data(1001), data(1001, pause=10**9, tunnel=1)])
    (flow,) = tools.rows(report.flows)
    assert flow["retransmitted_fwd"] == 1
    assert {row["vtep_b"]: row["retransmitted"] for row in report.tunnels} == {"192.0.2.2": 0, "192.0.2.3": 1}


def test_capture_begins_in_the_middle() -> None:
    """What lies before the first segment is not missing, and what comes of it is told by the time."""
    assert health([data(5000), data(5100)]) == {}
    assert health([data(5000), data(4900, pause=10**9), data(4900)]) == {"retransmitted_fwd": 2}
    assert health([data(5000), data(4900, pause=10**6)]) == {"out_of_order_fwd": 1}


def test_acknowledgment_of_what_was_not_seen() -> None:
    """It makes nothing missing by itself, nor what comes behind it late."""
    talk = [*opened(), Said(SERVER, "A", 5001, 1201), data(1001), data(1101)]
    assert health(talk) == {}


def test_resets_count_and_tell_nothing_else() -> None:
    """Whatever their sequence numbers say."""
    talk = [*opened(), data(1001), Said(SERVER, "R", 77), Said(CLIENT, "RA", 10**9, 5001), data(1101)]
    assert health(talk) == {"resets_rev": 1, "resets_fwd": 1}


def test_simultaneous_open() -> None:
    """Both send SYN, then SYN-ACK with the same number (RFC 9293, section 3.5): a retry each, no more."""
    talk = [
        Said(CLIENT, "S", 1000),
        Said(SERVER, "S", 5000),
        Said(CLIENT, "SA", 1000, 5001),
        Said(SERVER, "SA", 5000, 1001),
        data(1001),
    ]
    assert health(talk) == {"syn_retries": 2, "retransmitted_fwd": 1, "retransmitted_rev": 1}


def test_snap_length_before_the_tcp_header() -> None:
    """Ports alone tell nothing: nulls, and no segments."""
    records = packets.records(talks.packets_of([*opened(), data(1001), data(1001)]))
    cut = [containers.Record(record.time, record.data[:90], record.wire, record.link) for record in records]
    report = vxinspect.scan(containers.pcap(cut))
    (flow,) = tools.rows(report.flows)
    assert flow["src_port"] == 40_000
    assert (flow["retransmitted_fwd"], flow["rtt_syn_ms"], flow["syn_retries"]) == (None, None, None)
    (vni,) = tools.rows(report.vnis)
    assert (vni["tcp_segments"], vni["retransmission_percent"]) == (0, None)


def test_times_going_backwards() -> None:
    """There is no round trip where the SYN-ACK is earlier than the SYN, and what is late is overtaken."""
    talk = [Said(CLIENT, "S", 1000), Said(SERVER, "SA", 5000, 1001, pause=-5 * MILLISECOND)]
    (row,) = tools.rows(scanned([*talk, data(1001)]).flows)
    assert row["rtt_syn_ms"] is None
    assert health([*talk, data(1101), data(1001, pause=-(10**9))]) == {"out_of_order_fwd": 1}


# ---- tshark --------------------------------------------------------------------------------------

ANALYSIS = {
    "retransmitted": ("retransmission", "fast_retransmission", "spurious_retransmission"),
    "out_of_order": ("out_of_order",),
    "duplicate_acks": ("duplicate_ack",),
    "zero_windows": ("zero_window",),
}


def analysed(capture: Path) -> Counter[str]:
    """Return how often tshark's `tcp.analysis` says what our columns count."""
    names = [f"tcp.analysis.{name}" for flags in ANALYSIS.values() for name in flags]
    counts: Counter[str] = Counter()
    for frame in tshark.fields(capture, [*names, "tcp.flags.reset"]):
        for column, flags in ANALYSIS.items():
            counts[column] += any(frame[f"tcp.analysis.{flag}"] for flag in flags)
        counts["resets"] += frame["tcp.flags.reset"] in (["1"], ["True"])
    return counts


def told(report: vxinspect.Report) -> Counter[str]:
    """Return what we count, of all VNIs together."""
    return Counter(
        {name: sum(row[name] for row in tools.rows(report.vnis)) for name in (*ANALYSIS, "resets")}
    )


@pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")
@pytest.mark.parametrize("name", ["two-tenants", "tcp-faults", "overlapping-tenants"])
@pytest.mark.parametrize("vni", [100, 200])
def test_tshark_agrees_on_each_tenant_alone(name: str, vni: int, tmp_path: Path) -> None:
    """With one VNI in the capture, tshark counts the same as we do with both."""
    alone = tmp_path / "alone.pcap"
    capture = SAMPLES / f"{name}.pcap"
    vxinspect.extract(capture, alone, select=f"vni == {vni}")
    of_both = vxinspect.scan(capture)
    (row,) = [row for row in tools.rows(of_both.vnis) if row["vni"] == vni]
    assert {column: row[column] for column in (*ANALYSIS, "resets")} == dict(analysed(alone))


@pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")
def test_tshark_agrees_on_each_trap(tmp_path: Path) -> None:
    """Where definitions are the same, so are the counts."""
    cases = {
        "again": [*opened(), data(1001), data(1001, pause=10**9)],
        "late": [*opened(), data(1101), data(1001, pause=10_000)],
        "lost": [*opened(), data(1101), data(1001, pause=10**9)],
        "repeated": [*opened(), data(1001), *[Said(SERVER, "A", 5001, 1101)] * 4],
        "closed": [*opened(), data(1001), Said(SERVER, "A", 5001, 1101, window=0)],
        "reset": [*opened(), data(1001), Said(SERVER, "RA", 5001, 1101)],
        "idle": [*opened(), data(1001), Said(SERVER, "A", 5001, 1101), Said(CLIENT, "A", 1100, 5001, 1)],
        "wrapped": [*opened(2**32 - 51), data(2**32 - 50), data(2**32 + 50), data(2**32 - 50, pause=10**9)],
    }
    for name, talk in cases.items():
        path = tmp_path / f"{name}.pcap"
        path.write_bytes(containers.pcap(packets.records(talks.packets_of(talk)), nanosecond=True))
        assert +analysed(path) == +told(vxinspect.scan(path)), name
