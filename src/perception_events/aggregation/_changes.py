"""Read the change of an event-table item out of what carried it: bus event, pipe batch, Lambda event, bare record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from perception_events.aggregation._errors import InvalidMemberEventError
from perception_events.aggregation._keys import ItemNames
from perception_events.aggregation._state import COMPLETED
from perception_events.json_values import JSONValue
from perception_events.sort_keys import InvalidSortKeyError, SortKey

__all__ = ["EXPIRED", "REMOVED", "ItemChange", "item_changes", "version_of"]

EXPIRED = "EXPIRED"
"""The status of an item that its TTL has deleted."""
REMOVED = "REMOVED"
"""The status of an item that somebody has deleted."""


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item of the event table after a change; `version` orders the changes of one item by text comparison."""

    site: str
    sort_key: SortKey
    status: str | None
    version: str


def item_changes(
    event: JSONValue,
    *,
    names: ItemNames | None = None,
    parts: Mapping[str, tuple[str, ...]] | None = None,
) -> Iterator[ItemChange]:
    """Yield the changes in `event`: a bus event (its `detail`), a record, a list of either, or `{"Records": [...]}`.

    `parts` names the segments of sort keys per event type.

    Raises:
        InvalidMemberEventError: something in it is no change of an item with the table's keys.
    """
    if isinstance(event, list):
        for member in event:
            yield from item_changes(member, names=names, parts=parts)
    elif isinstance(event, dict) and "Records" in event:
        yield from item_changes(event["Records"], names=names, parts=parts)
    elif isinstance(event, dict):
        detail = event.get("detail")
        yield _change(detail if isinstance(detail, dict) else event, names or ItemNames(), parts)
    else:
        raise InvalidMemberEventError(f"an event is a JSON object, this is a {type(event).__name__}: {event!r:.80}")


def _change(record: dict[str, JSONValue], names: ItemNames, parts: Mapping[str, tuple[str, ...]] | None) -> ItemChange:
    data = record.get("dynamodb")
    if not isinstance(data, dict):
        raise InvalidMemberEventError(
            f"the event has no 'dynamodb' object (it has: {', '.join(list(record)[:8]) or 'nothing'}); "
            "let the pipe's input template keep it"
        )
    image = data.get("NewImage")
    removed = not isinstance(image, dict) or not image
    item = next((i for i in (image, data.get("OldImage"), data.get("Keys")) if isinstance(i, dict) and i), {})
    site = _text(item, names.partition_key)
    text = _text(item, names.sort_key)
    if site is None or text is None:
        missing = names.partition_key if site is None else names.sort_key
        raise InvalidMemberEventError(
            f"the event's item has no string {missing!r} (it has: {', '.join(list(item)[:8]) or 'nothing'})"
        )
    try:
        sort_key = SortKey.parse(text, names=parts)
    except InvalidSortKeyError as error:
        raise InvalidMemberEventError(str(error)) from error
    if removed:
        # AWS: a TTL deletion says so in userIdentity; a template that drops it makes every removal look like one.
        by_hand = record.get("eventName") == "REMOVE" and not record.get("userIdentity")
        status: str | None = REMOVED if by_hand else EXPIRED
    else:
        status = _text(item, "status")
    return ItemChange(site, sort_key, status, version_of(data.get("SequenceNumber"), status))


def version_of(sequence_number: JSONValue, status: str | None) -> str:
    """A text that orders as the item's changes do.

    A sequence number (a numeric string of up to 40 digits) becomes its length and its digits. Without one, COMPLETED
    is the last word on an item: such a member is never withdrawn, and all numbered changes are newer.

    AWS: DynamoDB Streams: the records of one item are in order; sequence numbers grow within a shard.
    Unknown on AWS: that a later shard of the same key only has larger numbers; we rely on it.

    Raises:
        InvalidMemberEventError: the sequence number is no number.
    """
    if sequence_number is None:
        return "00" + ("1" if status == COMPLETED else "0")
    digits = str(sequence_number).lstrip("0") or "0"
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 99:
        raise InvalidMemberEventError(f"SequenceNumber {sequence_number!r:.120} is no number of up to 99 digits")
    return f"{len(digits):02d}{digits}"


def _text(item: Mapping[str, JSONValue], name: str) -> str | None:
    value = item.get(name)
    text = value.get("S") if isinstance(value, dict) else None
    return text if isinstance(text, str) and text else None
