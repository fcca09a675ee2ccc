"""A day of the ten modules, from the first pose to postprocessing, while everything that may fail does.

Each day is one seed: `PERCEPTION_EVENTS_SCHEDULES=1000` plays that many, `PERCEPTION_EVENTS_SEED=...` that one alone.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from perception_events.buses import TargetError
from perception_events.classifiers import Enrichment
from perception_events.clock import ManualClock
from perception_events.pipeline import Pipeline
from perception_events.pipeline.simulation import PipelineSimulation
from perception_events.pipes import PipeInternalError
from perception_events.scheduler import Scheduler
from perception_events.streams import InMemoryTable
from perception_events.targets import Target
from perception_events.testing import FaultPlan, PlannedError, RecordingTarget
from perception_events.trace import DeadLettered, Delivered, Discarded, Trace
from support.ten_modules import MODULES, SYNCS, load_example

DAYS = int(os.environ.get("PERCEPTION_EVENTS_SCHEDULES", "20"))
SEEDS = [int(os.environ["PERCEPTION_EVENTS_SEED"])] if "PERCEPTION_EVENTS_SEED" in os.environ else range(DAYS)


class Throttled:
    """What the plan lets fail is the invocation, which the bus repeats; of a handler Lambda repeats it only twice."""

    def __init__(self, function: Target) -> None:
        self.function = function

    def invoke(self, event: Any) -> Any:
        try:
            return self.function.invoke(event)
        except (PlannedError, PipeInternalError) as error:
            raise TargetError(str(error), code="THROTTLING") from error


def without_limit(pipeline: Pipeline) -> Pipeline:
    """`pipeline`, whose pipe never gives a record up: ten attempts can all fail by chance."""
    settings = replace(pipeline.pipe, maximum_retry_attempts=-1, maximum_record_age=-1)
    return replace(pipeline, pipe=settings)


class ModulesRun:
    """Table, stream, pipe, bus, joins and modules on one scheduler, with one plan of what goes wrong."""

    def __init__(self, example: ModuleType, seed: int) -> None:
        chance = random.Random(seed)
        self.plan = FaultPlan(
            seed=seed,
            crash=chance.choice([0.0, 0.02, 0.1]),
            crashes=30,
            delay=chance.choice([0.0, 1.0, 120.0]),
            internal_failure=chance.choice([0.0, 0.2]),
            failure=chance.choice([0.0, 0.1, 0.4]),
            duplicate=chance.choice([0.0, 0.3, 1.0]),
        )
        self.scheduler = Scheduler(seed, ManualClock(1_752_538_268.0))
        clock = self.scheduler.clock
        self.trace = Trace()
        self.table = InMemoryTable("PerceptionPipelineEvents-dev", clock=clock, shards=chance.randint(1, 3))
        functions = example.functions(example.join_store(self.table), self.table.put_item, clock)
        self.modules = {name: functions[f"trigger_{name}"] for name in MODULES}
        self.published = functions["publish"] = RecordingTarget()
        self.simulation = PipelineSimulation(
            without_limit(example.pipeline),
            targets={name: Throttled(self.plan.target(target, name=name)) for name, target in functions.items()},
            enrichment=self.plan.target(Enrichment(example.pipeline.registry), name="enrichment"),
            clock=clock,
            deliver=self.plan.deliver(self.scheduler),
            trace=self.trace.record,
            assume_failing_after=None,  # by chance ten attempts fail and the eleventh works
        )
        self.run = self.simulation.run(self.table.stream, scheduler=self.scheduler, faults=self.plan.step_faults())
        for item in example.first_items():
            self.scheduler.call_later(chance.uniform(0, 3600), lambda item=item: self.table.put_item(item))  # type: ignore[misc]
        self.scheduler.run_until_idle()

    def __str__(self) -> str:
        return f"PERCEPTION_EVENTS_SEED={self.plan.seed} {self.plan}\n{self.trace.table()[-3000:]}"

    @property
    def written(self) -> Counter[str]:
        """How often each sort key was inserted."""
        inserts = [r for r in self.table.stream.records() if r["eventName"] == "INSERT"]
        return Counter(str(sort_key(record)) for record in inserts)


def sort_key(record: Any) -> str:
    return str(record["dynamodb"]["Keys"]["date#event_type"]["S"])


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load_example(monkeypatch)


def test_the_day_ends_and_every_module_is_started_once_whatever_fails(example: ModuleType) -> None:
    for seed in SEEDS:
        day = ModulesRun(example, seed)
        assert day.run.result.pending == 0, str(day)
        assert day.trace.of(DeadLettered) == [], str(day)
        assert day.trace.of(Discarded) == [], str(day)
        started = {name: len(module.done) for name, module in day.modules.items()}
        assert started == {name: len(SYNCS) if name == "recon" else 1 for name in MODULES}, str(day)
        assert {key: count for key, count in day.written.items() if "#trigger_" in key and count != 1} == {}, str(day)
        published = {event["detail"]["eventID"] for event in day.published.events}
        assert len(published) == 1, str(day)


def test_the_days_are_bad_ones(example: ModuleType) -> None:
    """The law above would hold of days on which nothing happens, too."""
    days = [ModulesRun(example, seed) for seed in range(12)]
    assert sum(day.run.crashes for day in days) > 20
    assert sum(day.run.result.retries for day in days) > 50
    deliveries = [Counter((d.event_id, d.target) for d in day.trace.of(Delivered)) for day in days]
    assert sum(count > 1 for each in deliveries for count in each.values()) > 100


def test_a_seed_repeats_its_day_byte_for_byte(example: ModuleType) -> None:
    for seed in list(SEEDS)[:3]:
        traces = [ModulesRun(example, seed).trace.to_json_lines() for _ in range(2)]
        assert traces[0] == traces[1]
