"""`flows --idle-timeout` on a capture without an end: its memory must be that of the flows under way.

Writes flows into a pipe, one after another, with a packet there and one back. Holds what comes out to their
number, and memory to its bound.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BOUND = 1 << 30
FRAMES = 50_000
"""Of a piece."""
RATE = 500_000
"""Flows that begin in a second of the capture's clock."""
GLOBAL_HEADER = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 00000400 01000000")
ETHERNET = bytes.fromhex("020000000002 020000000001 0800")
OUTER = bytes.fromhex("4500005200000000 4011 0000 c0000201 c0000202 c00012b5 003e 0000 08000000 00006400")
INNER = bytes.fromhex("020000000b02 020000000b01 0800 45000020000000004011 0000")
# Source, destination, ports, UDP length, and what it carries.
ENDS = bytes.fromhex("0a000000 0b000001 0400 0035 000c 0000 00000000")
FRAME = ETHERNET + OUTER + INNER + ENDS
RECORD = bytes(8) + len(FRAME).to_bytes(4, "little") * 2 + FRAME
SOURCE = len(RECORD) - len(ENDS)
DESTINATION = SOURCE + 4
PORT = SOURCE + 8


def pieces(flows: int) -> Iterator[bytes]:
    """Yield the capture: pieces of what goes there, each with one of the answers behind."""
    yield GLOBAL_HEADER
    for first in range(0, flows, FRAMES):
        count = min(FRAMES, flows - first)
        numbers = range(first, first + count)
        there = bytearray(RECORD * count)
        fill(there, 0, [number // RATE for number in numbers], "little")
        fill(there, 4, [number % RATE for number in numbers], "little")
        # 10.0.0.0 and up, and the port: no two of the flows are one.
        fill(there, SOURCE, [(10 << 24) + number % (1 << 24) for number in numbers], "big")
        fill(there, PORT, [((1024 + (number >> 24)) << 16) + 53 for number in numbers], "big")
        back = bytearray(there)
        source, port = slices(there, SOURCE), slices(there, PORT)
        for octet in range(4):
            back[SOURCE + octet :: len(RECORD)] = there[DESTINATION + octet :: len(RECORD)]
            back[DESTINATION + octet :: len(RECORD)] = source[octet]
            back[PORT + octet :: len(RECORD)] = port[(octet + 2) % 4]
        yield bytes(there)
        yield bytes(back)


def fill(records: bytearray, offset: int, values: list[int], order: str) -> None:
    """Write a number of four bytes into each record."""
    octets = b"".join(value.to_bytes(4, "little") for value in values)
    for octet in range(4):
        at = offset + (octet if order == "little" else 3 - octet)
        records[at :: len(RECORD)] = octets[octet::4]


def slices(records: bytearray, offset: int) -> list[bytearray]:
    """Return four bytes of each record, byte by byte."""
    return [records[offset + octet :: len(RECORD)] for octet in range(4)]


def main() -> int:
    """Run it, and tell the figures; 1 where one is beyond its bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, default=50_000_000)
    parser.add_argument("--idle-timeout", default="1")
    given = parser.parse_args()
    program = str(Path(sys.executable).parent / "vxinspect")
    command = [program, "flows", "--idle-timeout", given.idle_timeout, "--jsonl", "-q", "-"]
    started = time.monotonic()
    count = ["sh", "-c", '"$@" | wc -l', "count", *command]
    with subprocess.Popen(count, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError
        for piece in pieces(given.flows):
            process.stdin.write(piece)
        process.stdin.close()
        rows = int(process.stdout.read())
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    figures = {
        "flows": given.flows,
        "rows": rows,
        "seconds": round(seconds, 1),
        "flows_per_second": round(given.flows / seconds),
        "peak_mib": round(peak / (1 << 20)),
    }
    print(json.dumps(figures))
    return int(rows != given.flows or peak > BOUND)


if __name__ == "__main__":
    sys.exit(main())
