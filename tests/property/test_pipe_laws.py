"""What holds for a pipe whatever goes wrong: under random writes, settings and fault plans.

Each run is one seed. `PERCEPTION_EVENTS_SCHEDULES=5000` runs that many; a failure names its seed, and
`PERCEPTION_EVENTS_SEED=...` runs that one alone.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import pytest

from perception_events.clock import ManualClock
from perception_events.pipes import BatchSource, EventBusTarget, FunctionTarget, Pipe, PipeRun
from perception_events.scheduler import Scheduler
from perception_events.streams import InMemoryTable
from perception_events.testing import FaultPlan, RecordingBus, RecordingTarget
from perception_events.topology import SourceParameters
from perception_events.trace import DeadLettered, FilteredOut, Trace

START = 1_752_538_268.0
SCHEDULES = int(os.environ.get("PERCEPTION_EVENTS_SCHEDULES", "150"))
SEEDS = [int(os.environ["PERCEPTION_EVENTS_SEED"])] if "PERCEPTION_EVENTS_SEED" in os.environ else range(SCHEDULES)
NOT_REMOVED = {"eventName": ["INSERT", "MODIFY"]}


class SimulatedRun:
    """One run: a table written to over time, a pipe from its stream, a target, and what goes wrong."""

    def __init__(self, seed: int, *, to_bus: bool) -> None:
        chance = random.Random(seed)
        self.clock = ManualClock(START)
        self.scheduler = Scheduler(seed, self.clock)
        self.table = InMemoryTable("T", clock=self.clock, shards=chance.randint(1, 3))
        self.plan = FaultPlan(
            seed=seed,
            crash=chance.choice([0.0, 0.02, 0.2]),
            delay=chance.choice([0.0, 0.3, 20.0]),
            internal_failure=chance.choice([0.0, 0.1, 0.4]),
            failure=chance.choice([0.0, 0.1, 0.4]),
            rejection=chance.choice([0.0, 0.1, 0.4]),
            poison=chance.choice([0.0, 0.1]),
        )
        self.bus, self.function, self.queue, self.trace = RecordingBus(), RecordingTarget(), RecordingTarget(), Trace()
        function = FunctionTarget(self.plan.target(self.function))
        self.pipe = Pipe(
            "p",
            EventBusTarget(self.plan.bus(self.bus)) if to_bus else function,
            source=BatchSource(
                parameters=SourceParameters(
                    batch_size=chance.randint(1, 10),
                    maximum_batching_window=chance.choice([0, 0, 5]),
                    parallelization_factor=chance.choice([1, 1, 2, 10]),
                    maximum_retry_attempts=chance.choice([0, 1, 3, 10]),
                    maximum_record_age=chance.choice([-1, -1, 300]),
                    on_partial_batch_item_failure=chance.choice([None, "AUTOMATIC_BISECT"]),
                ),
                filters=[NOT_REMOVED],
                dead_letters=self.queue,
            ),
            clock=self.clock,
            trace=self.trace.record,
            enrichment=self.plan.target(RecordingTarget(lambda event: event), name="enrichment"),
        )
        for number in range(chance.randint(0, 40)):
            self.scheduler.call_later(chance.uniform(0, 60), lambda n=number: self._write(chance, n))  # type: ignore[misc]
        self.run = PipeRun(self.pipe, self.table.stream, scheduler=self.scheduler, faults=self.plan.step_faults())
        self.scheduler.run_until_idle()
        self.records: list[Any] = list(self.table.stream.records())

    def _write(self, chance: random.Random, number: int) -> None:
        key: Any = {"site": {"S": chance.choice("abcde")}, "date#event_type": {"S": "d"}}
        if chance.random() < 0.15:
            self.table.delete_item(key)
        else:
            self.table.put_item(key | {"n": {"N": str(number)}})
        if chance.random() < 0.05:
            is_open = [shard.shard_id for shard in self.table.stream.shards() if not shard.is_closed]
            self.table.stream.split_shard(chance.choice(is_open))

    @property
    def sent(self) -> list[str]:
        """The eventID of every item that took effect, in order, duplicates included."""
        if self.bus.calls:
            return [detail["eventID"] for detail in self.bus.details]
        return [item["eventID"] for batch in self.function.events for item in batch]

    @cached_property
    def dead(self) -> set[str]:
        return {event_id for step in self.trace.of(DeadLettered) for event_id in step.event_ids}


@pytest.mark.parametrize("to_bus", [True, False], ids=["to a bus", "to a function"])
def test_no_record_is_lost_and_counts_balance(to_bus: bool) -> None:
    for seed in SEEDS:
        play = SimulatedRun(seed, to_bus=to_bus)
        context = f"PERCEPTION_EVENTS_SEED={seed} {play.plan}"
        passed = {r["eventID"] for r in play.records if r["eventName"] != "REMOVE"}
        assert set(play.sent) <= passed, context
        assert passed <= set(play.sent) | play.dead, f"lost without a dead letter; {context}"
        assert {step.event_id for step in play.trace.of(FilteredOut)} == {
            r["eventID"] for r in play.records if r["eventName"] == "REMOVE"
        }, context
        result = play.run.result
        assert result.pending == result.discarded == result.dropped == 0, context
        assert result.records == len(play.records), context
        assert result.filtered_out == len(play.records) - len(passed), context
        assert result.delivered + result.dead_lettered == len(passed), context
        assert {m["DDBStreamBatchInfo"]["batchSize"] for m in play.queue.events} <= set(range(1, 11)), context


def test_order_per_key_holds_where_batches_fail_as_a_whole() -> None:
    """Of first deliveries; a record given up can still come late, when a crash repeats its batch after all."""
    for seed in SEEDS:
        play = SimulatedRun(seed, to_bus=False)
        first: dict[str, int] = {}
        for position, event_id in enumerate(play.sent):
            first.setdefault(event_id, position)
        by_key: dict[str, list[int]] = {}
        for record in play.records:
            if record["eventID"] in first and record["eventID"] not in play.dead:
                by_key.setdefault(str(record["dynamodb"]["Keys"]), []).append(first[record["eventID"]])
        for positions in by_key.values():
            assert positions == sorted(positions), f"PERCEPTION_EVENTS_SEED={seed} {play.plan}"


def test_a_seed_repeats_its_run_byte_for_byte() -> None:
    for seed in list(SEEDS)[:20]:
        assert (
            SimulatedRun(seed, to_bus=True).trace.to_json_lines()
            == SimulatedRun(seed, to_bus=True).trace.to_json_lines()
        )


def test_the_plans_do_break_things() -> None:
    """The laws above would hold of runs in which nothing happens, too."""
    plays = [SimulatedRun(seed, to_bus=seed % 2 == 0) for seed in range(60)]
    assert sum(play.run.crashes for play in plays) > 20
    assert sum(len(play.dead) for play in plays) > 20
    assert sum(play.run.result.retries for play in plays) > 100
    assert sum(len(play.sent) - len(set(play.sent)) for play in plays) > 100  # duplicates


def test_a_partial_failure_can_put_a_key_out_of_order() -> None:
    """What AWS does not promise, shown: the rejected entry of a key is put after a later one of the same key."""

    def rejects(entry: Mapping[str, Any]) -> bool:
        rejected = first[0] and json.loads(entry["Detail"])["dynamodb"]["NewImage"]["n"]["N"] == "0"
        first[0] = first[0] and not rejected
        return bool(rejected)

    first = [True]
    clock = ManualClock(START)
    table = InMemoryTable("T", clock=clock)
    for number in "01":
        table.put_item({"site": {"S": "a"}, "date#event_type": {"S": "d"}, "n": {"N": number}})
    bus = RecordingBus(rejects=rejects)
    Pipe("p", EventBusTarget(bus), source=BatchSource(parameters=SourceParameters(batch_size=10)), clock=clock).process(
        table.stream.records()
    )
    assert numbers(bus.details) == ["0", "1", "0"]  # the first call put both and had the first rejected


def numbers(details: Sequence[Any]) -> list[str]:
    return [detail["dynamodb"]["NewImage"]["n"]["N"] for detail in details]
