"""The command that fails where a capture does not hold what a policy says."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vxinspect.cli import DONE, FAILED
from vxinspect.cli.command import Command, Option
from vxinspect.cli.diff import snapshot_of
from vxinspect.cli.options import READING, Options
from vxinspect.cli.output import check_output, write_output
from vxinspect.cli.run import Canvas, close, read
from vxinspect.overlays import ASSIGNED_PORTS

if TYPE_CHECKING:
    from vxinspect.checks.outcome import Verdict
    from vxinspect.checks.policy import Policy

__all__ = ["COMMANDS"]

_CHECKING = "Checking"
_KINDS = ("github", "json", "junit", "markdown", "sarif")
_Reports = Sequence[tuple[str, str | None]]
"""Kinds of reports, and the file of each; None is standard output, below the list."""


def _reports(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> _Reports:
    """Turn `junit=FILE` into pairs; only annotations go to the log."""
    reports: list[tuple[str, str | None]] = []
    for text in texts:
        kind, _sign, file = text.partition("=")
        if kind not in _KINDS:
            raise click.BadParameter(f"expected {', '.join(_KINDS)} and =FILE, found {text!r}")
        if not file and kind != "github":
            raise click.BadParameter(f"expected {kind}=FILE, found {text!r}")
        reports.append((kind, file or None))
    if [file for _kind, file in reports].count("-") > 1:
        raise click.BadParameter("standard output takes one report.")
    return reports


def _check(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    options = Options.from_click(given)
    reports: _Reports = given["reports"]
    policy, name = _policy(given["policy"])
    for _kind, file in reports:
        check_output(file)
        if file is not None and any(
            _same(file, each) for each in (given["policy"], given["baseline"], *options.captures)
        ):
            raise click.UsageError(f"{file}: is read, and cannot be a report too.")
    wanted = _with_ports(options, policy)
    wanted = replace(wanted, checksums=wanted.checksums or policy.asks_for_checksums)
    before = None if given["baseline"] is None else snapshot_of(given["baseline"], wanted)[0]
    report = read(wanted)
    from vxinspect.checks.evaluate import evaluate
    from vxinspect.checks.reports import render

    verdict = evaluate(policy, report, name, before)
    if all(file != "-" for _kind, file in reports) or options.output is not None:
        _tell(verdict, options)
    for kind, file in reports:
        write_output(file, [render(kind, verdict)])
    code = close(report, options, report.finding_hints)
    return code if code != DONE or verdict.passed else FAILED


def _policy(path: str | None) -> tuple["Policy", str]:
    """Return what is asked for, and how the verdict calls it."""
    # Loaded when it is used: msgspec would slow every other command's start.
    from vxinspect.checks.load import DEFAULT, load_policy

    return (DEFAULT, "the default policy") if path is None else (load_policy(path), path)


def _with_ports(options: Options, policy: "Policy") -> Options:
    """Read the ports that the policy names, where the command line names none.

    Another overlay's port, which is read anyway, would be VXLAN's if it were named.
    """
    ports = dict.fromkeys((*(policy.ports.allowed or ()), *policy.ports.required))
    named = tuple(port for port in ports if port not in ASSIGNED_PORTS.values())
    source = click.get_current_context().get_parameter_source("ports")
    if not named or source is not click.core.ParameterSource.DEFAULT:
        return options
    return replace(options, overlays=replace(options.overlays, ports=list(named)))


def _tell(verdict: "Verdict", options: Options) -> None:
    from vxinspect.render.verdict import verdict_lines

    canvas = Canvas(options)
    lines = verdict_lines(verdict, width=canvas.width, paint=canvas.paint, brief=options.quiet)
    write_output(options.output, (f"{line}\n" for line in lines))


def _same(file: str, other: str | None) -> bool:
    return other is not None and file != "-" and Path(file).resolve() == Path(other).resolve()


_CHECK = Command(
    "check",
    params=[
        *READING,
        Option(
            ["--policy"],
            section=_CHECKING,
            metavar="FILE",
            type=click.Path(path_type=str),
            help="What must hold, in TOML (docs/policies.md); without it, the default policy.",
        ),
        Option(
            ["--baseline"],
            section=_CHECKING,
            metavar="FILE",
            type=click.Path(path_type=str),
            help="What was there before, from `summary --json` (or a capture): new VNIs, VTEPs, tunnels or "
            "findings fail.",
        ),
        Option(
            ["--report", "reports"],
            section=_CHECKING,
            metavar="KIND=FILE",
            multiple=True,
            callback=_reports,
            help="Write a report, too: junit, sarif, json, markdown, or github (annotations, in the log "
            "without a FILE). Several at once.",
        ),
    ],
    callback=_check,
    help="Whether the captures hold what a policy says.\n\n"
    "Lists what failed, and what passed, and exits with 0 where all holds, 1 where something failed, 2 where "
    "the policy or a capture cannot be used. Without --port, the ports that the policy names are read. "
    "With --quiet, what passed is not listed.",
    examples=[
        "vxinspect check --policy policy.toml day.pcap",
        "vxinspect check --policy policy.toml --report junit=check.xml --report github ci.pcap",
        "vxinspect check --baseline before.json after.pcap",
        "vxinspect policy init day.pcap > policy.toml",
    ],
)
COMMANDS = (_CHECK,)
