"""Schemas that a CloudFormation template declares: the documents in its `AWS::EventSchemas::Schema` resources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["declared_schemas", "is_unresolved"]

_TYPE = "AWS::EventSchemas::Schema"
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


def declared_schemas(template: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON Pointer of each schema in a template, and its properties with the text in `Fn::Sub` as it will be.

    Variables become what the template itself says: constants, defaults of parameters, the name of a registry in it.
    Others stay as they are written.

    AWS: CloudFormation User Guide, "AWS::EventSchemas::Schema".
    """
    resources = template.get("Resources")
    for name, resource in resources.items() if isinstance(resources, Mapping) else ():
        if not isinstance(resource, Mapping) or resource.get("Type") != _TYPE:
            continue
        properties = resource.get("Properties")
        if isinstance(properties, Mapping):
            texts = {key: _text(value, template) for key, value in properties.items()}
            yield f"/Resources/{name}/Properties", texts


def is_unresolved(source: str) -> bool:
    """Whether a source is known only to a deployment."""
    return "${" in source or "{{resolve:" in source


def _text(value: Any, template: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping) or "Fn::Sub" not in value:
        return value
    text, constants = value["Fn::Sub"], {}
    if isinstance(text, list) and len(text) == 2 and isinstance(text[1], Mapping):
        text, constants = text[0], text[1]
    if not isinstance(text, str):
        return value

    def replaced(found: re.Match[str]) -> str:
        known = constants.get(found[1], _value(found[1], template))
        return known if isinstance(known, str) else found[0]

    return _VARIABLE.sub(replaced, text).replace("${!", "${")


def _value(name: str, template: Mapping[str, Any]) -> Any:
    """What the template says of a variable: a parameter's default, or the name of a registry."""
    resource, _, attribute = name.partition(".")
    if not attribute:
        return _at(template, "Parameters", name, "Default")
    return _at(template, "Resources", resource, "Properties", attribute) if attribute == "RegistryName" else None


def _at(value: Any, *steps: str) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
