"""The program and its commands."""

import click

from vxinspect import __version__
from vxinspect.cli.command import Deferred, Group

__all__ = ["root"]

_MODULES = {
    "summary": ("summary",),
    "tables": (
        *("vnis", "flows", "conversations", "tunnels", "underlay", "vteps", "fdb", "addresses", "overhead"),
    ),
    "packets": ("packets",),
    "rewrite": ("decap", "extract", "encap"),
    "findings": ("findings", "explain"),
    "check": ("check",),
    "policy": ("policy",),
    "diff": ("diff",),
    "verify": ("verify",),
    "fields": ("fields",),
    "generate": ("generate",),
}
"""Which commands each module of this package has, in the order of use."""

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
    commands=Deferred(
        {name: f"vxinspect.cli.{module}" for module, names in _MODULES.items() for name in names}
    ),
)


def _tell_version(context: click.Context) -> None:
    click.echo(f"vxinspect {__version__}")
    context.exit()
