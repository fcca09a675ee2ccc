"""From the leaves that an event must hold to the event itself, as text and as a mapping."""

from __future__ import annotations

import json
from decimal import Decimal

from perception_events.patterns._json_text import number_text, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any

    from perception_events.patterns import EventPattern
    from perception_events.patterns.analysis._event_search import Leaves

__all__ = ["Witness", "build_witness", "leaf_of", "leaf_value"]


_SHALLOW = 100
"""Paths of so many pieces are written by `json`, which recurses."""


class Witness:
    """An event: its text, and the mapping that it reads as. `has_numbers`: whether their spelling may count."""

    __slots__ = ("event", "has_numbers", "text")

    def __init__(self, event: dict[str, Any], text: str, *, has_numbers: bool) -> None:
        self.event = event
        self.text = text
        self.has_numbers = has_numbers

    def matches(self, pattern: EventPattern) -> bool:
        """Whether `pattern` matches the event: with numbers as text, for there their spelling counts."""
        return pattern.matches_json(self.text) if self.has_numbers else pattern.matches(self.event)


def leaf_value(leaf: str) -> Any:
    """The Python value of a leaf; of a number, the one that is spelled like it where there is one."""
    if leaf.startswith('"'):
        return leaf[1:-1]
    if leaf in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[leaf]
    for kind in (int, float, Decimal):
        try:
            value = kind(leaf)
            if number_text(value) == leaf:
                return value
        except ValueError:
            continue
    return Decimal(leaf)


def leaf_of(value: object) -> str:
    """The leaf of a JSON scalar, as the matcher spells it."""
    if isinstance(value, str):
        return f'"{value}"'
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return number_text(value)


def build_witness(leaves: Leaves) -> Witness:
    """The event that holds just these leaves.

    Several of one path are an array. A path below another goes into that array as an object.
    """
    event = _event(leaves, leaf_value)
    if any(leaf[:1] not in _OF_NO_NUMBER for found in leaves.values() for leaf in found):
        return Witness(event, _text(_event(leaves, _Spelled)), has_numbers=True)
    deepest = max((path.count(".") for path in leaves), default=0)
    # Most witnesses have strings only, and a review makes one for each pair of rules.
    text = json.dumps(event) if deepest < _SHALLOW else _text(_event(leaves, _Spelled))
    return Witness(event, text, has_numbers=False)


_OF_NO_NUMBER = frozenset('"tfn')
"""How leaves begin that are not numbers."""


def _event(leaves: Leaves, of: Callable[[str], Any]) -> dict[str, Any]:
    event: dict[str, Any] = {}
    # Paths below others come later, so that an array is there to take them.
    for path in sorted(leaves):
        found = leaves[path]
        names = path.split(".")
        _put(event, [path] if "" in names else names, [of(leaf) for leaf in found] if len(found) > 1 else of(found[0]))
    return event


class _Spelled:
    """A leaf whose spelling is kept."""

    __slots__ = ("leaf",)

    def __init__(self, leaf: str) -> None:
        self.leaf = leaf


def _put(node: dict[str, Any], names: Sequence[str], value: Any) -> None:
    for name in names[:-1]:
        inner = node.setdefault(name, {})
        if not isinstance(inner, dict):
            array = inner if isinstance(inner, list) else [inner]
            node[name] = array
            if not isinstance(array[-1], dict):
                array.append({})
            inner = array[-1]
        node = inner
    node[names[-1]] = value


def _text(event: dict[str, Any]) -> str:
    def write(value: Any) -> Generator[Any, Any, str]:
        if isinstance(value, dict):
            members = []
            for name, member in value.items():
                members.append(f"{json.dumps(name)}: {(yield write(member))}")
            return "{" + ", ".join(members) + "}"
        if isinstance(value, list):
            elements = []
            for element in value:
                elements.append((yield write(element)))
            return f"[{', '.join(elements)}]"
        leaf: str = value.leaf
        return json.dumps(leaf[1:-1]) if leaf.startswith('"') else leaf

    text: str = run(write(event))
    return text
