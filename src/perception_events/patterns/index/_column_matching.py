"""The rules that match an event with arrays of objects, searched for in its columns: many elements in one step.

Where all fields of a rule lie in one array, in arrays within it, or outside all, it matches if they hold in one element
and in what is around it. So what a leaf finds is tested in the elements that have the leaf: each field that is decided
leaves fewer of them, and where none is left the rule does not match by what has found it.
"""

from __future__ import annotations

from perception_events.patterns._matching import matches
from perception_events.patterns.index._columns import Columns, NotInColumnsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from perception_events.patterns._fields import Event, FieldTree, Leaves
    from perception_events.patterns.index._field import IndexedField
    from perception_events.patterns.index._nested_index import Finders, NestedIndex
    from perception_events.patterns.index._parsed import Parsed
    from perception_events.patterns.index._postings import Entry, Posting, Postings

__all__ = ["ColumnSearch"]

_FEW_NAMES = 8
_NOTHING = 0, 0


class ColumnSearch:
    """The search for the rules that match one event.

    Args:
        event: the event.
        tree: reads the leaves of all paths.

    Raises:
        NotInColumnsError: the event has no columns.
    """

    def __init__(self, event: Event, tree: FieldTree) -> None:
        self._event = event
        self._tree = tree
        self._columns = Columns(tree, event)
        self._leaves: Leaves | None = None
        self._passing: dict[str, dict[IndexedField, tuple[int, int]]] = {}
        """By scope and field: the elements of which it is known, and those in or around which the field holds."""
        self._parsed: Parsed = {}
        self._numbers: list[int] = []
        self._decided: set[Entry] = set()
        """What has matched, or does not, whatever it is found by."""
        self.missed = 0
        """How often a candidate was tested and did not match."""

    def run(self, root: NestedIndex) -> list[int]:
        """The numbers of the rules of `root` that match, some more than once.

        Raises:
            NotInColumnsError: rules have fields in arrays of which none is within the other.
        """
        if root.always:
            self._visit(root.always.copy(), "", 1)
        finders_of = root.paths.get
        for node, scope, values, _ in self._columns.objects.values():
            children = node.children
            used: Iterable[str] = list(children)
            if len(children) > _FEW_NAMES:
                used = [name for name in set().union(*values) if name in children]
            for name in used:
                path = children[name].path
                finders = None if path is None else finders_of(path)
                if finders is not None and path is not None:
                    self._look_up(finders, self._columns.column(path).items(), scope)
        return self._numbers

    def _look_up(self, finders: Finders, leaves: Iterable[tuple[str, int]], scope: str) -> None:
        """Search by leaves of one path, and in the indexes that are found."""
        find, find_matches = finders
        numbers, parsed = self._numbers, self._parsed
        for leaf, elements in leaves:
            if find_matches is not None:
                find_matches(leaf, numbers, parsed)
            if find is not None:
                found: Postings = []
                find(leaf, found, parsed)
                if found:
                    self._visit(found, scope, elements)

    def _visit(self, found: Iterable[Posting], scope: str, elements: int) -> None:
        """Test what was found in `elements`, and search the indexes among it."""
        decided, parsed = self._decided, self._parsed
        covering, scope_of = self._columns.covering, self._columns.scope
        passing = self._passing.get(scope) or self._passing.setdefault(scope, {})
        for posting in found:
            checks = posting.checks  # type: ignore[union-attr]
            if checks is None:
                self._search(posting, scope, elements)  # type: ignore[arg-type]
                continue
            entry = posting.entry  # type: ignore[union-attr]
            if entry in decided:
                continue
            left = elements
            for field in checks:
                known, holding = passing.get(field, _NOTHING)
                if left & ~known:
                    if field.absence or scope_of(field.path) != scope:
                        self._test(entry, checks, scope, elements)
                        break
                    leaves, asked = covering(field.path, left & ~known)
                    holds, read = field.holds or field.prepare(), field.read
                    for leaf, having in leaves:
                        if read is None:
                            if holds(leaf):
                                holding |= having
                        elif (value := read(leaf, parsed)) is not None and holds(value):
                            holding |= having
                    passing[field] = known | asked, holding
                left &= holding
                if not left:
                    self.missed += 1
                    break
            else:
                decided.add(entry)
                self._numbers += entry

    def _search(self, index: NestedIndex, scope: str, elements: int) -> None:
        """Search an index by the leaves of `elements`, of what is around them, and of what is within."""
        columns = self._columns
        if index.always:
            self._visit(index.always.copy(), scope, elements)
        for path, find, find_matches in index.finders:
            finders = find, find_matches
            there = columns.scope(path)
            if there == scope:
                self._look_up(finders, columns.of_elements(path, elements), scope)
            elif there.startswith(scope):
                inside = columns.spread(elements, scope, there)
                self._look_up(finders, columns.of_elements(path, inside), there)
            elif scope.startswith(there):
                around = [(leaf, columns.spread(outer, there, scope)) for leaf, outer in columns.column(path).items()]
                self._look_up(finders, [(leaf, inner & elements) for leaf, inner in around if inner & elements], scope)
            else:
                raise NotInColumnsError

    def _test(self, entry: Entry, checks: Iterable[IndexedField], scope: str, elements: int) -> None:
        """Test a candidate with fields that were not asked before, or that lie within `scope`."""
        try:
            for field in checks:
                there = self._columns.scope(field.path)
                if field.absence and there:
                    raise NotInColumnsError  # whether it is absent depends on the elements that others have chosen
                if there != scope and there.startswith(scope):
                    elements = self._columns.spread(elements, scope, there)
                    scope = there
                elements &= self._passing_of(field, there, scope, elements)
                if not elements:
                    self.missed += 1
                    return
        except NotInColumnsError:
            self._decided.add(entry)
            if self._leaves is None:
                self._leaves = self._tree.leaves(self._event)
            if not matches(entry.general_fields(), self._leaves):
                self.missed += 1
                return
        self._decided.add(entry)
        self._numbers += entry

    def _passing_of(self, field: IndexedField, there: str, scope: str, elements: int) -> int:
        """Elements of `scope` in or around which the field, of the scope `there`, holds: all such of `elements`."""
        passing = self._passing.setdefault(scope, {})
        known, holding = passing.get(field, _NOTHING)
        asked = elements & ~known
        if asked:
            if there == scope:
                parsed = self._parsed
                leaves = self._columns.of_elements(field.path, asked)
                for leaf, having in leaves:
                    if field.passes_any([leaf], parsed):
                        holding |= having
                if field.absence and not leaves:
                    holding = asked
            elif scope.startswith(there):
                around = self._passing_of(field, there, there, self._columns.all_of(there))
                asked, holding = self._columns.all_of(scope), self._columns.spread(around, there, scope)
            else:
                raise NotInColumnsError
            passing[field] = known | asked, holding
        return holding
