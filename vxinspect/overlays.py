"""What a scan takes for an overlay, and how far it looks into it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vxinspect.exceptions import OptionError
from vxinspect.sources import VXLAN_PORT, Ports, split_ports

__all__ = ["ASSIGNED_PORTS", "DEEPEST", "ENCAPSULATIONS", "MAX_DEPTH", "USUAL_ENCAPSULATIONS", "Overlays"]

MAX_DEPTH, DEEPEST = 4, 16
"""How many overlays may be inside each other: by default, and at most."""
ENCAPSULATIONS: Mapping[str, str] = {
    "vxlan": "VXLAN",
    "vxlan-gpe": "VXLAN-GPE",
    "geneve": "Geneve",
    "nvgre": "NVGRE",
}
"""The overlays that are known, and what people call them."""
ASSIGNED_PORTS: Mapping[str, int] = {"vxlan-gpe": 4790, "geneve": 6081}
"""The UDP port that IANA assigned, of those that have no other."""
USUAL_ENCAPSULATIONS = ("vxlan", "vxlan-gpe")
"""Those that are reported unless others are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlays:
    """As the engine takes it: `ports` are VXLAN's, `auto_ports` adds those whose traffic looks like it.

    `encapsulations` are reported, and others are not. `match_source_port`: what comes from one of `ports`
    is VXLAN too.
    """

    ports: list[int]
    auto_ports: bool
    encapsulations: list[str]
    max_depth: int
    match_source_port: bool = False

    @property
    def asked_ports(self) -> Ports:
        """The ports as `scan` takes them."""
        return (*self.ports, "auto") if self.auto_ports else tuple(self.ports)

    @classmethod
    def asked(
        cls,
        *,
        ports: Ports = (VXLAN_PORT,),
        encapsulations: Iterable[str] = USUAL_ENCAPSULATIONS,
        max_depth: int = MAX_DEPTH,
        match_source_port: bool = False,
    ) -> "Overlays":
        """Return what these arguments of `scan` ask for; raises `OptionError` for what makes no sense."""
        numbers, auto = split_ports(ports)
        if type(max_depth) is not int or not 0 < max_depth <= DEEPEST:
            raise OptionError("max_depth", max_depth, f"a number of layers from 1 to {DEEPEST}")
        wanted = [encapsulations] if isinstance(encapsulations, str) else list(encapsulations)
        for name in wanted or [""]:
            if name not in ENCAPSULATIONS:
                raise OptionError("encapsulations", name, f"some of {', '.join(ENCAPSULATIONS)}")
        return cls(
            ports=numbers,
            auto_ports=auto,
            encapsulations=wanted,
            max_depth=max_depth,
            match_source_port=match_source_port,
        )
