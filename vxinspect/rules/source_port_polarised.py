"""All flows of a tunnel have one outer source port."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    candidates = [
        row
        for row in facts.tunnels
        if 1 in (row["source_ports_ab"], row["source_ports_ba"]) and row["kind"] == "unicast"
    ]
    if not candidates:
        return
    # Of VXLAN in VXLAN, the tenant's flows choose the port of the tunnel around them.
    flows: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in facts.flows.where("src_vtep", "dst_vtep", "encapsulation", "packets_fwd", "packets_rev"):
        flows[row["src_vtep"], row["dst_vtep"], row["encapsulation"]] += bool(row["packets_fwd"])
        flows[row["dst_vtep"], row["src_vtep"], row["encapsulation"]] += bool(row["packets_rev"])
    for row in candidates:
        ways = ((row["vtep_a"], row["vtep_b"], "ab"), (row["vtep_b"], row["vtep_a"], "ba"))
        for source, destination, way in ways:
            count = flows[source, destination, row["encapsulation"]]
            if row[f"source_ports_{way}"] != 1 or count < limits["flows"]:
                continue
            yield Found(
                subject=f"{source} to {destination}",
                seen=f"{plural(count, 'flow')} in {plural(row[f'packets_{way}'], 'packet')}, all from one "
                "outer UDP source port",
                frames=row[f"packets_{way}"],
                tunnel=arrow(source, destination),
                where=({"src_vtep": source, "dst_vtep": destination},),
            )


RULE = Rule(
    id="source-port-polarised",
    title="All flows of a tunnel have one outer source port",
    severity="warning",
    source="RFC 7348, section 5: the source port SHOULD be a hash of the inner headers, for ECMP and load "
    "balancing",
    means="Routers and bonds spread traffic over their links by the outer ports. With one source port, all "
    "of a tunnel takes one link and one receive queue, and the others stay idle.",
    known_by="A direction of a tunnel with many inner flows and one UDP source port.",
    advice="Let the VTEP hash the inner headers into the source port (Linux: do not set `srcport` to a "
    "range of one).",
    shown_by="ip.src == SENDER && udp.srcport == PORT",
    thresholds={"flows": Threshold(8, "inner flows through one source port, at least")},
    find=_find,
)
