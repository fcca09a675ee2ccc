"""What can be wrong with a join, an event for it, or a race for it."""

from __future__ import annotations

from perception_events.errors import PerceptionEventsError

__all__ = ["InvalidJoinError", "InvalidMemberEventError", "JoinContentionError", "JoinNotFoundError"]


class InvalidJoinError(PerceptionEventsError, ValueError):
    """A declared join that cannot work; the message names the join, the path where there is one, and the fix."""


class InvalidMemberEventError(PerceptionEventsError, ValueError):
    """An event that is no change of an event-table item; sending it again will not help."""


class JoinContentionError(PerceptionEventsError, RuntimeError):
    """Others changed a join at every attempt; nothing was lost, and the same event may be handled again."""


class JoinNotFoundError(PerceptionEventsError, LookupError):
    """A join that is not declared, or a group that has not been opened."""
