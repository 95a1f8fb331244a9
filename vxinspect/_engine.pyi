"""The engine: captures in, tables out. Internal; the public face is `vxinspect`."""

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, TypeAlias, final

from vxinspect.overlays import Overlays
from vxinspect.sources import Growing

__all__ = [
    "Analysis",
    "Live",
    "Mass",
    "Outcome",
    "Packet",
    "PacketReader",
    "Rows",
    "__version__",
    "debug_build",
    "decap",
    "encap",
    "extract",
    "fields",
    "reasons",
    "scan",
    "write_capture",
    "write_flows",
    "write_packets",
]

_Value: TypeAlias = int | float | str | list[int] | list[str] | None

__version__: str
debug_build: bool

@final
class Rows:
    """The rows of one table, in order. Immutable."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
    @property
    def total(self) -> int:
        """How many rows there were before `limit`."""
    def __len__(self) -> int: ...
    def rows(self, start: int, stop: int) -> list[tuple[_Value, ...]]:
        """Return rows `start` up to, not including, `stop`."""
    def text(self, form: str, start: int, stop: int) -> str | None:
        """Return rows as `jsonl` or `csv` tells them, each a line; None where some text needs an escape."""
    def arrow(self, kinds: Sequence[str]) -> object:
        """Return the rows as a capsule of an `ArrowArrayStream`.

        `kinds`: what each column holds, by the names of `vxinspect.columns.Kind`. Raises `OptionError` for
        other names, and where there are not as many as columns.
        """
    def pick(
        self,
        columns: Sequence[str],
        *,
        least: Sequence[tuple[str, float]] = ...,
        most: Sequence[tuple[str, float]] = ...,
        words: Sequence[tuple[str, Sequence[str]]] = ...,
    ) -> list[tuple[_Value, ...]]:
        """Return these columns of the rows whose numbers are at least and at most so much.

        `words`: columns with names, and which of them will do. An absent value meets no demand. Only what is
        picked becomes Python's, so this is the way to look for few rows in a table of millions.
        """

@final
class Mass:
    """Mass traffic: flows that are stamped from templates. docs/scenarios.md has the rules of its plan.

    `vteps`: (MAC, IP), at least two, of one IP version. `start` in nanoseconds since 1970, `rate` in packets
    a second, `sizes` the lengths of inner frames in turn, `source_port` one for all or None for a hash.
    `templates`: (protocol, whether it is TCP without payload, length of the inner frame, frame, where outer
    IP, UDP, VXLAN, inner Ethernet, inner IPv4 and TCP or UDP begin in it).

    Raises `vxinspect.OptionError` for what makes no sense.
    """

    def __new__(
        cls,
        *,
        seed: int,
        vnis: Sequence[int],
        vteps: Sequence[tuple[str, str]],
        flows: int,
        packets: int,
        start: int,
        rate: int,
        sizes: Sequence[int],
        source_port: int | None,
        templates: Sequence[tuple[int, bool, int, bytes, tuple[int, int, int, int, int, int]]],
    ) -> Mass: ...
    def flows(
        self, start: int, stop: int
    ) -> list[tuple[int, int, int, int, str, str, str, str, int, int, int, int, int, int, int, int]]:
        """Return the plans of flows `start` up to, not including, `stop`.

        Each is VNI, protocol, the client's and the server's VTEP by number, their MACs, addresses and ports,
        the outer source port of each direction, where in the sizes it begins, packets, the first one's time,
        and the time between two, in nanoseconds.
        """

@final
class Analysis:
    """What one run saw; merges with a later one."""

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run early."""
    def captures(self) -> list[dict[str, object]]:
        """Return the summary's `captures`, each with `damage` (str or None) and `fatal` (bool) too."""
    def frames(self) -> dict[str, object]:
        """Return total, vxlan, fragment, other, invalid, malformed, selected, reasons, notes.

        And incomplete_datagrams, and how many of those for want of memory (incomplete_for_memory).
        """
    def incomplete(self) -> list[dict[str, object]]:
        """Return the earliest incomplete datagrams, at most 20, as `Report.incomplete_datagrams` has them."""
    def time(self) -> dict[str, object]:
        """Return first_seen, last_seen (RFC 3339 or None) and duration_s (float or None)."""
    def totals(self) -> dict[str, int]:
        """Return vnis, vteps, tunnels, flows, macs, ips, rest_packets."""
    def rest_packets(self) -> int:
        """Return one of them by itself: the others take a look at every cell's addresses."""
    def bytes(self) -> dict[str, object]:
        """Return wire, inner, payload, overhead (int) and overhead_percent (float or None)."""
    def copies(self) -> dict[str, object]:
        """Return the summary's `copies`."""
    def loops(self) -> list[tuple[int, str, str, int]]:
        """Return (VNI, source, destination, packets) of what VTEPs hand to each other again and again.

        Among the frames that are looked at for copies; at most 256 directions.
        """
    def candidates(self) -> list[tuple[int, int, list[int], int]]:
        """Return the ports not taken as VXLAN whose traffic looks like it.

        (UDP destination port, frames that do, at most 8 VNIs, frames of those from a port of VXLAN's).
        """
    def select(self) -> list[tuple[str, str]]:
        """Return the (field, value) pairs that the run was given."""
    def checksums(self) -> dict[str, int] | None:
        """Return the summary's `checksums`; None where they were not verified."""
    def icmp_errors(self) -> list[tuple[str, str, int | None, tuple[int, int, int, int]]]:
        """Return the ICMP errors about VXLAN packets, for each direction of a tunnel, the most first.

        (source, destination, smallest MTU told, (too big, unreachable, time exceeded, parameter problem)).
        """
    def unkept_claims(self) -> int:
        """Return how many claims and leases of addresses are beyond those that are kept."""

    def unkept_icmp_errors(self) -> int:
        """Return how many ICMP errors are about more directions than are kept."""
    def ports(self) -> list[int]:
        """Return the UDP ports taken as VXLAN, those found by "auto" included."""
    def flow_pairs(self) -> int:
        """Return how many pairs of one-way flows are one flow each in flows_auto."""
    def ports_seen(self) -> list[int]:
        """Return those of them that a packet of the selection came to."""
    def table(self, view: str, *, sort: Sequence[tuple[str, bool]] = ..., limit: int | None = None) -> Rows:
        """Return one table.

        `view`: vnis, flows, flows_auto, flows_no_vni, conversations_mac, conversations_ip, tunnels, underlay,
        vteps, fdb, overhead_total, overhead_vni, overhead_tunnel; and six for findings, no part of the
        contract:

        - strays: unicast that is not where it should be, by MACs, direction of a tunnel and VNI: vni,
          src_vtep, dst_vtep, src_mac, dst_mac, packets, flooded (0 or 1), usual (another address that its
          sender is sent to, or None), answered_in (another VNI that its receiver answers in, or None)
        - bursts: broadcasts of a station through one direction of a tunnel, in quarters of a second in a row
          of which each has 13 or more: vni, mac, src_vtep, dst_vtep, packets, seconds (of those quarters)
        - doubles: TCP from a VTEP to a station, to several VTEPs that it is heard behind, at once: vni,
          dst_mac, src_vtep, repeated (segments that count as sent again, and may be the same ones in another
          place)
        - losses: directions of tunnels in which TCP loses data, by VNI (all VNIs of one in which a
          connection stalled, and those with gaps): src_vtep, dst_vtep, vni, stalled
          (sides of connections whose segments were sent again and never acknowledged, though smaller ones
          were), repeats, smallest_repeated (payload), lost_size and passed_size (outer packets), around
          (headers around an inner IP packet, or None), holed (sides of connections of which the capture lacks
          what was acknowledged), unseen_gaps, unseen_bytes
        - one_way_tunnels: tunnels with unicast one way, by VNI: src_vtep, dst_vtep, vni, packets,
          mirrored_packets (of stations that both send through it), stray_packets
        - sources: what a MAC sent from one address behind one VTEP, where another MAC has the address too, or
          the MAC moved, or nobody sends to it in this VNI: vni, mac, vtep, ip, packets, arp_packets,
          addresses (of the MAC in the VNI), home (a VNI in which somebody sends to it, or None), first, last
          (seconds since 1970), arp_elsewhere (ARP packets of the MAC from other addresses); where another MAC
          has the address too, answered (0 or 1: unicast to the address comes to the MAC) and forwards (0 or
          1: it hands on what another sent from the address)

        `sort`: (column, descending) pairs; empty is the default order.
        """
    def merge(self, later: Analysis) -> Analysis:
        """Return both runs as one; neither changes."""

@final
class Live:
    """A run that is looked at on its way; the arguments are those of `scan`."""

    def __new__(
        cls,
        sources: Sequence[tuple[str, str | bytes | BinaryIO | Growing]],
        *,
        overlays: Overlays,
        select: Sequence[tuple[str, str]],
        checksums: bool,
        dedup: tuple[int | None, int | None] | None,
        max_flows: int | None,
        count: int | None,
        threads: int | None,
        progress: Callable[[int, int | None, int], None] | None,
        keep_on_interrupt: bool,
    ) -> Live: ...
    @property
    def ended(self) -> bool:
        """Whether there is no more to read."""
    def advance(self, seconds: float) -> Analysis:
        """Read on for so long, or to the end, and return what was seen since the beginning.

        Raises what `scan` raises, and `ValueError` once the run has ended.
        """
    def stop(self) -> None:
        """Have the next `advance` end the run, as if Ctrl-C had come."""

@final
class Outcome:
    """What a run that wrote came to. What `Analysis` has too is the same here."""

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run early."""
    @property
    def written(self) -> int:
        """How many rows or frames were written."""
    def losses(self) -> dict[str, int]:
        """Return untimed, times_cut, frames_cut, not_ethernet, too_short and too_long, in frames."""
    def files(self) -> list[tuple[str, int]]:
        """Return the captures of a folder, in order, and how many frames each has."""
    def captures(self) -> list[dict[str, object]]:
        """As `Analysis.captures`: the captures that were read to their end."""
    def frames(self) -> dict[str, object]:
        """As `Analysis.frames`."""
    def copies(self) -> dict[str, object]:
        """As `Analysis.copies`."""
    def candidates(self) -> list[tuple[int, int, list[int], int]]:
        """As `Analysis.candidates`."""
    def ports(self) -> list[int]:
        """As `Analysis.ports`."""

@final
class Packet:
    """One frame of a capture, with its bytes; docs/tables.md has its columns. What is not known is None."""

    @property
    def number(self) -> int:
        """The frame's number in its capture, from 1."""
    @property
    def capture(self) -> str | None:
        """The capture's name; None where only one is read."""
    @property
    def time(self) -> str | None:
        """RFC 3339, UTC, with nanoseconds."""
    @property
    def time_ns(self) -> int | None:
        """Nanoseconds since 1970 UTC."""
    @property
    def src_vtep(self) -> str | None:
        """Outer source address."""
    @property
    def dst_vtep(self) -> str | None:
        """Outer destination address."""
    @property
    def outer_src_port(self) -> int | None:
        """Outer UDP source port."""
    @property
    def udp_port(self) -> int | None:
        """Outer UDP destination port."""
    @property
    def vni(self) -> int | None:
        """VXLAN network identifier."""
    @property
    def src_mac(self) -> str | None:
        """Inner source MAC."""
    @property
    def dst_mac(self) -> str | None:
        """Inner destination MAC."""
    @property
    def vlan(self) -> int | None:
        """Identifier of the outermost inner VLAN tag."""
    @property
    def ethertype(self) -> str | None:
        """Inner EtherType behind any tags."""
    @property
    def src_ip(self) -> str | None:
        """Inner source address; ARP's sender."""
    @property
    def dst_ip(self) -> str | None:
        """Inner destination address; ARP's target."""
    @property
    def protocol(self) -> str | None:
        """Inner L4 protocol."""
    @property
    def src_port(self) -> int | None:
        """Inner source port."""
    @property
    def dst_port(self) -> int | None:
        """Inner destination port."""
    @property
    def tcp_flags(self) -> str | None:
        """TCP flags, as letters."""
    @property
    def wire_length(self) -> int:
        """Length of the frame as it was on the wire."""
    @property
    def captured_length(self) -> int:
        """How much of it the capture holds."""
    @property
    def inner_length(self) -> int | None:
        """Length of the inner Ethernet frame."""
    @property
    def payload_length(self) -> int | None:
        """What the inner L4 protocol carries."""
    @property
    def disposition(self) -> str:
        """What the frame counts as: vxlan, fragment, other, invalid, malformed."""
    @property
    def reason(self) -> str | None:
        """Why it is other, invalid or malformed."""
    @property
    def notes(self) -> list[str] | None:
        """What is remarkable about it."""
    @property
    def encapsulation(self) -> str | None:
        """What wraps it, from the outermost in: vxlan, vxlan/vxlan."""
    @property
    def depth(self) -> int | None:
        """How many layers of VXLAN that is."""
    @property
    def policy_id(self) -> int | None:
        """The sender's group, of VXLAN with a group policy."""
    @property
    def flow_id(self) -> int | None:
        """FlowID of NVGRE, which has no outer ports."""
    @property
    def link_type(self) -> str:
        """What the frame's first byte belongs to: ETHERNET, LINUX_SLL, ..."""
    @property
    def frame(self) -> bytes:
        """What the capture holds of the frame."""
    @property
    def inner(self) -> bytes | None:
        """What it holds of the inner Ethernet frame, which is `inner_length` long."""
    def values(self) -> tuple[_Value, ...]:
        """Return the columns' values in their order."""
    def to_dict(self) -> dict[str, _Value]:
        """Return the columns by name: a row of `vxinspect packets --json`."""

@final
class PacketReader:
    """Reads packets as they are asked for. The arguments are those of `scan`.

    `limit`: at most so many packets. `all_frames`: frames of every disposition.
    """

    def __new__(
        cls,
        sources: Sequence[tuple[str, str | bytes | BinaryIO | Growing]],
        *,
        overlays: Overlays,
        select: Sequence[tuple[str, str]],
        dedup: tuple[int | None, int | None] | None,
        count: int | None,
        limit: int | None,
        all_frames: bool,
        progress: Callable[[int, int | None, int], None] | None,
    ) -> PacketReader: ...
    def batch(self) -> list[Packet]:
        """Return the packets of the next reads, at least one; none at the end.

        After Ctrl-C those that came before it, then KeyboardInterrupt, then none.
        """
    def close(self) -> None:
        """Let go of what is open."""
    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run early."""
    def captures(self) -> list[dict[str, object]]:
        """As `Analysis.captures`: the captures that were read to their end."""
    def frames(self) -> dict[str, object]:
        """As `Analysis.frames`, so far."""
    def copies(self) -> dict[str, object]:
        """As `Analysis.copies`, so far."""
    def candidates(self) -> list[tuple[int, int, list[int], int]]:
        """As `Analysis.candidates`, so far."""
    def ports(self) -> list[int]:
        """As `Analysis.ports`."""

def reasons() -> list[tuple[str, str]]:
    """Return the reasons that frames can have, each with the disposition that they count as."""

def fields() -> list[tuple[str, str | None, str, str, str]]:
    """Return the fields of a filter: name, other name, what it holds, meaning, example."""

def scan(
    sources: Sequence[tuple[str, str | bytes | BinaryIO | Growing]],
    *,
    overlays: Overlays,
    select: Sequence[tuple[str, str]],
    checksums: bool,
    dedup: tuple[int | None, int | None] | None,
    max_flows: int | None,
    count: int | None,
    threads: int | None,
    progress: Callable[[int, int | None, int], None] | None,
    keep_on_interrupt: bool,
) -> Analysis:
    """Read captures and count what is in them.

    `sources`: (name to show, path | contents | open binary file). `select`: (field, value) pairs with the
    fields vni, vtep, mac, host, protocol, inner_port, since, until, filter; values of one field are
    alternatives, fields narrow each other. `dedup`: drop copies within so many (nanoseconds, frames), None
    for the default of each; None alone drops none. `max_flows`: how many flows have rows of their own, None
    for all. `count`: stop after so many frames. `progress(bytes read, bytes in all or None, frames)` is
    called a few times a second. `keep_on_interrupt`: on Ctrl-C return what was seen, instead of raising
    KeyboardInterrupt.

    Raises `vxinspect.OptionError`, of which `FilterError` is a child, and `vxinspect.CaptureError` with its
    children.
    """

def write_capture(
    target: str,
    *,
    container: str,
    nanoseconds: bool,
    compression: str | None,
    link_type: int,
    snap_length: int,
    frames: list[tuple[int, bytes, int, str | None]],
    mass: Mass | None,
    cut: int | None,
    progress: Callable[[int, int], object] | None,
) -> list[int]:
    """Write a capture to a path, which is replaced, or to standard output ("-").

    `container`: pcap or pcapng. `compression`: gzip, zstd, lz4, xz or None. `frames`: (nanoseconds since
    1970, bytes, length on the wire, comment or None) in order; `snap_length` bytes of each are kept. `cut`:
    leave out so many bytes at the end of the last frame's record, fewer than it has, where that is one of
    `frames`. `mass`: flows whose packets are put among them by time. `progress(frames written, in all)` is
    called a few times a second. The same frames give the same bytes.

    Returns the numbers, from 1, that `frames` have in the capture.

    Raises `vxinspect.OptionError`, and `OSError` where the target cannot be written or cannot hold a time.
    """

def write_flows(
    sources: Sequence[tuple[str, str | bytes | BinaryIO | Growing]],
    *,
    overlays: Overlays,
    select: Sequence[tuple[str, str]],
    checksums: bool,
    dedup: tuple[int | None, int | None] | None,
    max_flows: int | None,
    count: int | None,
    silence: int,
    across_vnis: bool,
    form: str,
    target: str | BinaryIO,
    progress: Callable[[int, int | None, int], None] | None,
) -> tuple[Outcome, int]:
    """Write each flow as a line of text once it had no packet for `silence` nanoseconds, or in the end.

    `across_vnis`: a flow is one whatever its VNI. The other arguments are those of `scan` and
    `write_packets`; `form` is jsonl or csv. Beside the outcome,
    how many packets had no room within `max_flows`. Ctrl-C ends the run; the rest is written all the same.
    """

def write_packets(
    sources: Sequence[tuple[str, str | bytes | BinaryIO | Growing]],
    *,
    overlays: Overlays,
    select: Sequence[tuple[str, str]],
    dedup: tuple[int | None, int | None] | None,
    count: int | None,
    limit: int | None,
    all_frames: bool,
    form: str,
    names: Mapping[str, str],
    target: str | BinaryIO,
    progress: Callable[[int, int | None, int], None] | None,
) -> Outcome:
    """Write a row of text for each packet, as it comes.

    The arguments are those of `PacketReader`. `target`: a path, which is replaced, or "-" (standard
    output). `form`: json, jsonl or csv. `names`: how that form tells the name of each source, quotes
    included. Ctrl-C ends the run, and what was written is whole.

    Raises `vxinspect.OptionError`, `vxinspect.CaptureError` with its children, and `OSError` where the target
    cannot be written.
    """

def decap(
    sources: Sequence[tuple[str, str | bytes | BinaryIO | Growing]],
    *,
    overlays: Overlays,
    select: Sequence[tuple[str, str]],
    dedup: tuple[int | None, int | None] | None,
    count: int | None,
    target: str | BinaryIO,
    split_by: str | None,
    container: str,
    nanoseconds: bool,
    compression: str | None,
    progress: Callable[[int, int | None, int], None] | None,
) -> Outcome:
    """Write the inner frames of the selected packets as a capture of Ethernet frames.

    The first arguments are those of `scan`. `target`: a path, which is replaced, "-" for standard output, or
    an open binary file. `split_by`: vni or tunnel; then `target` is an empty folder of nobody else's.
    `container`: pcap or pcapng. `nanoseconds`: even where no capture that is read has them. `compression`:
    gzip, zstd, lz4, xz or None. Ctrl-C ends the run, and what was written is whole.

    Raises `vxinspect.OptionError`, `vxinspect.CaptureError` with its children, and `OSError` where the target
    cannot be written.
    """

def extract(
    sources: Sequence[tuple[str, str | bytes | BinaryIO | Growing]],
    *,
    overlays: Overlays,
    select: Sequence[tuple[str, str]],
    dedup: tuple[int | None, int | None] | None,
    count: int | None,
    invert: bool,
    target: str | BinaryIO,
    container: str,
    nanoseconds: bool,
    compression: str | None,
    progress: Callable[[int, int | None, int], None] | None,
) -> Outcome:
    """Write the frames of the selected packets, or with `invert` all others; otherwise as `decap`."""

def encap(
    sources: Sequence[tuple[str, str | bytes | BinaryIO | Growing]],
    *,
    select: Sequence[tuple[str, str]],
    count: int | None,
    src_vtep: str,
    dst_vtep: str,
    vni: int,
    src_mac: str,
    dst_mac: str,
    encapsulation: str,
    port: int,
    source_port: int | None,
    flow_id: int | None,
    ttl: int,
    udp_checksum: bool,
    target: str | BinaryIO,
    container: str,
    nanoseconds: bool,
    compression: str | None,
    progress: Callable[[int, int | None, int], None] | None,
) -> Outcome:
    """Write Ethernet frames as packets of an overlay; otherwise as `decap`.

    `encapsulation`: vxlan, vxlan-gpe, geneve or nvgre. `source_port`, of NVGRE `flow_id`: None for a hash of
    each inner flow. `port` and `udp_checksum` (compute it) are of those over UDP.
    """
