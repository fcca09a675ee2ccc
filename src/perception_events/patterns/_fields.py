"""The leaves of an event that patterns name: in a flat event one to a path, in general with their array elements.

An event is a mapping, or what `_event_text` makes of a text: objects are tuples of (key, value) pairs, repeated keys
included, arrays are lists, numbers are their spelling as bytes.

A membership says which element of which array a leaf lies in, for every array around it: `{array: index}`.
Leaves directly in an array do not count that array: its scalars are alternatives of one field.
"""

from __future__ import annotations

from perception_events.patterns._errors import InvalidEventError
from perception_events.patterns._json_text import MAX_DEPTH, JSONTextError, number_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeAlias

    Event: TypeAlias = dict[str, Any] | tuple[Any, ...]
    Membership: TypeAlias = dict[int, int]
    Leaf: TypeAlias = tuple[str, Membership]
    Leaves: TypeAlias = dict[str, list[Leaf]]
    """Path to its leaves, in the event's order."""

__all__ = [
    "MAX_FLAT_PIECES",
    "SCALARS",
    "Event",
    "FieldTree",
    "Leaf",
    "Leaves",
    "Membership",
    "FlatFields",
    "java_split",
    "leaf_text",
    "text_leaf",
]

MAX_FLAT_PIECES = 10
"""A path of more pieces is looked for by `FieldTree` only: `FlatFields` holds every stretch of every path."""

_NOWHERE: Membership = {}
_LITERALS = {None: "null", True: "true", False: "false"}


class FlatFields:
    """Finds the leaves of events in which no named field lies in an element of an array, which most events are.

    `names` has every node below by its dotted name from here, since `{"a.b": 1}` is `{"a": {"b": 1}}`.
    """

    __slots__ = ("names", "path")

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.names: dict[str, FlatFields] = {}
        self.path: str | None = None
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        """Find the leaf of `path` too."""
        pieces = path.split(".")
        nodes = [self]
        for piece in pieces:
            nodes.append(nodes[-1].names.get(piece) or FlatFields())
        for start, node in enumerate(nodes):
            for end in range(start + 1, len(nodes)):
                node.names.setdefault(".".join(pieces[start:end]), nodes[end])
        nodes[-1].path = path

    def discard(self, path: str) -> None:
        """Find the leaf of `path` no more."""
        self.names[path].path = None

    def leaves(self, event: Event) -> list[tuple[str, str]] | None:
        """(path, leaf) of each; None where the event is not flat, or not JSON: `FieldTree.leaves` tells.

        A path whose field is an array, or is spelled in several ways, has several leaves.
        """
        found: list[tuple[str, str]] = []
        is_flat = self._text_leaves(event, found) if type(event) is tuple else self._leaves(event, found)
        return found if is_flat else None

    def _leaves(self, event: Any, found: list[tuple[str, str]]) -> bool:
        names = self.names
        # What is fewer is gone through, names by a copy: another thread may add one.
        for name in event if len(event) < len(names) else list(names):
            node = names.get(name)
            if node is None or name not in event:
                continue
            value = event[name]
            kind = type(value)
            if kind is dict:
                if node.names and not node._leaves(value, found):
                    return False
            elif kind is str:
                if node.path is not None:
                    found.append((node.path, f'"{value}"'))
            elif kind is list or kind is tuple:
                for element in value:
                    if type(element) not in SCALARS:
                        return False
                    if node.path is not None:
                        found.append((node.path, leaf_text(element)))
            elif kind not in SCALARS:
                return False
            elif node.path is not None:
                found.append((node.path, leaf_text(value)))
        return True

    def _text_leaves(self, pairs: Any, found: list[tuple[str, str]]) -> bool:
        get = self.names.get
        for name, value in pairs:
            node = get(name)
            if node is None:
                continue
            kind = type(value)
            if kind is tuple:
                if node.names and not node._text_leaves(value, found):
                    return False
            elif kind is str:
                if node.path is not None:
                    found.append((node.path, f'"{value}"'))
            elif kind is list:
                for element in value:
                    if type(element) is tuple or type(element) is list:
                        return False
                    if node.path is not None:
                        found.append((node.path, text_leaf(element)))
            elif node.path is not None:
                found.append((node.path, text_leaf(value)))
        return True


SCALARS = frozenset((str, int, float, bool, type(None)))


def text_leaf(value: str | bytes | bool | None) -> str:
    """The leaf of what `_event_text` makes of a scalar."""
    if isinstance(value, bytes):
        return value.decode()
    return f'"{value}"' if isinstance(value, str) else _LITERALS[value]


class FieldTree:
    """The paths that patterns name, as a tree over their dotted pieces; finds their leaves in any event."""

    __slots__ = ("_is_deep", "children", "dotted", "inner", "names", "path", "paths", "prefix", "skips_empty_names")

    def __init__(self, paths: Iterable[str] = (), prefix: str = "") -> None:
        self.prefix = prefix
        """What the paths below begin with."""
        self.children: dict[str, FieldTree] = {}
        self.names: dict[str, FieldTree] = {}
        """Every node below by its dotted name from here, where no path has too many pieces for that."""
        self.dotted: frozenset[str] = frozenset()
        """Those names that have a dot."""
        self.inner: dict[str, FieldTree] = {}
        """The nodes right below that have others below them."""
        self.path: str | None = None
        self.paths: set[str] = set()
        """Those whose leaves are found."""
        self.skips_empty_names = False
        self._is_deep = False
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
        pieces = path.split(".")
        nodes = [self]
        for piece in pieces:
            node = nodes[-1]
            child = node.children.get(piece)
            if child is None:
                child = node.children[piece] = FieldTree((), f"{node.prefix}{piece}.")
            nodes.append(child)
        if len(pieces) > MAX_FLAT_PIECES:
            self._is_deep = True
        else:
            for start, node in enumerate(nodes[:-1]):
                stretches = {".".join(pieces[start:end]): nodes[end] for end in range(start + 1, len(nodes))}
                # Replaced, for another thread may be going through them.
                node.names = {**node.names, **stretches}
                if len(stretches) > 1:
                    node.dotted = node.dotted.union(list(stretches)[1:])
                    node.inner = {**node.inner, pieces[start]: nodes[start + 1]}
        nodes[-1].path = path
        self.paths.add(path)

    @property
    def is_plain(self) -> bool:
        """Whether an event's names are looked up in `names`, and none is passed over."""
        return not (self._is_deep or self.skips_empty_names)

    def discard(self, path: str) -> None:
        """Find the leaves of `path` no more."""
        node = self
        for piece in path.split("."):
            node = node.children[piece]
        node.path = None
        self.paths.discard(path)

    def leaves(self, event: Event) -> Leaves:
        """Find the leaves of `event`.

        Raises:
            InvalidJSONValueError: a value at a named field is none of JSON's.
            InvalidEventError: it is NaN or Infinity, or lies deeper than the engine reads.
        """
        if not self.is_plain or type(event) is not dict:
            return self._leaves_of_any(event)
        found: Leaves = {}
        return found if _Collector(found).collect(self, event, _NOWHERE) else self._leaves_of_any(event)

    def _leaves_of_any(self, event: Event) -> Leaves:
        found: Leaves = {}
        arrays = 0
        from_text = type(event) is tuple
        text_of = text_leaf if from_text else leaf_text
        # Depth first, nearly in the event's order; the stack stands in for recursion, so depth costs nothing.
        stack: list[tuple[FieldTree, Any, Membership]] = [(self, event, _NOWHERE)]
        while stack:
            node, value, membership = stack.pop()
            kind = type(value)
            inner: list[tuple[FieldTree, Any, Membership]] = []
            if kind is dict or (kind is tuple and from_text) or isinstance(value, dict):
                for child, member in self._members(node, value, from_text):
                    if type(member) in SCALARS or not _nests(member):
                        if child.path is not None:
                            _add(found, child.path, text_of(member), membership)
                    else:
                        inner.append((child, member, membership))
            else:
                array = arrays
                arrays += 1
                if len(membership) > MAX_DEPTH:
                    raise InvalidEventError(f"the event is nested deeper than {MAX_DEPTH}, the most that is read")
                for index, element in enumerate(value):
                    if type(element) in SCALARS or not _nests(element):
                        if node.path is not None:
                            _add(found, node.path, text_of(element), membership)
                    else:
                        inner.append((node, element, {**membership, array: index}))
            inner.reverse()
            stack += inner
        return found

    def _members(self, node: FieldTree, value: Any, from_text: bool) -> Iterable[tuple[FieldTree, Any]]:
        """The members of an object that `node` names, with the nodes of their names."""
        members = value if from_text else value.items()
        if not self.is_plain:
            return self._members_of_deep(node, members)
        names = node.names
        return [(names[name], member) for name, member in members if name in names]

    def _members_of_deep(self, node: FieldTree, members: Iterable[tuple[Any, Any]]) -> Iterator[tuple[FieldTree, Any]]:
        children = node.children
        for name, member in members:
            child = children.get(name)
            if child is None:
                if not children or not isinstance(name, str) or "." not in name:
                    continue
                child = self._dotted(node, name)
                if child is None:
                    continue
            elif not name and self.skips_empty_names:
                continue
            yield child, member

    @staticmethod
    def _dotted(node: FieldTree, name: str) -> FieldTree | None:
        found: FieldTree | None = node
        for piece in name.split("."):
            if found is None:
                return None
            found = found.children.get(piece)
        return found


class _Collector:
    """Finds the leaves of what `json.loads` makes, objects within arrays included: few steps for each element."""

    __slots__ = ("_arrays", "_found")

    def __init__(self, found: Leaves) -> None:
        self._found = found
        self._arrays = 0

    def collect(self, node: FieldTree, value: dict[str, Any], membership: Membership) -> bool:
        """Add the leaves of an object; False where other things are named than objects, arrays of them, and scalars."""
        found = self._found
        names = node.names
        for name in names if len(names) < len(value) else [name for name in value if name in names]:
            if name not in value:
                continue
            member = value[name]
            kind = type(member)
            child = names[name]
            if kind in SCALARS:
                if child.path is not None:
                    leaf = f'"{member}"' if kind is str else leaf_text(member), membership
                    if child.path in found:
                        found[child.path].append(leaf)
                    else:
                        found[child.path] = [leaf]
            elif kind is dict:
                if child.names and not self.collect(child, member, membership):
                    return False
            elif kind is not list:
                return False
            else:
                array = self._arrays
                self._arrays = array + 1
                for index, element in enumerate(member):
                    if type(element) is dict:
                        inside = {**membership, array: index} if membership else {array: index}
                        if child.names and not self.collect(child, element, inside):
                            return False
                    elif type(element) not in SCALARS:
                        return False
                    elif child.path is not None:
                        _add(found, child.path, leaf_text(element), membership)
        return True


def _add(found: Leaves, path: str, leaf: str, membership: Membership) -> None:
    if path in found:
        found[path].append((leaf, membership))
    else:
        found[path] = [(leaf, membership)]


def _nests(value: object) -> bool:
    return isinstance(value, (dict, list, tuple))


def leaf_text(value: object) -> str:
    """The leaf of a Python value.

    Raises:
        InvalidJSONValueError: it is none of JSON's values.
        InvalidEventError: NaN or Infinity.
    """
    if isinstance(value, str):
        return f'"{value}"'
    if value is None or isinstance(value, bool):
        return _LITERALS[value]
    try:
        return number_text(value)
    except JSONTextError as error:
        raise InvalidEventError(f"the event is not JSON: {error.reason}") from None


def java_split(text: str) -> list[str]:
    """Split at dots as Java does: empty pieces at the end are dropped, unless there is nothing else to split."""
    pieces = text.split(".")
    if len(pieces) > 1:
        while pieces and not pieces[-1]:
            pieces.pop()
    return pieces
