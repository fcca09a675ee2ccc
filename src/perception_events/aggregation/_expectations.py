"""What a join may expect in a group: members by name, a number of them, what a manifest says, what a function says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from perception_events.aggregation._errors import InvalidExpectationError
from perception_events.aggregation._grouping import GroupPart
from perception_events.aggregation._keys import UNGROUPED, JoinKey, escaped, unescaped
from perception_events.errors import describe
from perception_events.item_names import ItemNames
from perception_events.sort_keys import SEPARATOR, SortKey

if TYPE_CHECKING:
    from perception_events.aggregation._join import Join

__all__ = [
    "AskedMembers",
    "Expectation",
    "Expected",
    "Manifest",
    "MemberCount",
    "NamedMembers",
    "expectation_of",
]

Expected: TypeAlias = frozenset[str] | int | None
"""Who is expected in one group: members by name, a number of any members, or None while it is not known."""

ManifestReader: TypeAlias = Callable[[str, str, str], Expected]
"""Reads a manifest by its partition key, sort key and attribute, as `JoinStore.manifest` does."""


class Expectation(ABC):
    """Who is expected in the groups of one join, whatever form it was declared in."""

    __slots__ = ()

    @property
    def fixed(self) -> Expected:
        """Who is expected in every group; None where it differs from group to group."""
        return None

    @abstractmethod
    def of(self, join: Join, key: JoinKey, manifest: ManifestReader) -> Expected:
        """Who is expected in the group `key`. `manifest` reads a manifest.

        Raises:
            InvalidExpectationError: the manifest, or what the function returned, says neither members nor a number.
        """

    @abstractmethod
    def words(self) -> str:
        """Who is expected, in a few words."""

    def error(self, join: Join) -> str | None:
        """Why `join` cannot expect this; None where it can."""
        return None


@dataclass(frozen=True, slots=True)
class NamedMembers(Expectation):
    """All of these members."""

    names: frozenset[str]

    @property
    def fixed(self) -> frozenset[str]:
        return self.names

    def of(self, join: Join, key: JoinKey, manifest: ManifestReader) -> frozenset[str]:
        return self.names

    def words(self) -> str:
        return ", ".join(sorted(self.names)) if len(self.names) <= 2 else f"all {len(self.names)}"

    def error(self, join: Join) -> str | None:
        if len(join.event_types) == 1:
            return None
        for member in sorted(self.names):
            if member.split(SEPARATOR)[0] not in join.event_types:
                return (
                    "it can never complete: with several event types a member starts with its event type, and "
                    f"{member!r} starts with none of {', '.join(join.event_types)}"
                )
        return None


@dataclass(frozen=True, slots=True)
class MemberCount(Expectation):
    """A number of members, whoever they are."""

    count: int

    @property
    def fixed(self) -> int:
        return self.count

    def of(self, join: Join, key: JoinKey, manifest: ManifestReader) -> int:
        return self.count

    def words(self) -> str:
        return f"any {self.count}"


@dataclass(frozen=True, slots=True)
class Manifest(Expectation):
    """An item of the event table that says who is expected: a set or list of names, or a number.

    `event_type`: of the item. `attribute`: its attribute with the names or the number.
    `group_by`: the parts of the join's group that its key has, `date#event_type[#...]` after the partition key; by
    default one manifest serves a site's whole day. Where a join does not group by the partition key, or the prefix, `-`
    stands there. Until the item is there the join waits.
    """

    event_type: str
    attribute: str = "members"
    group_by: tuple[GroupPart, ...] = ("site", "date")

    def of(self, join: Join, key: JoinKey, manifest: ManifestReader) -> Expected:
        return manifest(key.site, self.sort_key(join, key), self.attribute)

    def words(self) -> str:
        return f"as {self.event_type} says"

    def error(self, join: Join) -> str | None:
        if all(part in join.group_by for part in self.group_by):
            return None
        return f"the manifest's group_by={self.group_by!r} must name parts of the join's own group_by={join.group_by!r}"

    def sort_key(self, join: Join, key: JoinKey) -> str:
        """The sort key of the manifest that serves the group `key` of `join`."""
        values = join.values(key)
        segments = (self.event_type, *(escaped(values[part]) for part in self.group_by if part in values))
        return SEPARATOR.join((key.date, *segments) if key.date else segments)

    def group(self, join: Join, site: str, sort_key: SortKey, names: ItemNames | None = None) -> JoinKey | None:
        """A group of `join` that the manifest item `sort_key` serves, with `""` for parts that it does not name.

        None where the item is not a manifest of this join: it has other parts, or lies in a partition of its own.
        """
        grouping = join.grouping(names or ItemNames(key_format=sort_key.key_format))
        named = [part for part in self.group_by if part in grouping.parts]
        if len(sort_key.segments) != len(named) + 1 or (site != UNGROUPED and not grouping.by_partition_key):
            return None
        values = dict(zip(named, map(unescaped, sort_key.segments[1:]), strict=True))
        return JoinKey(join.name, site, sort_key.prefix, tuple(values.get(part, "") for part in grouping.parts))


@dataclass(frozen=True, slots=True)
class AskedMembers(Expectation):
    """Whom a function names, or how many, for each group."""

    function: Callable[[JoinKey], Iterable[str] | int]

    def of(self, join: Join, key: JoinKey, manifest: ManifestReader) -> Expected:
        try:
            returned = self.function(key)
        except Exception as error:
            error.add_note(f"raised by expects= of join {join.name!r} for the group {key}")
            raise
        return _members_or_count(returned, f"join {join.name!r}: expects({key}) returned")

    def words(self) -> str:
        return "as a function says"


def expectation_of(expects: object, where: str) -> Expectation:
    """What a user wrote as a join's `expects`; `where` begins the error message.

    Raises:
        InvalidExpectationError: it is none of the forms that `Join` lists.
    """
    if isinstance(expects, Expectation):
        return expects
    if callable(expects):
        return AskedMembers(expects)
    try:
        found = _members_or_count(expects, where)
    except InvalidExpectationError as error:
        raise InvalidExpectationError(f"{error}; or a Manifest, or a callable") from None
    return MemberCount(found) if isinstance(found, int) else NamedMembers(found)


def _members_or_count(found: object, where: str) -> frozenset[str] | int:
    if isinstance(found, int) and not isinstance(found, bool) and found >= 1:
        return int(found)
    if isinstance(found, Iterable) and not isinstance(found, (str, bytes, Mapping)):
        members = list(found)
        if members and all(isinstance(member, str) and member for member in members):
            return frozenset(members)
        found = members
    if isinstance(found, str):
        raise InvalidExpectationError(f"{where} one text, {describe(found)}; for one member write a set of it")
    raise InvalidExpectationError(
        f"{where} {describe(found)}, so no event could complete it; a collection of at least one member's name or a "
        "whole number of at least 1 is needed"
    )
