"""A string that a field's list takes and a language of the asker has: how schemas ask about texts that they limit."""

from __future__ import annotations

from typing import Protocol

from perception_events.patterns.analysis._answers import Answer
from perception_events.patterns.analysis._budget import DEFAULT_STEPS, Budget, UndecidedError
from perception_events.patterns.analysis._groups import Group
from perception_events.patterns.analysis._inquiry import pattern_of
from perception_events.patterns.analysis._string_search import find_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from perception_events.patterns.analysis._inquiry import PatternSource

__all__ = ["TextLanguage", "string_within"]


class TextLanguage(Protocol):
    """A set of strings, as an automaton that reads them character by character."""

    @property
    def start(self) -> Any:
        """The state before the first character; a state that is false accepts nothing any more."""

    @property
    def characters(self) -> Iterable[str]:
        """The characters that the language tells apart by themselves."""

    def step(self, state: Any, character: str) -> Any:
        """The state after `character`."""

    def accepts(self, state: Any) -> bool:
        """Whether a string may end in `state`."""

    def representatives(self, named: set[str]) -> Iterable[str]:
        """Of the characters that are not `named`, at least one of each kind that the language tells apart."""


class _Language:
    """A language in the place of a field's list."""

    finite_texts: tuple[str, ...] | None = None
    values = ()
    blocks = ()

    def __init__(self, language: TextLanguage) -> None:
        self._language = language
        self.parts = [(language, False)]

    def passes(self, leaf: str) -> bool:
        """Whether a leaf, as the matcher spells it, is a string of the language."""
        state = self._language.start
        for character in leaf[1:-1]:
            if not state:
                return False
            state = self._language.step(state, character)
        return bool(state) and self._language.accepts(state)


def string_within(pattern: PatternSource, languages: Sequence[TextLanguage], *, steps: int = DEFAULT_STEPS) -> Answer:
    """Whether the one field of `pattern` takes a string that all `languages` have; the witness has it in that field.

    Args:
        pattern: a pattern of one field, or what `EventPattern.parse` reads.
        languages: what the string must be.
        steps: how much the answer may cost before it is unknown.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
        ValueError: the pattern has several fields.
    """
    read = pattern_of(pattern)
    if len(read.sub_rules) != 1 or len(read.sub_rules[0].fields) != 1:
        raise ValueError(f"the pattern must have one field, not {len(read.sub_rules[0].fields)}")
    ((path, values),) = read.sub_rules[0].fields
    literals: list[Any] = [(Group(values), True), *((_Language(language), True) for language in languages)]
    try:
        text = find_string(literals, Budget(steps))
    except UndecidedError as error:
        return Answer(None, reason=str(error))
    if text is None:
        return Answer(False)
    event: Any = text
    for name in reversed(path.split(".")):
        event = {name: event}
    return Answer(True, event)
