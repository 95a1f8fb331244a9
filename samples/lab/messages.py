"""What is said in the lab: words, HTTP and DNS. A character is a byte (Latin-1)."""

import struct
from ipaddress import IPv4Address

DNS_RESPONSE = 0x8180
"""A response, recursion desired and available, no error (RFC 1035, section 4.1.1)."""
DNS_QUERY = 0x0100
"""Recursion desired."""
A_IN = struct.pack(">HH", 1, 1)
"""Type A, class IN."""
QUESTION_NAME = b"\xc0\x0c"
"""A pointer to the name in the question, at byte 12 (RFC 1035, section 4.1.4)."""
TTL_S = 600


def words(said: str) -> list[tuple[str, str]]:
    """Each word is answered in capitals."""
    return [(word, word.upper()) for word in said.split()]


def page(path: str, host: str, length: int) -> tuple[str, str]:
    """One page of so many bytes, fetched over HTTP/1.1."""
    line = "All work and no play makes a dull page.\n"
    body = (line * (length // len(line) + 1))[:length]
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n"
    return request, head + body


def lookup(number: int, name: str, address: IPv4Address) -> tuple[str, str]:
    """One DNS question for a name's address, and its answer; `number` tells them from others."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = labels + b"\0" + A_IN
    answer = QUESTION_NAME + A_IN + struct.pack(">IH", TTL_S, 4) + address.packed
    query = struct.pack(">6H", number, DNS_QUERY, 1, 0, 0, 0) + question
    response = struct.pack(">6H", number, DNS_RESPONSE, 1, 1, 0, 0) + question + answer
    return query.decode("latin-1"), response.decode("latin-1")


def bulk(length: int) -> tuple[str, str]:
    """So many bytes one way, and a word of thanks."""
    return "x" * length, "done"
