"""`--format arrow` and `--format parquet`: a table in columns, which is no text."""

import sys
from collections.abc import Callable

import click

from vxinspect.api import Report
from vxinspect.cli import run
from vxinspect.cli.options import Options
from vxinspect.cli.output import to_standard_output, write_bytes
from vxinspect.columnar import Form, check_form, write_table
from vxinspect.columns import View, parse_sort
from vxinspect.tables import Table

__all__ = ["write_columnar"]


def write_columnar(
    view: View,
    form: Form,
    options: Options,
    table_of: Callable[[Report, Options], Table],
    hints: run.Hints,
) -> int:
    """Scan the captures, write the table of `view`, then hints and warnings, and return the exit code."""
    if options.is_live:
        raise click.UsageError(f"--format {form} is of one result: no --follow and no --interval.")
    if to_standard_output(options.output) and sys.stdout is not None and sys.stdout.isatty():
        raise click.UsageError(f"--format {form} is not for a terminal: add -o FILE, or pipe it on.")
    parse_sort(view, options.sort)
    check_form(form)
    report = run.read(options)
    write_bytes(options.output, lambda sink: write_table(table_of(report, options), form, sink))
    return run.close(report, options, hints(report, options))
