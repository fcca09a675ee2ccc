"""What a reader sees of a table's stream: shards, and pages of their records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject

__all__ = [
    "RETENTION_SECONDS",
    "Page",
    "Shard",
    "StartingPosition",
    "Stream",
    "TrimmedDataError",
    "UnknownShardError",
]

RETENTION_SECONDS = 86_400
"""How long a stream keeps a record. AWS: DynamoDB Developer Guide, "Change data capture with DynamoDB Streams"."""
MAXIMUM_PAGE = 1000
"""The most records in one page. AWS: `GetRecords`."""


class StartingPosition(StrEnum):
    """Where a pipe begins to read. AWS: service model `pipes`, `DynamoDBStreamStartPosition`."""

    TRIM_HORIZON = "TRIM_HORIZON"
    LATEST = "LATEST"


class UnknownShardError(PerceptionEventsError, LookupError):
    """A shard that the stream does not have."""


class TrimmedDataError(PerceptionEventsError, LookupError):
    """The position read from is older than the stream's retention; what came after it is lost to this reader."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard; a closed one gets no more records, and must be read before its children.

    `trimmed`: the newest sequence number that has expired there; None where nothing has.
    """

    shard_id: str
    parent_shard_id: str | None = None
    is_closed: bool = False
    trimmed: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one shard, in order; `is_end` says that the shard is closed and has no more."""

    records: tuple[JSONObject, ...]
    is_end: bool


class Stream(Protocol):
    """A stream of DynamoDB changes: the table's own, or records from elsewhere."""

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        ...

    def shards(self) -> tuple[Shard, ...]:
        """Every shard that still has records or may get some, parents before children."""
        ...

    def read(self, shard_id: str, *, after: str | None, limit: int = MAXIMUM_PAGE) -> Page:
        """Up to `limit` records after the sequence number `after`, from the oldest where it is None.

        Raises:
            UnknownShardError: there is no such shard.
            TrimmedDataError: records after `after` were trimmed before they could be read.
        """
        ...

    def latest(self, shard_id: str) -> str | None:
        """The newest sequence number of the shard; None where it never had a record."""
        ...

    def checkpoint(self, shard_id: str, sequence_number: str) -> None:
        """A reader is done with everything up to `sequence_number`; what is kept for it may be forgotten."""
        ...

    def subscribe(self, listener: Callable[[], object]) -> None:
        """Call `listener` whenever there is more to read, so that a reader need not poll an idle stream."""
        ...
