"""Events made from patterns: realistic ones, near misses, and any at random."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError
from perception_events.patterns.analysis import (
    NoExampleError,
    draw_match,
    draw_miss,
    example,
    near_misses,
    satisfiable,
    uncovered,
)
from perception_events.testing.strategies import events_matching, events_not_matching
from support.pattern_pairs import make_pair

CREATED = {
    "source": ["aws.s3"],
    "detail-type": ["Object Created"],
    "detail": {
        "bucket": {"name": [{"prefix": "in-"}]},
        "object": {"key": [{"wildcard": "*/img/*.jpg"}], "size": [{"numeric": [">", 0, "<=", 5000]}]},
        "source-ip-address": [{"cidr": "10.0.0.0/24"}],
        "deleted": [{"exists": False}],
    },
}
ENVELOPE = ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]


@pytest.mark.parametrize("seed", range(5))
def test_an_example_is_a_whole_event_that_the_pattern_matches(seed: int) -> None:
    event = example(CREATED, seed=seed)
    assert EventPattern.parse(CREATED).matches(event)
    assert list(event) == ENVELOPE
    assert event["account"] == "123456789012"
    assert event == example(CREATED, seed=seed)
    assert event != example(CREATED, seed=seed + 1)


def test_an_example_takes_the_values_that_it_is_given() -> None:
    fields: dict[str, list[Any]] = {
        "detail.bucket.name": ["other", "in-box"],
        "detail.requester": ["someone"],
        "detail.object.size": [9999],
    }
    events = [example(CREATED, seed=seed, fields=fields) for seed in range(20)]
    assert sum(event["detail"]["bucket"]["name"] == "in-box" for event in events) > 10
    assert all(event["detail"]["requester"] == "someone" for event in events)
    assert all(event["detail"]["object"]["size"] <= 5000 for event in events)


def test_an_example_of_a_pipe_is_a_stream_record() -> None:
    image = {"dynamodb": {"NewImage": {"sk": {"S": [{"prefix": "2025-07"}]}, "size": {"N": [{"anything-but": "0"}]}}}}
    pattern = EventPattern.parse({"eventName": ["MODIFY"], **image}, dialect=Dialect.PIPE)
    event = example(pattern)
    assert list(event) == ["eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb"]
    assert event["dynamodb"]["NewImage"]["size"]["N"].isdecimal()
    assert pattern.matches(event)


def test_near_misses_differ_from_a_matching_event_in_one_field() -> None:
    pattern = EventPattern.parse(CREATED)
    event = example(CREATED)
    misses = near_misses(CREATED)
    assert {miss.path for miss in misses} == {path for path, _ in pattern.sub_rules[0].fields}
    for miss in misses:
        assert not pattern.matches(miss.event), miss
        assert list(miss.event) in (ENVELOPE, [name for name in ENVELOPE if name != miss.path])
        assert set(miss.event) - set(event) == set()
    made = {(miss.path, miss.change) for miss in misses}
    assert {
        ("detail-type", "in other case"),
        ("source", "left out"),
        ("detail.object.size", "a text"),
        ("detail.deleted", "added"),
        ("detail.object.key", "with a blank behind"),
    } <= made


def test_each_branch_has_near_misses() -> None:
    paths = {miss.path for miss in near_misses({"$or": [{"a": [1]}, {"b": ["x"]}]})}
    assert paths == {"a", "b"}


def test_where_there_is_no_event_it_is_said() -> None:
    never = {"a": [1], "a.b": [2]}
    for make in (example, near_misses):
        with pytest.raises(NoExampleError, match="no event was found that matches"):
            make(never)
    with pytest.raises(NoExampleError, match="no event was found that matches"):
        draw_match(never, Random(1))
    with pytest.raises(NoExampleError, match="every event that was tried matches"):
        draw_miss({"a": [{"exists": True}, {"exists": False}]}, Random(1))
    with pytest.raises(InvalidEventPatternError):
        example({"a": "x"})


ANY_EVENT = {"field": [{"exists": True}, {"exists": False}]}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_events_drawn_for_generated_patterns_match_or_miss(seed: int) -> None:
    random = Random(seed)
    for pattern in make_pair(random):
        try:
            assert not pattern.matches(draw_miss(pattern, random))
        except NoExampleError:
            assert uncovered(ANY_EVENT, [pattern]).verdict is False, pattern
        try:
            assert pattern.matches(example(pattern, seed=seed))
            assert pattern.matches(draw_match(pattern, random))
            assert not any(pattern.matches(miss.event) for miss in near_misses(pattern))
        except NoExampleError:
            witness = satisfiable(pattern).witness
            # Or only a text spells the number that it takes.
            assert witness is None or not pattern.matches(witness), pattern


DRAWN = EventPattern.parse(CREATED)


@settings(max_examples=20, deadline=None)
@given(events_matching(DRAWN), events_not_matching(DRAWN))
def test_strategies_draw_events_that_match_and_that_do_not(match: dict[str, Any], miss: dict[str, Any]) -> None:
    assert DRAWN.matches(match)
    assert not DRAWN.matches(miss)


def test_drawn_events_have_arrays_and_further_fields() -> None:
    drawn = [draw_match({"a": [{"prefix": "x"}]}, Random(seed)) for seed in range(60)]
    assert any(isinstance(event["a"], list) for event in drawn)
    assert any(len(event) > 1 for event in drawn)
    assert len({str(event["a"]) for event in drawn}) > 10


def test_names_in_camel_case_have_values_that_read_like_them() -> None:
    names = ("createdAt", "updated_at", "isPaid", "hasItems", "currency", "quantity", "format", "island")
    made = example({"detail": {name: [{"exists": True}] for name in names}}, seed=4)["detail"]
    assert made["createdAt"][:8] == made["updated_at"][:8] == "2025-07-"
    assert {type(made[name]) for name in ("isPaid", "hasItems")} == {bool}
    assert (made["currency"] in {"EUR", "GBP", "USD"}, type(made["quantity"])) == (True, int)
    assert {type(made[name]) for name in ("format", "island")} == {str}
    assert not made["format"].startswith("2025")
