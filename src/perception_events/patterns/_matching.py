"""Whether leaves satisfy a sub-rule: every field holds, and no two by different elements of one array."""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._values import any_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from perception_events.patterns._compiler import SubRule
    from perception_events.patterns._fields import Leaf, Leaves, Membership
    from perception_events.patterns._values import LeafTest

    CompiledField: TypeAlias = tuple[str, LeafTest, bool]
    """A path, whether one of its values holds of a present leaf, and whether its absence passes too."""

    CompiledFields: TypeAlias = tuple[CompiledField, ...]

__all__ = ["CompiledFields", "ElementTree", "compile_fields", "matches", "matches_around"]


def compile_fields(rule: SubRule) -> CompiledFields:
    """The fields of a sub-rule ready to match; where each path has one leaf or none, they can be asked one by one."""
    return tuple(
        (path, any_of(values), any(isinstance(value, ast.Exists) and not value.present for value in values))
        for path, values in rule.fields
    )


def matches(fields: CompiledFields, leaves: Leaves) -> bool:
    """Whether `leaves` satisfy every field."""
    candidates: list[tuple[CompiledField, list[Leaf]]] = []
    in_arrays = False
    for field in fields:
        path, holds, absence = field
        there = leaves.get(path, ())
        passing = [leaf for leaf in there if holds(leaf[0])]
        if not passing and there and (not absence or any(not membership for _, membership in there)):
            return False
        if not there and not absence:
            return False
        in_arrays = in_arrays or any(membership for _, membership in there)
        candidates.append((field, passing))
    return not in_arrays or _consistent(candidates, leaves)


def matches_around(
    fields: CompiledFields, hits: tuple[str, list[Leaf]], trees: Mapping[str, ElementTree | None]
) -> bool:
    """Whether leaves satisfy every field, with one of `hits` for its path: looks at what agrees with each hit only.

    `trees` holds the leaves of each field; None where there are none.

    The answer is that of `matches` where no absence passes and each path's leaves are in one array: then no field
    depends on what was chosen for those before it.
    """
    path, found = hits
    for hit in found:
        near = {field: [*tree.agreeing(hit[1])] for field, tree in trees.items() if tree is not None}
        near[path] = [hit]
        if matches(fields, near):
            return True
    return False


def _consistent(candidates: list[tuple[CompiledField, list[Leaf]]], leaves: Leaves) -> bool:
    """Choose one passing leaf, or the absence, of each field in turn, so that their memberships agree.

    Whether a field is absent depends on the elements chosen so far, so the order of the fields counts, as in the
    engine. What was chosen matters to the fields still to come only through arrays that they lie in: a state seen
    before in that light is not tried again, which keeps the search from multiplying independent arrays.
    """
    later: list[frozenset[int]] = [frozenset()]
    for (path, _, _), _ in reversed(candidates):
        arrays = {array for _, membership in leaves.get(path, ()) for array in membership}
        later.append(later[-1] | arrays)
    later.reverse()
    level: dict[frozenset[tuple[int, int]], Membership] = {frozenset(): {}}
    for index, ((path, _, absence), passing) in enumerate(candidates):
        arrays = {array for _, membership in leaves.get(path, ()) for array in membership}
        choices = ElementTree(passing)
        present = ElementTree(leaves.get(path, ())) if absence else None
        following: dict[frozenset[tuple[int, int]], Membership] = {}
        for chosen in level.values():
            through = next((array for array in chosen if array in arrays), None)
            options = [
                {**chosen, **membership}
                for _, membership in choices.agreeing(chosen)
                # Once an element of an array is chosen, the engine finds a field's leaves in that element only, and
                # not those which the same path reaches around the array. (Accident of the engine, kept.)
                if through is None or through in membership
            ]
            if present is not None and not any(True for _ in present.agreeing(chosen)):
                options.append(chosen)
            for merged in options:
                kept = {array: element for array, element in merged.items() if array in later[index + 1]}
                following.setdefault(frozenset(kept.items()), kept)
        if not following:
            return False
        level = following
    return True


class ElementTree:
    """The leaves of a path by array and element, from the outermost array inwards, so that those which agree with
    elements already chosen are found without looking at the others."""

    __slots__ = ("_array", "_elements", "_leaves", "_root")

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self._leaves = leaves
        self._root: _Node | None = None
        """Where there is more than one array around a leaf, or leaves in different arrays."""
        self._array: int | None = None
        """Otherwise: the array around all leaves; None where there is none around any."""
        self._elements: dict[int, list[Leaf]] = {}
        """The leaves of each element of that array."""
        for leaf in leaves:
            membership = leaf[1]
            if membership:
                self._array = next(iter(membership))
                break
        else:
            return
        array, elements = self._array, self._elements
        for leaf in leaves:
            membership = leaf[1]
            if len(membership) != 1 or array not in membership:
                self._root = _tree_of(leaves)
                return
            element = membership[array]
            if element in elements:
                elements[element].append(leaf)
            else:
                elements[element] = [leaf]

    @property
    def in_one_array(self) -> bool:
        """Whether there is one array around all leaves, or none around any."""
        return self._root is None or len(self._root.arrays) + bool(self._root.leaves) <= 1

    def is_apart_from(self, chosen: Membership) -> bool:
        """Whether none of the arrays around `chosen` is around a leaf here, so that all leaves agree with it."""
        return self._array not in chosen if self._root is None else self._root.arrays.keys().isdisjoint(chosen)

    def agreeing(self, chosen: Membership) -> Iterable[Leaf]:
        """The leaves that lie in no other element of an array than `chosen` does."""
        if self._root is not None:
            return _agreeing(self._root, chosen)
        if self._array is None or self._array not in chosen:
            return self._leaves
        return self._elements.get(chosen[self._array], ())


class _Node:
    __slots__ = ("arrays", "leaves")

    def __init__(self) -> None:
        self.arrays: dict[int, dict[int, _Node]] = {}
        self.leaves: list[Leaf] = []


def _tree_of(leaves: Iterable[Leaf]) -> _Node:
    root = _Node()
    for leaf in leaves:
        node = root
        for array, element in leaf[1].items():
            node = node.arrays.setdefault(array, {}).setdefault(element, _Node())
        node.leaves.append(leaf)
    return root


def _agreeing(root: _Node, chosen: Membership) -> Iterator[Leaf]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield from node.leaves
        for array, elements in node.arrays.items():
            if array not in chosen:
                stack.extend(elements.values())
            elif chosen[array] in elements:
                stack.append(elements[chosen[array]])
