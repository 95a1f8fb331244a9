"""Fragments of outer datagrams are missing."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from vxinspect.render.text import plural
from vxinspect.rules.facts import Facts, arrow
from vxinspect.rules.rule import Found, Rule, Threshold

__all__ = ["RULE"]

_LOOKED_UP = 5


def _find(facts: Facts, limits: Mapping[str, float]) -> Iterator[Found]:
    count, listed = facts.frames["incomplete_datagrams"], facts.incomplete
    first, last = facts.report.time["first_seen"], facts.report.time["last_seen"]
    lost = [row for row in listed if not _is_cut(row, first, last, limits["edge_s"])]
    directions: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in lost:
        directions[row["source"], row["destination"]].append(row)
    for (source, destination), rows in directions.items():
        if len(rows) < limits["datagrams"]:
            continue
        vnis = {row["vni"] for row in rows if row["vni"] is not None}
        yield Found(
            subject=f"datagrams from {source} to {destination}",
            seen=f"{plural(len(rows), 'datagram')} incomplete, {_lacking(rows)}"
            + (f" (of the first {len(listed)} of {count:,} in all)" if count > len(listed) else ""),
            frames=sum(row["frames"] for row in rows),
            vni=next(iter(vnis)) if len(vnis) == 1 else None,
            tunnel=arrow(source, destination),
            where=(
                {"disposition": "fragment", "time": tuple(row["first_seen"] for row in rows[:_LOOKED_UP])},
            ),
        )


def _is_cut(row: Mapping[str, Any], first: str | None, last: str | None, edge: float) -> bool:
    """Whether the rest came before the capture began, or after it ended."""
    seen = row["first_seen"]
    if seen is None or first is None or last is None:
        return False
    at_end = row["why"] == "capture_end" and _seconds(seen, last) <= edge
    return at_end or _seconds(first, seen) <= edge


def _seconds(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def _lacking(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return of how many the first piece is missing, of how many later ones, and the bytes of one."""
    front = [row for row in rows if row["missing"][0].startswith("0-")]
    later = [row for row in rows if any(not gap.startswith("0-") for gap in row["missing"])]
    parts = [
        f"{what} of {len(of):,}" for what, of in (("the first piece", front), ("a later piece", later)) if of
    ]
    one = rows[0]
    return (
        f"without {' and '.join(parts)}; identification {one['identification']} lacks bytes "
        f"{', '.join(one['missing'])}"
    )


RULE = Rule(
    id="incomplete-datagrams",
    title="Fragments of outer datagrams are missing",
    severity="warning",
    source="RFC 791, section 3.2 and RFC 8200, section 4.5: reassembly; docs/counting.md: fragments",
    means="A VXLAN packet was cut and not all of its pieces arrive, so the whole of it is lost. Where later "
    "pieces are missing again and again, a firewall or load balancer drops what has no UDP header; where "
    "any are, the underlay loses packets, or the pieces take ways that the capture does not see.",
    known_by="Datagrams of which pieces were seen and others never came (docs/counting.md). Those at the "
    "capture's very beginning and end may have the rest outside of it, and do not count.",
    advice="Do away with the fragments (see the rule fragmentation); until then let firewalls on the way "
    "pass fragments between the VTEPs.",
    shown_by="ip.flags.mf == 1 || ip.frag_offset > 0",
    thresholds={
        "datagrams": Threshold(1, "incomplete datagrams from one VTEP to another, at least"),
        "edge_s": Threshold(
            0.01, "seconds after the capture's beginning and before its end that do not count"
        ),
    },
    find=_find,
)
