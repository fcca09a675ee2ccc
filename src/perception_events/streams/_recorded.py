"""Records from a file or from a live iterator, as a stream of one shard."""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from perception_events.json_values import JSONObject, JSONValue
from perception_events.records import UnreadableRecordError, json_record, sequence_number
from perception_events.streams._stream import MAXIMUM_PAGE, Page, Shard, UnknownShardError

__all__ = ["RecordedStream", "as_record", "read_json_lines"]


def as_record(record: object) -> JSONObject:
    """`record` as AWS delivers it: a record that `get_records` or the AWS CLI printed gets the casing and times of one.

    Raises:
        UnreadableRecordError: it is not an object, or its time is not one in seconds.
    """
    if isinstance(record, Mapping) and not isinstance(record, dict):
        record = dict(record)
    return json_record(record)


def read_json_lines(path: str | Path) -> Iterator[JSONObject]:
    """The records of a file of JSON lines, read as they are asked for.

    Raises:
        UnreadableRecordError: a line is not a JSON object.
        OSError: the file cannot be read.
    """
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise UnreadableRecordError(f"{path}:{number}: not JSON: {error}") from error
            if not isinstance(record, dict):
                raise UnreadableRecordError(f"{path}:{number}: a {type(record).__name__}, not a record (an object)")
            yield record


class RecordedStream:
    """A stream of one shard over `records`, which may come from a file or be produced while it is read.

    Records are pulled when a reader asks for them, and kept until it has checkpointed them, so that a reader that
    crashed finds them again. Nothing is trimmed. The shard is closed once `records` ends.
    """

    SHARD_ID = "shardId-00000000000000000000-00000000"

    def __init__(self, records: Iterable[Mapping[str, JSONValue]], *, arn: str = "") -> None:
        self._records = map(as_record, records)
        self._arn = arn
        self._kept: deque[JSONObject] = deque()
        self._newest: str | None = None
        self._ended = False

    @property
    def arn(self) -> str:
        """The stream's ARN; empty where none was given: the records name theirs."""
        return self._arn

    def shards(self) -> tuple[Shard, ...]:
        """The one shard."""
        return (Shard(self.SHARD_ID, None, self._ended),)

    def read(self, shard_id: str, *, after: str | None, limit: int = MAXIMUM_PAGE) -> Page:
        """Up to `limit` records after the sequence number `after`, or from the oldest that is kept.

        Raises:
            UnknownShardError: `shard_id` is not the one shard.
            UnreadableRecordError: a record is not an object, or has no sequence number, so that a reader could not say
                how far it is.
        """
        self._check(shard_id)
        start = 0 if after is None else self._next_to(after)
        while len(self._kept) < start + limit and not self._ended:
            record = next(self._records, None)
            if record is None:
                self._ended = True
            else:
                self._kept.append(dict(record))
                self._newest = sequence_number(record)
                if not self._newest:
                    raise UnreadableRecordError(f"a record without dynamodb.SequenceNumber: {json.dumps(record)[:80]}")
        page = tuple(itertools.islice(self._kept, start, start + limit))
        return Page(page, self._ended and len(self._kept) <= start + limit)

    def checkpoint(self, shard_id: str, sequence_number: str) -> None:
        """Forget the records up to `sequence_number`.

        Raises:
            UnknownShardError: `shard_id` is not the one shard.
        """
        self._check(shard_id)
        for _ in range(self._next_to(sequence_number)):
            self._kept.popleft()

    def latest(self, shard_id: str) -> str | None:
        """The sequence number of the newest record pulled so far."""
        self._check(shard_id)
        return self._newest

    def subscribe(self, listener: Callable[[], object]) -> None:
        """Nothing to call `listener` for: what `records` has is there whenever it is read."""

    def _next_to(self, number: str) -> int:
        """The index in `_kept` after the record `number`; 0 where it is not kept any more."""
        # From the right: a reader asks for what comes after the newest records.
        for at in range(len(self._kept) - 1, -1, -1):
            if sequence_number(self._kept[at]) == number:
                return at + 1
        return 0

    def _check(self, shard_id: str) -> None:
        if shard_id != self.SHARD_ID:
            raise UnknownShardError(f"no shard {shard_id!r}; recorded records are one shard, {self.SHARD_ID}")
