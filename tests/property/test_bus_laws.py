"""Laws of the bus under random schedules: nothing is lost without a dead letter, and a seed repeats its run.

`PERCEPTION_EVENTS_SCHEDULES=5000` plays that many.
"""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from perception_events.buses import EventBus, RetryPolicy, Rule, RuleTarget
from perception_events.clock import ManualClock
from perception_events.scheduler import Scheduler
from perception_events.testing import FaultPlan, RecordingTarget
from perception_events.trace import Delivered, Put, Trace

many = settings(max_examples=int(os.environ.get("PERCEPTION_EVENTS_SCHEDULES", "100")))
plans = st.builds(
    FaultPlan,
    seed=st.integers(0, 2**32),
    delay=st.sampled_from([0.0, 5.0]),
    failure=st.sampled_from([0.0, 0.3, 0.9]),
    duplicate=st.sampled_from([0.0, 0.5]),
)


def run(plan: FaultPlan, events: int) -> tuple[Trace, RecordingTarget, RecordingTarget]:
    scheduler = Scheduler(plan.seed, ManualClock(1_752_538_268.0))
    trace, taken, letters, ids = Trace(), RecordingTarget(), RecordingTarget(), itertools.count(1)
    bus = EventBus(
        "bus",
        clock=scheduler.clock,
        new_id=lambda: f"id-{next(ids)}",
        trace=trace.record,
        deliver=plan.deliver(scheduler),
    )
    target = RuleTarget(
        "one",
        plan.target(taken),
        retry_policy=RetryPolicy(maximum_retry_attempts=3),
        dead_letter_queue=letters,
    )
    bus.put_rule(Rule("rule", {"source": ["s"]}, targets=(target,)))
    for number in range(events):
        entry = {"Source": "s", "DetailType": "t", "Detail": json.dumps({"n": number})}
        scheduler.call_later(float(number), lambda entry=entry: bus.put_events([entry]))  # type: ignore[misc]
    scheduler.run_until_idle()
    assert scheduler.pending == 0
    return trace, taken, letters


def ids_of(messages: list[Any]) -> set[str]:
    return {json.loads(message["Body"])["id"] for message in messages}


@many
@given(plans, st.integers(1, 12))
def test_every_event_is_delivered_or_dead_lettered(plan: FaultPlan, events: int) -> None:
    trace, _, letters = run(plan, events)
    delivered = {step.event_id for step in trace.of(Delivered)}
    assert len(trace.of(Put)) == events
    assert delivered | ids_of(letters.events) == {f"id-{n}" for n in range(1, events + 1)}


@many
@given(plans, st.integers(1, 12))
def test_without_failures_each_event_is_delivered_once_or_with_its_duplicate(plan: FaultPlan, events: int) -> None:
    quiet = FaultPlan(seed=plan.seed, delay=plan.delay, duplicate=plan.duplicate)
    trace, taken, letters = run(quiet, events)
    counts = [sum(step.event_id == f"id-{n}" for step in trace.of(Delivered)) for n in range(1, events + 1)]
    assert letters.events == []
    assert set(counts) <= ({1, 2} if plan.duplicate else {1})
    assert len(taken.events) == sum(counts)


@many
@given(plans, st.integers(1, 12))
def test_the_same_seed_gives_the_same_run_byte_for_byte(plan: FaultPlan, events: int) -> None:
    assert run(plan, events)[0].to_json_lines() == run(plan, events)[0].to_json_lines()
