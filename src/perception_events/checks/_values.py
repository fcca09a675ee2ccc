"""Whether a value of a pattern can match a field of a known type: never, always, or depending on its value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import Enum, auto

from perception_events.topology import PartialJSON, unresolved_in

__all__ = ["Holds", "JSONType", "leaf_holds", "looks_like_an_operator", "value_holds"]


class JSONType(Enum):
    """The types of a field's leaves."""

    STRING = "a string"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    NULL = "null"
    TRUE = "true"
    """What DynamoDB's `NULL` holds."""


class Holds(Enum):
    """What can be said of a comparison from the type of the field alone."""

    NEVER = auto()
    ALWAYS = auto()
    """For every field that is there."""
    MAYBE = auto()


_TEXT_OPERATORS = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard", "cidr"})
_TYPES: dict[type, tuple[JSONType, ...]] = {
    str: (JSONType.STRING,),
    int: (JSONType.NUMBER,),
    float: (JSONType.NUMBER,),
    bool: (JSONType.BOOLEAN, JSONType.TRUE),
    type(None): (JSONType.NULL,),
}


def value_holds(value: PartialJSON, of: JSONType) -> Holds:
    """What is known of one value of a pattern against a field that holds `of`."""
    if any(unresolved_in(value)) or isinstance(value, list):
        return Holds.MAYBE
    if not isinstance(value, Mapping):
        fits = of in _TYPES[type(value)] and not (of is JSONType.TRUE and value is False)
        return Holds.MAYBE if fits else Holds.NEVER
    for name, argument in value.items():
        if name in _TEXT_OPERATORS:
            return Holds.MAYBE if of is JSONType.STRING else Holds.NEVER
        if name == "numeric":
            return Holds.MAYBE if of is JSONType.NUMBER else Holds.NEVER
        if name == "anything-but":
            return _anything_but(argument, of)
    return Holds.MAYBE


def _anything_but(argument: PartialJSON, of: JSONType) -> Holds:
    if isinstance(argument, Mapping):
        return Holds.MAYBE if of is JSONType.STRING else Holds.ALWAYS
    excluded = argument if isinstance(argument, list) else [argument]
    return Holds.MAYBE if any(value_holds(v, of) is Holds.MAYBE for v in excluded) else Holds.ALWAYS


def leaf_holds(values: Iterable[PartialJSON], of: JSONType) -> Holds:
    """What is known of a whole leaf: one of its values has to hold."""
    each = [value_holds(value, of) for value in values]
    if not each or (Holds.MAYBE in each and Holds.ALWAYS not in each):
        return Holds.MAYBE
    return Holds.ALWAYS if Holds.ALWAYS in each else Holds.NEVER


_OPERATORS = _TEXT_OPERATORS | {"numeric", "anything-but", "exists"}


def looks_like_an_operator(value: PartialJSON) -> bool:
    """Whether a text of a pattern is the JSON of an operator, which then is compared letter by letter."""
    if not isinstance(value, str) or "{" not in value:
        return False
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict):
        return not _OPERATORS.isdisjoint(read)
    bare = value.strip().strip("[]{} ").partition(":")
    return bool(bare[1]) and bare[0].strip("'\" ") in _OPERATORS
