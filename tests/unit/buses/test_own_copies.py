"""What a target does to its event, or in which thread it runs, is nobody else's business."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from perception_events.buses import EventBus, Rule, RuleTarget, SelfFeedingRuleError
from perception_events.clock import ManualClock
from perception_events.input_transforms import InputTransformer
from perception_events.testing import RecordingTarget
from perception_events.trace import Delivered, Put, Trace

ENTRY = {"Source": "s", "DetailType": "t", "Detail": '{"id": 1, "list": [1, 2]}'}
DETAIL = {"id": 1, "list": [1, 2]}


def test_a_target_that_changes_its_event_spoils_nothing_but_its_own_copy() -> None:
    trace, letters, received = Trace(), RecordingTarget(), RecordingTarget()
    attempts: list[Any] = []

    def spoils(event: Any) -> None:
        attempts.append(dict(event["detail"]))
        event["detail"].clear()
        event["resources"].append("spoilt")
        if len(attempts) < 3:
            raise RuntimeError("again")
        raise KeyError("for good")

    bus = EventBus("bus", clock=ManualClock(), new_id=lambda: "1", trace=trace.record)
    archive = bus.create_archive("kept")
    bus.put_rule(
        Rule(
            "r",
            {"source": ["s"]},
            targets=(
                RuleTarget("spoils", spoils, dead_letter_queue=letters),
                RuleTarget("after", received),
                RuleTarget("path", received, input_path="$.detail"),
            ),
        )
    )
    bus.put_events([ENTRY])
    assert attempts == [DETAIL] * len(attempts)
    assert len(attempts) > 3
    assert received.events[0]["detail"] == received.events[1] == DETAIL
    assert received.events[0]["resources"] == []
    assert archive.events[0]["detail"] == trace.of(Put)[0].event["detail"] == DETAIL
    assert '"list": [1, 2]' in letters.events[0]["Body"]
    received.events[1]["id"] = "changed"
    assert trace.of(Delivered)[1].event == DETAIL


@pytest.mark.parametrize(
    "settings",
    [
        {"input": {"a": [1]}},
        {"input_transformer": InputTransformer.parse('{"a": <list>}', {"list": "$.detail.list"})},
    ],
    ids=["input", "transformer"],
)
def test_a_made_input_is_a_copy_too(settings: dict[str, Any]) -> None:
    seen: list[Any] = []

    def spoils(given: Any) -> None:
        seen.append(list(given["a"]))
        given["a"].append("spoilt")

    bus = EventBus("bus", clock=ManualClock(), new_id=lambda: "1")
    bus.put_rule(Rule("r", {"source": ["s"]}, targets=(RuleTarget("t", spoils, **settings),)))
    bus.put_events([ENTRY, ENTRY])
    assert seen[0] == seen[1]


def test_a_bus_used_from_many_threads_delivers_everything_and_sees_no_loop() -> None:
    ids, received, lock = itertools.count(), [], threading.Lock()
    bus = EventBus("bus", clock=ManualClock(), new_id=lambda: str(next(ids)))

    def take(event: Any) -> None:
        with lock:
            received.append(event["id"])

    def passes_on(event: Any) -> None:
        if event["detail"]["left"]:
            bus.put_events([{**ENTRY, "Source": "s", "Detail": f'{{"left": {event["detail"]["left"] - 1}}}'}])

    bus.put_rule(Rule("r", {"source": ["s"]}, targets=(RuleTarget("take", take), RuleTarget("on", passes_on))))
    with ThreadPoolExecutor(24) as pool:
        for done in [pool.submit(bus.put_events, [{**ENTRY, "Detail": '{"left": 5}'}]) for _ in range(400)]:
            done.result()
    assert len(received) == len(set(received)) == 400 * 6


def test_rules_may_change_while_other_threads_put_events() -> None:
    ids = itertools.count()
    bus = EventBus("bus", clock=ManualClock(), new_id=lambda: str(next(ids)))
    received = RecordingTarget()
    bus.put_rule(Rule("stays", {"source": ["s"]}, targets=(RuleTarget("t", received),)))
    stop = threading.Event()

    def change() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            name = f"r{number % 7}"
            bus.put_rule(Rule(name, {"source": ["s"]}, targets=(RuleTarget("t", RecordingTarget()),)))
            bus.remove_targets(name, ["t"])
            bus.remove_rule(name)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(300):
            bus.put_events([ENTRY])
    finally:
        stop.set()
        changing.join()
    assert len(received.events) == 300


def test_a_loop_is_still_seen_where_many_threads_use_the_bus() -> None:
    ids = itertools.count()
    bus = EventBus("bus", clock=ManualClock(), new_id=lambda: str(next(ids)))
    bus.put_rule(Rule("r", {"source": ["s"]}, targets=(RuleTarget("t", lambda event: bus.put_events([ENTRY])),)))
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(bus.put_events, [ENTRY]) for _ in range(8)]:
            with pytest.raises(SelfFeedingRuleError, match="rule 'r' of bus 'bus' feeds itself"):
                done.result()


def test_a_retry_is_told_before_the_delivery_that_it_led_to() -> None:
    trace, failures = Trace(), [ValueError("once")]

    def flaky(event: Any) -> None:
        if failures:
            raise failures.pop()

    bus = EventBus("bus", clock=ManualClock(), new_id=lambda: "1", trace=trace.record)
    bus.put_rule(Rule("r", {"source": ["s"]}, targets=(RuleTarget("t", flaky),)))
    bus.put_events([ENTRY])
    assert [type(step).__name__ for step in trace] == ["Put", "RuleMatched", "Retried", "Delivered"]
