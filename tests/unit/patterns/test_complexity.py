"""The complexity of a rule's wildcards: of all values of one field together, against an adjustable limit."""

from __future__ import annotations

import time

import pytest

from perception_events.patterns import EventPattern, InvalidEventPatternError

LIMIT = 20
"""Seconds of a processor, far above what is needed on a busy machine and far below what quadratic time takes."""
STACKS = [{"wildcard": f"*:stack/{name}Stack/*"} for name in ("Shared", "Api", "Worker", "Monitoring")]


def test_the_values_of_one_field_add_up() -> None:
    assert EventPattern.parse({"a": STACKS[:3]}).wildcard_complexity == 9
    with pytest.raises(InvalidEventPatternError, match="count 12 or more, at most 10 is accepted") as caught:
        EventPattern.parse({"a": STACKS})
    assert caught.value.code == "TooComplex"
    assert EventPattern.parse({"a": STACKS}, max_wildcard_complexity=None).wildcard_complexity == 12


def test_separate_fields_do_not_add_up() -> None:
    assert EventPattern.parse({"a": STACKS[:2], "b": STACKS[2:]}).wildcard_complexity == 6


def test_both_sides_of_the_limit() -> None:
    pattern = {"a": STACKS[:3]}
    assert EventPattern.parse(pattern, max_wildcard_complexity=9)
    with pytest.raises(InvalidEventPatternError):
        EventPattern.parse(pattern, max_wildcard_complexity=8)


def test_a_pattern_without_wildcards_counts_nothing() -> None:
    assert EventPattern.parse({"a": ["x", {"prefix": "*"}]}).wildcard_complexity == 0


@pytest.mark.parametrize("wildcard", ["*" + "ab" * 2000, "*".join("a" * 2000), "a*" * 2000, "*" + "a" * 4000 + "*"])
def test_a_hostile_wildcard_is_decided_at_once(wildcard: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidEventPatternError):
        EventPattern.parse({"a": [{"wildcard": wildcard}]})
    assert time.process_time() - started < LIMIT
