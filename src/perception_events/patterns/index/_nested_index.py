"""An index over several paths: each entry is under the keys of one of its fields, the rarest of them by measure.

    rules  {source: S, tenant: A, kind: 1}, {source: S, tenant: A, kind: 2}, ... of 20 tenants and 1,000 kinds
    index  kind 1 -> [the few rules of all tenants that name it, tested for tenant and source]
    or, of 20 tenants and 10 kinds,
    index  tenant A -> index  kind 1 -> [...]

A list that grows is split by the entries' other fields, into an index of its own, where that at least halves what an
event finds in it. Readers need no lock: an index is built aside and put in the place of the list in one step.
"""

from __future__ import annotations

from math import inf

from perception_events.patterns.index._leaf_index import LeafIndex
from perception_events.patterns.index._postings import Candidate, find_posting
from perception_events.patterns.index._selectivity import Selectivity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from perception_events.patterns.index._field import IndexedField
    from perception_events.patterns.index._flat_leaves import FlatLeaves, KnownLeaves
    from perception_events.patterns.index._keys import IndexKey
    from perception_events.patterns.index._parsed import Parsed
    from perception_events.patterns.index._postings import Entry, Postings

    Find: TypeAlias = Callable[[str, Postings, Parsed], None]
    Finders: TypeAlias = tuple[Find | None, Find | None]
    """Of one path: what finds what must be tested or looked through, and what finds matches."""
    Chosen: TypeAlias = IndexedField | tuple[str, tuple[IndexKey, ...]]
    """The field under whose keys an entry is, or a path and those of its alternative keys that were chosen."""

__all__ = ["NestedIndex"]

_SPLIT = 8
"""A list is looked at when it has so many postings, and whenever they have doubled since."""
_LAST_REBUILD = 512
"""From so many entries on, what was measured is taken for true: an index is not built again, and a list is split."""
_OVERHEAD = 1.5
"""What an index costs, in tests of a candidate."""
_MANY_PATHS = 8
"""An index of more paths is searched by the paths of the event."""
_SURE = 0.2
"""What a match that need not be tested costs."""


class NestedIndex:
    """Entries by the keys of their fields, but for those that a key above has used."""

    __slots__ = (
        "_chosen",
        "_last_checks",
        "_paths",
        "_rebuild_at",
        "_selectivity",
        "always",
        "decided",
        "finders",
        "paths",
        "used",
    )

    checks: None = None
    """Among candidates, what tells an index from them."""

    def __init__(self, used: frozenset[str] = frozenset(), decided: frozenset[str] = frozenset()) -> None:
        self.used = used
        """The paths by whose keys this index is found."""
        self.decided = decided
        """Those of them whose keys imply that the field passes."""
        self.always: list[Candidate] = []
        """What has no key here."""
        self.paths: dict[str, Finders] = {}
        self.finders: tuple[tuple[str, Find | None, Find | None], ...] = ()
        """The same, for going through."""
        self._paths: dict[str, tuple[LeafIndex, LeafIndex]] = {}
        self._chosen: dict[Entry, Chosen | None] = {}
        self._selectivity = Selectivity()
        self._rebuild_at = _SPLIT
        self._last_checks: tuple[IndexedField, ...] = ()

    @classmethod
    def build(
        cls, entries: Iterable[Entry], used: frozenset[str], decided: frozenset[str]
    ) -> tuple[NestedIndex, float]:
        """An index of `entries`, in their order, and what an event that comes to it costs, in tests of a candidate."""
        index = cls(used, decided)
        for entry in entries:
            index._chosen[entry] = None
            index._selectivity.count(index._open_fields(entry), 1)
        for entry in index._chosen:
            index._insert(entry)
        size = len(index._chosen)
        index._rebuild_at = max(_SPLIT, 2 * size) if size < _LAST_REBUILD else 0
        return index, index._split_lists()

    def __len__(self) -> int:
        return len(self._chosen)

    def find(self, leaves: FlatLeaves | KnownLeaves, found: Postings, matches: Postings, parsed: Parsed) -> None:
        """Add what an event's leaves find: to `matches` rules that match, to `found` what is to be tested."""
        found += self.always
        finders = self.finders
        if len(finders) > _MANY_PATHS and leaves.complete():
            finders_of = self.paths.get
            finders = tuple([(path, *both) for path in leaves if (both := finders_of(path)) is not None])
        for path, find, find_matches in finders:
            for leaf in leaves[path]:
                if find is not None:
                    find(leaf, found, parsed)
                if find_matches is not None:
                    find_matches(leaf, matches, parsed)

    def with_entry(self, entry: Entry) -> NestedIndex:
        """The index with `entry`, which has the highest serial number: this one, or another to take its place."""
        if len(self._chosen) + 1 == self._rebuild_at:
            return self.build([*self._chosen, entry], self.used, self.decided)[0]
        self._selectivity.count(self._open_fields(entry), 1)
        chosen = self._insert(entry)
        if chosen is not None:
            path, keys = _path_and_keys(chosen)
            for key in keys:
                self._maybe_split(path, key)
        return self

    def add_number(self, entry: Entry, number: int) -> None:
        """Index one more rule that has the sub-rule of `entry`."""
        self._change_number(entry, number, 1)

    def remove_number(self, entry: Entry, number: int) -> None:
        """Take out one of several rules that have the sub-rule of `entry`."""
        self._change_number(entry, number, -1)

    def _change_number(self, entry: Entry, number: int, change: int) -> None:
        chosen = self._chosen[entry]
        if chosen is None:
            return  # candidates have all numbers by their entry
        path, keys = _path_and_keys(chosen)
        candidates, matches = self._paths[path]
        for key in keys:
            if not self._rest(entry, path, key):
                if change > 0:
                    matches.add(key, number)
                else:
                    matches.remove(key, number)
            elif (nested := _nested(candidates.postings(key))) is not None:
                nested._change_number(entry, number, change)

    def remove(self, entry: Entry) -> None:
        """Take `entry` out, with all its numbers."""
        chosen = self._chosen.pop(entry)
        self._selectivity.count(self._open_fields(entry), -1)
        if chosen is None:
            del self.always[find_posting(self.always, entry.serial)]
            return
        path, keys = _path_and_keys(chosen)
        candidates, matches = self._paths[path]
        for key in keys:
            if not self._rest(entry, path, key):
                for number in entry:
                    matches.remove(key, number)
                continue
            postings = candidates.postings(key)
            nested = _nested(postings)
            if nested is None:
                candidates.remove(key, entry.serial)
            else:
                nested.remove(entry)
                candidates.size -= 1
                if not nested:
                    candidates.replace(key, [])
        if not candidates.size and not matches.size:
            del self._paths[path]
        self._refresh(path)

    def _open_fields(self, entry: Entry) -> tuple[IndexedField, ...]:
        """The fields that may be indexed here."""
        return tuple([field for field in entry.fields if field.path not in self.used]) if self.used else entry.fields

    def _rest(self, entry: Entry, path: str, key: IndexKey | None) -> list[IndexedField]:
        """What is to be tested of an entry that was found under `key`."""
        decided = self.decided
        if key is None or not key[2]:
            return [field for field in entry.fields if field.path not in decided]
        return [field for field in entry.fields if field.path != path and field.path not in decided]

    def _checks(self, fields: list[IndexedField], costs: Mapping[str, float]) -> tuple[IndexedField, ...]:
        """The likeliest to miss first; what was decided about most entries, or was never counted, last."""
        if len(fields) > 1:
            fields.sort(key=lambda field: costs.get(field.path, inf))
        checks = tuple(fields)
        # Often they are those of the entry before, and then the same object.
        if checks != self._last_checks:
            self._last_checks = checks
        return self._last_checks

    def _insert(self, entry: Entry) -> Chosen | None:
        """Put an entry whose fields are counted under its rarest keys."""
        costs: dict[str, float] = {}
        best: tuple[float, IndexedField, tuple[IndexKey, ...]] | None = None
        for field in self._open_fields(entry):
            choice = self._selectivity.choose(field)
            if choice is not None:
                costs[field.path] = choice[0]
                if best is None or choice[0] < best[0]:
                    best = choice[0], field, choice[1]
        if best is None:
            self._chosen[entry] = None
            self.always.append(Candidate(entry, self._checks(self._rest(entry, "", None), costs)))
            return None
        _, field, keys = best
        path = field.path
        chosen = self._chosen[entry] = field if field.keys is keys else (path, keys)
        candidates, matches = self._paths.get(path) or self._paths.setdefault(path, (LeafIndex(), LeafIndex()))
        for key in keys:
            rest = self._rest(entry, path, key)
            if not rest:
                for number in entry:
                    matches.add(key, number)
                continue
            nested = _nested(candidates.postings(key))
            if nested is None:
                candidates.add(key, Candidate(entry, self._checks(rest, costs)))
            else:
                changed = nested.with_entry(entry)
                candidates.size += 1
                if changed is not nested:
                    candidates.replace(key, [changed])
        self._refresh(path)
        return chosen

    def column_finders(self, path: str) -> list[Callable[[list[str]], set[int]]]:
        """What gives the numbers of those leaves of `path` in a list that find anything, until the next change."""
        return [index.column_finder() for index in self._paths[path] if index.size]

    def _refresh(self, path: str) -> None:
        """Make the finders of `path` those that have something to find."""
        indexes = self._paths.get(path)
        finders = (None, None) if indexes is None else tuple([i.find if i.size else None for i in indexes])
        if self.paths.get(path) == finders:
            return
        if indexes is None:
            del self.paths[path]
        else:
            self.paths[path] = finders  # type: ignore[assignment]
        self.finders = tuple([(path, *finders) for path, finders in self.paths.items()])

    def _maybe_split(self, path: str, key: IndexKey) -> None:
        """Split a list that has grown to a size at which it is looked at."""
        candidates, _ = self._paths[path]
        postings = candidates.postings(key)
        if postings is None or _nested(postings) is not None:
            return
        size = len(postings)
        if size >= _SPLIT and not size & (size - 1):
            nested, cost = self._nested_for(path, key, postings)
            if cost <= size / 2 or size >= _LAST_REBUILD:
                candidates.replace(key, [nested])

    def _nested_for(self, path: str, key: IndexKey, postings: Postings) -> tuple[NestedIndex, float]:
        decided = self.decided | {path} if key[2] else self.decided
        return NestedIndex.build([posting.entry for posting in postings], self.used | {path}, decided)

    def _split_lists(self) -> float:
        """Split the lists that have become long; returns what an event costs here, by how often rules name the keys."""
        size = len(self._chosen) or 1
        cost = _OVERHEAD + len(self.always)
        done: set[tuple[str, IndexKey]] = set()
        for path, keys in [_path_and_keys(chosen) for chosen in self._chosen.values() if chosen is not None]:
            candidates, matches = self._paths[path]
            for key in keys:
                if (path, key) in done:
                    continue
                done.add((path, key))
                postings = candidates.postings(key)
                sure = matches.postings(key)
                if postings is None and sure is None:  # a key that overlaps others
                    share = min(1.0, self._selectivity.share(path, key))
                    cost += share * (_SURE if key[2] else 1.0)
                    continue
                listed = len(postings or ()) + len(sure or ())
                within = _SURE * len(sure or ()) + len(postings or ())
                if postings is not None and len(postings) >= _SPLIT:
                    nested, inside = self._nested_for(path, key, postings)
                    if inside <= len(postings) / 2 or len(postings) >= _LAST_REBUILD:
                        candidates.replace(key, [nested])
                        within += inside - len(postings)
                cost += min(1.0, listed / size) * within
        return cost


def _nested(postings: Postings | None) -> NestedIndex | None:
    """The index that stands in the place of a list."""
    if postings and type(postings[0]) is NestedIndex:
        nested: NestedIndex = postings[0]
        return nested
    return None


def _path_and_keys(chosen: Chosen) -> tuple[str, tuple[IndexKey, ...]]:
    return chosen if isinstance(chosen, tuple) else (chosen.path, chosen.keys or ())
