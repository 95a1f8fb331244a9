"""click's classes with what our help texts need: options in sections, and examples at the end."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import Any

import click

__all__ = ["Command", "Deferred", "Group", "Option"]

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_HELP_SECTION = "Help"
_NAME_WIDTH = 20
"""Of the options' names: the same in each section, so that the help stands in one column."""


class Option(click.Option):
    """An option that stands under a heading of the help text."""

    def __init__(self, declarations: Sequence[str], *, section: str, **settings: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(declarations, **settings)
        self.section = section


class Command(click.Command):
    """A command whose help groups the options by section and ends with examples, one command line each."""

    def __init__(self, name: str, *, examples: Sequence[str] = (), **settings: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(name, context_settings=_CONTEXT, **settings)
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one list of options for each section, in the order in which the sections come up."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in sorted(self.get_params(ctx), key=lambda parameter: parameter.name == "help"):
            record = parameter.get_help_record(ctx)
            if record is not None and not isinstance(parameter, click.Argument):
                sections.setdefault(getattr(parameter, "section", _HELP_SECTION), []).append(record)
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl(
                    [(name.ljust(_NAME_WIDTH), text) for name, text in records], col_max=_NAME_WIDTH
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the examples as they are typed."""
        _write_examples(formatter, self.examples)


class Deferred(MutableMapping[str, click.Command]):
    """Commands by name, each in a module that is imported when the command is asked for.

    `modules` has the module of each name; those of the module are in its `COMMANDS`.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self.modules: dict[str, str | None] = dict(modules)
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        """Return the command, imported if need be."""
        if name not in self._loaded and (module := self.modules[name]) is not None:
            self._loaded |= {command.name: command for command in import_module(module).COMMANDS}
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        """Add a command that is at hand."""
        self.modules[name] = None
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        """Forget a command."""
        del self.modules[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        """Return the names, in order."""
        return iter(self.modules)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.modules)


class Group(click.Group):
    """Commands, in the order of use, not of the alphabet."""

    def __init__(self, name: str, *, examples: Sequence[str], **settings: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(name, context_settings=_CONTEXT, **settings)
        self.examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order in which they were added."""
        return list(self.commands)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the examples as they are typed."""
        _write_examples(formatter, self.examples)


def _write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    if not examples:
        return
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"{' ' * formatter.current_indent}{example}\n")
