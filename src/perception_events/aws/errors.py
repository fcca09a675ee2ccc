"""What boto3's errors say, read without importing botocore: shared by the adapters of this package."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["BackOff", "Sleep", "error_code", "error_response", "is_retryable"]

Sleep = Callable[[float], object]
"""Waits that many seconds; `time.sleep`, or a recorder in tests."""

RETRYABLE = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ReplicatedWriteConflictException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
        "InternalFailure",
        "InternalException",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottledException",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
"""Codes after which the same request may succeed.

AWS: DynamoDB Developer Guide, "Error handling"; botocore's `_retry.json`, throttling and transient errors.
"""

_CONNECTION_ERRORS = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "HTTPClientError"}
    | {"ConnectionError", "IncompleteReadError", "ResponseStreamingError"}
)


def error_response(error: BaseException) -> dict[str, Any]:
    """The parsed answer that a `botocore.exceptions.ClientError` carries; empty for every other error."""
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def error_code(error: BaseException) -> str:
    """AWS's code of a `ClientError`, such as `ConditionalCheckFailedException`; `""` for every other error."""
    details = error_response(error).get("Error")
    return str(details.get("Code", "")) if isinstance(details, dict) else ""


def is_retryable(error: BaseException) -> bool:
    """Whether the same request may succeed later: throttling, a fault of the service, or of the connection."""
    if error_code(error) in RETRYABLE:
        return True
    metadata = error_response(error).get("ResponseMetadata")
    status = metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None
    return (isinstance(status, int) and status >= 500) or any(
        cls.__name__ in _CONNECTION_ERRORS for cls in type(error).__mro__
    )


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait after failures: doubling from `base` to `longest` seconds, of which jitter takes up to half.

    `attempts` counts the first one; None tries for ever. `jitter` gives a number in [0, 1); pass a constant for exact
    times.

    Raises:
        ValueError: fewer than one attempt, or a negative time.
    """

    attempts: int | None = 5
    base: float = 0.1
    longest: float = 20.0
    jitter: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if (self.attempts is not None and self.attempts < 1) or self.base < 0 or self.longest < 0:
            raise ValueError(f"a back-off needs at least 1 attempt and times of at least 0 seconds: {self}")

    def is_over(self, failures: int) -> bool:
        """Whether `failures` in a row were the last attempt."""
        return self.attempts is not None and failures >= self.attempts

    def seconds(self, failures: int) -> float:
        """How long to wait after `failures` (1 or more) failures in a row."""
        return min(self.longest, self.base * 2.0 ** min(failures - 1, 60)) * (0.5 + self.jitter() / 2)
