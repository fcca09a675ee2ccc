"""Before the stream: writes and reads the events that the whole pipeline starts from."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from perception_events.aws._batch_writes import BatchWriter
from perception_events.aws._row_requests import (
    as_sort_key,
    is_rerun,
    state_of,
    transition_request,
)
from perception_events.aws._table_calls import TableCalls
from perception_events.aws._table_reads import EventPage, EventReader
from perception_events.aws.errors import BackOff, Sleep, error_response
from perception_events.aws.event_items import (
    BatchWriteError,
    EventRow,
    EventTableError,
    InvalidRowError,
    ItemExistsError,
    OtherRow,
    StatusConflictError,
    epoch_seconds,
)
from perception_events.clock import Clock, SystemClock
from perception_events.errors import describe
from perception_events.event_status import EventStatus
from perception_events.item_names import ItemNames
from perception_events.sort_keys import SortKey

__all__ = [
    "BatchWriteError",
    "EventRow",
    "EventPage",
    "EventStatus",
    "EventTable",
    "EventTableError",
    "InvalidRowError",
    "ItemExistsError",
    "OtherRow",
    "StatusConflictError",
]

_REJECTED = "ConditionalCheckFailedException"


class EventTable(EventReader):
    """The event table of one environment.

    `table` is `boto3.resource("dynamodb").Table(name)`, or `boto3.client("dynamodb")` together with `name`.
    `time_to_live` is how long after the last write DynamoDB may remove an item; None never. Calls that are throttled
    or cannot reach AWS are repeated as `back_off` says, after boto3's own repetitions. `new_owner` names who claims a
    row in `processing` where the caller does not; a new name for each call by default.

    A row that has expired counts as gone, for reads and for writes, though DynamoDB may remove it days later: a write
    over one removes it first, so that what is written is an INSERT with a life of its own.

    `COMPLETED` written by `save` or by `complete` where no item was is an INSERT in the stream; `complete` of an item
    in `PROCESSING` is a MODIFY. A pipe filter on `"eventName": ["INSERT"]` takes only the former.

    Raises:
        ValueError: a client without a name.
    """

    def __init__(
        self,
        table: Any,
        name: str | None = None,
        *,
        time_to_live: dt.timedelta | None = dt.timedelta(days=1),
        names: ItemNames | None = None,
        clock: Clock | None = None,
        back_off: BackOff | None = None,
        sleep: Sleep = time.sleep,
        new_owner: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        calls = TableCalls.of(table, name, back_off or BackOff(), sleep, _failed)
        super().__init__(calls, names or ItemNames(), clock or SystemClock())
        self.name = calls.table
        self._new_owner = new_owner
        self._time_to_live = time_to_live

    # Writes

    def save(
        self,
        site: str,
        sort_key: SortKey | str,
        status: EventStatus,
        *,
        attributes: Mapping[str, Any] | None = None,
        expires_at: dt.datetime | int | None = None,
        overwrite: bool = False,
    ) -> EventRow:
        """Put an event and return it. `expires_at` replaces the table's time to live.

        A repetition of the same put (its answer was lost on the way, or the caller was called again) finds its own row
        and succeeds: same status, same attributes, and the same `expires_at` where one is given.

        Raises:
            InvalidSortKeyError: the sort key is malformed.
            InvalidRowError: the site is not a text, the status is not one, or an attribute has a parameter of its own.
            InvalidAttributeValueError: DynamoDB has no type for an attribute's value, such as a float.
            InvalidTimeError: `expires_at` is not in seconds, or has no time zone.
            ItemExistsError: there is another item of that key, and `overwrite` is not set.
            EventTableError: DynamoDB rejected otherwise.
        """
        row = self._row(site, sort_key, status, attributes, expires_at)
        request: dict[str, Any] = {"Item": self._calls.encode(row.to_item(self._names))}
        if overwrite:
            self._calls.call("put_item", **request)
            return row
        request |= {
            "ConditionExpression": "attribute_not_exists(#partition)",
            "ExpressionAttributeNames": {"#partition": self._names.partition_key},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        for _ in range(_CLEARINGS):
            try:
                self._calls.call("put_item", **request)
                return row
            except EventTableError as error:
                if error.code != _REJECTED:
                    raise
                raw, current = self._found(error, row.site, row.sort_key)
                if raw is not None and self._clear_expired(raw):
                    continue
                if current is not None and self._is_the_same(row, current, expires_at is not None):
                    return current
                raise ItemExistsError(
                    f"{row.site} {row.sort_key} is in {self.name} already, as {state_of(raw, current)}; use a "
                    "transition (complete, processing), or overwrite=True",
                    current,
                ) from error
        raise self._kept_expiring(row)

    def processing(
        self,
        site: str,
        sort_key: SortKey | str,
        *,
        again: bool = False,
        attributes: Mapping[str, Any] | None = None,
        owner: str | None = None,
        lease: dt.timedelta | None = None,
    ) -> EventRow:
        """Claim the work: from no row or `FAILED`; from `COMPLETED` only with `again`, a re-run.

        Of any number of callers at once one gets the row, and every other one a `StatusConflictError`. `owner` names
        the caller: the same owner may call again, and keeps or renews its claim; without one, each call is another.
        With `lease`, others may take the row over once so much time has passed (their clocks decide); without, only
        `fail` or `complete` ends the claim. Give the owner to `complete` and `fail` as well, and an owner whose lease
        was taken over can no longer end the work of the next one.

        Raises:
            StatusConflictError: somebody else is at it, or it is `COMPLETED` already, and `again` is not set.
            EventTableError: DynamoDB rejected otherwise.
        """
        claimed_by = owner if owner is not None else self._new_owner()
        row = self._row(site, sort_key, EventStatus.PROCESSING, attributes)
        until = None if lease is None else int(self._clock.now() + lease.total_seconds())
        row = replace(row, owner=claimed_by, lease_until=until)
        allowed = (EventStatus.FAILED, EventStatus.COMPLETED) if again else (EventStatus.FAILED,)
        mine = "(#status = :processing AND (#owner = :owner OR #until <= :now))"
        values = {":processing": self._names.in_progress[0], ":owner": claimed_by, ":now": int(self._clock.now())}
        return self._move(row, allowed, or_condition=mine, values=values)

    def complete(
        self,
        site: str,
        sort_key: SortKey | str,
        *,
        attributes: Mapping[str, Any] | None = None,
        owner: str | None = None,
    ) -> EventRow:
        """Say that work is done: from no row, `PROCESSING` or `FAILED`. A second time changes nothing.

        With `owner`, only where nobody else has claimed the row.

        Raises:
            StatusConflictError: another owner has claimed it, or the item is not an event.
            EventTableError: DynamoDB rejected.
        """
        row = self._row(site, sort_key, EventStatus.COMPLETED, attributes)
        return self._move(row, (EventStatus.PROCESSING, EventStatus.FAILED), owner=owner)

    def fail(
        self,
        site: str,
        sort_key: SortKey | str,
        *,
        attributes: Mapping[str, Any] | None = None,
        owner: str | None = None,
    ) -> EventRow:
        """Say that work was given up: from no row or `PROCESSING`. A second time changes nothing.

        With `owner`, only where nobody else has claimed the row.

        Raises:
            StatusConflictError: it is `COMPLETED`, another owner has claimed it, or the item is not an event.
            EventTableError: DynamoDB rejected otherwise.
        """
        row = self._row(site, sort_key, EventStatus.FAILED, attributes)
        return self._move(row, (EventStatus.PROCESSING,), owner=owner)

    def save_all(self, items: Iterable[EventRow]) -> int:
        """Write many items, overwriting what is there, 25 a request; returns how many.

        What DynamoDB leaves unprocessed is sent again, with back-off, for as long as it takes any. A row that it can
        never take (too large, a value without a type) does not keep the others from it. A row without `expires_at`
        gets the table's time to live.

        AWS: BatchWriteItem takes no conditions, and no key twice in one request.

        Raises:
            InvalidRowError: two items have the same key, or one is not a row.
            BatchWriteError: some could not be written; they are in its `unwritten`, with reasons.
        """
        rows: dict[tuple[str, str], EventRow] = {}
        for item in items:
            if not isinstance(item, EventRow):
                raise InvalidRowError(f"save_all takes EventRow objects, not {describe(item)}")
            key = (item.site, item.sort_key.text)
            if key in rows:
                raise InvalidRowError(
                    f"two of the items are {item.site} {item.sort_key}; one would overwrite the other"
                )
            rows[key] = self._with_time_to_live(item)
        return BatchWriter(self._calls, self._names).write(list(rows.values()))

    def delete(self, site: str, sort_key: SortKey | str) -> bool:
        """Remove an item; returns whether there was one.

        Raises:
            EventTableError: DynamoDB rejected.
        """
        response = self._calls.call("delete_item", Key=self._key(site, sort_key), ReturnValues="ALL_OLD")
        return bool(response.get("Attributes"))

    # Inside

    def _row(
        self,
        site: str,
        sort_key: SortKey | str,
        status: EventStatus,
        attributes: Mapping[str, Any] | None,
        expires_at: dt.datetime | int | None = None,
    ) -> EventRow:
        if not isinstance(site, str) or not site:
            raise InvalidRowError(f"a site is a text that is not empty, not {describe(site)}")
        if not isinstance(status, str) or status not in list(EventStatus):
            raise InvalidRowError(f"a status is one of {', '.join(EventStatus)}, not {describe(status)}")
        if attributes is not None and not isinstance(attributes, Mapping):
            raise InvalidRowError(f"attributes are a mapping, not {describe(attributes)}")
        given = None if expires_at is None else epoch_seconds(expires_at)
        row = EventRow(site, as_sort_key(sort_key, self._names), EventStatus(status), given, dict(attributes or {}))
        return self._with_time_to_live(row)

    def _with_time_to_live(self, row: EventRow) -> EventRow:
        if row.expires_at is not None:
            epoch_seconds(row.expires_at, f"{row.site} {row.sort_key}: expires_at")
            return row
        if self._time_to_live is None or self._names.ttl_attribute in row.attributes:
            return row
        return replace(row, expires_at=int(self._clock.now() + self._time_to_live.total_seconds()))

    def _move(
        self,
        row: EventRow,
        allowed: Sequence[EventStatus],
        *,
        owner: str | None = None,
        or_condition: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> EventRow:
        """Set the status where the row is not there or in one of `allowed`; other attributes stay."""
        request = transition_request(row, allowed, self._names, owner=owner, or_condition=or_condition, values=values)
        for _ in range(_CLEARINGS):
            try:
                response = self._calls.call("update_item", **request)
                moved = self._read(response["Attributes"])
                assert isinstance(moved, EventRow), "we have just written its status"
                return moved
            except EventTableError as error:
                if error.code != _REJECTED:
                    raise
                raw, current = self._found(error, row.site, row.sort_key)
                if raw is None or self._clear_expired(raw):
                    continue  # gone meanwhile, or just now
                if current is not None and current.status is row.status and row.status is not EventStatus.PROCESSING:
                    return current
                hint = "; pass again=True for a re-run" if is_rerun(row, current) else ""
                raise StatusConflictError(
                    f"{row.site} {row.sort_key} is {state_of(raw, current)} and cannot become {row.status}{hint}",
                    current,
                ) from error
        raise self._kept_expiring(row)

    def _clear_expired(self, raw: Mapping[str, Any]) -> bool:
        """Remove a row that has expired, and only exactly that one; returns whether there is room for a new one.

        AWS: an expired item stays for up to days, and then goes with whatever was written into it.
        """
        row = self._read(raw)
        if isinstance(row, OtherRow) or not row.is_expired(self._clock.now()):
            return False
        ttl = self._names.ttl_attribute
        try:
            self._calls.call(
                "delete_item",
                Key=self._key(row.site, row.sort_key),
                ConditionExpression="#ttl = :ttl AND #status = :status",
                ExpressionAttributeNames={"#ttl": ttl, "#status": self._names.status_attribute},
                ExpressionAttributeValues={":ttl": raw[ttl], ":status": raw[self._names.status_attribute]},
            )
        except EventTableError as error:
            if error.code != _REJECTED:
                raise  # otherwise somebody else was faster: look again
        return True

    def _is_the_same(self, row: EventRow, current: EventRow, with_time: bool) -> bool:
        """Whether `current` is what putting `row` would write; the time to live is computed anew by each call."""
        written = self._read(self._calls.encode(row.to_item(self._names)))
        if not isinstance(written, EventRow):
            return False
        return written == (current if with_time else replace(current, expires_at=written.expires_at))

    def _found(
        self, error: EventTableError, site: str, sort_key: SortKey
    ) -> tuple[Mapping[str, Any] | None, EventRow | None]:
        """The item that a rejected condition met, and the event that it is, if it is one."""
        raw = error_response(error.__cause__).get("Item") if error.__cause__ is not None else None
        if not raw:
            raw = self._calls.call("get_item", Key=self._key(site, sort_key), ConsistentRead=True).get("Item")
        if not raw:
            return None, None
        row = self._read(raw)
        return raw, None if isinstance(row, OtherRow) else row

    def _kept_expiring(self, row: EventRow) -> EventTableError:
        return EventTableError(
            f"{row.site} {row.sort_key} in {self.name} was expired or removed at each of {_CLEARINGS} attempts; "
            "somebody else writes it with a time to live that has passed",
            retryable=True,
        )


_CLEARINGS = 8
"""Attempts of a write that finds an expired row each time."""


def _failed(message: str, code: str, retryable: bool) -> EventTableError:
    return EventTableError(message, code=code, retryable=retryable)
