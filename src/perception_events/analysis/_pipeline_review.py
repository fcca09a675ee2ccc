"""The review of a declaration: its topology's, with what only the declaration knows of event types and triggers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from perception_events.aggregation import trigger_event_type
from perception_events.analysis._bus_rules import BusRule, bus_rules
from perception_events.analysis._review import TopologyReview, review_topology
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import overlap
from perception_events.pipeline import Pipeline
from perception_events.pipeline.checks import declared_schemas, is_complete
from perception_events.resource_names import logical_id
from perception_events.schemas import EventSchema

__all__ = ["review_pipeline"]


def review_pipeline(
    pipeline: Pipeline,
    env: str = "dev",
    *,
    bus: str | None = None,
    overlaps: bool = False,
    schemas: Iterable[EventSchema] = (),
    declared_in: str | None = None,
) -> TopologyReview:
    """Review the topology of a declaration.

    Which event types there are follows from its classifiers, so the ones that no rule takes are named; which events
    the events of a rule start follows from its triggers and joins. Rules are held against `schemas`, and against what
    the declaration says of its events itself (`detail`). The parameters are those of `review_topology`;
    `declared_in` says where the declaration is, `package.module:name`.

    Raises:
        UnknownResourceError: there is no such bus.
    """
    topology = pipeline.topology(env, declared_in=declared_in)
    declared = declared_schemas(pipeline)
    rules, _ = bus_rules(topology)
    return review_topology(
        topology,
        bus=bus,
        overlaps=overlaps,
        schemas=[*declared, *schemas],
        complete=bool(declared) and is_complete(topology),
        values=_event_types(pipeline),
        starts=_starts(pipeline, rules),
    )


def _event_types(pipeline: Pipeline) -> Mapping[str, Sequence[str]]:
    """All event types that the enrichment can give, by the field's path; none where a classifier works them out."""
    registry = pipeline.registry
    if pipeline.enrichment is None or not pipeline.enrichment.classify or pipeline.computes_event_types:
        return {}
    return {f"detail.{pipeline.event_type_field}": (*registry.event_types, registry.default)}


def _starts(pipeline: Pipeline, rules: Sequence[BusRule]) -> dict[str, list[EventPattern]]:
    """By the id of a rule, the event types that follow where its targets are the functions of a module."""
    found: dict[str, list[EventPattern]] = {}
    following = pipeline.next_modules
    existing = pipeline.functions.existing_arns
    for module in pipeline.modules:
        functions = {existing.get(name, logical_id(name, "function")) for name in module.targets}
        started = [
            EventPattern.parse({"detail": {pipeline.event_type_field: [name, trigger_event_type(name)]}})
            for name in following.get(module.name, ())
        ]
        own = EventPattern.parse({"detail": {pipeline.event_type_field: [module.name]}})
        for rule in rules:
            if functions & set(rule.targets) and overlap(own, rule.pattern).verdict is True:
                found.setdefault(rule.name, []).extend(started)
    return found
