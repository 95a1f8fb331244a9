"""Carets stand under what they point at, whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vxinspect.render.caret import caret_lines
from vxinspect.render.text import ELLIPSIS, text_width


@pytest.mark.parametrize(
    ("text", "start", "end", "lines"),
    [
        ("vni = 1", 4, 5, ["  vni = 1", "      ^"]),
        ("vni ==", 6, 6, ["  vni ==", "        ^"]),
        ("日本 == 1", 0, 2, ["  日本 == 1", "  ^^^^"]),
        ("日本 == 語", 6, 7, ["  日本 == 語", "          ^^"]),
        ("e\u0301 = 1", 3, 4, ["  e\u0301 = 1", "    ^"]),
        ("a\x1b[2J b", 1, 2, ["  a?[2J b", "   ^"]),
        ("a\n\tb", 3, 4, ["  a  b", "     ^"]),
        ("", 0, 0, []),
        (" \n", 0, 0, []),
    ],
)
def test_carets_stand_under_the_part(text: str, start: int, end: int, lines: list[str]) -> None:
    """Wide characters take two cells and combining marks none; control characters show as one that prints."""
    assert caret_lines(text, start, end, 80) == lines


@given(st.text(min_size=1, max_size=200), st.data(), st.integers(8, 120))
def test_any_text_is_pointed_at_within_the_width(text: str, data: st.DataObject, width: int) -> None:
    """Nothing is wider than asked but for a caret past the end, and the carets stand under that very part."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    lines = caret_lines(text, start, end, width)
    if not text.strip():
        assert lines == []
        return
    line, carets = lines
    assert line.isprintable()
    assert set(carets) <= {" ", "^"}
    assert carets.endswith("^")
    room = max(width, 12)
    assert text_width(line) <= room
    assert len(carets) <= room + 1
    if start < end and text[start].isprintable() and text_width(text[start]) == 1:
        under = "".join(char for char in line if text_width(char))
        cells = [char for char in under for _ in range(text_width(char))]
        assert cells[carets.index("^")] == text[start]


def test_a_long_text_shows_the_surroundings() -> None:
    """With an ellipsis where it goes on."""
    text = "vni == 1 or " * 50 + "tcpp == 1" + " or vni == 1" * 50
    start = text.index("tcpp")
    line, carets = caret_lines(text, start, start + 4, 80)
    assert line[2] == line[-1] == ELLIPSIS
    at = carets.index("^")
    assert line[at : at + 4] == "tcpp"
    assert carets.count("^") == 4
    line, carets = caret_lines(text, len(text), len(text), 80)
    assert not line.endswith(ELLIPSIS)
    assert len(carets) == len(line) + 1
