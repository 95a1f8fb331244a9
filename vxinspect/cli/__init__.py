"""The command line. `main` owns the exit codes.

0 done, 1 a check failed, 2 usage or unreadable input, 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

__all__ = ["main"]

DONE, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130

_WIDTH = 100
"""Of a message with a line of its own, where no terminal has another."""


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own by default) and return the exit code.

    What goes wrong is told in one line on standard error, never as a traceback.
    """
    from vxinspect.cli.signals import ending_cleanly, interrupted_code
    from vxinspect.exceptions import FilterError, OptionError, VxinspectError

    try:
        with ending_cleanly():
            code = _run(sys.argv[1:] if args is None else list(args))
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = interrupted_code()
    except BrokenPipeError:
        _drop_broken_streams()
        code = DONE
    except FilterError as error:
        code = _complain(f"-Y: {error.message}", *error.pointed(_message_width()))
    except OptionError as error:
        code = _complain(f"--{_option_name(error.option)}: {error.reason}")
    except VxinspectError as error:
        code = _complain(str(error))
    except MemoryError as error:
        code = _complain(f"out of memory{f' reading {error}' if str(error) else ''}")
    except OSError as error:
        _drop_broken_streams()
        code = _complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
    return code


def _run(args: list[str]) -> int:
    """Hand the arguments to click; a version alone is told without loading it."""
    if args == ["--version"]:
        from vxinspect import __version__

        sys.stdout.write(f"vxinspect {__version__}\n")
        return DONE

    import click

    from vxinspect.cli.root import root

    if "_VXINSPECT_COMPLETE" in os.environ:
        root.main(args, prog_name="vxinspect")
    try:
        with root.make_context("vxinspect", args) as context:
            return int(root.invoke(context))
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(f"{error.format_message()}\n")
        return UNUSABLE
    except click.ClickException as error:
        return _complain(*_usage_lines(error))


def _usage_lines(error: "click.ClickException") -> tuple[str, str]:
    """Return what is wrong with a command line, and where to read on."""
    import click

    context = getattr(error, "ctx", None)
    reason = error.format_message()
    if isinstance(error, click.BadParameter) and error.param is not None and error.param.opts:
        reason = f"{error.param.opts[-1]}: {error.message}"
    command = context.command_path if context else "vxinspect"
    return " ".join(reason.split()).rstrip("."), f"Try '{command} --help'."


def _complain(reason: str, *advice: str) -> int:
    from vxinspect.render.text import clean

    if sys.stderr is not None:
        for line in (f"vxinspect: {reason}", *advice):
            sys.stderr.write(clean(line) + "\n")
    return UNUSABLE


def _message_width() -> int:
    """Return how wide a message should be: as the terminal that it goes to."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH
    except (AttributeError, OSError, ValueError):
        return _WIDTH


def _option_name(name: str) -> str:
    """Return a Python argument's name as the command line calls it."""
    return {"ports": "port"}.get(name, name).replace("_", "-")


def _drop_broken_streams() -> None:
    """Let nothing be written to a closed pipe when the interpreter flushes its streams at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
