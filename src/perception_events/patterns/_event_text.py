"""Event texts read for matching: number spellings and repeated keys are kept, text after the object is ignored.

Objects become tuples of (key, value) pairs and numbers bytes, made by the C scanner itself: to keep what parsing loses
costs less than to build dicts and floats.
"""

from __future__ import annotations

import json

from perception_events.json_values import InvalidJSONValueError
from perception_events.patterns._errors import InvalidEventError
from perception_events.patterns._json_text import (
    MAX_DEPTH,
    MAX_NAME_LENGTH,
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

__all__ = ["MAX_DEPTH", "has_long_name", "has_long_number", "plain", "read_event", "scan"]


def read_event(text: str | bytes) -> tuple[Any, ...]:
    """The object at the start of `text`, as `_fields` takes it.

    Raises:
        InvalidEventError: it is not JSON, no object, or beyond the engine's limits.
    """
    if type(text) is not str:
        text = _decoded(text)
    try:
        value = scan(text)
    except JSONTextError as error:
        raise InvalidEventError(f"the event is not JSON: {error.reason} (character {error.offset})") from None
    except json.JSONDecodeError as error:
        raise InvalidEventError(f"the event is not JSON: {error}") from None
    if type(value) is not tuple:
        raise InvalidEventError("Event must be a JSON object")
    return value


def _decoded(text: object) -> str:
    if isinstance(text, bytes | bytearray):
        try:
            decoded = str(text, "utf-8")  # "utf-8-sig" would be decoded by Python code
        except UnicodeDecodeError as error:
            raise InvalidEventError(f"the event is not UTF-8: {error}") from None
        return decoded[1:] if decoded.startswith("\ufeff") else decoded
    if not isinstance(text, str):
        raise InvalidJSONValueError("the event text", "str or bytes (matches() takes a mapping)", text)
    return text


def scan(text: str) -> Any:
    """The value at the start of `text`, objects as tuples of pairs, numbers as bytes.

    Raises:
        JSONTextError: it is beyond the engine's limits, or holds NaN or Infinity.
        JSONDecodeError: it is not JSON.
    """
    if not text.startswith("{"):
        text = text.lstrip(" \t\n\r")
    try:
        value, _ = _scan_once(text, 0)
    except RecursionError:
        return run(_values(read(text)))
    except StopIteration as stop:
        raise json.JSONDecodeError("Expecting value", text, stop.value) from None
    # A text that is not longer than these limits cannot go beyond them.
    if len(text) > MAX_NUMBER_LENGTH:
        if text.count("{") + text.count("[") > MAX_DEPTH and type(value) is tuple and _is_deep(value):
            read(text)  # raises
        # raises, unless what looks like a number is inside a string, or a name is between the half and the whole length
        if has_long_number(text) or has_long_name(text):
            read(text)
    return value


def has_long_number(text: str) -> bool:
    """Whether there is something in `text` that looks like a number too long for the engine."""
    # It covers one of these characters.
    return any(
        text[index] in _IN_NUMBERS and _is_long_number(text, index) for index in range(0, len(text), MAX_NUMBER_LENGTH)
    )


def has_long_name(text: str, step: int = MAX_NAME_LENGTH // 2) -> bool:
    """Whether a name in `text` has more than `step` characters: no fewer make one too long, for some count twice.

    What stands without a quote between covers one of every `step` characters, and a colon follows a name.
    """
    if len(text) <= step:
        return False
    if "\\" in text and '\\"' in text:  # one character is found sooner than two
        text = text.replace("\\\\", "  ").replace('\\"', "  ")  # as long as before, without quotes in strings
    index = step
    while index < len(text):
        start = text.rfind('"', index - step, index)
        end = text.find('"', index)
        if end < 0:
            return False
        is_long = end - max(start, index - step - 1) > step + 1
        if is_long and text[end + 1 : end + 80].lstrip(" \t\n\r")[:1] in ("", ":"):
            return True
        index += step * max(1, (end - index) // step)
    return False


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        members = (m for v in level for m in (v if type(v) is list else [member for _, member in v]))
        level = [m for m in members if type(m) is list or type(m) is tuple]
        if not level:
            return False
    return True


def _is_long_number(text: str, index: int) -> bool:
    before = text[max(0, index - MAX_NUMBER_LENGTH) : index]
    after = text[index : index + MAX_NUMBER_LENGTH + 1]
    around = len(before) - len(before.rstrip(_IN_NUMBERS)) + len(after) - len(after.lstrip(_IN_NUMBERS))
    return around > MAX_NUMBER_LENGTH


_IN_NUMBERS = "-+.eE0123456789"


def _no_constant(name: str) -> NoReturn:
    raise JSONTextError(f"{name} is not a JSON number", 0)


_scan_once = json.JSONDecoder(
    object_pairs_hook=tuple, parse_float=str.encode, parse_int=str.encode, parse_constant=_no_constant
).scan_once  # type: ignore[attr-defined]
"""The scanner itself: `raw_decode` only calls it."""


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


def plain(event: Any) -> Any:
    """What `read_event` gives as the values of `json.loads`; of repeated keys the last one counts."""

    def convert(value: Any) -> Generator[Any, Any, Any]:
        if type(value) is tuple:
            members = {}
            for key, member in value:
                members[key] = yield convert(member)
            return members
        if type(value) is list:
            elements = []
            for member in value:
                elements.append((yield convert(member)))
            return elements
        return _as_number(value) if isinstance(value, bytes) else value

    return run(convert(event))


def _as_number(spelling: bytes) -> int | float:
    text = spelling.decode()
    return int(text) if len(text) < 19 and text.lstrip("-").isdigit() else float(text)
