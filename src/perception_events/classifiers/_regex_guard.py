"""Before a regular expression of a user's runs: whether Python's engine could take exponential time for it.

    (a+)+$    on aaaa...: each way to cut the text into runs of a is tried, 2^n of them

The tree becomes an automaton with one state for each character of the pattern. The time is exponential where a state
can come back to itself along two ways that read the same text: where, among pairs of states, one of two different
states lies on a way from a pair of equal ones back to one.
Ambiguity: Weber and Seidl, "On the degree of ambiguity of finite automata" (1991).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from perception_events.classifiers._regex_syntax import Alternatives, Character, Node, Repeated, Sequence, parse_regex

__all__ = ["exponential_part"]

_COPIES = 8
"""Repetitions up to so many are written out; more count as any number."""
_MOST_STATES = 3_000
_MOST_EDGES = 300_000
_MOST_STEPS = 500_000
_ODD_CHARACTERS = "\u00a0\u00e9\u0130\u0131\u017f\u00df\u212a\u0663\u4e2d\U0001f600\u2028"
"""Some that are a letter, a digit, white space, or of another case, beyond ASCII."""


def exponential_part(pattern: str) -> str | None:
    """The part of a valid pattern that can be matched in exponentially many ways; None where there is none.

    What is too large to be looked at counts as such a part.
    """
    try:
        for tree in parse_regex(pattern):
            found = _Automaton(tree, pattern).ambiguous_part()
            if found is not None:
                return found
    except (_TooLargeError, RecursionError):
        return pattern
    return None


class _TooLargeError(Exception):
    """More states or pairs than are looked at."""


class _Automaton:
    """States are the pattern's characters; `masks` says which characters each reads, as bits."""

    def __init__(self, tree: Node, pattern: str) -> None:
        others = {c for c in pattern for c in (c, c.lower()[:1], c.upper()[:1])}
        self._alphabet = sorted({chr(n) for n in range(128)} | set(_ODD_CHARACTERS) | others)
        self._mask_of: dict[tuple[str, int], int] = {}
        self._masks: list[int] = []
        self._next: list[Counter[int]] = []
        self._edges = 0
        self._repetitions: list[tuple[int, int, str]] = []
        self._ambiguous: str | None = None
        self._build(tree)

    def ambiguous_part(self) -> str | None:
        """How the repetition is written that can read a text in two ways and go on."""
        if self._ambiguous is not None:
            return self._ambiguous
        steps = 0
        for loop in self._loops():
            for state in loop:
                for after, ways in self._next[state].items():
                    if ways > 1 and after in loop:
                        return self._largest_around(state, after)
            equal = {(state, state) for state in loop}
            before: dict[tuple[int, int], set[tuple[int, int]]] = {}
            reached, waiting = set(equal), list(equal)
            while waiting:
                pair = waiting.pop()
                for after_pair in self._pairs_after(pair, loop):
                    steps += 1
                    if steps > _MOST_STEPS:
                        raise _TooLargeError
                    before.setdefault(after_pair, set()).add(pair)
                    if after_pair not in reached:
                        reached.add(after_pair)
                        waiting.append(after_pair)
            returning, waiting = set(equal), list(equal)
            while waiting:
                for pair in before.get(waiting.pop(), ()):
                    if pair not in returning:
                        if pair[0] != pair[1]:
                            return self._largest_around(*pair)
                        returning.add(pair)
                        waiting.append(pair)
        return None

    def _pairs_after(self, pair: tuple[int, int], loop: set[int]) -> Iterator[tuple[int, int]]:
        one, other = ([state for state in self._next[side] if state in loop] for side in pair)
        for first in one:
            for second in other:
                if self._masks[first] & self._masks[second]:
                    yield (first, second) if first <= second else (second, first)

    def _largest_around(self, *states: int) -> str:
        """How the largest repetition of these states is written."""
        around = [r for r in self._repetitions if all(r[0] <= state < r[1] for state in states)]
        return max(around, key=lambda found: (found[1] - found[0], len(found[2])))[2]

    def _loops(self) -> Iterator[set[int]]:
        """The strongly connected sets of states that have a loop, by Tarjan's algorithm without recursion."""
        number: dict[int, int] = {}
        lowest: dict[int, int] = {}
        open_states: list[int] = []
        is_open: set[int] = set()
        for root in range(len(self._next)):
            if root in number:
                continue
            work: list[tuple[int, Iterator[int]]] = [(root, iter(self._next[root]))]
            number[root] = lowest[root] = len(number)
            open_states.append(root)
            is_open.add(root)
            while work:
                state, following = work[-1]
                for after in following:
                    if after not in number:
                        number[after] = lowest[after] = len(number)
                        open_states.append(after)
                        is_open.add(after)
                        work.append((after, iter(self._next[after])))
                        break
                    if after in is_open:
                        lowest[state] = min(lowest[state], number[after])
                else:
                    work.pop()
                    if work:
                        lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[state])
                    if lowest[state] == number[state]:
                        found: set[int] = set()
                        while state not in found:
                            found.add(open_states.pop())
                        is_open -= found
                        if len(found) > 1 or state in self._next[state]:
                            yield found

    # From the tree: whether it reads the empty text, the states it begins with, and those it ends with

    def _build(self, node: Node) -> tuple[bool, list[int], list[int]]:
        if isinstance(node, Character):
            state = self._new_state(node)
            return False, [state], [state]
        if isinstance(node, Sequence):
            return self._in_turn(self._build(part) for part in node.parts)
        if isinstance(node, Alternatives):
            built = [self._build(part) for part in node.parts]
            first = [state for part in built for state in part[1]]
            last = [state for part in built for state in part[2]]
            return any(part[0] for part in built), first, last
        return self._repeated(node)

    def _new_state(self, character: Character) -> int:
        if len(self._masks) >= _MOST_STATES:
            raise _TooLargeError
        self._masks.append(self._mask(character))
        self._next.append(Counter())
        return len(self._masks) - 1

    def _mask(self, character: Character) -> int:
        if character.text is None:
            return (1 << len(self._alphabet)) - 1
        key = character.text, character.flags
        if key not in self._mask_of:
            one = re.compile(character.text, character.flags & ~re.VERBOSE)
            bits = (1 << at for at, letter in enumerate(self._alphabet) if one.fullmatch(letter))
            self._mask_of[key] = sum(bits)
        return self._mask_of[key]

    def _in_turn(self, parts: Iterable[tuple[bool, list[int], list[int]]]) -> tuple[bool, list[int], list[int]]:
        is_empty, first, last = True, list[int](), list[int]()
        for part_empty, part_first, part_last in parts:
            self._connect(last, part_first)
            first = first + part_first if is_empty else first
            last = last + part_last if part_empty else part_last
            is_empty = is_empty and part_empty
        return is_empty, first, last

    def _connect(self, last: list[int], first: list[int]) -> None:
        self._edges += len(last) * len(first)
        if self._edges > _MOST_EDGES:
            raise _TooLargeError
        for state in last:
            self._next[state].update(first)

    def _repeated(self, node: Repeated) -> tuple[bool, list[int], list[int]]:
        begin = len(self._masks)
        if node.high is not None and node.high <= _COPIES:
            built = self._in_turn(self._copy(node.part, n >= node.low) for n in range(node.high))
        else:
            required = min(max(node.low, 1), _COPIES)
            copies = [self._build(node.part) for _ in range(required - 1)]
            again = self._build(node.part)
            if again[0] and node.high is not None and self._ambiguous is None:
                self._ambiguous = node.text  # so many times something or nothing: each choice is tried
            self._connect(again[2], again[1])
            built = self._in_turn([*copies, (again[0] or node.low == 0, again[1], again[2])])
        self._repetitions.append((begin, len(self._masks), node.text))
        return built

    def _copy(self, node: Node, is_optional: bool) -> tuple[bool, list[int], list[int]]:
        is_empty, first, last = self._build(node)
        return is_empty or is_optional, first, last
