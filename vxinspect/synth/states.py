"""Zeek's connection states from the segments of each direction: docs/tcp-states.md, line by line."""

from vxinspect.synth.shares import Segments

__all__ = ["tcp_state"]


def tcp_state(ahead: Segments, back: Segments, sent: tuple[bool, bool]) -> str:
    """Return the state of a connection; `sent`: whether originator and responder sent anything at all."""
    originator = _side(ahead, back, sent=sent[0])
    responder = _side(back, ahead, sent=sent[1])
    no_data = not any(has_data for _, has_data in ahead + back)
    silent = ("inactive", "partial")
    rules = (
        (originator in ("SYN sent", "SYN-ACK sent") and responder == "reset", "REJ"),
        (originator == responder == "reset" and no_data, "REJ"),
        (originator in silent and responder == "reset", "RSTRH"),
        (responder == "reset", "RSTR"),
        (originator == "reset" and responder in silent, "RSTOS0"),
        (originator == "reset", "RSTO"),
        (originator == responder == "closed", "SF"),
        (originator == "closed" and responder in silent, "SH"),
        (originator == "closed", "S2"),
        (originator in silent and responder == "closed", "SHR"),
        (responder == "closed", "S3"),
        (originator == "SYN sent" and responder == "inactive", "S0"),
        (originator == responder == "established", "S1"),
    )
    return next((state for holds, state in rules if holds), "OTH")


def _side(segments: Segments, peer: Segments, *, sent: bool) -> str:
    """Return what one side came to."""
    for flags, _ in segments:
        if "R" in flags:
            return "reset"
        if "F" in flags:
            return "closed"
    syn, syn_ack = _syn(segments), _syn_ack(segments)
    if (syn and _syn_ack(peer)) or (syn_ack and _syn(peer)):
        return "established"
    if syn:
        return "SYN sent"
    if syn_ack:
        return "SYN-ACK sent"
    return "partial" if sent else "inactive"


def _syn(segments: Segments) -> bool:
    return any("S" in flags and "A" not in flags for flags, _ in segments)


def _syn_ack(segments: Segments) -> bool:
    return any("S" in flags and "A" in flags for flags, _ in segments)
