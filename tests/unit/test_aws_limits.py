"""The table of limits: what a row allows, how it reads, and that those who enforce a limit read it from there."""

from __future__ import annotations

import pytest

from perception_events.aws.publisher import MAXIMUM_ENTRIES, MAXIMUM_SIZE
from perception_events.aws_limits import LIMITS, Limit, at_most
from perception_events.input_transforms import MAX_TEMPLATE_LENGTH
from perception_events.patterns import DIALECTS, Dialect


@pytest.mark.parametrize("limit", LIMITS.values(), ids=lambda limit: limit.name)
def test_a_row_allows_its_boundaries_and_nothing_beyond(limit: Limit) -> None:
    assert LIMITS[limit.name] is limit
    assert limit.reference.startswith("https://docs.aws.amazon.com/")
    for value in (limit.low, limit.high, *limit.also):
        assert value is not None
        assert limit.allows(value)
    assert limit.low is not None
    assert limit.high is not None
    assert limit.allows(limit.low - 1) is (limit.low - 1 in limit.also)
    assert not limit.allows(limit.high + 1)


def test_a_value_beside_the_range_is_allowed_and_its_neighbours_are_not() -> None:
    age = LIMITS["maximum record age"]
    assert [age.allows(value) for value in (-2, -1, 0, 59, 60, 604_800, 604_801)] == [
        *(False, True, False, False, True, True, False)
    ]
    assert age.words == "-1 or 60 to 604800 seconds"


@pytest.mark.parametrize("value", [True, 2.5, 10.0, "10", None])
def test_only_whole_numbers_are_allowed(value: object) -> None:
    assert not LIMITS["stream batch size"].allows(value)


def test_open_limits_read_as_such() -> None:
    assert Limit("n", 3, None, "things", "").words == "3 or more things"
    assert Limit("n", None, 3, "things", "").words == "at most 3 things"
    assert Limit("n", 3, None, "things", "").allows(10**9)
    assert Limit("n", None, 3, "things", "").allows(-5)


def test_the_upper_boundary_of_an_unknown_limit_is_an_error() -> None:
    with pytest.raises(LookupError):
        at_most("legs of a table")


def test_those_who_enforce_a_limit_read_it_from_the_table() -> None:
    bus, pipe = DIALECTS[Dialect.EVENT_BUS], DIALECTS[Dialect.PIPE]
    assert (bus.max_length, bus.default_length) == (at_most("event pattern"), at_most("event pattern quota"))
    assert (bus.max_patterns, bus.max_wildcard_patterns) == (at_most("rules"), at_most("wildcard rules"))
    assert (pipe.max_length, pipe.max_patterns) == (at_most("pipe filter pattern"), at_most("pipe filters"))
    assert at_most("input template") == MAX_TEMPLATE_LENGTH
    assert (at_most("PutEvents entries"), at_most("PutEvents size") - 1) == (MAXIMUM_ENTRIES, MAXIMUM_SIZE)
