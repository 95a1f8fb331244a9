"""Colour, sparingly: five roles, or none of them."""

from dataclasses import dataclass

__all__ = ["PLAIN", "Paint"]


@dataclass(frozen=True, slots=True)
class Paint:
    """Marks text for a terminal where `enabled`, and returns it as it is where not."""

    enabled: bool

    def strong(self, text: str) -> str:
        """Mark headings and names."""
        return self._style(text, bold=True)

    def faint(self, text: str) -> str:
        """Mark what is said beside the matter."""
        return self._style(text, dim=True)

    def hint(self, text: str) -> str:
        """Mark the word `hint:`."""
        return self._style(text, fg="cyan")

    def warning(self, text: str) -> str:
        """Mark the word `warning:`."""
        return self._style(text, fg="yellow")

    def error(self, text: str) -> str:
        """Mark what ended the run."""
        return self._style(text, fg="red")

    def _style(
        self, text: str, *, fg: str | None = None, bold: bool | None = None, dim: bool | None = None
    ) -> str:
        if not self.enabled or not text:
            return text
        from click import style

        return style(text, fg=fg, bold=bold, dim=dim)


PLAIN = Paint(enabled=False)
