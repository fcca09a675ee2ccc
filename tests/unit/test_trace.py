"""Traces are asserted on, printed and exported."""

from __future__ import annotations

import json

from perception_events.patterns import EventPattern, RuleExplanation
from perception_events.trace import DeadLettered, Explanations, FilteredOut, Put, RecordSeen, Retried, Trace


def test_a_trace_keeps_prints_and_exports_its_steps() -> None:
    trace = Trace()
    trace.record(RecordSeen(10.0, "pipe", "e1", {"eventID": "e1"}))
    pattern, asked = EventPattern.parse({"status": ["DONE"]}), []

    def explain() -> list[RuleExplanation]:
        asked.append(1)
        return [RuleExplanation("filter 2", tuple(pattern.explain({"status": "OPEN"})))]

    trace.record(FilteredOut(10.0, "pipe", "e1", Explanations(explain)))
    assert asked == []  # why is worked out when somebody looks
    trace.record(Retried(10.0, "pipe", ("e2", "e3"), 1, "RuntimeError: no", "customer"))
    trace.record(DeadLettered(11.5, "pipe", ("e2",), "RetryAttemptsExhausted", "RuntimeError: no", {"Body": "b"}, 1.5))
    trace.record(Put(12.0, "bus", {"id": "1"}))
    assert len(trace) == len(list(trace)) == 5
    assert [step.event_id for step in trace.of(RecordSeen)] == ["e1"]
    lines = [json.loads(line) for line in trace.to_json_lines().splitlines()]
    assert lines[1] == {
        "step": "FilteredOut",
        "time": 10.0,
        "where": "pipe",
        "event_id": "e1",
        "explanations": [
            {
                "rule": "filter 2",
                "field": "status",
                "expected": '["DONE"]',
                "found": '"OPEN"',
                "fix": 'add "OPEN" to the list if it is meant too, or send one of the listed values',
            }
        ],
    }
    printed = trace.table().splitlines()
    assert printed[0].split() == ["seconds", "step", "where", "what"]
    assert printed[3].startswith("0.000    Retried       pipe   event_ids=e2, e3 retry=1 reason=RuntimeError: no kind=")
    assert asked == [1]
    assert printed[4].startswith("1.500    DeadLettered  pipe ")
    assert Trace().table().splitlines() == ["seconds  step  where  what"]


def test_a_bounded_trace_keeps_the_newest_steps_and_counts_the_others() -> None:
    trace = Trace(limit=2)
    for number in range(5):
        trace.record(Put(float(number), "bus", {}))
    assert [step.time for step in trace] == [3.0, 4.0]
    assert trace.dropped == 3
