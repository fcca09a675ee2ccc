"""A pipe's numbers, checked when it is declared, as AWS checks them when it is created."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perception_events.pipes._errors import InvalidPipeError

__all__ = ["DEFAULT_BATCH_SIZE", "OnPartialBatchItemFailure", "SourceSettings"]

DEFAULT_BATCH_SIZE = 100
"""A DynamoDB source's own. AWS: EventBridge User Guide, "DynamoDB stream as a source"."""

_RANGES = {
    "batch_size": (1, 10_000),
    "maximum_batching_window": (0, 300),
    "parallelization_factor": (1, 10),
    "maximum_record_age": (-1, 604_800),
    "maximum_retry_attempts": (-1, 10_000),
}


class OnPartialBatchItemFailure(StrEnum):
    """What becomes of a batch of which a part has failed."""

    AUTOMATIC_BISECT = "AUTOMATIC_BISECT"


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How the pipe reads its stream; window and age in seconds, -1 is without limit.

    AWS: service model `pipes`, `PipeSourceDynamoDBStreamParameters`.

    Raises:
        InvalidPipeError: a number is out of its range.
    """

    batch_size: int = DEFAULT_BATCH_SIZE
    maximum_batching_window: float = 0
    parallelization_factor: int = 1
    maximum_record_age: int = -1
    maximum_retry_attempts: int = -1
    on_partial_batch_item_failure: OnPartialBatchItemFailure | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise InvalidPipeError(
                    f"{name}={value!r} is out of range; a DynamoDB stream source takes {low} to {high}"
                )

    def check_target(self, maximum_batch_size: int | None, *, batch_size_given: bool) -> None:
        """Reject a batch larger than the target takes.

        AWS: EventBridge User Guide, "Validating configuration parameters". The text is ours.

        Raises:
            InvalidPipeError: the batch size exceeds `maximum_batch_size`.
        """
        if maximum_batch_size is not None and self.batch_size > maximum_batch_size:
            default = "" if batch_size_given else f" (the default of the source, {DEFAULT_BATCH_SIZE}, applies)"
            raise InvalidPipeError(
                f"batch_size={self.batch_size} exceeds what the target takes, {maximum_batch_size}{default}; "
                f"set batch_size to {maximum_batch_size} or less"
            )
