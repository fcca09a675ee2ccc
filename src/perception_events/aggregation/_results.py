"""What one event, or one look of the sweep, did to a group: what an aggregator returns, and its errors carry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perception_events.aggregation._expectations import Expected
from perception_events.aggregation._keys import JoinKey
from perception_events.aggregation._state import JoinState, missing_members

__all__ = ["JoinOutcome", "JoinResult"]


class JoinOutcome(StrEnum):
    """What one event, or one look of the sweep, did to one group."""

    RECORDED = "RECORDED"
    """The member is in; others are missing."""
    UNCHANGED = "UNCHANGED"
    """Nothing new: a duplicate, older news, or nothing to do for the sweep."""
    WITHDRAWN = "WITHDRAWN"
    """The member's item is no longer COMPLETED; it does not count any more."""
    LATE = "LATE"
    """News of a member after the trigger: recorded, and no second trigger."""
    TRIGGERED = "TRIGGERED"
    """This call wrote the trigger."""
    ALERTED = "ALERTED"
    """This call wrote the alert."""


@dataclass(frozen=True, slots=True)
class JoinResult:
    """What became of one group. `triggers` and `alerts` are the sort keys of items that this call wrote.

    `expected` is who was expected when it was decided; None while that was not known. `problem` says why the group's
    expectation cannot be read or met; somebody has to fix it.
    """

    key: JoinKey
    outcome: JoinOutcome
    state: JoinState
    expected: Expected = None
    triggers: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def missing(self) -> frozenset[str]:
        """The expected members that are not in; empty where only a number is expected."""
        return missing_members(self.expected, self.state.completed)
