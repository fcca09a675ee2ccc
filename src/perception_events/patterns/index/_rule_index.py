"""Which rules match an event, without asking each: the leaves of an event find the rules that it may match.

Where an event is flat (no field that rules name lies in an array of objects), which most are, each path has its leaves
and nothing else matters; `_array_matching` takes the others.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from operator import lt

from perception_events.patterns._event_text import read_event
from perception_events.patterns._fast_text import fast_reader
from perception_events.patterns._fields import MAX_FLAT_PIECES, FieldTree, FlatFields
from perception_events.patterns._matching import matches
from perception_events.patterns.index._array_matching import Search
from perception_events.patterns.index._column_matching import ColumnSearch
from perception_events.patterns.index._columns import NotInColumnsError
from perception_events.patterns.index._field import IndexedField
from perception_events.patterns.index._flat_leaves import FlatLeaves, KnownLeaves, NotFlatError
from perception_events.patterns.index._nested_index import NestedIndex
from perception_events.patterns.index._postings import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Set
    from typing import Any

    from perception_events.patterns import _ast as ast
    from perception_events.patterns._compiler import SubRule
    from perception_events.patterns._fast_text import FastReader
    from perception_events.patterns._fields import Event
    from perception_events.patterns.index._flat_leaves import Reader
    from perception_events.patterns.index._parsed import Parsed
    from perception_events.patterns.index._postings import Postings


__all__ = ["RuleIndex"]


_NO_FINDERS = None, None
_DENSE = 4
"""Where more than one rule in so many matches, their numbers are close together."""
_FAST_AFTER = 100
"""So many texts are read as always before msgspec is imported, and types are made for the paths."""


class RuleIndex:
    """Sub-rules by the names of their rules. Every change is a step that matching threads see whole, rule by rule."""

    def __init__(self) -> None:
        self._root = NestedIndex(), FlatFields(), FieldTree()
        """The index, and what reads the leaves of its paths, in a flat event and in another."""
        self._readers: dict[str, Reader] = {}
        """What reads one path alone: of what was found, and of indexes within the index."""
        self._tree = FieldTree()
        self._flat = FlatFields()
        """All paths, in any event and in a flat one."""
        self._fields: dict[str, dict[tuple[ast.ValuePattern, ...], IndexedField]] = {}
        self._entries: dict[tuple[IndexedField, ...], Entry] = {}
        self._rules: dict[str, tuple[int | Entry, ...]] = {}
        """By name: the number, and the entries."""
        self._names: dict[int, str] = {}
        self._serial = 0
        self._newest = -1
        self._odd: list[Entry] = []
        """Entries that read events differently from the others: asked always."""
        self._deep = 0
        """Paths that only the general way reads."""
        self._fast: tuple[int, FastReader | None] = -1, None
        """What reads texts by msgspec, and for which version of the paths."""
        self._paths_version = 0
        self._texts_read = 0
        self.version = 0
        """Another one after every change."""
        self._general = False
        """Whether there are such paths, or such entries."""

    def add(self, name: str, number: int, rules: tuple[SubRule, ...]) -> None:
        """Index the sub-rules of a rule; matches are returned in order of `number`, which is above all others."""
        self.version += 1
        paths = [path for rule in rules for path, _ in rule.fields]
        skips = any(path.endswith(".") for path in paths) and FieldTree(paths).skips_empty_names
        entries: dict[Entry, bool] = {}
        for rule in rules:
            odd = skips and any(path.endswith(".") for path, _ in rule.fields)
            entry, is_new = self._entry(rule, number, odd=odd)
            entries[entry] = is_new or entries.get(entry, False)
        self._rules[name] = (number, *entries)
        self._names[number] = name
        self._general = self._general or self._deep > 0 or any(entry.tree is not None for entry in entries)
        # From here on every event is searched for the rule's fields, so that none is taken for absent.
        self._newest = number
        for entry, is_new in entries.items():
            if not is_new:
                if number != entry[-1]:
                    entry.append(number)
                    if entry.tree is None:
                        self._root[0].add_number(entry, number)
            elif entry.tree is not None:
                self._odd.append(entry)
            else:
                root, reader, tree = self._root
                changed = root.with_entry(entry)
                if changed is not root:
                    reader, tree = FlatFields(), FieldTree()
                _read_paths(reader, tree, changed)
                if changed is not root:
                    self._root = changed, reader, tree

    def remove(self, name: str) -> None:
        """Take a rule's sub-rules out."""
        number: Any
        entries: Any
        self.version += 1
        number, *entries = self._rules.pop(name)
        for entry in entries:
            root, reader, tree = self._root
            if entry.tree is not None:
                self._odd.remove(entry)
            elif len(entry) > 1:
                root.remove_number(entry, number)
                del entry[bisect_left(entry, number)]
            else:
                root.remove(entry)
                entry.clear()
                _read_paths(reader, tree, root)
                del self._entries[entry.fields]
                self._forget(entry.fields)
        del self._names[number]
        self._general = bool(self._deep or self._odd)

    def matching(self, event: Event, leaves: KnownLeaves | None = None) -> list[str]:
        """The names of the rules that match, in order.

        Args:
            event: the event; where its leaves are known, nothing of it is read.
            leaves: the leaves of all paths, where they are known.

        Raises:
            NotFlatError: `leaves` does not know a path.
        """
        newest = self._newest
        root, reader, tree = self._root
        flat: list[tuple[str, str]] | None = None
        if leaves is not None:
            flat = leaves.flat
        elif not self._general:
            flat = reader.leaves(event)
        if flat is None:
            return self._matching_any(event, root, tree, newest)
        found: Postings = [*root.always]
        matches: Postings = []
        parsed: Parsed = {}
        finders_of = root.paths.get
        for path, leaf in flat:
            find, find_matches = finders_of(path, _NO_FINDERS)
            if find is not None:
                find(leaf, found, parsed)
            if find_matches is not None:
                find_matches(leaf, matches, parsed)
        if found:
            by_path: KnownLeaves | FlatLeaves = (
                FlatLeaves(event, self._readers, self._flat.leaves) if leaves is None else leaves
            )
            for path, leaf in flat:
                by_path.setdefault(path, []).append(leaf)
            try:
                _test(found, by_path, matches, parsed)
            except NotFlatError:
                if leaves is not None:
                    raise
                return self._matching_any(event, root, tree, newest)
        return self._in_order(matches, newest) if matches else []

    def matching_text(self, text: str | bytes) -> list[str]:
        """The names of the rules that match the event in `text`, in order."""
        fast = self._fast_reader()
        if fast is not None:
            flat = fast.leaves(text)
            if flat is not None:
                try:
                    return self.matching({}, KnownLeaves(flat, fast.paths))
                except NotFlatError:
                    pass  # a path has come meanwhile
        return self.matching(read_event(text))

    @property
    def is_flat(self) -> bool:
        """Whether no rule needs more of an event than the leaves of paths that are not too long."""
        return not self._general

    def paths(self) -> set[str]:
        """All paths that rules name."""
        return self._tree.paths.copy()

    def finding_paths(self) -> set[str]:
        """Those by which rules are found; the leaves of the others only decide between those that were."""
        return set(self._root[0].paths)

    def column_finders(self, path: str) -> list[Callable[[list[str]], set[int]]]:
        """What gives the numbers of those leaves of `path` in a list that find anything, until the next change."""
        return self._root[0].column_finders(path) if path in self._root[0].paths else []

    @property
    def tests_always(self) -> bool:
        """Whether there are rules for which every event is tested."""
        return bool(self._root[0].always)

    def matching_leaves(self, flat: list[tuple[str, str]], paths: Set[str]) -> list[str] | None:
        """The names of the rules that match an event with these leaves of `paths`, which include the finding ones.

        None where another leaf decides.
        """
        try:
            return self.matching({}, KnownLeaves(flat, paths))
        except NotFlatError:
            return None

    def _fast_reader(self) -> FastReader | None:
        """What reads the paths of now from a text, once many texts have been read since they last changed."""
        if self._texts_read < _FAST_AFTER:
            self._texts_read += 1
            return None
        version, reader = self._fast
        if version != self._paths_version:
            version = self._paths_version
            reader = None if self._general else fast_reader(self._tree.paths.copy())
            self._fast = version, reader
        return reader

    def candidates(self, event: Event) -> int:
        """How many sub-rules `event` finds, tested or not: what a match costs beside finding them. For measurements."""
        root, reader, tree = self._root
        if not self._general and reader.leaves(event) is not None:
            leaves = FlatLeaves(event, self._readers, self._flat.leaves)
            found: Postings = [root]
            matches: Postings = []
            try:
                for posting in found:
                    if posting.checks is None:
                        posting.find(leaves, found, matches, {})
                return sum(posting.checks is not None for posting in found) + len(matches)
            except NotFlatError:
                pass
        try:
            by_columns = ColumnSearch(event, self._tree)
            return len({*by_columns.run(root)}) + by_columns.missed
        except NotInColumnsError:
            pass
        search = Search(event, self._tree, self._entries_of)
        search.run(root, tree.leaves(event))
        return search.tested

    def _matching_any(self, event: Event, root: NestedIndex, tree: FieldTree, newest: int) -> list[str]:
        """The same for an event with arrays of objects, or of arrays."""
        try:
            numbers = ColumnSearch(event, self._tree).run(root)
        except NotInColumnsError:
            numbers = Search(event, self._tree, self._entries_of).run(root, tree.leaves(event))
        for entry in self._odd.copy():
            if entry.tree is not None and matches(entry.general_fields(), entry.tree.leaves(event)):
                numbers += entry
        return self._in_order(numbers, newest) if numbers else []

    def _entries_of(self, number: int) -> Any:
        """The entries of a rule; none where it has gone."""
        return self._rules.get(self._names.get(number, ""), ())[1:]

    def _in_order(self, numbers: list[int], newest: int) -> list[str]:
        """Names by the number of their rule; not of those that came or went while this event was being matched."""
        # Often they are in order, and each once: to see it costs less than to sort, and than to look for repeated ones.
        if len(numbers) > 1 and not _ascend(numbers):
            if len(numbers) > newest // _DENSE:
                # A set of numbers that fill their range comes out nearly in order: then to sort it is one pass.
                numbers = list(set(numbers))
            numbers.sort()
            if not _ascend(numbers):
                numbers = list(dict.fromkeys(numbers))
        if numbers[-1] > newest:
            del numbers[bisect_left(numbers, newest + 1) :]
        names = self._names
        try:
            return [names[number] for number in numbers]
        except KeyError:
            return [names[number] for number in numbers if number in names]

    def _entry(self, rule: SubRule, number: int, *, odd: bool) -> tuple[Entry, bool]:
        """The entry of a sub-rule, and whether it is new, and has its first number."""
        fields = tuple([self._field(path, values) for path, values in rule.fields])
        known = None if odd else self._entries.get(fields)
        if known is not None:
            return known, False
        self._serial += 1
        entry = Entry(self._serial, fields, number)
        if odd:
            entry.tree = FieldTree(field.path for field in fields)
            return entry, True
        self._entries[fields] = entry
        for field in fields:
            if not field.uses:
                self._name(field)
            field.uses += 1
        return entry, True

    def _field(self, path: str, values: tuple[ast.ValuePattern, ...]) -> IndexedField:
        return self._fields.get(path, {}).get(values) or IndexedField(path, values)

    def _name(self, field: IndexedField) -> None:
        path = field.path
        if path not in self._fields:
            self._fields[path] = {}
            self._tree.add(path)
            if _fits(path):
                self._flat.add(path)
            self._paths_changed()
            self._deep += not _fits(path)
        self._fields[path][field.values] = field

    def _paths_changed(self) -> None:
        self._paths_version += 1
        self._texts_read = 0

    def _forget(self, fields: Iterable[IndexedField]) -> None:
        for field in fields:
            field.uses -= 1
            path = field.path
            if field.uses:
                continue
            del self._fields[path][field.values]
            if not self._fields[path]:
                del self._fields[path]
                self._readers.pop(path, None)
                self._tree.discard(path)
                if _fits(path):
                    self._flat.discard(path)
                self._paths_changed()
                self._deep -= not _fits(path)


def _test(found: Postings, leaves: FlatLeaves | KnownLeaves, matches: Postings, parsed: Parsed) -> None:
    """Add to `matches` the rules that pass of `found`; what indexes find joins `found` on the way.

    Raises:
        NotFlatError: the event is not.
    """
    for posting in found:
        checks = posting.checks
        if checks is None:
            posting.find(leaves, found, matches, parsed)
            continue
        for field in checks:
            there = leaves[field.path]
            # Nearly always there is one leaf.
            if len(there) == 1:
                holds = field.holds or field.prepare()
                if field.read is None:
                    if not holds(there[0]):
                        break
                else:
                    value: Any = field.read(there[0], parsed)
                    if value is None or not holds(value):
                        break
            elif not field.passes_any(there, parsed):
                break
        else:
            matches += posting.entry


def _ascend(numbers: list[int]) -> bool:
    return all(map(lt, numbers, islice(numbers, 1, None)))


def _read_paths(reader: FlatFields, tree: FieldTree, root: NestedIndex) -> None:
    """Let `reader` and `tree` read the paths of `root`, and no others."""
    if tree.paths == root.paths.keys():
        return
    for path in tree.paths - root.paths.keys():
        tree.discard(path)
        if _fits(path):
            reader.discard(path)
    for path in root.paths.keys() - tree.paths:
        tree.add(path)
        if _fits(path):
            reader.add(path)


def _fits(path: str) -> bool:
    return path.count(".") < MAX_FLAT_PIECES
