"""Values of a field by which several rules divide events between them, and which none of them takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from perception_events.analysis._bus_rules import BusRule
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.patterns.analysis import Answer, overlap, uncovered

__all__ = ["Unhandled", "unhandled_values"]


_MOST_COMPARED = 30
"""Of one field, patterns with operators, which are compared pair by pair."""


@dataclass(frozen=True, slots=True)
class Unhandled:
    """Events that come to no target because of the value of one field.

    `field`: its path. `rules`: the rules that divide events by it. `values`: which ones as JSON, where the possible
    values are known; empty where any other value than those of the rules is meant. `witness`: such an event.
    """

    field: str
    rules: tuple[str, ...]
    values: tuple[str, ...]
    witness: Mapping[str, Any]
    witness_json: str


def unhandled_values(rules: Sequence[BusRule], values: Mapping[str, Sequence[str]]) -> Iterator[Unhandled]:
    """The values that no rule of one bus takes, of each field by which two or more of `rules` divide events.

    Args:
        rules: the rules of one bus.
        values: by a field's dotted path, all values that it can have.
    """
    patterns = [rule.pattern for rule in rules]
    for (path, rest), dividing in _dividing_fields(rules).items():
        names = tuple(rule.name for rule in dividing)
        dotted = ".".join(path)
        if dotted in values:
            shown = {}
            for value in values[dotted]:
                pattern = _with(rest, path, [value])
                answer = _outside(pattern, patterns)
                if answer is not None and not _taken_in_part(pattern, patterns):
                    shown[json.dumps(value, ensure_ascii=False)] = answer
            if shown:
                yield Unhandled(dotted, names, tuple(shown), *next(iter(shown.values())))
            continue
        answer = _outside(_with(rest, path, [{"exists": True}]), patterns)
        if answer is not None and not _is_of_aws(answer[0]):
            yield Unhandled(dotted, names, (), *answer)


def _dividing_fields(rules: Sequence[BusRule]) -> dict[tuple[tuple[str, ...], str], list[BusRule]]:
    """The rules that differ in the values of one field in the detail and share none, by the field and the rest."""
    groups: dict[tuple[tuple[str, ...], str], list[BusRule]] = {}
    for rule in rules:
        pattern = json.loads(str(rule.pattern))
        for path, values in _fields(pattern, ()):
            if path[0] == "detail" and not any(isinstance(value, dict) and "exists" in value for value in values):
                rest = json.dumps(_without(pattern, path), sort_keys=True)
                groups.setdefault((path, rest), []).append(rule)
    return {key: group for key, group in groups.items() if _divide(key[0], group)}


def _divide(path: tuple[str, ...], rules: Sequence[BusRule]) -> bool:
    """Whether there are two patterns or more among rules, and no event matches two of them."""
    values = {rule.pattern: _at(json.loads(str(rule.pattern)), path) for rule in rules}
    if len(values) < 2:
        return False
    texts = [value for group in values.values() for value in group]
    if all(isinstance(text, str) for text in texts):
        return len(set(texts)) == len(texts)
    return len(values) <= _MOST_COMPARED and all(overlap(*pair).verdict is False for pair in combinations(values, 2))


def _at(pattern: Any, path: tuple[str, ...]) -> list[Any]:
    for step in path:
        pattern = pattern[step]
    return list(pattern)


def _fields(pattern: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    for name, content in pattern.items():
        if isinstance(content, dict):
            yield from _fields(content, (*above, name))
        elif name != "$or":
            yield (*above, name), content


def _without(pattern: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = path
    if not rest:
        return {name: content for name, content in pattern.items() if name != first}
    below = _without(pattern[first], tuple(rest))
    return {name: content for name, content in (*pattern.items(), (first, below)) if name != first or below}


def _with(rest: str, path: tuple[str, ...], values: list[Any]) -> EventPattern | None:
    pattern: Any = json.loads(rest)
    inside = pattern
    for step in path[:-1]:
        inside = inside.setdefault(step, {})
    inside[path[-1]] = values
    try:
        return EventPattern.parse(pattern)
    except InvalidEventPatternError:
        return None


def _is_of_aws(event: Mapping[str, Any]) -> bool:
    """Whether AWS itself sends the event: nobody means to take all API calls or all states of a service."""
    detail = event.get("detail")
    caller = detail.get("eventSource") if isinstance(detail, Mapping) else None
    return (
        str(event.get("source", "")).startswith("aws.")
        or str(event.get("detail-type", "")).endswith(" via CloudTrail")
        or str(caller).endswith(".amazonaws.com")
    )


def _outside(pattern: EventPattern | None, others: Sequence[EventPattern]) -> tuple[Mapping[str, Any], str] | None:
    answer = Answer(None) if pattern is None else uncovered(pattern, others)
    if answer.witness is None or answer.witness_json is None:
        return None
    return answer.witness, answer.witness_json


def _taken_in_part(pattern: EventPattern | None, others: Sequence[EventPattern]) -> bool:
    """Whether some rule takes an event with the value, so that it is not the value alone that keeps it from one."""
    return pattern is None or any(overlap(pattern, other).verdict is not False for other in others)
