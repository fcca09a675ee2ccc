"""The fallback in a template, when joins are declared: a state machine that sweeps them, and its schedule."""

from __future__ import annotations

from perception_events.infrastructure._roles import add_role, allow
from perception_events.infrastructure._stack import Stack, att
from perception_events.infrastructure._stack_functions import SWEEP
from perception_events.json_values import JSONObject

__all__ = ["add_fallback"]

_SWEEP_EVERY = "rate(5 minutes)"


def add_fallback(stack: Stack) -> None:
    """The state machine with its schedule, each with its role."""
    if not stack.pipeline.joins:
        return
    name = f"{stack.pipeline.name}-fallback-{stack.env}"
    definition = _definition()
    add_role(
        stack,
        "FallbackRole",
        name,
        "states.amazonaws.com",
        [allow("lambda:InvokeFunction", stack.function_arn(SWEEP))],
        source_arn=stack.arn("states", f"stateMachine:{name}"),
    )
    stack.add(
        "Fallback",
        "AWS::StepFunctions::StateMachine",
        {
            "StateMachineName": name,
            "StateMachineType": "STANDARD",
            "RoleArn": att("FallbackRole"),
            "Definition": definition,
            "DefinitionSubstitutions": {"SweepFunctionArn": stack.function_arn(SWEEP)},
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
    stack.add(
        "FallbackSchedule",
        "AWS::Scheduler::Schedule",
        {
            "Name": name,
            "ScheduleExpression": _SWEEP_EVERY,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": {
                "Arn": att("Fallback"),
                "RoleArn": att("FallbackScheduleRole"),
                "Input": "{}",
                "RetryPolicy": {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 3},
                "DeadLetterConfig": {"Arn": stack.queue_arn("schedule")},
            },
        },
    )


def _definition() -> JSONObject:
    return {
        "Comment": "Sweep the joins that are overdue, or complete and not triggered.",
        "StartAt": "Sweep",
        "States": {
            "Sweep": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "${SweepFunctionArn}", "Payload.$": "$"},
                "TimeoutSeconds": 900,
                "Retry": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "IntervalSeconds": 2,
                        "MaxAttempts": 3,
                        "BackoffRate": 2,
                    }
                ],
                "End": True,
            }
        },
    }
