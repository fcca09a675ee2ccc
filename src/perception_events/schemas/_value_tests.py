"""Whether one value of a pattern can match a leaf of a schema, and leaves that it matches.

A closed set of leaves is decided by matching each; an open one by the analysis of patterns: strings by automata,
numbers by trying those that decide.
"""

from __future__ import annotations

import ipaddress
import json
import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from perception_events.errors import PerceptionEventsError
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import satisfiable, string_within
from perception_events.schemas._text_languages import languages_of
from perception_events.schemas._types import Anything, Boolean, Null, Number, Schema, String
from perception_events.schemas._validation import is_valid

__all__ = ["NOT_FOUND", "UndecidedError", "ValueTest", "closed_values", "value_test"]

NOT_FOUND: Any = object()
"""No leaf: null is one."""
_EXACT = 2**53
"""From here on not every whole number is a double, and the engine compares some by their text."""


class UndecidedError(PerceptionEventsError, RuntimeError):
    """A part of a question could not be decided; the message says why. It never leaves the package."""


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
        self._found: dict[Any, Any] = {}
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
        try:
            return self.find(leaf) is not NOT_FOUND
        except UndecidedError:
            return True

    def find(self, leaf: Schema) -> Any:
        """A leaf that it matches, that `leaf` allows and that has its format; `NOT_FOUND` where there is none.

        Raises:
            UndecidedError: it could not be decided.
        """
        if self.wants_absence:
            return NOT_FOUND
        key = leaf if not isinstance(leaf, String) else (leaf, leaf.counts)
        if key not in self._found:
            try:
                self._found[key] = self._find(leaf)
            except UndecidedError as error:
                self._found[key] = error
        if isinstance(self._found[key], UndecidedError):
            raise self._found[key]
        return self._found[key]

    def _find(self, leaf: Schema) -> Any:
        values = closed_values(leaf)
        if values is not None:
            return next(filter(self.matches, values), NOT_FOUND)
        if isinstance(leaf, String):
            return self._string(leaf)
        if isinstance(leaf, Number):
            return self._number(leaf)
        if not isinstance(leaf, Anything):
            return NOT_FOUND
        for value in self.candidates():
            if self.matches(value):
                return value
        answer = satisfiable(self._pattern)
        if answer.verdict is False:
            return NOT_FOUND
        if answer.witness is None:
            raise UndecidedError(answer.reason)
        return answer.witness["x"]

    def _string(self, leaf: String) -> Any:
        if self.kind not in (None, "string"):
            return NOT_FOUND
        answer = string_within(self._pattern, languages_of(leaf))
        if answer.verdict is False:
            return NOT_FOUND
        text = None if answer.witness is None else answer.witness["x"]
        if text is None or not is_valid(leaf, text):
            raise UndecidedError(answer.reason or f"no text was found that {self.text} takes and the schema allows")
        return text

    def _number(self, leaf: Number) -> Any:
        if self.kind not in (None, "number") and not self._takes_addresses:
            return NOT_FOUND
        for value in self._numbers(leaf):
            if is_valid(leaf, value) and self.matches(value):
                return value
        if self._takes_addresses:
            raise UndecidedError("a number may be taken for an address")
        return NOT_FOUND

    @property
    def _takes_addresses(self) -> bool:
        """Whether the engine takes some numbers for an address that it matches."""
        if self.operator == "cidr":
            return True
        try:
            return not self.operator and isinstance(self.value, str) and bool(ipaddress.ip_address(self.value))
        except ValueError:
            return False

    def _numbers(self, leaf: Number) -> Iterator[int | float]:
        """Numbers that decide: each that is named, and some between each two of them, for there all fare alike."""
        named = [self.value, *(self.argument if isinstance(self.argument, list) else [self.argument])]
        named += [leaf.minimum, leaf.maximum]
        points = sorted({each for each in named if isinstance(each, int | float) and not isinstance(each, bool)})
        yield from points
        step = None if leaf.multiple_of is None else Fraction(repr(abs(leaf.multiple_of)))
        if leaf.integer:
            step = Fraction(step.numerator) if step else Fraction(1)
        for low, high in pairwise([None, *points, None]):
            yield from _multiples(low, high, step) if step else _between(low, high)

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


def _multiples(low: float | None, high: float | None, step: Fraction) -> Iterator[int | float]:
    if low is not None:
        first, direction = math.floor(Fraction(low) / step) + 1, 1
    elif high is not None:
        first, direction = math.ceil(Fraction(high) / step) - 1, -1
    else:
        first, direction = 1, 1
    for count in range(3):
        number = (first + direction * count) * step
        if (low is None or number > low) and (high is None or number < high):
            yield int(number) if number.denominator == 1 else float(number)
            if abs(number) > _EXACT:
                raise UndecidedError("of numbers this large only some are compared by their value")


def _between(low: float | None, high: float | None) -> Iterator[float]:
    least, most = -math.inf if low is None else low, math.inf if high is None else high
    if low is None or high is None:
        tries: tuple[float, ...] = (1, least + 1, most - 1, least * 2, most * 2, least / 2, most / 2)
    else:
        tries = (math.floor(low) + 1, round(low / 2 + high / 2, 2), low / 2 + high / 2, math.nextafter(low, high))
    for number in tries:
        if least < number < most and math.isfinite(number):
            yield number
