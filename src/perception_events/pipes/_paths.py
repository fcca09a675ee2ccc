"""Dynamic path parameters: a target parameter that is wholly a JSON path reads its value from the item."""

from __future__ import annotations

import re
from collections.abc import Callable

from perception_events.json_values import JSONValue
from perception_events.pipes._errors import InvalidPipeError, PipeTargetError

__all__ = ["Parameter", "parameter"]

# The pattern of `JsonPath` in the service model: no quoted keys, so `date#event_type` is out of reach.
_JSON_PATH = re.compile(r"\$(\.[\w/_-]+(\[(\d+|\*)\])*)*")
_STEP = re.compile(r"\.([\w/_-]+)|\[(\d+|\*)\]")

Parameter = Callable[[JSONValue], JSONValue]
"""Gives a parameter's value for an item."""


def parameter(name: str, text: str) -> Parameter:
    """What gives the parameter `name`, declared as `text`, its value for each item.

    A `text` that is wholly a path (`$.detail.kind`) is looked up in the item; any other text, also one with a path
    inside it, is the value.

    Unknown on AWS: what a missing path does at run time. Here the batch fails (`PipeTargetError`), loudly.

    Raises:
        InvalidPipeError: `text` starts as a path and is none.
    """
    if text == "$" or text.startswith(("$.", "$[")):
        if not _JSON_PATH.fullmatch(text):
            raise InvalidPipeError(
                f"{name}={text!r} is not a JSON path; a path is made of $.name, [index] and [*], and names hold only "
                "letters, digits, '_', '-' and '/' (a name with '#' or '.' cannot be reached)"
            )
        steps = [key or index for key, index in _STEP.findall(text)]
        return lambda item: _look_up(name, text, steps, item)
    return lambda item: text


def _look_up(name: str, text: str, steps: list[str], item: JSONValue) -> JSONValue:
    value = item
    for position, step in enumerate(steps):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step == "*":
            rest = steps[position + 1 :]
            return [_look_up(name, text, rest, element) for element in value]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise PipeTargetError(f"{name}: the item has nothing at {text} ({step!r} is missing); keep it in the item")
    return value
