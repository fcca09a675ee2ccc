"""The second half of a template: the bus with archive and schema discovery, and its rules with their targets."""

from __future__ import annotations

from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline import RuleSettings
from perception_events.rendering._stack import Stack, att, logical_id, ref

__all__ = ["add_bus", "add_rules"]


def add_bus(stack: Stack) -> None:
    """The bus, unless the declaration refers to one by name; the archive in either case."""
    bus = stack.pipeline.bus
    if not bus.existing_name:
        properties: JSONObject = {"Name": stack.names.bus}
        if bus.dead_letter_queue:
            stack.add_queue("bus", senders=[stack.arn("events", f"event-bus/{stack.names.bus}")])
            properties["DeadLetterConfig"] = {"Arn": stack.queue_arn("bus")}
        stack.add("EventBus", "AWS::Events::EventBus", properties)
        if bus.schema_discovery:
            stack.add(
                "SchemaDiscoverer",
                "AWS::EventSchemas::Discoverer",
                {"SourceArn": att("EventBus"), "Description": f"Schemas of {stack.names.bus}", "CrossAccount": False},
            )
    if bus.archive_retention_days is not None:
        stack.add(
            "EventArchive",
            "AWS::Events::Archive",
            {
                "ArchiveName": f"{stack.pipeline.name}-archive-{stack.env}",
                "SourceArn": stack.bus_arn,
                "RetentionDays": bus.archive_retention_days,
            },
        )
    stack.outputs["EventBusArn"] = {"Value": stack.bus_arn}


def add_rules(stack: Stack) -> None:
    """Every rule with its targets, the queue for what cannot be delivered, and the right to invoke."""
    rules = [(logical_id(rule.name), rule) for rule in stack.pipeline.rule_settings()]
    if stack.pipeline.bus.target_dead_letter_queue and any(rule.targets for _, rule in rules):
        stack.add_queue("target", senders=[att(logical) for logical, rule in rules if rule.targets])
    for logical, rule in rules:
        _add_rule(stack, logical, rule)


def _add_rule(stack: Stack, logical: str, rule: RuleSettings) -> None:
    bus = stack.pipeline.bus
    targets: list[JSONValue] = []
    for target in rule.targets:
        described: JSONObject = {
            "Id": target,
            "Arn": stack.function_arn(target),
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": bus.target_event_age,
                "MaximumRetryAttempts": bus.target_retry_attempts,
            },
        }
        if bus.target_dead_letter_queue:
            described["DeadLetterConfig"] = {"Arn": stack.queue_arn("target")}
        targets.append(described)
    stack.add(
        logical,
        "AWS::Events::Rule",
        {
            "Name": f"{rule.name}-{stack.env}",
            "EventBusName": stack.bus_name,
            "EventPattern": rule.event_pattern,
            "State": "ENABLED",
            "Targets": targets or None,
        },
    )
    for target in rule.targets:
        stack.add(
            logical_id(rule.name, target, "permission"),
            "AWS::Lambda::Permission",
            {
                "Action": "lambda:InvokeFunction",
                "FunctionName": ref(logical_id(target, "function"))
                if stack.creates(target)
                else stack.function_arn(target),
                "Principal": "events.amazonaws.com",
                "SourceArn": att(logical),
            },
        )
