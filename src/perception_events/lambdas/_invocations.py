"""What a function was invoked with, told apart by its shape: a bus event, a pipe's batch, an event source mapping's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from perception_events.errors import InputError, describe
from perception_events.records import change_of, key_of, sequence_number

__all__ = ["DEFAULT_KEY_NAMES", "Invocation", "Message", "Source", "UnknownInvocationError", "read_invocation"]

DEFAULT_KEY_NAMES = ("site", "date#event_type")
"""The keys of the event table, which tell a record's item where the input template has dropped `Keys`."""


class UnknownInvocationError(InputError, TypeError):
    """An event that is neither a bus event nor a list of a pipe nor `{"Records": [...]}`."""


class Source(StrEnum):
    """Who invoked the function."""

    EVENT_BUS = "event-bus"
    PIPE = "pipe"
    EVENT_SOURCE_MAPPING = "event-source-mapping"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Message:
    """One event or record: the whole of it, the stream record in it, and what a partial failure names it by.

    `group` is the message group of a FIFO queue's message; `problem` says why it is not one.
    """

    event: Mapping[str, Any]
    record: Mapping[str, Any]
    identifier: str | None
    group: str | None = None
    problem: str | None = None

    @property
    def event_id(self) -> str | None:
        """The record's `eventID`, or the event's `id`: for logs."""
        return self.record.get("eventID") or self.event.get("id") or self.event.get("messageId")

    def item_key(self, key_names: tuple[str, ...]) -> str | None:
        """The key of the item as text; None where the record does not say which item it is of.

        `key_names` are the key attributes, looked for in the images where there are no `Keys`.
        """
        try:
            key = key_of(self.record, key_names)
            return repr(sorted(key.items())) if key else None
        except (RecursionError, TypeError, ValueError):
            return None

    @property
    def is_record(self) -> bool:
        """Whether it is of a table's stream, whose items have an order."""
        return bool(change_of(self.record))


@dataclass(frozen=True, slots=True)
class Invocation:
    """All messages of one invocation."""

    source: Source
    messages: tuple[Message, ...]


def read_invocation(event: Any) -> Invocation:
    """Tell the forms apart.

    AWS: a rule sends one event; a pipe a list, also of one item, whose partial failures are named by `eventID`; an
    event source mapping `Records`, named by `SequenceNumber` (a stream) or `messageId` (a queue).

    Raises:
        UnknownInvocationError: it is none of them, or a batch without any record.
    """
    if isinstance(event, list):
        return Invocation(Source.PIPE, _messages(event, _pipe_message))
    if isinstance(event, Mapping) and isinstance(event.get("Records"), list):
        records = event["Records"]
        if any(isinstance(record, Mapping) and record.get("eventSource") == "aws:sqs" for record in records):
            return Invocation(Source.QUEUE, _messages(records, _queue_message))
        return Invocation(Source.EVENT_SOURCE_MAPPING, _messages(records, _stream_message))
    if isinstance(event, Mapping) and "detail-type" in event and isinstance(event.get("detail"), Mapping):
        return Invocation(Source.EVENT_BUS, (Message(event, event["detail"], None),))
    names = ", ".join(map(str, list(event)[:6])) if isinstance(event, Mapping) else ""
    found = f"an object with {names}" if isinstance(event, Mapping) else type(event).__name__
    raise UnknownInvocationError(
        f"expected a bus event (detail-type, detail), a pipe's list or {{'Records': [...]}}, found {found}; "
        "a function for other input needs no decorator"
    )


def _messages(items: list[Any], read: Callable[[Mapping[str, Any]], Message]) -> tuple[Message, ...]:
    messages = []
    for index, item in enumerate(items):
        if isinstance(item, Mapping):
            messages.append(read(item))
        else:
            problem = f"item {index} is a {type(item).__name__}, expected an object: {describe(item)}"
            messages.append(Message({"unreadable": item}, {}, None, problem=problem))
    if messages and all(message.problem is not None for message in messages):
        raise UnknownInvocationError(str(messages[0].problem))
    return tuple(messages)


def _pipe_message(item: Mapping[str, Any]) -> Message:
    return Message(item, item, _text(item, "eventID"))


def _stream_message(record: Mapping[str, Any]) -> Message:
    return Message(record, record, sequence_number(record) or None)


def _queue_message(message: Mapping[str, Any]) -> Message:
    """A queue's message; the record is the JSON object in its body, where there is one."""
    body = message.get("body")
    record: Any = None
    if isinstance(body, str):
        try:
            record = json.loads(body)
        except (ValueError, RecursionError):
            record = None
    attributes = message.get("attributes")
    group = _text(attributes, "MessageGroupId") if isinstance(attributes, Mapping) else None
    return Message(message, record if isinstance(record, dict) else message, _text(message, "messageId"), group)


def _text(item: Any, name: str) -> str | None:
    value = item.get(name) if isinstance(item, Mapping) else None
    return value if isinstance(value, str) else None
