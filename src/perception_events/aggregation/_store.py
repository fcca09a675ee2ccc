"""What a store must do: one commutative write for members, one compare-and-set for transitions, and four reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

from perception_events.aggregation._expectations import Expected
from perception_events.aggregation._keys import JoinKey
from perception_events.aggregation._state import JoinState, Member

__all__ = ["Attribute", "Commit", "JoinStore", "LimitedJoinStore", "OutboxItem", "Recorded", "UnreadableGroup"]

Attribute: TypeAlias = str | int | frozenset[str] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """An item that is written together with a transition; its stream record carries the news on.

    `attributes` hold neither the keys nor the TTL.
    """

    site: str
    sort_key: str
    attributes: Mapping[str, Attribute]
    expires_at: int


@dataclass(frozen=True, slots=True)
class UnreadableGroup:
    """An item in a group's place that does not hold the state of one, and why; somebody else has written it."""

    site: str
    sort_key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.site} {self.sort_key}"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The state after a member's news, and whether that news was new."""

    state: JoinState
    changed: bool


class Commit(StrEnum):
    """What became of a transition."""

    DONE = "DONE"
    CONFLICT = "CONFLICT"
    """The stored revision is another: read and decide again."""
    EXISTS = "EXISTS"
    """The revision is right, but an item of the outbox is there already."""


@runtime_checkable
class JoinStore(Protocol):
    """Where the state of joins is kept. `perception_events.testing` has the checks for a store of your own.

    All reads give what the last finished write left (on DynamoDB: consistent reads).
    """

    def record(self, opening: JoinState, name: str, member: Member) -> Recorded:
        """Open the group as `opening` (which has no members) unless it is there, and note `member` if it is newer.

        One atomic step. `member` is noted when `member.supersedes(known)`; that adds 1 to the revision. Whatever is
        recorded after a trigger leaves the trigger alone.
        """
        ...

    def commit(self, before: JoinState, after: JoinState, outbox: Sequence[OutboxItem] = ()) -> Commit:
        """Replace `before` by `after` with revision `before.revision + 1`, and put the outbox items: all or nothing.

        Nothing is written, and `CONFLICT` returned, unless the stored revision is `before.revision`; nothing is
        written, and `EXISTS` returned, when one of the outbox items is there already.
        """
        ...

    def load(self, key: JoinKey) -> JoinState | None:
        """The state of one group."""
        ...

    def open_states(self, group: JoinKey | None = None) -> Iterable[JoinState | UnreadableGroup]:
        """Every group that has not triggered; with `group` only those of its join, site and day.

        A damaged one is given as such, and does not hide the others.
        """
        ...

    def states(self, site: str, date: str, join: str | None = None) -> Iterable[JoinState | UnreadableGroup]:
        """Every group of a site and day (`YYYY-MM-DD`), of one join or of all."""
        ...

    def manifest(self, site: str, sort_key: str, attribute: str) -> Expected:
        """What the manifest item lists, or None where the item or the attribute is not there.

        Raises:
            InvalidExpectationError: the item lists something else; the message names its key.
        """
        ...


@runtime_checkable
class LimitedJoinStore(Protocol):
    """A `JoinStore` whose groups have a largest size; an `Aggregator` asks it before a group is in trouble."""

    def capacity_problem(self, key: JoinKey, expected: Expected) -> str | None:
        """Why a group that expects these members cannot be kept; None where it can, as far as that can be told."""
        ...
