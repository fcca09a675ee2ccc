"""Event texts read for matching: number spellings and repeated keys are kept, text after the object is ignored."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any, NoReturn

from perception_events.patterns._errors import InvalidEventError
from perception_events.patterns._fields import NumberText, Pairs
from perception_events.patterns._json_text import (
    MAX_DEPTH,
    MAX_NUMBER_LENGTH,
    JSONTextError,
    Node,
    check_number,
    read,
    run,
)

__all__ = ["read_event"]


def read_event(text: str | bytes) -> Pairs:
    """The object at the start of `text`.

    Raises:
        InvalidEventError: it is not JSON, no object, or beyond the engine's limits.
    """
    if isinstance(text, bytes | bytearray):
        try:
            text = bytes(text).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidEventError(f"the event is not UTF-8: {error}") from None
    elif not isinstance(text, str):
        raise TypeError(f"an event text is str or bytes, this is a {type(text).__name__}; matches() takes a mapping")
    try:
        # Braces inside strings are counted too: then the slower reader decides.
        if text.count("{") + text.count("[") <= MAX_DEPTH:
            value, _ = _DECODER.raw_decode(text, len(text) - len(text.lstrip(" \t\n\r")))
        else:
            value = run(_values(read(text)))
    except JSONTextError as error:
        raise InvalidEventError(f"the event is not JSON: {error.reason} (character {error.offset})") from None
    except json.JSONDecodeError as error:
        raise InvalidEventError(f"the event is not JSON: {error}") from None
    if not isinstance(value, Pairs):
        raise InvalidEventError("Event must be a JSON object")
    return value


def _number(text: str) -> NumberText:
    if len(text) > MAX_NUMBER_LENGTH:
        check_number(text)
    return NumberText(text)


def _no_constant(name: str) -> NoReturn:
    raise JSONTextError(f"{name} is not a JSON number", 0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_float=_number, parse_int=_number, parse_constant=_no_constant
)


def _values(node: Node) -> Generator[Any, Any, Any]:
    if node.kind == "object":
        pairs = Pairs()
        for key, _, member in node.children:
            pairs.append((key, (yield _values(member))))
        return pairs
    if node.kind == "array":
        elements = []
        for _, _, member in node.children:
            elements.append((yield _values(member)))
        return elements
    if node.kind == "number":
        return NumberText(node.text)
    return {"true": True, "false": False, "null": None}[node.text] if node.kind == "literal" else node.text
