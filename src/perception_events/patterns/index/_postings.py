"""What stands in the lists of an index: sub-rules that match, sub-rules to be tested, and indexes that split a list."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from perception_events.patterns._fields import FieldTree
    from perception_events.patterns._matching import CompiledFields
    from perception_events.patterns.index._field import IndexedField
    from perception_events.patterns.index._nested_index import NestedIndex

    Posting: TypeAlias = "Entry | Candidate | NestedIndex"
    Postings: TypeAlias = list[Any]
    """Postings in the order of their serial numbers; or one `NestedIndex` alone."""

__all__ = ["Candidate", "Entry", "Posting", "Postings", "find_posting"]


class Entry(list[int]):
    """A sub-rule, as the numbers of the rules that have it: rules that say the same are found and tested together.

    Where its key implies that it matches, it stands in the lists itself.
    """

    __slots__ = ("compiled", "fields", "serial", "tree")

    def __init__(self, serial: int, fields: tuple[IndexedField, ...], number: int) -> None:
        super().__init__((number,))
        self.serial = serial
        """Grows from entry to entry: lists are in this order."""
        self.fields = fields
        self.tree: FieldTree | None = None
        """Its own where it reads events differently from the others."""
        self.compiled: CompiledFields = ()
        """The fields for the general way; empty until they are asked for."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__  # type: ignore[assignment]

    def general_fields(self) -> CompiledFields:
        """The fields for `matches`."""
        if not self.compiled:
            self.compiled = tuple((field.path, field.passes, field.absence) for field in self.fields)
        return self.compiled


class Candidate:
    """An entry that must be tested where it is found: what its keys have not decided, the likeliest to miss first."""

    __slots__ = ("checks", "entry")

    def __init__(self, entry: Entry, checks: tuple[IndexedField, ...]) -> None:
        self.entry = entry
        self.checks = checks

    @property
    def serial(self) -> int:
        """Its entry's."""
        return self.entry.serial


_serial = attrgetter("serial")


def find_posting(postings: Postings, serial: int) -> int:
    """Where the posting `serial` is in a list in order."""
    return bisect_left(postings, serial, key=_serial)
