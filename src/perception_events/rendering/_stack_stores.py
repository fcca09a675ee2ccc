"""What holds or starts something in a template: tables, queues, topics, streams, log groups, workflows, schedules."""

from __future__ import annotations

import json
from typing import Any

from perception_events.rendering._roles import add_role, allow, service_policy
from perception_events.rendering._stack import RenderError, Stack, a_kind, known, known_number, known_text
from perception_events.rendering._values import AccountArn, Att, JSONText, Properties, Ref
from perception_events.topology import (
    EventBus,
    KinesisStream,
    LogGroup,
    Queue,
    Resource,
    RetryPolicy,
    Rule,
    Schedule,
    StateMachine,
    Table,
    TableStream,
    Topic,
)

__all__ = [
    "add_kinesis_stream",
    "add_log_group",
    "add_queue",
    "add_schedule",
    "add_state_machine",
    "add_table",
    "add_topic",
    "retry_policy",
]

_EVENTS = "events.amazonaws.com"


def add_table(stack: Stack, table: Table) -> None:
    """The table with its stream; it stays when the stack is deleted."""
    logical = stack.logical(table)
    keys = [(known_text(table, "partition_key"), "HASH")]
    if table.sort_key is not None:
        keys.append((known_text(table, "sort_key"), "RANGE"))
    stream = next((one for one in stack.topology.of(TableStream) if one.table == table.id), None)
    stack.add(
        logical,
        "AWS::DynamoDB::Table",
        {
            "TableName": known_text(table, "name"),
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": table.attribute_types.get(name, "S")} for name, _ in keys
            ],
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            "StreamSpecification": {"StreamViewType": known_text(stream, "stream_view_type")} if stream else None,
            "TimeToLiveSpecification": (
                {"AttributeName": known_text(table, "ttl_attribute"), "Enabled": True} if table.ttl_attribute else None
            ),
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
    )
    stack.outputs[f"{logical}Name"] = Ref(logical)
    if stream:
        stack.outputs[f"{logical}StreamArn"] = Att(logical, "StreamArn")


def add_queue(stack: Stack, queue: Queue) -> None:
    """The queue, and a policy that lets EventBridge send to it for the rules and buses that name it.

    AWS: a rule's target and a rule's or a bus's dead-letter queue need a queue policy; a pipe, a schedule
    and a function send with their role.
    """
    logical = stack.logical(queue)
    redrive = queue.dead_letter_queue
    if redrive is not None and queue.max_receive_count is None:
        raise RenderError(f"{queue.id}: a queue with a dead-letter queue needs `max_receive_count`")
    stack.add(
        logical,
        "AWS::SQS::Queue",
        {
            "QueueName": known_text(queue, "name"),
            "FifoQueue": True if queue.fifo else None,
            "ContentBasedDeduplication": True if queue.content_based_deduplication else None,
            "VisibilityTimeout": None if queue.visibility_timeout == 30 else known_number(queue, "visibility_timeout"),
            "MessageRetentionPeriod": None if queue.retention == 345_600 else known_number(queue, "retention"),
            "RedrivePolicy": None
            if redrive is None
            else {
                "deadLetterTargetArn": stack.arn(redrive, queue),
                "maxReceiveCount": known_number(queue, "max_receive_count"),
            },
            "SqsManagedSseEnabled": True,
        },
    )
    senders = _senders(stack, queue)
    if senders:
        policy = service_policy(_EVENTS, "sqs:SendMessage", Att(logical), senders)
        stack.add(f"{logical}Policy", "AWS::SQS::QueuePolicy", {"Queues": [Ref(logical)], "PolicyDocument": policy})


def add_topic(stack: Stack, topic: Topic) -> None:
    """The topic, and a policy that lets EventBridge publish to it for the rules that name it."""
    logical = stack.logical(topic)
    properties: Properties = {"TopicName": known_text(topic, "name"), "FifoTopic": True if topic.fifo else None}
    stack.add(logical, "AWS::SNS::Topic", properties)
    senders = _senders(stack, topic)
    if senders:
        policy = service_policy(_EVENTS, "sns:Publish", Ref(logical), senders)
        stack.add(f"{logical}Policy", "AWS::SNS::TopicPolicy", {"Topics": [Ref(logical)], "PolicyDocument": policy})


def add_log_group(stack: Stack, group: LogGroup) -> None:
    """The log group, and a policy of CloudWatch Logs that lets EventBridge write to it where rules name it.

    AWS: EventBridge User Guide, "Using resource-based policies", CloudWatch Logs permissions.
    """
    logical = stack.logical(group)
    name = known_text(group, "name")
    stack.add(
        logical,
        "AWS::Logs::LogGroup",
        {"LogGroupName": name, "RetentionInDays": known_number(group, "retention_days")},
    )
    if _senders(stack, group):
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": [_EVENTS, "delivery.logs.amazonaws.com"]},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": Att(logical),
        }
        document = JSONText({"Version": "2012-10-17", "Statement": [statement]})
        policy_name = "-".join(filter(None, (stack.topology.name, logical)))
        stack.add(
            f"{logical}Policy", "AWS::Logs::ResourcePolicy", {"PolicyName": policy_name, "PolicyDocument": document}
        )


def add_kinesis_stream(stack: Stack, stream: KinesisStream) -> None:
    """The data stream, on demand, so that there are no shards to count."""
    properties = {"Name": known_text(stream, "name"), "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
    stack.add(stack.logical(stream), "AWS::Kinesis::Stream", properties)


def add_state_machine(stack: Stack, machine: StateMachine) -> None:
    """The workflow, and the role with what it was granted."""
    logical, name = stack.logical(machine), known_text(machine, "name")
    definition = machine.definition
    if definition is None:
        raise RenderError(f"{machine.id}: a state machine needs its `definition`")
    role = add_role(
        stack,
        f"{logical}Role",
        name,
        "states.amazonaws.com",
        [allow(grant.actions, stack.arn(grant.resource, machine)) for grant in machine.grants],
        source_arn=stack.deployed_arn(machine),
    )
    text = definition if isinstance(definition, str) else json.dumps(definition, separators=(",", ":"))
    stack.add(
        logical,
        "AWS::StepFunctions::StateMachine",
        {
            "StateMachineName": name,
            "StateMachineType": known_text(machine, "type"),
            "RoleArn": role,
            # As text: it holds nulls (`ResultPath`), which a template may not.
            "DefinitionString": text,
        },
    )


def add_schedule(stack: Stack, schedule: Schedule) -> None:
    """The schedule, and the role that starts its target."""
    logical, name = stack.logical(schedule), known_text(schedule, "name")
    target = stack.get(schedule.target, schedule)
    statements = [allow(_starts(target, schedule), stack.arn(schedule.target, schedule))]
    arguments: dict[str, Any] = {"Arn": stack.arn(schedule.target, schedule)}
    queue = schedule.dead_letter_queue
    if queue is not None:
        statements.append(allow("sqs:SendMessage", stack.arn(queue, schedule)))
    role = add_role(
        stack,
        f"{logical}Role",
        f"{name}-schedule",
        "scheduler.amazonaws.com",
        statements,
        source_arn=AccountArn("scheduler", "schedule-group/default"),
    )
    window = schedule.flexible_time_window
    arguments |= {
        "RoleArn": role,
        "RetryPolicy": retry_policy(schedule.retry_policy, schedule),
        "Input": None if schedule.input is None else known_text(schedule, "input"),
        "DeadLetterConfig": None if queue is None else {"Arn": stack.arn(queue, schedule)},
    }
    stack.add(
        logical,
        "AWS::Scheduler::Schedule",
        {
            "Name": name,
            "ScheduleExpression": known_text(schedule, "schedule_expression"),
            "FlexibleTimeWindow": {"Mode": "OFF"}
            if window is None
            else {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": known(window, f"{schedule.id}: the window is")},
            "State": known_text(schedule, "state"),
            "Target": {key: value for key, value in arguments.items() if value is not None},
        },
    )


def retry_policy(policy: RetryPolicy | None, holder: Resource) -> Properties | None:
    """A retry policy with what is set in it; None without one."""
    if policy is None:
        return None
    values = {
        "MaximumEventAgeInSeconds": policy.maximum_event_age,
        "MaximumRetryAttempts": policy.maximum_retry_attempts,
    }
    return {name: known(value, f"{holder.id}: {name} is") for name, value in values.items() if value is not None}


_STARTS = {
    "function": "lambda:InvokeFunction",
    "state machine": "states:StartExecution",
    "queue": "sqs:SendMessage",
    "topic": "sns:Publish",
    "event bus": "events:PutEvents",
    "Kinesis stream": "kinesis:PutRecord",
}


def _starts(target: Resource, schedule: Schedule) -> str:
    if target.kind not in _STARTS:
        raise RenderError(f"{schedule.id}: {target.id} is {a_kind(target)}; render writes no schedule with that target")
    return _STARTS[target.kind]


def _senders(stack: Stack, resource: Resource) -> list[Any]:
    """Who sends to it through a resource policy: rules (as target or dead-letter queue) and buses (dead letters)."""
    senders: dict[str, Any] = {}
    for link in stack.topology.links_to(resource.id):
        if isinstance(link.holder, Rule) and not link.holder.existing:
            senders[link.holder.id] = Att(stack.logical(link.holder))
        elif isinstance(link.holder, EventBus) and not link.holder.existing:
            # The bus refers to the queue; a reference back would be a circle.
            senders[link.holder.id] = stack.deployed_arn(link.holder)
    return list(senders.values())
