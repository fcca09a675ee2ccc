"""Pairs of patterns made at random, often related, and an engine-free way to say what is true of small ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

from perception_events.patterns import EventPattern, InvalidEventPatternError
from support.pattern_cases import make_pattern, mutate

__all__ = ["SMALL_EVENTS", "make_pair", "make_small_pattern", "shown"]

_CHANGED = [("x", "y"), ("a", "b"), ("1", "2"), ("5", "ab"), ("prefix", "suffix"), ("abc", "ABC"), ("[", '["x", ')]


def make_pair(random: Random) -> tuple[EventPattern, EventPattern]:
    """Two valid patterns; half of the second ones are the first with a small change."""
    first = _valid(random)
    if random.random() < 0.5:
        for _ in range(5):
            old, new = random.choice(_CHANGED)
            text = first.canonical.replace(old, new, 1) if random.random() < 0.7 else mutate(random, first.canonical)
            try:
                return first, EventPattern.parse(text)
            except InvalidEventPatternError:
                continue
    return first, _valid(random)


def _valid(random: Random) -> EventPattern:
    while True:
        try:
            return EventPattern.parse(make_pattern(random))
        except InvalidEventPatternError:
            continue


_STRINGS = ["".join(letters) for size in range(5) for letters in product("xyz", repeat=size)]
_NUMBERS = [-1, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4]
_ABSENT = object()


def _small_events() -> Iterator[dict[str, Any]]:
    for a, b in product([*_STRINGS, *_NUMBERS, True, False, None, _ABSENT], ["x", "y", 1, None, _ABSENT]):
        yield {name: value for name, value in (("a", a), ("b", b)) if value is not _ABSENT}


SMALL_EVENTS = list(_small_events())
"""Every event, as far as small patterns can tell events apart: fields `a` and `b`, short strings, a few numbers."""


def make_small_pattern(random: Random) -> EventPattern:
    """A pattern over what `SMALL_EVENTS` has: texts of `x` and `y` no longer than two, numbers from 0 to 3."""
    while True:
        either = random.random() < 0.25
        made = {"$or": [_small_object(random), _small_object(random)]} if either else _small_object(random)
        try:
            return EventPattern.parse(made)
        except InvalidEventPatternError:  # the wildcards of a field are too complex together
            continue


def _small_object(random: Random) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if random.random() < 0.9:
        made["a"] = [_small_value(random) for _ in range(random.choice([1, 1, 2, 3]))]
    if random.random() < 0.4 or not made:
        values = ["x", "y", 1, None, {"exists": True}, {"exists": False}, {"anything-but": ["x"]}]
        made["b"] = random.sample(values, random.choice([1, 1, 2]))
    return made


def _small_value(random: Random) -> Any:
    text = "".join(random.choices("xy", k=random.choice([1, 1, 2])))
    number = random.randrange(3)
    return random.choice(
        [
            text,
            "",
            number,
            random.choice([True, False, None]),
            {"prefix": text},
            {"suffix": text},
            {"equals-ignore-case": text},
            {"wildcard": random.choice([f"*{text}*", f"{text}*", f"*{text}", "x*y", "*"])},
            {"anything-but": text},
            {"anything-but": [number, number + 1]},
            {"anything-but": {"prefix": text}},
            {"anything-but": {"suffix": [text, "y"]}},
            {"anything-but": {"wildcard": f"*{text}*"}},
            {"numeric": [random.choice(["<", "<=", ">", ">=", "="]), number]},
            {"numeric": [random.choice([">", ">="]), number, random.choice(["<", "<="]), number + 1]},
            {"exists": random.random() < 0.5},
        ]
    )


def shown(*patterns: EventPattern) -> str:
    """Patterns for a message."""
    return json.dumps([pattern.canonical for pattern in patterns])
