"""Examples: events that are valid under a schema, the same for the same seed."""

from __future__ import annotations

import importlib
import math
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject
from perception_events.schemas._event_schema import EventSchema, resolve
from perception_events.schemas._types import (
    Anything,
    Array,
    Boolean,
    Nothing,
    Null,
    Number,
    Object,
    Reference,
    Schema,
    String,
    Union,
)
from perception_events.schemas._validation import compiled, is_valid

__all__ = ["ENVELOPE_EXAMPLE", "ExampleMaker", "NoExampleError", "example", "with_envelope"]

ENVELOPE_EXAMPLE: Mapping[str, Any] = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "account": "123456789012",
    "time": "2025-07-15T00:11:08Z",
    "region": "eu-west-1",
    "resources": [],
}
"""What AWS writes around a detail, beside `source` and `detail-type`."""

_DEEP = 6
"""From this depth on only what must be there is made, so that recursive schemas end."""
_DEEPEST = 60


class NoExampleError(PerceptionEventsError, ValueError):
    """No example of a schema could be made; the message says of which part."""


def example(schema: EventSchema, *, seed: int = 0, optional: float = 0.7) -> JSONObject:
    """An event that is valid under `schema`.

    Parameters:
        seed: another number makes another event.
        optional: how likely an optional field is there, from 0 to 1.

    Raises:
        NoExampleError: the schema allows no event, or its regular expressions are too hard to meet.
    """
    making = ExampleMaker(random.Random(f"{seed}/{schema.source}/{schema.detail_type}"), schema.definitions, optional)
    event = with_envelope(making.make(schema.root, "", 0), schema, seed=seed)
    if not schema.accepts(event):
        raise NoExampleError(f"{schema.name}: {schema.violations(event)[0]}")
    made: JSONObject = event
    return made


def with_envelope(event: Any, schema: EventSchema, *, seed: int = 0) -> Any:
    """`event` with what AWS writes around a detail as AWS writes it, where `schema` allows that."""
    if not schema.is_envelope:
        return event
    names = random.Random(f"{seed}/{schema.name}/id")
    envelope = {name: value for name, value in ENVELOPE_EXAMPLE.items() if name in event}
    changed = {**event, **envelope, "id": str(uuid.UUID(int=names.getrandbits(128), version=4))}
    changed.pop("replay-name", None)
    return changed if schema.accepts(changed) else event


class ExampleMaker:
    """Makes values of schemas.

    Parameters:
        source: where the choices come from.
        definitions: what references name.
        optional: how likely an optional field is there.
        wanted: paths of fields that are there in any case.
    """

    def __init__(
        self,
        source: random.Random,
        definitions: Mapping[str, Schema],
        optional: float = 0.7,
        wanted: frozenset[str] = frozenset(),
    ) -> None:
        self.random = source
        self.definitions = definitions
        self.optional = optional
        self.wanted = wanted

    def make(self, schema: Schema, path: str, depth: int) -> Any:
        """A value of `schema`; `path` is where it lies, for `wanted` and for errors.

        Raises:
            NoExampleError: there is none.
        """
        match schema:
            case Anything():
                return self.random.choice(["text", 1, True, {"a": "text"}, ["text"]])
            case Nothing():
                raise NoExampleError(f"{path or 'the whole'}: the schema allows no value")
            case Null():
                return None
            case Boolean(values):
                return self.random.choice(values or (True, False))
            case Number():
                return self._number(schema, path)
            case String():
                return self._string(schema, path)
            case Array():
                return self._array(schema, path, depth)
            case Object():
                return self._object(schema, path, depth)
            case Reference() | Union():
                return self._alternative(schema, path, depth)

    def _alternative(self, schema: Schema, path: str, depth: int) -> Any:
        _check_depth(path, depth)
        choices = list(resolve(schema, self.definitions))
        if depth < _DEEP:
            self.random.shuffle(choices)
            if self.random.random() < 0.8:  # a null says least
                choices.sort(key=lambda choice: isinstance(choice, Null))
        else:
            choices.sort(key=lambda choice: isinstance(choice, Object | Array))
        if any(want.startswith(f"{path}.") for want in self.wanted if path):
            choices.sort(key=lambda choice: not isinstance(choice, Object | Array))
        error: NoExampleError | None = None
        for choice in choices:
            try:
                return self.make(choice, path, depth + 1)
            except NoExampleError as failed:
                error = failed
        raise error or NoExampleError(f"{path or 'the whole'}: the schema allows no value")

    def _array(self, schema: Array, path: str, depth: int) -> list[Any]:
        most = schema.min_items + (0 if depth >= _DEEP else 2)
        length = self.random.randint(schema.min_items, most)
        if any(want.startswith(path) for want in self.wanted):
            length = max(length, 1)
        if schema.max_items is not None:
            length = min(length, schema.max_items)
        if isinstance(schema.items, Nothing):
            length = 0
        items = []
        for _ in range(length):
            try:
                items.append(self.make(schema.items, path, depth + 1))
            except NoExampleError:
                if len(items) >= schema.min_items:
                    break
                raise
        return items

    def _object(self, schema: Object, path: str, depth: int) -> dict[str, Any]:
        _check_depth(path, depth)
        made = {}
        for member in schema.properties:
            below = f"{path}.{member.name}" if path else member.name
            wanted = any(want == below or want.startswith(f"{below}.") for want in self.wanted)
            chosen = depth < _DEEP and self.random.random() < self.optional
            if member.required or wanted or chosen:
                try:
                    made[member.name] = self.make(member.schema, below, depth + 1)
                except NoExampleError:
                    if member.required:
                        raise
        if schema.additional is not None and not schema.properties and depth < _DEEP:
            for number in range(self.random.randint(0, 2)):
                made[f"key{number + 1}"] = self.make(schema.additional, path, depth + 1)
        return made

    def _number(self, schema: Number, path: str) -> int | float:
        if schema.values:
            return self.random.choice(schema.values)
        low, high = schema.minimum, schema.maximum
        if low is None:
            low = 0 if high is None or high >= 0 else high - 100
        if high is None:
            high = max(low, 0) + 100
        least, most = math.ceil(low), math.floor(high)
        step = schema.multiple_of or (1 if schema.integer else None)
        tries: list[Callable[[], float | int]] = [
            lambda: self.random.randint(least, max(least, most)),
            lambda: round(self.random.uniform(low, high), 2),
            lambda: self.random.uniform(low, high),
            lambda: low,
            lambda: high,
        ]
        for attempt in range(40):
            value = tries[attempt % len(tries)]()
            if step:
                value = round(value / step) * step
                value = int(value) if schema.integer or float(value).is_integer() else value
            if is_valid(schema, value):
                return value
        raise NoExampleError(f"{path}: no number was found that is {schema}")

    def _string(self, schema: String, path: str) -> str:
        if schema.values:
            return self.random.choice(schema.values)
        makers: list[Callable[[], str]] = [self._word]
        if schema.format in _FORMATS:
            makers.insert(0, lambda: _FORMATS[schema.format or ""](self))
        if schema.pattern is not None:
            makers = [lambda: self._matching(schema.pattern or ""), *makers]
        for attempt in range(30):
            text = makers[attempt % len(makers)]()
            if schema.pattern is None and schema.format is None:
                text = text.ljust(schema.min_length, "x")[: schema.max_length]
            if is_valid(schema, text):
                return text
        raise NoExampleError(f"{path}: no text was found that matches {schema.pattern or schema}")

    def _word(self) -> str:
        return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz", k=self.random.randint(3, 8)))

    def uuid(self) -> str:
        """A UUID of version 4."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def date(self) -> str:
        """A day of 2025."""
        return f"2025-{self.random.randint(1, 12):02d}-{self.random.randint(1, 28):02d}"

    def time(self) -> str:
        """A time of day in UTC."""
        return f"{self.random.randint(0, 23):02d}:{self.random.randint(0, 59):02d}:{self.random.randint(0, 59):02d}Z"

    def _matching(self, pattern: str) -> str:
        """A text that a regular expression of the usual kind matches, or not: whoever asks tests it."""
        if compiled(pattern) is None:
            return ""
        try:
            parsed = importlib.import_module("re._parser").parse(pattern)
            return "".join(self._piece(*each) for each in parsed)
        except (ImportError, ValueError, KeyError, RecursionError, OverflowError, AttributeError):
            return ""

    def _piece(self, operator: Any, argument: Any) -> str:
        match str(operator):
            case "LITERAL":
                return chr(argument)
            case "NOT_LITERAL":
                return "a" if argument != ord("a") else "b"
            case "ANY":
                return self.random.choice("abc123")
            case "IN":
                return self._of_set(argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, inner = argument
                times = self.random.randint(least, max(least, min(int(most), least + 3)))
                return "".join(self._piece(*each) for _ in range(times) for each in inner)
            case "SUBPATTERN":
                return "".join(self._piece(*each) for each in argument[-1])
            case "BRANCH":
                return "".join(self._piece(*each) for each in self.random.choice(argument[1]))
            case "CATEGORY":
                return _CATEGORIES[str(argument)]
        return ""  # positions, assertions: the test of the whole decides

    def _of_set(self, members: Any) -> str:
        if str(members[0][0]) == "NEGATE":
            shut = {self._of_set([member]) for member in members[1:] for _ in range(20)}
            return next((each for each in "aA0_- .:/" if each not in shut), "")
        operator, argument = self.random.choice(list(members))
        if str(operator) == "RANGE":
            return chr(self.random.randint(argument[0], argument[1]))
        return self._piece(operator, argument)


_CATEGORIES = {
    "CATEGORY_DIGIT": "7",
    "CATEGORY_NOT_DIGIT": "x",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "x",
    "CATEGORY_WORD": "w",
    "CATEGORY_NOT_WORD": "-",
}

_FORMATS: Mapping[str, Callable[[ExampleMaker], str]] = {
    "date-time": lambda making: f"{making.date()}T{making.time()}",
    "date": ExampleMaker.date,
    "time": ExampleMaker.time,
    "uuid": ExampleMaker.uuid,
    "arn": lambda making: f"arn:aws:s3:::bucket-{making.random.randint(1, 999)}",
    "ipv4": lambda making: f"10.0.{making.random.randint(0, 255)}.{making.random.randint(1, 254)}",
    "ipv6": lambda making: f"2001:db8::{making.random.randint(1, 9999)}",
    "email": lambda making: f"{making._word()}@example.com",
    "uri": lambda making: f"https://example.com/{making._word()}",
    "byte": lambda making: "ZXhhbXBsZQ==",
    "dynamodb-integer": lambda making: str(making.random.randint(0, 999)),
    "dynamodb-number": lambda making: f"{making.random.randint(0, 999)}.5",
}


def _check_depth(path: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise NoExampleError(f"{path}: the schema contains itself without an end, or is deeper than {_DEEPEST} levels")
