"""What was probably meant: words for the fix of a field that is missing, is no leaf, or has another value."""

from __future__ import annotations

import json
from itertools import islice

from perception_events.errors import describe
from perception_events.patterns import _ast as ast
from perception_events.patterns._values import leaf_test

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

__all__ = ["name_fix", "shown", "value_fix"]

_SHOWN = 200
_MAX_VISITED = 2_000
"""How many values of an event are looked at for a field of a similar name."""
_OPERATORS = ("prefix", "suffix", "anything-but", "exists", "numeric", "wildcard", "equals-ignore-case", "cidr")


def shown(text: str) -> str:
    """A text cut to a length that can be read."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _json(value: Any) -> str:
    try:
        return shown(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))
    except (TypeError, ValueError, RecursionError):
        return "{...}" if isinstance(value, dict) else "[...]" if isinstance(value, list) else describe(value)


def name_fix(event: Any, path: str, holds: Callable[[str], bool]) -> tuple[str, bool, str, bool]:
    """What is at `path`, where no leaf is: as a text, whether anything is there, what to do, and whether the field was
    probably meant by another name or level."""
    pieces = path.split(".")
    ends, stops = _reach(event, pieces)
    if ends:
        value = ends[0]
        if isinstance(value, dict):
            down = _way_down(value, holds)
            fix = f"a pattern compares leaves only: go down to `{path}.{down}`" if down else "it holds no leaf"
            return f"{_json(value)}, an object", True, fix, down is not None
        if not isinstance(value, list):
            # The walk here finds what the engine's own does not: it passes over empty names that end a path.
            return (
                f"{_json(value)}, which the engine does not see",
                True,
                "give the field a name that is not empty",
                True,
            )
        if not value:
            return "[], an empty array", True, "an empty array has no leaf, so nothing compares equal to it", False
        element = next((each for each in value if isinstance(each, dict)), None)
        down = None if element is None else _way_down(element, holds)
        fix = f"a pattern compares leaves only: go down to `{path}.{down}`" if down else "it holds no leaf"
        what = f"{_json(value)}, an array of objects" if down else f"{_json(value)}, an array"
        return what, True, fix, down is not None
    depth, value = max(stops, key=lambda stop: stop[0], default=(0, event))
    above = ".".join(pieces[:depth])
    if isinstance(value, str):
        is_json = value.lstrip()[:1] in ("{", "[")
        if is_json:
            fix = f"EventBridge does not look into JSON text: send `{above}` as an object, not as a string"
        else:
            fix = f"`{above}` is a string, so nothing lies below it; compare `{above}` itself"
        return f"{_json(value)} at `{above}`, a string", False, fix, is_json
    if not isinstance(value, dict | list):
        return f"{_json(value)} at `{above}`", False, f"nothing lies below `{above}`; compare `{above}` itself", False
    similar = _similar_name(event, pieces, depth, value)
    return "nothing", False, similar or _names_there(pieces, depth, value), similar is not None


def _reach(event: Any, pieces: list[str]) -> tuple[list[Any], list[tuple[int, Any]]]:
    """What lies at the whole path, and where the ways toward it stop: how deep, and at which value."""
    ends: list[Any] = []
    stops: list[tuple[int, Any]] = []
    stack: list[tuple[int, Any]] = [(0, event)]
    visited = 0
    while stack and visited < _MAX_VISITED:
        visited += 1
        depth, value = stack.pop()
        if depth == len(pieces):
            ends.append(value)
            continue
        if isinstance(value, list):
            if not value:
                stops.append((depth, value))
            stack += [(depth, each) for each in reversed(value)]
            continue
        further = []
        if isinstance(value, dict):
            for length in range(1, len(pieces) - depth + 1):
                key = ".".join(pieces[depth : depth + length])
                if key in value:
                    further.append((depth + length, value[key]))
        if not further:
            stops.append((depth, value))
        stack += further
    return ends, stops


def _way_down(value: dict[str, Any], holds: Callable[[str], bool]) -> str | None:
    """The path below an object to a leaf: one that passes, else the first."""
    first = None
    for path, leaf in _leaves_below(value):
        if holds(leaf):
            return path
        first = first or path
    return first


def _leaves_below(value: Any) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, Any]] = [("", value)]
    for _ in range(_MAX_VISITED):
        if not stack:
            return
        path, inside = stack.pop()
        if isinstance(inside, dict):
            stack += [(f"{path}.{key}" if path else str(key), each) for key, each in reversed(inside.items())]
        elif isinstance(inside, list):
            stack += [(path, each) for each in reversed(inside)]
        else:
            yield path, f'"{inside}"' if isinstance(inside, str) else _json(inside)


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def _names_in(where: Any) -> list[str]:
    """The names of an object, or of the objects of an array.

    What is long, or is not a text, is not what was meant; and a name is compared letter by letter.
    """
    objects = (value for value in (where if isinstance(where, list) else [where]) if isinstance(value, dict))
    every = (name for value in objects for name in value if isinstance(name, str) and len(name) <= _SHOWN)
    return list(dict.fromkeys(islice(every, _MAX_VISITED)))


def _similar_name(event: Any, pieces: list[str], depth: int, where: Any) -> str | None:
    """The field that was probably meant: another spelling here, or the same name elsewhere in the event."""
    names = _names_in(where)
    wanted = pieces[depth]
    for name in names:
        if _folded(name) == _folded(wanted):
            return f"the event has `{'.'.join((*pieces[:depth], name, *pieces[depth + 1 :]))}`: correct the name"
    last = _folded(pieces[-1])
    elsewhere = [path for path, _ in _leaves_below(event) if _folded(path.rpartition(".")[2]) == last]
    if elsewhere:
        nearest = max(elsewhere, key=lambda path: len(set(path.split(".")) & set(pieces)))
        return f"the event has `{nearest}`: correct the path"
    return None


def _names_there(pieces: list[str], depth: int, where: Any) -> str:
    """What there is instead of the field; a name that is merely close may as well be another field."""
    from difflib import get_close_matches

    names = _names_in(where)
    close = get_close_matches(pieces[depth], names, 1, 0.75)
    if close:
        return f"the event has `{'.'.join((*pieces[:depth], close[0]))}`: is that the field?"
    here = f"`{'.'.join(pieces[:depth])}`" if depth else "the event"
    if not names:
        return f"{here} is empty; send the field"
    listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"{here} has only {listed}; correct the path, or send the field"


def value_fix(values: Sequence[ast.ValuePattern], leaves: Sequence[str]) -> tuple[str, bool]:
    """What to do about leaves that do not pass, and whether one of them was probably meant."""
    for value in values:
        for leaf in leaves:
            fix = _value_fix(value, leaf)
            if fix:
                return fix, True
    if all(isinstance(value, ast.Exists) for value in values):
        return "the pattern wants the field absent: leave it out of the event", False
    if all(isinstance(value, ast.Literal | ast.Number | ast.String | ast.Exactly) for value in values):
        return f"add {shown(leaves[0])} to the list if it is meant too, or send one of the listed values", False
    return "send a value that passes, or change the condition", False


def _value_fix(value: ast.ValuePattern, leaf: str) -> str | None:
    text = leaf[1:-1] if leaf[:1] == '"' else None
    match value:
        case ast.String(expected) | ast.Exactly(expected):
            return _string_fix(expected, text, leaf)
        case ast.Number(spelling) if text is not None and _number(text) == _number(spelling) is not None:
            return f"the event has a string and the pattern a number: write {leaf} with quotes"
        case ast.Literal(literal) if text is not None and text.strip().lower() == literal:
            return f"the event has a string: write {leaf} with quotes"
        case ast.Numeric() if text is not None and _number(text) is not None:
            return f"numeric compares numbers only, and the event has the string {leaf}"
        case ast.Prefix(expected, False) | ast.Suffix(expected, False) if text is not None:
            caseless = type(value)(expected, ignore_case=True)
            test = leaf_test(caseless)
            if test is not None and test(leaf):
                return f"it differs in case only: {caseless} matches it"
        case ast.Wildcard(expected) if text is not None and not expected.islower():
            test = leaf_test(ast.Wildcard(expected.lower()))
            if test is not None and test(leaf.lower()):
                return "it differs in case only; a wildcard always compares case"
    return None


def _string_fix(expected: str, text: str | None, leaf: str) -> str | None:
    operator = _operator_inside(expected)
    if operator:
        return f"an operator is written inside a string: write {shown(operator)} without quotes around it"
    if text is None:
        if expected == leaf or (_number(expected) is not None and _number(expected) == _number(leaf)):
            return f"the event has {shown(leaf)} without quotes: write {shown(leaf)} without quotes"
        return None
    if text == expected:
        return None
    if text.strip() == expected.strip():
        return f"the two differ in blanks at an end: the event has {shown(leaf)}"
    if text.lower() == expected.lower():
        return f'they differ in case only: write {shown(leaf)}, or {{"equals-ignore-case": {_json(expected)}}}'
    if "*" in expected:
        test = leaf_test(ast.Wildcard(expected)) if "**" not in expected and "\\" not in expected else None
        if test is not None and test(leaf):
            return f'a plain string has no wildcards: write {{"wildcard": {_json(expected)}}}'
    if expected and text.startswith(expected):
        return f'the event\'s value goes on after it: {{"prefix": {_json(expected)}}} matches it'
    if expected and text.endswith(expected):
        return f'the event\'s value ends with it: {{"suffix": {_json(expected)}}} matches it'
    return None


def _operator_inside(text: str) -> str | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        inside = json.loads(text)
    except (ValueError, RecursionError):
        return None
    inside = inside[0] if isinstance(inside, list) and inside else inside
    if isinstance(inside, dict) and any(name in _OPERATORS for name in inside):
        return json.dumps(inside, ensure_ascii=False)
    return None


def _number(text: str) -> float | None:
    if len(text) > 40:
        return None
    try:
        return float(text)
    except ValueError:
        return None
