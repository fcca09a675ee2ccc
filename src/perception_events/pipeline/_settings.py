"""What a declaration is made of: modules, rules, and the settings of table, pipe, bus and functions; values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perception_events.aggregation import Join
from perception_events.classifiers import Classifier, OnError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.sort_keys import DATED, KeyFormat

if TYPE_CHECKING:
    from perception_events.schemas import SupportsJSONSchema
    from perception_events.topology import RuleTarget

__all__ = [
    "ENRICHMENT",
    "BusSettings",
    "EnrichmentSettings",
    "FunctionSettings",
    "Module",
    "PipeSettings",
    "RuleSettings",
    "TableSettings",
]

ENRICHMENT = "enrichment"
"""What the enrichment function is called in `FunctionSettings.handlers` and the like."""

COMPLETED_ROWS: JSONObject = {
    "eventName": ["INSERT", "MODIFY"],
    "dynamodb": {
        "NewImage": {"status": {"S": ["COMPLETED"]}},
        "OldImage": {"status": {"S": [{"anything-but": "COMPLETED"}, {"exists": False}]}},
    },
}
"""Rows of the event table that come to be COMPLETED, whether inserted or updated."""
IDENTIFIED_IMAGE_TEMPLATE = (
    '{"eventID": <$.eventID>, "eventName": <$.eventName>, "dynamodb": {"Keys": <$.dynamodb.Keys>, '
    '"NewImage": <$.dynamodb.NewImage>, "SequenceNumber": <$.dynamodb.SequenceNumber>}}'
)
"""The new image, and what retries, duplicates, dead letters and joins tell records by."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the pipeline: its event type, how a key is recognised as its, and what its events set off.

    `name`: the event type.
    `classifier`: how a key is recognised; the exact segment of the event type in the key without one.
    `targets`: the functions that the module's rule invokes, without the environment; without any there is no rule.
    `triggers`: the modules that these functions start next themselves.
    `joins`: the groups that its events are gathered in, which start the next module when they are complete.
    `parts`: the names of the segments after the event type (`("sync", "camera")` for `pose`).
    `after`: joins by name, or modules whose functions start this one; so that a module is added without a change of
    theirs. A join is called by its event types (`preprocessing_reid`) unless it has a name. A module whose events a
    join gathers is rejected here: name the join.
    `item`: a model of the module's items, `models.EventItem` or one of your own by the table's attribute names; `check`
    holds what joins group by against it.
    """

    name: str
    classifier: Classifier | None = None
    targets: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    joins: tuple[Join, ...] = ()
    parts: tuple[str, ...] | None = None
    after: tuple[str, ...] = ()
    item: SupportsJSONSchema | None = None


@dataclass(frozen=True, slots=True)
class EnrichmentSettings:
    """The pipe's enrichment step.

    `function`: your own, called with the list of items that the pipe sends: a function of one argument, a Lambda
    handler (event and context), an object with `invoke`, or `package.module:name`, imported when it is first called.
    `classify`: add the event type to each item by the classifiers, before `function` is called.
    `on_error`: what becomes of a record that cannot be classified: `raise` fails its batch, `unknown` gives it the
    registry's default type and a field with the reason.
    `adds`: names of the fields that `function` adds to an item, for checks of what rules match on.
    `resource`: the id of one of `Pipeline.resources` that enriches in AWS: an Express state machine, an API
    destination, an API Gateway. Without one it is the Lambda function `enrichment`, deployed as `functions` says,
    whose handler is `enrichment_handler(pipeline)`. In memory `function` stands in for either.
    """

    function: Any = None
    classify: bool = True
    on_error: OnError = OnError.RAISE
    adds: tuple[str, ...] = ()
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class TableSettings:
    """The event table.

    `name`: see `Pipeline.name_format`. `partition_key`, `sort_key`: the names of the key attributes, which are strings.
    `ttl_attribute`: the attribute of Time to Live. `stream_view_type`: what the stream carries.
    `key_format`: how sort keys begin: with a day, with another segment, or with the event type.
    `status_attribute`: the attribute that says how far an item is; `status_filters` makes filters on it.
    `done`, `in_progress`, `failed`: its values that mean each; the first one is what is written. Joins count what is
    done.
    `existing_stream_arn`: a table that is there already, by its stream.
    `other_stream_readers`: the pipes and event source mappings which read that stream beside this pipe.
    """

    name: str = "PerceptionPipelineEvents"
    partition_key: str = "site"
    sort_key: str = "date#event_type"
    ttl_attribute: str = "expires_at"
    stream_view_type: str = "NEW_AND_OLD_IMAGES"
    key_format: KeyFormat = DATED
    status_attribute: str = "status"
    done: tuple[str, ...] = ("COMPLETED",)
    in_progress: tuple[str, ...] = ("PROCESSING",)
    failed: tuple[str, ...] = ("FAILED",)
    existing_stream_arn: str | None = None
    other_stream_readers: int = 0

    def status_filters(self, *values: str) -> tuple[JSONObject, ...]:
        """Filters for the pipe, one for each of `values`: items that come to have this status, inserted or modified."""
        return tuple(self._comes_to_have(value) for value in values)

    def _comes_to_have(self, value: str) -> JSONObject:
        before: list[JSONValue] = [{"anything-but": value}, {"exists": False}]
        return {
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {
                "NewImage": {self.status_attribute: {"S": [value]}},
                "OldImage": {self.status_attribute: {"S": before}},
            },
        }


@dataclass(frozen=True, slots=True)
class PipeSettings:
    """The pipe between the table's stream and the bus.

    `name`: see `Pipeline.name_format`; the pipeline's name and `-pipe` without one.
    `filter_criteria`: patterns of which a record must match one; none lets every record pass. By default rows of the
    event table that come to be COMPLETED; for a table of other attributes `TableSettings.status_filters` makes them.
    `batch_size` (None is AWS's default of 100), `maximum_batching_window` (seconds): of the source.
    `maximum_retry_attempts`, `maximum_record_age` (seconds): when a record is given up; -1 is without limit, as on AWS.
    `starting_position`: `LATEST` or `TRIM_HORIZON`. `parallelization_factor`: batches of one shard at once.
    `on_partial_batch_item_failure`: `AUTOMATIC_BISECT`, or None to retry a failed batch whole.
    `dead_letter_queue`: whether there is a queue for the records that are given up.
    `enrichment_input_template`, `target_input_template`: what enrichment and target get of each record, or all of it.
    `source`, `detail_type`, `resources`, `time`: of the bus entries; a text, or the JSON path of one.
    """

    name: str | None = None
    filter_criteria: tuple[JSONObject, ...] = (COMPLETED_ROWS,)
    batch_size: int | None = 10
    maximum_batching_window: int = 0
    maximum_retry_attempts: int = 10
    maximum_record_age: int = 43_200
    starting_position: str = "TRIM_HORIZON"
    parallelization_factor: int = 1
    on_partial_batch_item_failure: str | None = "AUTOMATIC_BISECT"
    dead_letter_queue: bool = True
    enrichment_input_template: str | None = IDENTIFIED_IMAGE_TEMPLATE
    target_input_template: str | None = None
    source: str | None = None
    detail_type: str | None = None
    resources: tuple[str, ...] = ()
    time: str | None = None


@dataclass(frozen=True, slots=True)
class BusSettings:
    """The event bus.

    `name`: see `Pipeline.name_format`; the pipeline's name and `-event-bus` without one.
    `archive_retention_days`: of an archive of all events; 0 keeps them for ever, None makes no archive.
    `schema_discovery`: whether a schema discoverer watches the bus.
    `dead_letter_queue`: whether there is a queue for what the bus itself could not handle.
    `existing_name`: a bus that is there already, by its name or its ARN.
    `target_retry_attempts`, `target_event_age` (seconds), `target_dead_letter_queue`: of each rule target that has none
    of its own.
    """

    name: str | None = None
    archive_retention_days: int | None = None
    schema_discovery: bool = True
    dead_letter_queue: bool = True
    existing_name: str | None = None
    target_retry_attempts: int = 185
    target_event_age: int = 86400
    target_dead_letter_queue: bool = True


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """A rule of the bus beside those of the modules.

    `name`: see `Pipeline.name_format`. `event_pattern`: the pattern.
    `targets`: in order; the name of a function, without the environment, or a `topology.RuleTarget` for every other
    kind of target and for an input of its own. Its `target` names a function or one of `Pipeline.resources`; without
    a retry policy or a dead-letter queue it has those of `BusSettings`.
    """

    name: str
    event_pattern: JSONObject
    targets: tuple[str | RuleTarget, ...] = ()

    @property
    def functions(self) -> tuple[str, ...]:
        """The targets that are given as the name of a function."""
        return tuple(target for target in self.targets if isinstance(target, str))


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """How the Lambda functions are deployed; they are named without the environment, the enrichment is `enrichment`.

    `runtime`, `timeout` (seconds), `memory` (MB): of every function.
    `code_bucket`, `code_key`: the zip in S3 with the handlers of all of them; a parameter of the template may change
    it.
    `handlers`: handler paths by function, and so further functions; `handlers.<function>` for one that has none here.
    `existing_arns`: functions that are there already, by ARN or name.
    `retry_attempts` (0 to 2), `event_age` (60 to 21,600 seconds): of Lambda's own asynchronous queue.
    `dead_letter_queue`: whether that queue keeps what a handler could not do; the bus has let go of the event by then.
    `log_retention_days`: of the functions' log groups and the pipe's.
    `statements`: IAM statements that a function's role gets beside what its place in the pipeline needs.
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
