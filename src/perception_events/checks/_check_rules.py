"""Checks of the bus: rules that never match, match for ever, collide or let go of an event."""

from __future__ import annotations

from collections.abc import Iterator

from perception_events.checks._check_filter import attribute_mistakes, compact, pattern_mistakes
from perception_events.checks._pattern_leaves import Leaf, operators, pattern_leaves
from perception_events.checks._shapes import ENVELOPE_FIELDS, Shape, detail_shape, missing_step
from perception_events.json_values import JSONValue
from perception_events.pipeline import Pipeline

__all__ = ["check_rules", "entry_identity"]


def entry_identity(pipeline: Pipeline, env: str) -> dict[str, str | None]:
    """Source and detail-type of what the pipe puts; None where a JSON path makes them vary.

    Unknown on AWS: the defaults of a DynamoDB source stand in no AWS page; they are seen on real events.
    """
    pipe = pipeline.pipe
    found = {
        "source": pipe.source or f"Pipe {pipeline.names(env).pipe}",
        "detail-type": pipe.detail_type or "Event from aws:dynamodb",
    }
    return {name: None if value.startswith("$") else value for name, value in found.items()}


def check_rules(pipeline: Pipeline, env: str) -> Iterator[tuple[str, str, str]]:
    """Identifier, location and reason of everything that is wrong with rules and targets."""
    shape, identity = detail_shape(pipeline), entry_identity(pipeline, env)
    patterns = pipeline.rules(env)
    wildcards = 0
    for name, pattern in patterns.items():
        location = f"rules[{name}]"
        text = compact(pattern)
        if len(text) > 2048:
            yield "PE302", location, f"the pattern has {len(text)} characters"
        yield from pattern_mistakes(pattern, "PE301", location)
        leaves = list(pattern_leaves(pattern))
        wildcards += any("wildcard" in op for leaf in leaves for value in leaf.values for op in operators(value))
        for leaf in leaves:
            yield from _leaf_mistakes(leaf, f"{location}.{leaf.text}", shape, identity)
    if len(patterns) > 300:
        yield "PE305", "rules", f"there are {len(patterns)}"
    if wildcards > 30:
        yield "PE306", "rules", f"{wildcards} rules contain wildcards"
    for rule in pipeline.extra_rules:
        if len(rule.targets) > 5:
            yield "PE304", f"rules[{rule.name}-{env}].targets", f"there are {len(rule.targets)}"
        if not rule.targets:
            yield "PE313", f"rules[{rule.name}-{env}].targets", "it has none"
    yield from _circles(pipeline)
    for module in pipeline.modules:
        if not module.targets:
            yield "PE309", f"modules[{module.name}]", f"no rule takes {module.name!r} events on"
    yield from _target_limits(pipeline)


def _leaf_mistakes(
    leaf: Leaf, location: str, shape: Shape, identity: dict[str, str | None]
) -> Iterator[tuple[str, str, str]]:
    top = leaf.path[0]
    if leaf.values == ({"exists": False},):
        return
    if top not in ENVELOPE_FIELDS:
        yield "PE303", location, f"an event has no field `{top}`; what the pipe carries lies under `detail`"
    elif top in identity and identity[top] is not None and not _may_equal(leaf.values, identity[top]):
        yield "PE303", location, f"every event of this pipe has `{top}` {identity[top]!r}"
    elif top == "detail":
        missing = missing_step(shape, leaf.path[1:])
        if missing:
            yield "PE303", location, f"what the pipe puts has no `{missing}` in its detail"
        elif leaf.path[1:2] == ("dynamodb",):
            yield from attribute_mistakes(leaf.path[2:] or ("",), leaf.values, location)


def _may_equal(values: tuple[JSONValue, ...], actual: str | None) -> bool:
    return any(value == actual or isinstance(value, dict) for value in values)


def _circles(pipeline: Pipeline) -> Iterator[tuple[str, str, str]]:
    """Each circle of triggers once, told from its first module in order of declaration."""
    told: set[str] = set()
    for start in pipeline.modules:
        path = _way_back(pipeline, start.name)
        if path and start.name not in told:
            told.update(path)
            yield "PE307", f"modules[{start.name}].triggers", f"the way is {' -> '.join(path)}"


def _way_back(pipeline: Pipeline, start: str) -> list[str]:
    trail = [[start]]
    seen: set[str] = set()
    while trail:
        path = trail.pop(0)
        for following in pipeline.module(path[-1]).triggers:
            if following == start:
                return [*path, start]
            if following not in seen:
                seen.add(following)
                trail.append([*path, following])
    return []


def _target_limits(pipeline: Pipeline) -> Iterator[tuple[str, str, str]]:
    bus, functions = pipeline.bus, pipeline.functions
    for location, value, low, high in (
        ("bus.target_retry_attempts", bus.target_retry_attempts, 0, 185),
        ("bus.target_event_age", bus.target_event_age, 60, 86_400),
        ("functions.retry_attempts", functions.retry_attempts, 0, 2),
        ("functions.event_age", functions.event_age, 60, 21_600),
    ):
        if not low <= value <= high:
            yield "PE312", location, f"{value} is not within {low} to {high}"
    if not bus.target_dead_letter_queue:
        yield "PE310", "bus.target_dead_letter_queue", "there is none: after the last retry the event is gone"
    if not functions.dead_letter_queue:
        yield (
            "PE311",
            "functions.dead_letter_queue",
            "the bus is done once Lambda queues the event; two more attempts and the event is gone",
        )
