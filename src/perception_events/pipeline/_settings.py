"""What a declaration is made of: modules, rules, and the settings of table, pipe, bus and functions; values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perception_events.aggregation import Join
from perception_events.classifiers import Classifier
from perception_events.json_values import JSONObject

__all__ = [
    "ENRICHMENT",
    "BusSettings",
    "FunctionSettings",
    "Module",
    "PipeSettings",
    "RuleSettings",
    "TableSettings",
]

ENRICHMENT = "enrichment"
"""What the enrichment function is called in `FunctionSettings.handlers` and the like."""

COMPLETED_INSERTS: JSONObject = {
    "eventName": ["INSERT"],
    "dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}},
}
NEW_IMAGE_TEMPLATE = '{"dynamodb": {"NewImage": <$.dynamodb.NewImage>}}'


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the pipeline: its event type, how a key is recognised as its, and what its events set off.

    `classifier` defaults to the exact segment after the date. `targets` are the functions, without `-{env}`, that
    the module's rule invokes; a module without targets gets no rule. `triggers` are the modules started next by
    these functions themselves; `joins` are the groups that its events are gathered in, which start the next module
    when they are complete. `parts` names the segments after the event type (`("sync", "camera")` for `pose`).
    """

    name: str
    classifier: Classifier | None = None
    targets: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    joins: tuple[Join, ...] = ()
    parts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TableSettings:
    """The event table: key names, TTL attribute and what its stream carries.

    `existing_stream_arn` refers to a table that is there already, by its stream. `other_stream_readers` counts
    the pipes and event source mappings which read that stream beside this pipe.
    """

    name: str = "PerceptionPipelineEvents"
    partition_key: str = "site"
    sort_key: str = "date#event_type"
    ttl_attribute: str = "expires_at"
    stream_view_type: str = "NEW_AND_OLD_IMAGES"
    existing_stream_arn: str | None = None
    other_stream_readers: int = 0


@dataclass(frozen=True, slots=True)
class PipeSettings:
    """The pipe between the table's stream and the bus.

    `batch_size` and `maximum_batching_window` (seconds) are the source's; -1 means without limit, as on AWS.
    `maximum_record_age` is in seconds. `time` is the JSON path of the bus entry's time.
    """

    filter_criteria: tuple[JSONObject, ...] = (COMPLETED_INSERTS,)
    batch_size: int | None = 10
    maximum_batching_window: int = 0
    maximum_retry_attempts: int = -1
    maximum_record_age: int = -1
    starting_position: str = "LATEST"
    parallelization_factor: int = 1
    on_partial_batch_item_failure: str | None = None
    dead_letter_queue: bool = True
    enrichment_input_template: str | None = NEW_IMAGE_TEMPLATE
    target_input_template: str | None = None
    source: str | None = None
    detail_type: str | None = None
    resources: tuple[str, ...] = ()
    time: str | None = None


@dataclass(frozen=True, slots=True)
class BusSettings:
    """The event bus; `archive_retention_days` of 0 keeps events for ever, None makes no archive.

    `existing_name` refers to a bus that is there already. Retry attempts and event age (seconds) are those of
    each rule target; `target_dead_letter_queue` catches what they give up on.
    """

    archive_retention_days: int | None = None
    schema_discovery: bool = True
    dead_letter_queue: bool = True
    existing_name: str | None = None
    target_retry_attempts: int = 185
    target_event_age: int = 86400
    target_dead_letter_queue: bool = True


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """A rule beside those of the modules: `name` and `targets` without `-{env}`."""

    name: str
    event_pattern: JSONObject
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """How the Lambda functions are deployed; `timeout` in seconds, `memory` in MB.

    `handlers` gives the handler path of a function by its name without `-{env}` (the enrichment is
    `enrichment`); `existing_arns` refers to functions that are there already. `retry_attempts` (0 to 2) and
    `event_age` (60 to 21600 seconds) are those of Lambda's own asynchronous queue, and `dead_letter_queue` is
    where it sends what a handler could not do: the bus has let go of the event by then. `statements` are IAM
    statements that a function's role gets beside what it needs for its place in the pipeline.
    """

    runtime: str = "python3.13"
    timeout: int = 30
    memory: int = 256
    code_bucket: str | None = None
    code_key: str = "perception-events.zip"
    handlers: Mapping[str, str] = field(default_factory=dict)
    existing_arns: Mapping[str, str] = field(default_factory=dict)
    retry_attempts: int = 2
    event_age: int = 21600
    dead_letter_queue: bool = True
    log_retention_days: int = 30
    statements: Mapping[str, tuple[JSONObject, ...]] = field(default_factory=dict)
