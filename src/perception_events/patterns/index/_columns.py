"""The leaves of an event with arrays of objects, path by path: which elements have which leaf, as bits of an integer.

    {"order": 1, "lines": [{"sku": "a", "state": "OK"}, {"sku": "b", "state": "OK"}]}

    scope ""        order        1   -> 0b1
    scope "lines."  lines.sku   "a"  -> 0b01, "b" -> 0b10
                    lines.state "OK" -> 0b11

A scope is an array of objects, by the path of what lies in it; what lies outside all arrays is in the scope "", as its
one element. Columns are read when they are asked for.
"""

from __future__ import annotations

from perception_events.patterns._fields import SCALARS, FieldTree, leaf_text, text_leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from perception_events.patterns._fields import Event

    Column: TypeAlias = dict[str, int]
    """The elements that have each leaf."""
    Objects: TypeAlias = tuple[FieldTree, str, list[dict[str, Any]], Sequence[int]]
    """The node of objects, their scope, the objects, and the element that each lies in."""

__all__ = ["Columns", "NotInColumnsError"]

_FEW_NAMES = 8
_NO_OBJECTS: Objects = FieldTree(), "", [], ()
_TEXT_SCALARS = SCALARS | {bytes}


class NotInColumnsError(Exception):
    """A path may lie in different arrays, or in an array of arrays; or there are other values than JSON's."""


class Columns:
    """The columns of one event.

    Raises:
        NotInColumnsError: the event has none.
    """

    __slots__ = (
        "_by_element",
        "_columns",
        "_from_text",
        "_leaf",
        "_object",
        "_parents",
        "_read_singly",
        "_scalars",
        "_scopes",
        "objects",
    )

    def __init__(self, tree: FieldTree, event: Event) -> None:
        if not tree.is_plain:
            raise NotInColumnsError
        self._from_text = type(event) is tuple
        self._leaf: Callable[[Any], str] = text_leaf if self._from_text else leaf_text
        self._scalars = _TEXT_SCALARS if self._from_text else SCALARS
        self.objects: dict[str, Objects] = {}
        """By what the paths of their members begin with."""
        self._parents: dict[str, tuple[str, list[int]]] = {}
        """By scope: the scope around it, and the element of that which each element lies in."""
        self._columns: dict[str, Column] = {}
        self._read_singly: dict[str, int] = {}
        """How many leaves of a path were read before its column was."""
        self._by_element: dict[str, dict[int, tuple[str, ...]]] = {}
        self._scopes: dict[str, str] = {}
        self._object = tuple if self._from_text else dict
        self._read(tree, [event], (0,), "")

    def scope(self, path: str) -> str:
        """The scope of a path: that of the innermost array around it."""
        scope = self._scopes.get(path)
        if scope is None:
            around = [array for array in self._parents if path.startswith(array)]
            scope = self._scopes[path] = max(around, key=len) if around else ""
        return scope

    def column(self, path: str) -> Column:
        """The leaves of `path`.

        Raises:
            NotInColumnsError: some lie in an array of arrays.
        """
        column = self._columns.get(path)
        if column is None:
            cut = path.rfind(".") + 1
            objects = self.objects.get(path[:cut])
            column = self._columns[path] = {} if objects is None else self._read_column(objects, path[cut:])
        return column

    def of_elements(self, path: str, elements: int) -> Iterable[tuple[str, int]]:
        """The leaves of `path` that some of `elements` have, and which of these."""
        leaves, covered = self.covering(path, elements)
        return leaves if covered == elements else [(leaf, one & elements) for leaf, one in leaves if one & elements]

    def covering(self, path: str, elements: int) -> tuple[Iterable[tuple[str, int]], int]:
        """The leaves of `path` in `elements`, or in more where these cost no more; and in which (-1: in all)."""
        column = self._columns.get(path)
        if column is None:
            leaves = self._read_few(path, elements)
            if leaves is not None:
                return leaves, elements
            column = self.column(path)
        if len(column) <= 2 * elements.bit_count():
            return column.items(), -1
        by_element = self._by_element.get(path)
        if by_element is None:
            by_element = self._by_element[path] = {}
            for leaf, having in column.items():
                while having:
                    element = having & -having
                    having ^= element
                    by_element[element] = (*by_element.get(element, ()), leaf)
        if not elements & (elements - 1):
            return [(leaf, elements) for leaf in by_element.get(elements, ())], elements
        found: list[tuple[str, int]] = []
        left = elements
        while left:
            element = left & -left
            left ^= element
            found += [(leaf, element) for leaf in by_element.get(element, ())]
        return found, elements

    def all_of(self, scope: str) -> int:
        """All elements of a scope."""
        return (1 << len(self._parents[scope][1])) - 1 if scope else 1

    def spread(self, elements: int, outer: str, inner: str) -> int:
        """The elements of the scope `inner` that lie in `elements` of the scope `outer`."""
        if outer == inner or not elements:
            return elements
        around, parents = self._parents[inner]
        if not outer:
            return self.all_of(inner)
        inside = self.spread(elements, outer, around)
        return sum([1 << element for element, parent in enumerate(parents) if inside >> parent & 1])

    def _read_few(self, path: str, elements: int) -> list[tuple[str, int]] | None:
        """The leaves of some elements alone; None where the whole column is not much more, in all that was read so."""
        cut = path.rfind(".") + 1
        _, scope, values, _ = self.objects.get(path[:cut], _NO_OBJECTS)
        count = self._read_singly.get(path, 0) + elements.bit_count()
        if 2 * count > len(values) or cut != len(scope):
            return None
        self._read_singly[path] = count
        name = path[cut:]
        leaves: list[tuple[str, int]] = []
        while elements:
            element = elements & -elements
            elements ^= element
            value = values[element.bit_length() - 1]
            if name in value:
                member = value[name]
                if type(member) is str:
                    leaves.append((f'"{member}"', element))
                else:
                    leaves += [(leaf, element) for leaf in self._leaves(member)]
        return leaves

    def _read_column(self, objects: Objects, name: str) -> Column:
        _, _, values, elements = objects
        column: Column = {}
        for value, element in zip(values, elements, strict=True):
            if name not in value:
                continue
            member = value[name]
            if type(member) is str:
                leaf = f'"{member}"'
                column[leaf] = column.get(leaf, 0) | 1 << element
            else:
                for leaf in self._leaves(member):
                    column[leaf] = column.get(leaf, 0) | 1 << element
        return column

    def _leaves(self, member: Any) -> Iterable[str]:
        if type(member) in self._scalars:
            return (self._leaf(member),)
        if type(member) is not list:
            if type(member) is not self._object:
                raise NotInColumnsError
            return ()
        leaves = []
        for one in member:
            if type(one) in self._scalars:
                leaves.append(self._leaf(one))
            elif type(one) is not self._object:
                raise NotInColumnsError
        return leaves

    def _read(self, node: FieldTree, values: list[Any], elements: Sequence[int], scope: str) -> None:
        """Find the objects and arrays below `values`, which are all objects at `node`, in `elements` of `scope`."""
        if self._from_text:
            dicts = list(map(dict, values))
            if list(map(len, dicts)) != list(map(len, values)):
                raise NotInColumnsError  # a name is there twice
            values = dicts
        self.objects[node.prefix] = node, scope, values, elements
        inner = node.inner
        if not inner:
            return
        dotted = node.dotted
        for value in values:
            if not dotted.isdisjoint(value):
                raise NotInColumnsError  # a path may be spelled in two ways
        names: Iterable[str] = inner
        if len(inner) > _FEW_NAMES:
            names = [name for name in set().union(*values) if name in inner]
        for name in names:
            child = inner[name]
            objects: list[Any] = []
            at: list[int] = []
            is_array = False
            for value, element in zip(values, elements, strict=True):
                if name not in value:
                    continue
                member = value[name]
                kind = type(member)
                if kind is self._object:
                    if is_array:
                        raise NotInColumnsError
                    objects.append(member)
                    at.append(element)
                elif kind is list:
                    inside = self._objects_of(member)
                    if inside:
                        if objects and not is_array:
                            raise NotInColumnsError
                        is_array = True
                        objects += inside
                        at += [element] * len(inside)
                elif kind not in self._scalars:
                    raise NotInColumnsError
            if is_array:
                self._parents[child.prefix] = scope, at
                self._read(child, objects, range(len(at)), child.prefix)
            elif objects:
                self._read(child, objects, at, scope)

    def _objects_of(self, array: list[Any]) -> list[Any]:
        kinds = {*map(type, array)}
        if len(kinds) == 1 and self._object in kinds:
            return array
        if not kinds <= self._scalars | {self._object}:
            raise NotInColumnsError
        return [member for member in array if type(member) is self._object]
