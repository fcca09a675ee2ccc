"""A pipe reading a stream on a scheduler: shard by shard, lanes beside each other, crashes and restarts included."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from perception_events.json_values import JSONObject
from perception_events.pipes._batch import Batch
from perception_events.pipes._batching import lane_of, take_batch
from perception_events.pipes._delivery import Pause, PipeStep
from perception_events.pipes._pipe import BatchReader
from perception_events.pipes._result import PipeResult
from perception_events.streams import Shard, StartingPosition, Stream, TrimmedDataError

__all__ = ["PipeRun", "StepFault", "StepFaults", "SupportsCallLater"]

POLLS_PER_SECOND = 4
"""How often a stream is polled. AWS: EventBridge User Guide, "DynamoDB stream as a source"."""
RESTART_SECONDS = 1.0
MAXIMUM_PAGE = 1000


class SupportsCallLater(Protocol):
    """The one thing a run needs of a scheduler."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> object:
        """Call `callback` when `delay` seconds have passed."""
        ...


@dataclass(frozen=True, slots=True)
class StepFault:
    """What goes wrong before a step: it starts `seconds` later, or the reader of the shard crashes."""

    seconds: float = 0.0
    crash: bool = False


StepFaults = Callable[[PipeStep], StepFault]
"""Asked before every step of every batch; draw its results from the scheduler's seed, and a run repeats itself."""


class PipeRun:
    """One pipe's, or event source mapping's, reading of one stream, from `starting_position` on.

    Polls while there are records and sleeps when there are none; the stream wakes it. A shard's records are split
    over `parallelization_factor` lanes by key; a lane takes one batch at a time and then checkpoints. A crash repeats
    the shard's batches in flight: they are read again after the checkpoints, so what was sent is sent twice.
    A child shard is read once its parent is finished. What the stream drops before it could be read is lost, and
    `RecordsTrimmed` in the trace says so.

    Unknown on AWS: where lanes checkpoint. Here each lane has its own, so that a crash repeats one batch a lane.
    """

    def __init__(
        self,
        pipe: BatchReader,
        stream: Stream,
        *,
        scheduler: SupportsCallLater,
        starting_position: StartingPosition | str = StartingPosition.TRIM_HORIZON,
        faults: StepFaults | None = None,
    ) -> None:
        self.pipe = pipe
        self.stream = stream
        self.crashes = 0
        self._scheduler = scheduler
        self._faults = faults
        self._since = pipe.now()
        self._finished = PipeResult()
        self._readers: dict[str, _ShardReader] = {}
        self._poll_is_due = False
        latest = StartingPosition(starting_position) is StartingPosition.LATEST
        # What each shard had dropped when it was first seen: only what it drops later is lost to this run.
        self._dropped_before: dict[str, str | None] = {s.shard_id: s.trimmed for s in stream.shards()}
        for shard in stream.shards():
            if not (latest and shard.is_closed):
                self._readers[shard.shard_id] = _ShardReader(
                    shard.shard_id,
                    read_to=stream.latest(shard.shard_id) if latest else None,
                    lanes=[_Lane() for _ in range(pipe.settings.parallelization_factor)],
                )
        self._skipped = {shard.shard_id for shard in stream.shards()} - set(self._readers)
        stream.subscribe(self.wake)
        self.wake()

    @property
    def result(self) -> PipeResult:
        """What became of the records read so far; those in flight are pending."""
        waiting = sum(lane.size for reader in self._readers.values() for lane in reader.lanes)
        return replace(self._finished, records=self._finished.records + waiting)

    def wake(self) -> None:
        """Poll soon; the stream calls this when it has grown."""
        if not self._poll_is_due:
            self._poll_is_due = True
            self._scheduler.call_later(1 / POLLS_PER_SECOND, self._poll)

    def _poll(self) -> None:
        self._poll_is_due = False
        shards = self.stream.shards()
        unfinished = {shard.shard_id for shard in shards} - self._skipped
        unfinished -= {reader.shard_id for reader in self._readers.values() if reader.is_finished}
        for shard in shards:
            self._dropped_before.setdefault(shard.shard_id, None)
            reader = self._readers.get(shard.shard_id)
            if reader is None and shard.shard_id not in self._skipped:
                if shard.parent_shard_id in unfinished:
                    continue
                lanes = [_Lane() for _ in range(self.pipe.settings.parallelization_factor)]
                reader = self._readers[shard.shard_id] = _ShardReader(shard.shard_id, read_to=None, lanes=lanes)
            if reader is not None and not reader.is_down and not reader.is_end:
                self._read(reader, shard)

    def _read(self, reader: _ShardReader, shard: Shard) -> None:
        wanted = self.pipe.settings.batch_size * len(reader.lanes)
        room = min(wanted - sum(len(lane.buffer) for lane in reader.lanes), MAXIMUM_PAGE)
        if room <= 0:
            return  # a lane that finishes its batch wakes the poller
        if reader.read_to is None and shard.trimmed != self._dropped_before[reader.shard_id]:
            self._lost(reader, shard)  # read from its beginning, a stream does not say that the beginning is gone
        try:
            page = self.stream.read(reader.shard_id, after=reader.read_to, limit=room)
        except TrimmedDataError:
            self._lost(reader, shard)
            page = self.stream.read(reader.shard_id, after=None, limit=room)
        reader.is_end = page.is_end
        for record in page.records:
            number = self.pipe.source.position(record)
            reader.read_to = number
            lane = reader.lanes[lane_of(self.pipe.source, record, len(reader.lanes))]
            if lane.checkpoint is None or int(number) > int(lane.checkpoint):
                lane.buffer.append(record)
                lane.since = self.pipe.now() if lane.since is None else lane.since
        for lane in reader.lanes:
            self._start(reader, lane)
        if page.records:
            self.wake()
        self._end(reader)

    def _lost(self, reader: _ShardReader, shard: Shard) -> None:
        """Records of the shard expired before they were read."""
        self._dropped_before[shard.shard_id] = shard.trimmed
        if self.pipe.tracing is not None:
            self.pipe.tracing.trimmed(reader.shard_id, reader.read_to or "")

    def _start(self, reader: _ShardReader, lane: _Lane) -> None:
        """Take the lane's next batch on its way, if there is one to take."""
        if lane.batch or not lane.buffer or lane.since is None:
            return
        settings = self.pipe.settings
        left = lane.since + settings.maximum_batching_window - self.pipe.now()
        if left > 0 and len(lane.buffer) < settings.batch_size and not reader.is_end:
            self._scheduler.call_later(left, partial(self._start, reader, lane))
            return
        lane.batch = take_batch(self.pipe.source, lane.buffer, settings.batch_size)
        lane.since = self.pipe.now() if lane.buffer else None
        batch = self.pipe.batch(lane.batch, shard_id=reader.shard_id, reading_since=self._since)
        self._step(reader, lane, batch, self.pipe.deliver(batch), reader.starts)

    def _step(
        self, reader: _ShardReader, lane: _Lane, batch: Batch, steps: Generator[Pause, None, None], starts: int
    ) -> None:
        if starts != reader.starts:
            return  # this batch went down with its reader
        try:
            pause = next(steps)
        except StopIteration:
            self._finish(reader, lane, batch.result)
            return
        fault = StepFault() if self._faults is None else self._faults(pause.step)
        if fault.crash:
            self._crash(reader)
            return
        again = partial(self._step, reader, lane, batch, steps, starts)
        self._scheduler.call_later(pause.seconds + fault.seconds, again)

    def _finish(self, reader: _ShardReader, lane: _Lane, result: PipeResult) -> None:
        self._finished.add(result)
        lane.checkpoint = self.pipe.source.position(lane.batch[-1])
        lane.batch = ()
        done = reader.read_to if not any(each.size for each in reader.lanes) else reader.checkpoint
        if done is not None:
            self.stream.checkpoint(reader.shard_id, done)
        self._start(reader, lane)
        self._end(reader)
        self.wake()

    def _crash(self, reader: _ShardReader) -> None:
        """Forget everything but the checkpoints, and come back."""
        self.crashes += 1
        reader.starts += 1
        reader.is_down = True
        reader.is_end = False
        reader.read_to = reader.checkpoint if any(lane.size for lane in reader.lanes) else reader.read_to
        for lane in reader.lanes:
            lane.buffer.clear()
            lane.batch, lane.since = (), None
        self._scheduler.call_later(RESTART_SECONDS, partial(self._restart, reader))

    def _restart(self, reader: _ShardReader) -> None:
        reader.is_down = False
        self.wake()

    def _end(self, reader: _ShardReader) -> None:
        if reader.is_end and not any(lane.size for lane in reader.lanes):
            reader.is_finished = True
            self.wake()


@dataclass(slots=True)
class _Lane:
    """One of a shard's parallel batches: what waits, what is in flight, and what is done."""

    buffer: deque[JSONObject]
    batch: tuple[JSONObject, ...]
    checkpoint: str | None
    since: float | None

    def __init__(self) -> None:
        self.buffer, self.batch, self.checkpoint, self.since = deque(), (), None, None

    @property
    def size(self) -> int:
        """Records that are not finished."""
        return len(self.buffer) + len(self.batch)


class _ShardReader:
    """How far one shard has been read; `starts` tells batches of before a crash from those of after."""

    def __init__(self, shard_id: str, *, read_to: str | None, lanes: list[_Lane]) -> None:
        self.shard_id = shard_id
        self.first_read_from = read_to
        self.read_to = read_to
        self.lanes = lanes
        self.starts = 0
        self.is_down = False
        self.is_end = False
        self.is_finished = False

    @property
    def checkpoint(self) -> str | None:
        """From where reading goes on after a crash: the lowest checkpoint of a lane with work; others skip theirs."""
        checkpoints = [lane.checkpoint for lane in self.lanes if lane.size]
        known = [int(each) for each in checkpoints if each is not None]
        return str(min(known)) if known and len(known) == len(checkpoints) else self.first_read_from
