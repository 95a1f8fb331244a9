"""VXLAN captures in, tables out, with the VNI in every key.

    >>> import vxinspect
    >>> report = vxinspect.scan("day.pcap")
    >>> for row in report.flows:
    ...     print(row["vni"], row["src_ip"], row["dst_ip"], row["inner_bytes"])

`scan` reads captures; `Report` holds the tables; each `Table` is a sequence of rows. `packets` gives
the packets one by one, with their bytes, `follow` reports of what is still being written; `decap`, `extract`
and `encap` write captures.
"""

from vxinspect._engine import __version__, debug_build
from vxinspect.api import Report, scan
from vxinspect.columns import Column, View
from vxinspect.exceptions import (
    CaptureError,
    DamagedCaptureError,
    DeclarationError,
    FilterError,
    OptionError,
    PolicyError,
    ScenarioError,
    UnknownFormatError,
    UnreadableCaptureError,
    VxinspectError,
)
from vxinspect.live import follow
from vxinspect.rewrite import Written, decap, encap, extract
from vxinspect.selection import Select
from vxinspect.sources import Growing
from vxinspect.stream import Packet, PacketStream, packets
from vxinspect.tables import Row, Table, Value

__all__ = [
    "CaptureError",
    "Column",
    "DamagedCaptureError",
    "DeclarationError",
    "FilterError",
    "Growing",
    "OptionError",
    "Packet",
    "PacketStream",
    "PolicyError",
    "Report",
    "Row",
    "ScenarioError",
    "Select",
    "Table",
    "UnknownFormatError",
    "UnreadableCaptureError",
    "Value",
    "View",
    "VxinspectError",
    "Written",
    "__version__",
    "decap",
    "encap",
    "extract",
    "follow",
    "packets",
    "scan",
]

if debug_build:
    import warnings

    warnings.warn(
        "this is a debug build of the vxinspect engine: it is many times slower than a release build",
        RuntimeWarning,
        stacklevel=2,
    )
