"""What the lists of an index hold: numbers of rules that match, sub-rules to be tested, indexes that split a list."""

from __future__ import annotations

from bisect import bisect_left, insort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from perception_events.patterns._fields import FieldTree
    from perception_events.patterns._matching import CompiledFields
    from perception_events.patterns.index._field import IndexedField
    from perception_events.patterns.index._nested_index import NestedIndex

    Posting: TypeAlias = "int | Candidate | NestedIndex"
    Postings: TypeAlias = list[Any]
    """Numbers of rules in order; or candidates in the order of their entries; or one `NestedIndex` alone."""

__all__ = ["Candidate", "Entry", "Posting", "Postings", "find_posting", "insert_posting", "place_of"]


class Entry(list[int]):
    """A sub-rule, as the numbers of the rules that have it: rules that say the same are tested together."""

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


def find_posting(postings: Postings, place: int) -> int:
    """Where a number, or the candidate whose entry has the serial number `place`, is in a list in order."""
    return bisect_left(postings, place, key=place_of)


def insert_posting(postings: Postings, posting: Posting) -> None:
    """Insert into a list in order; nearly always at the end."""
    if not postings or place_of(postings[-1]) < place_of(posting):
        postings.append(posting)
    else:
        insort(postings, posting, key=place_of)


def place_of(posting: Posting) -> int:
    """Where a posting belongs in a list in order: a number by itself, a candidate by its entry's serial number."""
    return posting.entry.serial if type(posting) is Candidate else posting  # type: ignore[return-value]
