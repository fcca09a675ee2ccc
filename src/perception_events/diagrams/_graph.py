"""The declaration as boxes and arrows: what both pictures, Mermaid and SVG, are drawn from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from perception_events.json_values import JSONValue
from perception_events.pipeline import Pipeline

__all__ = ["Arrow", "Box", "Graph", "Shape", "pipeline_graph"]


class Shape(StrEnum):
    """What kind of thing a box is."""

    STORE = "store"
    STEP = "step"
    BUS = "bus"
    RULE = "rule"
    FUNCTION = "function"
    JOIN = "join"
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class Box:
    """A thing, in a column from the left; `lines` are its texts."""

    id: str
    column: int
    shape: Shape
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another; `label` is a pattern, or nothing."""

    start: str
    end: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes in the order in which a column is filled, and arrows."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def pipeline_graph(pipeline: Pipeline, env: str = "dev") -> Graph:
    """Table, pipe, bus, rules, functions, joins and modules of `pipeline`, from left to right."""
    names = pipeline.names(env)
    boxes = [
        Box("table", 0, Shape.STORE, (names.table, f"stream: {pipeline.table.stream_view_type}")),
        Box("filter", 1, Shape.STEP, (names.pipe, f"filter, batches of {pipeline.pipe.batch_size}")),
        Box("enrichment", 2, Shape.STEP, ("enrichment", f"adds {pipeline.event_type_field}")),
        Box("bus", 3, Shape.BUS, (names.bus,)),
    ]
    accepted = " or ".join(_text(pattern) for pattern in pipeline.pipe.filter_criteria)
    arrows = [Arrow("table", "filter"), Arrow("filter", "enrichment", accepted), Arrow("enrichment", "bus")]
    functions: dict[str, None] = {}
    for rule in pipeline.rule_settings():
        boxes.append(Box(f"rule {rule.name}", 4, Shape.RULE, (f"{rule.name}-{env}",)))
        arrows.append(Arrow("bus", f"rule {rule.name}", _text(rule.event_pattern)))
        for target in rule.targets:
            functions[target] = None
            arrows.append(Arrow(f"rule {rule.name}", f"function {target}"))
    boxes += [Box(f"function {name}", 5, Shape.FUNCTION, (names.function(name),)) for name in functions]
    started: dict[str, None] = {}
    for module in pipeline.modules:
        for target in module.targets:
            arrows += [Arrow(f"function {target}", f"module {name}") for name in module.triggers]
        started |= dict.fromkeys(module.triggers)
    for join in pipeline.joins:
        boxes.append(Box(f"join {join.name}", 6, Shape.JOIN, (join.name, f"for each {', '.join(join.group_by)}")))
        targets = dict.fromkeys(t for m in pipeline.modules if join in m.joins for t in m.targets)
        arrows += [Arrow(f"function {target}", f"join {join.name}") for target in targets]
        arrows += [Arrow(f"join {join.name}", f"module {name}") for name in join.trigger]
        started |= dict.fromkeys(join.trigger)
    column = 7 if pipeline.joins else 6
    boxes += [Box(f"module {name}", column, Shape.MODULE, (name,)) for name in started]
    if pipeline.joins:
        boxes.append(Box("fallback", 5, Shape.STEP, ("fallback", "schedule and state machine")))
        arrows += [Arrow("fallback", f"join {join.name}") for join in pipeline.joins if join.deadline is not None]
    return Graph(tuple(boxes), tuple(dict.fromkeys(arrows)))


def _text(pattern: JSONValue) -> str:
    return json.dumps(pattern, ensure_ascii=False)
