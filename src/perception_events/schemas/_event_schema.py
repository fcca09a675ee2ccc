"""`EventSchema`: what all events of one source and detail type look like, whatever it was read or inferred from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from perception_events.schemas._types import (
    ANYTHING,
    Array,
    Object,
    Property,
    Reference,
    Schema,
    String,
    Union,
)
from perception_events.schemas._validation import Violation, violations

__all__ = ["ENVELOPE_FIELDS", "STREAM_RECORD_SOURCE", "EventSchema", "Resolved", "envelope", "resolve"]

ENVELOPE_FIELDS = ("account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version")
"""The fields that every event has. AWS: EventBridge User Guide, "Events"."""

STREAM_RECORD_SOURCE = "aws:dynamodb"
"""What stands for the source of DynamoDB stream records: their `eventSource`. Their detail type is the table's name."""


@dataclass(frozen=True, slots=True)
class EventSchema:
    """The schema of the events of one source and detail type.

    Parameters:
        source, detail_type: which events it describes.
        root: the schema of the whole event.
        definitions: what references name.
        version: counted from 1.
        samples: how many events it was inferred from; None where it was written.
        approximations: JSON Pointers of keywords that are read more loosely than they say; with none the schema is
            exactly what its document says. No part of equality.
    """

    source: str
    detail_type: str
    root: Schema
    definitions: Mapping[str, Schema] = field(default_factory=dict)
    version: int = 1
    description: str = field(default="", compare=False)
    samples: int | None = field(default=None, compare=False)
    approximations: tuple[str, ...] = field(default=(), compare=False)

    __hash__ = None  # type: ignore[assignment]  # its definitions can be changed

    @classmethod
    def of_detail(
        cls, source: str, detail_type: str, detail: Schema, definitions: Mapping[str, Schema] | None = None, **more: Any
    ) -> EventSchema:
        """The schema of EventBridge events with this `detail`."""
        return cls(source, detail_type, envelope(source, detail_type, detail), definitions or {}, **more)

    @property
    def name(self) -> str:
        """The name that EventBridge's discovery gives, such as `aws.ec2@EC2InstanceStateChangeNotification`."""
        return f"{self.source}@{re.sub(r'[^0-9A-Za-z_.-]', '', self.detail_type)}"

    @property
    def is_envelope(self) -> bool:
        """Whether it describes EventBridge events, rather than stream records."""
        return isinstance(self.root, Object) and self.root.get("detail") is not None

    @property
    def detail(self) -> Schema:
        """The schema of `detail`; of a stream record, the whole."""
        member = self.root.get("detail") if isinstance(self.root, Object) else None
        return self.root if member is None else member.schema

    def violations(self, event: Any) -> list[Violation]:
        """Every place where a parsed event is not what the schema says."""
        return list(violations(self.root, event, self.definitions))

    def accepts(self, event: Any) -> bool:
        """Whether a parsed event is valid."""
        return next(violations(self.root, event, self.definitions), None) is None

    def resolve(self, schema: Schema) -> tuple[Schema, ...]:
        """The alternatives of `schema`, with references followed."""
        return resolve(schema, self.definitions)


def envelope(source: str, detail_type: str, detail: Schema) -> Object:
    """The schema of an EventBridge event around `detail`."""
    text = String()
    return Object(
        (
            Property("version", text),
            Property("id", text),
            Property("detail-type", String(values=(detail_type,))),
            Property("source", String(values=(source,))),
            Property("account", text),
            Property("time", String(format="date-time")),
            Property("region", text),
            Property("resources", Array(text)),
            Property("detail", detail),
            Property("replay-name", text, required=False),
        )
    )


Resolved = tuple[Schema, ...]


def resolve(schema: Schema, definitions: Mapping[str, Schema]) -> Resolved:
    """The alternatives of `schema`, references followed: no unions or references are among them."""
    return tuple(_resolved(schema, definitions, frozenset()))


def _resolved(schema: Schema, definitions: Mapping[str, Schema], within: frozenset[str]) -> Iterator[Schema]:
    match schema:
        case Union(members):
            for member in members:
                yield from _resolved(member, definitions, within)
        case Reference(name):
            if name not in within:  # a definition that is only itself says nothing
                yield from _resolved(definitions.get(name, ANYTHING), definitions, within | {name})
        case _:
            yield schema
