"""What can go wrong, as one tree.

    VxinspectError
    ├── CaptureError                  a capture cannot be read, or not read on
    │   ├── UnreadableCaptureError    the operating system said no
    │   ├── UnknownFormatError        the first bytes belong to no known capture format
    │   └── DamagedCaptureError       the capture breaks its own format
    ├── OptionError (a ValueError)    an option or argument that makes no sense
    │   └── FilterError               a filter that cannot be understood
    └── DeclarationError              a TOML file that makes no sense
        ├── ScenarioError             ... that declares a synthetic capture
        └── PolicyError               ... that declares what must hold of a capture

`str()` of each is one line that a person can act on.
"""

__all__ = [
    "CaptureError",
    "DamagedCaptureError",
    "DeclarationError",
    "FilterError",
    "OptionError",
    "PolicyError",
    "ScenarioError",
    "UnknownFormatError",
    "UnreadableCaptureError",
    "VxinspectError",
]


class VxinspectError(Exception):
    """The root: everything that this package raises on purpose."""


class CaptureError(VxinspectError):
    """A capture cannot be read, or not read on.

    `name`: the capture as the user named it; `message`: what is wrong with it, without the name;
    `offset`: where, in bytes from the start of the (decompressed) capture; `expected` and `found`: what
    the format asks for there, and what stands there. The last three are None where they have no meaning.
    """

    def __init__(
        self,
        name: str,
        message: str,
        offset: int | None = None,
        expected: str | None = None,
        found: str | None = None,
    ) -> None:
        super().__init__(name, message, offset, expected, found)
        self.name = name
        self.message = message
        self.offset = offset
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class UnreadableCaptureError(CaptureError):
    """The operating system said no: no such file, no permission, a directory."""


class UnknownFormatError(CaptureError):
    """The first bytes belong to no capture format that is known."""


class DamagedCaptureError(CaptureError):
    """The capture breaks its own format where nothing could be read yet."""


class OptionError(VxinspectError, ValueError):
    """An option or argument that makes no sense.

    `option`: its name, as the Python argument is called; `value`: what was given; `expected`: what would do.
    """

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(option, value, expected)
        self.option = option
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.option}: {self.reason}"

    @property
    def reason(self) -> str:
        """The message without the option's name."""
        return f"expected {self.expected}, found {self.value!r}"


class FilterError(OptionError):
    """A filter that cannot be understood.

    `filter`: the expression; `start`, `end`: the wrong part, in characters from 0, empty where something is
    missing; `message`: what is wrong with it.
    """

    def __init__(self, filter: str, start: int, end: int, message: str) -> None:  # noqa: A002 - what it is
        super().__init__("filter", filter, "a filter")
        self.args = (filter, start, end, message)
        self.filter = filter
        self.start = start
        self.end = end
        self.message = message

    @property
    def reason(self) -> str:
        """What is wrong, and where."""
        return f"{self.message} (at character {self.start + 1})"

    def pointed(self, width: int = 100) -> list[str]:
        """Return two lines: the filter, at most `width` cells of it, and carets under the wrong part."""
        from vxinspect.render.caret import caret_lines

        return caret_lines(self.filter, self.start, self.end, width)


class DeclarationError(VxinspectError):
    """A TOML file that makes no sense.

    `name`: the file; `path`: the key, as `host[0].ips[1]`, "" for the whole; `expected` and `found`: what
    must stand there, and what does. `message` says it where these two do not fit.
    """

    def __init__(
        self, name: str, path: str, expected: str = "", found: object = "", *, message: str = ""
    ) -> None:
        super().__init__(name, path, expected, found, message)
        self.name = name
        self.path = path
        self.expected = expected
        self.found = found
        self.message = message or f"expected {expected}, found {found}"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.name, self.path, self.message) if part)


class ScenarioError(DeclarationError):
    """A scenario for synthetic captures that makes no sense."""


class PolicyError(DeclarationError):
    """A policy that makes no sense."""
