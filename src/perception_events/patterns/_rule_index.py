"""Which rules match an event, without asking each: a rule is filed for one of its fields, where fewest others are.

The leaves of an event are found once for all rules; each leaf finds what is filed for it, and what was found is decided
as it would be alone. So an event costs what its own leaves find, not what there is.
"""

from __future__ import annotations

from math import inf
from operator import itemgetter

from perception_events.patterns._fields import MAX_PLAIN_PIECES, FieldTree, PlainFields
from perception_events.patterns._leaf_index import LeafIndex, finding_decides, places
from perception_events.patterns._matching import ElementTree, compile_fields, matches, matches_around

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from perception_events.patterns._compiler import SubRule
    from perception_events.patterns._fields import Event, Leaf
    from perception_events.patterns._leaf_index import Place
    from perception_events.patterns._matching import CompiledFields
    from perception_events.patterns._values import LeafTest

    Reader: TypeAlias = Callable[[Event], list[tuple[str, str]] | None]
    """The leaves of one path in a plain event; None for another event."""
    Check: TypeAlias = tuple[Reader, str, LeafTest, bool]
    """A path: what reads it, its name, its test, and whether its absence passes."""

__all__ = ["RuleIndex"]


class _Entry:
    """One sub-rule of the rule called `name`; `tree` is its own where it reads events differently from the others.

    Its tests are made when it is found for the first time: most rules of a large set are not.
    """

    __slots__ = ("absence", "checks", "fields", "filed", "name", "number", "order", "rule", "tree")

    def __init__(self, name: str, number: int, rule: SubRule, *, skips_empty_names: bool) -> None:
        self.name = name
        self.number = number
        self.rule = rule
        self.tree: FieldTree | None = None
        if skips_empty_names and any(path.endswith(".") for path in self.paths()):
            self.tree = FieldTree(self.paths())
        self.order: tuple[int, ...] = tuple(range(len(rule.fields)))
        """Which fields a plain event is asked: not that under which it has found the rule, where that is sure."""
        self.filed: tuple[str, tuple[Place, ...]] | None = None
        """The path and the places under which it is filed; None: it is asked always."""
        self.fields: CompiledFields = ()
        """The fields with their tests; empty until `prepare`."""
        self.checks: tuple[Check, ...] = ()
        """What a plain event is asked, in `order`."""
        self.absence = False
        """Whether a field's absence passes."""

    def paths(self) -> list[str]:
        """The paths of its fields."""
        return [path for path, _ in self.rule.fields]

    def prepare(self, reader_of: Callable[[str], Reader]) -> None:
        """Make the tests; whoever comes at the same time makes the same."""
        fields = compile_fields(self.rule)
        self.absence = any(absence for _, _, absence in fields)
        self.checks = tuple([(reader_of(fields[position][0]), *fields[position]) for position in self.order])
        self.fields = fields


class RuleIndex:
    """Sub-rules by the names of their rules. Every change is a step that matching threads see whole, rule by rule."""

    def __init__(self) -> None:
        self._filed = PlainFields()
        """The paths under which rules are filed: what an event has there finds its rules."""
        self._readers: dict[str, Reader] = {}
        """What reads one path alone: the others of a rule that was found."""
        self._tree = FieldTree()
        self._uses: dict[str, int] = {}
        self._unplain = 0
        self._entries: dict[str, list[_Entry]] = {}
        self._indexes: dict[str, LeafIndex] = {}
        self._finders: dict[str, Callable[[str, list[Any]], None]] = {}
        self._always: list[_Entry] = []
        self._newest = -1

    def add(self, name: str, number: int, rules: tuple[SubRule, ...]) -> None:
        """File the sub-rules of a rule; matches are told in order of `number`."""
        paths = [path for rule in rules for path, _ in rule.fields]
        skips = any(path.endswith(".") for path in paths) and FieldTree(paths).skips_empty_names
        self._entries[name] = [_Entry(name, number, rule, skips_empty_names=skips) for rule in rules]
        for entry in self._entries[name]:
            if entry.tree is None:
                self._name(entry.paths())
            else:
                self._unplain += 1
        # From here on every event is searched for the rule's fields, so that none is taken for absent.
        self._newest = number
        for entry in self._entries[name]:
            if entry.tree is None:
                self._file(entry)
            if entry.filed is None:
                self._always.append(entry)
            else:
                path, filed = entry.filed
                index = self._indexes[path]
                for place in filed:
                    index.add(place, entry)
                if path not in self._finders:
                    self._finders[path] = index.find
                    if _fits(path):
                        self._filed.add(path)

    def remove(self, name: str) -> None:
        """Take a rule's sub-rules out."""
        for entry in self._entries.pop(name):
            if entry.filed is None:
                self._always.remove(entry)
            else:
                path, filed = entry.filed
                for place in filed:
                    self._indexes[path].remove(place, entry)
            if entry.tree is None:
                self._forget(entry.paths())
            else:
                self._unplain -= 1

    def matching(self, event: Event) -> list[str]:
        """The names of the rules that match, in order."""
        newest = self._newest
        found = self._always.copy()
        # First only where rules are filed: most events find none, and need no more.
        plain = None if self._unplain else self._filed.leaves(event)
        if plain is None:
            return self._matching_any(event, self._always.copy(), newest)
        finders = self._finders
        for path, leaf in plain:
            find = finders.get(path)
            if find is not None:
                find(leaf, found)
        if not found:
            return []
        leaves: dict[str, list[str]] = {}
        for path, leaf in plain:
            leaves.setdefault(path, []).append(leaf)
        matched: dict[int, str] = {}
        for entry in dict.fromkeys(found) if len(found) > 1 else found:
            if not entry.fields:
                entry.prepare(self._reader_of)
            for read, path, holds, absence in entry.checks:
                there = leaves.get(path)
                if there is None:
                    alone = read(event)
                    if alone is None:
                        return self._matching_any(event, self._always.copy(), newest)
                    there = leaves[path] = [leaf for _, leaf in alone]
                # Nearly always there is one leaf, or none.
                passes = holds(there[0]) if len(there) == 1 else (any(map(holds, there)) if there else absence)
                if not passes:
                    break
            else:
                matched[entry.number] = entry.name
        return _in_order(matched, newest)

    def _reader_of(self, path: str) -> Reader:
        return self._readers.get(path) or self._readers.setdefault(path, PlainFields((path,)).leaves)

    def _matching_any(self, event: Event, always: list[_Entry], newest: int) -> list[str]:
        """The same for an event with arrays of objects, or of arrays."""
        leaves = self._tree.leaves(event)
        matched: dict[int, str] = {}
        for entry in always:
            if not entry.fields:
                entry.prepare(self._reader_of)
            if matches(entry.fields, leaves if entry.tree is None else entry.tree.leaves(event)):
                matched[entry.number] = entry.name
        elements = {path: ElementTree(there) for path, there in leaves.items()}
        scattered = {path for path, tree in elements.items() if not tree.in_one_array}
        for path, there in leaves.items():
            find = self._finders.get(path)
            if find is None:
                continue
            hits: dict[str, list[Leaf]] = {}
            for hit in there:
                hits.setdefault(hit[0], []).append(hit)
            for leaf, same in hits.items():
                found: list[_Entry] = []
                find(leaf, found)
                for entry in found:
                    if entry.number in matched:
                        continue
                    if not entry.fields:
                        entry.prepare(self._reader_of)
                    whole = entry.absence or (
                        scattered and not scattered.isdisjoint(field[0] for field in entry.fields)
                    )
                    if matches(entry.fields, leaves) if whole else matches_around(entry.fields, (path, same), elements):
                        matched[entry.number] = entry.name
        return _in_order(matched, newest)

    def _name(self, paths: Iterable[str]) -> None:
        for path in paths:
            if path not in self._uses:
                self._indexes[path] = LeafIndex()
                if not _fits(path):
                    self._unplain += 1
                self._tree.add(path)
            self._uses[path] = self._uses.get(path, 0) + 1

    def _forget(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._uses[path] -= 1
            if not self._uses[path]:
                del self._uses[path], self._indexes[path]
                self._readers.pop(path, None)
                filed = self._finders.pop(path, None) is not None
                if not _fits(path):
                    self._unplain -= 1
                elif filed:
                    self._filed.discard(path)
                self._tree.discard(path)

    def _file(self, entry: _Entry) -> None:
        """Choose the field for which fewest others are found with it; the likeliest to miss is asked first."""
        guesses: list[tuple[float, int, tuple[Place, ...] | None]] = []
        for position, (path, values) in enumerate(entry.rule.fields):
            found = places(values)
            crowd = inf if found is None else sum(map(self._indexes[path].crowd, found))
            guesses.append((crowd, position, found))
        guesses.sort(key=itemgetter(0))
        first, *others = [position for _, position, _ in guesses]
        entry.order = first, *others
        best = guesses[0][2]
        if best is not None:
            path, values = entry.rule.fields[first]
            entry.filed = path, best
            # Who finds it there has asked, or nearly.
            entry.order = tuple(others) if finding_decides(values) else (*others, first)


def _fits(path: str) -> bool:
    return path.count(".") < MAX_PLAIN_PIECES


def _in_order(matched: dict[int, str], newest: int) -> list[str]:
    """Names by the number of their rule; not of those that came while this event was being matched."""
    return [matched[number] for number in sorted(matched) if number <= newest] if matched else []
