"""What is raised for a pattern or an event that cannot be read; the message points at the place."""

from __future__ import annotations

from perception_events.errors import DeclarationError, InputError, cut, marked_place

__all__ = ["InvalidEventError", "InvalidEventPatternError"]

_SHOWN = 60
"""How much of a line is shown on each side of the marked place."""


class InvalidEventError(InputError, ValueError):
    """An event text that is not JSON, or no JSON object."""


class InvalidEventPatternError(DeclarationError, ValueError):
    """A pattern that EventBridge rejects.

    `reason` is the engine's own wording where it has one. `code` names the kind of mistake, stable across
    releases. `pointer` is a JSON Pointer to the place. `line` and `column` (from 1) are given for text input.
    `hint` says what was probably meant.

    AWS: `PutRule` answers `InvalidEventPatternException`, "Event pattern is not valid. Reason: ...".
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str,
        pointer: str = "",
        text: str | None = None,
        offset: int | None = None,
        hint: str | None = None,
        path: str | None = None,
    ) -> None:
        self.reason = reason
        self.path = path
        """The dotted path of the field, where the error was found after reading."""
        self.code = code
        self.pointer = pointer
        self.hint = hint
        self.line: int | None = None
        self.column: int | None = None
        # Of a long reason, pointer or hint the message shows the beginning; the attributes have the whole.
        marker = ""
        if text is not None and offset is not None:
            self.line, self.column, marker = marked_place(text, offset, _SHOWN)
            marker = marker.replace("\t", " ")
        place = f" at {cut(pointer or path or 'the top')}"
        if self.line is not None:
            place += f" (line {self.line}, column {self.column})"
        message = f"Event pattern is not valid. Reason: {cut(reason)}{place}{marker}"
        super().__init__(message + (f"\n  hint: {cut(hint)}" if hint else ""))
