"""Traces are asserted on, printed and exported."""

from __future__ import annotations

import json

from perception_events.trace import DeadLettered, FilteredOut, Put, RecordSeen, Retried, Trace


def test_a_trace_keeps_prints_and_exports_its_steps() -> None:
    trace = Trace()
    trace.record(RecordSeen(10.0, "pipe", "e1", {"eventID": "e1"}))
    trace.record(FilteredOut(10.0, "pipe", "e1", ("eventName: expected INSERT", "status: missing")))
    trace.record(Retried(10.0, "pipe", ("e2", "e3"), 1, "RuntimeError: no", "customer"))
    trace.record(DeadLettered(11.5, "pipe", ("e2",), "RetryAttemptsExhausted", "RuntimeError: no", None))
    trace.record(Put(12.0, "bus", {"id": "1"}))
    assert len(trace) == len(list(trace)) == 5
    assert [step.event_id for step in trace.of(RecordSeen)] == ["e1"]
    lines = [json.loads(line) for line in trace.to_json_lines().splitlines()]
    assert lines[1] == {
        "step": "FilteredOut",
        "time": 10.0,
        "where": "pipe",
        "event_id": "e1",
        "misses": ["eventName: expected INSERT", "status: missing"],
    }
    printed = trace.table().splitlines()
    assert printed[0].split() == ["seconds", "step", "where", "what"]
    assert printed[3] == "0.000    Retried       pipe   event_ids=e2, e3 retry=1 reason=RuntimeError: no kind=customer"
    assert printed[4].startswith("1.500    DeadLettered  pipe ")
    assert Trace().table().splitlines() == ["seconds  step  where  what"]
