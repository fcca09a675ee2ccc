"""Checks of a declaration: its topology's, and of what only the declaration knows: classifiers, modules, triggers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from perception_events.checks import (
    EnrichmentEffect,
    EnrichmentHandler,
    Finding,
    Found,
    Location,
    Waiver,
    branches,
    check,
)
from perception_events.json_values import JSONObject
from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError
from perception_events.pipeline._declared_events import declared_schemas
from perception_events.pipeline._join_checks import check_joined_items
from perception_events.pipeline._pipeline import Pipeline
from perception_events.pipeline._sample_records import sample_record
from perception_events.schemas import EventSchema
from perception_events.topology import EventBus, Origin, PartialJSON, Pipe, Resource, Rule, Topology, unresolved_in

__all__ = ["check_pipeline", "declared_schemas", "is_complete"]


def check_pipeline(
    pipeline: Pipeline,
    env: str = "dev",
    *,
    waivers: Iterable[Waiver] = (),
    enrichment: EnrichmentHandler | None = None,
    samples: Sequence[JSONObject] = (),
    overlaps: bool = False,
    schemas: Sequence[EventSchema] = (),
    declared_in: str | None = None,
) -> list[Finding]:
    """Everything in `pipeline` that AWS rejects or that silently goes wrong, in order of identifier.

    Where the bus is the declaration's own, nothing but the pipes of the topology is taken to put events on it, and the
    enrichment to add the event type and what it says it adds. With `enrichment`, that handler is called with lists of
    records, as a pipe calls it: with `samples`, or with records of the declared keys. The rules are held against
    `schemas`, and against what the declaration itself says of its events (`detail`). `declared_in`: where the
    declaration is, `package.module:name`.

    Raises:
        InvalidWaiverError: a waiver names a check that there is not.
    """
    topology = pipeline.topology(env, declared_in=declared_in)
    declared = declared_schemas(pipeline)
    buses = [bus.id for bus in topology.of(EventBus) if not bus.existing]
    return check(
        topology,
        waivers=waivers,
        enrichment=enrichment,
        samples=samples or (_samples(pipeline) if enrichment is not None else ()),
        enrichment_effects=_effects(pipeline),
        closed_buses=buses,
        overlaps=overlaps,
        schemas=[*declared, *schemas],
        complete_schemas=bool(declared) and is_complete(topology),
        access=False,
        more=list(_own(pipeline, topology)),
    )


def is_complete(topology: Topology) -> bool:
    """Whether the declared pipe is all that puts events on the declaration's own bus."""
    pipes = [pipe for pipe in topology.of(Pipe) if isinstance(topology.find(str(pipe.target)), EventBus)]
    return len(pipes) == 1 and not any(bus.existing for bus in topology.of(EventBus))


def _effects(pipeline: Pipeline) -> dict[str, EnrichmentEffect]:
    """What the declared enrichment does; nothing is known of a function that does not say what it adds."""
    settings, registry = pipeline.enrichment, pipeline.registry
    if settings is None or (settings.function is not None and not settings.adds):
        return {}
    adds: dict[str, tuple[str, ...] | None] = dict.fromkeys(settings.adds)
    if settings.classify and pipeline.event_type_field not in settings.adds:
        adds[pipeline.event_type_field] = (
            None if pipeline.computes_event_types else (*registry.event_types, registry.default)
        )
    return {"Pipe": EnrichmentEffect(adds)}


def _samples(pipeline: Pipeline) -> list[JSONObject]:
    """Records whose sort key one of the modules claims, for handlers that look into it."""
    names = [module.name for module in pipeline.modules] or ["sample"]
    return [sample_record(pipeline, names[number % len(names)], number) for number in range(10)]


def _own(pipeline: Pipeline, topology: Topology) -> Iterator[Found]:
    yield from _classifiers(pipeline, topology)
    yield from _circles(pipeline, topology)
    yield from _without_rule(pipeline, topology)
    yield from _filtered_out(pipeline, topology)
    yield from check_joined_items(pipeline, topology, at=_at)


def _at(topology: Topology, path: str) -> Location:
    """A location of the declaration that no resource stands for."""
    file = next((resource.origin.file for resource in topology if resource.origin is not None), "")
    return Location(Resource(path, origin=Origin(file, path=path)))


def _classifiers(pipeline: Pipeline, topology: Topology) -> Iterator[Found]:
    registry = pipeline.registry
    for ambiguity in registry.ambiguities():
        claims = ", ".join(f"{classifier} as {event_type!r}" for classifier, event_type in ambiguity.claims)
        yield Found("PE402", _at(topology, "classifiers"), f"{ambiguity.sort_key!r} is claimed by {claims}")
    for module in pipeline.modules:
        if module.name not in registry.event_types and not pipeline.computes_event_types:
            reason = f"the classifiers give: {', '.join(registry.event_types)}"
            yield Found("PE403", _at(topology, f"modules[{module.name}]"), reason)


def _circles(pipeline: Pipeline, topology: Topology) -> Iterator[Found]:
    """Each circle of triggers once, reported at its first module in order of declaration."""
    reported: set[str] = set()
    for start in pipeline.modules:
        path = _way_back(pipeline, start.name)
        if path and start.name not in reported:
            reported.update(path)
            yield Found("PE307", _at(topology, f"modules[{start.name}].triggers"), f"the way is {' -> '.join(path)}")


def _way_back(pipeline: Pipeline, start: str) -> list[str]:
    trail = [[start]]
    seen: set[str] = set()
    while trail:
        path = trail.pop(0)
        for following in pipeline.triggers_of(pipeline.module(path[-1])):
            if following == start:
                return [*path, start]
            if following not in seen:
                seen.add(following)
                trail.append([*path, following])
    return []


def _without_rule(pipeline: Pipeline, topology: Topology) -> Iterator[Found]:
    """Modules whose events no rule with a target can take, whoever declares the rule."""
    field = pipeline.event_type_field
    tests = [
        test
        for rule in topology.of(Rule)
        if rule.targets and rule.event_pattern is not None
        for test in _event_type_tests(rule.event_pattern, field)
    ]
    for module in pipeline.modules:
        if not any(test is None or test.matches({field: module.name}) for test in tests):
            yield Found("PE309", _at(topology, f"modules[{module.name}]"), f"no rule takes {module.name!r} events on")


def _filtered_out(pipeline: Pipeline, topology: Topology) -> Iterator[Found]:
    """Statuses with which an item counts in joins, or starts a module, and which no filter of the pipe passes."""
    filters = pipeline.pipe.filter_criteria
    if not pipeline.joins or not filters:
        return
    try:
        patterns = [EventPattern.parse(pattern, dialect=Dialect.PIPE) for pattern in filters]
    except InvalidEventPatternError:
        return  # PE103 says why
    table = pipeline.table
    for status in table.done:
        record = sample_record(pipeline, pipeline.joins[0].event_types[0], status=status)
        if not any(pattern.matches(record) for pattern in patterns):
            reason = f"a new item with {table.status_attribute!r} {status!r} passes none of them"
            yield Found("PE404", _at(topology, "pipe.filter_criteria"), reason)


def _event_type_tests(pattern: PartialJSON, field: str) -> Iterator[EventPattern | None]:
    """What each way through a rule's pattern asks of the event type; None where it asks nothing that is known."""
    for leaves in branches(pattern):
        values = [leaf.values for leaf in leaves if leaf.path == ("detail", field)]
        if not values or any(unresolved_in(values[0])):
            yield None
            continue
        try:
            yield EventPattern.parse({field: list(values[0])})
        except InvalidEventPatternError:
            continue
