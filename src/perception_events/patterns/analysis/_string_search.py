"""A string that passes some groups and fails others: the shortest that their automata accept together.

The walk goes breadth first over tuples of states, one for each automaton. It ends, for there are finitely many, and it
turns back where a group can no longer decide as it must. Characters that no automaton names all fare alike, so one of
them stands for all.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from perception_events.patterns import _ast as ast
from perception_events.patterns._values import wildcard_pieces
from perception_events.patterns.analysis._address_automata import (
    ADDRESS_CHARACTERS,
    AddressAutomaton,
    mapped,
    sample_addresses,
)
from perception_events.patterns.analysis._text_automata import TextAutomaton, is_surrogate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

    from perception_events.patterns.analysis._address_automata import Interval
    from perception_events.patterns.analysis._budget import Budget
    from perception_events.patterns.analysis._groups import Group
    from perception_events.patterns.analysis._within import TextLanguage

    Literal: TypeAlias = tuple[Group, bool]
    """A group, and whether it must pass."""
    Automaton: TypeAlias = TextAutomaton | AddressAutomaton | TextLanguage
    Clause: TypeAlias = tuple[Sequence[tuple[Automaton, bool]], bool]
    """Automata, each with whether it is negated, of which one must accept; False: of which none may."""

__all__ = ["find_string", "sample_strings"]

_OTHERS = "xyzabcdefghijklmnopqrstuvw0123456789"
_SAMPLES_A_GROUP = 12
_TESTS_A_STEP = 8
"""So many tests of a text take the time of one step."""
_ADDRESS_STEPS = 10
"""What a step of an automaton of addresses costs, measured in those of texts."""


def sample_strings(groups: Sequence[Group]) -> Iterator[str]:
    """Strings that are likely to pass one group each, and some that pass several."""
    for group in groups:
        for value in group.values[:_SAMPLES_A_GROUP]:
            match value:
                case ast.String() | ast.Exactly() | ast.EqualsIgnoreCase() | ast.Prefix() | ast.Suffix():
                    yield value.value
                case ast.Wildcard():
                    yield "".join(wildcard_pieces(value.value))[1:-1]
        for block in group.blocks[:_SAMPLES_A_GROUP]:
            yield from sample_addresses(block.v4, block.v6)
    heads, tails = _ends(groups)
    yield from (head + tail for head in heads[:4] for tail in tails[:4])
    yield from (max(heads, key=len, default="") + "x", "x" + max(tails, key=len, default=""))


def _ends(groups: Iterable[Group]) -> tuple[list[str], list[str]]:
    """What strings of the groups may have to begin with, and to end with."""
    heads, tails = [], []
    for group in groups:
        for value in group.values[:_SAMPLES_A_GROUP]:
            match value:
                case ast.Prefix():
                    heads.append(value.value)
                case ast.Suffix():
                    tails.append(value.value)
                case ast.Wildcard():
                    pieces = wildcard_pieces(value.value)
                    heads.append(pieces[0][1:])
                    tails.append(pieces[-1][:-1])
    return heads, tails


def find_string(literals: Sequence[Literal], budget: Budget) -> str | None:
    """A string that passes each group which must pass and fails each other; None where there is none.

    Raises:
        UndecidedError: finding it costs too much.
    """
    for group, positive in literals:
        # Where the strings are written out, trying them is exact.
        if positive and group.finite_texts is not None:
            return _written_out(group.finite_texts, literals, budget)
    for text in sample_strings([group for group, positive in literals if positive]):
        if _passes(text, literals):
            return text
    part = budget.part()
    try:
        return _search(literals, part)
    finally:
        budget.left += max(part.left, 0)


def _written_out(texts: Iterable[str], literals: Sequence[Literal], budget: Budget) -> str | None:
    # Others that write out theirs too are the usual case, and there may be many: they are asked all at once.
    excluded = {text for group, positive in literals if not positive for text in group.finite_texts or ()}
    others = [(group, positive) for group, positive in literals if positive or group.finite_texts is None]
    budget.spend(len(literals) // _TESTS_A_STEP)
    for text in texts:
        if text not in excluded:
            budget.spend(1 + len(others) // _TESTS_A_STEP)
            if _passes(text, others):
                return text
    return None


def _passes(text: str, literals: Sequence[Literal]) -> bool:
    leaf = f'"{text}"'
    return all(group.passes(leaf) is positive for group, positive in literals)


def _search(literals: Sequence[Literal], budget: Budget) -> str | None:
    clauses: list[Clause] = [(group.parts, positive) for group, positive in literals]
    unwanted = [block for group, positive in literals if not positive for block in group.blocks]
    if unwanted:
        v4 = [interval for block in unwanted for interval in block.v4]
        v6 = [interval for block in unwanted for interval in block.v6]
        kept_out = AddressAutomaton(v4, [*v6, *mapped(v4)])
        clauses.append(([(kept_out, False)], False))
    found = _Walk(clauses, budget).shortest()
    if found is not None or not any(group.blocks for group, positive in literals if positive):
        return found
    for v4, v6 in _cells(literals):
        found = _address(literals, v4, v6, budget)
        if found is not None:
            return found
    return None


def _cells(literals: Sequence[Literal]) -> Iterator[tuple[list[Interval], list[Interval]]]:
    """Intervals of addresses that lie as a whole in each block or outside; only those in a block of a group which must
    pass, and in none of a group which must fail."""
    for family in ("v4", "v6"):
        every = [(getattr(block, family), positive) for group, positive in literals for block in group.blocks]
        edges = {edge for intervals, _ in every for low, high in intervals for edge in (low, high + 1)}
        ordered = sorted(edges)
        for low, following in pairwise(ordered):
            sides = {positive for intervals, positive in every if _inside(low, intervals)}
            if sides == {True}:
                cell = [(low, following - 1)]
                yield (cell, []) if family == "v4" else ([], cell)


def _inside(number: int, intervals: Iterable[Interval]) -> bool:
    return any(low <= number <= high for low, high in intervals)


def _address(literals: Sequence[Literal], v4: list[Interval], v6: list[Interval], budget: Budget) -> str | None:
    """An address in a cell whose text passes and fails what the cell has not decided."""
    number = (v4 or v6)[0][0]
    texts: list[Clause] = [
        (group.parts, positive)
        for group, positive in literals
        if not any(_inside(number, block.v4 if v4 else block.v6) for block in group.blocks)
    ]
    heads, tails = _ends(group for group, positive in literals if positive)
    for text in sample_addresses(v4, v6):
        tries = [text, *(text[:end] + tail for tail in tails for end in range(len(text), -1, -1))]
        tries += [head + text[start:] for head in heads for start in range(len(text))]
        for changed in tries:
            if _passes(changed, literals):
                return changed
    # Most texts cannot be an address at all, which the few characters that one has show at once.
    if _Walk(texts, budget, characters=ADDRESS_CHARACTERS).shortest() is None:
        return None
    for spelling in (AddressAutomaton(v4, []), AddressAutomaton([], [*v6, *mapped(v4)])):
        found = _Walk([([(spelling, False)], True), *texts], budget).shortest()
        if found is not None:
            return found
    return None


class _Walk:
    """The product of automata; a clause is some of them, of which one must accept, or none may."""

    def __init__(self, clauses: Iterable[Clause], budget: Budget, *, characters: frozenset[str] | None = None) -> None:
        self._budget = budget
        self._automata: list[Any] = []
        self._clauses: list[tuple[list[tuple[int, bool]], bool]] = []
        for parts, positive in clauses:
            clause = []
            for automaton, negated in parts:
                clause.append((len(self._automata), negated))
                self._automata.append(automaton)
            self._clauses.append((clause, positive))
        self._alphabet = _alphabet(self._automata)
        if characters is not None:
            self._alphabet = sorted(characters)

    def shortest(self) -> str | None:
        """The shortest text that every clause takes; None where there is none.

        Raises:
            UndecidedError: the budget is used up.
        """
        start: tuple[Any, ...] = tuple(automaton.start for automaton in self._automata)
        if not self._open(start):
            return None
        came_from: dict[tuple[Any, ...], tuple[tuple[Any, ...], str] | None] = {start: None}
        waiting = deque([start])
        cost = sum(_ADDRESS_STEPS if isinstance(automaton, AddressAutomaton) else 1 for automaton in self._automata)
        while waiting:
            state = waiting.popleft()
            if self._accepts(state):
                return _read_back(state, came_from)
            for character in self._alphabet:
                self._budget.spend(cost)
                following = tuple(
                    [automaton.step(part, character) for automaton, part in zip(self._automata, state, strict=True)]
                )
                if following not in came_from and self._open(following):
                    came_from[following] = (state, character)
                    waiting.append(following)
        return None

    def _open(self, state: tuple[Any, ...]) -> bool:
        """Whether every clause may still decide as it must."""
        for clause, positive in self._clauses:
            if positive:
                if not any((not self._universal(i, state[i])) if negated else state[i] for i, negated in clause):
                    return False
            elif any((not state[i]) if negated else self._universal(i, state[i]) for i, negated in clause):
                return False
        return True

    def _universal(self, index: int, state: Any) -> bool:
        automaton = self._automata[index]
        return isinstance(automaton, TextAutomaton) and bool(state & automaton.universal)

    def _accepts(self, state: tuple[Any, ...]) -> bool:
        return all(
            any(self._automata[i].accepts(state[i]) is not negated for i, negated in clause) is positive
            for clause, positive in self._clauses
        )


def _read_back(state: tuple[Any, ...], came_from: dict[tuple[Any, ...], tuple[tuple[Any, ...], str] | None]) -> str:
    characters = []
    step = came_from[state]
    while step is not None:
        state, character = step
        characters.append(character)
        step = came_from[state]
    return "".join(reversed(characters))


def _alphabet(automata: Sequence[Automaton]) -> list[str]:
    """The characters that are told apart, those that read well first."""
    named: set[str] = {'"'}
    for automaton in automata:
        named.update(automaton.characters)
    other = next((c for c in _OTHERS if c not in named), None) or next(
        c for c in map(chr, range(0x4E00, 0xD800)) if c not in named
    )
    letters = [*named, other]
    for automaton in automata:
        if not isinstance(automaton, TextAutomaton | AddressAutomaton):
            letters += automaton.representatives(named)
    if "?" in named or any(map(is_surrogate, named)):
        letters.append(next(c for c in map(chr, range(0xDFFF, 0xD7FF, -1)) if c not in named))
    return sorted(letters, key=lambda c: (is_surrogate(c), c == '"', not c.isprintable(), not c.isalnum(), c))
