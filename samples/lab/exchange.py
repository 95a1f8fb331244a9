"""One side of a talk: `exchange.py serve` or `exchange.py ask`, with the talk as JSON on standard input.

The server says `ready` when it can be asked. Both know what is to be said, and fail where they hear
something else.
"""

import json
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

TIMEOUT_S = 10
SO_MARK = 36
"""asm-generic/socket.h; Python has no name for it."""


@dataclass(frozen=True)
class Side:
    """What one side knows of the talk: where the server is, and who says what."""

    transport: str
    address: str
    port: int
    client_port: int
    mark: int
    pause_s: float
    turns: list[tuple[str, str]]

    def said(self) -> Iterator[tuple[bytes, bytes]]:
        """Give each turn's question and answer."""
        for question, answer in self.turns:
            yield question.encode("latin-1"), answer.encode("latin-1")

    def socket(self, port: int, address: str = "") -> socket.socket:
        """Return a socket that is bound, with the mark on what it sends."""
        kind = socket.SOCK_STREAM if self.transport == "tcp" else socket.SOCK_DGRAM
        made = socket.socket(socket.AF_INET, kind)
        made.settimeout(TIMEOUT_S)
        made.setsockopt(socket.SOL_SOCKET, SO_MARK, self.mark)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        return made


def expect(connection: socket.socket, words: bytes) -> None:
    """Read exactly these words."""
    heard = b""
    while len(heard) < len(words):
        more = connection.recv(len(words) - len(heard))
        if not more:
            break
        heard += more
    if heard != words:
        raise RuntimeError(f"expected {words[:40]!r} ({len(words)} bytes), got {heard[:40]!r} ({len(heard)})")


def serve_tcp(side: Side, listener: socket.socket) -> None:
    """Answer one client until it has closed: it is its port, not ours, that stays busy for a minute."""
    listener.listen()
    print("ready", flush=True)
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(TIMEOUT_S)
        for question, answer in side.said():
            expect(connection, question)
            connection.sendall(answer)
        if connection.recv(1):
            raise RuntimeError("the client goes on")


def serve_udp(side: Side, listener: socket.socket) -> None:
    """Answer each datagram."""
    print("ready", flush=True)
    for question, answer in side.said():
        heard, sender = listener.recvfrom(65535)
        if heard != question:
            raise RuntimeError(f"expected {question[:40]!r}, got {heard[:40]!r}")
        listener.sendto(answer, sender)


def ask(side: Side) -> None:
    """Say each question and wait for its answer."""
    with side.socket(side.client_port) as connection:
        connection.connect((side.address, side.port))
        for question, answer in side.said():
            connection.sendall(question)
            expect(connection, answer)
            time.sleep(side.pause_s)


def serve(side: Side) -> None:
    """Answer one client, then end."""
    with side.socket(side.port, side.address) as listener:
        (serve_tcp if side.transport == "tcp" else serve_udp)(side, listener)


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](Side(**json.load(sys.stdin)))
