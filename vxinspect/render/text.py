"""Text as it fits a terminal: nothing that could steer it, no more cells than there are."""

from collections.abc import Sequence

__all__ = ["clean", "max_width", "pad", "plural", "shorten", "shorten_middle", "text_width", "wrap"]

ELLIPSIS = "…"


def clean(text: str) -> str:
    """Return text without control, format and unassigned characters, so that it cannot steer a terminal."""
    return text if text.isprintable() else "".join(char for char in text if char.isprintable())


def text_width(text: str) -> int:
    """Return how many terminal cells the text takes: wide East Asian characters two, combining marks none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def max_width(texts: Sequence[str]) -> int:
    """Return how many terminal cells the widest takes; 0 for none."""
    return max(map(len if all(map(str.isascii, texts)) else text_width, texts), default=0)


def shorten(text: str, width: int) -> str:
    """Return the text in at most `width` cells, its end replaced by an ellipsis where it does not fit."""
    if text_width(text) <= width:
        return text
    return _head(text, width - 1) + ELLIPSIS if width > 0 else ""


def shorten_middle(text: str, width: int) -> str:
    """Return the text in at most `width` cells, its middle replaced by an ellipsis where it does not fit."""
    if text_width(text) <= width:
        return text
    if width <= 0:
        return ""
    tail = _head(text[::-1], (width - 1) // 2)[::-1]
    return _head(text, width - 1 - text_width(tail)) + ELLIPSIS + tail


def wrap(text: str, width: int) -> list[str]:
    """Return running text in lines of at most `width` cells; only a word that is wider alone breaks."""
    lines = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if text_width(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while text_width(line) > width:
            head = _head(line, width) or line[0]
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line]


def _head(text: str, width: int) -> str:
    """Return as much of the text's start as fits."""
    used = 0
    for index, char in enumerate(text):
        used += text_width(char)
        if used > width:
            return text[:index]
    return text


def pad(text: str, width: int, *, right: bool) -> str:
    """Return the text in `width` cells, at their right or their left."""
    space = " " * (width - text_width(text))
    return space + text if right else text + space


def plural(number: int, noun: str) -> str:
    """Return `1 flow`, `1,200 flows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
