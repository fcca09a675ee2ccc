"""Before the stream: writes and reads the events that the whole pipeline starts from."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perception_events.aggregation import ItemNames
from perception_events.aws._table_calls import TableCalls
from perception_events.aws.errors import BackOff, Sleep, error_code, error_response, is_retryable
from perception_events.aws.event_items import (
    STATUS_ATTRIBUTE,
    BatchWriteError,
    EventRow,
    EventTableError,
    ItemExistsError,
    StatusConflictError,
    epoch_seconds,
)
from perception_events.clock import Clock, SystemClock
from perception_events.event_status import EventStatus
from perception_events.sort_keys import SEPARATOR, SortKey

__all__ = [
    "MAXIMUM_BATCH",
    "BatchWriteError",
    "EventRow",
    "EventPage",
    "EventStatus",
    "EventTable",
    "EventTableError",
    "ItemExistsError",
    "StatusConflictError",
]

MAXIMUM_BATCH = 25
"""Items in one `BatchWriteItem` request. AWS: service model, `BatchWriteItemInput`."""

_REJECTED = "ConditionalCheckFailedException"


@dataclass(frozen=True, slots=True)
class EventPage:
    """Items of one query, and the sort key to give as `start_after` for the next ones; None at the end."""

    items: tuple[EventRow, ...]
    next: str | None


class EventTable:
    """The event table of one environment.

    `table` is `boto3.resource("dynamodb").Table(name)`, or `boto3.client("dynamodb")` together with `name`.
    `time_to_live` is how long after the last write DynamoDB may remove an item; None never. Calls that are throttled
    or cannot reach AWS are repeated as `back_off` says, after boto3's own repetitions.

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
    ) -> None:
        self._calls = TableCalls.of(table, name)
        self.name = self._calls.table
        self._time_to_live = time_to_live
        self._names = names or ItemNames()
        self._clock: Clock = clock or SystemClock()
        self._back_off = back_off or BackOff()
        self._sleep = sleep

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

        A repetition of the same put (its answer was lost on the way) finds its own item and succeeds.

        Raises:
            InvalidSortKeyError: the sort key is malformed.
            ItemExistsError: there is another item of that key, and `overwrite` is not set.
            EventTableError: DynamoDB rejected otherwise.
        """
        item = self._item(site, sort_key, status, attributes, expires_at)
        request: dict[str, Any] = {"Item": self._calls.encode(item.to_item(self._names))}
        if not overwrite:
            request |= {
                "ConditionExpression": "attribute_not_exists(#partition)",
                "ExpressionAttributeNames": {"#partition": self._names.partition_key},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        try:
            self._call("put_item", **request)
        except EventTableError as error:
            if error.code != _REJECTED:
                raise
            current = self._found(error)
            if current == item:
                return item
            raise ItemExistsError(self._exists(item, current), current) from error
        return item

    def processing(
        self, site: str, sort_key: SortKey | str, *, again: bool = False, attributes: Mapping[str, Any] | None = None
    ) -> EventRow:
        """Say that work has begun: from no item or `FAILED`; from `COMPLETED` only with `again`, a re-run.

        Raises:
            StatusConflictError: it is `COMPLETED` already, and `again` is not set.
            EventTableError: DynamoDB rejected otherwise.
        """
        allowed = (EventStatus.FAILED, EventStatus.COMPLETED) if again else (EventStatus.FAILED,)
        return self._move(site, sort_key, EventStatus.PROCESSING, allowed, attributes)

    def complete(self, site: str, sort_key: SortKey | str, *, attributes: Mapping[str, Any] | None = None) -> EventRow:
        """Say that work is done: from no item, `PROCESSING` or `FAILED`. A second time changes nothing.

        Raises:
            EventTableError: DynamoDB rejected.
        """
        return self._move(
            site, sort_key, EventStatus.COMPLETED, (EventStatus.PROCESSING, EventStatus.FAILED), attributes
        )

    def fail(self, site: str, sort_key: SortKey | str, *, attributes: Mapping[str, Any] | None = None) -> EventRow:
        """Say that work was given up: from no item or `PROCESSING`. A second time changes nothing.

        Raises:
            StatusConflictError: it is `COMPLETED`.
            EventTableError: DynamoDB rejected otherwise.
        """
        return self._move(site, sort_key, EventStatus.FAILED, (EventStatus.PROCESSING,), attributes)

    def save_all(self, items: Iterable[EventRow]) -> int:
        """Write many items, overwriting what is there, 25 a request; returns how many.

        What DynamoDB leaves unprocessed is sent again with back-off. An item without `expires_at` gets the table's
        time to live.

        AWS: BatchWriteItem takes no conditions, and no key twice in one request.

        Raises:
            ValueError: two items have the same key.
            BatchWriteError: some could not be written; they are in its `unwritten`.
        """
        waiting = [self._with_time_to_live(item) for item in items]
        keys = [(item.site, item.sort_key) for item in waiting]
        if len(set(keys)) < len(keys):
            site, sort_key = next(key for position, key in enumerate(keys) if key in keys[:position])
            raise ValueError(f"two of the items are {site} {sort_key}; one would overwrite the other")
        total, failures = len(waiting), 0
        while waiting:
            chunk, rest = waiting[:MAXIMUM_BATCH], waiting[MAXIMUM_BATCH:]
            try:
                left = self._write(chunk)
            except EventTableError as error:
                raise BatchWriteError(
                    f"{len(waiting)} of {total} items not written: {error}", tuple(waiting), code=error.code
                ) from error
            failures = failures + 1 if left else 0
            if failures >= self._back_off.attempts:
                raise BatchWriteError(
                    f"{len(left) + len(rest)} of {total} items not written: DynamoDB left items unprocessed {failures} "
                    "times in a row",
                    (*left, *rest),
                )
            if left:
                self._sleep(self._back_off.seconds(failures))
            waiting = [*left, *rest]
        return total

    def delete(self, site: str, sort_key: SortKey | str) -> bool:
        """Remove an item; returns whether there was one.

        Raises:
            EventTableError: DynamoDB rejected.
        """
        answer = self._call("delete_item", Key=self._key(site, sort_key), ReturnValues="ALL_OLD")
        return bool(answer.get("Attributes"))

    # Reads

    def get(self, site: str, sort_key: SortKey | str, *, include_expired: bool = False) -> EventRow | None:
        """The item by a consistent read, or None. Items whose time is over count as gone, as they soon are.

        Raises:
            EventTableError: DynamoDB rejected.
        """
        found = self._call("get_item", Key=self._key(site, sort_key), ConsistentRead=True).get("Item")
        item = self._decoded(found) if found else None
        return item if item is None or include_expired or not item.is_expired(self._clock.now()) else None

    def query(
        self,
        site: str,
        date: dt.date | str | None = None,
        event_type: str | None = None,
        *parts: str,
        newest_first: bool = False,
        include_expired: bool = False,
    ) -> Iterator[EventRow]:
        """The events of a site, in the order of their sort keys, page after page as they are asked for.

        `date`, then `event_type`, then the segments after it (`"sync001"`) narrow it; each is a whole segment, so
        `"reid"` finds no `reidentified`.

        Raises:
            ValueError: an event type without a date.
            EventTableError: DynamoDB rejected.
        """
        start_after: str | None = None
        while True:
            page = self.page(
                site,
                date,
                event_type,
                *parts,
                start_after=start_after,
                newest_first=newest_first,
                include_expired=include_expired,
            )
            yield from page.items
            if page.next is None:
                return
            start_after = page.next

    def page(
        self,
        site: str,
        date: dt.date | str | None = None,
        event_type: str | None = None,
        *parts: str,
        limit: int | None = None,
        start_after: str | None = None,
        newest_first: bool = False,
        include_expired: bool = False,
    ) -> EventPage:
        """One page of `query`: at most `limit` items, of at most 1 MB. A page may be empty before the end.

        Raises:
            ValueError: an event type without a date.
            EventTableError: DynamoDB rejected.
        """
        prefix = _prefix(date, event_type, parts)
        names, values = {"#partition": self._names.partition_key}, {":site": site}
        condition = "#partition = :site"
        if prefix:
            condition += " AND begins_with(#sort, :prefix)"
            names["#sort"] = self._names.sort_key
            values[":prefix"] = prefix
        request: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": self._calls.encode(values),
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if limit is not None:
            request["Limit"] = limit
        if start_after is not None:
            request["ExclusiveStartKey"] = self._key(site, start_after)
        answer = self._call("query", **request)
        now = self._clock.now()
        items = []
        for raw in answer["Items"]:
            decoded = self._calls.decode(raw)
            if not _is_below(str(decoded[self._names.sort_key]), prefix) or STATUS_ATTRIBUTE not in decoded:
                continue  # a longer segment, or an item of another kind, such as a join's state
            item = EventRow.from_item(decoded, self._names)
            if include_expired or not item.is_expired(now):
                items.append(item)
        last = answer.get("LastEvaluatedKey")
        return EventPage(tuple(items), str(self._calls.decode(last)[self._names.sort_key]) if last else None)

    # Inside

    def _item(
        self,
        site: str,
        sort_key: SortKey | str,
        status: EventStatus,
        attributes: Mapping[str, Any] | None,
        expires_at: dt.datetime | int | None = None,
    ) -> EventRow:
        item = EventRow(
            site,
            _sort_key(sort_key),
            EventStatus(status),
            None if expires_at is None else epoch_seconds(expires_at),
            dict(attributes or {}),
        )
        return self._with_time_to_live(item)

    def _with_time_to_live(self, item: EventRow) -> EventRow:
        if item.expires_at is not None or self._time_to_live is None:
            return item
        expires_at = int(self._clock.now() + self._time_to_live.total_seconds())
        return EventRow(item.site, item.sort_key, item.status, expires_at, item.attributes)

    def _move(
        self,
        site: str,
        sort_key: SortKey | str,
        status: EventStatus,
        allowed: Sequence[EventStatus],
        attributes: Mapping[str, Any] | None,
    ) -> EventRow:
        """Set the status where the item is not there or in one of `allowed`; other attributes stay."""
        fields = self._item(site, sort_key, status, attributes).to_item(self._names)
        key = {name: fields.pop(name) for name in (self._names.partition_key, self._names.sort_key)}
        names = {f"#f{index}": name for index, name in enumerate(fields)}
        values = {f":f{index}": value for index, value in enumerate(fields.values())}
        from_values = {f":from{index}": allowed_status.value for index, allowed_status in enumerate(allowed)}
        try:
            answer = self._call(
                "update_item",
                Key=self._calls.encode(key),
                UpdateExpression="SET " + ", ".join(f"#f{index} = :f{index}" for index in range(len(fields))),
                ConditionExpression=f"attribute_not_exists(#status) OR #status IN ({', '.join(from_values)})",
                ExpressionAttributeNames={**names, "#status": STATUS_ATTRIBUTE},
                ExpressionAttributeValues=self._calls.encode({**values, **from_values}),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except EventTableError as error:
            if error.code != _REJECTED:
                raise
            current = self._found(error) or self.get(site, sort_key, include_expired=True)
            if current is not None and current.status is status:
                return current
            found = "gone" if current is None else str(current.status)
            hint = "; pass again=True for a re-run" if status is EventStatus.PROCESSING else ""
            raise StatusConflictError(
                f"{site} {sort_key} is {found} and cannot become {status}{hint}", current
            ) from error
        return self._decoded(answer["Attributes"])

    def _write(self, chunk: Sequence[EventRow]) -> list[EventRow]:
        """One `BatchWriteItem`; returns the items that it left."""
        by_key = {(item.site, item.sort_key.text): item for item in chunk}
        puts = [{"PutRequest": {"Item": self._calls.encode(item.to_item(self._names))}} for item in chunk]
        answer = self._call("batch_write_item", RequestItems={self.name: puts})
        left = []
        for request in answer.get("UnprocessedItems", {}).get(self.name, ()):
            item = self._calls.decode(request["PutRequest"]["Item"])
            left.append(by_key[str(item[self._names.partition_key]), str(item[self._names.sort_key])])
        return left

    def _key(self, site: str, sort_key: SortKey | str) -> dict[str, Any]:
        return self._calls.encode({self._names.partition_key: site, self._names.sort_key: str(sort_key)})

    def _decoded(self, raw: Mapping[str, Any]) -> EventRow:
        return EventRow.from_item(self._calls.decode(raw), self._names)

    def _found(self, error: EventTableError) -> EventRow | None:
        """The item that a rejected condition met; boto3 leaves it in DynamoDB JSON, by the resource as well."""
        there = error_response(error.__cause__).get("Item") if error.__cause__ is not None else None
        return EventRow.from_item(self._calls.decode_plain(there), self._names) if there else None

    def _exists(self, item: EventRow, current: EventRow | None) -> str:
        text = f"{item.site} {item.sort_key} is in {self.name} already"
        if current is None:
            return f"{text}; use a transition (complete, processing), or overwrite=True"
        if current.is_expired(self._clock.now()):
            return f"{text}, as {current.status}; its time is over and DynamoDB will remove it: delete it first"
        return f"{text}, as {current.status}; use a transition (complete, processing), or overwrite=True"

    def _call(self, operation: str, **request: Any) -> Mapping[str, Any]:
        failures = 0
        while True:
            try:
                return self._calls.call(operation, request)
            except Exception as error:  # botocore's classes are known only where botocore is installed
                code = error_code(error)
                retryable = is_retryable(error)
                failures += 1
                if retryable and failures < self._back_off.attempts:
                    self._sleep(self._back_off.seconds(failures))
                    continue
                if not code and not retryable:
                    raise  # not AWS's answer: a wrong type in an attribute, missing credentials
                raise EventTableError(
                    f"{operation} on {self.name} failed: {code or type(error).__name__}: {error}",
                    code=code,
                    retryable=retryable,
                ) from error


def _sort_key(sort_key: SortKey | str) -> SortKey:
    return sort_key if isinstance(sort_key, SortKey) else SortKey.parse(sort_key)


def _prefix(date: dt.date | str | None, event_type: str | None, parts: Sequence[str]) -> str:
    if date is None:
        if event_type is not None or parts:
            raise ValueError(f"event type {event_type!r} without a date: the sort key starts with the date")
        return ""
    if event_type is None and parts:
        raise ValueError(f"parts {parts!r} without an event type")
    day = date if isinstance(date, str) else date.isoformat()[:10]
    return SEPARATOR.join([day, *([event_type] if event_type is not None else []), *parts])


def _is_below(sort_key: str, prefix: str) -> bool:
    """Whether `prefix` ends where a segment ends."""
    return not prefix or sort_key == prefix or sort_key.startswith(prefix + SEPARATOR)
