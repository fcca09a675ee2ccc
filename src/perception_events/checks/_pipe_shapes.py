"""What a pipe makes of its records on the way, as far as filters, templates and the enrichment's effect tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.checks._context import Context, EnrichmentEffect, known_text
from perception_events.checks._pattern_leaves import is_or, with_stand_ins
from perception_events.checks._shapes import (
    Carried,
    template_shape,
    template_ways,
)
from perception_events.input_transforms import InvalidTemplateError
from perception_events.sources import Shape, Special
from perception_events.topology import PartialJSON, Pipe, unresolved_in

__all__ = ["PipeShapes", "emitted_patterns", "entry_identity", "entry_parameters", "pipe_shapes"]

_EVERYTHING: list[Carried] = [((), ())]


@dataclass(frozen=True, slots=True)
class PipeShapes:
    """`source`: a record. `enriched`: what reaches the target's template. `detail`: what the target gets.

    `carried`: the parts of the record that are the same in the target's input; None where that is not known.
    `kept`: the parts of what the enrichment makes that the target's input has.
    """

    source: Shape
    enriched: Shape
    detail: Shape
    carried: tuple[Carried, ...] | None
    kept: tuple[Carried, ...]


def pipe_shapes(context: Context, pipe: Pipe) -> PipeShapes:
    """The shapes on the way through `pipe`. A template that is not valid or not known makes what follows unknown."""
    read = context.source_of(pipe)
    source = Special.ANYTHING if read is None else read.shape
    shape, ways = _through(source, _EVERYTHING, pipe.enrichment_input_template)
    if pipe.enrichment is not None:
        effect = context.enrichment_effects.get(pipe.id)
        if effect is None:
            shape, ways = Special.ANYTHING, None
        elif isinstance(shape, Mapping):
            shape = {**shape, **dict.fromkeys(effect.adds, Special.VALUE)}
    enriched = shape
    detail, ways = _through(shape, ways, pipe.target_input_template)
    _, kept = _through(shape, _EVERYTHING, pipe.target_input_template)
    return PipeShapes(source, enriched, detail, None if ways is None else tuple(ways), tuple(kept or ()))


def _through(shape: Shape, ways: list[Carried] | None, template: object) -> tuple[Shape, list[Carried] | None]:
    if template is None or template == "":
        return shape, ways
    text = known_text(template)
    if text is None:
        return Special.ANYTHING, None
    try:
        return template_shape(text, shape), None if ways is None else template_ways(text, ways)
    except InvalidTemplateError:
        return Special.ANYTHING, None


def entry_parameters(pipe: Pipe) -> Mapping[str, PartialJSON]:
    """The parameters of a pipe whose target is a bus."""
    group = pipe.target_parameters.get("EventBridgeEventBusParameters")
    return group if isinstance(group, Mapping) else {}


def entry_identity(pipe: Pipe, context: Context) -> dict[str, str | None]:
    """Source and detail-type of what the pipe puts; None where they vary or are not known.

    Unknown on AWS: the defaults are on no AWS page; they are seen on real events.
    """
    parameters = entry_parameters(pipe)
    read = context.source_of(pipe)
    name = known_text(pipe.name)
    defaults = {
        "source": f"Pipe {name}" if name else None,
        "detail-type": f"Event from {read.event_source}" if read else None,
    }
    found: dict[str, str | None] = {}
    for field, parameter in (("source", "Source"), ("detail-type", "DetailType")):
        value = parameters.get(parameter)
        if value is None:
            found[field] = defaults[field]
        else:
            found[field] = value if isinstance(value, str) and not value.startswith("$") else None
    return found


def emitted_patterns(context: Context, pipe: Pipe, shapes: PipeShapes) -> list[dict[str, Any]] | None:
    """Patterns that every event of `pipe` matches one of: its identity, what its filters say, what is added.

    None where nothing is known of what comes out. They hold for events that pass one filter each.
    """
    if shapes.carried is None:
        return None
    identity = {name: [value] for name, value in entry_identity(pipe, context).items() if value is not None}
    effect = context.enrichment_effects.get(pipe.id, EnrichmentEffect())
    added = {name: list(values) for name, values in effect.adds.items() if values is not None}
    added = _moved(added, shapes.kept)
    if any(unresolved_in([one.pattern for one in pipe.filters])):
        return [{**identity, **({"detail": added} if added else {})}]
    found = []
    for pattern in [one.pattern for one in pipe.filters] or [{}]:
        if not isinstance(pattern, Mapping):
            continue
        detail = _moved(with_stand_ins(pattern), shapes.carried)
        for path, values in _plain_leaves(added, ()):
            _put(detail, path, values)
        found.append({**identity, **({"detail": detail} if detail else {})})
    return found


def _moved(pattern: Mapping[str, Any], ways: Iterable[Carried]) -> dict[str, Any]:
    """What `pattern` says about the record, said about where its parts are afterwards; `$or`s are left out."""
    moved: dict[str, Any] = {}
    for path, values in _plain_leaves(pattern, ()):
        for here, before in ways:
            if path[: len(before)] == before:
                _put(moved, here + path[len(before) :], values)
    return moved


def _plain_leaves(pattern: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    for name, value in pattern.items():
        if is_or(name, value):
            continue
        if isinstance(value, Mapping):
            yield from _plain_leaves(value, (*path, name))
        elif isinstance(value, list):
            yield (*path, name), value


def _put(tree: dict[str, Any], path: tuple[str, ...], values: list[Any]) -> None:
    for step in path[:-1]:
        inside = tree.setdefault(step, {})
        if not isinstance(inside, dict):
            return
        tree = inside
    if path:
        tree.setdefault(path[-1], values)
