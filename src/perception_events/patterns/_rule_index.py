"""Which rules can match an event at all: rules are filed under one of their exact values, the rest asked always.

The leaves of an event are found once for all rules. A rule with a field of exact values is filed under each, and is
looked at only when the event has one of them there; it is then decided as it would be alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import address_digits
from perception_events.patterns._compiler import SubRule
from perception_events.patterns._fields import FieldTree, Pairs
from perception_events.patterns._matching import CompiledRule, compile_rule

__all__ = ["RuleIndex"]


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """One sub-rule of the rule called `name`; `tree` is its own where it reads events differently from the others."""

    name: str
    paths: tuple[str, ...]
    compiled: CompiledRule
    tree: FieldTree | None
    filed: tuple[str, tuple[str, ...]] | None
    """The path and the leaves under which it is filed."""


_Bucket = dict[int, _Entry]


class RuleIndex:
    """Sub-rules by name. Every change is a step that matching threads see whole, rule by rule."""

    def __init__(self) -> None:
        self._tree = FieldTree()
        self._uses: dict[str, int] = {}
        self._entries: dict[str, list[_Entry]] = {}
        self._filed: dict[str, dict[str, _Bucket]] = {}
        self._always: _Bucket = {}

    def add(self, name: str, rules: tuple[SubRule, ...]) -> None:
        """File the sub-rules of a rule."""
        entries = [self._entry(name, rule) for rule in rules]
        for entry in entries:
            if entry.tree is None:
                for path in entry.paths:
                    self._uses[path] = self._uses.get(path, 0) + 1
                    self._tree.add(path)
        self._entries[name] = entries
        for entry in entries:
            for bucket in self._buckets(entry):
                bucket[id(entry)] = entry

    def remove(self, name: str) -> None:
        """Take a rule's sub-rules out."""
        for entry in self._entries.pop(name):
            for bucket in self._buckets(entry):
                del bucket[id(entry)]
            if entry.tree is None:
                for path in entry.paths:
                    self._uses[path] -= 1
                    if not self._uses[path]:
                        del self._uses[path]
                        self._tree.discard(path)

    def matching(self, event: Mapping[str, Any] | Pairs) -> set[str]:
        """The names of the rules that match."""
        leaves = self._tree.leaves(event)
        # list() of a dict's values is one step for other threads, so that they may file rules meanwhile.
        candidates = {id(entry): entry for entry in list(self._always.values())}
        for path, found in leaves.items():
            filed = self._filed.get(path)
            if filed is not None:
                for leaf, _ in found:
                    bucket = filed.get(leaf)
                    if bucket:
                        candidates.update((id(entry), entry) for entry in list(bucket.values()))
        matched: set[str] = set()
        for entry in candidates.values():
            if entry.name not in matched and entry.compiled.matches(
                leaves if entry.tree is None else entry.tree.leaves(event)
            ):
                matched.add(entry.name)
        return matched

    def _entry(self, name: str, rule: SubRule) -> _Entry:
        paths = tuple(path for path, _ in rule.fields)
        own = FieldTree(paths)
        return _Entry(name, paths, compile_rule(rule), own if own.skips_empty_names else None, self._place(rule, own))

    def _place(self, rule: SubRule, own: FieldTree) -> tuple[str, tuple[str, ...]] | None:
        """The field of exact values under which fewest others are filed so far."""
        if own.skips_empty_names:
            return None
        best: tuple[int, str, tuple[str, ...]] | None = None
        for path, values in rule.fields:
            leaves = tuple(_exact_leaf(value) for value in values)
            if None in leaves:
                continue
            filed = self._filed.get(path, {})
            crowd = sum(len(filed.get(leaf or "", ())) for leaf in leaves)
            if best is None or crowd < best[0]:
                best = (crowd, path, tuple(leaf for leaf in leaves if leaf is not None))
        return None if best is None else best[1:]

    def _buckets(self, entry: _Entry) -> Iterator[_Bucket]:
        if entry.filed is None:
            yield self._always
            return
        path, leaves = entry.filed
        filed = self._filed.setdefault(path, {})
        for leaf in dict.fromkeys(leaves):
            yield filed.setdefault(leaf, {})


def _exact_leaf(value: ast.ValuePattern) -> str | None:
    """The only leaf that passes, or None where there are more, or it may be spelled otherwise."""
    match value:
        case ast.String() if address_digits(value.value) is None:
            return f'"{value.value}"'
        case ast.Exactly():
            return f'"{value.value}"'
        case ast.Literal():
            return value.text
    return None
