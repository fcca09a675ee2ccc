"""What was probably meant by a field, a value or a source that no schema has: the nearest that one has."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection

from perception_events.schemas._types import Schema, String
from perception_events.schemas._value_tests import ValueTest, value_test

__all__ = ["nearest_field", "nearest_name", "nearest_source", "respelled"]


def nearest_field(path: str, paths: Collection[str]) -> str | None:
    """Of `paths`, a field of the same level that is spelled alike, or one of the same name at another level."""
    parent, _, last = path.rpartition(".")
    siblings = {name: each for each in paths for above, _, name in [each.rpartition(".")] if above == parent}
    same = [each for name, each in siblings.items() if _plain(name) == _plain(last)]
    if same:
        return same[0]
    nearest = nearest_name(last, siblings, 0.75)
    if nearest:
        return siblings[nearest]
    elsewhere = [each for each in paths if _plain(each.rpartition(".")[2]) == _plain(last)]
    return min(elsewhere, key=lambda each: (abs(each.count(".") - path.count(".")), each), default=None)


def nearest_name(value: object, known: Collection[str], cutoff: float) -> str | None:
    """Of `known`, the name that is spelled most like `value`; None below `cutoff`: 1 is the same, 0 anything."""
    if not isinstance(value, str):
        return None
    spelled = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(value.casefold(), list(spelled), 1, cutoff)
    return spelled[close[0]] if close else None


def nearest_source(value: object, known: Collection[str]) -> str | None:
    """The source whose own name is spelled alike: `aws.` before it is in all of them."""
    if not isinstance(value, str):
        return None
    group, _, name = value.rpartition(".")
    own = {source.rpartition(".")[2]: source for source in known if source.rpartition(".")[0] == group}
    nearest = nearest_name(name, own, 0.8 if group else 0.9) if len(name) > 3 else None
    if nearest:
        return own[nearest]
    return None if own else nearest_name(value, known, 0.9)


def respelled(test: ValueTest, leaves: list[Schema]) -> str | None:
    """The same value in the field's own type: `5` for `"5"`."""
    value = test.value
    if value is None:
        return None
    if isinstance(value, str):
        try:
            other = json.loads(value)
        except ValueError:
            return None
        if isinstance(other, str | dict | list):
            return None
    else:
        other = test.text
        if not any(isinstance(leaf, String) for leaf in leaves):
            return None
    text = json.dumps(other)
    try:
        fits = any(value_test(text).can_match(leaf) for leaf in leaves)
    except ValueError:  # NaN and Infinity are no values of a pattern
        return None
    return text if fits else None


def _plain(name: str) -> str:
    """`instance-id`, `instanceId` and `InstanceID` are all the same word."""
    return "".join(filter(str.isalnum, name)).casefold()
