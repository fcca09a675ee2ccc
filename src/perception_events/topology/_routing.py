"""What moves events from resource to resource: pipes, buses, rules with targets, mappings, schedules, permissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from perception_events.topology._resources import Resource
from perception_events.topology._values import Number, Origin, PartialJSON, Reference, Text, Unresolved

__all__ = [
    "Archive",
    "Discoverer",
    "EventBus",
    "EventSourceMapping",
    "Filter",
    "InputTransformer",
    "Permission",
    "Pipe",
    "RetryPolicy",
    "Rule",
    "RuleTarget",
    "Schedule",
    "SourceParameters",
]


@dataclass(frozen=True, slots=True)
class EventBus(Resource):
    """An event bus. `dead_letter_queue`: where events go that the bus itself could not handle."""

    kind: ClassVar[str] = "event bus"

    dead_letter_queue: Reference | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a delivery is tried again: None is AWS's default (185 attempts, 86,400 seconds)."""

    maximum_retry_attempts: Number | None = None
    maximum_event_age: Number | None = None


@dataclass(frozen=True, slots=True)
class InputTransformer:
    """`InputPathsMap` and `InputTemplate` of a rule's target, as written."""

    input_paths_map: Mapping[str, Text] = field(default_factory=dict)
    input_template: Text = ""


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """One target of a rule.

    `id`: the target's id in its rule. `target`: the resource that is invoked; its class is the target's kind.
    `input`: constant JSON text; `input_path`: a JSON path into the event; `input_transformer`: both as one; at most one
    of the three is set. `parameters`: what this kind of target takes beside the input, by AWS's name of the group:
    `{"SqsParameters": {"MessageGroupId": "orders"}}`. `role`: the role that EventBridge assumes, where one is given.
    `retry_policy`: None is AWS's, 185 attempts in 24 hours. `dead_letter_queue`: the queue of what is given up.
    `origin`: where it was written.
    """

    id: str
    target: Reference = ""
    input: Text | None = None
    input_path: Text | None = None
    input_transformer: InputTransformer | None = None
    retry_policy: RetryPolicy | None = None
    dead_letter_queue: Reference | None = None
    role: Reference | None = None
    parameters: Mapping[str, PartialJSON] = field(default_factory=dict)
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Rule(Resource):
    """A rule of a bus.

    `bus`: the event bus. `event_pattern`: the pattern as JSON, in which leaves may be unresolved; None without one.
    `schedule_expression`: `rate(...)` or `cron(...)`; a rule may have both. `state`: `ENABLED`, `DISABLED` or
    `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`. `targets`: in order.
    """

    kind: ClassVar[str] = "rule"

    bus: Reference = ""
    event_pattern: Mapping[str, PartialJSON] | Unresolved | None = None
    schedule_expression: Text | None = None
    state: Text = "ENABLED"
    targets: tuple[RuleTarget, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a pipe or an event source mapping: the pattern as JSON, or as the text that is not JSON."""

    pattern: PartialJSON
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class SourceParameters:
    """How a pipe or an event source mapping reads its source; None is "not set", so AWS's default applies.

    Windows and ages are in seconds; -1 is without limit. Which of them a source takes, and within which limits, is
    told by `perception_events.sources`.
    """

    batch_size: Number | None = None
    maximum_batching_window: Number | None = None
    starting_position: Text | None = None
    starting_position_timestamp: Text | Number | None = None
    parallelization_factor: Number | None = None
    maximum_retry_attempts: Number | None = None
    maximum_record_age: Number | None = None
    on_partial_batch_item_failure: Text | None = None
    dead_letter_queue: Reference | None = None


@dataclass(frozen=True, slots=True)
class Pipe(Resource):
    """A pipe: source, filters, enrichment (or none), target.

    `source`, `target`: the resources that it reads and sends to. `source_parameters`: how it reads.
    `filters`: patterns of which a record must match one; none lets every record pass.
    `enrichment`: the resource that it invokes in between. `enrichment_input_template`, `target_input_template`: what
    these get of each record; None is all of it.
    `enrichment_parameters`, `target_parameters`: the API's own groups without the input template, by AWS's names, such
    as `{"EventBridgeEventBusParameters": {"Source": "orders", "DetailType": "$.kind"}}`.
    `desired_state`: `RUNNING` or `STOPPED`. `log_level`: `OFF`, `ERROR`, `INFO`, `TRACE`; None without a log.
    `log_group`: where the log goes. `role`: the role that the pipe assumes, where one is given.
    """

    kind: ClassVar[str] = "pipe"

    source: Reference = ""
    source_parameters: SourceParameters = field(default_factory=SourceParameters)
    filters: tuple[Filter, ...] = ()
    enrichment: Reference | None = None
    enrichment_input_template: Text | None = None
    enrichment_parameters: Mapping[str, PartialJSON] = field(default_factory=dict)
    target: Reference = ""
    target_input_template: Text | None = None
    target_parameters: Mapping[str, PartialJSON] = field(default_factory=dict)
    desired_state: Text = "RUNNING"
    log_level: Text | None = None
    log_group: Reference | None = None
    role: Reference | None = None


@dataclass(frozen=True, slots=True)
class EventSourceMapping(Resource):
    """What lets Lambda read a stream or a queue for a function.

    `function_response_types`: `ReportBatchItemFailures` or nothing. `bisect`: `BisectBatchOnFunctionError`.
    `on_failure`: where batches go that are given up.
    """

    kind: ClassVar[str] = "event source mapping"

    source: Reference = ""
    function: Reference = ""
    source_parameters: SourceParameters = field(default_factory=SourceParameters)
    filters: tuple[Filter, ...] = ()
    function_response_types: tuple[Text, ...] = ()
    bisect: bool | Unresolved = False
    enabled: bool | Unresolved = True
    on_failure: Reference | None = None


@dataclass(frozen=True, slots=True)
class Archive(Resource):
    """An archive of a bus. `retention_days`: 0 keeps events for ever."""

    kind: ClassVar[str] = "archive"

    bus: Reference = ""
    event_pattern: Mapping[str, PartialJSON] | Unresolved | None = None
    retention_days: Number = 0


@dataclass(frozen=True, slots=True)
class Discoverer(Resource):
    """A schema discoverer on a bus."""

    kind: ClassVar[str] = "schema discoverer"

    bus: Reference = ""


@dataclass(frozen=True, slots=True)
class Schedule(Resource):
    """A schedule of EventBridge Scheduler, with its one target."""

    kind: ClassVar[str] = "schedule"

    schedule_expression: Text = ""
    flexible_time_window: Number | None = None
    """Minutes; None is off."""
    state: Text = "ENABLED"
    target: Reference = ""
    input: Text | None = None
    retry_policy: RetryPolicy | None = None
    dead_letter_queue: Reference | None = None
    description: Text | None = None


@dataclass(frozen=True, slots=True)
class Permission(Resource):
    """A statement of a resource policy: `principal` may do `actions` on `resource`.

    A Lambda permission, a queue or topic policy, a log group policy, an event bus policy. `source_arn`: the caller's
    ARN to which it is limited; None without such a condition. `statement`: the whole statement where it was written.
    """

    kind: ClassVar[str] = "permission"

    principal: Text = ""
    actions: tuple[Text, ...] = ()
    resource: Reference | None = None
    source_arn: Text | None = None
    statement: PartialJSON = None
