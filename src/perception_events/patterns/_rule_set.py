"""`RuleSet`: many named patterns asked at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perception_events.errors import PerceptionEventsError
from perception_events.patterns._dialects import Dialect
from perception_events.patterns._event_pattern import EventPattern
from perception_events.patterns._event_text import read_event

__all__ = ["DuplicateRuleError", "RuleSet", "UnknownRuleError"]


class DuplicateRuleError(PerceptionEventsError, ValueError):
    """A rule of that name is there already."""


class UnknownRuleError(PerceptionEventsError, KeyError):
    """No rule has that name."""

    def __str__(self) -> str:
        return str(self.args[0])


class RuleSet:
    """Rules by name. Each answers as it would alone.

    Raises:
        InvalidEventPatternError: a pattern is refused; the rule is named in a note.
    """

    def __init__(
        self,
        rules: Mapping[str, EventPattern | Mapping[str, Any] | str] | None = None,
        *,
        dialect: Dialect = Dialect.EVENT_BUS,
    ) -> None:
        self.dialect = dialect
        self._patterns: dict[str, EventPattern] = {}
        for name, pattern in (rules or {}).items():
            self.add(name, pattern)

    def add(self, name: str, pattern: EventPattern | Mapping[str, Any] | str) -> None:
        """Add a rule; safe while other threads match.

        Raises:
            DuplicateRuleError: the name is taken.
            InvalidEventPatternError: the pattern is refused.
        """
        if name in self._patterns:
            raise DuplicateRuleError(f"a rule called {name!r} is there already; remove it first")
        if not isinstance(pattern, EventPattern):
            try:
                pattern = EventPattern.parse(pattern, dialect=self.dialect)
            except ValueError as error:
                error.add_note(f"in rule {name!r}")
                raise
        self._patterns = {**self._patterns, name: pattern}

    def remove(self, name: str) -> None:
        """Remove a rule; safe while other threads match.

        Raises:
            UnknownRuleError: there is none of that name.
        """
        if name not in self._patterns:
            raise UnknownRuleError(f"no rule is called {name!r}")
        self._patterns = {other: pattern for other, pattern in self._patterns.items() if other != name}

    def matching_rules(self, event: Mapping[str, Any]) -> list[str]:
        """The names of the rules that match a parsed event, in order of addition.

        Raises:
            TypeError: as `EventPattern.matches`.
        """
        return [name for name, pattern in self._patterns.items() if pattern.matches(event)]

    def matching_rules_json(self, text: str | bytes) -> list[str]:
        """The names of the rules that match the event in `text`, in order of addition.

        Raises:
            InvalidEventError: it is not JSON, or no object.
        """
        event = read_event(text)
        return [name for name, pattern in self._patterns.items() if pattern._matches(event)]

    def __getitem__(self, name: str) -> EventPattern:
        return self._patterns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._patterns)

    def __len__(self) -> int:
        return len(self._patterns)

    def __contains__(self, name: object) -> bool:
        return name in self._patterns
