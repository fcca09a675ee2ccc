"""The fallback in a template, when joins are declared: the workflow that sweeps them, and its schedule."""

from __future__ import annotations

import json

from perception_events.aggregation import fallback_schedule, fallback_state_machine, workflow_actions
from perception_events.json_values import JSONValue
from perception_events.rendering._roles import add_role, allow
from perception_events.rendering._stack import Stack, att

__all__ = ["add_fallback"]


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
