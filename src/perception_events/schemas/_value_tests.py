"""Whether one value of a pattern can match a leaf of a schema, and leaves that it matches.

A closed set of leaves is decided by matching each; an open one by what the operator takes. No is a proof, yes is not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from perception_events.patterns import EventPattern
from perception_events.schemas._types import Anything, Boolean, Null, Number, Schema, String
from perception_events.schemas._validation import is_valid

__all__ = ["ValueTest", "closed_values", "value_test"]

_STRING_OPERATORS = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard", "exactly"})


class ValueTest:
    """One value of a pattern, as JSON: a literal, or an operator with its argument."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.value: Any = json.loads(text)
        self.operator: str = ""
        self.argument: Any = None
        if isinstance(self.value, dict):
            self.operator, self.argument = next(iter(self.value.items()))
        self._pattern = EventPattern.parse(f'{{"x":[{text}]}}', max_wildcard_complexity=None)

    @property
    def wants_absence(self) -> bool:
        """Whether it is `exists: false`."""
        return self.operator == "exists" and self.argument is False

    @property
    def kind(self) -> str | None:
        """The kind of leaf that it takes; None where it takes several."""
        if self.operator in _STRING_OPERATORS:
            return "string"
        if self.operator == "numeric":
            return "number"
        if self.operator:
            return None
        return {str: "string", bool: "boolean", type(None): "null"}.get(type(self.value), "number")

    def matches(self, leaf: Any) -> bool:
        """Whether it matches one leaf."""
        return self._pattern.matches({"x": leaf})

    def can_match(self, leaf: Schema) -> bool:
        """Whether it may match some leaf that `leaf` allows; False is certain."""
        if isinstance(leaf, Anything):
            return not self.wants_absence
        values = closed_values(leaf)
        if values is not None:
            return any(map(self.matches, values))
        if self.operator in ("exists", "anything-but", "cidr"):
            # An anything-but leaves out a few of endlessly many; a CIDR block may match digits, too.
            return not self.wants_absence
        if isinstance(leaf, String):
            return self.kind == "string" and (bool(self.operator) or is_valid(leaf, self.value))
        if isinstance(leaf, Number):
            return self.kind == "number" and self._number_fits(leaf)
        return False

    def _number_fits(self, leaf: Number) -> bool:
        if self.operator != "numeric":
            return is_valid(leaf, self.value)
        low, low_open, high, high_open = -math.inf, True, math.inf, True
        if leaf.minimum is not None:
            low, low_open = leaf.minimum, leaf.exclusive_minimum
        if leaf.maximum is not None:
            high, high_open = leaf.maximum, leaf.exclusive_maximum
        for operator, bound in zip(self.argument[::2], self.argument[1::2], strict=True):
            if operator in (">", ">=", "="):
                low, low_open = max((low, low_open), (bound, operator == ">"))
            if operator in ("<", "<=", "="):
                high, closed = min((high, not high_open), (bound, operator != "<"))
                high_open = not closed
        if leaf.integer and low != -math.inf:
            low, low_open = math.floor(low) + 1 if low_open else math.ceil(low), False
        if leaf.integer and high != math.inf:
            high, high_open = math.ceil(high) - 1 if high_open else math.floor(high), False
        return low < high or (low == high and not low_open and not high_open)

    def candidates(self) -> Iterator[Any]:
        """Leaves that it is likely to match: to be tried."""
        argument = self.argument
        if not self.operator:
            yield self.value
        elif isinstance(argument, str):
            if self.operator == "wildcard":
                yield argument.replace("*", "").replace("\\", "")
            yield from (argument, f"{argument}1", f"1{argument}")
        elif self.operator in ("prefix", "suffix") and isinstance(argument, dict):
            yield next(iter(argument.values()))
        elif self.operator == "numeric":
            bounds = argument[1::2]
            yield from bounds
            yield sum(bounds) / len(bounds)
            yield from (bound + step for bound in bounds for step in (1, -1, 0.5))
        yield from ("another value", "1", 1, True, None)


def closed_values(leaf: Schema) -> tuple[Any, ...] | None:
    """All leaves that `leaf` allows, where they are few; None where they are not."""
    match leaf:
        case String(values=values) | Number(values=values) if values:
            return values
        case Boolean(values):
            return values or (True, False)
        case Null():
            return (None,)
    return None


@lru_cache(maxsize=4096)
def value_test(text: str) -> ValueTest:
    """The test of a pattern's value, by its text as JSON."""
    return ValueTest(text)
