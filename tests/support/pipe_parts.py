"""Records, and targets that keep, reject or fail, for the tests of pipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes import BatchSource, PipeEnrichment
from perception_events.sources import DYNAMODB_STREAM
from perception_events.topology import SourceParameters

__all__ = ["Function", "RecordingBus", "pipe_settings", "record", "records"]

CREATED = 1_752_538_268
_OF_THE_SOURCE = {field.name for field in fields(SourceParameters)}


def pipe_settings(**given: Any) -> dict[str, Any]:
    """The arguments of `Pipe`, from flat ones: source parameters and the enrichment's template among the others."""
    settings = {name: value for name, value in given.items() if name not in _OF_THE_SOURCE}
    template = settings.pop("enrichment_input_template", None)
    if template is not None:
        settings["enrichment"] = PipeEnrichment(settings["enrichment"], template)
    parameters = SourceParameters(**{name: value for name, value in given.items() if name in _OF_THE_SOURCE})
    reads = {name: settings.pop(name) for name in ("filters", "dead_letters") if name in settings}
    return {"source": BatchSource(settings.pop("source", DYNAMODB_STREAM), parameters=parameters, **reads), **settings}


def record(
    number: int = 1,
    *,
    name: str = "INSERT",
    status: str = "COMPLETED",
    site: str = "haemoro_1x2",
    sort_key: str | None = None,
    created: float = CREATED,
    size: int | None = 147,
) -> JSONObject:
    """A stream record whose eventID is `e<number>`."""
    keys: JSONObject = {
        "site": {"S": site},
        "date#event_type": {"S": sort_key or f"2025-07-15#pose#sync001#cam{number}"},
    }
    return {
        "eventID": f"e{number}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": created,
            "Keys": keys,
            "NewImage": {**keys, "status": {"S": status}},
            "SequenceNumber": str(10**21 + number),
            **({} if size is None else {"SizeBytes": size}),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2025-07-15T00:00:00.000",
    }


def records(count: int, **given: Any) -> list[JSONObject]:
    """`count` records, from `e1` on."""
    return [record(number, **given) for number in range(1, count + 1)]


class Function:
    """A target that keeps what it is invoked with and answers, or raises, as `answer` says."""

    def __init__(self, answer: Callable[[JSONValue], JSONValue] | None = None) -> None:
        self.calls: list[JSONValue] = []
        self._answer = answer or (lambda event: event)

    def invoke(self, event: JSONValue) -> JSONValue:
        self.calls.append(event)
        return self._answer(event)


class RecordingBus:
    """A bus that keeps its calls and rejects the entries that `rejects` picks."""

    name = "bus"

    def __init__(self, rejects: Callable[[Mapping[str, Any]], bool] = lambda entry: False) -> None:
        self.calls: list[list[Mapping[str, Any]]] = []
        self._rejects = rejects

    def put_events(self, entries: Sequence[Mapping[str, Any]], /) -> Mapping[str, Any]:
        self.calls.append(list(entries))
        results: list[dict[str, str]] = [
            {"ErrorCode": "InternalFailure", "ErrorMessage": "rejected"} if self._rejects(e) else {"EventId": "1"}
            for e in entries
        ]
        return {"FailedEntryCount": sum("ErrorCode" in r for r in results), "Entries": results}

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        return [entry for call in self.calls for entry in call]
