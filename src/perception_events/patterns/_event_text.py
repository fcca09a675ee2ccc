"""Event texts read for matching: number spellings and repeated keys are kept, text after the object is ignored.

Objects become tuples of (key, value) pairs and numbers bytes, made by the C scanner itself: to keep what parsing loses
costs less than to build dicts and floats.
"""

from __future__ import annotations

import json
import re

from perception_events.patterns._errors import InvalidEventError
from perception_events.patterns._json_text import (
    MAX_DEPTH,
    MAX_NUMBER_LENGTH,
    JSONTextError,
    Node,
    read,
    run,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, NoReturn

__all__ = ["read_event"]


def read_event(text: str | bytes) -> tuple[Any, ...]:
    """The object at the start of `text`, as `_fields` takes it.

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
        shallow = text.count("{") + text.count("[") <= MAX_DEPTH
        value = _scan(text) if shallow else run(_values(read(text)))
    except JSONTextError as error:
        raise InvalidEventError(f"the event is not JSON: {error.reason} (character {error.offset})") from None
    except json.JSONDecodeError as error:
        raise InvalidEventError(f"the event is not JSON: {error}") from None
    if type(value) is not tuple:
        raise InvalidEventError("Event must be a JSON object")
    return value


def _scan(text: str) -> Any:
    if not text.startswith("{"):
        text = text.lstrip(" \t\n\r")
    value, _ = _DECODER.raw_decode(text)
    # A number too long for the engine covers one of these characters.
    for index in range(0, len(text), MAX_NUMBER_LENGTH):
        if text[index] in _IN_NUMBERS:
            _check_numbers(text, index)
    return value


def _check_numbers(text: str, index: int) -> None:
    found = _LONG_NUMBER.search(text, max(0, index - MAX_NUMBER_LENGTH), index + MAX_NUMBER_LENGTH + 1)
    if found:
        # It may be inside a string: the slower reader knows.
        read(text)


_IN_NUMBERS = frozenset("-+.eE0123456789")
_LONG_NUMBER = re.compile(rf"[-+.eE0-9]{{{MAX_NUMBER_LENGTH + 1}}}")


def _no_constant(name: str) -> NoReturn:
    raise JSONTextError(f"{name} is not a JSON number", 0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_float=str.encode, parse_int=str.encode, parse_constant=_no_constant
)


def _values(node: Node) -> Generator[Any, Any, Any]:
    if node.kind == "object":
        pairs = []
        for key, _, member in node.children:
            pairs.append((key, (yield _values(member))))
        return tuple(pairs)
    if node.kind == "array":
        elements = []
        for _, _, member in node.children:
            elements.append((yield _values(member)))
        return elements
    if node.kind == "number":
        return node.text.encode()
    return {"true": True, "false": False, "null": None}[node.text] if node.kind == "literal" else node.text
