"""The rules that match an event with arrays of objects, or of arrays: tested around what found them.

The leaves of all paths are read when something was found: most events need only those under whose paths rules are.
"""

from __future__ import annotations

from perception_events.patterns._matching import ElementTree, matches, matches_around
from perception_events.patterns.index._nested_index import NestedIndex
from perception_events.patterns.index._postings import Candidate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from perception_events.patterns._fields import Event, FieldTree, Leaf, Leaves
    from perception_events.patterns.index._parsed import Parsed
    from perception_events.patterns.index._postings import Entry, Postings

    Hits: TypeAlias = tuple[str, list[Leaf]]
    """A path, and the leaves of it by which something was found."""

__all__ = ["Search"]


class Search:
    """The search for the rules that match one event.

    Args:
        event: the event.
        tree: reads the leaves of all paths.
        entries_of: a rule's entries, by its number.
    """

    def __init__(self, event: Event, tree: FieldTree, entries_of: Callable[[int], Iterable[Entry]]) -> None:
        self._event = event
        self._tree = tree
        self._entries_of = entries_of
        self.tested = 0
        """How many entries were tested."""
        self._parsed: Parsed = {}
        self._matched: dict[Entry, None] = {}
        self._missed: set[Entry] = set()
        """What does not match, whatever it is found by."""
        self._waiting: list[tuple[NestedIndex, Hits]] = []
        self._all_leaves: Leaves | None = None
        self._elements: dict[str, ElementTree] = {}
        self._by_text: dict[str, dict[str, list[Leaf]]] = {}

    def run(self, root: NestedIndex, leaves: Leaves) -> list[int]:
        """The numbers of the rules of `root` that match; `leaves` are those of its paths."""
        for candidate in root.always.copy():
            self._test_whole(candidate.entry)
        for path, there in leaves.items():
            self._look_up(root, path, there, are_all_paths=False)
        while self._waiting:
            index, hits = self._waiting.pop()
            for candidate in index.always.copy():
                self._test(candidate.entry, hits)
            for path, _, _ in index.finders:
                self._look_up(index, path, self._near(path, hits))
        return [number for entry in self._matched for number in entry]

    @property
    def _leaves(self) -> Leaves:
        if self._all_leaves is None:
            self._all_leaves = self._tree.leaves(self._event)
        return self._all_leaves

    def _elements_of(self, path: str) -> ElementTree | None:
        elements = self._elements.get(path)
        if elements is None and path in self._leaves:
            elements = self._elements[path] = ElementTree(self._leaves[path])
        return elements

    def _near(self, path: str, hits: Hits) -> Iterable[Leaf]:
        """The leaves of `path` that lie in no other element than one of the hits."""
        elements = self._elements_of(path)
        if elements is None:
            return ()
        near: dict[int, Leaf] = {}
        for _, membership in hits[1]:
            for leaf in elements.agreeing(membership):
                near[id(leaf)] = leaf
            if elements.is_apart_from(membership):  # so it is from all
                break
        return near.values()

    def _with_text(self, path: str, text: str) -> list[Leaf]:
        """The leaves of `path` that say `text`, with the arrays numbered as those of all paths are."""
        texts = self._by_text.get(path)
        if texts is None:
            texts = self._by_text[path] = {}
            for leaf in self._leaves.get(path, ()):
                texts.setdefault(leaf[0], []).append(leaf)
        return texts.get(text, [])

    def _look_up(self, index: NestedIndex, path: str, leaves: Iterable[Leaf], *, are_all_paths: bool = True) -> None:
        """Look each text up. `are_all_paths`: whether `leaves` come from the reading of all paths."""
        by_text: dict[str, list[Leaf]] = {}
        for leaf in leaves:
            by_text.setdefault(leaf[0], []).append(leaf)
        find, find_matches = index.paths.get(path, (None, None))
        found: Postings = []
        for text, same in by_text.items():
            if find is not None:
                find(text, found, self._parsed)
            if find_matches is not None:
                find_matches(text, found, self._parsed)
            if found:
                if not are_all_paths:
                    same = self._with_text(path, text)
                for posting in found:
                    if type(posting) is NestedIndex:
                        self._waiting.append((posting, (path, same)))
                    elif type(posting) is Candidate:
                        self._test(posting.entry, (path, same))
                    else:
                        for entry in self._entries_of(posting):
                            self._test(entry, (path, same))
                found = []

    def _test(self, entry: Entry, hits: Hits) -> None:
        if entry in self._matched or entry in self._missed:
            return
        self.tested += 1
        path, _ = hits
        trees = {field.path: self._elements_of(field.path) for field in entry.fields}
        if any(field.absence for field in entry.fields) or not all(
            tree is None or tree.in_one_array for tree in trees.values()
        ):
            self._test_whole(entry)
        elif path in trees and matches_around(entry.general_fields(), hits, trees):
            self._matched[entry] = None

    def _test_whole(self, entry: Entry) -> None:
        if matches(entry.general_fields(), self._leaves):
            self._matched[entry] = None
        else:
            self._missed.add(entry)
