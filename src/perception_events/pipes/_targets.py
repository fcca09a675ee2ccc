"""The pipe's last step: the items go to an event bus, a function or another resource, which may reject some of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from perception_events.aws_limits import LIMITS
from perception_events.json_values import JSONText, JSONValue, copy_json
from perception_events.pipes._errors import InvalidPipeError, PipeTargetError
from perception_events.pipes._paths import Parameter, parameter
from perception_events.targets import Invocable, as_target, target_error

__all__ = [
    "EventBusTarget",
    "FunctionTarget",
    "PartialFailure",
    "PipeItem",
    "PipeTarget",
    "SupportsPutEvents",
]

_as_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class PipeItem:
    """One item on its way to the target.

    `value`: what the target gets. `before_template`: the same before the target's input template, which is what
    dynamic path parameters read. `pipe`, `event_source` (`aws:dynamodb`): where it comes from. `identity`: by what a
    partial failure names it (`eventID`, `messageId`); None where the item does not carry it. `text`: the value as
    JSON, where it is written already.
    """

    value: JSONValue
    before_template: JSONValue
    pipe: str
    event_source: str
    identity: str | None = None
    text: JSONText | None = None


@dataclass(frozen=True, slots=True)
class PartialFailure:
    """What a target did not take.

    `event_ids`: the identity of each such item, None where it carries none. `reason`: why. `not_taken`: how many items
    that were.
    """

    event_ids: tuple[str | None, ...]
    reason: str
    not_taken: int = 0


class PipeTarget(Protocol):
    """Anything a pipe can send items to.

    One with a true `takes_text` also gets what a template renders that is not JSON, as `PlainText`.
    """

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

    maximum_batch_size: int | None = LIMITS["bus target batch size"].high

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
            _check_length("source", source, "entry source")
        if detail_type is not None:
            _check_length("detail_type", detail_type, "entry detail type")
        limit = LIMITS["entry resources"]
        if not limit.allows(len(resources)):
            raise InvalidPipeError(f"{len(resources)} resources; an event bus target takes {limit.words}")
        self._source = None if source is None else parameter("source", source)
        self._detail_type = None if detail_type is None else parameter("detail_type", detail_type)
        self._resources = [parameter(f"resources[{index}]", each) for index, each in enumerate(resources)]
        self._time: Parameter | None = None
        if time is not None:
            if not time.startswith("$"):
                raise InvalidPipeError(f"time={time!r} is not a JSON path; give one ($.detail.at) or leave time out")
            _check_length("time", time, "dynamic path")
            self._time = parameter("time", time)

    def send(self, items: Sequence[PipeItem]) -> PartialFailure | None:
        """Put `items` as events; returns those whose entry the bus rejected.

        Raises:
            PipeTargetError: a parameter's path leads nowhere or to what the parameter cannot be.
        """
        response = self.bus.put_events([self._entry(item) for item in items])
        if not response["FailedEntryCount"]:
            return None
        failed = [
            (item, result) for item, result in zip(items, response["Entries"], strict=True) if "ErrorCode" in result
        ]
        first = failed[0][1]
        return PartialFailure(
            tuple(item.identity for item, _ in failed),
            f"{len(failed)} of {len(items)} entries rejected: {first['ErrorCode']}: {first.get('ErrorMessage', '')}",
            len(failed),
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
            "Detail": item.text or _as_text(item.value),
        }
        if self._resources:
            entry["Resources"] = [_text("resources", resource(before)) for resource in self._resources]
        if self._time is not None:
            entry["Time"] = self._time(before)
        return entry


class FunctionTarget:
    """A function, invoked synchronously with a list; it may name what failed in `batchItemFailures`.

    `function`: a function of one argument, or an object with `invoke(event)`. `maximum_batch_size`: the function's own;
    None takes whatever a batch holds. `as_event`: what is made of the list of items; an event source mapping hands over
    `{"Records": [...]}`. `reports_failures`: whether the response is read for `batchItemFailures`.

    AWS: EventBridge User Guide, "Batching and concurrency": for a pipe an `itemIdentifier` is the record's `eventID`
    (of a queue, `messageId`). An identifier that is empty, missing or not of the batch fails the whole batch.

    Raises:
        InvalidPipeError: `function` cannot be invoked.
    """

    def __init__(
        self,
        function: Invocable,
        *,
        maximum_batch_size: int | None = None,
        as_event: Callable[[list[JSONValue]], JSONValue] | None = None,
        reports_failures: bool = True,
    ) -> None:
        reason = target_error(function)
        if reason is not None:
            raise InvalidPipeError(f"target: {reason}")
        self.function = as_target(function)
        self.maximum_batch_size = maximum_batch_size
        self._as_event = as_event
        self._reports_failures = reports_failures

    def send(self, items: Sequence[PipeItem]) -> PartialFailure | None:
        """Invoke the function with the items as one list."""
        batch = [copy_json(item.value) for item in items]
        response = self.function.invoke(batch if self._as_event is None else self._as_event(batch))
        if not self._reports_failures:
            return None
        failure = failures_of_response(response)
        if failure is None:
            return None
        names = {item.identity for item in items}
        whole = any(name is None or name not in names for name in failure.event_ids)
        return replace(failure, not_taken=len(items) if whole else len(set(failure.event_ids)))


def failures_of_response(response: object) -> PartialFailure | None:
    """What a function's `response` says has failed.

    AWS: as recorded for event source mappings: nothing, `{}`, null, and an empty or null `batchItemFailures` are
    success; an identifier that is empty, null or misspelt is the failure of all.
    """
    if not isinstance(response, Mapping):
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


def _text(name: str, value: JSONValue) -> str:
    if not isinstance(value, str):
        raise PipeTargetError(f"{name} must be a string, but its path leads to {json.dumps(value)[:80]}")
    return value


def _check_length(name: str, text: str, limit_name: str) -> None:
    limit = LIMITS[limit_name]
    if not text or not limit.allows(len(text)):
        raise InvalidPipeError(f"{name} has {len(text)} characters; an event bus target takes {limit.words}")
