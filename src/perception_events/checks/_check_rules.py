"""Checks of rules and archives: what AWS rejects, what can never match on the bus they stand on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from perception_events.aws_limits import LIMITS
from perception_events.checks._attribute_filters import attribute_problems
from perception_events.checks._aws_events import CLOUDTRAIL_FIELDS
from perception_events.checks._check_filters import quirk_mistakes, text_mistakes, type_mistakes, validity
from perception_events.checks._context import Context
from perception_events.checks._findings import Found
from perception_events.checks._location import Location
from perception_events.checks._pattern_leaves import Leaf, pattern_leaves, uses_wildcard, with_stand_ins
from perception_events.checks._pipe_shapes import PipeShapes, emitted_patterns, entry_identity, pipe_shapes
from perception_events.checks._shapes import ENVELOPE, missing_step
from perception_events.checks._values import JSONType
from perception_events.json_values import compact_json
from perception_events.patterns import InvalidEventPatternError
from perception_events.patterns.analysis import overlap, satisfiable_on_a_bus
from perception_events.sources import Special
from perception_events.topology import Archive, EventBus, PartialJSON, Pipe, Rule, Unresolved, unresolved_in

__all__ = ["check_rules"]

Matcher: TypeAlias = Rule | Archive
_STATES = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
_SETS = frozenset({"SS", "NS", "BS", "L"})


def check_rules(context: Context) -> Iterator[Found]:
    """Everything that is wrong with the patterns of rules and archives, and with rules as a whole."""
    matchers: list[Matcher] = [*context.topology.of(Rule), *context.topology.of(Archive)]
    for matcher in matchers:
        if isinstance(matcher.event_pattern, Mapping):
            yield from _pattern_mistakes(context, matcher, matcher.event_pattern)
    # Targets of a rule that is not known may be any rule's.
    complete = not any(rule.existing and rule.targets for rule in context.topology.of(Rule))
    for rule in context.topology.of(Rule):
        yield from _rule_mistakes(rule)
        if complete and not rule.targets and not rule.existing:
            yield Found("PE313", Location(rule).of("targets"), f"rule {rule.id} has none")
    for bus in context.topology.of(EventBus):
        yield from _bus_limits(context, bus)


def _pattern_mistakes(context: Context, matcher: Matcher, pattern: Mapping[str, PartialJSON]) -> Iterator[Found]:
    location = Location(matcher).of("event_pattern", pattern)
    text = compact_json(with_stand_ins(pattern))
    if not LIMITS["event pattern"].allows(len(text)):
        yield Found("PE302", location, f"the pattern has {len(text)} characters")
    elif not LIMITS["event pattern quota"].allows(len(text)):
        reason = f"the pattern has {len(text)} characters, more than the default quota"
        yield Found("PE302", location, reason, "ask for a higher quota, or shorten it")
    invalid = list(validity(pattern, "PE301", location))
    yield from invalid
    yield from quirk_mistakes(pattern, location)
    leaves = list(pattern_leaves(pattern))
    never = False
    for leaf in leaves:
        here = location.at(*leaf.steps)
        yield from text_mistakes(leaf, here)
        for found in _envelope_mistakes(leaf, here):
            never = True
            yield found
    if not (never or invalid) and not any(unresolved_in(pattern)) and not any("$or" in leaf.steps for leaf in leaves):
        answer = satisfiable_on_a_bus(pattern)
        if answer.verdict is False and answer.reason:
            never = True
            yield Found("PE303", location, answer.reason)
    if isinstance(matcher.bus, str) and matcher.bus in context.closed_buses and not (never or invalid):
        yield from _never_emitted(context, matcher.bus, pattern, leaves, location)


def _envelope_mistakes(leaf: Leaf, here: Location) -> Iterator[Found]:
    if leaf.takes_absence:
        return
    top = leaf.path[0]
    if top not in ENVELOPE:
        reason = f"an event has no field `{top}`; what it carries lies under `detail`"
        yield Found("PE303", here, reason, _envelope_fix(top, leaf))
    elif top == "detail":
        if len(leaf.path) == 1 and not any(isinstance(v, Unresolved) for v in leaf.values):
            yield Found("PE303", here, "`detail` is always an object, which no value equals", "go down to a field")
    elif len(leaf.path) > 1:
        yield Found("PE303", here, f"`{top}` is a text, so nothing lies below it", f"compare `{top}` itself")
    else:
        yield from type_mistakes(leaf, JSONType.STRING, here)


def _envelope_fix(top: str, leaf: Leaf) -> str | None:
    plain = {name.replace("-", ""): name for name in ENVELOPE}
    near = plain.get(top.replace("_", "").replace("-", "").lower())
    if near is None and top in CLOUDTRAIL_FIELDS:
        return f"write `detail.{leaf.text}`"
    if near is None:
        near = next(iter(get_close_matches(top, ENVELOPE, 1, 0.75)), None)
    return f"did you mean `{near}`?" if near else f"write `detail.{leaf.text}`"


def _rule_mistakes(rule: Rule) -> Iterator[Found]:
    if isinstance(rule.state, str) and rule.state not in _STATES:
        reason = f"{rule.state!r} is not {', '.join(_STATES[:-1])} or {_STATES[-1]}"
        yield Found("PE314", Location(rule).of("state"), reason)
    elif rule.state == _STATES[-1] and rule.schedule_expression is not None:
        reason = "a rule with a schedule cannot take all CloudTrail management events"
        yield Found("PE314", Location(rule).of("state"), reason, "use 'ENABLED', or a rule of its own for the schedule")
    limit = LIMITS["rule targets"]
    if not limit.allows(len(rule.targets)):
        yield Found(
            "PE304", Location(rule).of("targets"), f"there are {len(rule.targets)}, and AWS takes at most {limit.high}"
        )


def _bus_limits(context: Context, bus: EventBus) -> Iterator[Found]:
    rules = context.rules_of(bus.id)
    if not LIMITS["rules"].allows(len(rules)):
        yield Found("PE305", Location(bus), f"there are {len(rules)}, and the quota is {LIMITS['rules'].high}")
    wildcards = sum(uses_wildcard(list(pattern_leaves(rule.event_pattern))) for rule in rules)
    if not LIMITS["wildcard rules"].allows(wildcards):
        reason = f"{wildcards} rules contain wildcards, and the quota is {LIMITS['wildcard rules'].high}"
        yield Found("PE306", Location(bus), reason)


# --- what the pipes of a closed bus put on it


def _never_emitted(
    context: Context, bus: str, pattern: Mapping[str, PartialJSON], leaves: list[Leaf], location: Location
) -> Iterator[Found]:
    pipes = [(pipe, pipe_shapes(context, pipe)) for pipe in context.pipes_to(bus)]
    if not pipes:
        return
    blamed = False
    for leaf in leaves:
        if leaf.takes_absence:
            continue
        reasons = [_leaf_reason(context, pipe, shapes, leaf) for pipe, shapes in pipes]
        here = location.at(*leaf.steps)
        if all(reasons):
            blamed = True
            yield Found("PE303", here, str(reasons[0]))
        elif leaf.path[:2] == ("detail", "dynamodb") and len(leaf.path) > 2:
            for problem in attribute_problems(leaf.path[2:], leaf.values):
                blamed = True
                yield Found(problem.identifier, here, problem.reason, problem.fix)
    if not blamed and not any(unresolved_in(pattern)):
        yield from _proof(context, pipes, pattern, leaves, location)


def _leaf_reason(context: Context, pipe: Pipe, shapes: PipeShapes, leaf: Leaf) -> str | None:
    """Why no event of `pipe` has what the leaf asks for, as far as that shows from the leaf's path; None if one may."""
    top = leaf.path[0]
    if top in ("source", "detail-type"):
        actual = entry_identity(pipe, context)[top]
        if actual is not None and not _may_equal(leaf.values, actual):
            return f"every event of pipe {pipe.id} has `{top}` {actual!r}"
    if top == "detail" and shapes.detail is not Special.ANYTHING:
        missing = missing_step(shapes.detail, leaf.path[1:])
        if missing:
            return f"what pipe {pipe.id} puts has no `{missing}` in its detail"
    return None


def _may_equal(values: tuple[PartialJSON, ...], actual: str) -> bool:
    return any(value == actual or isinstance(value, dict | Unresolved) for value in values)


def _proof(
    context: Context,
    pipes: list[tuple[Pipe, PipeShapes]],
    pattern: Mapping[str, PartialJSON],
    leaves: list[Leaf],
    location: Location,
) -> Iterator[Found]:
    """A rule that takes nothing of what passes the filters: decided by the patterns themselves."""
    emitted: list[dict[str, Any]] = []
    for pipe, shapes in pipes:
        known = emitted_patterns(context, pipe, shapes)
        if known is None:
            return
        emitted.extend(known)
    if any(not one for one in emitted) or not _all_disjoint(pattern, emitted):
        return
    blamed = next((leaf for leaf in leaves if _all_disjoint(_alone(leaf), emitted)), None)
    who = ", ".join(pipe.id for pipe, _ in pipes)
    if blamed is None:
        yield Found("PE303", location, f"nothing that pipe {who} puts matches all of it")
        return
    values = compact_json(with_stand_ins(list(blamed.values)))
    reason = f"nothing that passes pipe {who} has `{blamed.text}` {values}"
    yield Found("PE303", location.at(*blamed.steps), reason)


def _alone(leaf: Leaf) -> dict[str, Any]:
    pattern: Any = list(leaf.values)
    for step in reversed(leaf.path):
        pattern = {step: pattern}
    return dict(pattern)


def _all_disjoint(pattern: Mapping[str, PartialJSON], emitted: list[dict[str, Any]]) -> bool:
    try:
        return all(overlap(pattern, one, arrays=_has_sets(pattern, one)).verdict is False for one in emitted)
    except InvalidEventPatternError:
        return False


def _has_sets(*patterns: Mapping[str, PartialJSON]) -> bool:
    """Whether a field can hold several values: DynamoDB's sets and lists."""
    return any(not _SETS.isdisjoint(leaf.path) for pattern in patterns for leaf in pattern_leaves(pattern))
