"""Values of a topology as memory needs them: known or not, and names that the in-memory parts take."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from perception_events.json_values import JSONObject, JSONValue, copy_json
from perception_events.resource_names import name_requirement
from perception_events.topology import Resource, SourceParameters, Unresolved, unresolved_in

__all__ = ["arn_of", "expressions", "known_parameters", "name_of", "number", "plain"]


def expressions(*values: object) -> tuple[str, ...]:
    """The expressions of everything unknown in `values`, each once."""
    return tuple(dict.fromkeys(unknown.expression for value in values for unknown in unresolved_in(value)))


def plain(value: Any) -> JSONValue:
    """A JSON value of the topology, in which nothing is unknown, as plain dicts and lists."""
    return copy_json(value)


def number(value: object, otherwise: int) -> int:
    """A number of the topology; AWS's default where it is not set or not known."""
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def known_parameters(parameters: SourceParameters) -> SourceParameters:
    """The parameters that are known; the others have AWS's default, and its dead-letter queue is wired elsewhere."""
    unknown: dict[str, Any] = {
        field.name: None for field in fields(parameters) if isinstance(getattr(parameters, field.name), Unresolved)
    }
    return replace(parameters, **{**unknown, "dead_letter_queue": None})


def name_of(resource: Resource, kind: str) -> str:
    """The resource's name where it is known and `kind` of name may be so; else one that is made of its id."""
    name = resource.name
    if isinstance(name, str) and name and name_requirement(kind, name) is None:
        return name
    return re.sub(r"[^A-Za-z0-9_.\-]", "-", resource.id)[:48] or "unnamed"


def arn_of(resource: Resource) -> str:
    """The resource's ARN, or its id where that is not known."""
    return resource.arn if isinstance(resource.arn, str) and resource.arn else resource.id


def account_and_region(resource: Resource) -> tuple[str, str]:
    """What the resource's ARN says, or what is made up where it says nothing."""
    parts = resource.arn.split(":") if isinstance(resource.arn, str) else []
    region, account = (parts[3], parts[4]) if len(parts) > 5 else ("", "")
    is_region = re.fullmatch(r"[a-z0-9-]+", region) is not None
    return account if account.isdigit() else "123456789012", region if is_region else "us-east-1"


def as_object(value: Any) -> JSONObject:
    """A group of parameters as a plain object; empty where it is not one."""
    found = plain(value)
    return found if isinstance(found, dict) else {}
