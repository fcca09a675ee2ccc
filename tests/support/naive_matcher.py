"""A slow matcher that is obviously right: every leaf with its way through the arrays, every choice tried in turn."""

from __future__ import annotations

import json
from typing import Any

from perception_events.patterns import EventPattern
from perception_events.patterns._ast import Exists
from perception_events.patterns._values import leaf_test

__all__ = ["naive_matches"]

Way = dict[tuple[str, ...], int]
"""Which element of which array, an array being named by the steps that lead to it."""


def naive_matches(pattern: EventPattern, event: Any) -> bool:
    """Whether `pattern` matches a parsed event whose objects have no repeated and no empty keys."""
    leaves: list[tuple[str, str, Way]] = []
    _collect(event, "", (), {}, leaves)
    return any(_holds(rule.fields, leaves, {}) for rule in pattern.sub_rules)


def _collect(value: Any, path: str, steps: tuple[str, ...], way: Way, leaves: list[tuple[str, str, Way]]) -> None:
    if isinstance(value, dict):
        for key, member in value.items():
            _collect(member, f"{path}.{key}" if path else key, (*steps, key), way, leaves)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            inside = {**way, steps: index} if isinstance(member, dict | list) else way
            _collect(member, path, (*steps, f"[{index}]"), inside, leaves)
    else:
        leaves.append((path, f'"{value}"' if isinstance(value, str) else json.dumps(value), way))


def _holds(fields: Any, leaves: list[tuple[str, str, Way]], chosen: Way) -> bool:
    if not fields:
        return True
    (path, values), rest = fields[0], fields[1:]
    there = [(leaf, way) for name, leaf, way in leaves if name == path]
    agreeing = [(leaf, way) for leaf, way in there if all(chosen.get(a, i) == i for a, i in way.items())]
    absence = any(isinstance(v, Exists) and not v.present for v in values)
    if absence and not agreeing and _holds(rest, leaves, chosen):
        return True
    # The engine's accident: with an element chosen, only that element's leaves are looked at.
    through = next((array for array in chosen if any(array in way for _, way in there)), None)
    return any(
        _holds(rest, leaves, {**chosen, **way})
        for leaf, way in agreeing
        if (through is None or through in way) and any(test(leaf) for test in map(leaf_test, values) if test)
    )
