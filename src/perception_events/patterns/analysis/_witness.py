"""From the leaves that an event must hold to the event itself, as text and as a mapping."""

from __future__ import annotations

import json
from decimal import Decimal

from perception_events.patterns._json_text import number_text, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from perception_events.patterns import EventPattern
    from perception_events.patterns.analysis._event_search import Leaves

__all__ = ["Witness", "build_witness", "leaf_of", "leaf_value"]


class Witness:
    """An event: its text, and the mapping that it reads as."""

    __slots__ = ("event", "text")

    def __init__(self, event: dict[str, Any], text: str) -> None:
        self.event = event
        self.text = text

    def matches(self, pattern: EventPattern) -> bool:
        """Whether `pattern` matches the event, as text: there the spelling of numbers counts."""
        return pattern.matches_json(self.text)


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
    event: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    # Paths below others come later, so that an array is there to take them.
    for path in sorted(leaves):
        found = leaves[path]
        values: Any = [leaf_value(leaf) for leaf in found] if len(found) > 1 else leaf_value(found[0])
        spelled: Any = [_Spelled(leaf) for leaf in found] if len(found) > 1 else _Spelled(found[0])
        names = path.split(".") if "" not in path.split(".") else [path]
        _put(event, names, values)
        _put(texts, names, spelled)
    return Witness(event, _text(texts))


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
