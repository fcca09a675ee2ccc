"""What pipes and event source mappings read, and with which rights and parameters."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from perception_events.rendering._stack import RenderError, Stack, a_kind, known
from perception_events.rendering._values import Properties
from perception_events.sources import SOURCES, Source, source_of
from perception_events.topology import EventSourceMapping, Filter, Pipe, Resource, unresolved_in

__all__ = ["filter_criteria", "rendered_source", "source_parameters"]


def rendered_source(source: Resource, reader: Resource) -> Source:
    """What there is to know of a source that can be rendered: its rights, its group of parameters.

    Raises:
        RenderError: it is none of the sources that are rendered.
    """
    found = source_of(source)
    if found is None or not found.read_actions:
        kinds = ", ".join(one.kind for one in SOURCES if one.read_actions)
        raise RenderError(f"{reader.id}: {source.id} is {a_kind(source)}; the sources that render writes are: {kinds}")
    return found


def source_parameters(stack: Stack, reader: Pipe | EventSourceMapping) -> Properties:
    """How the source is read: what is set, by AWS's names.

    Raises:
        RenderError: a value is not known, or is one that the source does not take.
    """
    given = reader.source_parameters
    source = rendered_source(stack.get(reader.source, reader), reader)
    names = {setting.field: setting.name for setting in source.settings}
    written: Properties = {}
    for field in fields(given):
        value: Any = getattr(given, field.name)
        if value is None or field.name == "dead_letter_queue":
            continue
        if field.name not in names:
            raise RenderError(f"{reader.id}: {source.kind}s take no `{field.name}`; leave it out")
        written[names[field.name]] = known(value, f"{reader.id}: `{field.name}` is")
    return written


def filter_criteria(filters: tuple[Filter, ...], reader: Resource) -> Properties | None:
    """The filters, each pattern as a text without blanks; None without any."""
    texts = []
    for one in filters:
        for unknown in unresolved_in(one.pattern):
            raise RenderError(
                f"{reader.id}: a filter holds {unknown.expression!r}, which is not known; give it a value"
            )
        pattern = one.pattern
        texts.append(
            pattern if isinstance(pattern, str) else json.dumps(pattern, ensure_ascii=False, separators=(",", ":"))
        )
    return {"Filters": [{"Pattern": text} for text in texts]} if texts else None
