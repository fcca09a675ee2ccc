"""Rules whose events lead back to the same rule: the ways through buses, queues, pipes and what a declaration starts.

A rule sends an event to another bus as it is, so an event goes round where one event passes every rule on the way. A
pipe makes a new event, of which only the source and the detail type may be known. What a function puts on a bus is not
known, unless a declaration says which rules' events start which others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from perception_events.analysis._bus_rules import BusRule
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import implies, overlap
from perception_events.topology import EventBus, Pipe, Resource, Topology

__all__ = ["Loop", "find_loops"]

_MOST_WAYS = 10_000


@dataclass(frozen=True, slots=True)
class Loop:
    """A way back: the rules on it in order, and everything that it passes, as text.

    `certain`: nothing on the way is unknown; False where a pipe makes an event of which a rule asks more than is known.
    `witness`: an event that goes round, confirmed by the matcher; None where the events on the way are new ones.
    """

    rules: tuple[str, ...]
    way: str
    certain: bool
    witness: Mapping[str, Any] | None
    witness_json: str | None


@dataclass(frozen=True, slots=True)
class _Step:
    """An event that arrives at a bus: the patterns that it is known to match, and how it came there.

    `complete`: the patterns say all that is to be known of it. `certain`: so it was at every rule that it passed.
    """

    bus: str
    known: tuple[EventPattern, ...]
    rules: tuple[str, ...]
    way: tuple[str, ...]
    unchanged: bool
    complete: bool = True
    certain: bool = True


def find_loops(
    topology: Topology, rules: Sequence[BusRule], starts: Mapping[str, Sequence[EventPattern]]
) -> Iterator[Loop]:
    """Each loop once, reported at its first rule.

    Args:
        topology: what the rules are part of.
        rules: the rules of all buses.
        starts: by the id of a rule, patterns of the events of its own bus that its events start.
    """
    by_bus: dict[str, list[BusRule]] = {}
    for rule in rules:
        by_bus.setdefault(rule.bus, []).append(rule)
    seen: set[frozenset[str]] = set()
    for rule in rules:
        if rule.bus:
            for loop in _ways_back(topology, by_bus, rule, starts):
                if frozenset(loop.rules) not in seen:
                    seen.add(frozenset(loop.rules))
                    yield loop


def _ways_back(
    topology: Topology,
    by_bus: Mapping[str, list[BusRule]],
    start: BusRule,
    starts: Mapping[str, Sequence[EventPattern]],
) -> Iterator[Loop]:
    first = _Step(start.bus, (), (), (start.bus,), unchanged=True)
    waiting = deque(_after(topology, start, first, starts))
    tried = 0
    while waiting and tried < _MOST_WAYS:
        tried += 1
        step = waiting.popleft()
        for rule in by_bus.get(step.bus, ()):
            if any(overlap(known, rule.pattern).verdict is False for known in step.known):
                continue
            certain = step.certain and (step.complete or _passes(step, rule))
            if rule.name == start.name:
                yield _loop(step, start, certain)
            elif rule.name not in step.rules:
                waiting.extend(replace(one, certain=certain) for one in _after(topology, rule, step, starts))


def _passes(step: _Step, rule: BusRule) -> bool:
    """Whether what is known of an event is enough to pass a rule."""
    return any(implies(known, rule.pattern).verdict is True for known in step.known)


def _loop(step: _Step, start: BusRule, certain: bool) -> Loop:
    witness, text = None, None
    if step.unchanged or len(step.rules) == 1:
        for known in step.known:
            answer = overlap(known, start.pattern)
            if answer.witness is not None and all(one.matches(answer.witness) for one in step.known):
                witness, text = answer.witness, answer.witness_json
                break
    return Loop(step.rules, " -> ".join(step.way), certain, witness, text)


def _after(
    topology: Topology, rule: BusRule, step: _Step, starts: Mapping[str, Sequence[EventPattern]]
) -> Iterator[_Step]:
    """Where the events of `rule` arrive, that came by `step`."""
    rules = (*step.rules, rule.name)
    for target in rule.rule.targets:
        resource = topology.find(target.target) if isinstance(target.target, str) and target.target else None
        if isinstance(resource, EventBus):
            known = (*step.known, rule.pattern)
            yield _Step(resource.id, known, rules, (*step.way, rule.name, resource.id), step.unchanged, step.complete)
        elif resource is not None:
            for pipe, bus in _pipes_to_buses(topology, resource):
                known = _identity(pipe)
                yield _Step(
                    bus,
                    known,
                    rules,
                    (*step.way, rule.name, resource.id, pipe.id, bus),
                    unchanged=False,
                    complete=False,
                )
    for pattern in starts.get(rule.name, ()):
        yield _Step(rule.bus, (pattern,), rules, (*step.way, rule.name, rule.bus), unchanged=False)


def _pipes_to_buses(topology: Topology, source: Resource) -> Iterator[tuple[Pipe, str]]:
    """The pipes that read `source`, a queue or stream, and put what they read on a bus."""
    for pipe in topology.of(Pipe):
        target = topology.find(pipe.target) if isinstance(pipe.target, str) and pipe.target else None
        if pipe.source == source.id and isinstance(target, EventBus) and pipe.desired_state != "STOPPED":
            yield pipe, target.id


def _identity(pipe: Pipe) -> tuple[EventPattern, ...]:
    """What is known of the events that `pipe` puts: source and detail type, where they are written out."""
    group = pipe.target_parameters.get("EventBridgeEventBusParameters")
    parameters = group if isinstance(group, Mapping) else {}
    known = {
        field: [value]
        for field, name in (("source", "Source"), ("detail-type", "DetailType"))
        if isinstance(value := parameters.get(name), str) and not value.startswith("$")
    }
    return (EventPattern.parse(known),) if known else ()
