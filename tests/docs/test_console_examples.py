"""The commands that the pages show print what the pages show."""

import os
import re
import shlex
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import click
import pytest
from pages import ROOT, Block, all_blocks
from tools import environment, program

from vxinspect.cli.root import root

CONSOLE = all_blocks("console")
SHELL = all_blocks("sh")
WIDTH = "100"
MARK = "\x1e"
"""Between the outputs of two commands of one block."""


def commands(block: Block) -> list[tuple[str, str]]:
    """Return the block's (command, output) pairs; a command may go on behind a backslash."""
    pairs: list[tuple[str, str]] = []
    for line in block.text.splitlines():
        if pairs and pairs[-1][0].endswith("\\") and not pairs[-1][1]:
            pairs[-1] = (f"{pairs[-1][0]}\n{line}", "")
        elif line.startswith("$ "):
            pairs.append((line[2:], ""))
        else:
            command, output = pairs[-1]
            pairs[-1] = (command, f"{output}{line}\n")
    return pairs


def run(shown: list[str]) -> list[str]:
    """Return what each command prints, standard error included, run in one shell at the repository's root."""
    # The mark between two commands must not change what `$?` tells the second.
    script = "".join(f"{command}\nlast=$?; printf '{MARK}'; (exit $last)\n" for command in shown)
    path = f"{Path(program()).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=environment(COLUMNS=WIDTH, NO_COLOR="1", LC_ALL="C.UTF-8", TZ="UTC", PATH=path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return done.stdout.decode("utf-8").split(MARK)[:-1]


def matches(shown: str, printed: str) -> bool:
    """Whether an output is what a page shows; there, a line `...` stands for any lines."""
    parts = re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)
    return re.fullmatch(r"(?:.*\n)*".join(map(re.escape, parts)), printed) is not None


@pytest.mark.parametrize("block", CONSOLE, ids=str)
def test_console_blocks_print_what_they_show(block: Block) -> None:
    """Each command of a `console` block prints the lines below it."""
    assert block.text.startswith("$ "), "a console block starts with a command"
    pairs = commands(block)
    printed = run([command for command, _ in pairs])
    assert len(printed) == len(pairs)
    for (command, shown), text in zip(pairs, printed, strict=True):
        assert matches(shown, text), f"$ {command}\n{text}"


def vxinspect_calls(block: Block) -> list[list[str]]:
    """Return the arguments of each call of `vxinspect` in a block of shell commands."""
    calls = []
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while "vxinspect" in words:
            words = words[words.index("vxinspect") + 1 :]
            end = next((at for at, word in enumerate(words) if word in ("|", ">", "&&", ";")), len(words))
            calls.append(words[:end])
    return calls


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_shell_blocks_use_commands_and_options_that_exist(block: Block) -> None:
    """What a `sh` block asks of the program, whose captures are the reader's own, is a sound command line."""
    for call in vxinspect_calls(block):
        if call[0].startswith("-"):
            continue
        command, words = root.commands[call[0]], call[1:]
        if isinstance(command, click.Group):
            command, words = command.commands[words[0]], words[1:]
        command.make_context("vxinspect", words)


def test_examples_were_found() -> None:
    """The pages are read as they are written: no block is passed over."""
    assert len(CONSOLE) > 10
    assert len(SHELL) > 4


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_mixes_the_tenants_of_the_sample() -> None:
    """Tshark's TCP conversations of the sample are of 28 and 7 packets, where 19 and 16 are true."""
    done = subprocess.run(
        ["tshark", "-r", "samples/two-tenants.pcap", "-T", "fields", "-e", "tcp.stream", "-Y", "tcp"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    streams = Counter(done.stdout.split())
    assert sorted(streams.values()) == [7, 28]
