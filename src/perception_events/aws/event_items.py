"""What the event table holds: an item with its key, status and time to live, and what can go wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from perception_events.aggregation import ItemNames
from perception_events.errors import PerceptionEventsError
from perception_events.event_status import EventStatus
from perception_events.sort_keys import SortKey

__all__ = [
    "BatchWriteError",
    "EventRow",
    "EventTableError",
    "ItemExistsError",
    "StatusConflictError",
    "epoch_seconds",
]

STATUS_ATTRIBUTE = "status"


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of the event table.

    `expires_at` is when DynamoDB may remove it, in epoch seconds (UTC). `attributes` are all the others, as Python
    values: numbers are `Decimal`, sets are sets, binary is bytes.
    """

    site: str
    sort_key: SortKey
    status: EventStatus
    expires_at: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_item(cls, item: Mapping[str, Any], names: ItemNames) -> EventRow:
        """Read what boto3's resource returns, or a plain client after deserialisation.

        Raises:
            InvalidSortKeyError: the sort key is none.
            ValueError: the status is none of `EventStatus`.
        """
        expires_at = item.get(names.ttl_attribute)
        own = {names.partition_key, names.sort_key, STATUS_ATTRIBUTE, names.ttl_attribute}
        return cls(
            site=str(item[names.partition_key]),
            sort_key=SortKey.parse(item[names.sort_key]),
            status=EventStatus(str(item.get(STATUS_ATTRIBUTE))),
            expires_at=None if expires_at is None else int(expires_at),
            attributes=MappingProxyType({name: value for name, value in item.items() if name not in own}),
        )

    def to_item(self, names: ItemNames) -> dict[str, Any]:
        """The whole item by attribute name, as Python values.

        Raises:
            ValueError: `attributes` has one of the attributes that have a field here.
        """
        item: dict[str, Any] = {
            names.partition_key: self.site,
            names.sort_key: self.sort_key.text,
            STATUS_ATTRIBUTE: self.status.value,
        }
        if self.expires_at is not None:
            item[names.ttl_attribute] = self.expires_at
        taken = sorted({names.ttl_attribute, *item}.intersection(self.attributes))
        if taken:
            raise ValueError(f"attributes must not hold {', '.join(map(repr, taken))}: there is a parameter for it")
        return {**item, **self.attributes}

    def is_expired(self, now: float) -> bool:
        """Whether its time is over at `now` (epoch seconds); DynamoDB may take days to remove it."""
        return self.expires_at is not None and self.expires_at <= now


def epoch_seconds(time: datetime | float) -> int:
    """`time` as whole epoch seconds, which is what a TTL attribute holds.

    Raises:
        ValueError: a datetime without a time zone: it would mean another moment on another machine.
    """
    if not isinstance(time, datetime):
        return int(time)
    if time.tzinfo is None:
        raise ValueError(
            f"{time!r} has no time zone, so it is another moment on a machine set to another one; "
            "use datetime.now(UTC) or another time with tzinfo"
        )
    return int(time.astimezone(UTC).timestamp())


class EventTableError(PerceptionEventsError, RuntimeError):
    """DynamoDB rejected, or could not be reached. `code` is AWS's, `retryable` says whether to try again later."""

    def __init__(self, message: str, *, code: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class ItemExistsError(EventTableError, ValueError):
    """There is an item of that key already; `current` is what was found, where DynamoDB said."""

    def __init__(self, message: str, current: EventRow | None) -> None:
        super().__init__(message, code="ConditionalCheckFailedException")
        self.current = current


class StatusConflictError(EventTableError, ValueError):
    """The item is in a status that does not lead to the wanted one; `current` is what was found."""

    def __init__(self, message: str, current: EventRow | None) -> None:
        super().__init__(message, code="ConditionalCheckFailedException")
        self.current = current


class BatchWriteError(EventTableError):
    """Some items of a batch could not be written; `unwritten` holds them, in their order."""

    def __init__(self, message: str, unwritten: tuple[EventRow, ...], *, code: str = "") -> None:
        super().__init__(message, code=code, retryable=True)
        self.unwritten = unwritten
