"""The first step of pipes and event source mappings: up to five event patterns, of which one must match a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from perception_events.aws_limits import LIMITS
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import Dialect, EventPattern, Mismatch, PartialPattern, RuleExplanation
from perception_events.pipes._errors import InvalidPipeError

__all__ = ["Filter", "FilterCriteria"]

_LIMIT = LIMITS["pipe filters"]


class Matcher(Protocol):
    """Anything that says whether it matches a record."""

    def matches(self, event: Mapping[str, JSONValue], /) -> bool:
        """Whether `event` matches."""
        ...


Filter: TypeAlias = str | bytes | Mapping[str, Any] | Matcher | PartialPattern
"""An event pattern as text, as a mapping, parsed, with unknown parts, or anything else that has `matches`."""


class FilterCriteria:
    """Filters, ORed; without filters every record passes. `dialect` is the pipe's or the event source mapping's.

    Raises:
        InvalidPipeError: there are more than five, or one pattern was given in place of a list.
        InvalidEventPatternError: a filter is not a pattern that the dialect accepts.
    """

    def __init__(self, filters: Sequence[Filter] = (), *, dialect: Dialect = Dialect.PIPE) -> None:
        if isinstance(filters, str | bytes | Mapping):
            raise InvalidPipeError("filters is one pattern; give a list, [pattern]")
        if not _LIMIT.allows(len(filters)):
            raise InvalidPipeError(f"{len(filters)} filters; {_LIMIT.words} are allowed (they are ORed)")
        parsed = [
            EventPattern.parse(each, dialect=dialect) if isinstance(each, str | bytes | Mapping) else each
            for each in filters
        ]
        self.filters: tuple[Matcher | PartialPattern, ...] = tuple(parsed)
        self._certain = tuple(each for each in parsed if not isinstance(each, PartialPattern))
        self._partial = tuple(each for each in parsed if isinstance(each, PartialPattern))

    def passes(self, record: JSONObject) -> bool:
        """Whether one of the filters surely matches `record`."""
        if not self.filters:
            return True
        for certain in self._certain:
            if certain.matches(record):
                return True
        return any(f.verdict(record) for f in self._partial) if self._partial else False

    def depends_on(self, record: JSONObject) -> tuple[str, ...]:
        """For a record that does not surely pass: the expressions that decide whether it does; empty if it does not."""
        if not self._partial:
            return ()
        undecided = (f for f in self._partial if f.verdict(record) is None)
        return tuple(dict.fromkeys(expression for f in undecided for expression in f.depends_on))

    def explain(self, record: JSONObject) -> Iterator[RuleExplanation]:
        """Why no filter matches `record`, by `filter 1`, `filter 2`, ...; a single filter has no name."""
        for number, each in enumerate(self.filters, 1):
            if isinstance(each, EventPattern | PartialPattern):
                mismatches: Sequence[Mismatch] = each.explain(record)
                yield RuleExplanation(f"filter {number}" if len(self.filters) > 1 else "", tuple(mismatches))
