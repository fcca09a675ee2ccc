"""Where single fields of a resource were written: the topology's fields by CloudFormation's names of properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from perception_events.readers._declared import Declared
from perception_events.topology import Origin

__all__ = ["origin_with_parts", "target_origin"]

_SOURCE = {
    "batch_size": "BatchSize",
    "maximum_batching_window": "MaximumBatchingWindowInSeconds",
    "starting_position": "StartingPosition",
    "parallelization_factor": "ParallelizationFactor",
    "maximum_retry_attempts": "MaximumRetryAttempts",
    "maximum_record_age": "MaximumRecordAgeInSeconds",
    "on_partial_batch_item_failure": "OnPartialBatchItemFailure",
    "dead_letter_queue": "DeadLetterConfig",
}
_FIELDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AWS::Events::Rule": {
        "name": ("Name",),
        "event_pattern": ("EventPattern",),
        "state": ("State",),
        "targets": ("Targets",),
    },
    "AWS::Events::Archive": {"name": ("ArchiveName",), "event_pattern": ("EventPattern",)},
    "AWS::Events::EventBus": {"name": ("Name",)},
    "AWS::Lambda::Function": {"name": ("FunctionName",), "dead_letter_queue": ("DeadLetterConfig",)},
    "AWS::Serverless::Function": {
        "name": ("FunctionName",),
        "dead_letter_queue": ("DeadLetterQueue",),
        "on_failure": ("EventInvokeConfig", "DestinationConfig", "OnFailure"),
    },
    "AWS::Lambda::EventSourceMapping": {
        **{f"source_parameters.{field}": (name,) for field, name in _SOURCE.items()},
        "filters": ("FilterCriteria", "Filters"),
        "bisect": ("BisectBatchOnFunctionError",),
        "on_failure": ("DestinationConfig", "OnFailure"),
    },
    "AWS::Pipes::Pipe": {
        "name": ("Name",),
        "filters": ("SourceParameters", "FilterCriteria", "Filters"),
        "enrichment": ("Enrichment",),
        "enrichment_input_template": ("EnrichmentParameters", "InputTemplate"),
        "target_input_template": ("TargetParameters", "InputTemplate"),
        "target_parameters": ("TargetParameters",),
    },
    "AWS::SQS::Queue": {"dead_letter_queue": ("RedrivePolicy",), "visibility_timeout": ("VisibilityTimeout",)},
}
_TARGET: Mapping[str, tuple[str, ...]] = {
    "id": ("Id",),
    "target": ("Arn",),
    "input": ("Input",),
    "input_path": ("InputPath",),
    "input_transformer": ("InputTransformer",),
    "input_transformer.input_template": ("InputTransformer", "InputTemplate"),
    "input_transformer.input_paths_map": ("InputTransformer", "InputPathsMap"),
    "retry_policy.maximum_retry_attempts": ("RetryPolicy", "MaximumRetryAttempts"),
    "retry_policy.maximum_event_age": ("RetryPolicy", "MaximumEventAgeInSeconds"),
    "dead_letter_queue": ("DeadLetterConfig",),
}


def origin_with_parts(declared: Declared) -> Origin:
    """The origin of a resource, which knows where its fields were written."""
    fields = dict(_FIELDS.get(declared.type, {}))
    if declared.type == "AWS::Pipes::Pipe":
        group = _source_group(declared)
        fields |= {f"source_parameters.{field}": ("SourceParameters", group, name) for field, name in _SOURCE.items()}
    if not fields:
        return declared.origin
    return replace(declared.origin, parts={field: declared.at(*path) for field, path in fields.items()})


def _source_group(declared: Declared) -> str:
    """The name of the group of parameters that a pipe sets for its kind of source."""
    parameters: Any = declared.get("SourceParameters")
    names = parameters if isinstance(parameters, dict) else {}
    return next((name for name in names if name != "FilterCriteria"), "DynamoDBStreamParameters")


def target_origin(declared: Declared, number: int) -> Origin:
    """The origin of the target with this number of a rule, which knows where its fields were written."""
    parts = {field: declared.at("Targets", number, *path) for field, path in _TARGET.items()}
    return replace(declared.at("Targets", number), parts=parts)
