"""What a scan takes for an overlay, and how far it looks into it."""

from dataclasses import dataclass

from vxinspect.exceptions import OptionError
from vxinspect.sources import VXLAN_PORT, Ports, split_ports

__all__ = ["DEEPEST", "MAX_DEPTH", "Overlays"]

MAX_DEPTH, DEEPEST = 4, 16
"""How many layers of VXLAN may be inside each other: by default, and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlays:
    """As the engine takes it: `ports` are VXLAN's, `auto_ports` adds those whose traffic looks like it."""

    ports: list[int]
    auto_ports: bool
    max_depth: int

    @property
    def asked_ports(self) -> Ports:
        """The ports as `scan` takes them."""
        return (*self.ports, "auto") if self.auto_ports else tuple(self.ports)

    @classmethod
    def asked(cls, *, ports: Ports = (VXLAN_PORT,), max_depth: int = MAX_DEPTH) -> "Overlays":
        """Return what these arguments of `scan` ask for; raises `OptionError` for what makes no sense."""
        numbers, auto = split_ports(ports)
        if type(max_depth) is not int or not 0 < max_depth <= DEEPEST:
            raise OptionError("max_depth", max_depth, f"a number of layers from 1 to {DEEPEST}")
        return cls(ports=numbers, auto_ports=auto, max_depth=max_depth)
