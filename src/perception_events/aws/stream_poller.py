"""Before a local pipe: reads a real DynamoDB stream to the end of time, shard by shard, losing no record."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from perception_events.aws.checkpoints import Checkpoint, CheckpointStore, InMemoryCheckpoints
from perception_events.aws.errors import BackOff, error_code, is_retryable
from perception_events.clock import Clock, SystemClock
from perception_events.errors import AWSCallError
from perception_events.json_values import JSONObject
from perception_events.records import StreamViewType, UnreadableRecordError, creation_time, sequence_number, wire_record
from perception_events.streams import StartingPosition

__all__ = [
    "StartingPosition",
    "StopSignal",
    "StreamBatch",
    "StreamPoller",
    "StreamReadError",
    "StreamSource",
    "StreamsClient",
    "stream_of",
]

_log = logging.getLogger(__name__)

MAXIMUM_PAGE = 1000
"""Records in one `GetRecords` answer. AWS: service model, `GetRecordsInput.Limit`."""

JOINING_SLACK = 60.0
"""Seconds by which a record's time may be before its writing: DynamoDB Local rounds times down to the minute."""

PROCESS_ATTEMPTS = 8
"""How often a batch is given to `process` where the back-off would go on for ever."""


class StreamReadError(AWSCallError):
    """The stream cannot be read (any more); the message says what AWS returned."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """A client of the streams API, and what it is to read; `arn` is None where the table has no stream."""

    client: StreamsClient
    arn: str | None
    view_type: StreamViewType | None


class StreamsClient(Protocol):
    """The calls we make; `boto3.client("dynamodbstreams")` has them."""

    def describe_stream(self, **request: Any) -> Mapping[str, Any]:
        """AWS's `DescribeStream`."""
        ...

    def get_shard_iterator(self, **request: Any) -> Mapping[str, Any]:
        """AWS's `GetShardIterator`."""
        ...

    def get_records(self, **request: Any) -> Mapping[str, Any]:
        """AWS's `GetRecords`."""
        ...


class StopSignal(Protocol):
    """What tells the poller to end; a `threading.Event` is one."""

    def is_set(self) -> bool:
        """Whether to end."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait that many seconds at most, and say whether to end."""
        ...


def stream_of(table: str, *, endpoint_url: str | None = None, region: str | None = None) -> StreamSource:
    """A client of the streams API made by boto3, and the table's stream.

    Its calls time out soon and are hardly repeated: the poller repeats them, and looks in between whether to end.

    Raises:
        ModuleNotFoundError: boto3 is not installed.
        botocore's errors: there is no such table, no region, no credentials.
    """
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 2})
    client = boto3.client("dynamodb", endpoint_url=endpoint_url, region_name=region, config=config)
    described = client.describe_table(TableName=table)["Table"]
    streams: StreamsClient = boto3.client(
        "dynamodbstreams", endpoint_url=endpoint_url, region_name=region, config=config
    )
    specification = described.get("StreamSpecification", {})
    if not specification.get("StreamEnabled", False):
        return StreamSource(streams, None, None)
    return StreamSource(streams, described.get("LatestStreamArn"), StreamViewType(specification["StreamViewType"]))


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """Records of one shard, in their order, in the form that AWS delivers to a pipe."""

    shard_id: str
    records: tuple[JSONObject, ...]


@dataclass(slots=True)
class _Shard:
    """A shard that is being read: its checkpoint, and the iterator when there is one."""

    shard_id: str
    checkpoint: Checkpoint
    iterator: str | None = None
    joined_at_end: bool = False
    failures: int = 0
    retry_at: float = 0.0
    error: StreamReadError | None = None


class StreamPoller:
    """Reads one DynamoDB stream, parents before children, and checkpoints what has been processed.

    Every record that the stream still holds is delivered at least once, in order within its shard, across crashes and
    restarts with the same `checkpoints`; the records after the last checkpoint are delivered again after a crash.
    `page_size` is the most records in a batch. `idle_wait` is the pause in seconds after a round that brought nothing.
    `back_off` limits consecutive failed calls to AWS, and consecutive failures to process one batch; with
    `attempts=None` calls are repeated for ever, a batch eight times. `on_retry` is told why, before each repetition of
    a call.

    A shard that cannot be read, or is answered for strangely, waits with growing pauses and does not keep the others
    from being read; its error is raised when no shard can be read, or at the end. A record that is not one (its time is
    in milliseconds, say) is logged as an error and left out, and `unreadable` lists it.

    A record that the stream dropped before it was read (24 hours) is gone: this is logged as a warning that names the
    shard, and `trimmed_shards` lists it. From `LATEST`, records of the minute before the start may come too, after a
    restart that followed no record.

    AWS: DynamoDB Developer Guide, "DynamoDB Streams" (shard lineage, 15 minutes for an iterator, empty pages).
    """

    def __init__(
        self,
        client: StreamsClient,
        stream_arn: str,
        *,
        checkpoints: CheckpointStore | None = None,
        starting_position: StartingPosition = StartingPosition.TRIM_HORIZON,
        page_size: int = 100,
        idle_wait: float = 0.25,
        discovery_interval: float = 10.0,
        back_off: BackOff | None = None,
        clock: Clock | None = None,
        on_retry: Callable[[str], object] = lambda reason: None,
    ) -> None:
        if not 1 <= page_size <= MAXIMUM_PAGE:
            raise ValueError(f"page_size is 1 to {MAXIMUM_PAGE}, not {page_size}")
        self._client = client
        self._stream_arn = stream_arn
        self._store: CheckpointStore = checkpoints if checkpoints is not None else InMemoryCheckpoints()
        self._starting_position = StartingPosition(starting_position)
        self._page_size = page_size
        self._idle_wait = idle_wait
        self._discovery_interval = discovery_interval
        self._back_off = back_off if back_off is not None else BackOff(attempts=8)
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._checkpoints: dict[str, Checkpoint] = {}
        self._parents: dict[str, str | None] = {}
        self._open: dict[str, _Shard] = {}
        self._discovered_at: float | None = None
        self._on_retry = on_retry
        self._server_time: float | None = None
        self.trimmed_shards: list[str] = []
        self.unreadable: list[str] = []

    def run(
        self,
        process: Callable[[tuple[JSONObject, ...]], object],
        stop: StopSignal | None = None,
        *,
        idle_seconds: float | None = None,
    ) -> int:
        """Give every batch to `process` (a pipe's `process`, say) until `stop` is set; return how many records.

        A batch counts as processed when `process` returns. When it raises, the same batch is given to it again, with
        back-off; when the attempts are used up the error is raised on and the checkpoint stays before the batch.

        Raises:
            StreamReadError: the stream cannot be read.
            Exception: whatever `process` raised last.
        """
        stop = stop if stop is not None else threading.Event()
        count = 0
        for batch in self.batches(stop, idle_seconds=idle_seconds):
            if not self._process(process, batch, stop):
                break
            count += len(batch.records)
        return count

    def batches(
        self, stop: StopSignal | None = None, *, idle_seconds: float | None = None
    ) -> Generator[StreamBatch, None, None]:
        """Yield batches until `stop` is set, or until nothing has come for `idle_seconds`.

        A batch is checkpointed when the next one is asked for; leaving the loop inside a batch leaves it unprocessed.

        Raises:
            StreamReadError: the stream cannot be read.
        """
        stop = stop if stop is not None else threading.Event()
        self._start()
        last_record = self._clock.now()
        while not stop.is_set():
            self._discover_when_due(stop)
            brought = False
            for shard in list(self._open.values()):
                if stop.is_set():
                    return
                if shard.retry_at > self._clock.now():
                    continue
                records = self._page_or_later(shard, stop)
                if records:
                    brought = True
                    yield StreamBatch(shard.shard_id, self._wire(records, shard.shard_id))
                    self._advance(shard, sequence_number(records[-1]))
                if shard.checkpoint.finished:
                    brought = True  # its children are to be read at once
            if brought:
                last_record = self._clock.now()
            elif idle_seconds is not None and self._clock.now() - last_record >= idle_seconds:
                self._raise_if_unread()
                return
            else:
                stop.wait(self._idle_wait)

    # Shards and checkpoints

    def _start(self) -> None:
        """Take up where the checkpoints say; a stream without any begins at the starting position."""
        kept = self._store.load(self._stream_arn)
        self._checkpoints = {} if kept is None else kept
        self._open = {}
        self._discovered_at = None
        if kept is None and self._starting_position is StartingPosition.LATEST:
            # Everything that is there now is behind us; every shard that comes later is read from its beginning.
            listed = self._describe()
            # Our clock may be ahead of the stream's, by whose time records are left out after a restart.
            now = min(self._clock.now(), self._server_time or self._clock.now())
            for shard in listed:
                closed = "EndingSequenceNumber" in shard.get("SequenceNumberRange", {})
                self._checkpoints[shard["ShardId"]] = Checkpoint(finished=True) if closed else Checkpoint(since=now)
            # The iterators first: what is written after the save must be after them.
            for shard_id, checkpoint in self._checkpoints.items():
                if not checkpoint.finished:
                    iterator = self._call(self._client.get_shard_iterator, self._iterator_request(shard_id, "LATEST"))
                    self._open[shard_id] = _Shard(shard_id, checkpoint, iterator["ShardIterator"], joined_at_end=True)
            self._store.save(self._stream_arn, self._checkpoints)
        elif kept is None:
            self._store.save(self._stream_arn, self._checkpoints)

    def _discover_when_due(self, stop: StopSignal) -> None:
        now = self._clock.now()
        finished = [shard_id for shard_id, shard in self._open.items() if shard.checkpoint.finished]
        due = self._discovered_at is None or now - self._discovered_at >= self._discovery_interval
        if not (due or finished or not self._open):
            return
        for shard_id in finished:
            del self._open[shard_id]
        try:
            listed = self._describe(stop)
        except _StoppedError:
            return
        self._discovered_at = now
        self._parents = {shard["ShardId"]: shard.get("ParentShardId") for shard in listed}
        # A shard that AWS lists no more holds no records: its checkpoint has served.
        for shard_id in [s for s in self._checkpoints if s not in self._parents and s not in self._open]:
            if not self._checkpoints.pop(shard_id).finished:
                self._trimmed(shard_id, "it is listed no more")
        for shard_id in self._parents:
            if shard_id not in self._open and self._ready(shard_id):
                self._open[shard_id] = _Shard(shard_id, self._checkpoints.get(shard_id, Checkpoint()))

    def _ready(self, shard_id: str) -> bool:
        """Whether a shard is to be read now: not finished, and its parent is finished or gone."""
        if self._checkpoints.get(shard_id, Checkpoint()).finished:
            return False
        parent = self._parents[shard_id]
        return parent is None or parent not in self._parents or self._is_finished(parent)

    def _is_finished(self, shard_id: str) -> bool:
        return self._checkpoints.get(shard_id, Checkpoint()).finished

    def _advance(self, shard: _Shard, sequence_number: str) -> None:
        finished = shard.iterator is None
        self._save(shard, Checkpoint(sequence_number, finished=finished))

    def _save(self, shard: _Shard, checkpoint: Checkpoint) -> None:
        shard.checkpoint = checkpoint
        self._checkpoints[shard.shard_id] = checkpoint
        self._store.save(self._stream_arn, self._checkpoints)

    # Calls to AWS

    def _describe(self, stop: StopSignal | None = None) -> list[Mapping[str, Any]]:
        shards: list[Mapping[str, Any]] = []
        request: dict[str, Any] = {"StreamArn": self._stream_arn}
        while True:
            description = self._call(self._client.describe_stream, request, stop)["StreamDescription"]
            shards += description.get("Shards", ())
            last = description.get("LastEvaluatedShardId")
            if not last:
                return shards
            request["ExclusiveStartShardId"] = last

    def _page(self, shard: _Shard, stop: StopSignal) -> list[Mapping[str, Any]]:
        """The next records of `shard`, maybe none; marks it finished when it is closed and read to its end."""
        try:
            if shard.iterator is None:
                shard.iterator = self._iterator(shard, stop)
            response = self._call(
                self._client.get_records, {"ShardIterator": shard.iterator, "Limit": self._page_size}, stop
            )
        except _LostError as lost:
            shard.iterator = None  # the next round takes a fresh one from the checkpoint
            if lost.code == "TrimmedDataAccessException":
                if shard.checkpoint.sequence_number is None and shard.shard_id in self.trimmed_shards:
                    raise StreamReadError(
                        f"get_records of {shard.shard_id} finds its oldest record trimmed again and again",
                        code=lost.code,
                        retryable=True,
                    ) from lost
                self._trimmed(shard.shard_id, f"{shard.checkpoint} is before its oldest record")
                shard.checkpoint = replace(shard.checkpoint, sequence_number=None)
            elif lost.code == "ResourceNotFoundException":
                del self._open[shard.shard_id]  # the next listing says whether it is gone
            return []
        except _StoppedError:
            return []
        records = response.get("Records") or ()
        if not isinstance(records, (list, tuple)) or not all(map(_is_numbered, records)):
            raise StreamReadError(
                f"get_records of {shard.shard_id} returned a record without dynamodb.SequenceNumber, so that no "
                "checkpoint could say how far it is read",
                retryable=True,
            )
        shard.iterator = response.get("NextShardIterator") or None
        since = shard.checkpoint.since
        if since is not None and not shard.joined_at_end:
            # Joined at its end before a restart: leave out what was there already then, as far as clocks can tell.
            # One without a time is delivered: too many is better than too few.
            records = [r for r in records if (at := creation_time(r)) is None or at >= since - JOINING_SLACK]
        if shard.iterator is None and not records:
            self._save(shard, replace(shard.checkpoint, finished=True))
        return list(records)

    def _page_or_later(self, shard: _Shard, stop: StopSignal) -> list[Mapping[str, Any]]:
        """`_page`, where a shard that cannot be read waits, and the others go on."""
        try:
            records = self._page(shard, stop)
        except StreamReadError as error:
            shard.error, shard.iterator = error, None
            shard.failures += 1
            shard.retry_at = self._clock.now() + max(self._back_off.seconds(shard.failures), self._idle_wait)
            if all(other.error is not None for other in self._open.values()):
                raise
            _log.warning("shard %s cannot be read, and waits: %s", shard.shard_id, error)
            self._on_retry(str(error))
            return []
        shard.error, shard.failures = None, 0
        return records

    def _raise_if_unread(self) -> None:
        for shard in self._open.values():
            if shard.error is not None:
                raise shard.error

    def _wire(self, records: list[Mapping[str, Any]], shard_id: str) -> tuple[JSONObject, ...]:
        wire = []
        for record in records:
            try:
                wire.append(wire_record(record, self._stream_arn))
            except UnreadableRecordError as error:
                self.unreadable.append(sequence_number(record))
                _log.error("record %s of %s is left out: %s", sequence_number(record), shard_id, error)
        return tuple(wire)

    def _iterator(self, shard: _Shard, stop: StopSignal) -> str:
        shard.joined_at_end = False
        number = shard.checkpoint.sequence_number
        if number is None:
            request = self._iterator_request(shard.shard_id, "TRIM_HORIZON")
        else:
            request = self._iterator_request(shard.shard_id, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number)
        return str(self._call(self._client.get_shard_iterator, request, stop)["ShardIterator"])

    def _iterator_request(self, shard_id: str, kind: str, **more: str) -> dict[str, Any]:
        return {"StreamArn": self._stream_arn, "ShardId": shard_id, "ShardIteratorType": kind, **more}

    def _trimmed(self, shard_id: str, why: str) -> None:
        if shard_id not in self.trimmed_shards:
            self.trimmed_shards.append(shard_id)
        _log.warning("shard %s was trimmed (%s): records older than 24 hours were lost", shard_id, why)

    def _call(
        self, call: Callable[..., Mapping[str, Any]], request: Mapping[str, Any], stop: StopSignal | None = None
    ) -> Mapping[str, Any]:
        failures = 0
        while True:
            try:
                response = call(**request)
                self._server_time = _date_of(response) or self._server_time
                return response
            except Exception as error:  # botocore's classes are known only where botocore is installed
                code = error_code(error)
                if code in _ITERATOR_LOST and "StreamArn" not in request:
                    raise _LostError(code) from error
                if code in _SHARD_LOST and "ShardIteratorType" in request:
                    raise _LostError(code) from error
                failures += 1
                if not is_retryable(error) or self._back_off.is_over(failures):
                    name = getattr(call, "__name__", "call")
                    raise StreamReadError(
                        f"{name} on {self._stream_arn} failed {failures} time(s), the last with "
                        f"{code or type(error).__name__}: {error}",
                        code=code,
                        retryable=is_retryable(error),
                    ) from error
                self._on_retry(f"{code or type(error).__name__}: {error}")
                _wait(self._back_off.seconds(failures), stop)

    def _process(
        self, process: Callable[[tuple[JSONObject, ...]], object], batch: StreamBatch, stop: StopSignal
    ) -> bool:
        """Whether the batch was processed; False only where we were told to stop between two attempts."""
        failures = 0
        while True:
            try:
                process(batch.records)
            except Exception as error:
                failures += 1
                if failures >= (self._back_off.attempts or PROCESS_ATTEMPTS):
                    error.add_note(
                        f"batch of {len(batch.records)} records of {batch.shard_id}, after {failures} attempts"
                    )
                    raise
                _log.warning("a batch of %s failed and is given again: %r", batch.shard_id, error)
                if stop.wait(self._back_off.seconds(failures)):
                    return False
            else:
                return True


_ITERATOR_LOST = frozenset({"ExpiredIteratorException", "TrimmedDataAccessException", "ResourceNotFoundException"})
_SHARD_LOST = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})


class _LostError(Exception):
    """An iterator or a shard that AWS knows no more."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _StoppedError(Exception):
    """Told to stop while waiting for another attempt."""


def _wait(seconds: float, stop: StopSignal | None) -> None:
    if (stop if stop is not None else threading.Event()).wait(seconds):
        raise _StoppedError


def _is_numbered(record: object) -> bool:
    return isinstance(record, Mapping) and bool(sequence_number(record))


def _date_of(response: object) -> float | None:
    """AWS's own time, from the header of a response."""
    metadata = response.get("ResponseMetadata") if isinstance(response, Mapping) else None
    headers = metadata.get("HTTPHeaders") if isinstance(metadata, Mapping) else None
    date = headers.get("date") if isinstance(headers, Mapping) else None
    if not isinstance(date, str):
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
