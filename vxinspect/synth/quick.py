"""The scenario of the command line's quick form: mass traffic between VTEPs that are numbered through."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address

from vxinspect.synth.scenario import Mass, Scenario, Size, Vni, Vtep

__all__ = ["quick_scenario"]

_FIRST = {4: ip_address("198.18.0.1"), 6: ip_address("2001:db8::1")}
"""Addresses for benchmarks (RFC 2544) and for documentation (RFC 3849)."""


def quick_scenario(
    *,
    vnis: Sequence[int],
    vteps: int,
    flows: int,
    packets: int,
    size: Size,
    rate: int,
    seed: int,
    ipv6: bool,
    port: int,
) -> Scenario:
    """Return mass traffic in `vnis` between so many VTEPs."""
    first = _FIRST[6 if ipv6 else 4]
    return Scenario(
        vtep=tuple(
            Vtep(name=f"vtep{number}", ip=str(first + number), mac=_mac(number)) for number in range(vteps)
        ),
        vni=tuple(Vni(id=vni) for vni in vnis),
        mass=Mass(flows=flows, packets=packets, size=size, rate=rate),
        seed=seed,
        start=datetime.fromisoformat("2026-01-01T00:00:00+00:00"),
        port=port,
    )


def _mac(number: int) -> str:
    return (b"\x02\x00" + (number + 1).to_bytes(4, "big")).hex(":")
