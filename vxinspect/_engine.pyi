"""The engine: captures in, tables out. Internal; the public face is `vxinspect`."""

from collections.abc import Callable, Sequence
from typing import BinaryIO, TypeAlias, final

__all__ = ["Analysis", "Mass", "Rows", "__version__", "debug_build", "scan", "write_capture"]

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
        """Return total, vxlan, fragment, other, invalid, malformed, selected, reasons, notes."""
    def time(self) -> dict[str, object]:
        """Return first_seen, last_seen (RFC 3339 or None) and duration_s (float or None)."""
    def totals(self) -> dict[str, int]:
        """Return vnis, vteps, tunnels, flows, macs, ips."""
    def bytes(self) -> dict[str, object]:
        """Return wire, inner, payload, overhead (int) and overhead_percent (float or None)."""
    def candidates(self) -> list[tuple[int, int, list[int]]]:
        """Return (UDP port, frames that look like VXLAN, at most 8 VNIs) for ports not taken as VXLAN."""
    def ports(self) -> list[int]:
        """Return the UDP ports taken as VXLAN, those found by "auto" included."""
    def table(self, view: str, *, sort: Sequence[tuple[str, bool]] = ..., limit: int | None = None) -> Rows:
        """Return one table.

        `view`: vnis, flows, conversations_mac, conversations_ip, tunnels, vteps, fdb, overhead_total,
        overhead_vni, overhead_tunnel. `sort`: (column, descending) pairs; empty is the default order.
        """
    def merge(self, later: Analysis) -> Analysis:
        """Return both runs as one; neither changes."""

def scan(
    sources: Sequence[tuple[str, str | bytes | BinaryIO]],
    *,
    ports: Sequence[int],
    auto_ports: bool,
    select: Sequence[tuple[str, str]],
    count: int | None,
    threads: int | None,
    progress: Callable[[int, int | None, int], None] | None,
    keep_on_interrupt: bool,
) -> Analysis:
    """Read captures and count what is in them.

    `sources`: (name to show, path | contents | open binary file). `select`: (field, value) pairs with the
    fields vni, vtep, mac, host, protocol, inner_port, since, until; values of one field are alternatives,
    fields narrow each other. `count`: stop after so many frames. `progress(bytes read, bytes in all or None,
    frames)` is called a few times a second. `keep_on_interrupt`: on Ctrl-C return what was seen, instead of
    raising KeyboardInterrupt.

    Raises `vxinspect.OptionError` and `vxinspect.CaptureError` with its children.
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
