"""What a function was invoked with, told apart by its shape: a bus event, a pipe's batch, an event source mapping's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from perception_events.errors import PerceptionEventsError

__all__ = ["Invocation", "Message", "Source", "UnknownInvocationError", "read_invocation"]


class UnknownInvocationError(PerceptionEventsError, TypeError):
    """An event that is none of a bus event, a list of a pipe, `{"Records": [...]}`."""


class Source(StrEnum):
    """Who invoked the function."""

    EVENT_BUS = "event-bus"
    PIPE = "pipe"
    EVENT_SOURCE_MAPPING = "event-source-mapping"


@dataclass(frozen=True, slots=True)
class Message:
    """One event or record: the whole of it, the stream record in it, and what a partial failure names it by."""

    event: Mapping[str, Any]
    record: Mapping[str, Any]
    identifier: str | None

    @property
    def event_id(self) -> str | None:
        """The record's `eventID`, or the event's `id`: for logs."""
        return self.record.get("eventID") or self.event.get("id")

    @property
    def keys(self) -> str:
        """The item's keys as text: records of one item are handled in order."""
        change = self.record.get("dynamodb")
        found = change.get("Keys") or change.get("NewImage") if isinstance(change, Mapping) else None
        return repr(found) if found else repr(self.identifier)


@dataclass(frozen=True, slots=True)
class Invocation:
    """All messages of one invocation."""

    source: Source
    messages: tuple[Message, ...]


def read_invocation(event: Any) -> Invocation:
    """Tell the forms apart.

    AWS: a rule sends one event; a pipe a list, also of one item, whose partial failures are named by `eventID`; an
    event source mapping `Records`, named by `SequenceNumber`.

    Raises:
        UnknownInvocationError: it is none of them.
    """
    if isinstance(event, list):
        return Invocation(Source.PIPE, tuple(_records(event, "item")))
    if isinstance(event, Mapping) and isinstance(event.get("Records"), list):
        messages = (
            Message(record, record, _text(record.get("dynamodb", {}), "SequenceNumber"))
            for record in _mappings(event["Records"], "record")
        )
        return Invocation(Source.EVENT_SOURCE_MAPPING, tuple(messages))
    if isinstance(event, Mapping) and "detail-type" in event and isinstance(event.get("detail"), Mapping):
        return Invocation(Source.EVENT_BUS, (Message(event, event["detail"], None),))
    found = f"an object with {', '.join(list(event)[:6])}" if isinstance(event, Mapping) else type(event).__name__
    raise UnknownInvocationError(
        f"expected a bus event (detail-type, detail), a pipe's list or {{'Records': [...]}}, found {found}; "
        "a function for other input needs no decorator"
    )


def _records(items: list[Any], what: str) -> Iterable[Message]:
    return (Message(item, item, _text(item, "eventID")) for item in _mappings(items, what))


def _mappings(items: list[Any], what: str) -> Iterable[Mapping[str, Any]]:
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise UnknownInvocationError(f"{what} {index} is a {type(item).__name__}, expected an object")
        yield item


def _text(item: Any, name: str) -> str | None:
    value = item.get(name) if isinstance(item, Mapping) else None
    return value if isinstance(value, str) else None
