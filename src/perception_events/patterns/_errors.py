"""What is raised for a pattern or an event that cannot be read; the message points at the place."""

from __future__ import annotations

from perception_events.errors import DeclarationError, InputError

__all__ = ["InvalidEventError", "InvalidEventPatternError"]

_SHOWN = 60
"""How much of a line is shown on each side of the marked place."""
_MOST_WORDS = 1_000
"""How much of a reason, a pointer or a hint a message shows; the attributes have the whole."""


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
        marker = ""
        if text is not None and offset is not None:
            start = text.rfind("\n", 0, offset) + 1
            end = text.find("\n", offset)
            self.line = text.count("\n", 0, offset) + 1
            self.column = offset - start + 1
            left = max(start, offset - _SHOWN)
            shown = text[left : min(len(text) if end < 0 else end, offset + _SHOWN)].replace("\t", " ")
            marker = f"\n  {shown}\n  {' ' * (offset - left)}^"
        place = f" at {_cut(pointer or path or 'the top')}"
        if self.line is not None:
            place += f" (line {self.line}, column {self.column})"
        message = f"Event pattern is not valid. Reason: {_cut(reason)}{place}{marker}"
        super().__init__(message + (f"\n  hint: {_cut(hint)}" if hint else ""))


def _cut(words: str) -> str:
    return words if len(words) <= _MOST_WORDS else f"{words[:_MOST_WORDS]}..."
