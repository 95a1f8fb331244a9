"""One short TCP exchange: `serve` answers each word that `ask` sends with the word in capitals.

Usage: `tcp_exchange.py serve ADDRESS PORT` and `tcp_exchange.py ask ADDRESS PORT WORDS`.
"""

# ruff: noqa: INP001 - a script by itself, in no package

import socket
import sys
import time

CLIENT_PORT = 40000
"""Fixed, so that the connections of two tenants have one and the same 5-tuple."""
TIMEOUT_S = 10
PAUSE_S = 0.1
"""Between two words: long enough for two tenants that talk at once to interrupt each other."""


def serve(address: str, port: int) -> None:
    """Answer one client, then end."""
    with socket.create_server((address, port)) as listener:
        listener.settimeout(TIMEOUT_S)
        connection, _ = listener.accept()
        with connection:
            # The client closes first: it is its port, not ours, that stays busy for a minute.
            while word := connection.recv(4096):
                connection.sendall(word.upper())


def ask(address: str, port: int, words: str) -> None:
    """Send the words one by one; RuntimeError when one does not come back in capitals."""
    with socket.create_connection((address, port), TIMEOUT_S, ("", CLIENT_PORT)) as connection:
        for word in words.split():
            connection.sendall(word.encode())
            answer = connection.recv(4096).decode()
            if answer != word.upper():
                raise RuntimeError(f"expected {word.upper()!r}, got {answer!r}")
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", address, port]:
            serve(address, int(port))
        case ["ask", address, port, words]:
            ask(address, int(port), words)
        case _:
            sys.exit(__doc__)
