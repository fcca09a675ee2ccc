"""A pipe reading a stream on a scheduler: shard by shard, lanes beside each other, crashes and restarts included."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from perception_events.json_values import JSONObject
from perception_events.pipes._delivery import Pause, PipeStep
from perception_events.pipes._pipe import Pipe
from perception_events.pipes._records import lane_of, sequence_number, take_batch
from perception_events.pipes._result import PipeResult
from perception_events.streams import StartingPosition, Stream, TrimmedDataError

__all__ = ["PipeRun", "Schedules", "StepFault", "StepFaults"]

POLLS_PER_SECOND = 4
"""How often a stream is polled. AWS: EventBridge User Guide, "DynamoDB stream as a source"."""
RESTART_SECONDS = 1.0
MAXIMUM_PAGE = 1000


class Schedules(Protocol):
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
"""Asked before every step of every batch; draw its answers from the scheduler's seed, and a run repeats itself."""


class PipeRun:
    """One pipe's reading of one stream, from `starting_position` on.

    Polls while there are records and sleeps when there are none; the stream wakes it. A shard's records are split
    over `parallelization_factor` lanes by key; a lane takes one batch at a time and then checkpoints. A crash loses
    the shard's batches in flight: they are read again behind the checkpoints, so what was sent is sent twice.
    A child shard is read once its parent is finished.

    Unknown on AWS: where lanes checkpoint. Here each lane has its own, so that a crash repeats one batch a lane.
    """

    def __init__(
        self,
        pipe: Pipe,
        stream: Stream,
        *,
        scheduler: Schedules,
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
            reader = self._readers.get(shard.shard_id)
            if reader is None and shard.shard_id not in self._skipped:
                if shard.parent_shard_id in unfinished:
                    continue
                lanes = [_Lane() for _ in range(self.pipe.settings.parallelization_factor)]
                reader = self._readers[shard.shard_id] = _ShardReader(shard.shard_id, read_to=None, lanes=lanes)
            if reader is not None and not reader.is_down and not reader.is_end:
                self._read(reader)

    def _read(self, reader: _ShardReader) -> None:
        wanted = self.pipe.settings.batch_size * len(reader.lanes)
        room = min(wanted - sum(len(lane.buffer) for lane in reader.lanes), MAXIMUM_PAGE)
        if room <= 0:
            return  # a lane that finishes its batch wakes the poller
        try:
            page = self.stream.read(reader.shard_id, after=reader.read_to, limit=room)
        except TrimmedDataError:
            if self.pipe.tracing is not None:
                self.pipe.tracing.trimmed(reader.shard_id, reader.read_to or "")
            page = self.stream.read(reader.shard_id, after=None, limit=room)
        reader.is_end = page.is_end
        for record in page.records:
            number = sequence_number(record)
            reader.read_to = number
            lane = reader.lanes[lane_of(record, len(reader.lanes))]
            if lane.checkpoint is None or int(number) > int(lane.checkpoint):
                lane.buffer.append(record)
                lane.since = self.pipe.now() if lane.since is None else lane.since
        for lane in reader.lanes:
            self._start(reader, lane)
        if page.records:
            self.wake()
        self._end(reader)

    def _start(self, reader: _ShardReader, lane: _Lane) -> None:
        """Take the lane's next batch on its way, if there is one to take."""
        if lane.batch or not lane.buffer or lane.since is None:
            return
        settings = self.pipe.settings
        left = lane.since + settings.maximum_batching_window - self.pipe.now()
        if left > 0 and len(lane.buffer) < settings.batch_size and not reader.is_end:
            self._scheduler.call_later(left, partial(self._start, reader, lane))
            return
        lane.batch = take_batch(lane.buffer, settings.batch_size)
        lane.since = self.pipe.now() if lane.buffer else None
        steps = self.pipe.deliver(lane.batch, shard_id=reader.shard_id, reading_since=self._since)
        self._step(reader, lane, steps, reader.starts)

    def _step(self, reader: _ShardReader, lane: _Lane, steps: Generator[Pause, None, PipeResult], starts: int) -> None:
        if starts != reader.starts:
            return  # this batch went down with its reader
        try:
            pause = next(steps)
        except StopIteration as stop:
            self._finish(reader, lane, stop.value)
            return
        fault = StepFault() if self._faults is None else self._faults(pause.step)
        if fault.crash:
            self._crash(reader)
            return
        again = partial(self._step, reader, lane, steps, starts)
        self._scheduler.call_later(pause.seconds + fault.seconds, again)

    def _finish(self, reader: _ShardReader, lane: _Lane, result: PipeResult) -> None:
        self._finished.add(result)
        lane.checkpoint = sequence_number(lane.batch[-1])
        lane.batch = ()
        self._start(reader, lane)
        self._end(reader)
        self.wake()

    def _crash(self, reader: _ShardReader) -> None:
        """Forget everything but the checkpoints, and come back."""
        self.crashes += 1
        reader.starts += 1
        reader.is_down = True
        reader.is_end = False
        checkpoints = [lane.checkpoint for lane in reader.lanes if lane.size]
        known = [int(each) for each in checkpoints if each is not None]
        # Behind the lowest checkpoint of a lane with work; the others skip what they have had.
        reader.read_to = str(min(known)) if len(known) == len(checkpoints) else reader.first_read_from
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
