"""Under `EventTable.save_all`: many rows in requests that DynamoDB takes, as long as it takes any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perception_events.attribute_values import InvalidAttributeValueError
from perception_events.aws._table_calls import TableCalls
from perception_events.aws.event_items import BatchWriteError, EventRow, EventTableError, InvalidRowError
from perception_events.item_names import ItemNames

__all__ = ["MAXIMUM_BATCH", "BatchWriter"]

MAXIMUM_BATCH = 25
"""Items in one `BatchWriteItem` request. AWS: service model, `BatchWriteItemInput`."""

Key = tuple[str, str]


class BatchWriter:
    """Writes rows; one object for one `save_all`."""

    def __init__(self, calls: TableCalls, names: ItemNames) -> None:
        self._calls = calls
        self._names = names
        self._impossible: dict[Key, str] = {}
        self._error: EventTableError | None = None

    def write(self, rows: Sequence[EventRow]) -> int:
        """Write `rows`, of different keys; returns how many.

        Raises:
            BatchWriteError: some could not be written.
        """
        encoded = {_key(row): item for row in rows if (item := self._encoded(row)) is not None}
        waiting = list(encoded)
        failures = 0
        while waiting:
            chunk, rest = waiting[:MAXIMUM_BATCH], waiting[MAXIMUM_BATCH:]
            try:
                left = self._request([encoded[key] for key in chunk])
            except EventTableError as error:
                if error.retryable:
                    self._error = error
                    break
                # One item that DynamoDB never takes fails its whole request: each goes alone, and is named.
                waiting = rest
                if len(chunk) == 1:
                    self._impossible[chunk[0]] = str(error)
                    self._error = error
                else:
                    waiting += self._one_by_one(chunk, encoded)
                continue
            failures = 0 if len(left) < len(chunk) else failures + 1
            waiting = [*left, *rest]
            if self._calls.back_off.is_over(failures):
                message = f"DynamoDB took none of {len(chunk)} items {failures} times in a row"
                self._error = EventTableError(message, retryable=True)
                break
            if left:
                self._calls.sleep(self._calls.back_off.seconds(max(failures, 1)))
        self._raise_if_unwritten(rows, frozenset(waiting))
        return len(rows)

    def _one_by_one(self, chunk: Sequence[Key], encoded: Mapping[Key, Mapping[str, Any]]) -> list[Key]:
        """Write each row alone; returns those that may be written later."""
        later: list[Key] = []
        for key in chunk:
            try:
                later += self._request([encoded[key]])
            except EventTableError as error:
                if error.retryable:
                    later.append(key)
                else:
                    self._impossible[key] = str(error)
                    self._error = error
        return later

    def _request(self, items: Sequence[Mapping[str, Any]]) -> list[Key]:
        """One `BatchWriteItem`; returns the keys of the items that it left."""
        puts = [{"PutRequest": {"Item": item}} for item in items]
        response = self._calls.call("batch_write_item", RequestItems={self._calls.table: puts})
        unprocessed = (response.get("UnprocessedItems") or {}).get(self._calls.table, ())
        left = (request["PutRequest"]["Item"] for request in unprocessed)
        return [(item[self._names.partition_key]["S"], item[self._names.sort_key]["S"]) for item in left]

    def _encoded(self, row: EventRow) -> Mapping[str, Any] | None:
        try:
            return self._calls.encode(row.to_item(self._names))
        except (InvalidAttributeValueError, InvalidRowError) as error:
            self._impossible[_key(row)] = str(error)
            return None

    def _raise_if_unwritten(self, rows: Sequence[EventRow], waiting: frozenset[Key]) -> None:
        unwritten = tuple(row for row in rows if _key(row) in waiting or _key(row) in self._impossible)
        if not unwritten:
            return
        named = "; ".join(f"{' '.join(key)}: {why}" for key, why in list(self._impossible.items())[:5])
        reason = named or str(self._error)
        raise BatchWriteError(
            f"{len(unwritten)} of {len(rows)} items not written: {reason}",
            unwritten,
            code="" if self._error is None else self._error.code,
            retryable=bool(waiting),
            reasons=self._impossible,
        ) from self._error


def _key(row: EventRow) -> Key:
    return row.site, row.sort_key.text
