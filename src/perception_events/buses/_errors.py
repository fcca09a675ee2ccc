"""What buses raise, and how a target says that it failed."""

from __future__ import annotations

from perception_events.errors import DeclarationError, DeliveryError, UnretriableError

__all__ = ["EventBusError", "SelfFeedingRuleError", "TargetError"]


class EventBusError(DeclarationError, ValueError):
    """A request that AWS rejects as a whole; `code` is AWS's (`ValidationException`, `LimitExceededException`, ...).

    `response` is what boto3's errors carry, so that code which reads it finds the same there.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.response = {"Error": {"Code": code, "Message": message}}
        super().__init__(f"{code}: {message}")


class SelfFeedingRuleError(UnretriableError, RuntimeError):
    """A rule's target puts events that the same rule matches, over and over; on AWS it would go on for ever."""


class TargetError(DeliveryError, RuntimeError):
    """Raised by a target to say how it failed; any other exception is `ERROR_FROM_TARGET` and is retried.

    `code` is one of the error codes that a dead-letter message carries. What trying again cannot fix (no
    permission, no such target) is not retried.

    AWS: EventBridge User Guide, "Using dead-letter queues", error codes.
    """

    NOT_RETRIED = frozenset({"NO_PERMISSIONS", "NO_RESOURCE", "INVALID_PARAMETER", "INVALID_JSON"})

    def __init__(self, message: str, *, code: str = "ERROR_FROM_TARGET", retryable: bool | None = None) -> None:
        self.code = code
        self.retryable = code not in self.NOT_RETRIED if retryable is None else retryable
        super().__init__(message)
