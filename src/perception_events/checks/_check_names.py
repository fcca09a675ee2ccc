"""Checks of names and classifiers: what AWS rejects to call a thing, and keys with two answers."""

from __future__ import annotations

from collections.abc import Iterator

from perception_events.pipeline import Pipeline
from perception_events.resource_names import name_requirement

__all__ = ["check_names"]


def check_names(pipeline: Pipeline, env: str) -> Iterator[tuple[str, str, str]]:
    """Identifier, location and reason of everything that is wrong with names and classifiers."""
    names = pipeline.names(env)
    declared = [module.targets for module in pipeline.modules] + [rule.targets for rule in pipeline.extra_rules]
    targets = dict.fromkeys(target for some in declared for target in some)
    called = [("table", names.table), ("pipe", names.pipe), ("bus", names.bus), ("function", names.enrichment)]
    called += [("rule", name) for name in pipeline.rules(env)]
    called += [("function", names.function(target)) for target in targets]
    for kind, name in called:
        words = name_requirement(f"{kind} name", name)
        if words is not None:
            yield "PE401", f"{kind}[{name}]", f"{len(name)} characters; AWS takes {words}"
    for ambiguity in pipeline.registry.ambiguities():
        claims = ", ".join(f"{classifier} as {event_type!r}" for classifier, event_type in ambiguity.claims)
        yield "PE402", "classifiers", f"{ambiguity.sort_key!r} is claimed by {claims}"
    registry = pipeline.registry
    computes = any(not isinstance(getattr(c, "event_type", None), str) for c in registry.classifiers)
    for module in pipeline.modules:
        if module.name not in registry.event_types and not computes:
            yield "PE403", f"modules[{module.name}]", f"the classifiers give: {', '.join(registry.event_types)}"
