"""A small network with traffic of every kind, and one instance of each fault that fits it."""

NETWORK = """
seed = 7
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
flood = "239.1.1.1"
[[host]]
name = "web"
vni = 100
vtep = "one"
mac = "02:42:0a:00:00:01"
ips = ["10.0.0.1", "fd00::1"]
[[host]]
name = "db"
vni = 100
vtep = "two"
mac = "02:42:0a:00:00:02"
ips = ["10.0.0.2", "fd00::2"]
[[traffic]]
kind = "arp"
from = "web"
to = "db"
[[traffic]]
kind = "nd"
from = "db"
to = "web"
start = 0.1
[[traffic]]
kind = "icmp"
name = "ping"
from = "web"
to = "db"
start = 0.2
count = 4
[[traffic]]
kind = "udp"
name = "dns"
from = "web"
to = "db"
start = 0.3
count = 5
size = "imix"
[[traffic]]
kind = "tcp"
name = "shop"
from = "web"
to = "db"
start = 0.4
count = 3
size = 900
rounds = 3
segments = 3
[[traffic]]
kind = "tcp"
name = "shop6"
from = "db"
to = "web"
start = 0.5
family = 6
close = "reset"
resolve = true
"""

LEASES = """
[[traffic]]
kind = "dhcp"
from = "web"
to = "db"
count = 2
hostname = "web.lab"
[[traffic]]
kind = "dhcp"
name = "lease6"
from = "db"
to = "web"
start = 0.15
family = 6
lease = 600
"""
"""Traffic that may be added."""

FAULTS = {
    "one-way-tunnel": 'from = "one"\nto = "two"',
    "unexpected-source": 'source = "192.0.2.77"\ntraffic = "ping"\ncount = 2',
    "vni-by-direction": 'vni = 101\ntraffic = "dns"\ncount = 3',
    "mac-move": 'host = "web"\nto = "three"\nat = 0.41',
    "mac-flap": 'host = "web"\nto = "three"\nat = 0.2\ncount = 4\ninterval = 0.1',
    "duplicate-mac": 'host = "web"\nvtep = "three"\nip = "10.0.0.9"\ncount = 2\ninterval = 0.2',
    "duplicate-ip": 'host = "web"\nvtep = "three"\nmac = "02:42:0a:00:00:99"\ncount = 2',
    "unknown-unicast": 'traffic = "dns"\ncount = 2',
    "overlapping-tenants": "vni = 100\nto = 200",
    "nested": 'vni = 5000\nfrom = "three"\nto = "two"\ncount = 3',
    "carried": 'carriers = [{ kind = "mpls" }, { kind = "gre", key = 7 }]\ntraffic = "shop"\ncount = 5',
    "loop": 'traffic = "ping"\ncount = 2',
    "inner-vlan-tag": "vid = 30\ncount = 4",
    "i-flag-clear": "count = 3",
    "reserved-bits": "count = 2",
    "group-policy": "policy = 77\ndont_learn = true\npolicy_applied = true\ncount = 4",
    "wrong-port": "port = 4788\ncount = 3",
    "outer-checksum-wrong": "count = 2",
    "polarised-source-ports": "port = 50000",
    "outer-fragments": 'traffic = "shop"\ncount = 2',
    "missing-fragment": 'traffic = "shop"\npiece = "first"\ncount = 2',
    "repeated-fragment": 'traffic = "shop"\npiece = "first"\ncount = 2',
    "overlapping-fragments": 'traffic = "shop"\ncount = 2',
    "reordered-fragments": 'traffic = "shop"\norder = "random"\ncount = 2',
    "over-mtu": 'mtu = 900\nrouter = "192.0.2.254"\ntraffic = "shop"\ncount = 2',
    "icmp-errors": 'error = "time-exceeded"\nrouter = "192.0.2.254"\ncount = 2\nquote = 8',
    "ttl-change": "ttl = 61\ncount = 3",
    "dscp-change": "dscp = 46\ncount = 3",
    "ecn-marks": 'traffic = "shop"\ncount = 3',
    "inner-checksum-wrong": "count = 3",
    "inner-checksum-partial": "count = 3",
    "inner-icmp-errors": 'traffic = "shop"\nquote = 8\ncount = 2',
    "inner-fragments": 'traffic = "dns"\nmtu = 400\norder = "reverse"',
    "tcp-retransmission": 'traffic = "shop"\ncount = 6',
    "tcp-reordering": 'traffic = "shop"\ncount = 2',
    "tcp-reset": "count = 2",
    "black-hole": 'from = "one"\nto = "two"\nmtu = 900',
    "tcp-zero-window": "count = 3",
    "offload": 'traffic = "shop"\ncount = 2',
    "zero-length": 'traffic = "shop"',
    "duplicated-frames": "count = 4",
    "routed-copies": "count = 4",
    "bare-copies": "count = 5",
    "capture-drops": 'traffic = "shop"\ncount = 6',
    "snap-length": "length = 90",
    "cut-mid-record": "bytes = 20",
    "plain-traffic": "count = 9",
}
"""The keys of each kind of fault, as a table of TOML."""


def fault(kind: str) -> str:
    """Return a fault as TOML."""
    return f'[[fault]]\nkind = "{kind}"\n{FAULTS[kind]}\n'
