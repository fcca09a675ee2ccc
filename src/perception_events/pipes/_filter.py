"""The pipe's first step: up to five event patterns, of which one must match a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import Dialect, EventPattern
from perception_events.pipes._errors import InvalidPipeError

__all__ = ["MAXIMUM_FILTERS", "Filter", "FilterCriteria"]

MAXIMUM_FILTERS = 5
"""Filters of one pipe. AWS: service model `pipes`, `FilterList`."""


class Matcher(Protocol):
    """Anything that says whether it matches a record."""

    def matches(self, event: Mapping[str, JSONValue], /) -> bool:
        """Whether `event` matches."""
        ...


Filter: TypeAlias = str | bytes | Mapping[str, Any] | Matcher
"""An event pattern as text, as a mapping, parsed, or anything else that has `matches`."""


class FilterCriteria:
    """The filters of a pipe, ORed; without filters every record passes.

    Raises:
        InvalidPipeError: there are more than five, or one pattern was given in place of a list.
        InvalidEventPatternError: a filter is not a pattern that pipes accept.
    """

    def __init__(self, filters: Sequence[Filter]) -> None:
        if isinstance(filters, str | bytes | Mapping):
            raise InvalidPipeError("filter_criteria is one pattern; give a list, [pattern]")
        if len(filters) > MAXIMUM_FILTERS:
            raise InvalidPipeError(f"{len(filters)} filters; a pipe takes at most {MAXIMUM_FILTERS} (they are ORed)")
        self.filters: tuple[Matcher, ...] = tuple(_parsed(f) for f in filters)

    def passes(self, record: JSONObject) -> bool:
        """Whether one of the filters matches `record`."""
        if not self.filters:
            return True
        return any(f.matches(record) for f in self.filters)

    def misses(self, record: JSONObject) -> tuple[str, ...]:
        """Why no filter matched `record`: one line a field that missed, as the patterns explain it."""
        lines: list[str] = []
        for number, each in enumerate(self.filters, 1):
            prefix = f"filter {number}: " if len(self.filters) > 1 else ""
            explained = each.explain(record) if isinstance(each, EventPattern) else ()
            lines.extend(f"{prefix}{miss}" for miss in explained)
        return tuple(lines)


def _parsed(source: Filter) -> Matcher:
    if isinstance(source, str | bytes | Mapping):
        return EventPattern.parse(source, dialect=Dialect.PIPE)
    return source
