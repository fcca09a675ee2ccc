"""The reading half of the event table: rows of one key or of a query, whatever else the table holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.attribute_values import InvalidAttributeValueError
from perception_events.aws._row_requests import is_below, key_text, query_prefix
from perception_events.aws._table_calls import TableCalls
from perception_events.aws.event_items import EventRow, InvalidRowError, OtherRow
from perception_events.clock import Clock
from perception_events.errors import describe
from perception_events.item_names import ItemNames
from perception_events.sort_keys import SortKey

__all__ = ["EventPage", "EventReader"]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Rows of one query, and the sort key to give as `start_after` for the next ones; None at the end.

    `others` are the items in their place that are not events: a join's state, a row that somebody else has written.
    """

    items: tuple[EventRow, ...]
    next: str | None
    others: tuple[OtherRow, ...] = ()


class EventReader:
    """What `EventTable` reads with: total over whatever the table holds."""

    def __init__(self, calls: TableCalls, names: ItemNames, clock: Clock) -> None:
        self._calls = calls
        self._names = names
        self._clock = clock

    def get(
        self, site: str, sort_key: SortKey | str, *, include_expired: bool = False, strict: bool = False
    ) -> EventRow | None:
        """The row by a consistent read, or None. Rows that have expired count as gone, as they soon are.

        An item that is not an event (a join's state, say) is None too, and an error with `strict`.

        Raises:
            InvalidRowError: `strict`, and the item is not an event; the message says why.
            EventTableError: DynamoDB rejected.
        """
        raw = self._calls.call("get_item", Key=self._key(site, sort_key), ConsistentRead=True).get("Item")
        if not raw:
            return None
        row = self._read(raw)
        if isinstance(row, OtherRow):
            if strict:
                raise InvalidRowError(row.reason)
            return None
        return row if include_expired or not row.is_expired(self._clock.now()) else None

    def query(
        self,
        site: str,
        date: dt.date | str | None = None,
        event_type: str | None = None,
        *parts: str,
        newest_first: bool = False,
        include_expired: bool = False,
        on_other: Callable[[OtherRow], object] | None = None,
        strict: bool = False,
    ) -> Iterator[EventRow]:
        """The events of a site, in the order of their sort keys, page after page as they are asked for.

        `date`, then `event_type`, then the segments after it (`"sync001"`) narrow it; each is a whole segment, so
        `"reid"` finds no `reidentified`. Items that are not events are left out: `on_other` gets each of them.

        Raises:
            ValueError: an event type without a date, or a date that is not one.
            InvalidRowError: `strict`, and an item is not an event; the message names it.
            EventTableError: DynamoDB rejected.
        """
        query_prefix(date, event_type, parts, self._names.key_format)
        return self._rows(
            site,
            date,
            event_type,
            *parts,
            newest_first=newest_first,
            include_expired=include_expired,
            on_other=on_other,
            strict=strict,
        )

    def _rows(
        self,
        site: str,
        date: dt.date | str | None,
        event_type: str | None,
        *parts: str,
        newest_first: bool,
        include_expired: bool,
        on_other: Callable[[OtherRow], object] | None,
        strict: bool,
    ) -> Iterator[EventRow]:
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
            for other in page.others:
                if strict:
                    raise InvalidRowError(other.reason)
                if on_other is not None:
                    on_other(other)
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
            ValueError: an event type without a date, or a date that is not one.
            EventTableError: DynamoDB rejected.
        """
        prefix = query_prefix(date, event_type, parts, self._names.key_format)
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
        response = self._calls.call("query", **request)
        now = self._clock.now()
        rows: list[EventRow] = []
        others: list[OtherRow] = []
        for raw in response["Items"]:
            row = self._read(raw)
            if not is_below(str(row.sort_key), prefix):
                continue  # a longer segment
            if isinstance(row, OtherRow):
                others.append(row)
            elif include_expired or not row.is_expired(now):
                rows.append(row)
        last = response.get("LastEvaluatedKey")
        return EventPage(tuple(rows), last[self._names.sort_key]["S"] if last else None, tuple(others))

    # Inside

    def _key(self, site: str, sort_key: SortKey | str) -> dict[str, Any]:
        if not isinstance(site, str) or not isinstance(sort_key, (str, SortKey)):
            raise InvalidRowError(f"a key is a site and a sort key, not {describe(site)} and {describe(sort_key)}")
        return self._calls.encode({self._names.partition_key: site, self._names.sort_key: str(sort_key)})

    def _read(self, raw: Mapping[str, Any]) -> EventRow | OtherRow:
        try:
            return EventRow.from_item(self._calls.decode(raw), self._names)
        except (InvalidAttributeValueError, InvalidRowError) as error:
            site, sort_key = (key_text(raw, name) for name in (self._names.partition_key, self._names.sort_key))
            return OtherRow(site, sort_key, str(error), raw)
