"""Who may do what: one role for each actor, with the actions and resources that it uses and no others."""

from __future__ import annotations

from collections.abc import Iterable

from perception_events.json_values import JSONObject, JSONValue
from perception_events.rendering._stack import Stack

__all__ = ["READ_STREAM", "add_role", "allow", "logs_of"]

READ_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
"""AWS: EventBridge User Guide, Pipes DynamoDB sources, execution role."""


def allow(actions: str | Iterable[str], resource: JSONValue) -> JSONObject:
    """One statement that allows `actions` on `resource`."""
    listed: list[JSONValue] = [actions] if isinstance(actions, str) else list(actions)
    return {"Effect": "Allow", "Action": listed, "Resource": resource}


def logs_of(log_group: JSONValue) -> JSONObject:
    """What a function needs to write to its own log group (an ARN that ends in `:*`)."""
    return allow(("logs:CreateLogStream", "logs:PutLogEvents"), log_group)


def add_role(
    stack: Stack,
    logical: str,
    name: str,
    service: str,
    statements: Iterable[JSONObject],
    *,
    source_arn: JSONValue = None,
) -> None:
    """Add the role that `service` assumes, for the caller `source_arn` in this account only.

    AWS: IAM User Guide, the confused deputy problem (`aws:SourceArn`, `aws:SourceAccount`).
    """
    trust: JSONObject = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if source_arn is not None:
        trust["Condition"] = {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            "ArnEquals": {"aws:SourceArn": source_arn},
        }
    listed: list[JSONValue] = list(statements)
    policies: list[JSONValue] = [
        {"PolicyName": "least-privilege", "PolicyDocument": {"Version": "2012-10-17", "Statement": listed}}
    ]
    stack.add(
        logical,
        "AWS::IAM::Role",
        {
            "RoleName": name,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": policies if listed else None,
        },
    )
