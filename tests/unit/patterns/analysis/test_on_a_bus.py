"""`satisfiable_on_a_bus`: what no event of a bus has, whatever the producer puts on it."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import satisfiable, satisfiable_on_a_bus


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ({"time": [5]}, "time is a string in every event"),
        ({"source": ["a"], "detail_type": ["b"]}, "no event has detail_type"),
        ({"source": [{"exists": False}]}, "source is a string in every event"),
        ({"status": {"code": [1]}}, "no event has status.code"),
        ({"detail": ["x"]}, "detail is an object in every event, which no value equals"),
        ({"$or": [{"a": [1]}, {"time": [1]}]}, "its fields cannot all be what they are in every event"),
    ],
)
def test_what_no_event_of_a_bus_has_can_never_match(pattern: Any, reason: str) -> None:
    assert satisfiable(pattern).verdict is True
    answer = satisfiable_on_a_bus(pattern)
    assert (answer.verdict, answer.witness, answer.reason) == (False, None, reason)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["a"], "resources": ["arn"], "detail": {"any": {"thing": [1]}}},
        {"source": ["a"], "detail_type": [{"exists": False}]},
        {"$or": [{"a": [1]}, {"detail": {"a": [1]}}]},
        {"time": [{"anything-but": {"prefix": "2025"}}]},
    ],
)
def test_what_an_event_of_a_bus_may_have_matches_a_witness(pattern: Any) -> None:
    answer = satisfiable_on_a_bus(pattern)
    assert answer.verdict is True
    assert answer.witness is not None
    assert EventPattern.parse(pattern).matches(answer.witness)
    assert isinstance(answer.witness["source"], str)
    assert "detail_type" not in answer.witness


def test_a_contradiction_is_one_everywhere() -> None:
    both = {"detail": {"a": [1]}, "$or": [{"detail": {"a": {"b": [2]}}}, {"detail": {"a": {"c": [2]}}}]}
    answer = satisfiable_on_a_bus(both)
    assert (answer.verdict, answer.reason) == (False, "")
