"""The fallback in a template, when joins are declared: the workflow that sweeps them, and its schedule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from perception_events.aggregation import fallback_schedule, fallback_state_machine
from perception_events.json_values import JSONValue
from perception_events.rendering._roles import add_role, allow
from perception_events.rendering._stack import Stack, att

__all__ = ["add_fallback", "workflow_actions"]

_WRITES = {"ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Put": "PutItem", "Update": "UpdateItem"}


def add_fallback(stack: Stack) -> None:
    """The state machine with its schedule, each with its role."""
    pipeline = stack.pipeline
    if not pipeline.joins:
        return
    name = f"{pipeline.name}-fallback-{stack.env}"
    definition = fallback_state_machine(pipeline.joins, stack.physical_table_name, names=pipeline.item_names)
    add_role(
        stack,
        "FallbackRole",
        name,
        "states.amazonaws.com",
        [allow(sorted(set(workflow_actions(definition))), stack.table_arn)],
        source_arn=stack.arn("states", f"stateMachine:{name}"),
    )
    stack.add(
        "Fallback",
        "AWS::StepFunctions::StateMachine",
        {
            "StateMachineName": name,
            "StateMachineType": "STANDARD",
            "RoleArn": att("FallbackRole"),
            # As text: it holds nulls (`ResultPath`), which a template may not.
            "DefinitionString": json.dumps(definition, separators=(",", ":")),
        },
    )
    stack.add_queue("schedule")
    add_role(
        stack,
        "FallbackScheduleRole",
        f"{name}-schedule",
        "scheduler.amazonaws.com",
        [allow("states:StartExecution", att("Fallback")), allow("sqs:SendMessage", stack.queue_arn("schedule"))],
        source_arn=stack.arn("scheduler", "schedule-group/default"),
    )
    schedule = fallback_schedule(name, "", "", every=pipeline.fallback_every)
    target: dict[str, JSONValue] = {
        **schedule["Target"],
        "Arn": att("Fallback"),
        "RoleArn": att("FallbackScheduleRole"),
        "Input": "{}",
        "DeadLetterConfig": {"Arn": stack.queue_arn("schedule")},
    }
    stack.add("FallbackSchedule", "AWS::Scheduler::Schedule", {**schedule, "State": "ENABLED", "Target": target})


def workflow_actions(state: Any) -> Iterator[str]:
    """The IAM actions that the tasks of a workflow need, more than once where several tasks need them.

    AWS: a task's resource ends in the service and the API call; a transaction needs the rights of its parts.
    """
    if isinstance(state, list):
        for one in state:
            yield from workflow_actions(one)
    elif isinstance(state, dict):
        if state.get("Type") == "Task":
            service, call = state["Resource"].split(":")[-2:]
            if call == "transactWriteItems":
                yield from (
                    f"{service}:{_WRITES[verb]}" for item in state["Parameters"]["TransactItems"] for verb in item
                )
            else:
                yield f"{service}:{call[0].upper()}{call[1:]}"
        for one in state.values():
            yield from workflow_actions(one)
