"""Times `vxinspect.scan` from within: one line of JSON out for each line that comes in.

Usage: `scan_worker.py CAPTURE`, then on standard input `scan THREADS` (answers `seconds` and
`peak_rss_kib`) or `totals` (answers `frames` and `vxlan`, as the last scan counted them).

It is a process of its own so that its peak memory is the scan's, and it lives through all rounds so that
the import stays out of the time.
"""

import json
import resource
import sys
import time

import vxinspect


def scan(path: str, threads: int) -> tuple[vxinspect.Report, dict[str, float]]:
    """Scan once; the report, and what it cost."""
    start = time.perf_counter()
    report = vxinspect.scan(path, threads=threads)
    seconds = time.perf_counter() - start
    return report, {
        "seconds": seconds,
        "peak_rss_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def totals(report: vxinspect.Report) -> dict[str, int]:
    """Return what the report says was in the capture, to compare with the yardstick's own count."""
    frames = report.summary["frames"]
    return {"frames": frames["total"], "vxlan": frames["vxlan"]}


def main() -> None:
    """Answer orders until standard input ends."""
    path = sys.argv[1]
    report: vxinspect.Report | None = None
    for order in sys.stdin:
        if order.startswith("scan"):
            # Two reports at once would count as memory that one scan needs.
            report = None
            report, answer = scan(path, int(order.split()[1]))
            print(json.dumps(answer), flush=True)
        elif report is not None:
            print(json.dumps(totals(report)), flush=True)


if __name__ == "__main__":
    main()
