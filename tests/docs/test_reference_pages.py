"""The reference pages name all that there is, and nothing that there is not."""

import re

import click
import fields_page
import rules_pages
import tables_page
from pages import DOCS, ROOT, first_cells, prose

from vxinspect import exceptions
from vxinspect.cli.root import root

ENGINE = ROOT / "engine" / "src"
COMMAND_LINE = DOCS / "command-line.md"


def test_tables_page_is_what_the_columns_say() -> None:
    """docs/tables.md lists each column of each table, as `vxinspect.columns` declares them."""
    page = tables_page.PAGE.read_text(encoding="utf-8")
    assert sorted(tables_page.parts(page)) == sorted(tables_page.LISTED)
    assert tables_page.filled(page) == page, "run python tests/docs/tables_page.py"


def test_expressions_page_is_what_the_fields_say() -> None:
    """docs/expressions.md lists each field of filters, as the engine declares them."""
    page = fields_page.PAGE.read_text(encoding="utf-8")
    assert fields_page.filled(page) == page, "run python tests/docs/fields_page.py"
    assert page.count("\n| `note.") > 5


def test_expressions_page_lists_every_operator() -> None:
    """docs/expressions.md has each spelling of each relation, in a table's cell."""
    source = (ENGINE / "select" / "filter" / "test.rs").read_text(encoding="utf-8")
    declared = re.findall(r'\(&\[("[^\]]+)\], Relation', source)
    spellings = {spelling for row in declared for spelling in re.findall(r'"([^"]+)"', row)}
    assert len(spellings) > 15
    page = fields_page.PAGE.read_text(encoding="utf-8")
    assert not [spelling for spelling in spellings if f"`{spelling}`" not in page]


def option_names() -> set[str]:
    """Return every name of every option of every command, and of the commands of commands."""
    commands: list[click.Command] = [root]
    for command in commands:
        commands += command.commands.values() if isinstance(command, click.Group) else ()
    params = [
        (command, param)
        for command in commands
        for param in command.get_params(command.make_context(command.name, [], resilient_parsing=True))
    ]
    return {name for _, param in params if isinstance(param, click.Option) for name in param.opts}


def test_command_line_page_lists_every_option() -> None:
    """Each option has a row in docs/command-line.md, and the page names no other."""
    cells = " ".join(first_cells(COMMAND_LINE))
    listed = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z0-9-]*", cells))
    assert listed == option_names()
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", prose(COMMAND_LINE))) <= option_names()


def test_command_line_page_lists_every_command() -> None:
    """Each command has a row in docs/command-line.md."""
    names: set[str] = set()
    for name, command in root.commands.items():
        below = command.commands if isinstance(command, click.Group) else None
        names |= {f"{name} {own}" for own in below} if below else {name}
    assert names <= {cell.strip("`") for cell in first_cells(COMMAND_LINE)}


def names_in_counting() -> set[str]:
    """Return the names in the first cells of the tables of docs/counting.md."""
    return {cell.strip("`") for cell in first_cells(DOCS / "counting.md")}


def test_counting_page_lists_every_reason() -> None:
    """Each disposition and each reason that the engine can give has a row in docs/counting.md."""
    source = (ENGINE / "disposition.rs").read_text(encoding="utf-8")
    declared = re.findall(r'^    \w+ = "(\w+)", \w+;$', source, re.MULTILINE)
    assert len(declared) > 20
    assert set(declared) | {"other", "invalid", "malformed"} <= names_in_counting()


def test_counting_page_lists_every_note() -> None:
    """Each note that the engine can put on a packet has a row in docs/counting.md."""
    source = (ENGINE / "packet/notes.rs").read_text(encoding="utf-8")
    declared = re.findall(r'Note::\w+ => "(\w+)"', source)
    assert len(declared) > 5
    assert set(declared) <= names_in_counting()


def test_states_page_lists_every_state() -> None:
    """docs/tcp-states.md has a row for each state that the engine can give, and for no other."""
    source = (ENGINE / "views" / "tcp_state.rs").read_text(encoding="utf-8")
    given = set(re.findall(r'"([A-Z][A-Z0-9]+)"', source))
    assert len(given) > 12
    listed = {cell.strip("`") for cell in first_cells(DOCS / "tcp-states.md") if re.match("`[A-Z]", cell)}
    assert listed == given


def test_formats_page_lists_every_link_type_that_is_decoded() -> None:
    """docs/formats.md has a row for each link type that the walk decodes."""
    source = (ENGINE / "decode" / "link.rs").read_text(encoding="utf-8")
    decoded = {"ETHERNET", *re.findall(r"LinkType::([A-Z0-9_]+)", source)}
    assert len(decoded) > 7
    assert decoded <= {cell.strip("`") for cell in first_cells(DOCS / "formats.md")}


def test_rules_pages_are_what_the_rules_say() -> None:
    """docs/rules has a page for each rule and no other, and docs/findings.md a row for each."""
    found = {path.name: path.read_text(encoding="utf-8") for path in rules_pages.FOLDER.glob("*.md")}
    assert found == rules_pages.pages(), "run python tests/docs/rules_pages.py"
    page = rules_pages.INDEX.read_text(encoding="utf-8")
    assert rules_pages.index(page) == page, "run python tests/docs/rules_pages.py"


def test_python_page_names_every_exception() -> None:
    """docs/python.md names each exception that the package raises."""
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    assert not [name for name in exceptions.__all__ if name not in page]
