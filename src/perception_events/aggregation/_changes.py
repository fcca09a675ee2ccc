"""Read the change of an event-table item out of what carried it: bus event, pipe batch, Lambda event, bare record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from perception_events.aggregation._errors import InvalidMemberEventError
from perception_events.aggregation._state import COMPLETED
from perception_events.errors import describe
from perception_events.item_names import ItemNames
from perception_events.json_values import JSONValue
from perception_events.records import EventName, change_of, creation_time, has_change, image_of, is_ttl_deletion
from perception_events.sort_keys import InvalidSortKeyError, SortKey

__all__ = ["EXPIRED", "MOVED", "REMOVED", "ItemChange", "item_change", "item_changes", "records_in", "version_of"]

EXPIRED = "EXPIRED"
"""The status of an item that its TTL has deleted."""
REMOVED = "REMOVED"
"""The status of an item that somebody has deleted."""
MOVED = "MOVED"
"""The status, in its former group, of an item that has come to belong to another."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item of the event table after a change; `version` orders the changes of one item by text comparison.

    `item`: its attributes in DynamoDB JSON, as far as the record has them: after the change, or before the removal.
    `before`: those before a change that has left it there; empty where the record does not carry the old image.
    """

    site: str
    sort_key: SortKey
    status: str | None
    version: str
    item: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, repr=False, compare=False)
    before: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, repr=False, compare=False)


def item_changes(
    event: JSONValue,
    *,
    names: ItemNames | None = None,
    parts: Mapping[str, tuple[str, ...]] | None = None,
) -> Iterator[ItemChange]:
    """Yield the changes in `event`: a bus event (its `detail`), a record, a list of either, or `{"Records": [...]}`.

    `parts` names the segments of sort keys per event type. Items whose sort key is not one of an event, such as
    `config`, are none of a join's and are left out.

    Raises:
        InvalidMemberEventError: something in it is not a change of an item with the table's keys.
    """
    for record in records_in(event):
        change = item_change(record, names=names, parts=parts)
        if change is not None:
            yield change


def records_in(event: JSONValue) -> list[JSONValue]:
    """What `event` carries, one by one: bus events and records, unread."""
    found: list[JSONValue] = []
    waiting = [event]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and "Records" in value:
            waiting.append(value["Records"])
        elif isinstance(value, list):
            waiting.extend(reversed(value))
        else:
            found.append(value)
    return found


def item_change(
    record: JSONValue,
    *,
    names: ItemNames | None = None,
    parts: Mapping[str, tuple[str, ...]] | None = None,
) -> ItemChange | None:
    """The change in one bus event or record; None for an item whose sort key is not one of an event.

    Raises:
        InvalidMemberEventError: it is not a change of an item with the table's keys.
    """
    if not isinstance(record, dict):
        raise InvalidMemberEventError(
            f"an event is a JSON object, this is a {type(record).__name__}: {describe(record)}"
        )
    detail = record.get("detail")
    return _change(detail if isinstance(detail, dict) else record, names or ItemNames(), parts)


def _change(
    record: dict[str, JSONValue], names: ItemNames, parts: Mapping[str, tuple[str, ...]] | None
) -> ItemChange | None:
    if not has_change(record):
        raise InvalidMemberEventError(
            f"the event has no 'dynamodb' object (it has: {', '.join(map(str, list(record)[:8])) or 'nothing'}); "
            "let the pipe's input template keep it"
        )
    item = image_of(record)
    site = _text(item, names.partition_key)
    text = _text(item, names.sort_key)
    if site is None or text is None:
        missing = names.partition_key if site is None else names.sort_key
        raise InvalidMemberEventError(
            f"the event's item has no string {missing!r} (it has: {', '.join(map(str, list(item)[:8])) or 'nothing'})"
        )
    try:
        sort_key = SortKey.parse(text, names=parts, key_format=names.key_format)
    except InvalidSortKeyError:
        return None
    status = _text(item, names.status_attribute)
    before: Mapping[str, Any] = _NOTHING
    if not image_of(record, "NewImage"):
        status = _status_of_removal(record, text, names)
    else:
        status = names.status_of(status) or status
        before = image_of(record, "OldImage")
    version = version_of(change_of(record).get("SequenceNumber"), status)
    return ItemChange(site, sort_key, status, version, item, before)


def _status_of_removal(record: Mapping[str, JSONValue], sort_key: str, names: ItemNames) -> str:
    """Why there is no new image: the item is gone, or the stream does not carry any."""
    event_name = record.get("eventName")
    if event_name in (EventName.INSERT, EventName.MODIFY):
        view = change_of(record).get("StreamViewType")
        why = (
            f"the stream's view type is {view}"
            if isinstance(view, str)
            else "the stream or the input template lacks it"
        )
        raise InvalidMemberEventError(
            f"the {event_name} of {sort_key!r} has no NewImage ({why}); joins need the new image: "
            "NEW_IMAGE or NEW_AND_OLD_IMAGES"
        )
    # AWS: a TTL deletion says so in userIdentity; a template that drops it makes every removal look like one.
    # A global table's other Regions get a TTL deletion as a plain one: there, the item's own time tells.
    by_hand = event_name == EventName.REMOVE and not record.get("userIdentity")
    return REMOVED if by_hand and not is_ttl_deletion(record) and not _had_expired(record, names) else EXPIRED


def _had_expired(record: Mapping[str, JSONValue], names: ItemNames) -> bool:
    value = image_of(record, "OldImage").get(names.ttl_attribute)
    number = value.get("N") if isinstance(value, Mapping) else None
    removed_at = creation_time(record)
    try:
        return removed_at is not None and isinstance(number, str) and Decimal(number) <= Decimal(removed_at)
    except InvalidOperation:
        return False


def version_of(sequence_number: JSONValue, status: str | None) -> str:
    """A text that orders as the item's changes do.

    A sequence number (a numeric string of up to 40 digits) becomes its length and its digits. Without one, COMPLETED
    is the last word on an item: such a member is never withdrawn, and all numbered changes are newer.

    AWS: DynamoDB Streams: the records of one item are in order; sequence numbers grow within a shard.
    Unknown on AWS: that a later shard of the same key only has larger numbers; we rely on it.

    Raises:
        InvalidMemberEventError: the sequence number is not a number.
    """
    if sequence_number is None:
        return "00" + ("1" if status == COMPLETED else "0")
    digits = sequence_number.lstrip("0") or "0" if isinstance(sequence_number, str) else ""
    if isinstance(sequence_number, int) and 0 <= sequence_number < 10**99:
        digits = str(int(sequence_number))
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 99:
        raise InvalidMemberEventError(f"SequenceNumber {describe(sequence_number)} is not a number of up to 99 digits")
    return f"{len(digits):02d}{digits}"


def _text(item: Mapping[str, Any], name: str) -> str | None:
    value = item.get(name)
    text = value.get("S") if isinstance(value, dict) else None
    return text if isinstance(text, str) and text else None
