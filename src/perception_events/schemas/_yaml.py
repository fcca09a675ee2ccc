"""Schema documents and templates in YAML -> JSON text, which everything after reads."""

from __future__ import annotations

import json
from typing import Any

from perception_events.schemas.errors import InvalidSchemaError, YAMLMissingError

__all__ = ["json_of_yaml"]

_DEEPEST = 200
_FUNCTIONS = ("And", "Base64", "Cidr", "Condition", "Equals", "FindInMap", "GetAZs", "GetAtt", "If", "ImportValue",
              "Join", "Not", "Or", "Ref", "Select", "Split", "Sub", "Transform")  # fmt: skip
"""AWS: CloudFormation User Guide, "Intrinsic function reference"."""


def json_of_yaml(text: str, file: str) -> str:
    """The first document of `text` as JSON: names become texts, and times stay texts.

    Raises:
        InvalidSchemaError: it is not YAML, holds what JSON cannot, is nested too deep, or has aliases, of which a few
            lines can stand for millions of values.
        YAMLMissingError: PyYAML is not installed.
    """
    try:
        import yaml
    except ModuleNotFoundError:
        raise YAMLMissingError(
            "schemas in YAML need PyYAML; run: python -m pip install 'perception-events[schemas]'"
        ) from None
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:  # before the parser's time grows with the square of the depth
                raise InvalidSchemaError("it is nested too deep to be read", file)
            if isinstance(event, yaml.AliasEvent):
                where = "" if event.start_mark is None else f"line {event.start_mark.line + 1}: "
                raise InvalidSchemaError(f"{where}it has an alias (*{event.anchor}); write the value out", file)
        return json.dumps(_without_times(yaml)(text).get_data())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}: "
        raise InvalidSchemaError(f"{where}it is not YAML: {error.problem or error.context}", file) from None
    except yaml.YAMLError as error:
        raise InvalidSchemaError(f"it is not YAML: {str(error).splitlines()[0]}", file) from None
    except (TypeError, ValueError) as error:
        raise InvalidSchemaError(f"it holds what JSON cannot: {error}", file) from None


def _without_times(yaml: Any) -> Any:
    """The safe loader, to which a date is a text: in a schema it is an example or a name."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        yaml_implicit_resolvers = {  # noqa: RUF012
            first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    for name in _FUNCTIONS:
        Loader.add_constructor(f"!{name}", _function)
    return Loader


def _function(loader: Any, node: Any) -> dict[str, Any]:
    """The long form of a function of CloudFormation, as templates have them: `!Sub x` is `{"Fn::Sub": "x"}`."""
    name = node.tag.removeprefix("!")
    name = name if name in ("Ref", "Condition") else f"Fn::{name}"
    if node.id == "scalar":
        return {name: loader.construct_scalar(node)}
    construct = loader.construct_sequence if node.id == "sequence" else loader.construct_mapping
    return {name: construct(node, deep=True)}
