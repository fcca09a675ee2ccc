"""What is raised for a template that cannot be read or rendered."""

from __future__ import annotations

from perception_events.errors import DeclarationError, InputError, cut, marked_place

__all__ = ["InvalidTemplateError", "TemplateRenderError"]


_SHOWN = 100
"""How much of a line is shown on each side of the marked place."""


class InvalidTemplateError(DeclarationError, ValueError):
    """A template or path that AWS rejects; `line` and `column` (from 1) point at the place, where there is one."""

    def __init__(self, reason: str, *, text: str = "", offset: int | None = None) -> None:
        self.reason = reason
        self.line: int | None = None
        self.column: int | None = None
        marker = ""
        if offset is not None:
            self.line, self.column, shown = marked_place(text, offset, _SHOWN)
            marker = f" (line {self.line}, column {self.column}){shown}"
        super().__init__(cut(reason) + marker)


class TemplateRenderError(InputError, ValueError):
    """What was rendered is not JSON, so AWS would not deliver it; `rendered` is the text."""

    def __init__(self, reason: str, *, rendered: str) -> None:
        self.rendered = rendered
        super().__init__(reason)
