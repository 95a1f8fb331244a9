"""Captures made to cost much: time and memory stay bounded, all is counted, and what is cut is told.

`VXINSPECT_LOAD` is how many frames those of many have; docs/robustness.md has the figures of a million.
"""

import json
import lzma
import os
import random
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import containers
import craft
import loads
import pytest
import tools
import zstandard

FRAMES = int(os.environ.get("VXINSPECT_LOAD", "50000"))
VNI, OUTER_SOURCE, IDENT, INNER_SOURCE, INNER_PORTS = 46, 26, 18, 76, 84
"""Where a packet of `loads` has them."""


@dataclass(frozen=True)
class Cost:
    """What a run answered, and what it took."""

    code: int
    out: bytes
    err: str
    seconds: float
    mebibytes: float

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.out)


# What the kernel tells a parent of its child's peak has the parent's own in it.
_PROGRAM = """
import sys
from pathlib import Path
from vxinspect.cli import main
code = main(sys.argv[2:])
Path(sys.argv[1]).write_text(Path("/proc/self/status").read_text())
sys.exit(code)
"""


def run(folder: Path, *arguments: str | Path, stdin: Path | None = None) -> Cost:
    """Run `vxinspect`; its processor time, and the most memory that it held."""
    out, err, status = folder / "out", folder / "err", folder / "status"
    command = [sys.executable, "-c", _PROGRAM, str(status), *map(os.fsdecode, arguments)]
    with out.open("wb") as o, err.open("wb") as e, (stdin or Path(os.devnull)).open("rb") as i:
        process = subprocess.Popen(command, stdin=i, stdout=o, stderr=e, env=tools.environment())
        _, ended, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    told = err.read_text()
    assert "Traceback" not in told
    peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert peak
    seconds, mebibytes = usage.ru_utime + usage.ru_stime, int(peak[1]) / 1024
    print(f"{' '.join(map(str, arguments[:-1]))}: {seconds:.1f} s, {mebibytes:.0f} MiB")  # noqa: T201 - with -s
    return Cost(process.returncode, out.read_bytes(), told, seconds, mebibytes)


def assert_bounded(cost: Cost, *, frames: int, bytes_each: int, microseconds_each: int) -> None:
    """Assert that a run took no more than that for each frame, and a start."""
    assert cost.seconds < 3 + frames * microseconds_each / 1e6
    assert cost.mebibytes < 100 + frames * bytes_each / 2**20


def numbers(count: int, size: int, step: int = 1) -> Iterator[bytes]:
    """Count in network order."""
    return ((number * step % (1 << 8 * size)).to_bytes(size, "big") for number in range(count))


def test_a_vni_for_each_frame(tmp_path: Path) -> None:
    """As many VNIs as frames."""
    capture = loads.write(tmp_path / "a.pcap", loads.counted(loads.packet(), VNI, numbers(FRAMES, 3)))
    cost = run(tmp_path, "vnis", "--json", capture)
    assert cost.code == 0
    assert {row["packets"] for row in cost.json} == {1}
    assert len({row["vni"] for row in cost.json}) == FRAMES
    assert_bounded(cost, frames=FRAMES, bytes_each=4000, microseconds_each=60)


def test_a_vtep_for_each_frame(tmp_path: Path) -> None:
    """As many VTEPs as frames, and one that receives."""
    frames = loads.counted(loads.packet(), OUTER_SOURCE, (b"\x0a" + number for number in numbers(FRAMES, 3)))
    cost = run(tmp_path, "vteps", "--json", loads.write(tmp_path / "a.pcap", frames))
    assert cost.code == 0
    assert len({row["vtep"] for row in cost.json}) == len(cost.json) == FRAMES + 1
    assert sum(row["peers"] for row in cost.json) == 2 * FRAMES
    assert_bounded(cost, frames=FRAMES, bytes_each=4000, microseconds_each=60)


def test_a_bound_of_flows_holds_under_a_flood_of_them(tmp_path: Path) -> None:
    """As many flows as frames: with `--max-flows`, memory does not grow with them."""
    capture = loads.write(
        tmp_path / "a.pcap", loads.counted(loads.packet(), INNER_SOURCE, numbers(FRAMES, 4))
    )
    cost = run(tmp_path, "flows", "--json", "--max-flows", "1000", capture)
    assert cost.code == 0
    assert len(cost.json) == 1001
    assert sum(row["packets"] for row in cost.json) == FRAMES
    assert_bounded(cost, frames=FRAMES, bytes_each=64, microseconds_each=20)


@pytest.mark.parametrize("shift", [8, 16])
def test_keys_that_flood_a_weak_hash(shift: int, tmp_path: Path) -> None:
    """Flows whose keys differ in few bits, always the same, are no slower than others: hashes are seeded."""
    count = min(FRAMES, 1 << 32 - shift, 60_000)
    chance = random.Random(1)  # noqa: S311 - no secret

    def flows(sources: Iterator[bytes], ports: Callable[[int], bytes]) -> Iterator[bytes]:
        for index, source in enumerate(sources):
            (frame,) = loads.counted(loads.packet(), INNER_SOURCE, iter([source]))
            yield from loads.counted(frame, INNER_PORTS, iter([ports(index)]))

    flood = flows(
        numbers(count, 4, 1 << shift), lambda index: (index >> (32 - shift) & 0xFFFF).to_bytes(2, "big")
    )
    others = flows((chance.randbytes(4) for _ in range(count)), lambda _: chance.randbytes(2))
    taken = []
    for name, frames in (("flood", flood), ("others", others)):
        cost = run(tmp_path, "vnis", "--json", loads.write(tmp_path / name, frames))
        assert cost.json[0]["packets"] == count
        taken.append(cost.seconds)
    assert taken[0] < 2 * taken[1] + 0.5


def test_fragments_that_are_never_completed(tmp_path: Path) -> None:
    """The first piece of a datagram in each frame: what waits has a bound, and what is missing is told."""
    datagram = craft.udp(50_000, craft.VXLAN_PORT, craft.vxlan(100, loads.inner() + bytes(1400)))
    ip = craft.ipv4("192.0.2.1", "192.0.2.2", craft.PROTOCOL["udp"], datagram[:1200], more=True)
    piece = craft.ethernet(*loads.OUTER, craft.ETHERTYPE["ipv4"], ip)
    frames = (
        frame
        for high in range(FRAMES // 50_000 + 1)
        for frame in loads.counted(
            next(loads.counted(piece, OUTER_SOURCE, iter([struct.pack(">I", 0x0A000000 + high)]))),
            IDENT,
            numbers(min(50_000, FRAMES - high * 50_000), 2),
        )
    )
    cost = run(tmp_path, "summary", "--json", loads.write(tmp_path / "a.pcap", frames))
    assert cost.code == 0
    summary = cost.json
    assert summary["frames"]["fragment"] == summary["frames"]["total"] == FRAMES
    assert summary["frames"]["incomplete_datagrams"] == FRAMES
    assert len(summary["incomplete_datagrams"]) == 20
    assert cost.seconds < 3 + FRAMES * 40 / 1e6
    # The engine keeps 1,024 bytes of each that waits, and 64 MiB of them in all.
    assert cost.mebibytes < 300


@pytest.mark.parametrize("inside", [False, True])
def test_tags_without_an_end(inside: bool, tmp_path: Path) -> None:  # noqa: FBT001 - where they are
    """As many VLAN tags as a record has room for around a packet, and inside of one, are stepped over."""
    tags = [(0x8100, number % 4096) for number in range(15_000 if inside else 65_500)]
    ip = craft.ipv4("10.0.0.1", "10.0.0.2", craft.PROTOCOL["udp"], craft.udp(1, 2, b""))
    if inside:
        frame = loads.packet(frame=craft.ethernet(*loads.MACS, craft.ETHERTYPE["ipv4"], ip, tags))
    else:
        packet = loads.packet()
        frame = craft.ethernet(*loads.OUTER, craft.ETHERTYPE["ipv4"], packet[14:], tags)
    cost = run(tmp_path, "summary", "--json", loads.write(tmp_path / "a.pcap", iter([frame] * 1000)))
    assert cost.code == 0
    assert cost.json["frames"]["vxlan"] == cost.json["frames"]["total"] == 1000
    assert cost.seconds < 15
    assert cost.mebibytes < 150


def test_interfaces_without_an_end(tmp_path: Path) -> None:
    """As many interfaces in a pcapng as other captures have frames, and a packet of the last of them."""
    block = containers.Pcapng().interface().data
    head = containers.Pcapng().section().data
    last = containers.Pcapng(resolutions=[10**6] * FRAMES, offsets=[0] * FRAMES)
    last.packet(containers.Record(0, loads.packet(), len(loads.packet())), FRAMES - 1)
    capture = tmp_path / "a.pcapng"
    capture.write_bytes(head + block * FRAMES + last.data)
    cost = run(tmp_path, "summary", "--json", capture)
    assert cost.code == 0, cost.err
    assert cost.json["frames"]["vxlan"] == 1
    assert_bounded(cost, frames=FRAMES, bytes_each=200, microseconds_each=10)


def test_a_block_that_claims_four_gibibytes(tmp_path: Path) -> None:
    """Nothing is allocated for it, and one line says where it is."""
    frame = loads.packet()
    good = containers.Pcapng().section().interface().packet(containers.Record(0, frame, len(frame)))
    for length in (0xFFFF_FFFC, 0x7FFF_FFFC):
        capture = tmp_path / "a.pcapng"
        capture.write_bytes(good.data + struct.pack("<III", containers.ENHANCED, length, 0) + bytes(10_000))
        cost = run(tmp_path, "summary", "--json", capture)
        assert cost.code == 2
        assert f"at byte {len(good.data)}" in cost.err
        assert cost.json["frames"]["vxlan"] == 1
        assert cost.mebibytes < 100


GIBIBYTE = 1 << 30


PACKERS: dict[str, Callable[[], Any]] = {
    "zstd": lambda: zstandard.ZstdCompressor(level=3).compressobj(),
    "gzip": lambda: zlib.compressobj(6, wbits=31),
    "xz": lambda: lzma.LZMACompressor(preset=0),
}


def zeros(kind: str, size: int) -> bytes:
    """Return a pcap header and so many zeros, compressed."""
    packer, block = PACKERS[kind](), bytes(1 << 22)
    parts = [packer.compress(containers.pcap_header())]
    parts += [packer.compress(block) for _ in range(size // len(block))]
    return b"".join([*parts, packer.flush()])


@pytest.mark.parametrize("kind", PACKERS)
def test_a_bomb_is_told_and_not_read(kind: str, tmp_path: Path) -> None:
    """Of a file that grows a thousandfold, a gibibyte is read; one line says so, and how all is read."""
    capture = tmp_path / "bomb"
    capture.write_bytes(zeros(kind, GIBIBYTE + GIBIBYTE // 8))
    cost = run(tmp_path, "summary", "--json", capture)
    assert cost.code == 0
    assert "expected at most 1000 bytes for each of" in cost.err
    assert "piped in, all is read" in cost.err
    assert cost.json["captures"][0]["complete"] is False
    # Each 16 zeros are a record of an empty frame.
    assert 0.999 * GIBIBYTE / 16 < cost.json["frames"]["total"] < GIBIBYTE / 16
    assert run(tmp_path, "summary", "--strict", capture).code == 2
    assert cost.seconds < 40
    assert cost.mebibytes < 300


def test_a_bomb_that_is_piped_in_decompressed_is_read(tmp_path: Path) -> None:
    """That is how the bound is lifted."""
    capture = tmp_path / "zeros"
    capture.write_bytes(containers.pcap_header())
    with capture.open("r+b") as file:
        file.truncate(24 + GIBIBYTE + GIBIBYTE // 16)
    cost = run(tmp_path, "summary", "--json", "-", stdin=capture)
    assert (cost.code, cost.err) == (0, "")
    assert cost.json["captures"][0]["complete"] is True
    assert cost.json["frames"]["total"] == (GIBIBYTE + GIBIBYTE // 16) // 16
