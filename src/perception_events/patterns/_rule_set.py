"""`RuleSet`: many named patterns asked at once."""

from __future__ import annotations

import itertools
from _thread import allocate_lock  # `threading` costs a cold start half a millisecond
from collections.abc import Iterator, Mapping
from functools import partial

from perception_events.errors import DeclarationError
from perception_events.patterns._dialects import Dialect
from perception_events.patterns._event_pattern import EventPattern, checked_event
from perception_events.patterns._nearest_rules import RuleExplanation, nearest_rules
from perception_events.patterns.index import RuleIndex, text_matcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from perception_events.patterns.index import TextMatcher

__all__ = ["DuplicateRuleError", "RuleSet", "UnknownRuleError"]


FEW_RULES = 4
"""Up to so many rules are asked one by one: the function that each pattern has of its own is quicker than an index."""
FEW_VALUES = 32
"""A rule with more values than these is one for the index, as is one with `$or`."""
EVENTS_BEFORE = 256
"""A pattern's own function takes a millisecond to make, so sets that see fewer events use the index all the same."""


class DuplicateRuleError(DeclarationError, ValueError):
    """A rule of that name is there already."""


class UnknownRuleError(DeclarationError, KeyError):
    """No rule has that name."""

    def __str__(self) -> str:
        return str(self.args[0])


class RuleSet:
    """Rules by name. Each answers as it would alone.

    Raises:
        InvalidEventPatternError: a pattern is rejected; the rule is named in a note.
    """

    def __init__(
        self,
        rules: Mapping[str, EventPattern | Mapping[str, Any] | str] | None = None,
        *,
        dialect: Dialect = Dialect.EVENT_BUS,
    ) -> None:
        self.dialect = dialect
        self._patterns: dict[str, EventPattern] = {}
        self._numbers = itertools.count()
        self._index = RuleIndex()
        self._few: tuple[tuple[str, EventPattern], ...] = ()
        """All rules, while they are few and simple; replaced as a whole, since other threads read it."""
        self._seen = 0
        """Events that such a set has seen, up to `EVENTS_BEFORE`; a count that threads spoil is as good."""
        self._changing = allocate_lock()
        for name, pattern in (rules or {}).items():
            self.add(name, pattern)

    def add(self, name: str, pattern: EventPattern | Mapping[str, Any] | str) -> None:
        """Add a rule; safe while other threads match.

        Raises:
            DuplicateRuleError: the name is taken.
            InvalidEventPatternError: the pattern is rejected.
        """
        if not isinstance(pattern, EventPattern):
            try:
                pattern = EventPattern.parse(pattern, dialect=self.dialect)
            except ValueError as error:
                error.add_note(f"in rule {name!r}")
                raise
        with self._changing:
            if name in self._patterns:
                raise DuplicateRuleError(f"a rule called {name!r} is there already; remove it first")
            self._patterns[name] = pattern
            self._index.add(name, next(self._numbers), pattern.sub_rules)
            self._note_few()

    def remove(self, name: str) -> None:
        """Remove a rule; safe while other threads match.

        Raises:
            UnknownRuleError: there is none of that name.
        """
        with self._changing:
            if name not in self._patterns:
                raise UnknownRuleError(f"no rule is called {name!r}")
            self._index.remove(name)
            del self._patterns[name]
            self._note_few()

    def _note_few(self) -> None:
        few = len(self._patterns) <= FEW_RULES and all(map(_is_simple, self._patterns.values()))
        self._few = tuple(self._patterns.items()) if few else ()

    def matching_rules(self, event: Mapping[str, Any]) -> list[str]:
        """The names of the rules that match a parsed event, in order of addition.

        Raises:
            InvalidJSONValueError: as `EventPattern.matches`.
        """
        few = self._few
        if few:
            if self._seen >= EVENTS_BEFORE:
                return [name for name, pattern in few if pattern.matches(event)]
            self._seen += 1
        return self._index.matching(event if type(event) is dict else checked_event(event))

    def matching_rules_json(self, text: str | bytes) -> list[str]:
        """The names of the rules that match the event in `text`, in order of addition.

        Raises:
            InvalidEventError: it is not JSON, or no object.
        """
        return self._index.matching_text(text)

    def text_matcher(self, fields: Sequence[str] = (), *, absent: Iterable[str] = ()) -> TextMatcher | None:
        """What matches many event texts: each is read once, for the rules and for `fields` of the envelope.

        With msgspec (the extra `[fast]`) what no rule names is skipped. None where it is not installed, or where the
        rules need more of an event than it reads. It leaves some texts to `matching_rules_json`: what is not plain, or
        not an event; and every text once a rule has come or gone.

        Args:
            fields: names of fields of the event itself, such as "time".
            absent: names of fields with which a text is not read, as it may be something other than an event.

        >>> matcher = RuleSet({"paid": {"detail": {"state": ["PAID"]}}}).text_matcher(["time"])
        >>> matcher.match(b'{"time": "2025-07-15T00:11:08Z", "detail": {"state": "PAID"}}') if matcher else "no msgspec"
        (['paid'], ['2025-07-15T00:11:08Z'])
        """
        return text_matcher(self._index, fields, absent)

    def explain(self, event: Mapping[str, Any], *, limit: int | None = 5) -> list[RuleExplanation]:
        """Why rules do not match a parsed event: the nearest first, which is the likeliest to have been meant.

        Nearest is: something holds or is a slip, then fewest fields at fault (a slip counts half), then most fields
        that hold. Rules that match are not in the list.
        `limit`: at most so many rules; None for all.

        Raises:
            InvalidJSONValueError: as `EventPattern.matches`.
        """
        return nearest_rules(self._patterns, event, limit)

    def candidates(self, event: Mapping[str, Any]) -> int:
        """How many rules (with `$or`: branches) are looked at for a parsed event, those that match included.

        A measure of how well the rules can be told apart, beside the number of matches; it costs as much as to match.
        """
        return self._index.candidates(event if type(event) is dict else checked_event(event))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as its rules: the index is built again."""
        with self._changing:
            return partial(type(self), dialect=self.dialect), (dict(self._patterns),)

    def __getitem__(self, name: str) -> EventPattern:
        return self._patterns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._patterns)

    def __len__(self) -> int:
        return len(self._patterns)

    def __contains__(self, name: object) -> bool:
        return name in self._patterns


def _is_simple(pattern: EventPattern) -> bool:
    return len(pattern.sub_rules) == 1 and sum(len(values) for _, values in pattern.sub_rules[0].fields) <= FEW_VALUES
