"""Every limit of AWS that is checked: allowed up to its boundary on both sides, and found beyond it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from perception_events.aws_limits import LIMITS
from perception_events.checks import check
from perception_events.topology import (
    EventSourceMapping,
    Filter,
    InputTransformer,
    Queue,
    RetryPolicy,
    SourceParameters,
    Topology,
    Unresolved,
)
from support.checked_topologies import FUNCTION, SOUND_SOURCE, pipe, pipe_topology, rule, rule_topology, target
from support.limits import boundaries

STREAM_PIPE = "Pipe.source_parameters."


def setting(name: str, value: int) -> dict[str, Any]:
    return {name: value}


def stream(name: str) -> Callable[[int], Topology]:
    return lambda value: pipe_topology(pipe(source_parameters=replace(SOUND_SOURCE, **setting(name, value))))


def queue(fifo: bool = False, window: int | None = None) -> Callable[[int], Topology]:
    jobs = Queue("Jobs", fifo=fifo, dead_letter_queue="Letters")

    def build(value: int) -> Topology:
        settings = SourceParameters(batch_size=value, maximum_batching_window=window)
        return pipe_topology(EventSourceMapping("M", source="Jobs", function="Ship", source_parameters=settings), jobs)

    return build


def entry(name: str, *, path: bool = False) -> Callable[[int], Topology]:
    def build(length: int) -> Topology:
        value = "$." + "x" * (length - 2) if path else "x" * length
        return pipe_topology(pipe(target="Bus", target_parameters={"EventBridgeEventBusParameters": {name: value}}))

    return build


def resources(count: int) -> Topology:
    group = {"EventBridgeEventBusParameters": {"Resources": ["r"] * count}}
    return pipe_topology(pipe(target="Bus", target_parameters=group))


def padded(length: int, empty: str, mark: str = "~") -> str:
    """`empty` with as many letters at `mark` as make it `length` characters."""
    return empty.replace(mark, "x" * (length - len(empty) + len(mark)))


def filter_of(length: int) -> Topology:
    return pipe_topology(pipe(json.loads(padded(length, '{"eventName":["INSERT"],"userIdentity":{"type":["~"]}}'))))


def rule_of(length: int) -> Topology:
    return rule_topology(rule(json.loads(padded(length, '{"source":["~"]}'))))


def of_target(**make: Callable[[int], Any]) -> Callable[[int], Topology]:
    return lambda value: rule_topology(rule(targets=(target(**{name: made(value) for name, made in make.items()}),)))


def wildcard_rules(count: int) -> Topology:
    return rule_topology(*[rule({"source": [f"s{n}"], "id": [{"wildcard": "a*b"}]}, f"R{n}") for n in range(count)])


def many_rules(count: int) -> Topology:
    return rule_topology(*[rule({"source": [f"s{n}"]}, f"R{n}") for n in range(count)])


BUS_ENTRY = "Pipe.target_parameters.EventBridgeEventBusParameters."
CHECKED: dict[str, tuple[str, str, Callable[[int], Topology]]] = {
    "pipe filters": ("PE101", "Pipe.filters", lambda n: pipe_topology(pipe(*[{"eventName": ["INSERT"]}] * n))),
    "pipe filter pattern": ("PE102", "Pipe.filters[0]", filter_of),
    "input template": (
        "PE205",
        "Pipe.target_input_template",
        lambda n: pipe_topology(pipe(target_input_template=padded(n, '{"a": "~"}'))),
    ),
    "stream batch size": ("PE003", STREAM_PIPE + "batch_size", stream("batch_size")),
    "queue batch size": ("PE003", "M.source_parameters.batch_size", queue(window=1)),
    "queue batch size without window": ("PE003", "M.source_parameters.batch_size", queue()),
    "FIFO queue batch size": ("PE003", "M.source_parameters.batch_size", queue(fifo=True, window=1)),
    "maximum batching window": ("PE003", STREAM_PIPE + "maximum_batching_window", stream("maximum_batching_window")),
    "parallelization factor": ("PE003", STREAM_PIPE + "parallelization_factor", stream("parallelization_factor")),
    "maximum record age": ("PE003", STREAM_PIPE + "maximum_record_age", stream("maximum_record_age")),
    "maximum retry attempts": ("PE003", STREAM_PIPE + "maximum_retry_attempts", stream("maximum_retry_attempts")),
    "bus target batch size": (
        "PE002",
        STREAM_PIPE + "batch_size",
        lambda n: pipe_topology(pipe(target="Bus", source_parameters=replace(SOUND_SOURCE, batch_size=n))),
    ),
    "dynamic path": ("PE209", BUS_ENTRY + "Time", entry("Time", path=True)),
    "entry source": ("PE209", BUS_ENTRY + "Source", entry("Source")),
    "entry detail type": ("PE209", BUS_ENTRY + "DetailType", entry("DetailType")),
    "entry resources": ("PE209", BUS_ENTRY + "Resources", resources),
    "event pattern quota": ("PE302", "Rule.event_pattern", rule_of),
    "rules": ("PE305", "Bus", many_rules),
    "wildcard rules": ("PE306", "Bus", wildcard_rules),
    "rule targets": (
        "PE304",
        "Rule.targets",
        lambda n: rule_topology(rule(targets=tuple(target(id=f"t{k}") for k in range(n)))),
    ),
    "target input": ("PE325", "Rule.targets[0].input", of_target(input=lambda n: '"' + "x" * (n - 2) + '"')),
    "input path": ("PE325", "Rule.targets[0].input_path", of_target(input_path=lambda n: "$.detail." + "x" * (n - 9))),
    "input paths": (
        "PE325",
        "Rule.targets[0].input_transformer",
        of_target(input_transformer=lambda n: InputTransformer({f"p{k}": "$.id" for k in range(n)}, '{"a": 1}')),
    ),
    "target retry attempts": (
        "PE312",
        "Rule.targets[0].retry_policy.maximum_retry_attempts",
        of_target(retry_policy=lambda n: RetryPolicy(n)),
    ),
    "target event age": (
        "PE312",
        "Rule.targets[0].retry_policy.maximum_event_age",
        of_target(retry_policy=lambda n: RetryPolicy(None, n)),
    ),
    "function retry attempts": (
        "PE312",
        "Ship.retry_attempts",
        lambda n: rule_topology(replace(FUNCTION, retry_attempts=n)),
    ),
    "function event age": ("PE312", "Ship.event_age", lambda n: rule_topology(replace(FUNCTION, event_age=n))),
}
NOT_IN_TEMPLATES = {"PutEvents entries", "PutEvents size", "event pattern", "rendered template"}
"""Limits of requests and of what is rendered; and the length that no quota raises, found as the same check."""


def cases() -> Iterator[tuple[str, int, bool]]:
    for name in CHECKED:
        for value, allowed in boundaries(LIMITS[name]):
            not_set = value == 0 and LIMITS[name].unit in (
                "characters",
                "filters",
                "targets a rule",
                "resources",
                "paths",
            )
            below_another = name == "bus target batch size" and value == 0  # below the source's own limit
            if not (not_set or below_another):
                yield name, value, allowed


@pytest.mark.parametrize(("name", "value", "allowed"), list(cases()))
def test_a_limit_holds_on_both_sides_of_its_boundary(name: str, value: int, allowed: bool) -> None:
    identifier, location, build = CHECKED[name]
    found = [f for f in check(build(value)) if (f.identifier, f.location) == (identifier, location)]
    assert bool(found) is not allowed, [f.reason for f in found]


def test_every_limit_is_checked_or_has_no_place_in_a_template() -> None:
    assert set(CHECKED) | NOT_IN_TEMPLATES == set(LIMITS)


def test_a_finding_beyond_a_limit_says_what_is_allowed_in_the_words_of_the_table() -> None:
    (found,) = [f for f in check(stream("maximum_record_age")(30)) if f.identifier == "PE003"]
    assert found.reason == f"30 is outside what AWS takes, {LIMITS['maximum record age'].words}"
    assert LIMITS["maximum record age"].words == "-1 or 60 to 604800 seconds"


def test_whole_numbers_only() -> None:
    for value in (2.5, True, "10"):
        settings = replace(SOUND_SOURCE, batch_size=value)  # type: ignore[arg-type]
        found = [f.identifier for f in check(pipe_topology(pipe(source_parameters=settings)))]
        assert "PE003" in found, value


def test_a_filter_that_is_not_known_counts_toward_the_number_of_filters() -> None:
    reader = replace(pipe(), filters=tuple(Filter(Unresolved(f"${{f{n}}}")) for n in range(6)))
    assert [f.identifier for f in check(pipe_topology(reader))] == ["PE101"]
