"""An in-memory table whose stream is what a real one's is: the source of everything else, without a cloud."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from perception_events.clock import Clock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.records import TTL_IDENTITY, EventName, StreamViewType
from perception_events.streams._items import InvalidItemError, normalised
from perception_events.streams._sizes import item_size
from perception_events.streams._stream import (
    MAXIMUM_PAGE,
    RETENTION_SECONDS,
    Page,
    Shard,
    TrimmedDataError,
    UnknownShardError,
)

__all__ = ["InMemoryTable", "TableStream"]

_FIRST_SEQUENCE_NUMBER = 10**21
_HASH_SPACE = 2**32
MAXIMUM_ITEM_BYTES = 400 * 1024
MAXIMUM_PARTITION_KEY_BYTES = 2048
MAXIMUM_SORT_KEY_BYTES = 1024
"""AWS: DynamoDB Developer Guide, "Quotas", items and keys."""
_TTL_LOOK_BACK_SECONDS = 5 * 365 * 86_400


@dataclass(slots=True)
class _ShardState:
    """A shard's share of the hash space and what it holds; `numbers` are the records' sequence numbers."""

    shard_id: str
    parent: str | None
    low: int
    high: int
    closed: bool = False
    records: list[JSONObject] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    newest: int | None = None
    trimmed: int | None = None


class TableStream:
    """The stream of one table: ordered per item, kept for 24 hours, spread over shards by partition key.

    AWS: DynamoDB Developer Guide, "Change data capture with DynamoDB Streams".
    """

    def __init__(self, arn: str, clock: Clock, shards: int = 1) -> None:
        self._arn = arn
        self._clock = clock
        self._sequence = _FIRST_SEQUENCE_NUMBER
        self._made = 0
        self._shards: dict[str, _ShardState] = {}
        self._listeners: list[Callable[[], object]] = []
        width = _HASH_SPACE // shards
        for number in range(shards):
            high = _HASH_SPACE if number == shards - 1 else (number + 1) * width
            self._new_shard(None, number * width, high)

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        return self._arn

    def shards(self) -> tuple[Shard, ...]:
        """Every shard that has records or may get some, parents before children."""
        self._trim()
        return tuple(
            Shard(s.shard_id, s.parent, s.closed, None if s.trimmed is None else str(s.trimmed))
            for s in self._shards.values()
        )

    def read(self, shard_id: str, *, after: str | None, limit: int = MAXIMUM_PAGE) -> Page:
        """Up to `limit` records (at most 1000) behind the sequence number `after`, from the oldest where it is None.

        Raises:
            UnknownShardError: there is no such shard (a closed one is forgotten with its last record).
            TrimmedDataError: records behind `after` were trimmed; read on with `after=None`.
        """
        self._trim()
        shard = self._shard(shard_id)
        if after is not None and shard.trimmed is not None and int(after) < shard.trimmed:
            raise TrimmedDataError(f"{shard_id}: records behind {after} are older than 24 hours and gone")
        start = 0 if after is None else bisect_right(shard.numbers, int(after))
        records = tuple(shard.records[start : start + min(limit, MAXIMUM_PAGE)])
        return Page(records, shard.closed and start + len(records) >= len(shard.records))

    def latest(self, shard_id: str) -> str | None:
        """The newest sequence number of the shard; None where it never had a record."""
        newest = self._shard(shard_id).newest
        return None if newest is None else str(newest)

    def checkpoint(self, shard_id: str, sequence_number: str) -> None:
        """Nothing: a table's stream keeps its records for a day, whoever has read them."""

    def subscribe(self, listener: Callable[[], object]) -> None:
        """Call `listener` after every record and every split."""
        self._listeners.append(listener)

    def records(self) -> Iterator[JSONObject]:
        """Every record that is kept, in the order of writing."""
        self._trim()
        pairs = [pair for s in self._shards.values() for pair in zip(s.numbers, s.records, strict=True)]
        yield from (record for _, record in sorted(pairs, key=lambda pair: pair[0]))

    def split_shard(self, shard_id: str) -> tuple[str, str]:
        """Close a shard and give its keys to two children, as DynamoDB does when a partition grows.

        Raises:
            UnknownShardError: there is no such open shard.
        """
        shard = self._shard(shard_id)
        if shard.closed:
            raise UnknownShardError(f"{shard_id} is closed already")
        shard.closed = True
        middle = (shard.low + shard.high) // 2
        children = self._new_shard(shard_id, shard.low, middle), self._new_shard(shard_id, middle, shard.high)
        self._tell()
        return children

    def _append(self, partition_key: JSONValue, record: JSONObject, change: JSONObject) -> None:
        """Give `record` its number and identity, and keep it in its key's shard."""
        self._sequence += 1
        number = self._sequence
        place = crc32(json.dumps(partition_key).encode())
        shard = next(s for s in self._shards.values() if not s.closed and s.low <= place < s.high)
        change["SequenceNumber"] = str(number)
        record["eventID"] = hashlib.md5(f"{self._arn}{number}".encode(), usedforsecurity=False).hexdigest()
        shard.records.append(record)
        shard.numbers.append(number)
        shard.times.append(self._clock.now())
        shard.newest = number
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _new_shard(self, parent: str | None, low: int, high: int) -> str:
        self._made += 1
        shard_id = f"shardId-{self._made:020d}-{crc32(f'{self._arn}{self._made}'.encode()):08x}"
        self._shards[shard_id] = _ShardState(shard_id, parent, low, high)
        return shard_id

    def _shard(self, shard_id: str) -> _ShardState:
        try:
            return self._shards[shard_id]
        except KeyError:
            raise UnknownShardError(f"no shard {shard_id!r} in {self._arn}") from None

    def _trim(self) -> None:
        horizon = self._clock.now() - RETENTION_SECONDS
        for shard in list(self._shards.values()):
            if shard.times and shard.times[0] < horizon:
                gone = bisect_right(shard.times, horizon)
                shard.trimmed = shard.numbers[gone - 1]
                del shard.records[:gone], shard.numbers[:gone], shard.times[:gone]


class InMemoryTable:
    """A table in DynamoDB JSON, with conditional-free writes, TTL and a stream.

    `partition_key` and `sort_key` name the key attributes, of the types S, N or B, `ttl_attribute` an `N` of epoch
    seconds. Numbers are stored as DynamoDB stores them (`1.0` becomes `1`), and what it rejects is rejected.

    AWS: a write that changes nothing leaves no record; an expired item stays until it is swept, and its deletion is a
    `REMOVE` with the `userIdentity` of the service.
    """

    def __init__(
        self,
        name: str,
        *,
        partition_key: str = "site",
        sort_key: str | None = "date#event_type",
        partition_key_type: str = "S",
        sort_key_type: str = "S",
        ttl_attribute: str = "expires_at",
        stream_view_type: StreamViewType | str = StreamViewType.NEW_AND_OLD_IMAGES,
        clock: Clock,
        shards: int = 1,
        account: str = "123456789012",
        region: str = "us-east-1",
    ) -> None:
        self.name = name
        self.partition_key = partition_key
        self.sort_key = sort_key
        self.ttl_attribute = ttl_attribute
        self.stream_view_type = StreamViewType(stream_view_type)
        self.region = region
        self._key_types = {partition_key: partition_key_type}
        if sort_key is not None:
            self._key_types[sort_key] = sort_key_type
        self._clock = clock
        label = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.000")
        self.stream = TableStream(f"arn:aws:dynamodb:{region}:{account}:table/{name}/stream/{label}", clock, shards)
        self._items: dict[str, JSONObject] = {}

    def put_item(self, item: Mapping[str, Any]) -> None:
        """Write `item` (DynamoDB JSON), replacing the one with its key.

        Raises:
            InvalidItemError: a key attribute is missing or an attribute is malformed.
        """
        new = normalised(item)
        self._write(self._keys(new), new)

    def update_item(self, key: Mapping[str, JSONValue], changes: Mapping[str, JSONValue | None]) -> None:
        """Set the attributes `changes` of the item with `key`, removing those given as None; makes it if needed.

        Raises:
            InvalidItemError: the key is incomplete, a key attribute is changed, or an attribute is malformed.
        """
        keys = self._key(key)
        touched = [name for name in changes if name in keys]
        if touched:
            raise InvalidItemError(f"{', '.join(touched)} is part of the key; delete the item and put a new one")
        new = dict(self._items.get(_identity(keys), keys))
        for name, value in changes.items():
            if value is None:
                new.pop(name, None)
            else:
                new |= normalised({name: value})
        self._write(keys, new)

    def delete_item(self, key: Mapping[str, JSONValue]) -> None:
        """Delete the item with `key`, if there is one.

        Raises:
            InvalidItemError: the key is incomplete.
        """
        self._write(self._key(key), None)

    def get_item(self, key: Mapping[str, JSONValue]) -> JSONObject | None:
        """A copy of the item with `key`; None where there is none. Expired items are there until swept."""
        found = self._items.get(_identity(self._key(key)))
        return None if found is None else normalised(found)

    def items(self) -> tuple[JSONObject, ...]:
        """Copies of all items, in order of first writing."""
        return tuple(normalised(item) for item in self._items.values())

    def expire(self) -> int:
        """Sweep the items whose TTL has passed, as DynamoDB does some time within days; returns how many."""
        now = self._clock.now()
        swept = 0
        for item in list(self._items.values()):
            held = item.get(self.ttl_attribute)
            number = held.get("N") if isinstance(held, dict) else None
            if isinstance(number, str) and now - _TTL_LOOK_BACK_SECONDS < float(number) <= now:
                self._write(self._keys(item), None, by_ttl=True)
                swept += 1
        return swept

    def _write(self, keys: JSONObject, new: JSONObject | None, *, by_ttl: bool = False) -> None:
        identity = _identity(keys)
        old = self._items.get(identity)
        if old == new:
            return
        if new is not None and item_size(new) > MAXIMUM_ITEM_BYTES:
            raise InvalidItemError(f"{self.name}: Item size has exceeded the maximum allowed size")
        if new is None:
            del self._items[identity]
        else:
            self._items[identity] = new
        self._record(keys, old, new, by_ttl)

    def _record(self, keys: JSONObject, old: JSONObject | None, new: JSONObject | None, by_ttl: bool) -> None:
        view = self.stream_view_type
        images: JSONObject = {"Keys": normalised(keys)}
        if new is not None and view.has_new_image:
            images["NewImage"] = normalised(new)
        if old is not None and view.has_old_image:
            images["OldImage"] = normalised(old)
        change: JSONObject = {
            "ApproximateCreationDateTime": int(self._clock.now()),
            **images,
            "SequenceNumber": "",
            "SizeBytes": sum(item_size(image) for image in images.values() if isinstance(image, dict)),
            "StreamViewType": view.value,
        }
        record: JSONObject = {
            "eventID": "",
            "eventName": _event_name(old, new).value,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.region,
            "dynamodb": change,
            "eventSourceARN": self.stream.arn,
        }
        if by_ttl:
            record["userIdentity"] = dict(TTL_IDENTITY)
        self.stream._append(keys[self.partition_key], record, change)

    def _keys(self, item: JSONObject) -> JSONObject:
        """The key of an item.

        Raises:
            InvalidItemError: an attribute of it is missing, empty, too long or of another type than the declared one.
        """
        for name, kind in self._key_types.items():
            value = item.get(name)
            if not isinstance(value, dict):
                raise InvalidItemError(f"{self.name}: One of the required keys was not given a value: {name}")
            if kind not in value:
                raise InvalidItemError(
                    f"{self.name}: One or more parameter values were invalid: Type mismatch for key {name} expected: "
                    f"{kind} actual: {next(iter(value), 'none')}"
                )
            if value[kind] == "":
                raise InvalidItemError(
                    f"{self.name}: One or more parameter values are not valid. The AttributeValue for a key attribute "
                    f"cannot contain an empty {'string' if kind == 'S' else 'binary'} value. Key: {name}"
                )
            longest = MAXIMUM_PARTITION_KEY_BYTES if name == self.partition_key else MAXIMUM_SORT_KEY_BYTES
            if item_size({name: value}) - len(name.encode()) > longest:
                raise InvalidItemError(
                    f"{self.name}: {name}: Hash primary key values must be under {MAXIMUM_PARTITION_KEY_BYTES} bytes, "
                    f"and range primary key values must be under {MAXIMUM_SORT_KEY_BYTES} bytes"
                )
        return {name: item[name] for name in self._key_types}

    def _key(self, key: Mapping[str, JSONValue]) -> JSONObject:
        """`key`, and nothing more than it.

        Raises:
            InvalidItemError: it has another attribute, or as `_keys`.
        """
        given = normalised(key)
        if len(given) != len(self._key_types):
            raise InvalidItemError(
                f"{self.name}: The number of conditions on the keys is invalid: {', '.join(given) or 'none'} for "
                f"{', '.join(self._key_types)}"
            )
        return self._keys(given)


def _identity(keys: JSONObject) -> str:
    return json.dumps(keys, sort_keys=True)


def _event_name(old: JSONObject | None, new: JSONObject | None) -> EventName:
    if old is None:
        return EventName.INSERT
    return EventName.REMOVE if new is None else EventName.MODIFY
