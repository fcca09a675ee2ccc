"""Dynamic path parameters: a target parameter that is wholly a JSON path reads its value from the item."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perception_events.input_transforms import MISSING, InvalidTemplateError, JSONPath
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes._errors import InvalidPipeError, PipeTargetError

__all__ = ["Parameter", "parameter", "parameters"]

Parameter = Callable[[JSONValue], JSONValue]
"""Gives a parameter's value for an item."""


def parameter(name: str, text: str) -> Parameter:
    """What gives the parameter `name`, declared as `text`, its value for each item.

    A `text` that is wholly a path (`$.detail.kind`) is looked up in the item; any other text, also one with a path
    inside it, is the value.

    Unknown on AWS: what a missing path does at run time. Here the batch fails (`PipeTargetError`), loudly.

    Raises:
        InvalidPipeError: `text` begins as a path and is not one.
    """
    if text != "$" and not text.startswith(("$.", "$[")):
        return lambda item: text
    try:
        path = JSONPath.parse(text)
    except InvalidTemplateError as error:
        raise InvalidPipeError(f"{name}={text!r} is not a JSON path: {error}") from error

    def find(item: JSONValue) -> JSONValue:
        value = path.find(item)
        if value is MISSING:
            raise PipeTargetError(f"{name}: the item has nothing at {text}; keep it in the item")
        return value

    return find


def parameters(declared: Mapping[str, JSONValue], name: str = "") -> Callable[[JSONValue], JSONObject]:
    """What gives a group of parameters its values for each item: every text in it, at any depth, is a `parameter`.

    Raises:
        InvalidPipeError: a text begins as a path and is not one.
    """
    compiled = {key: _compiled(value, f"{name}.{key}" if name else key) for key, value in declared.items()}
    return lambda item: {key: value(item) for key, value in compiled.items()}


def _compiled(value: JSONValue, name: str) -> Parameter:
    if isinstance(value, str):
        return parameter(name, value)
    if isinstance(value, Mapping):
        return parameters(value, name)
    if isinstance(value, list):
        members = [_compiled(member, f"{name}[{at}]") for at, member in enumerate(value)]
        return lambda item: [member(item) for member in members]
    return lambda item: value
