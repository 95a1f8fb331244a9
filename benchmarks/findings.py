"""Precision and recall of the rules of findings, over scenarios with random faults.

`make findings-bench`, or `python benchmarks/findings.py [SCENARIOS [SEED]]`. Each scenario is a small network
with traffic and up to three faults; what must be found follows from the faults, never from the capture.
"""

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import vxinspect
from vxinspect.containers import Container
from vxinspect.exceptions import ScenarioError
from vxinspect.synth.load import parse_scenario
from vxinspect.synth.run import Job

SCENARIOS = 500

FAULTS: dict[str, tuple[str, frozenset[str]]] = {
    "unexpected-source": (
        'source = "192.0.2.77"\ntraffic = "shop"\ncount = {count}',
        frozenset({"unexpected-source"}),
    ),
    "vni-by-direction": ('vni = 101\ntraffic = "shop"\ncount = {count}', frozenset({"vni-by-direction"})),
    "mac-move": ('host = "web"\nto = "three"\nat = 2.5', frozenset({"mac-moved"})),
    "mac-flap": (
        'host = "web"\nto = "three"\nat = 1.5\ncount = 6\ninterval = 0.3',
        frozenset({"mac-flapping"}),
    ),
    "duplicate-mac": (
        'host = "web"\nvtep = "three"\nip = "10.0.0.9"\nat = 1.5\ncount = 2\ninterval = 0.4',
        frozenset({"duplicate-mac"}),
    ),
    "duplicate-ip": (
        'host = "web"\nvtep = "three"\nmac = "02:42:0a:00:00:99"\nat = 1.5\ncount = 2\ninterval = 0.4',
        frozenset({"duplicate-ip"}),
    ),
    "unknown-unicast": ('traffic = "shop"\ncount = 20', frozenset({"unknown-unicast"})),
    "overlapping-tenants": ("vni = 100\nto = 200", frozenset()),
    "nested": ('vni = 5000\nfrom = "three"\nto = "two"\ncount = 3', frozenset()),
    "loop": ('traffic = "ping"\ncount = {few}\nrouted = true\nrounds = 6', frozenset({"overlay-loop"})),
    "inner-vlan-tag": ("vid = 30\ncount = {count}", frozenset({"inner-vlan-tag"})),
    "i-flag-clear": ("count = {few}", frozenset({"i-flag-clear"})),
    "reserved-bits": ("count = {few}", frozenset({"reserved-bits"})),
    "wrong-port": ("port = 4788\ncount = 3", frozenset({"unexpected-port"})),
    "polarised-source-ports": ("port = 50000", frozenset({"source-port-polarised"})),
    "outer-fragments": ('traffic = "shop"\ncount = {few}', frozenset({"fragmentation"})),
    "reordered-fragments": ('traffic = "shop"\ncount = {few}', frozenset({"fragmentation"})),
    "missing-fragment": (
        'traffic = "shop"\ncount = {few}',
        frozenset({"fragmentation", "incomplete-datagrams"}),
    ),
    "over-mtu": (
        'mtu = 900\nrouter = "192.0.2.254"\ntraffic = "shop"\ncount = {few}',
        frozenset({"underlay-mtu"}),
    ),
    "icmp-errors": (
        'error = "time-exceeded"\nrouter = "192.0.2.254"\ncount = {few}',
        frozenset({"underlay-loop"}),
    ),
    "ttl-change": ("ttl = 61\ncount = {few}", frozenset({"ttl-change"})),
    "tcp-retransmission": ('traffic = "shop"\ncount = 60', frozenset({"retransmission-rate"})),
    "tcp-zero-window": ("count = {count}", frozenset({"zero-window"})),
    "black-hole": ('from = "one"\nto = "two"\nmtu = 900', frozenset({"mtu-black-hole"})),
    "capture-drops": ('traffic = "shop"\ncount = {count}', frozenset({"capture-loss"})),
    "tcp-reset": ('traffic = "shop"\ncount = 6', frozenset({"tcp-reset"})),
    "duplicated-frames": ("count = {few}", frozenset({"copies"})),
    "bare-copies": ("count = {few}", frozenset({"bare-traffic"})),
    "inner-checksum-wrong": ("count = {few}", frozenset({"checksum-wrong"})),
    "inner-checksum-partial": ("count = {few}", frozenset()),
    "outer-checksum-wrong": ("count = {few}", frozenset({"checksum-wrong"})),
    "offload": ('traffic = "shop"\ncount = {few}', frozenset()),
    "plain-traffic": ("count = 12", frozenset()),
    "cut-mid-record": ("bytes = 10", frozenset({"capture-cut"})),
}
"""The keys of each kind of fault, and the rules that must speak of it."""

IMPLIED = {
    # Copies and floods of a packet are what these look like, too.
    "unknown-unicast": frozenset({"copies"}),
    # What is sent again and again is sent again.
    "black-hole": frozenset({"retransmission-rate"}),
    # The second VXLAN of packets of one direction is a tunnel that goes one way.
    "nested": frozenset({"one-way-tunnel", "unexpected-source"}),
}
"""Rules that may speak of a fault, and need not."""

APART = [
    {"vni-by-direction", "capture-drops"},
    {"mac-move", "mac-flap", "duplicate-mac", "duplicate-ip", "unexpected-source", "black-hole"},
    {"overlapping-tenants", "vni-by-direction"},
    {"duplicated-frames", "ttl-change", "unknown-unicast"},
    {"unexpected-source", "unknown-unicast"},
    {"vni-by-direction", "unexpected-source", "tcp-reset"},
]
"""Faults of which two together are something else: what is flooded has no usual address, say."""

NETWORK = """
seed = {seed}
[[vtep]]
name = "one"
ip = "192.0.2.1"
mac = "02:00:c0:00:02:01"
[[vtep]]
name = "two"
ip = "192.0.2.2"
mac = "02:00:c0:00:02:02"
[[vtep]]
name = "three"
ip = "192.0.2.3"
mac = "02:00:c0:00:02:03"
[[vni]]
id = 100
[[vni]]
id = 200
[[host]]
name = "web"
vni = 100
vtep = "one"
mac = "02:42:0a:00:00:01"
ips = ["10.0.0.1"]
[[host]]
name = "db"
vni = 100
vtep = "two"
mac = "02:42:0a:00:00:02"
ips = ["10.0.0.2"]
[[traffic]]
kind = "icmp"
name = "ping"
from = "web"
to = "db"
count = {pings}
rate = 5
resolve = true
[[traffic]]
kind = "udp"
name = "dns"
from = "db"
to = "web"
start = 0.3
count = {questions}
size = "imix"
port = 53
[[traffic]]
kind = "tcp"
name = "shop"
from = "web"
to = "db"
start = 0.5
count = {sessions}
rate = 4
size = {size}
rounds = 3
segments = 3
"""


def scenario(dice: random.Random) -> tuple[str, list[str]]:
    """Return a scenario and the kinds of its faults."""
    text = NETWORK.format(
        seed=dice.randrange(2**32),
        pings=dice.randint(20, 60),
        questions=dice.randint(3, 20),
        sessions=dice.randint(12, 24),
        size=dice.randint(900, 1400),
    )
    kinds: list[str] = []
    for kind in dice.sample(sorted(FAULTS), dice.choice((0, 1, 1, 2, 2, 3))):
        if not any(kind in group and group & set(kinds) for group in APART):
            kinds.append(kind)
    for kind in kinds:
        keys = FAULTS[kind][0].format(count=dice.randint(15, 40), few=dice.randint(2, 6))
        text += f'\n[[fault]]\nkind = "{kind}"\n{keys}\n'
    return text, kinds


def main(scenarios: int, seed: int) -> int:
    """Print what was found, missed and made up, by rule."""
    dice = random.Random(seed)  # noqa: S311 - a benchmark's dice
    found, missed, alarms = Counter[str](), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pcap"
        done = 0
        while done < scenarios:
            text, kinds = scenario(dice)
            try:
                Job(parse_scenario(text), "bench", Container()).write(str(path))
            except ScenarioError:
                # Faults that leave no packet for another are drawn again.
                continue
            done += 1
            told = {str(row["rule"]) for row in vxinspect.scan(path, checksums=True).find(numbers=False)}
            wanted = frozenset().union(*(FAULTS[kind][1] for kind in kinds))
            may = wanted.union(*(IMPLIED.get(kind, frozenset()) for kind in kinds))
            found.update(told & wanted)
            missed.update(wanted - told)
            alarms.update(told - may)
            for rule in sorted((wanted - told) | (told - may)):
                print(f"{'missed' if rule in wanted else 'alarm '} {rule}: {', '.join(kinds) or 'no fault'}")
    right, all_missed, all_alarms = found.total(), missed.total(), alarms.total()
    for rule in sorted(found | missed | alarms):
        print(f"{rule:<24} found {found[rule]:4}  missed {missed[rule]:4}  false alarms {alarms[rule]:4}")
    print(
        f"{scenarios} scenarios: precision {right / max(right + all_alarms, 1):.4f}, "
        f"recall {right / max(right + all_missed, 1):.4f}"
    )
    return 1 if all_missed or all_alarms else 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(*given, *(SCENARIOS, 1)[len(given) :])))
