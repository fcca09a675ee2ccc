"""What a pipe or an event source mapping needs to know of its source; each source's file fills it in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import ClassVar, TypeAlias

from perception_events.errors import InputError
from perception_events.json_values import JSONObject
from perception_events.topology import Resource, SourceParameters

__all__ = [
    "DeadLetterCondition",
    "DeadLetterContext",
    "Setting",
    "Shape",
    "Source",
    "Special",
    "WrongSourceError",
]


class WrongSourceError(InputError, ValueError):
    """A record of another source than the one it was given to."""


class Special(Enum):
    """Shapes that are not objects of known fields."""

    VALUE = auto()
    """A scalar or a list: a pattern's leaf ends here."""
    ATTRIBUTES = auto()
    """Attribute names over attribute values; the table has no schema, so any name may be there."""
    ANYTHING = auto()
    """Not known."""


Shape: TypeAlias = Mapping[str, "Shape"] | Special
"""Which fields a record has, for checks of patterns and templates."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter of the source.

    `field`: its name in `topology.SourceParameters`. `name`: AWS's name in a pipe's source parameters.
    `limit`: the name of its limit in `aws_limits.LIMITS`; None where `values` are all that is allowed.
    `values`: the allowed texts. `default`: what AWS takes where it is not set; None is "nothing". `required`: AWS
    rejects a pipe without it; in memory it may be left out.
    """

    field: str
    name: str
    limit: str | None = None
    values: tuple[str, ...] = ()
    default: int | str | None = None
    required: bool = False


class DeadLetterCondition(StrEnum):
    """Why something was given up."""

    RETRY_ATTEMPTS_EXHAUSTED = "RetryAttemptsExhausted"
    RECORD_AGE_EXCEEDED = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class DeadLetterContext:
    """What a dead letter says beside the records.

    `owner`: the fields that name who gave up: a pipe's `context`, or an event source mapping's `requestContext` and
    `responseContext`. `shard_id`, `source_arn`: where the records lie. `now`: epoch seconds.
    """

    owner: JSONObject
    shard_id: str
    source_arn: str
    now: float


class Source(ABC):
    """One kind of source. Its records are those that a pipe carries: flat JSON objects."""

    kind: ClassVar[str]
    """Its name in messages: `DynamoDB stream`."""
    event_source: ClassVar[str]
    """`eventSource` of its records: `aws:dynamodb`."""
    parameters_name: ClassVar[str]
    """The group in a pipe's `SourceParameters`: `DynamoDBStreamParameters`."""
    resource: ClassVar[type[Resource]]
    """The class of such a resource in a topology."""
    types: ClassVar[tuple[str, ...]] = ()
    """Of resources without a class of their own (`Opaque`): their types in templates."""
    settings: ClassVar[tuple[Setting, ...]]
    """The parameters that it takes; it takes no others."""
    shape: ClassVar[Shape]
    """The fields of a record as filters, templates and dynamic paths see it: decoded."""
    identifier: ClassVar[str]
    """The field that identifies a record, by which a pipe's target names partial failures."""
    content: ClassVar[str]
    """The field that carries the content; no other source's records have it."""
    retention: ClassVar[float | None]
    """Seconds for which the source keeps a record, where that is fixed; None where it is the resource's setting."""
    read_actions: ClassVar[tuple[str, ...]] = ()
    """The IAM actions on the resource that whoever reads it needs; none where it cannot be rendered."""
    keeps_failures: ClassVar[bool] = False
    """Whether the source itself keeps what failed and hands it out again (queues), so that nobody else retries."""

    def check(self, record: Mapping[str, object]) -> None:
        """Reject a record of another source.

        Raises:
            WrongSourceError: its `eventSource` names another source; the message names both.
        """
        named = record.get("eventSource", self.event_source)
        if named != self.event_source:
            raise WrongSourceError(
                f"the record is of {named!r}, and this reads a {self.kind} ({self.event_source}); "
                "send it in at its own source"
            )

    def identity(self, record: Mapping[str, object]) -> str | None:
        """What identifies the record for partial failures; None where it has nothing."""
        value = record.get(self.identifier)
        return value if isinstance(value, str) else None

    @abstractmethod
    def position(self, record: Mapping[str, object]) -> str:
        """The sequence number; empty without one."""

    @abstractmethod
    def order_key(self, record: Mapping[str, object]) -> str | None:
        """Records of one key stay in order; None is without order."""

    @abstractmethod
    def created(self, record: Mapping[str, object]) -> float | None:
        """When it was written, in epoch seconds; its age counts from there."""

    @abstractmethod
    def dead_letter(self, records: Sequence[JSONObject], context: DeadLetterContext) -> JSONObject:
        """What the dead-letter target gets for `records`, which lie together in one shard."""

    def failure_identifier(self, record: Mapping[str, object]) -> str | None:
        """The `itemIdentifier` by which a function of an event source mapping names the record."""
        return self.identity(record)

    def decoded(self, record: JSONObject) -> JSONObject:
        """The record as filters, templates and dynamic paths see it."""
        return record

    def relation_errors(self, parameters: SourceParameters, resource: Resource | None) -> Iterator[tuple[str, str]]:
        """The field and the reason of parameters that are not allowed together, or not for this resource."""
        yield from ()

    def pipe_record(self, record: JSONObject) -> JSONObject:
        """The record as a pipe carries it, of one that may be in the form that a function gets."""
        return record

    def lambda_record(self, record: JSONObject) -> JSONObject:
        """The record as an event source mapping hands it to a function."""
        return record

    def size(self, record: JSONObject, batch_size: int) -> int | None:
        """Octets that the record takes at most in a batch, where that is known without measuring; else None."""
        return None
