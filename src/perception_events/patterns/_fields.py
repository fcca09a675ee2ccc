"""The leaves of an event that a pattern names, each with the array elements it lies in.

A membership says which element of which array a leaf lies in, for every array around it: `{array: index}`.
Leaves directly in an array do not count that array: its scalars are alternatives of one field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from perception_events.patterns._errors import InvalidEventError
from perception_events.patterns._json_text import MAX_DEPTH, JSONTextError, number_text

__all__ = ["FieldTree", "Leaf", "Leaves", "Membership", "Pairs", "java_split", "leaf_text"]

Membership = dict[int, int]
Leaf = tuple[str, Membership]
Leaves = dict[str, list[Leaf]]
"""Path to its leaves, in the event's order."""

_NOWHERE: Membership = {}


class Pairs(list[tuple[str, Any]]):
    """An object of an event text: its (key, value) pairs, repeated keys included."""


class FieldTree:
    """The paths that patterns name, as a tree over their dotted pieces; finds their leaves in events."""

    __slots__ = ("children", "path", "skips_empty_names")

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.children: dict[str, FieldTree] = {}
        self.path: str | None = None
        self.skips_empty_names = False
        pieces: set[str] = set()
        ends_empty = False
        for path in paths:
            self.add(path)
            pieces.update(java_split(path))
            ends_empty = ends_empty or path.endswith(".")
        # The engine passes over names that no rule uses, and forgets that `a.` uses the empty one. (Accident, kept.)
        self.skips_empty_names = ends_empty and "" not in pieces

    def add(self, path: str) -> None:
        """Find the leaves of `path` too."""
        node = self
        for piece in path.split("."):
            node = node.children.setdefault(piece, FieldTree())
        node.path = path

    def discard(self, path: str) -> None:
        """Find the leaves of `path` no more."""
        node = self
        for piece in path.split("."):
            node = node.children[piece]
        node.path = None

    def leaves(self, event: Mapping[str, Any] | Pairs) -> Leaves:
        """Find the leaves of `event`, whose numbers are Python numbers or, in `Pairs`, texts marked as such.

        Raises:
            TypeError: a value at a named field is none of JSON's.
            InvalidEventError: it is NaN or Infinity, or lies deeper than the engine reads.
        """
        found: Leaves = {}
        arrays = 0
        # Depth first in the event's order; the stack stands in for recursion, so depth costs nothing.
        stack: list[tuple[FieldTree, Any, Membership]] = [(self, event, _NOWHERE)]
        while stack:
            node, value, membership = stack.pop()
            if isinstance(value, Pairs | dict):
                if not node.children:
                    continue
                items = value if isinstance(value, Pairs) else value.items()
                inner: list[tuple[FieldTree, Any, Membership]] = []
                for key, member in items:
                    child = node.children.get(key)
                    if child is None:
                        child = self._dotted(node, key)
                        if child is None:
                            continue
                    elif not key and self.skips_empty_names:
                        continue
                    inner.append((child, member, membership))
                stack.extend(reversed(inner))
            elif isinstance(value, list | tuple):
                array = arrays
                arrays += 1
                if len(membership) > MAX_DEPTH:
                    raise InvalidEventError(f"the event is nested deeper than {MAX_DEPTH}, the most that is read")
                stack.extend(
                    (node, value[index], {**membership, array: index} if _nests(value[index]) else membership)
                    for index in range(len(value) - 1, -1, -1)
                )
            elif node.path is not None:
                found.setdefault(node.path, []).append((leaf_text(value), membership))
        return found

    @staticmethod
    def _dotted(node: FieldTree, key: object) -> FieldTree | None:
        if not isinstance(key, str):
            raise TypeError(f"a JSON object's keys are strings, found {key!r} ({type(key).__name__})")
        if "." not in key:
            return None
        found: FieldTree | None = node
        for piece in key.split("."):
            if found is None:
                return None
            found = found.children.get(piece)
        return found


def _nests(value: object) -> bool:
    return isinstance(value, Pairs | dict | list | tuple)


def leaf_text(value: object) -> str:
    """The leaf of a Python value, or of a number's spelling marked as `NumberText`.

    Raises:
        TypeError: it is none of JSON's values.
        InvalidEventError: NaN or Infinity.
    """
    if isinstance(value, str):
        return value if type(value) is NumberText else f'"{value}"'
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    try:
        return number_text(value)
    except JSONTextError as error:
        raise InvalidEventError(f"the event is not JSON: {error.reason}") from None


class NumberText(str):
    """A number as an event text spells it."""

    __slots__ = ()


def java_split(text: str) -> list[str]:
    """Split at dots as Java does: empty pieces at the end are dropped, unless there is nothing else to split."""
    pieces = text.split(".")
    if len(pieces) > 1:
        while pieces and not pieces[-1]:
            pieces.pop()
    return pieces
