"""What stands in a template for what is known only after the deployment; between the resources and each format.

Properties are JSON values in which these markers may stand. A marker is a class, never a dict with a certain key,
so that no name, pattern or text of the user's can be taken for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["AccountArn", "AlarmActions", "Att", "JSONText", "Marker", "Properties", "Ref"]

Properties: TypeAlias = dict[str, Any]
"""The properties of one resource, by CloudFormation's names."""


@dataclass(frozen=True, slots=True)
class Ref:
    """What CloudFormation's `Ref` gives: a resource's name, URL or ARN, by its type; or a parameter's value."""

    logical: str


@dataclass(frozen=True, slots=True)
class Att:
    """One attribute of a resource."""

    logical: str
    attribute: str = "Arn"


@dataclass(frozen=True, slots=True)
class AccountArn:
    """An ARN in the account and Region that the template is deployed to."""

    service: str
    rest: str


@dataclass(frozen=True, slots=True)
class JSONText:
    """A JSON document, in which markers may stand, as a text."""

    document: Any


@dataclass(frozen=True, slots=True)
class AlarmActions:
    """The topic of the parameter `AlarmTopicArn`, or nothing where it is empty."""


Marker: TypeAlias = Ref | Att | AccountArn | JSONText | AlarmActions
