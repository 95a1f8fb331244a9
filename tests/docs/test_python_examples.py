"""The Python that the pages show does what the pages show."""

import doctest
from pathlib import Path

import pytest
from pages import PAGES, ROOT, blocks

WITH_PYTHON = [page for page in PAGES if blocks(page, "pycon")]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_python_examples_print_what_they_show(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The `pycon` blocks of a page are one session that prints what stands below each statement."""
    monkeypatch.chdir(ROOT)
    text = "\n".join(block.text for block in blocks(page, "pycon"))
    session = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session)
    assert outcome.attempted > 0
    assert outcome.failed == 0, capsys.readouterr().out


def test_no_python_goes_unexecuted() -> None:
    """Python stands in `pycon` blocks only."""
    assert WITH_PYTHON
    assert not [page for page in PAGES if blocks(page, "python")]
