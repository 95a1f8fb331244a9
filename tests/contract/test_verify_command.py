"""`vxinspect verify` on captures whose frames are known, with the real tshark and pyshark."""

import json
from pathlib import Path
from random import Random
from typing import Any, Self

import containers
import packets
import pytest
import showcase
import strategies
import tools
import tshark

from vxinspect.stream import packets as real_packets
from vxinspect.verify import Verification, verify
from vxinspect.verify.compare import Difference

pytestmark = pytest.mark.skipif(not tshark.available(), reason="tshark is not installed")

SAMPLES = sorted(Path("samples").glob("*.pcap"))


def assert_verified(verification: Verification) -> None:
    """Assert that there is an explanation for everything."""
    unexplained = [
        each for comparison in verification.comparisons for each in comparison.classes if each.why is None
    ]
    assert unexplained == []
    assert verification.agrees


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_sample(sample: Path) -> None:
    """Wireshark agrees on each sample, by tshark and by pyshark, frame by frame."""
    verification = verify(sample, ports="auto")
    assert_verified(verification)
    whole, part = verification.comparisons
    assert whole.frames == part.frames > 0
    assert whole.vxlan > 0
    assert whole.agree >= whole.frames // 2


@pytest.mark.parametrize("kind", ["ethernet", "sll", "sll2", "null", "loop", "raw"])
def test_random_captures_of_each_link_type(kind: str, tmp_path: Path) -> None:
    """Whatever the frames are, sound, cut or broken, there is no difference that nobody can explain."""
    random = Random(kind)  # noqa: S311 - nothing secret
    frames = strategies.capture(kind, [random.randrange(2**32) for _ in range(150)])
    path = tmp_path / "a.pcap"
    path.write_bytes(containers.pcap(packets.records(frames)))
    verification = verify(path, sample=40)
    assert_verified(verification)
    assert verification.comparisons[0].frames == len(frames)
    assert verification.comparisons[0].vxlan > 40
    assert verification.comparisons[1].frames == 40


def test_blocks_beside_packets_do_not_shift_the_comparison(tmp_path: Path) -> None:
    """Wireshark counts custom blocks of a pcapng as frames; each frame meets its own dissection."""
    path = tmp_path / "a.pcapng"
    path.write_bytes(containers.pcapng_busy(packets.records(showcase.frames())))
    verification = verify(path)
    assert_verified(verification)
    assert [each.frames for each in verification.comparisons] == [len(showcase.frames())] * 2


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("vni", 4711), ("src_ip", "198.51.100.7"), ("inner_length", 1), ("disposition", "other")],
)
def test_a_decoder_that_is_wrong_is_found(
    column: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were one frame in ours decoded wrongly, verify would name it and fail."""

    class Lying:
        """Packets of which the fifth is not what it is."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self.real = real_packets(*args, **options)
            self.ports, self.captures = self.real.ports, self.real.captures

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *error: object) -> None:
            self.real.close()

        def __iter__(self) -> Any:
            return map(Altered, self.real)

    class Altered:
        """A packet, wrong where it is the fifth."""

        def __init__(self, packet: Any) -> None:
            self.packet, self.number = packet, packet.number

        def to_dict(self) -> dict[str, Any]:
            row: dict[str, Any] = self.packet.to_dict()
            return row | {column: wrong} if self.number == 5 else row

    monkeypatch.setattr("vxinspect.verify.run.packets", Lying)
    verification = verify("samples/two-tenants.pcap")
    assert not verification.agrees
    for comparison in verification.comparisons:
        (only,) = comparison.classes
        assert (only.column, only.numbers) == ("vxlan" if column == "disposition" else column, [5])
        assert (comparison.agree, comparison.unexplained) == (52, 1)


def test_the_command_fails_where_frames_differ_for_no_known_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, and the frames are named."""
    from vxinspect import cli

    def lying(*args: Any, **options: Any) -> Verification:
        options["sample"] = 0
        verification = verify(*args, **options)
        verification.comparisons[0].add(7, [Difference("vni", 1, 2, None)])
        return verification

    monkeypatch.setattr("vxinspect.verify.verify", lying)
    assert cli.main(["verify", "samples/two-tenants.pcap"]) == 1
    told = capsys.readouterr().out
    assert "vni (1 here, 2 in Wireshark): 1 frame (7)" in told
    assert "the reason is not known" in told


def test_a_capture_that_is_cut_short(tmp_path: Path) -> None:
    """What is whole is compared, and the warning is that of every command."""
    path = tmp_path / "a.pcap"
    path.write_bytes(Path("samples/two-tenants.pcap").read_bytes()[:4000])
    answer = tools.cli("verify", path)
    assert answer.code == 0
    assert answer.errors == [
        f"warning: {path}: cut short at byte 3898; the comparison covers the frames before"
    ]
    assert tools.cli("verify", "--strict", path).code == 2


def test_standard_input_and_several_captures() -> None:
    """What is piped in is compared like a file; several captures have a part each."""
    data = Path("samples/flannel-8472.pcap").read_bytes()
    found = tools.cli("verify", "--port", "8472", "--json", "--sample", "5", stdin=data)
    told = json.loads(found.text)
    assert (found.code, told["agrees"], told["differences"]) == (0, True, [])
    (capture,) = told["captures"]
    assert (capture["name"], capture["ports"]) == ("standard input", [8472])
    assert [(c["dissector"], c["frames"], c["agree"]) for c in capture["comparisons"]] == [
        ("tshark", 26, 26),
        ("pyshark", 5, 5),
    ]
    rows = tools.rows_from_csv(
        tools.cli("verify", "--format", "csv", "--sample", "0", *SAMPLES[:3], "samples/mixed-noise.pcap").text
    )
    noise = [row for row in rows if row["capture"] == "samples/mixed-noise.pcap"]
    assert [(row["field"], row["frames"], row["numbers"]) for row in noise] == [("vxlan", "2", "57 69")]


def test_counting_stops_both_sides() -> None:
    """With --count, so many frames are compared."""
    verification = verify("samples/two-tenants.pcap", count=7, sample=3)
    assert [each.frames for each in verification.comparisons] == [7, 3]
    assert_verified(verification)


def test_what_cannot_be_read() -> None:
    """One line and exit code 2, in the name that the user gave."""
    answer = tools.cli("verify", stdin=b"nonsense")
    assert (answer.code, len(answer.errors)) == (2, 1)
    assert answer.errors[0].startswith("vxinspect: standard input: at byte 0: expected a pcap or pcapng")
    answer = tools.cli("verify", "no-such-file")
    assert (answer.code, answer.errors) == (2, ["vxinspect: no-such-file: No such file or directory"])
    squeezed = containers.compress("xz", Path("samples/two-tenants.pcap").read_bytes())
    answer = tools.cli("verify", stdin=squeezed)
    assert answer.code == 2
    assert answer.errors[0].startswith("vxinspect: standard input: ")
