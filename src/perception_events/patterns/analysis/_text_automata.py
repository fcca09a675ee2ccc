"""Finite automata of what a field's list says about strings: the alphabet that `_string_search` walks.

A string leaf is its text between quotes, as the matcher sees it. An automaton starts behind the opening quote; that a
text may end is asked by feeding it the closing one. So `{"suffix": "\\"x"}` is read as the engine reads it.
"""

from __future__ import annotations

from typing import assert_never

from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import address_digits
from perception_events.patterns._values import as_octets, case_forms, wildcard_pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TextAutomaton", "is_surrogate", "negated_texts", "text_automaton"]

_SURROGATE = "any surrogate"
"""The key of moves that every lone surrogate makes: in octets it is a question mark."""


def is_surrogate(character: str) -> bool:
    """Whether `character` is a UTF-16 unit that is no character alone."""
    return "\ud800" <= character <= "\udfff"


class TextAutomaton:
    """A nondeterministic automaton whose set of states is the bits of an int; 0 accepts nothing any more."""

    __slots__ = (
        *("_begins", "_forks", "_loops", "_memo", "_moves", "_shifts", "_states"),
        *("accepting", "characters", "start", "universal"),
    )

    def __init__(self) -> None:
        self._moves: dict[str, list[tuple[int, int]]] = {}
        self._forks: dict[str, list[tuple[int, int]]] = {}
        self._shifts: dict[str, list[tuple[int, int]]] = {}
        self._loops = 0
        self._memo: dict[tuple[int, str], int] = {}
        self._begins = 1
        self._states = 1
        self.accepting = 0
        self.universal = 0
        """States from which every text is accepted."""
        self.characters: set[str] = set()
        self.start = 0

    def finish(self) -> TextAutomaton:
        """Read the opening quote; the automaton may be used from now on, and no more be added to.

        Places that follow each other have numbers that do: with hundreds of texts, most moves of a character are one
        shift of the whole set. Places with several ways for a character are kept apart.
        """
        for character, moves in self._moves.items():
            ways: dict[int, int] = {}
            for source, target in moves:
                ways[source] = ways.get(source, 0) | 1 << target
            sources: dict[int, int] = {}
            for source, targets in ways.items():
                if targets.bit_count() == 1:
                    shift = targets.bit_length() - 1 - source
                    sources[shift] = sources.get(shift, 0) | 1 << source
                else:
                    self._forks.setdefault(character, []).append((1 << source, targets))
            self._shifts[character] = list(sources.items())
        self._moves.clear()
        self.start = self.step(self._begins, '"')
        return self

    def step(self, state: int, character: str) -> int:
        """The states after `character`."""
        known = self._memo.get((state, character))
        if known is not None:
            return known
        following = state & self._loops | self._moved(state, character)
        if is_surrogate(character):
            following |= self._moved(state, _SURROGATE)
        self._memo[state, character] = following
        return following

    def _moved(self, state: int, character: str) -> int:
        following = 0
        for shift, sources in self._shifts.get(character, ()):
            moving = state & sources
            following |= moving << shift if shift >= 0 else moving >> -shift
        for source, targets in self._forks.get(character, ()):
            if state & source:
                following |= targets
        return following

    def accepts(self, state: int) -> bool:
        """Whether the text may end here."""
        return bool(self.step(state, '"') & self.accepting)

    # What follows adds texts. A place is the number of a state; place 0 is before the opening quote.

    def literal(self, place: int, text: str, *, octets: bool) -> int:
        """Add `text` after `place`; returns the place behind it."""
        for character in text:
            following = self._new()
            self._move(place, character, following, octets=octets)
            place = following
        return place

    def any_case(self, place: int, text: str) -> int:
        """Add every form of each character."""
        for character in text:
            end = self._new()
            for form in case_forms(character):
                before = self.literal(place, form[:-1], octets=True)
                self._move(before, form[-1], end, octets=True)
            place = end
        return place

    def gap(self, place: int) -> int:
        """Let any text stand at `place`."""
        self._loops |= 1 << place
        return place

    def anywhere(self) -> int:
        """A place of its own before which any text may stand."""
        place = self._new()
        self._begins |= 1 << place
        return self.gap(place)

    def accept(self, place: int) -> None:
        """Let a leaf end at `place`."""
        self.accepting |= 1 << place

    def accept_all(self, place: int) -> None:
        """Let anything follow `place`."""
        self.gap(place)
        self.accepting |= 1 << place
        self.universal |= 1 << place

    def _new(self) -> int:
        self._states += 1
        return self._states - 1

    def _move(self, place: int, character: str, target: int, *, octets: bool) -> None:
        self.characters.add(character)
        self._moves.setdefault(character, []).append((place, target))
        if octets and character == "?":
            self._moves.setdefault(_SURROGATE, []).append((place, target))


def text_automaton(values: Sequence[ast.ValuePattern]) -> TextAutomaton:
    """What the positive values among `values` accept; addresses and anything-but are read elsewhere."""
    automaton = TextAutomaton()
    for value in values:
        match value:
            case ast.String() if address_digits(value.value) is None:
                automaton.accept(automaton.literal(0, f'"{value.value}"', octets=False))
            case ast.Exactly():
                automaton.accept(automaton.literal(0, f'"{value.value}"', octets=False))
            case ast.Prefix() if value.ignore_case:
                automaton.accept_all(automaton.any_case(0, f'"{value.value}'))
            case ast.Prefix():
                automaton.accept_all(automaton.literal(0, as_octets(f'"{value.value}'), octets=True))
            case ast.Suffix():
                _add_suffix(automaton, value.value, ignore_case=value.ignore_case)
            case ast.EqualsIgnoreCase():
                automaton.accept(automaton.any_case(0, f'"{value.value}"'))
            case ast.Wildcard():
                _add_wildcard(automaton, value.value)
            case ast.Exists() if value.present:
                automaton.accept_all(automaton.anywhere())
            case ast.String() | ast.Cidr() | ast.AnythingBut() | ast.AnythingButOperator() | ast.Exists():
                pass  # read elsewhere, or of no string
            case ast.Number() | ast.Literal() | ast.Numeric():
                pass
            case _:
                assert_never(value)
    return automaton.finish()


def negated_texts(value: ast.AnythingBut | ast.AnythingButOperator) -> TextAutomaton:
    """The strings that an anything-but does not take."""
    automaton = TextAutomaton()
    if isinstance(value, ast.AnythingBut):
        for text in () if value.numeric else value.values:
            automaton.accept(automaton.literal(0, as_octets(f'"{text}"'), octets=True))
        return automaton.finish()
    for text in value.values:
        if value.inner == "prefix":
            automaton.accept_all(automaton.literal(0, as_octets(f'"{text}'), octets=True))
        elif value.inner == "suffix":
            _add_suffix(automaton, text, ignore_case=False)
        elif value.inner == "wildcard":
            _add_wildcard(automaton, text)
        else:
            automaton.accept(automaton.any_case(0, f'"{text}"'))
    return automaton.finish()


def _add_suffix(automaton: TextAutomaton, text: str, *, ignore_case: bool) -> None:
    place = automaton.anywhere()
    if not text:
        automaton.accept_all(place)
    elif ignore_case:
        automaton.accept(automaton.literal(automaton.any_case(place, text), '"', octets=True))
    else:
        automaton.accept(automaton.literal(place, as_octets(f'{text}"'), octets=True))


def _add_wildcard(automaton: TextAutomaton, text: str) -> None:
    first, *rest = wildcard_pieces(text)
    place = automaton.literal(0, first, octets=True)
    for piece in rest:
        automaton.gap(place)
        if piece == '"':  # the last: a leaf ends with a quote in any case
            automaton.accept_all(place)
            return
        place = automaton.literal(place, piece, octets=True)
    automaton.accept(place)
