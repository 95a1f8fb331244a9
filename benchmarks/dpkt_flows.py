"""The loop that one writes with dpkt: a flow table with the VNI in the key. A peer for the benchmark.

Usage: `dpkt_flows.py CAPTURE`.
"""

import sys
from pathlib import Path

import dpkt


def main() -> None:
    """Read one capture, and tell how many flows it has."""
    flows: dict[tuple[object, ...], list[float]] = {}
    with Path(sys.argv[1]).open("rb") as file:
        for time, data in dpkt.pcap.Reader(file):
            udp = dpkt.ethernet.Ethernet(data).data.data
            if not isinstance(udp, dpkt.udp.UDP) or udp.dport != 4789:  # noqa: PLR2004 - VXLAN's port
                continue
            header, frame = udp.data[:8], udp.data[8:]
            ip = dpkt.ethernet.Ethernet(frame).data
            ports = (ip.data.sport, ip.data.dport) if ip.p in (6, 17) else (0, 0)
            key = (header[4:7], ip.src, ip.dst, ip.p, *ports)
            flow = flows.setdefault(key, [0, 0, time, time])
            flow[0] += 1
            flow[1] += len(frame)
            flow[3] = time
    print(len(flows))


if __name__ == "__main__":
    main()
