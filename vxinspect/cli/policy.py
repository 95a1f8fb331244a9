"""The commands about policies."""

from typing import Any

from vxinspect.cli.command import Command, Group
from vxinspect.cli.options import READING, Options
from vxinspect.cli.output import write_output
from vxinspect.cli.run import close, read

__all__ = ["COMMANDS"]


def _init(**given: Any) -> int:  # noqa: ANN401 - click's parameters
    options = Options.from_click(given)
    report = read(options)
    from vxinspect.checks.init import policy_text

    write_output(options.output, [policy_text(report)])
    return close(report, options, report.finding_hints)


_POLICY = Group(
    "policy",
    help="Policies: what `vxinspect check` holds captures to.",
    examples=["vxinspect policy init day.pcap > policy.toml"],
    no_args_is_help=True,
    commands=[
        Command(
            "init",
            params=list(READING),
            callback=_init,
            help="Write a policy that the captures meet.\n\n"
            "With comments, for a person to tighten: VNIs, VTEPs, tunnels, ports, members, limits, services.",
            examples=[
                "vxinspect policy init day.pcap",
                "vxinspect policy init --port auto -o ci.toml day.pcap",
            ],
        )
    ],
)
COMMANDS = (_POLICY,)
