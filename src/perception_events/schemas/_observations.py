"""What was seen at one place of the events, kept in bounded memory: the first half of inference.

    {"id": "a1", "n": 1}, {"id": "b2"}   ->   objects 2; id: strings 2 {"a1": 1, "b2": 1}; n: integers 1

Observing values in any order, or in parts that are merged, leaves the same observations. So everything that is given up
to bound the memory (distinct strings, names) is given up by a count that order does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from perception_events.errors import PerceptionEventsError
from perception_events.json_values import InvalidJSONValueError
from perception_events.schemas._formats import ALL_FORMATS, NO_FORMAT, formats_of

__all__ = [
    "MAX_DEPTH",
    "MAX_DISTINCT",
    "MAX_NAMES",
    "MAX_OBSERVED_FIELDS",
    "Budget",
    "Observations",
    "TooManyFieldsError",
]

MAX_DISTINCT = 64
"""How many different strings of a field are counted; of more, none is."""
MAX_STRING = 128
"""Characters of a string that may be one of a closed set."""
MAX_NAMES = 256
"""How many members an object may have before their names are taken for data."""
MAX_DEPTH = 100
"""How deep values are described; deeper ones are anything. AWS's own discovery ignores events deeper than 255."""
MAX_OBSERVED_FIELDS = 1_000_000
"""How many fields one discoverer observes, all event types together: about 600 MB."""


class TooManyFieldsError(PerceptionEventsError, ValueError):
    """The events have more fields than can be observed."""

    def __init__(self) -> None:
        super().__init__(
            f"the events have more than {MAX_OBSERVED_FIELDS} different fields: "
            "names at several levels are data; infer from fewer events, or from one event type at a time"
        )


class Budget:
    """How many fields are observed so far."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields = 0

    def take(self) -> None:
        """Count one more.

        Raises:
            TooManyFieldsError: there are too many.
        """
        self.fields += 1
        if self.fields > MAX_OBSERVED_FIELDS:
            raise TooManyFieldsError


class Strings:
    """The strings seen at one place."""

    __slots__ = ("count", "distinct", "formats")

    def __init__(self) -> None:
        self.count = 0
        self.distinct: dict[str, int] | None = {}
        """Each string and how often it was seen; None once there are too many."""
        self.formats = ALL_FORMATS

    def add(self, text: str) -> None:
        self.count += 1
        distinct = self.distinct
        if distinct is not None:
            seen = distinct.get(text)
            if seen is not None:
                distinct[text] = seen + 1
                return
            if len(distinct) < MAX_DISTINCT and len(text) <= MAX_STRING:
                distinct[text] = 1
            else:
                self.distinct = None
        if self.formats:
            self.formats = formats_of(text, self.formats) if len(text) <= 2048 else NO_FORMAT

    def merge(self, other: Self) -> None:
        self.count += other.count
        self.formats &= other.formats
        if self.distinct is None or other.distinct is None:
            self.distinct = None
            return
        for text, count in other.distinct.items():
            self.distinct[text] = self.distinct.get(text, 0) + count
        if len(self.distinct) > MAX_DISTINCT:
            self.distinct = None


class Observations:
    """The values seen at one place, by kind."""

    __slots__ = (
        "arrays", "booleans", "budget", "count", "deep", "floats", "integers", "items", "members", "nulls", "objects",
        "only_names", "strings", "values",
    )  # fmt: skip

    def __init__(self, budget: Budget) -> None:
        budget.take()
        self.budget = budget
        self.count = 0
        self.nulls = self.booleans = self.integers = self.floats = 0
        self.deep = False
        """Whether something lay too deep to be looked at."""
        self.strings: Strings | None = None
        self.arrays = 0
        self.items: Observations | None = None
        self.objects = 0
        self.only_names = 0
        """How many of the objects had exactly one member: DynamoDB's attribute values have."""
        self.members: dict[str, Observations] | None = {}
        """The members by name; None once the names are taken for data."""
        self.values: Observations | None = None
        """All members of all names together, once the names are taken for data."""

    def add(self, value: Any, depth: int = 0) -> None:
        """Observe one value.

        Raises:
            InvalidJSONValueError: it is not of the kinds that JSON has.
            TooManyFieldsError: there are too many fields.
        """
        kind = type(value)
        self.count += 1
        if kind is str:
            if self.strings is None:
                self.strings = Strings()
            self.strings.add(value)
        elif kind is dict:
            self._add_object(value, depth)
        elif kind is int:
            self.integers += 1
        elif kind is bool:
            self.booleans += 1
        elif value is None:
            self.nulls += 1
        elif kind is list:
            self._add_array(value, depth)
        elif kind is float:
            self.floats += 1
        elif isinstance(value, Mapping):
            self._add_object(dict(value), depth)
        else:
            raise InvalidJSONValueError("", "a JSON value", value)

    def _add_array(self, value: list[Any], depth: int) -> None:
        self.arrays += 1
        if depth >= MAX_DEPTH:
            self.deep = True
        elif value:
            if self.items is None:
                self.items = Observations(self.budget)
            items = self.items
            for item in value:
                items.add(item, depth + 1)

    def _add_object(self, value: dict[str, Any], depth: int) -> None:
        self.objects += 1
        if len(value) == 1:
            self.only_names += 1
        if depth >= MAX_DEPTH:
            self.deep = True
            return
        depth += 1
        for name, member in value.items():
            if type(name) is not str:
                raise InvalidJSONValueError("", "names that are strings", name)
            self._member(name).add(member, depth)

    def _member(self, name: str) -> Observations:
        members = self.members
        if members is not None:
            known = members.get(name)
            if known is not None:
                return known
            if len(members) < MAX_NAMES:
                made = members[name] = Observations(self.budget)
                return made
            self._take_names_for_data()
        assert self.values is not None
        return self.values

    def _take_names_for_data(self) -> None:
        if self.members is not None:
            self.values = self.merged_members(self.budget)
            self.budget.fields -= sum(member._fields() for member in self.members.values())
            self.members = None

    def _fields(self) -> int:
        below = [self.items, self.values, *(self.members or {}).values()]
        return 1 + sum(each._fields() for each in below if each is not None)

    def merged_members(self, budget: Budget) -> Observations:
        """All members together, counted against `budget`."""
        merged = Observations(budget)
        for member in (self.members or {}).values():
            merged.merge(member)
        return merged

    def merge(self, other: Observations) -> None:
        """Add what `other` has observed."""
        self.count += other.count
        self.nulls += other.nulls
        self.booleans += other.booleans
        self.integers += other.integers
        self.floats += other.floats
        self.deep |= other.deep
        self.arrays += other.arrays
        self.objects += other.objects
        self.only_names += other.only_names
        if other.strings is not None:
            if self.strings is None:
                self.strings = Strings()
            self.strings.merge(other.strings)
        if other.items is not None:
            if self.items is None:
                self.items = Observations(self.budget)
            self.items.merge(other.items)
        if other.members is None:
            self._take_names_for_data()
        for name, member in (other.members or {}).items():
            self._member(name).merge(member)
        if other.values is not None:
            assert self.values is not None
            self.values.merge(other.values)
