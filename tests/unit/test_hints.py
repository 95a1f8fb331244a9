"""What a person should know about a result and would not see in it."""

from fakes import copies, frames

from vxinspect.hints import all_hints, checksum_hints, finding_hints, icmp_hints


def test_other_port() -> None:
    """VXLAN on a port that was not asked for is told with what to type."""
    found = finding_hints(frames(vxlan=0, selected=0), [(8472, 22, [4], 0)], [4789], copies())
    assert found == ["22 frames on UDP 8472 look like VXLAN (VNI 4): add --port 8472"]


def test_other_port_beside_the_first() -> None:
    """A named port replaces the default, so the advice names those in use too."""
    found = finding_hints(frames(), [(8472, 22, [4, 5], 0)], [4789], copies())
    assert found == ["22 frames on UDP 8472 look like VXLAN (VNIs 4, 5): add --port 4789 --port 8472"]


def test_incomplete_datagrams() -> None:
    """What lacks fragments is in no table, which a person would not see; nor that some had to be given up."""
    found = all_hints(frames(incomplete_datagrams=1, incomplete_for_memory=0), [], [4789], copies(), 0)
    (told,) = found
    assert told.startswith("1 outer datagram is incomplete: ")
    assert told.endswith("is in no table (summary --json lists them)")
    found = all_hints(frames(incomplete_datagrams=2000, incomplete_for_memory=1500), [], [4789], copies(), 0)
    assert found[0].startswith("2,000 outer datagrams are incomplete")
    assert found[1].startswith("1,500 of them were given up to bound memory")


def test_many_vnis_are_not_all_listed() -> None:
    """Four VNIs are enough to recognise a network."""
    found = finding_hints(frames(vxlan=0), [(8472, 22, [1, 2, 3, 4, 5, 6], 0)], [4789], copies())
    assert "(VNIs 1, 2, 3, 4, ...)" in found[0]


def test_one_frame_is_chance() -> None:
    """A single frame that looks like VXLAN gives no advice to open its port."""
    found = finding_hints(frames(vxlan=0, selected=0), [(53, 1, [4], 0)], [4789], copies())
    assert len(found) == 1
    assert "53" not in found[0]


def test_no_vxlan_at_all() -> None:
    """A capture without VXLAN is told with the ports that were tried."""
    found = finding_hints(frames(vxlan=0, selected=0), [], [4789, 8472], copies())
    assert found == [
        "no VXLAN on UDP 4789, 8472: does it use another port (--port N), or another encapsulation?"
    ]


def test_empty_capture_needs_no_hint() -> None:
    """Where there are no frames, no port can help."""
    assert finding_hints(frames(total=0, vxlan=0, selected=0), [], [4789], copies()) == []


def test_selection_leaves_nothing() -> None:
    """An empty table after a selection is told apart from an empty capture."""
    assert finding_hints(frames(selected=0), [], [4789], copies()) == [
        "the selection leaves none of 10 VXLAN frames"
    ]


def test_offload() -> None:
    """Frames larger than any MTU understate the overhead on the cable."""
    (hint,) = all_hints(frames(), [], [4789], copies(), 12)
    assert hint.startswith("12 frames are larger than any real MTU")
    assert hint.endswith("on the cable their overhead is higher")
    assert all_hints(frames(), [], [4789], copies(), 1)[0].startswith("1 frame is larger")


def test_inner_cut() -> None:
    """A snap length that cut inner frames is told with what may be missing."""
    (hint,) = all_hints(frames(notes={"inner_cut": 3}), [], [4789], copies(), 0)
    assert hint.startswith("3 inner frames cut by the capture's snap length")


def test_copies() -> None:
    """Copies are in every table twice, so every command tells of them, with what to type."""
    (hint,) = finding_hints(frames(), [], [4789], copies(packets=17))
    assert hint == (
        "17 packets look like copies (the same packet seen again within 10 ms): "
        "add --dedup to count each once"
    )
    assert finding_hints(frames(), [], [4789], copies(packets=1))[0].startswith("1 packet looks like a copy")


def test_copies_in_a_sample() -> None:
    """Where only some frames were looked at, the number is a lower bound and says so."""
    (hint,) = finding_hints(frames(total=100_000), [], [4789], copies(packets=17))
    assert hint.startswith("at least 17 packets look like copies")


def test_copies_that_were_dropped() -> None:
    """With --dedup there is nothing left to advise."""
    assert finding_hints(frames(), [], [4789], copies(packets=17, dropped=True)) == []


def test_bare_packets() -> None:
    """A capture on several interfaces shows packets inside VXLAN and bare; the tables are right even so."""
    (hint,) = all_hints(frames(), [], [4789], copies(bare=120), 0)
    assert hint == (
        "120 frames show bare what is inside VXLAN too (taken on several interfaces?): "
        "tables count the VXLAN packets"
    )
    assert all_hints(frames(), [], [4789], copies(bare=1), 0)[0].startswith("1 frame shows bare")


def test_icmp_errors() -> None:
    """Errors of routers about VXLAN packets are told with the MTU and the tunnel that has most of them."""
    assert icmp_hints([], 0) == []
    one = ("192.0.2.1", "192.0.2.2", 1450, (3, 0, 0, 0))
    (hint,) = icmp_hints([one], 0)
    where = "192.0.2.1 -> 192.0.2.2 (vxinspect underlay)"
    assert hint == f"3 ICMP errors about VXLAN packets: fragmentation needed at MTU 1450 on {where}"
    # Routers of before RFC 1191 tell no MTU; what more there is, is counted.
    old = ("192.0.2.1", "192.0.2.2", None, (1, 2, 0, 0))
    (hint,) = icmp_hints([old, one], 5)
    assert hint.startswith(
        "11 ICMP errors about VXLAN packets: fragmentation needed, unreachable on 192.0.2.1"
    )
    assert "192.0.2.2, and about 1 other direction (" in hint


def test_checksums() -> None:
    """Wrong ones are told apart from those that a network card fills in later."""
    sums = {f"outer_udp_{name}": 0 for name in ("zero", "right", "wrong", "partial", "unverified")}
    sums |= {f"inner_{name}": 0 for name in ("right", "wrong", "partial", "unverified")}
    assert checksum_hints(None) == checksum_hints(sums) == []
    sums |= {"outer_udp_wrong": 1, "inner_wrong": 2, "inner_partial": 1}
    wrong, partial = checksum_hints(sums)
    assert wrong == "3 packets with a wrong checksum"
    assert partial.startswith("1 packet with the pseudo-header's checksum alone")
    assert partial.endswith("(checksum offload), and are no errors")


def test_nothing_to_say() -> None:
    """A sound capture on the default port has no hints."""
    assert all_hints(frames(notes={"inner_cut": 0}), [], [4789], copies(), 0) == []


def test_frames_from_vxlan_s_port_are_no_other_port() -> None:
    """What the source port explains is told once, however many ports it went to; the rest of a port stays."""
    answers = [(50_000 + at, 2, [4], 2) for at in range(3)]
    found = finding_hints(frames(vxlan=0, selected=0), [*answers, (8472, 5, [9], 1)], [4789], copies())
    assert found == [
        "4 frames on UDP 8472 look like VXLAN (VNI 9): add --port 8472",
        "7 frames come from UDP 4789 and look like VXLAN: add --match-source-port",
    ]
    # One alone is chance, and then the port has it.
    found = finding_hints(frames(vxlan=0, selected=0), [(8472, 5, [9], 1)], [4789], copies())
    assert found == ["5 frames on UDP 8472 look like VXLAN (VNI 9): add --port 8472"]
