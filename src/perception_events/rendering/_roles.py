"""Who may do what: one role for each actor, with the actions and resources that it uses and no others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perception_events.rendering._stack import Stack
from perception_events.rendering._values import Att, Properties, Ref

__all__ = ["add_role", "allow", "logs_of", "service_policy"]

_LONGEST_ROLE_NAME = 64


def allow(actions: str | Iterable[str], resource: Any) -> Properties:
    """One statement that allows `actions` on `resource`."""
    return {"Effect": "Allow", "Action": [actions] if isinstance(actions, str) else list(actions), "Resource": resource}


def logs_of(log_group: Any) -> Properties:
    """What is needed to write to a log group (an ARN that ends in `:*`)."""
    return allow(("logs:CreateLogStream", "logs:PutLogEvents"), log_group)


def service_policy(service: str, action: str, resource: Any, senders: Iterable[Any]) -> Properties:
    """A resource policy that lets `service` do `action` for the `senders` (ARNs) only."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(senders)}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def add_role(
    stack: Stack, logical: str, name: str, service: str, statements: Iterable[Any], *, source_arn: Any = None
) -> Att:
    """Add the role that `service` assumes, for the caller `source_arn` in this account only, and return its ARN.

    A role is called `name`, unless that is longer than IAM takes: then CloudFormation gives it a name.

    AWS: IAM User Guide, the confused deputy problem (`aws:SourceArn`, `aws:SourceAccount`).
    """
    trust: Properties = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if source_arn is not None:
        trust["Condition"] = {
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
            "ArnEquals": {"aws:SourceArn": source_arn},
        }
    listed = list(statements)
    policies = [{"PolicyName": "least-privilege", "PolicyDocument": {"Version": "2012-10-17", "Statement": listed}}]
    stack.add(
        logical,
        "AWS::IAM::Role",
        {
            "RoleName": name if len(name) <= _LONGEST_ROLE_NAME else None,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": policies if listed else None,
        },
    )
    return Att(logical)
