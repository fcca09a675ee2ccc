"""The scheduler keeps time, order and seed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator

import pytest

from perception_events.buses import EventBus, Rule, RuleTarget
from perception_events.clock import ManualClock
from perception_events.scheduler import Scheduler
from perception_events.testing import RecordingTarget


def test_calls_come_in_order_of_time_then_of_asking() -> None:
    clock = ManualClock(100.0)
    scheduler = Scheduler(1, clock)
    seen: list[tuple[str, float]] = []
    for name, delay in (("late", 2.0), ("first", 1.0), ("second", 1.0)):
        scheduler.call_later(delay, lambda name=name: seen.append((name, clock.now())))  # type: ignore[misc]
    scheduler.call_at(0.0, lambda: seen.append(("past", clock.now())))
    scheduler.run_until_idle()
    assert seen == [("past", 100.0), ("first", 101.0), ("second", 101.0), ("late", 102.0)]


def test_an_error_names_the_seed() -> None:
    scheduler = Scheduler(42, ManualClock())
    scheduler.call_later(0, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        scheduler.run_until_idle()
    assert "seed 42" in caught.value.__notes__[0]


def order_of(seed: int) -> list[int]:
    clock, ids, target = ManualClock(), itertools.count(), RecordingTarget()
    scheduler = Scheduler(seed, clock)

    def deliver(start: Callable[[], Generator[float, None, object]]) -> None:
        scheduler.run(start(), delay=scheduler.random.uniform(0, 5))

    bus = EventBus(clock=clock, new_id=lambda: str(next(ids)), deliver=deliver)
    bus.put_rule(Rule("r", {"source": ["app"]}, targets=(RuleTarget("t", target),)))
    for number in range(10):
        bus.put_events([{"Source": "app", "DetailType": "t", "Detail": f'{{"n": {number}}}'}])
    scheduler.run_until_idle()
    return [event["detail"]["n"] for event in target.events]


def test_a_bus_on_a_scheduler_reorders_and_repeats_its_order_by_seed() -> None:
    assert sorted(order_of(1)) == list(range(10)) != order_of(1)
    assert order_of(1) == order_of(1) != order_of(2)
