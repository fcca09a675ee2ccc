"""What is raised for a template that cannot be read or rendered."""

from __future__ import annotations

from perception_events.errors import DeclarationError, InputError

__all__ = ["InvalidTemplateError", "TemplateRenderError"]


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
            shown = text[start : len(text) if end < 0 else end]
            marker = f" (line {self.line}, column {self.column})\n  {shown}\n  {' ' * (offset - start)}^"
        super().__init__(reason + marker)


class TemplateRenderError(InputError, ValueError):
    """What was rendered is not JSON, so AWS would not deliver it; `rendered` is the text."""

    def __init__(self, reason: str, *, rendered: str) -> None:
        self.rendered = rendered
        super().__init__(reason)
