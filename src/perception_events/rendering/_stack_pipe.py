"""The pipes and event source mappings of a template, each pipe with the role that reads, enriches and delivers."""

from __future__ import annotations

from typing import Any

from perception_events.rendering._roles import add_role, allow, logs_of
from perception_events.rendering._sources import filter_criteria, rendered_source, source_parameters
from perception_events.rendering._stack import RenderError, Stack, a_kind, known, known_text
from perception_events.rendering._values import Att, Properties
from perception_events.topology import EventSourceMapping, PartialJSON, Pipe, Resource, unresolved_in

__all__ = ["add_mapping", "add_pipe"]

_TARGETS = {
    "event bus": "events:PutEvents",
    "function": "lambda:InvokeFunction",
    "queue": "sqs:SendMessage",
    "topic": "sns:Publish",
    "state machine": "states:StartExecution",
    "Kinesis stream": "kinesis:PutRecords",
}
_ENRICHMENTS = {
    "function": "lambda:InvokeFunction",
    "state machine": "states:StartSyncExecution",
}


def add_pipe(stack: Stack, pipe: Pipe) -> None:
    """The pipe and its role."""
    logical, name = stack.logical(pipe), known_text(pipe, "name")
    source = rendered_source(stack.get(pipe.source, pipe), pipe)
    statements = [allow(source.read_actions, stack.arn(pipe.source, pipe))]
    if pipe.enrichment is not None:
        enrichment = stack.get(pipe.enrichment, pipe)
        statements.append(allow(_right(_ENRICHMENTS, enrichment, pipe, "enrichment"), stack.arn(enrichment.id, pipe)))
    statements.append(_delivers(stack, pipe))
    queue = pipe.source_parameters.dead_letter_queue
    parameters = source_parameters(stack, pipe)
    if queue is not None:
        statements.append(allow("sqs:SendMessage", stack.arn(queue, pipe)))
        parameters["DeadLetterConfig"] = {"Arn": stack.arn(queue, pipe)}
    role = add_role(
        stack, f"{logical}Role", name, "pipes.amazonaws.com", statements, source_arn=stack.deployed_arn(pipe)
    )
    filters = filter_criteria(pipe.filters, pipe)
    source_group: Properties = {"FilterCriteria": filters} if filters else {}
    if parameters:
        source_group[source.parameters_name] = parameters
    stopped = known_text(pipe, "desired_state") != "RUNNING"
    stack.add(
        logical,
        "AWS::Pipes::Pipe",
        {
            "Name": name,
            "DesiredState": known_text(pipe, "desired_state") if stopped else None,
            "RoleArn": role,
            "Source": stack.arn(pipe.source, pipe),
            "SourceParameters": source_group or None,
            "Enrichment": None if pipe.enrichment is None else stack.arn(pipe.enrichment, pipe),
            "EnrichmentParameters": _parameters(
                pipe, dict(pipe.enrichment_parameters), pipe.enrichment_input_template, "enrichment"
            ),
            "Target": stack.arn(pipe.target, pipe),
            "TargetParameters": _parameters(pipe, dict(pipe.target_parameters), pipe.target_input_template, "target"),
            "LogConfiguration": _log_configuration(stack, pipe),
        },
    )
    stack.outputs[f"{logical}Arn"] = Att(logical)


def _delivers(stack: Stack, pipe: Pipe) -> Properties:
    target = stack.get(pipe.target, pipe)
    if target.kind == "log group":
        return logs_of(stack.streams_arn(pipe.target, pipe))
    action = _right(_TARGETS, target, pipe, "target")
    group = pipe.target_parameters.get("StepFunctionStateMachineParameters")
    if isinstance(group, dict) and group.get("InvocationType") == "REQUEST_RESPONSE":
        action = "states:StartSyncExecution"
    return allow(action, stack.arn(pipe.target, pipe))


def _right(rights: dict[str, str], resource: Resource, pipe: Pipe, part: str) -> str:
    if resource.kind not in rights:
        raise RenderError(
            f"{pipe.id}: {resource.id} is {a_kind(resource)}; render writes no pipe with that {part} "
            f"({', '.join(rights)})"
        )
    return rights[resource.kind]


def _parameters(pipe: Pipe, groups: dict[str, PartialJSON], template: Any, part: str) -> Properties | None:
    for unknown in unresolved_in(groups):
        raise RenderError(f"{pipe.id}: the {part} parameters hold {unknown.expression!r}, which is not known")
    written: Properties = dict(groups)
    if template:
        written["InputTemplate"] = known(template, f"{pipe.id}: the {part}'s input template is")
    return written or None


def _log_configuration(stack: Stack, pipe: Pipe) -> Properties | None:
    if pipe.log_level is None:
        return None
    written: Properties = {"Level": known_text(pipe, "log_level")}
    if pipe.log_group is not None:
        written["CloudwatchLogsLogDestination"] = {"LogGroupArn": stack.arn(pipe.log_group, pipe)}
    return written


def add_mapping(stack: Stack, mapping: EventSourceMapping) -> None:
    """The event source mapping; its rights are those of its function."""
    queue = mapping.on_failure
    stack.add(
        stack.logical(mapping),
        "AWS::Lambda::EventSourceMapping",
        {
            "EventSourceArn": stack.arn(mapping.source, mapping),
            "FunctionName": stack.arn(mapping.function, mapping),
            **source_parameters(stack, mapping),
            "FilterCriteria": filter_criteria(mapping.filters, mapping),
            "FunctionResponseTypes": [
                known(one, f"{mapping.id}: a response type is") for one in mapping.function_response_types
            ]
            or None,
            "BisectBatchOnFunctionError": known(mapping.bisect, f"{mapping.id}: `bisect` is") or None,
            "Enabled": None if known(mapping.enabled, f"{mapping.id}: `enabled` is") else False,
            "DestinationConfig": (None if queue is None else {"OnFailure": {"Destination": stack.arn(queue, mapping)}}),
        },
    )
