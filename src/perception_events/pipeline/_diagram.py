"""The declaration as a graph: its topology's, with what only the declaration knows, modules and joins."""

from __future__ import annotations

from perception_events.diagrams import Arrow, Box, Graph, Shape, topology_graph
from perception_events.pipeline._pipeline import Pipeline
from perception_events.topology import Function, StateMachine, Topology

__all__ = ["pipeline_graph"]


def pipeline_graph(pipeline: Pipeline, env: str, *, queues: bool) -> Graph:
    """See `Pipeline.graph`."""
    topology = pipeline.topology(env)
    function = {target: _function_id(topology, pipeline.names(env).function(target)) for target in _targets(pipeline)}
    boxes: dict[str, None] = {}
    arrows: list[Arrow] = []
    for module in pipeline.modules:
        for target in module.targets:
            arrows += [Arrow(function[target], f"module {name}") for name in pipeline.triggers_of(module)]
        boxes |= dict.fromkeys(pipeline.triggers_of(module))
    joins = []
    for join in pipeline.joins:
        id = f"join {join.name}"
        joins.append(Box(id, Shape.JOIN, (join.name, f"for each {', '.join(map(str, join.group_by))}"), kind="join"))
        at = [module for module in pipeline.modules if join.name in [one.name for one in module.joins]]
        targets = dict.fromkeys(target for module in at for target in module.targets)
        arrows += [Arrow(function[target], id) for target in targets]
        arrows += [Arrow(id, f"module {name}") for name in join.trigger]
        if join.deadline is not None:
            arrows += [Arrow(machine.id, id) for machine in topology.of(StateMachine) if machine.id == "Fallback"]
        boxes |= dict.fromkeys(join.trigger)
    modules = (Box(f"module {name}", Shape.MODULE, (name,), kind="module") for name in boxes)
    graph = topology_graph(topology, queues=queues).with_parts((*joins, *modules), arrows)
    added = pipeline.enriched_fields
    return graph.with_note("Pipe.enrichment", f"adds {', '.join(added)}") if added else graph


def _targets(pipeline: Pipeline) -> list[str]:
    return [*dict.fromkeys(target for module in pipeline.modules for target in module.targets)]


def _function_id(topology: Topology, name: str) -> str:
    return topology.get(name, Function).id
