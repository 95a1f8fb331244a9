"""The program and its commands."""

import click

from vxinspect import __version__
from vxinspect.cli.check import CHECK
from vxinspect.cli.command import Group
from vxinspect.cli.diff import DIFF
from vxinspect.cli.fields import FIELDS
from vxinspect.cli.findings import EXPLAIN, FINDINGS
from vxinspect.cli.generate import GENERATE
from vxinspect.cli.packets import PACKETS
from vxinspect.cli.policy import POLICY
from vxinspect.cli.rewrite import COMMANDS as REWRITING
from vxinspect.cli.summary import SUMMARY
from vxinspect.cli.tables import COMMANDS
from vxinspect.cli.verify import VERIFY

__all__ = ["root"]

root = Group(
    "vxinspect",
    help="Tell what is in a capture of a VXLAN overlay, with the VNI in every key.\n\n"
    "Reads pcap and pcapng, plain or compressed (gzip, zstd, lz4, xz), from files or standard input.",
    examples=[
        "vxinspect summary day.pcap",
        "vxinspect flows --vni 100 day.pcap",
        "vxinspect overhead --by vni --json day.pcap.gz",
        "tcpdump -i eth0 -w - udp port 4789 | vxinspect vnis",
    ],
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=lambda ctx, _, wanted: _tell_version(ctx) if wanted else None,
            help="Show the version and exit.",
        )
    ],
    no_args_is_help=True,
)
_ALL = (
    SUMMARY,
    *COMMANDS,
    PACKETS,
    *REWRITING,
    FINDINGS,
    EXPLAIN,
    CHECK,
    POLICY,
    DIFF,
    VERIFY,
    FIELDS,
    GENERATE,
)
for command in _ALL:
    root.add_command(command)


def _tell_version(context: click.Context) -> None:
    click.echo(f"vxinspect {__version__}")
    context.exit()
