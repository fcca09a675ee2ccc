"""What is raised for a template that cannot be read or rendered."""

from __future__ import annotations

from perception_events.errors import DeclarationError, InputError

__all__ = ["InvalidTemplateError", "TemplateRenderError"]


_SHOWN = 100
"""How much of a line is shown on each side of the marked place."""
_MOST_WORDS = 1_000
"""How much of a reason a message shows."""


class InvalidTemplateError(DeclarationError, ValueError):
    """A template or path that AWS rejects; `line` and `column` (from 1) point at the place, where there is one."""

    def __init__(self, reason: str, *, text: str = "", offset: int | None = None) -> None:
        self.reason = reason
        self.line: int | None = None
        self.column: int | None = None
        marker = ""
        if offset is not None:
            start = text.rfind("\n", 0, offset) + 1
            end = text.find("\n", offset)
            self.line, self.column = text.count("\n", 0, offset) + 1, offset - start + 1
            left = max(start, offset - _SHOWN)
            shown = text[left : min(len(text) if end < 0 else end, offset + _SHOWN)]
            marker = f" (line {self.line}, column {self.column})\n  {shown}\n  {' ' * (offset - left)}^"
        super().__init__((reason if len(reason) <= _MOST_WORDS else f"{reason[:_MOST_WORDS]}...") + marker)


class TemplateRenderError(InputError, ValueError):
    """What was rendered is not JSON, so AWS would not deliver it; `rendered` is the text."""

    def __init__(self, reason: str, *, rendered: str) -> None:
        self.rendered = rendered
        super().__init__(reason)
