"""The pipe's last step: the items go to an event bus or to a function, which may reject some of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes._enrichment import copy_json
from perception_events.pipes._errors import InvalidPipeError, PipeTargetError
from perception_events.pipes._paths import Parameter, parameter
from perception_events.targets import Target

__all__ = ["EventBusTarget", "FunctionTarget", "PartialFailure", "PipeItem", "PipeTarget", "SupportsPutEvents"]

_as_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
MAXIMUM_RESOURCES = 10
MAXIMUM_SOURCE_LENGTH = 256
MAXIMUM_DETAIL_TYPE_LENGTH = 128
MAXIMUM_PATH_LENGTH = 256


@dataclass(frozen=True, slots=True)
class PipeItem:
    """One item on its way to the target.

    `value` is what the target gets; `before_template` is the same before the target's input template, which is what
    dynamic path parameters read. `pipe` and `event_source` (`aws:dynamodb`) name where it comes from.
    """

    value: JSONValue
    before_template: JSONValue
    pipe: str
    event_source: str


@dataclass(frozen=True, slots=True)
class PartialFailure:
    """What a target did not take: the `eventID` of each item, or None where an item carries none, and why."""

    event_ids: tuple[str | None, ...]
    reason: str


class PipeTarget(Protocol):
    """Anything a pipe can send items to."""

    @property
    def maximum_batch_size(self) -> int | None:
        """The most items in one call; None is as many as the source's batch size."""
        ...

    def send(self, items: Sequence[PipeItem]) -> PartialFailure | None:
        """Send `items`; returns what was not taken. Raising fails all of them."""
        ...


class SupportsPutEvents(Protocol):
    """The one thing a pipe needs of an event bus."""

    def put_events(self, entries: Sequence[Mapping[str, Any]], /) -> Mapping[str, Any]:
        """As `PutEvents` does: `FailedEntryCount` and one result an entry, in order."""
        ...


class EventBusTarget:
    """An event bus: each item becomes the `detail` of one entry of one `PutEvents` call of at most 10.

    `source`, `detail_type`, each of `resources` and `time` may be a path (`$.detail.kind`) into the item as it was
    before the target's input template. Without them an event has the source `Pipe <pipe name>` and the detail type
    `Event from aws:dynamodb`.

    AWS: service model `pipes`, `PipeTargetEventBridgeEventBusParameters`; the defaults as seen on real events.
    Unknown on AWS: `time` that is a number. Here it is seconds since the epoch, as in the API's JSON.

    Raises:
        InvalidPipeError: a parameter exceeds its limit, or the source begins with `aws.`.
    """

    maximum_batch_size: int | None = 10

    def __init__(
        self,
        bus: SupportsPutEvents,
        *,
        source: str | None = None,
        detail_type: str | None = None,
        resources: Sequence[str] = (),
        time: str | None = None,
    ) -> None:
        self.bus = bus
        if source is not None:
            if source.startswith("aws."):
                raise InvalidPipeError(f"source={source!r}: sources that begin with 'aws.' belong to AWS")
            _check_length("source", source, MAXIMUM_SOURCE_LENGTH)
        if detail_type is not None:
            _check_length("detail_type", detail_type, MAXIMUM_DETAIL_TYPE_LENGTH)
        if len(resources) > MAXIMUM_RESOURCES:
            raise InvalidPipeError(f"{len(resources)} resources; an event bus target takes at most {MAXIMUM_RESOURCES}")
        self._source = None if source is None else parameter("source", source)
        self._detail_type = None if detail_type is None else parameter("detail_type", detail_type)
        self._resources = [parameter(f"resources[{index}]", each) for index, each in enumerate(resources)]
        self._time: Parameter | None = None
        if time is not None:
            if not time.startswith("$"):
                raise InvalidPipeError(f"time={time!r} is not a JSON path; give one ($.detail.at) or leave time out")
            _check_length("time", time, MAXIMUM_PATH_LENGTH)
            self._time = parameter("time", time)

    def send(self, items: Sequence[PipeItem]) -> PartialFailure | None:
        """Put `items` as events; returns those whose entry the bus rejected.

        Raises:
            PipeTargetError: a parameter's path leads nowhere or to what the parameter cannot be.
        """
        answer = self.bus.put_events([self._entry(item) for item in items])
        if not answer["FailedEntryCount"]:
            return None
        failed = [
            (item, result) for item, result in zip(items, answer["Entries"], strict=True) if "ErrorCode" in result
        ]
        first = failed[0][1]
        return PartialFailure(
            tuple(_event_id(item.value) for item, _ in failed),
            f"{len(failed)} of {len(items)} entries rejected: {first['ErrorCode']}: {first.get('ErrorMessage', '')}",
        )

    def _entry(self, item: PipeItem) -> dict[str, Any]:
        before = item.before_template
        entry: dict[str, Any] = {
            "Source": f"Pipe {item.pipe}" if self._source is None else _text("source", self._source(before)),
            "DetailType": (
                f"Event from {item.event_source}"
                if self._detail_type is None
                else _text("detail_type", self._detail_type(before))
            ),
            "Detail": _as_text(item.value),
        }
        if self._resources:
            entry["Resources"] = [_text("resources", resource(before)) for resource in self._resources]
        if self._time is not None:
            entry["Time"] = self._time(before)
        return entry


class FunctionTarget:
    """A function, invoked synchronously with a list; it may name what failed in `batchItemFailures`.

    `maximum_batch_size` is the function's own; None takes whatever a batch holds.

    AWS: EventBridge User Guide, "Batching and concurrency": for a pipe an `itemIdentifier` is the record's `eventID`.
    An identifier that is empty, missing or not of the batch fails the whole batch.
    """

    def __init__(self, function: Target, *, maximum_batch_size: int | None = None) -> None:
        self.function = function
        self.maximum_batch_size = maximum_batch_size

    def send(self, items: Sequence[PipeItem]) -> PartialFailure | None:
        """Invoke the function with the items as one list."""
        return failures_of_response(self.function.invoke([copy_json(item.value) for item in items]))


def failures_of_response(response: JSONValue) -> PartialFailure | None:
    """What a function's `response` says has failed.

    AWS: as recorded for event source mappings: nothing, `{}`, null, and an empty or null `batchItemFailures` are
    success; an identifier that is empty, null or misspelt is the failure of all.
    """
    if not isinstance(response, dict):
        return None
    failures = response.get("batchItemFailures")
    if not failures:
        return None
    if not isinstance(failures, list):
        return PartialFailure((None,), f"batchItemFailures is a {type(failures).__name__}, not a list")
    ids = tuple(_identifier(failure) for failure in failures)
    if None in ids:
        return PartialFailure(ids, 'an entry of batchItemFailures has no "itemIdentifier"')
    return PartialFailure(ids, f"batchItemFailures: {', '.join(str(each) for each in ids)}")


def _identifier(failure: JSONValue) -> str | None:
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    return identifier if isinstance(identifier, str) and identifier else None


def _event_id(value: JSONValue) -> str | None:
    found = value.get("eventID") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _text(name: str, value: JSONValue) -> str:
    if not isinstance(value, str):
        raise PipeTargetError(f"{name} must be a string, but its path leads to {json.dumps(value)[:80]}")
    return value


def _check_length(name: str, text: str, limit: int) -> None:
    if not 1 <= len(text) <= limit:
        raise InvalidPipeError(f"{name} has {len(text)} characters; an event bus target takes 1 to {limit}")


def event_source(record: JSONObject) -> str:
    """The `eventSource` of `record`, which names the default detail type."""
    found = record.get("eventSource")
    return found if isinstance(found, str) else "aws:dynamodb"
