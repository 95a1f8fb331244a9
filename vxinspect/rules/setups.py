"""Well-known setups, by port, VNIs and shape: named as a hint, so that a person knows what is usual there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vxinspect.rules.facts import Facts

__all__ = ["CILIUM", "recognised"]

CILIUM = (
    "this looks like Cilium (UDP 8472, each direction in a VNI of its own): the VNI is the identity of the "
    "sender, and no network"
)
_SWARM = "this looks like Docker Swarm (VNIs from 4096 on, MACs that Docker makes of addresses)"
_FLANNEL = (
    "this looks like Flannel (UDP 8472, VNI 1, no broadcast): inner MACs are those of nodes, not of pods"
)
_CALICO = "this looks like Calico (VNI 4096 alone, no broadcast): inner MACs are those of nodes, not of pods"
_MIRROR = "this looks like a cloud's traffic mirror: tunnels carry copies of both directions one way"

_LINUX_PORT = 8472
_SWARM_VNI = 4096
"""The first of Docker Swarm's, and the one of Calico's."""
_MOST = 0.9
_LOOKED_AT = 64
"""So many stations tell how MACs are made."""


def recognised(facts: "Facts") -> list[str]:
    """Return a sentence for each setup that the capture looks like."""
    return list(_looks(facts))


def _looks(facts: "Facts") -> Iterator[str]:
    vnis = {row["vni"] for row in facts.vnis}
    if not vnis:
        return
    linux = facts.report.ports_seen == [_LINUX_PORT]
    quiet = not any(row["bum_packets"] for row in facts.vnis)
    if _is_mirror(facts):
        yield _MIRROR
    elif linux and len(vnis) > 1 and _each_way_its_own(facts):
        yield CILIUM
    elif linux and vnis == {1} and quiet:
        yield _FLANNEL
    elif vnis == {_SWARM_VNI} and quiet and not linux:
        yield _CALICO
    elif min(vnis) >= _SWARM_VNI and _of_docker(facts):
        yield _SWARM


def _is_mirror(facts: "Facts") -> bool:
    """Whether all tunnels carry both directions of their stations' talk one way."""
    packets = sum(row["packets"] for row in facts.one_way)
    mirrored = sum(row["mirrored_packets"] for row in facts.one_way)
    one_way = all(row["direction"] != "both" for row in facts.tunnels)
    return one_way and packets > 0 and mirrored >= _MOST * packets


def _each_way_its_own(facts: "Facts") -> bool:
    """Whether nearly no flow is answered in its own VNI, and some are in another."""
    flows = len(facts.flows)
    crossed = [row for row in facts.report.internal("strays") if row["answered_in"] is not None]
    return len(crossed) > 1 and len(facts.flows.where("vni", most={"packets_rev": 0})) >= _MOST * flows


def _of_docker(facts: "Facts") -> bool:
    """Whether MACs are 02:42 and the IPv4 address that they send from, as Docker makes them."""
    rows: list[dict[str, Any]] = facts.report.table("fdb", limit=_LOOKED_AT).to_dicts()
    made = [_docker_mac(ip) == row["mac"] for row in rows for ip in row["ips"] if "." in ip]
    return bool(made) and all(made)


def _docker_mac(ip: str) -> str:
    return "02:42:" + ":".join(f"{int(part):02x}" for part in ip.split("."))
