"""A rendered template read back into settings that drive the simulator: what is in the file, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from perception_events.json_values import JSONObject
from perception_events.pipeline import BusSettings, Pipeline, PipeSettings, RuleSettings

__all__ = ["pipeline_from"]


def pipeline_from(text: str, format: str, declaration: Pipeline, env: str) -> Pipeline:
    """The pipeline that `text` describes. The classifiers are code, and come from `declaration`."""
    read = _from_terraform if format == "terraform-json" else _from_cloudformation
    pipe, rules, bus = read(json.loads(text), env)
    return Pipeline(
        modules=tuple(replace(module, targets=(), triggers=(), joins=()) for module in declaration.modules),
        name=declaration.name,
        table=declaration.table,
        pipe=pipe,
        bus=bus,
        base_registry=declaration.registry,
        event_type_field=declaration.event_type_field,
        extra_rules=rules,
    )


def _from_cloudformation(
    template: dict[str, Any], env: str
) -> tuple[PipeSettings, tuple[RuleSettings, ...], BusSettings]:
    resources = list(template["Resources"].values())
    (pipe,) = (one["Properties"] for one in resources if one["Type"] == "AWS::Pipes::Pipe")
    rules = [one["Properties"] for one in resources if one["Type"] == "AWS::Events::Rule"]
    source = pipe["SourceParameters"]
    stream = source["DynamoDBStreamParameters"]
    entry = pipe["TargetParameters"]["EventBridgeEventBusParameters"]
    settings = PipeSettings(
        filter_criteria=_patterns(one["Pattern"] for one in source.get("FilterCriteria", {}).get("Filters", [])),
        batch_size=stream["BatchSize"],
        maximum_batching_window=stream["MaximumBatchingWindowInSeconds"],
        maximum_retry_attempts=stream["MaximumRetryAttempts"],
        maximum_record_age=stream["MaximumRecordAgeInSeconds"],
        starting_position=stream["StartingPosition"],
        parallelization_factor=stream["ParallelizationFactor"],
        on_partial_batch_item_failure=stream.get("OnPartialBatchItemFailure"),
        dead_letter_queue="DeadLetterConfig" in stream,
        enrichment_input_template=pipe.get("EnrichmentParameters", {}).get("InputTemplate"),
        target_input_template=pipe["TargetParameters"].get("InputTemplate"),
        source=entry["Source"],
        detail_type=entry["DetailType"],
        resources=tuple(entry.get("Resources", ())),
        time=entry.get("Time"),
    )
    read = tuple(
        RuleSettings(
            rule["Name"].removesuffix(f"-{env}"),
            rule["EventPattern"],
            tuple(target["Id"] for target in rule.get("Targets", ())),
        )
        for rule in rules
    )
    retry = rules[0]["Targets"][0]["RetryPolicy"]
    bus = BusSettings(
        target_retry_attempts=retry["MaximumRetryAttempts"], target_event_age=retry["MaximumEventAgeInSeconds"]
    )
    return settings, read, bus


def _from_terraform(template: dict[str, Any], env: str) -> tuple[PipeSettings, tuple[RuleSettings, ...], BusSettings]:
    resources = template["resource"]
    (pipe,) = resources["aws_pipes_pipe"].values()
    targets = resources["aws_cloudwatch_event_target"].values()
    source = pipe["source_parameters"]
    stream = dict(source["dynamodb_stream_parameters"])
    entry = pipe["target_parameters"]["eventbridge_event_bus_parameters"]
    settings = PipeSettings(
        filter_criteria=_patterns(one["pattern"] for one in source.get("filter_criteria", {}).get("filter", [])),
        batch_size=stream["batch_size"],
        maximum_batching_window=stream["maximum_batching_window_in_seconds"],
        maximum_retry_attempts=stream["maximum_retry_attempts"],
        maximum_record_age=stream["maximum_record_age_in_seconds"],
        starting_position=stream["starting_position"],
        parallelization_factor=stream["parallelization_factor"],
        on_partial_batch_item_failure=stream.get("on_partial_batch_item_failure"),
        dead_letter_queue="dead_letter_config" in stream,
        enrichment_input_template=pipe.get("enrichment_parameters", {}).get("input_template"),
        target_input_template=pipe["target_parameters"].get("input_template"),
        source=entry["source"],
        detail_type=entry["detail_type"],
        resources=tuple(entry.get("resources", ())),
        time=entry.get("time"),
    )
    read = tuple(
        RuleSettings(
            rule["name"].removesuffix(f"-{env}"),
            json.loads(rule["event_pattern"]),
            tuple(
                target["target_id"]
                for target in targets
                if target["rule"] == f"${{aws_cloudwatch_event_rule.{logical}.name}}"
            ),
        )
        for logical, rule in resources["aws_cloudwatch_event_rule"].items()
    )
    retry = next(iter(targets))["retry_policy"]
    bus = BusSettings(
        target_retry_attempts=retry["maximum_retry_attempts"], target_event_age=retry["maximum_event_age_in_seconds"]
    )
    return settings, read, bus


def _patterns(texts: Any) -> tuple[JSONObject, ...]:
    return tuple(json.loads(text) for text in texts)
