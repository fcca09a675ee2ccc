"""What can be wrong with a join, an event for it, the state of a group, or a race for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perception_events.errors import DeclarationError, DeliveryError, InputError, PerceptionEventsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from perception_events.aggregation._results import JoinResult

__all__ = [
    "InvalidExpectationError",
    "InvalidJoinError",
    "InvalidMemberEventError",
    "JoinContentionError",
    "JoinFailure",
    "JoinFailuresError",
    "JoinNotFoundError",
]

_MOST_LISTED = 10


class InvalidJoinError(DeclarationError, ValueError):
    """A declared join that cannot work; the message names the join, the path where there is one, and the fix."""


class InvalidExpectationError(InvalidJoinError):
    """A manifest item, or what a callable returned, that does not say which members a group expects."""


class InvalidMemberEventError(InputError, ValueError):
    """An event that is not a change of an event-table item; sending it again will not help."""


class JoinContentionError(DeliveryError, RuntimeError):
    """Others changed a join at every attempt; nothing was lost, and the same event may be handled again."""

    retryable = True


class JoinNotFoundError(PerceptionEventsError, LookupError):
    """A join that is not declared, or a group that has not been opened."""


@dataclass(frozen=True, slots=True)
class JoinFailure:
    """One event or group that could not be handled while the others were: its `subject` (key), and the error."""

    subject: str
    error: Exception

    @property
    def retryable(self) -> bool:
        """Whether handling it again may succeed without anybody fixing something."""
        return bool(getattr(self.error, "retryable", not isinstance(self.error, (ValueError, TypeError, LookupError))))

    def __str__(self) -> str:
        return f"{self.subject}: {self.error}"


class JoinFailuresError(DeliveryError, RuntimeError):
    """Some of many events or groups could not be handled; all the others were.

    `results` are what was done, `failures` what was not, `retryable` whether one of these may succeed by itself.
    """

    def __init__(self, what: str, failures: Sequence[JoinFailure], results: Sequence[JoinResult] = ()) -> None:
        self.failures = tuple(failures)
        self.results = tuple(results)
        self.retryable = any(failure.retryable for failure in failures)
        listed = "; ".join(map(str, self.failures[:_MOST_LISTED]))
        more = f"; and {len(failures) - _MOST_LISTED} more" if len(failures) > _MOST_LISTED else ""
        super().__init__(f"{len(failures)} of the {what} failed: {listed}{more}")
