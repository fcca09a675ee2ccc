"""What is recorded of one group: its members, each with the newest version seen, and what became of the group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from perception_events.aggregation._expectations import Expected
from perception_events.aggregation._keys import JoinKey

__all__ = ["COMPLETED", "JoinState", "Member", "TriggerReason", "is_complete", "missing_members"]

COMPLETED = "COMPLETED"


class TriggerReason(StrEnum):
    """Why a join triggered."""

    COMPLETE = "COMPLETE"
    DEADLINE = "DEADLINE"
    QUORUM = "QUORUM"


@dataclass(frozen=True, slots=True)
class Member:
    """The newest that is known of one member: its item's status, the version of that news, when we recorded it.

    `version` orders by plain text comparison; `at` is in epoch seconds.
    """

    status: str
    version: str
    at: float

    def supersedes(self, known: Member | None) -> bool:
        """Whether this is newer than what is known; a duplicate is not."""
        return known is None or self.version > known.version


@dataclass(frozen=True, slots=True)
class JoinState:
    """One group as a store holds it; times are epoch seconds.

    `revision` counts the writes: a transition is written only over the revision it was decided on. `run` is 1 until
    the group is run again. `trigger_members` are the members that the trigger went out with.
    """

    key: JoinKey
    opened_at: float
    due_at: float | None = None
    expires_at: int = 0
    members: Mapping[str, Member] = field(default_factory=lambda: MappingProxyType({}))
    run: int = 1
    revision: int = 0
    triggered_at: float | None = None
    reason: TriggerReason | None = None
    trigger_members: frozenset[str] = frozenset()
    alerted_at: float | None = None

    @property
    def completed(self) -> frozenset[str]:
        """The members that are in."""
        return frozenset(name for name, member in self.members.items() if member.status == COMPLETED)

    @property
    def completed_count(self) -> int:
        """How many members are in; where the members know it (`Members`), they are not gone through."""
        count = getattr(self.members, "completed_count", None)
        return count if isinstance(count, int) else len(self.completed)

    @property
    def late(self) -> frozenset[str]:
        """The members that came in after the trigger."""
        return self.completed - self.trigger_members if self.triggered_at is not None else frozenset()

    @property
    def withdrawn(self) -> frozenset[str]:
        """The members that the trigger went out with and that are no longer COMPLETED."""
        return self.trigger_members - self.completed

    def is_overdue(self, now: float) -> bool:
        """Whether the deadline has passed with no trigger."""
        return self.triggered_at is None and self.due_at is not None and self.due_at <= now


def missing_members(expected: Expected, completed: frozenset[str]) -> frozenset[str]:
    """The expected members that are not in; empty where only a number is expected."""
    return expected - completed if isinstance(expected, frozenset) else frozenset()


def is_complete(expected: Expected, state: JoinState) -> bool:
    """Whether all that are expected are in. Members that are not expected do not harm, nor count toward a set.

    The members are gone through only where there are enough of them.
    """
    if expected is None:
        return False
    if isinstance(expected, int):
        return state.completed_count >= expected > 0
    return bool(expected) and state.completed_count >= len(expected) and expected <= state.completed
