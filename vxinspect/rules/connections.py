"""What the rules about how connections end have in common."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vxinspect.render.text import plural
from vxinspect.render.units import percent_text
from vxinspect.rules.facts import Facts, flow_name, named
from vxinspect.rules.rule import Find, Found

__all__ = ["find_ended"]

_COLUMNS = (
    "vni",
    "src_ip",
    "src_port",
    "dst_ip",
    "dst_port",
    "src_vtep",
    "dst_vtep",
    "packets",
    "packets_rev",
    "tcp_flags_fwd",
)


def find_ended(states: Sequence[str], how: str) -> Find:
    """Return the query for connections that ended in one of the states; `how` they did, as a participle."""

    def find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
        ended: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in facts.flows.where(*_COLUMNS, words={"tcp_state": states}):
            # Without a way back, and where the answers went elsewhere, other rules speak.
            if (row["src_vtep"], row["dst_vtep"]) in facts.two_way and not facts.is_elsewhere(row):
                ended[row["vni"]].append(row)
        for vni, rows in ended.items():
            flows = facts.flows_of[vni]
            percent = 100 * len(rows) / flows
            # Of those that seem to have no answer, so many may have one in frames that could not be read.
            silent = sum(not row["packets_rev"] for row in rows)
            sure = len(rows) - min(silent, facts.hidden)
            if sure < limits["connections"] or percent < limits["percent"]:
                continue
            yield Found(
                subject=named([flow_name(row) for row in rows]),
                seen=f"{len(rows):,} of {plural(flows, 'flow')} {how}, {percent_text(percent)}",
                frames=sum(row["packets"] for row in rows),
                vni=vni,
                where=tuple(
                    {
                        "vni": vni,
                        "src_ip": row["src_ip"],
                        "src_port": row["src_port"],
                        "dst_ip": row["dst_ip"],
                    }
                    for row in rows[:5]
                ),
            )

    return find
