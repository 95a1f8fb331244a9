"""A line of text with carets under a part of it."""

from vxinspect.render.text import ELLIPSIS, text_width

__all__ = ["caret_lines"]

_INDENT = 2
_BEFORE = 3
"""One of so many parts of the room stands before what is pointed at, where not all fits."""


def caret_lines(text: str, start: int, end: int, width: int) -> list[str]:
    """Return the text and, below, carets under the characters from `start` up to `end`, one at least.

    Of a text that is wider than `width` cells only the surroundings are shown. A character that does not
    print shows as one that does. Of a text without a mark there is nothing to show.
    """
    if not text.strip():
        return []
    shown = [_visible(char) for char in text]
    room = max(width - _INDENT, 8)
    first, last = _window(shown, min(start, len(shown)), room)
    head = ELLIPSIS if first else ""
    tail = ELLIPSIS if last < len(shown) else ""
    before = text_width(head + "".join(shown[first:start]))
    pointed = max(text_width("".join(shown[start : min(end, last)])), 1)
    line = head + "".join(shown[first:last]) + tail
    return [" " * _INDENT + line, " " * (_INDENT + before) + "^" * pointed]


def _visible(char: str) -> str:
    """Return the character, or a space or a question mark of the same place."""
    if char.isprintable():
        return char
    return " " if char.isspace() else "?"


def _window(shown: list[str], start: int, room: int) -> tuple[int, int]:
    """Return from where to where the characters fit the room, `start` among them."""
    widths = [text_width(char) for char in shown]
    if sum(widths) <= room:
        return 0, len(shown)
    room -= 2 * text_width(ELLIPSIS)
    first, used = start, 0
    while first > 0 and used + widths[first - 1] <= room // _BEFORE:
        first -= 1
        used += widths[first]
    last = start
    while last < len(shown) and used + widths[last] <= room:
        used += widths[last]
        last += 1
    # What is left at the end is room for more in front.
    while first > 0 and used + widths[first - 1] <= room:
        first -= 1
        used += widths[first]
    return first, last
