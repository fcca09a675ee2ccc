"""A DynamoDB stream with scripted shards and faults, behind the three calls that a poller makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perception_events.clock import ManualClock

__all__ = ["ARN", "ClientError", "FakeShard", "FakeStreams", "Stop", "stream_record"]

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2026-01-01T00:00:00.000"


class ClientError(Exception):
    """As botocore's: the code is in `response`."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An error occurred ({code})")
        self.response = {"Error": {"Code": code}}


def stream_record(number: int, created: float = 0.0) -> dict[str, Any]:
    """What `get_records` returns for one INSERT."""
    keys = {"site": {"S": "s"}, "date#event_type": {"S": f"2025-07-15#pose#sync{number:03}"}}
    change = {"Keys": keys, "SequenceNumber": str(number), "ApproximateCreationDateTime": created}
    return {"eventID": f"{number:032x}", "eventName": "INSERT", "dynamodb": change}


@dataclass
class FakeShard:
    """A shard; an iterator is `shard:position:serial` and expires when the stream is told to."""

    shard_id: str
    parent: str | None = None
    records: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False
    trimmed_below: int = 0


class FakeStreams:
    """The client. `faults` are codes raised, in order, by the next calls of an operation."""

    def __init__(self, *shards: FakeShard, page: int = 2) -> None:
        self.shards = {shard.shard_id: shard for shard in shards}
        self.faults: dict[str, list[str]] = {}
        self.page = page
        self.calls: list[str] = []
        self.generation = 0

    def expire_iterators(self) -> None:
        """Every iterator handed out so far is too old from now on."""
        self.generation += 1

    def describe_stream(self, **request: Any) -> Mapping[str, Any]:
        """Two shards a page."""
        self._enter("describe_stream")
        ids = list(self.shards)
        after = request.get("ExclusiveStartShardId")
        start = ids.index(after) + 1 if after else 0
        listed = ids[start : start + 2]
        description: dict[str, Any] = {"Shards": [self._listed(self.shards[i]) for i in listed]}
        if start + 2 < len(ids):
            description["LastEvaluatedShardId"] = listed[-1]
        return {"StreamDescription": description}

    def get_shard_iterator(self, **request: Any) -> Mapping[str, Any]:
        """The four kinds that DynamoDB has, less `AT_SEQUENCE_NUMBER`."""
        self._enter("get_shard_iterator")
        if request["ShardId"] not in self.shards:
            raise ClientError("ResourceNotFoundException")
        shard = self.shards[request["ShardId"]]
        kind = request["ShardIteratorType"]
        position = shard.trimmed_below
        if kind == "LATEST":
            position = len(shard.records)
        elif kind == "AFTER_SEQUENCE_NUMBER":
            after = int(request["SequenceNumber"])
            position = sum(int(r["dynamodb"]["SequenceNumber"]) <= after for r in shard.records)
            if position < shard.trimmed_below:
                raise ClientError("TrimmedDataAccessException")
        return {"ShardIterator": f"{shard.shard_id}:{position}:{self.generation}"}

    def get_records(self, **request: Any) -> Mapping[str, Any]:
        """At most `page` records; a closed shard that is read to its end has no next iterator."""
        self._enter("get_records")
        shard_id, position, generation = request["ShardIterator"].rsplit(":", 2)
        if int(generation) != self.generation:
            raise ClientError("ExpiredIteratorException")
        if shard_id not in self.shards:
            raise ClientError("ResourceNotFoundException")
        shard = self.shards[shard_id]
        end = int(position) + min(self.page, request["Limit"])
        answer: dict[str, Any] = {"Records": shard.records[int(position) : end]}
        end = min(end, len(shard.records))
        if not (shard.closed and end == len(shard.records)):
            answer["NextShardIterator"] = f"{shard_id}:{end}:{self.generation}"
        return answer

    def _enter(self, operation: str) -> None:
        self.calls.append(operation)
        if self.faults.get(operation):
            raise ClientError(self.faults[operation].pop(0))

    @staticmethod
    def _listed(shard: FakeShard) -> dict[str, Any]:
        numbers = {"StartingSequenceNumber": "0"} | ({"EndingSequenceNumber": "9"} if shard.closed else {})
        listed: dict[str, Any] = {"ShardId": shard.shard_id, "SequenceNumberRange": numbers}
        return listed | ({"ParentShardId": shard.parent} if shard.parent else {})


class Stop:
    """A stop signal whose waits pass on the clock; set after a number of waits."""

    def __init__(self, clock: ManualClock, waits: int = 1_000_000) -> None:
        self.clock = clock
        self.left = waits

    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, timeout: float) -> bool:
        self.clock.advance(timeout)
        self.left -= 1
        return self.is_set()
