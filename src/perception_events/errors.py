"""The root of every error this library raises on purpose, and its four branches; each layer derives its own."""

from __future__ import annotations

__all__ = [
    "AWSCallError",
    "DeclarationError",
    "DeliveryError",
    "InputError",
    "PerceptionEventsError",
    "UnretriableError",
    "cut",
    "describe",
    "marked_place",
]

_MANY = 50
_MOST_WORDS = 1_000
"""How much of a reason a message shows: it may quote what was read."""


class PerceptionEventsError(Exception):
    """Base of every error raised by `perception_events`.

    Subclasses also derive from the natural builtin (`ValueError`, `LookupError`, ...), so that code which
    knows nothing of this library still catches them.
    """


class DeclarationError(PerceptionEventsError):
    """What was declared cannot be: a pattern, a pipe, a template, a join, a handler. Somebody has to change it."""


class InputError(PerceptionEventsError):
    """What came in cannot be read as what it should be: a record, an event, an item, a file. Others may be fine."""


class DeliveryError(PerceptionEventsError):
    """Something valid could not be handed on, or be handled.

    `retryable` says whether the same attempt may succeed later.
    """

    retryable: bool = True


class AWSCallError(PerceptionEventsError, RuntimeError):
    """AWS rejected a call, or could not be reached.

    `code` is AWS's, empty where there is none; `retryable` says whether the same call may succeed later.
    """

    def __init__(self, message: str, *, code: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class UnretriableError(DeclarationError):
    """Base of what a simulated pipe or bus lets through to its caller instead of retrying: a flaw in the design."""


def cut(words: str) -> str:
    """`words` for a message, without the end of very long ones."""
    return words if len(words) <= _MOST_WORDS else f"{words[:_MOST_WORDS]}..."


def marked_place(text: str, offset: int, around: int) -> tuple[int, int, str]:
    """Line and column (from 1) of `offset` in `text`, and its line with a caret below, `around` characters each way."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    left = max(start, offset - around)
    shown = text[left : min(len(text) if end < 0 else end, offset + around)]
    return text.count("\n", 0, offset) + 1, offset - start + 1, f"\n  {shown}\n  {' ' * (offset - left)}^"


def describe(value: object, limit: int = 80) -> str:
    """`value` for an error message, in at most `limit` characters, whatever its size, depth and `repr` are."""
    if isinstance(value, (str, bytes)) and len(value) > limit:
        value = value[:limit]  # only the beginning is shown, so only that is escaped
        return f"{value!r}"[: limit - 3] + "..."
    if isinstance(value, (dict, list, tuple, set, frozenset)) and len(value) > _MANY:
        return f"of {len(value)} members"
    try:
        text = repr(value)
    except RecursionError:
        return "of many levels"
    except Exception:  # a repr of the caller's own, or an int of more digits than Python prints
        return f"of {value.bit_length()} bits" if isinstance(value, int) else "that has no repr"
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
