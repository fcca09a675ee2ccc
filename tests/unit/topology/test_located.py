"""Containers with lines: they are plain JSON to everyone else, and lead a path to its line."""

from __future__ import annotations

import json

from perception_events.topology import LocatedDict, LocatedList, Origin, origin_of

PATTERN = LocatedDict({"source": LocatedList(["orders", "stock"], line=3, lines=[4, 5])}, line=2, lines={"source": 3})
HERE = Origin("template.yaml", 2, "Resources.Rule.Properties.EventPattern")


def test_a_located_value_equals_the_plain_value_and_prints_as_it() -> None:
    assert PATTERN == {"source": ["orders", "stock"]}
    assert json.dumps(PATTERN) == '{"source": ["orders", "stock"]}'


def test_each_step_takes_the_line_it_was_written_on() -> None:
    assert origin_of(PATTERN, ("source", 1), HERE) == Origin("template.yaml", 5, f"{HERE.path}.source[1]")


def test_a_step_that_is_not_there_stops_at_the_last_one_found() -> None:
    assert origin_of(PATTERN, ("source", 7), HERE).line == 3
    assert origin_of(PATTERN, ("detail", "x"), HERE) == HERE


def test_a_plain_value_keeps_the_line_of_what_holds_it() -> None:
    assert origin_of({"source": ["x"]}, ("source", 0), HERE).line == 2
