"""Golden files: what the program printed when somebody last looked at it by hand.

`pytest tests/golden` compares; `pytest tests/golden --update-golden` writes the files anew. Read every line
that then differs, and compare its numbers with tshark's, before it is committed.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

EXPECTED = Path(__file__).parent / "expected"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the files; it is known where this folder is named on the command line."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return what compares a text with the golden file of a name, or writes that file."""
    update = request.config.getoption("--update-golden", default=False)

    def compare(name: str, text: str) -> None:
        path = EXPECTED / name
        if update:
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"no golden file {name}: see {Path(__file__).name} for how to write it"
        assert text == path.read_text(encoding="utf-8")

    return compare
