"""A pipe reading a stream on a scheduler: windows, lanes, shards, starting positions, crashes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from perception_events.clock import ManualClock
from perception_events.json_values import JSONValue
from perception_events.pipes import BatchSource, FunctionTarget, Pipe, PipeRun, PipeStep, StepFault
from perception_events.scheduler import Scheduler
from perception_events.streams import InMemoryTable, RecordedStream, Stream, UnreadableRecordError
from perception_events.topology import SourceParameters
from perception_events.trace import RecordsTrimmed, Trace
from support.pipe_parts import Function, pipe_settings, records

START = 1_752_538_268.0


class ScheduledPipe:
    """A table, a pipe from its stream to a function, a clock and a scheduler."""

    def __init__(
        self, answer: Callable[[JSONValue], JSONValue] | None = None, *, shards: int = 1, **settings: Any
    ) -> None:
        self.clock = ManualClock(START)
        self.scheduler = Scheduler(0, self.clock)
        self.table = InMemoryTable("T", clock=self.clock, shards=shards)
        self.calls: list[tuple[float, list[str]]] = []
        self.function = Function(self._answer)
        self._given = answer or (lambda _: None)
        self.pipe = Pipe("p", FunctionTarget(self.function), clock=self.clock, **pipe_settings(**settings))

    def _answer(self, event: Any) -> JSONValue:
        self.calls.append((self.clock.now() - START, [value(item) for item in event]))
        return self._given(event)

    def write(self, site: str, text: str) -> None:
        self.table.put_item({"site": {"S": site}, "date#event_type": {"S": "d"}, "v": {"S": text}})

    def run(self, stream: Stream | None = None, **given: Any) -> PipeRun:
        return PipeRun(self.pipe, stream or self.table.stream, scheduler=self.scheduler, **given)

    @property
    def batches(self) -> list[list[str]]:
        return [batch for _, batch in self.calls]


def value(item: Any) -> str:
    return str(item["dynamodb"]["NewImage"]["v"]["S"])


def test_a_run_reads_what_is_there_and_what_comes_and_then_is_idle() -> None:
    world = ScheduledPipe(batch_size=2)
    world.write("a", "1")
    run = world.run()
    world.scheduler.call_later(100, lambda: world.write("a", "2"))
    world.scheduler.run_until_idle()
    assert world.calls == [(0.25, ["1"]), (100.25, ["2"])]
    assert (run.result.delivered, run.result.pending) == (2, 0)


def test_latest_begins_behind_what_is_there() -> None:
    world = ScheduledPipe()
    world.write("a", "old")
    world.run(starting_position="LATEST")
    world.write("a", "new")
    world.scheduler.run_until_idle()
    assert world.batches == [["new"]]


def test_a_batch_waits_for_its_window_or_until_it_is_full() -> None:
    world = ScheduledPipe(batch_size=3, maximum_batching_window=60)
    world.run()
    world.write("a", "1")
    world.scheduler.call_later(30, lambda: world.write("a", "2"))
    for text in ("3", "4", "5", "6"):
        world.scheduler.call_later(100, lambda text=text: world.write("a", text))  # type: ignore[misc]
    world.scheduler.run_until_idle()
    assert [batch for _, batch in world.calls] == [["1", "2"], ["3", "4", "5"], ["6"]]
    times = [at for at, _ in world.calls]
    assert times[0] == pytest.approx(60.25)
    assert times[1] == pytest.approx(100.25)
    assert 160 <= times[2] <= 161


def test_children_of_a_split_shard_wait_for_their_parent() -> None:
    failures = [True] * 5

    def busy(event: Any) -> JSONValue:
        if failures and failures.pop():
            raise RuntimeError("busy")
        return None

    world = ScheduledPipe(busy, batch_size=10)
    world.write("a", "1")
    [shard] = world.table.stream.shards()
    world.run()
    world.table.stream.split_shard(shard.shard_id)
    world.write("a", "2")
    world.scheduler.run_until_idle()
    assert world.batches == [["1"]] * 6 + [["2"]]


def test_grandchildren_wait_too() -> None:
    world = ScheduledPipe(fails, batch_size=1, maximum_retry_attempts=2)
    world.write("a", "1")
    [shard] = world.table.stream.shards()
    world.run()
    for child in world.table.stream.split_shard(shard.shard_id):
        world.table.stream.split_shard(child)
    world.write("a", "2")
    world.scheduler.run_until_idle()
    assert world.batches == [["1"]] * 3 + [["2"]] * 3


def test_a_poison_record_blocks_only_its_lane() -> None:
    def poison(event: Any) -> JSONValue:
        if any(value(item) == "bad" for item in event):
            raise RuntimeError("bad")
        return None

    world = ScheduledPipe(poison, batch_size=1, parallelization_factor=10, maximum_retry_attempts=3)
    run = world.run()
    world.write("poisoned", "bad")
    for site in "abcdefghij":
        world.write(site, "good")
    world.scheduler.run_until_idle()
    good = [at for at, batch in world.calls if batch == ["good"]]
    assert sum(at < 1 for at in good) >= 7  # those of other lanes did not wait
    assert len(good) == 10
    assert (run.result.delivered, run.result.discarded, run.result.pending) == (10, 1, 0)


@pytest.mark.parametrize("step", [PipeStep.FILTER, PipeStep.TARGET, PipeStep.CHECKPOINT])
def test_a_crash_repeats_the_batch_in_flight_and_loses_nothing(step: PipeStep) -> None:
    crashes = [step]

    def faults(at: PipeStep) -> StepFault:
        if crashes and at is crashes[0]:
            crashes.pop()
            return StepFault(crash=True)
        return StepFault(seconds=0.1)

    world = ScheduledPipe(batch_size=2)
    for text in "12345":
        world.write("a", text)
    run = world.run(faults=faults)
    world.scheduler.run_until_idle()
    repeated = [["1", "2"]] if step is PipeStep.CHECKPOINT else []
    assert world.batches == [*repeated, ["1", "2"], ["3", "4"], ["5"]]
    assert run.crashes == 1
    assert (run.result.records, run.result.delivered, run.result.pending) == (5, 5, 0)


def test_recorded_records_are_read_to_their_end() -> None:
    world = ScheduledPipe(batch_size=4)
    target = Function()
    world.pipe = Pipe(
        "p", FunctionTarget(target), source=BatchSource(parameters=SourceParameters(batch_size=4)), clock=world.clock
    )
    run = world.run(RecordedStream(iter(records(10))))
    world.scheduler.run_until_idle()
    assert target.calls == [records(10)[:4], records(10)[4:8], records(10)[8:]]
    assert run.result.delivered == 10
    with pytest.raises(UnreadableRecordError, match=r"without dynamodb\.SequenceNumber"):
        RecordedStream([{}]).read(RecordedStream.SHARD_ID, after=None)
    for nothing in (["text"], [None]):
        with pytest.raises(UnreadableRecordError, match="is not a stream record"):
            RecordedStream(nothing).read(RecordedStream.SHARD_ID, after=None)  # type: ignore[arg-type]


def fails(event: JSONValue) -> JSONValue:
    raise RuntimeError("always")


def test_what_is_in_flight_is_pending() -> None:
    trace = Trace()
    world = ScheduledPipe(fails, batch_size=2, trace=trace.record)
    for text in "12345":
        world.write("a", text)
    written: list[Any] = list(world.table.stream.records())
    numbers = [record["dynamodb"]["SequenceNumber"] for record in written]
    run = world.run()
    world.scheduler.call_later(30, lambda: pending.append(run.result.pending))
    pending: list[int] = []
    world.scheduler.run_until_idle()
    assert pending[0] >= 2
    assert run.result.pending == 0
    assert run.result.discarded == 4  # after a day; by then the stream has dropped the fifth, and the trace tells
    [lost] = trace.of(RecordsTrimmed)
    assert lost.time - START > 86_400
    assert lost.after == numbers[3]


def test_lanes_and_shards_deliver_every_key_in_order() -> None:
    world = ScheduledPipe(batch_size=3, parallelization_factor=4, shards=3)
    run = world.run()
    for number in range(200):
        site = f"s{number % 17}"
        world.scheduler.call_later(number * 0.1, lambda s=site, n=number: world.write(s, f"{s} {n:03}"))  # type: ignore[misc]
    world.scheduler.call_later(5, lambda: world.table.stream.split_shard(world.table.stream.shards()[0].shard_id))
    world.scheduler.run_until_idle()
    flat = [text for batch in world.batches for text in batch]
    assert len(flat) == len(set(flat)) == 200
    for site in {text.split()[0] for text in flat}:
        mine = [text for text in flat if text.split()[0] == site]
        assert mine == sorted(mine)
    assert run.result.delivered == 200
