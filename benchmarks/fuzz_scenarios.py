"""Broken scenario files, a great many: a part of `make fuzz`.

Each is planned, or refused with one line. What ends in any other way is printed with the text that shows it.
"""

import argparse
import re
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import Random

_SCENARIOS = Path(__file__).parent.parent / "samples" / "scenarios"

_MOST_PACKETS = 5_000
"""A scenario with a greater number somewhere is read, and not planned: it may ask for that many packets."""

_WORD = re.compile(r'"[^"\n]*"|[\w.:+-]+|[^\w\s]')
_NUMBER = re.compile(r"(?<![\w.:-])\d[\d_]*(?![\w.:-])")
_VALUES = (
    *("0", "1", "-1", "255", "65535", "65536", "16777215", "16777216", "4294967296", "9223372036854775808"),
    *(
        "0.5",
        "nan",
        "inf",
        "-inf",
        "1e300",
        "true",
        "[]",
        "{}",
        '""',
        "'x'",
        "2026-01-01T00:00:00Z",
        "9999-12-31",
    ),
    *('"10.0.0.1"', '"::1"', '"02:42:0a:00:00:01"', '"ff:ff:ff:ff:ff:ff"', '"é\\u0000"', "[[]]", "[1, 'x']"),
)


def main() -> int:
    """Run for a time; returns 1 if something ended badly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    texts = [path.read_text() for path in sorted(_SCENARIOS.glob("*.toml"))]
    end, number, bad = time.monotonic() + options.seconds, 0, 0
    while time.monotonic() < end:
        text = broken(texts, Random(f"{options.seed}/{number}"))  # noqa: S311 - no secret
        number += 1
        if trouble := trouble_of(text):
            bad += 1
            print(f"{trouble}\n---- {options.seed}/{number - 1}\n{text}\n----")
    print(f"scenarios: {number:,} ran, {bad} ended badly")
    return 1 if bad else 0


def trouble_of(text: str) -> str:
    """Return what a scenario should not do, and does."""
    from vxinspect.containers import container_of
    from vxinspect.exceptions import ScenarioError
    from vxinspect.synth.load import parse_scenario
    from vxinspect.synth.run import Job

    try:
        scenario = parse_scenario(text)
        if all(int(found) <= _MOST_PACKETS for found in _counts(text)):
            Job(scenario, "<scenario>", container_of("x.pcap"))
    except ScenarioError as error:
        return "" if len(str(error).splitlines()) == 1 else f"more than a line: {error}"
    except Exception:  # noqa: BLE001 - that is what is looked for
        return traceback.format_exc()
    return ""


def _counts(text: str) -> list[str]:
    return [found.replace("_", "") for found in _NUMBER.findall(text)]


def broken(texts: Sequence[str], random: Random) -> str:
    """Return one of the texts with one to three things broken."""
    text = random.choice(texts)
    for _ in range(random.randint(1, 3)):
        text = random.choice(_WAYS)(text, texts, random)
    return text


def _another_value(text: str, _: Sequence[str], random: Random) -> str:
    """Put another value behind a key."""
    found = list(re.finditer(r"= *(\"[^\"\n]*\"|[\w.:+-]+)", text))
    if not found:
        return text
    start, end = random.choice(found).span(1)
    return text[:start] + random.choice(_VALUES) + text[end:]


def _another_word(text: str, texts: Sequence[str], random: Random) -> str:
    """Put a word of some scenario in the place of one."""
    found = list(_WORD.finditer(text))
    words: list[str] = _WORD.findall(random.choice(texts))
    if not found or not words:
        return text
    start, end = random.choice(found).span()
    return text[:start] + random.choice(words) + text[end:]


def _without_a_line(text: str, _: Sequence[str], random: Random) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        del lines[random.randrange(len(lines))]
    return "".join(lines)


def _another_line(text: str, texts: Sequence[str], random: Random) -> str:
    """Put lines of some scenario between two."""
    lines, others = text.splitlines(keepends=True), random.choice(texts).splitlines(keepends=True)
    at, start = random.randrange(len(lines) + 1), random.randrange(len(others))
    lines[at:at] = others[start : start + random.randint(1, 8)]
    return "".join(lines)


def _another_character(text: str, _: Sequence[str], random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice("[]{}\"'=,.#\n\\\x00é-_0") + text[at + random.randint(0, 1) :]


_WAYS = (_another_value, _another_value, _another_word, _without_a_line, _another_line, _another_character)


if __name__ == "__main__":
    sys.exit(main())
