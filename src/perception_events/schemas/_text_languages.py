"""The strings that a schema allows, as automata: what length, regular expression and format say, for proofs.

`^a[0-9]+$` becomes states and moves between them; a move reads one character of a set. What a regular expression says
that automata cannot (groups repeated by number, looking ahead) leaves the language open, so that no proof rests on it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from perception_events.patterns.analysis import TextLanguage
from perception_events.schemas._formats import format_expression
from perception_events.schemas._types import String
from perception_events.schemas._validation import python_expression

__all__ = ["languages_of"]

_MAX_STATES = 3_000
_MAX_LENGTH = 20_000

_State = tuple[int, bool]
"""A place in the expression, and whether the string has to end there, as a `$` was passed."""

_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_ASCII = tuple(map(chr, (*range(0x20, 0x7F), *range(0x20), 0x7F)))
_BEYOND_ASCII = (*"中文字", *"٣٤٥", *"\u3000\u2003\u2005", *"€→∞")
"""Letters, digits, spaces and others: all that `\\w`, `\\d` and `\\s` tell apart."""


@lru_cache(maxsize=1024)
def languages_of(schema: String) -> tuple[TextLanguage, ...]:
    """What a string of `schema` must be, one automaton for each thing that it says; the enum is not among them."""
    found: list[TextLanguage] = []
    if schema.min_length or schema.max_length is not None:
        longest = schema.min_length if schema.max_length is None else schema.max_length
        if longest <= _MAX_LENGTH:
            found.append(_Length(schema.min_length, schema.max_length))
    expression = format_expression(schema.format or "")
    sources = [(None if schema.pattern is None else python_expression(schema.pattern), False), (expression, True)]
    found += [made for source, ascii in sources if source is not None and (made := _expression(source, ascii))]
    return tuple(found)


class _Length:
    """The strings of some lengths; the state is how many characters were read, and one."""

    start = 1
    characters: frozenset[str] = frozenset()

    def __init__(self, least: int, most: int | None) -> None:
        self._least = least
        self._most = most

    def step(self, state: int, character: str) -> int:
        following = state + 1
        if self._most is None:
            return min(following, self._least + 1)
        return following if following <= self._most + 1 else 0

    def accepts(self, state: int) -> bool:
        return state > self._least

    def representatives(self, named: set[str]) -> Iterable[str]:
        return ()


class _UnsupportedError(Exception):
    """An automaton cannot say it, or it would be too large."""


@dataclass(frozen=True, slots=True)
class _Move:
    """A move to `target`: one character of a set, nothing, or a position."""

    target: int
    reads: Callable[[str], bool] | None = None
    position: str = ""


class _Automaton:
    """The strings in which a regular expression is found; a state is the set of places where the reading may be."""

    characters: frozenset[str] = frozenset()

    def __init__(self, parsed: Any, *, ascii: bool) -> None:
        self._flags = re.ASCII if ascii else re.UNICODE
        self._moves: list[list[_Move]] = []
        self._sets: dict[str, Callable[[str], bool]] = {}
        self._edges: set[int] = set()
        self._memo: dict[tuple[frozenset[_State], str], frozenset[_State]] = {}
        begin = self._new()
        self._moves[begin].append(_Move(begin, lambda character: True))
        self._end = self._sequence(begin, parsed)
        self.start = self._closed({(begin, False)}, at_start=True)

    def step(self, state: frozenset[_State], character: str) -> frozenset[_State]:
        key = state, character
        if key not in self._memo:
            following: set[_State] = set()
            for place, ended in state:
                if ended:
                    continue
                if place == self._end:
                    following.add((place, False))
                following |= {
                    (move.target, False) for move in self._moves[place] if move.reads and move.reads(character)
                }
            self._memo[key] = self._closed(following, at_start=False)
        return self._memo[key]

    def accepts(self, state: frozenset[_State]) -> bool:
        return any(place == self._end for place, _ in state)

    def representatives(self, named: set[str]) -> Iterator[str]:
        edges = [chr(edge) for code in sorted(self._edges) for edge in (code - 1, code, code + 1) if 0 <= edge < 0xD800]
        seen: set[tuple[bool, ...]] = set()
        for character in (*_ASCII, *_BEYOND_ASCII, *edges):
            kind = tuple(reads(character) for reads in self._sets.values())
            if character not in named and kind not in seen:
                seen.add(kind)
                yield character

    def _closed(self, states: set[_State], *, at_start: bool) -> frozenset[_State]:
        """`states` with all that are reached without reading."""
        waiting, closed = list(states), set(states)
        while waiting:
            place, ended = waiting.pop()
            for move in self._moves[place]:
                if move.reads is not None or (move.position == "begin" and not at_start):
                    continue
                following = (move.target, ended or move.position == "end")
                if following not in closed:
                    closed.add(following)
                    waiting.append(following)
        return frozenset(closed)

    def _new(self) -> int:
        if len(self._moves) >= _MAX_STATES:
            raise _UnsupportedError
        self._moves.append([])
        return len(self._moves) - 1

    def _sequence(self, place: int, parsed: Any) -> int:
        for operator, argument in parsed:
            place = self._piece(place, str(operator), argument)
        return place

    def _piece(self, place: int, operator: str, argument: Any) -> int:
        match operator:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                following = self._new()
                self._moves[place].append(_Move(following, self._set(operator, argument)))
                return following
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(place, *argument)
            case "SUBPATTERN":
                _, added, removed, inner = argument
                if added or removed:
                    raise _UnsupportedError
                return self._sequence(place, inner)
            case "BRANCH":
                end = self._new()
                for branch in argument[1]:
                    self._moves[self._sequence(self._after(place), branch)].append(_Move(end))
                return end
            case "AT":
                position = _POSITIONS.get(str(argument))
                if position is None:
                    raise _UnsupportedError
                return self._after(place, position)
        raise _UnsupportedError

    def _after(self, place: int, position: str = "") -> int:
        following = self._new()
        self._moves[place].append(_Move(following, position=position))
        return following

    def _repeat(self, place: int, least: int, most: Any, inner: Any) -> int:
        for _ in range(int(least)):
            place = self._sequence(place, inner)
        end = self._new()
        if str(most) == "MAXREPEAT":
            place = self._after(place)
            self._moves[self._sequence(place, inner)].append(_Move(place))
        else:
            for _ in range(int(most) - int(least)):
                self._moves[place].append(_Move(end))
                place = self._sequence(place, inner)
        self._moves[place].append(_Move(end))
        return end

    def _set(self, operator: str, argument: Any) -> Callable[[str], bool]:
        key = f"{operator} {argument}"
        if key not in self._sets:
            self._sets[key] = self._reads(operator, argument)
        return self._sets[key]

    def _reads(self, operator: str, argument: Any) -> Callable[[str], bool]:
        match operator:
            case "LITERAL" | "NOT_LITERAL":
                self._edges.add(argument)
                wanted = chr(argument)
                return wanted.__eq__ if operator == "LITERAL" else wanted.__ne__
            case "ANY":
                return "\n".__ne__
            case "RANGE":
                low, high = map(chr, argument)
                self._edges |= set(argument)
                return lambda character: low <= character <= high
            case "CATEGORY" if str(argument) in _CATEGORIES:
                category = re.compile(_CATEGORIES[str(argument)], self._flags)
                return lambda character: category.match(character) is not None
            case "IN":
                negated = str(argument[0][0]) == "NEGATE"
                members = [self._reads(str(kind), what) for kind, what in argument[negated:]]
                if any(max(self._edges, default=0) > 0x7F and str(kind) == "CATEGORY" for kind, _ in argument):
                    raise _UnsupportedError  # a range beyond ASCII and a category: too many kinds of characters
                return lambda character: any(reads(character) for reads in members) is not negated
        raise _UnsupportedError


_POSITIONS = {
    "AT_BEGINNING": "begin",
    "AT_BEGINNING_STRING": "begin",
    "AT_END": "end",
    "AT_END_STRING": "end",
}


def _expression(source: str, ascii: bool) -> TextLanguage | None:
    try:
        parsed = importlib.import_module("re._parser").parse(source)
        plain = not parsed.state.flags & ~(re.UNICODE | re.ASCII)
        return _Automaton(parsed, ascii=ascii) if plain else None
    except (ImportError, re.error, _UnsupportedError, RecursionError, OverflowError, AttributeError):
        return None
