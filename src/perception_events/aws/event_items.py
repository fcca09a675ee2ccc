"""What the event table holds: an item with its key, status and time to live, and what can go wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from perception_events.errors import AWSCallError, InputError, describe
from perception_events.event_status import EventStatus
from perception_events.item_names import ItemNames
from perception_events.sort_keys import InvalidSortKeyError, SortKey
from perception_events.times import read_time

__all__ = [
    "BatchWriteError",
    "EventRow",
    "EventTableError",
    "InvalidRowError",
    "ItemExistsError",
    "OtherRow",
    "StatusConflictError",
    "epoch_seconds",
]

OWNER_ATTRIBUTE = "claimed_by"
LEASE_ATTRIBUTE = "claimed_until"


class InvalidRowError(InputError, ValueError):
    """What is not, or cannot be, a row of the event table; the message names the key where there is one, and why."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of the event table.

    `expires_at` is when DynamoDB may remove it, in epoch seconds (UTC); None where it has no number there, which to
    DynamoDB means never. `owner` and `lease_until` (epoch seconds) are of a `PROCESSING` row that somebody has claimed.
    `attributes` are all the others, as Python values: numbers are `Decimal`, sets are sets, binary is bytes.
    """

    site: str
    sort_key: SortKey
    status: EventStatus
    expires_at: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    owner: str | None = None
    lease_until: int | None = None

    @classmethod
    def from_item(cls, item: Mapping[str, Any], names: ItemNames) -> EventRow:
        """Read an item's Python values.

        Raises:
            InvalidRowError: the item is of another kind; the message names its key and says what is different.
        """
        site, sort_key = item.get(names.partition_key), item.get(names.sort_key)
        where = f"the item {describe(site)} {describe(sort_key)}"
        if not isinstance(site, str) or not isinstance(sort_key, str):
            raise InvalidRowError(f"{where} has no texts as {names.partition_key!r} and {names.sort_key!r}")
        text = item.get(names.status_attribute)
        status = names.status_of(text)
        if status is None:
            found = "no status" if names.status_attribute not in item else f"the status {describe(text)}"
            known = ", ".join(one for status in EventStatus for one in names.status_texts(status))
            raise InvalidRowError(f"{where} has {found}, which is not one of {known}")
        try:
            parsed = SortKey.parse(sort_key, key_format=names.key_format)
        except InvalidSortKeyError as error:
            raise InvalidRowError(f"{where} is not an event: {error}") from None
        fields: dict[str, str] = {names.partition_key: site, names.sort_key: sort_key, names.status_attribute: ""}
        owner = item.get(OWNER_ATTRIBUTE)
        if isinstance(owner, str):
            fields[OWNER_ATTRIBUTE] = owner
        expires_at, lease_until = _seconds(item.get(names.ttl_attribute)), _seconds(item.get(LEASE_ATTRIBUTE))
        fields |= {} if expires_at is None else {names.ttl_attribute: ""}
        fields |= {} if lease_until is None else {LEASE_ATTRIBUTE: ""}
        return cls(
            site=site,
            sort_key=parsed,
            status=status,
            expires_at=expires_at,
            attributes=MappingProxyType({name: value for name, value in item.items() if name not in fields}),
            owner=fields.get(OWNER_ATTRIBUTE),
            lease_until=lease_until,
        )

    def to_item(self, names: ItemNames) -> dict[str, Any]:
        """The whole item by attribute name, as Python values.

        Raises:
            InvalidRowError: `attributes` has one of the attributes that have a field here.
        """
        item: dict[str, Any] = {
            names.partition_key: self.site,
            names.sort_key: self.sort_key.text,
            names.status_attribute: names.status_texts(EventStatus(self.status))[0],
        }
        optional = (
            (names.ttl_attribute, self.expires_at),
            (OWNER_ATTRIBUTE, self.owner),
            (LEASE_ATTRIBUTE, self.lease_until),
        )
        item |= {name: value for name, value in optional if value is not None}
        # A text is no time to DynamoDB, and so an attribute like any other; a number would be one that we did not see.
        hidden = {names.ttl_attribute} if _seconds(self.attributes.get(names.ttl_attribute)) is not None else set()
        taken = sorted((hidden | item.keys()).intersection(self.attributes))
        if taken:
            raise InvalidRowError(
                f"{self.site} {self.sort_key}: attributes must not hold {', '.join(map(repr, taken))}: there is a "
                "parameter for it"
            )
        return {**item, **self.attributes}

    def is_expired(self, now: float) -> bool:
        """Whether it has expired at `now` (epoch seconds); DynamoDB may take days to remove it."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class OtherRow:
    """An item of the table that is not an event: a join's state, somebody's `config`. `reason` says what is different.

    `item` are its attributes in DynamoDB JSON, as the client returned them.
    """

    site: str
    sort_key: str
    reason: str
    item: Mapping[str, Any]


def _seconds(value: Any) -> int | None:
    """A number of seconds; to DynamoDB, a time to live of another type is none."""
    return int(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else None


def epoch_seconds(time: datetime | float, name: str = "expires_at") -> int:
    """`time` as whole epoch seconds, which is what a TTL attribute holds.

    Raises:
        InvalidTimeError: it is milliseconds or another unit (such an item would never expire), or a datetime without a
            time zone (it would mean another moment on another machine).
    """
    return int(read_time(time, name))


class EventTableError(AWSCallError):
    """DynamoDB rejected, or could not be reached. `code` is AWS's, `retryable` says whether to try again later."""


class ItemExistsError(EventTableError, ValueError):
    """There is an item of that key already; `current` is what was found, where it is an event."""

    def __init__(self, message: str, current: EventRow | None) -> None:
        super().__init__(message, code="ConditionalCheckFailedException")
        self.current = current


class StatusConflictError(EventTableError, ValueError):
    """The item is in a status that does not lead to the wanted one, or somebody else has claimed it.

    `current` is what was found, where it is an event.
    """

    def __init__(self, message: str, current: EventRow | None) -> None:
        super().__init__(message, code="ConditionalCheckFailedException")
        self.current = current


class BatchWriteError(EventTableError):
    """Some items of a batch could not be written; all others are.

    `unwritten` holds them, in their order; `reasons` says why, for those that can never be written as they are, by site
    and sort key.
    """

    def __init__(
        self,
        message: str,
        unwritten: tuple[EventRow, ...],
        *,
        code: str = "",
        retryable: bool = True,
        reasons: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        super().__init__(message, code=code, retryable=retryable)
        self.unwritten = unwritten
        self.reasons: Mapping[tuple[str, str], str] = MappingProxyType(dict(reasons or {}))
