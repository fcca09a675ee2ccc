"""Under the event table: requests, prefixes and descriptions, made of values only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from perception_events.attribute_values import image_from_python
from perception_events.aws.event_items import (
    LEASE_ATTRIBUTE,
    OWNER_ATTRIBUTE,
    EventRow,
    InvalidRowError,
)
from perception_events.errors import describe
from perception_events.event_status import EventStatus
from perception_events.item_names import ItemNames
from perception_events.sort_keys import SEPARATOR, KeyFormat, SortKey, parse_date

__all__ = ["as_sort_key", "is_below", "is_rerun", "key_text", "query_prefix", "state_of", "transition_request"]


def transition_request(
    row: EventRow,
    allowed: Sequence[EventStatus],
    names: ItemNames,
    *,
    owner: str | None = None,
    or_condition: str = "",
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The `UpdateItem` that gives the row its status where it is not there or in one of `allowed`.

    With `owner`, only where nobody else has claimed it. `or_condition` (of `values`) allows more. A claim that the row
    does not carry is removed.
    """
    fields = row.to_item(names)
    key = {name: fields.pop(name) for name in (names.partition_key, names.sort_key)}
    texts = [text for status in allowed for text in names.status_texts(status)]
    from_values = {f":from{index}": text for index, text in enumerate(texts)}
    from_status = f"#status IN ({', '.join(from_values)})"
    named = {"#status": names.status_attribute}
    if owner is not None:
        named["#owner"] = OWNER_ATTRIBUTE
        from_values[":owner"] = owner
        from_status = f"({from_status} AND (attribute_not_exists(#owner) OR #owner = :owner))"
    if or_condition:
        named |= {"#owner": OWNER_ATTRIBUTE, "#until": LEASE_ATTRIBUTE}
    cleared = [name for name in (OWNER_ATTRIBUTE, LEASE_ATTRIBUTE) if name not in fields]
    set_names = {f"#f{index}": name for index, name in enumerate(fields)}
    set_values = {f":f{index}": value for index, value in enumerate(fields.values())}
    removed = {f"#r{index}": name for index, name in enumerate(cleared)}
    update = "SET " + ", ".join(f"#f{index} = :f{index}" for index in range(len(fields)))
    return {
        "Key": image_from_python(key),
        "UpdateExpression": update + (f" REMOVE {', '.join(removed)}" if removed else ""),
        "ConditionExpression": " OR ".join(filter(None, ("attribute_not_exists(#status)", from_status, or_condition))),
        "ExpressionAttributeNames": {**set_names, **removed, **named},
        "ExpressionAttributeValues": image_from_python(
            {**set_values, **from_values, **(values or {})}, raw_binary=True
        ),
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def state_of(raw: Mapping[str, Any] | None, current: EventRow | None) -> str:
    """How a row that was in the way stands, for a message."""
    if current is None:
        return "not an event" if raw is not None else "gone"
    if current.status is EventStatus.PROCESSING and current.owner is not None:
        until = "" if current.lease_until is None else f" until {current.lease_until}"
        return f"PROCESSING (claimed by {current.owner}{until})"
    return current.status.value


def is_rerun(row: EventRow, current: EventRow | None) -> bool:
    """Whether the row is done, and somebody begins it again."""
    return row.status is EventStatus.PROCESSING and current is not None and current.status is EventStatus.COMPLETED


def key_text(raw: Mapping[str, Any], name: str) -> str:
    """The text of a key attribute, or what there is instead, for a message."""
    value = raw.get(name)
    text = value.get("S") if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else describe(value)


def as_sort_key(sort_key: SortKey | str, names: ItemNames) -> SortKey:
    """The sort key, parsed.

    Raises:
        InvalidSortKeyError: it is not one.
    """
    return sort_key if isinstance(sort_key, SortKey) else SortKey.parse(sort_key, key_format=names.key_format)


def query_prefix(
    date: dt.date | str | None, event_type: str | None, parts: Sequence[str], key_format: KeyFormat
) -> str:
    """What the sort keys of a query begin with; `date` is the text before the event type where that is not a day.

    Raises:
        InvalidRowError: a segment without those before it, or of a wrong type.
        InvalidSortKeyError: a text that is not a day.
    """
    if key_format.prefix is None:
        if date is not None:
            raise InvalidRowError(f"date {date!r}: the sort keys of this table begin with the event type")
        return SEPARATOR.join(_segments(event_type, parts))
    if date is None:
        if event_type is not None or parts:
            raise InvalidRowError(f"event type {event_type!r} without a {key_format.prefix}: the key starts with it")
        return ""
    segments = _segments(event_type, parts)
    if not key_format.dated:
        return SEPARATOR.join([str(date), *segments])
    if not isinstance(date, (str, dt.date)):
        raise InvalidRowError(f"a date is a datetime.date or a text YYYY-MM-DD, not {describe(date)}")
    day = parse_date(date).isoformat() if isinstance(date, str) else date.isoformat()[:10]
    return SEPARATOR.join([day, *segments])


def _segments(event_type: str | None, parts: Sequence[str]) -> list[str]:
    if event_type is None and parts:
        raise InvalidRowError(f"parts {parts!r} without an event type")
    segments = [*([event_type] if event_type is not None else []), *parts]
    if not all(isinstance(segment, str) for segment in segments):
        raise InvalidRowError(f"segments of a sort key are texts, not {describe(segments)}")
    return segments


def is_below(sort_key: str, prefix: str) -> bool:
    """Whether `prefix` ends where a segment ends."""
    return not prefix or sort_key == prefix or sort_key.startswith(prefix + SEPARATOR)
