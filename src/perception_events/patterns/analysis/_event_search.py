"""An event that sub-rules require and others forbid: fields are chosen one by one, by what leaf each can hold.

A requirement is a conjunction of groups for each path. That some sub-rule must not match means that one of its fields
fails; the search tries them in turn, and only for rules that match what it has.
"""

from __future__ import annotations

from functools import lru_cache

from perception_events.patterns._json_text import run
from perception_events.patterns.analysis._budget import Budget, UndecidedError
from perception_events.patterns.analysis._leaf_search import find_leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
    from typing import Any, TypeAlias

    from perception_events.patterns.analysis._groups import Group, PreparedRule
    from perception_events.patterns.analysis._string_search import Literal

    Requirements: TypeAlias = dict[str, tuple[Literal, ...]]
    """For each path, what its leaves must pass and fail."""
    Leaves: TypeAlias = dict[str, tuple[str, ...]]
    """The leaves of each path that must be there."""
    Known: TypeAlias = dict[tuple[Literal, ...], tuple[str, ...] | None]

__all__ = ["EventSearch", "Known", "Leaves"]

_CHECKS_A_STEP = 2
"""So many rules are asked about leaves in the time of one step."""
_BRANCH_STEPS = 10
"""What it costs to make a forbidden rule's field fail, apart from asking the rules again."""


class EventSearch:
    """One question's search.

    Args:
        budget: how much the question may cost.
        known: the leaves that were looked for, to be shared by questions about the same groups.
        arrays: whether a field may hold several values, each of which counts; otherwise it holds one, and no field is
            both a value and an object.
    """

    def __init__(self, budget: Budget, known: Known, *, arrays: bool) -> None:
        self._budget = budget
        self._arrays = arrays
        self._known = known

    def both(self, first: PreparedRule, second: PreparedRule) -> Leaves | None:
        """What an event must hold that both match; None where there is none.

        Raises:
            UndecidedError: it could not be decided.
        """
        requirements = _required(first)
        for path, group in second.fields.items():
            requirements[path] = (*requirements.get(path, ()), (group, True))
        return self._checked(self.leaves(requirements), [first, second])

    def outside(self, rule: PreparedRule, others: Iterable[PreparedRule]) -> Leaves | None:
        """What an event must hold that `rule` matches and none of `others`; None where there is none.

        Raises:
            UndecidedError: it could not be decided.
        """
        forbidden = list(others)
        requirements = _required(rule)
        leaves = self.leaves(requirements)
        if leaves is not None:
            leaves, undecided = run(self._outside(requirements, leaves, forbidden))
            if leaves is None and undecided is not None:
                raise undecided
        return self._checked(leaves, [rule, *forbidden])

    def leaves(self, requirements: Requirements) -> Leaves | None:
        """The leaves that must be there; None where the requirements contradict each other.

        Raises:
            UndecidedError: it could not be decided.
        """
        found: Leaves = {}
        undecided: UndecidedError | None = None
        for path, literals in requirements.items():
            try:
                leaves = self._field(literals)
            except UndecidedError as error:
                undecided = error  # another field may still be impossible
                continue
            if leaves is None:
                return None
            if leaves:
                found[path] = leaves
        if not self._arrays and _value_and_object(found):
            return None
        if undecided is not None:
            raise undecided
        return found

    def _outside(
        self, requirements: Requirements, leaves: Leaves, forbidden: Sequence[PreparedRule]
    ) -> Generator[Any, Any, tuple[Leaves | None, UndecidedError | None]]:
        """Leaves that meet the requirements and that no forbidden rule matches, and what could not be decided.

        Only rules that match the leaves at hand become requirements: one of their fields has to fail. `run` runs this,
        for there may be more such rules than Python's stack is deep.
        """
        try:
            rule = self._first_matching(leaves, forbidden)
        except UndecidedError as error:
            return None, error
        if rule is None:
            return leaves, None
        undecided: UndecidedError | None = None
        for path, group in _by_promise(requirements, rule):
            narrowed = (*requirements.get(path, ()), (group, False))
            try:
                held = self._field(narrowed)
            except UndecidedError as error:
                undecided = error
                continue
            if held is None:
                continue
            changed = {**leaves, path: held} if held else {p: v for p, v in leaves.items() if p != path}
            if not self._arrays and held and _value_and_object(changed):
                continue
            found, reason = yield self._outside({**requirements, path: narrowed}, changed, forbidden)
            if found is not None:
                return found, None
            undecided = reason or undecided
        return None, undecided

    def _first_matching(self, leaves: Leaves, rules: Sequence[PreparedRule]) -> PreparedRule | None:
        self._budget.spend(_BRANCH_STEPS)
        for number, rule in enumerate(rules):
            if number % _CHECKS_A_STEP == 0:
                self._budget.spend()  # before the work: a question that has nothing left does none
            if _matches(rule, leaves):
                return rule
        return None

    def _field(self, literals: tuple[Literal, ...]) -> tuple[str, ...] | None:
        """The leaves that a field must hold, none where it may be missing; None where nothing will do."""
        if literals in self._known:
            return self._known[literals]
        self._budget.spend()
        if all(group.absence is positive for group, positive in literals):
            found: tuple[str, ...] | None = ()
        else:
            found = self._present(literals)
        self._known[literals] = found
        return found

    def _present(self, literals: tuple[Literal, ...]) -> tuple[str, ...] | None:
        undecided: UndecidedError | None = None
        try:
            leaf = find_leaf(literals, self._budget)
            if leaf is not None:
                return (leaf,)
        except UndecidedError as error:
            undecided = error
        needed = [literal for literal in literals if literal[1]]
        if not self._arrays or len(needed) < 2:
            if undecided is not None:
                raise undecided
            return None
        failing = [literal for literal in literals if not literal[1]]
        several = []
        for literal in needed:
            leaf = find_leaf([literal, *failing], self._budget)
            if leaf is None:
                return None
            several.append(leaf)
        return tuple(dict.fromkeys(several))

    def _checked(self, leaves: Leaves | None, rules: Iterable[PreparedRule]) -> Leaves | None:
        if leaves is None and any(rule.odd for rule in rules):
            raise UndecidedError("a path has an empty name, and which field that is depends on the other paths")
        return leaves


def _matches(rule: PreparedRule, leaves: Leaves) -> bool:
    for path, group in rule.fields.items():
        found = leaves.get(path)
        if not group.absence if found is None else not any(map(group.takes, found)):
            return False
    return True


def _required(rule: PreparedRule) -> Requirements:
    return {path: ((group, True),) for path, group in rule.fields.items()}


def _by_promise(requirements: Mapping[str, object], rule: PreparedRule) -> Iterator[tuple[str, Group]]:
    """The fields of `rule`, first those about which nothing is required: an event without them is found at once."""
    fields = list(rule.fields.items())
    yield from (field for field in fields if field[0] not in requirements)
    yield from (field for field in fields if field[0] in requirements)


def _value_and_object(leaves: Leaves) -> bool:
    """Whether a path with leaves lies below another."""
    return len(leaves) > 1 and any(not leaves.keys().isdisjoint(_above(path)) for path in leaves)


@lru_cache(maxsize=4096)
def _above(path: str) -> tuple[str, ...]:
    """The paths of the objects around a field."""
    return tuple(path[:end] for end in range(len(path)) if path[end] == ".")
