"""What a person should know about a result and would not see in it. Pure: figures in, sentences out."""

from collections.abc import Mapping, Sequence

from vxinspect.overlays import ENCAPSULATIONS
from vxinspect.render.text import plural

__all__ = [
    "address_hints",
    "all_hints",
    "checksum_hints",
    "finding_hints",
    "flow_key_hints",
    "icmp_hints",
]

_LIKELY = 2
"""A single frame that looks like VXLAN is chance."""
_NAMED_VNIS = 4

_ICMP_WORDS = ("fragmentation needed", "unreachable", "time exceeded", "parameter problem")

IcmpErrors = tuple[str, str, int | None, tuple[int, int, int, int]]
"""Source and destination VTEP, the smallest MTU told, and how many errors of each of `_ICMP_WORDS`."""

Candidate = tuple[int, int, list[int], int]
"""A UDP port, how many of its frames look like VXLAN, their VNIs, how many come from a port of VXLAN's."""


def all_hints(
    frames: Mapping[str, object],
    candidates: Sequence[Candidate],
    ports: Sequence[int],
    copies: Mapping[str, object],
    offload_frames: int,
) -> list[str]:
    """Return every hint: what may be missing from the tables, and how to take what is in them."""
    hints = finding_hints(frames, candidates, ports, copies)
    bare = _figure(copies, "bare")
    if bare:
        show = "shows" if bare == 1 else "show"
        hints.append(
            f"{_so_many(bare, 'frame', copies, frames)} {show} bare what is inside VXLAN too (taken on "
            "several interfaces?): tables count the VXLAN packets"
        )
    if offload_frames:
        are = "is" if offload_frames == 1 else "are"
        hints.append(
            f"{plural(offload_frames, 'frame')} {are} larger than any real MTU (segmentation offload at the "
            "capture point): on the cable their overhead is higher"
        )
    incomplete, given_up = _figure(frames, "incomplete_datagrams"), _figure(frames, "incomplete_for_memory")
    if incomplete:
        are = "is" if incomplete == 1 else "are"
        hints.append(
            f"{plural(incomplete, 'outer datagram')} {are} incomplete: fragments are missing, and what is "
            "there is in no table (summary --json lists them)"
        )
    if given_up:
        hints.append(f"{given_up:,} of them were given up to bound memory: too many were under way at a time")
    cut = _note(frames, "inner_cut")
    if cut:
        hints.append(
            f"{plural(cut, 'inner frame')} cut by the capture's snap length: bytes are counted from the "
            "headers, but an address, a port or flags may be missing"
        )
    return hints


def icmp_hints(errors: Sequence[IcmpErrors], unkept: int) -> list[str]:
    """Return the hint that there are ICMP errors about VXLAN packets; the worst tunnel comes first."""
    if not errors:
        return []
    total = sum(sum(counts) for *_, counts in errors) + unkept
    src, dst, mtu, counts = errors[0]
    told = [
        f"{word}{f' at MTU {mtu}' if mtu is not None and index == 0 else ''}"
        for index, (word, count) in enumerate(zip(_ICMP_WORDS, counts, strict=True))
        if count
    ]
    others = f", and about {plural(len(errors) - 1, 'other direction')}" if len(errors) > 1 else ""
    where = f"{src} -> {dst}{others} (vxinspect underlay)"
    return [f"{plural(total, 'ICMP error')} about VXLAN packets: {', '.join(told)} on {where}"]


def checksum_hints(checksums: Mapping[str, int] | None) -> list[str]:
    """Return the hints that verified checksums give rise to."""
    if checksums is None:
        return []
    hints = []
    wrong = checksums["outer_udp_wrong"] + checksums["inner_wrong"]
    if wrong:
        hints.append(f"{plural(wrong, 'packet')} with a wrong checksum")
    partial = checksums["outer_udp_partial"] + checksums["inner_partial"]
    if partial:
        hints.append(
            f"{plural(partial, 'packet')} with the pseudo-header's checksum alone: they were taken before "
            "the network card filled it in (checksum offload), and are no errors"
        )
    return hints


def address_hints(unkept: int) -> list[str]:
    """Return the hint that more addresses were claimed or leased than are kept."""
    if not unkept:
        return []
    return [
        f"{plural(unkept, 'claim')} of addresses (ARP, ND, DHCP) beyond those that are kept: not in addresses"
    ]


def flow_key_hints(pairs: int, flow_key: str = "vni") -> list[str]:
    """Return the hint that flows are each other's way back in another VNI, or that they were paired."""
    if not pairs or flow_key == "no-vni":
        return []
    many = f"{plural(pairs, 'pair')} of one-way flows"
    if flow_key == "auto":
        return [f"{many} in different VNIs {'is' if pairs == 1 else 'are'} one flow each here (vni_rev)"]
    look = "looks" if pairs == 1 else "look"
    return [f"{many} {look} like both ways of one, in different VNIs: flows --flow-key auto joins them"]


def finding_hints(
    frames: Mapping[str, object],
    candidates: Sequence[Candidate],
    ports: Sequence[int],
    copies: Mapping[str, object],
) -> list[str]:
    """Return the hints that tell why a table may be empty, lack something, or have it twice."""
    answers = sum(from_vxlan for *_, from_vxlan in candidates)
    # What the source port explains is no sign of another port.
    explained = answers >= _LIKELY
    found = [(port, count - explained * from_vxlan, vnis) for port, count, vnis, from_vxlan in candidates]
    likely = [candidate for candidate in found if candidate[1] >= _LIKELY]
    vxlan = _figure(frames, "vxlan")
    # A port that is named replaces the default, so what was found already must be named too.
    keep = "".join(f"--port {port} " for port in ports) if vxlan else ""
    hints = [_port_hint(*candidate, keep) for candidate in likely]
    if explained:
        where = " or ".join(map(str, ports))
        hints.append(
            f"{plural(answers, 'frame')} come from UDP {where} and look like VXLAN: add --match-source-port"
        )
    left_out = _left_out(frames)
    hints += [_overlay_hint(name, count, frames) for name, count in left_out.items()]
    if _figure(frames, "total") and not (vxlan or likely or explained or left_out):
        where = ", ".join(map(str, ports)) or "any port"
        hints.append(
            f"no VXLAN on UDP {where}: does it use another port (--port N), or another encapsulation?"
        )
    if vxlan and not _figure(frames, "selected"):
        hints.append(f"the selection leaves none of {plural(vxlan, 'VXLAN frame')}")
    again = _figure(copies, "packets")
    if again and not copies.get("dropped"):
        look = "looks like a copy" if again == 1 else "look like copies"
        hints.append(
            f"{_so_many(again, 'packet', copies, frames)} {look} (the same packet seen again within "
            f"{_milliseconds(copies)}): add --dedup to count each once"
        )
    return hints


def _so_many(number: int, noun: str, copies: Mapping[str, object], frames: Mapping[str, object]) -> str:
    """Return `17 packets`; `at least 17 packets` where only some frames were looked at."""
    sampled = _figure(copies, "frames_examined") < _figure(frames, "total")
    return f"at least {plural(number, noun)}" if sampled else plural(number, noun)


def _milliseconds(copies: Mapping[str, object]) -> str:
    seconds = copies.get("window_s")
    return f"{1000 * seconds:g} ms" if isinstance(seconds, float) else "a moment"


def _port_hint(port: int, frames: int, vnis: Sequence[int], keep: str) -> str:
    named = ", ".join(map(str, vnis[:_NAMED_VNIS])) + (", ..." if len(vnis) > _NAMED_VNIS else "")
    label = "VNI" if len(vnis) == 1 else "VNIs"
    return (
        f"{plural(frames, 'frame')} on UDP {port} look like VXLAN ({label} {named}): add {keep}--port {port}"
    )


def _left_out(frames: Mapping[str, object]) -> dict[str, int]:
    """Return how many frames there are of each overlay that was not asked for."""
    reasons = frames.get("reasons")
    if not isinstance(reasons, Mapping):
        return {}
    counts = {name: _figure(reasons, f"unselected_{name.replace('-', '_')}") for name in ENCAPSULATIONS}
    return {name: count for name, count in counts.items() if count}


def _overlay_hint(name: str, count: int, frames: Mapping[str, object]) -> str:
    # One that is named replaces the default, so what was found already must be named too.
    found = frames.get("encapsulations")
    wanted = [*(found if isinstance(found, Mapping) else ()), name]
    return f"{plural(count, 'frame')} of {ENCAPSULATIONS[name]}: add --encapsulation {','.join(wanted)}"


def _figure(frames: Mapping[str, object], name: str) -> int:
    number = frames.get(name, 0)
    return number if isinstance(number, int) else 0


def _note(frames: Mapping[str, object], name: str) -> int:
    notes = frames.get("notes")
    return _figure(notes, name) if isinstance(notes, Mapping) else 0
