"""Who talks to whom: pings, and talks over TCP and UDP."""

import json
import subprocess
from pathlib import Path

from namespaces import PYTHON, LabError, Namespaces
from shapes import Moment, Ping, Talk
from steps import Built

EXCHANGE = str(Path(__file__).with_name("exchange.py"))
DEADLINE_S = 20


def talk(namespaces: Namespaces, built: Built) -> None:
    """Let happen what the topology says, one moment after the other."""
    for moment in built.topology.traffic:
        run_at_once(namespaces, built, moment)


def run_at_once(namespaces: Namespaces, built: Built, moment: Moment) -> None:
    """Start all of a moment, servers first, and wait for all; LabError for the first that failed."""
    talks = [exchange for exchange in moment if isinstance(exchange, Talk)]
    started = [start_server(namespaces, built, exchange) for exchange in talks]
    started += [start_side("ask", namespaces, built, exchange) for exchange in talks]
    started += [start_ping(namespaces, built, ping) for ping in moment if isinstance(ping, Ping)]
    for process in started:
        finish(process)


def start_ping(namespaces: Namespaces, built: Built, ping: Ping) -> subprocess.Popen[bytes]:
    """Start pinging. With a deadline, `ping` succeeds only where every echo is answered."""
    mark = ["-m", str(ping.mark)] if ping.mark else []
    words = f"ping -n -q -c {ping.count} -i {ping.interval_s} -s {ping.size} -W 2 -w {DEADLINE_S // 2}"
    command = [*words.split(), *mark, str(built.address(ping.server))]
    return namespaces.start(built.place(ping.client), command)


def start_server(namespaces: Namespaces, built: Built, talk: Talk) -> subprocess.Popen[bytes]:
    """Start the side that answers, and wait until it can."""
    process = start_side("serve", namespaces, built, talk)
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        finish(process)
    return process


def start_side(side: str, namespaces: Namespaces, built: Built, talk: Talk) -> subprocess.Popen[bytes]:
    """Start one side of a talk and tell it what is to be said."""
    place = built.place(talk.server if side == "serve" else talk.client)
    process = namespaces.start(place, [*PYTHON, EXCHANGE, side])
    told = {
        "transport": talk.transport,
        "address": str(built.address(talk.server)),
        "port": talk.port,
        "client_port": talk.client_port,
        "mark": talk.mark,
        "pause_s": talk.pause_s,
        "turns": list(talk.turns),
    }
    assert process.stdin is not None
    process.stdin.write(json.dumps(told).encode())
    process.stdin.close()
    process.stdin = None  # `communicate` would close it again
    return process


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process; LabError with what it said where it failed."""
    try:
        out, err = process.communicate(timeout=DEADLINE_S)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{command(process)}: not done after {DEADLINE_S} s") from error
    if process.returncode != 0:
        raise LabError(f"{command(process)}: {(err or out).decode(errors='replace').strip()}")


def command(process: subprocess.Popen[bytes]) -> str:
    """Return what a process was started with, as it would be typed."""
    assert isinstance(process.args, list)
    return " ".join(map(str, process.args))
