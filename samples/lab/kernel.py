"""What the kernel itself says of its VXLAN devices."""

import json
from pathlib import Path

from namespaces import LabError, Namespace

LINKS = "-json -stats -details link show type vxlan"
FDB = "-json fdb show"


def assert_untouched(place: Namespace) -> None:
    """LabError where a VXLAN device has counted a packet before the recordings began."""
    for link in json.loads(place.ip(LINKS)):
        if link["stats64"]["rx"]["packets"] or link["stats64"]["tx"]["packets"]:
            raise LabError(f"{link['ifname']} of {place.name} has counted packets that no capture holds")


def save(place: Namespace, host: int, folder: Path) -> None:
    """Write the counters of a host's VXLAN devices, and the host's forwarding tables, as JSON."""
    (folder / f"host{host}-links.json").write_text(place.ip(LINKS))
    (folder / f"host{host}-fdb.json").write_text(place.bridge(FDB))
