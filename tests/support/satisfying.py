"""A value that satisfies a field's list, made from the AST: for tests that follow an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from perception_events.patterns import EventPattern

__all__ = ["Leaf", "satisfying_leaf"]

_TRIED = (
    *("x", "y", "zz", "", " ", "no such text", "Q", "-", "10.0.0.1", "::1", True, False, None, 0, 1, -1, 0.5),
    *(2, 3, 42, 99, 101, 1e9, -1e9, 1e300, -1e300, "zzzzzzzz"),
)


@dataclass(frozen=True)
class Leaf:
    """A value for the field, or that it must be absent."""

    value: Any
    present: bool


def satisfying_leaf(values: tuple[Any, ...]) -> Leaf | None:
    """A leaf that passes; None where none of those tried does."""
    pattern = EventPattern.parse('{"f": [' + ",".join(map(str, values)) + "]}", max_wildcard_complexity=None)
    tried: list[Any] = list(_TRIED)
    for value in values:
        text = getattr(value, "value", None)
        if isinstance(text, str):
            tried += [
                text,
                text.replace("\\*", "*").replace("\\\\", "\\"),
                text.replace("*", ""),
                text.partition("/")[0],
            ]
        spelling = getattr(value, "text", None)
        tried += _numbers(spelling)
        for _, number in getattr(value, "comparisons", ()):
            tried += _numbers(number)
    for one in tried:
        if pattern.matches({"f": one}):
            return Leaf(one, True)
    return Leaf(None, False) if pattern.matches({}) else None


def _numbers(spelling: str | None) -> list[Any]:
    try:
        number = float(spelling or "x")
    except ValueError:
        return []
    near = (number, number + 1, number - 1, number * 1.0001, number * 0.9999, number + 1e-3, number - 1e-3)
    return [each for each in near if isfinite(each)]
