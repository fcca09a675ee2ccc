"""JSON read as the engine reads it: repeated keys, number spellings and positions kept, to any allowed depth.

The engine's reader stops at the closing brace of the object, so text after it is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from json import decoder

from perception_events.json_values import InvalidJSONValueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, Literal, TypeAlias

    Kind: TypeAlias = Literal["object", "array", "string", "number", "literal"]

__all__ = [
    "MAX_DEPTH",
    "MAX_NAME_LENGTH",
    "MAX_NUMBER_LENGTH",
    "JSONTextError",
    "Node",
    "TooManyValuesError",
    "node_of",
    "number_text",
    "read",
    "run",
]

MAX_DEPTH = 1000
"""How deep the engine's reader goes. AWS: `PutEvents` documents the same limit."""

MAX_NUMBER_LENGTH = 1000
"""How many characters of a number the engine's reader takes."""

MAX_NAME_LENGTH = 50_000
"""How many UTF-16 units of a name the engine's reader takes."""

_PRINTABLE_BITS = 10_000
"""Below the 4,300 digits up to which Python spells an int."""

_scan_string = decoder.scanstring  # type: ignore[attr-defined]
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LITERAL = re.compile(r"true|false|null")
_WORD = re.compile(r"[A-Za-z0-9_$.+-]*")


class JSONTextError(ValueError):
    """Text that is not JSON; `offset` is where."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


class TooManyValuesError(ValueError):
    """A value that holds more values than are read."""


class Node:
    """One JSON value.

    `text` is the value of a string, the spelling of a number, or `true`, `false`, `null`. `members` are an object's
    (key, value) pairs in order, repeated keys included, or an array's elements under the key "".
    """

    __slots__ = ("kind", "members", "offset", "text")

    def __init__(
        self,
        kind: Kind,
        offset: int | None,
        text: str = "",
        members: list[tuple[str, int | None, Node]] | None = None,
    ) -> None:
        self.kind = kind
        self.offset = offset
        self.text = text
        self.members = members

    @property
    def children(self) -> list[tuple[str, int | None, Node]]:
        """(key, offset of the key, value) of an object or array; nothing of a scalar."""
        return self.members or []


def run(generator: Generator[Any, Any, Any]) -> Any:
    """Run a recursive generator function without Python's stack: it yields the calls it would make."""
    stack = [generator]
    value: Any = None
    while stack:
        try:
            child = stack[-1].send(value)
        except StopIteration as stop:
            stack.pop()
            value = stop.value
        else:
            stack.append(child)
            value = None
    return value


def read(text: str) -> Node:
    """Read the JSON value at the start of `text`.

    Raises:
        JSONTextError: it is not JSON, nested deeper than `MAX_DEPTH`, or holds a number or a name too long.
    """
    position = _skip(text, 0)
    root, position = _value(text, position)
    open_nodes: list[Node] = [root] if root.members is not None else []
    first = True
    while open_nodes:
        node = open_nodes[-1]
        position = _skip(text, position)
        close = "}" if node.kind == "object" else "]"
        here = text[position : position + 1]
        if here == close:
            position += 1
            open_nodes.pop()
            first = False
            continue
        if not first:
            if here != ",":
                raise JSONTextError(f"Unexpected {_found(text, position)}: expected a comma or {close!r}", position)
            position = _skip(text, position + 1)
        key, key_offset = "", None
        if node.kind == "object":
            key_offset = position
            if text[position : position + 1] != '"':
                raise JSONTextError(f"Unexpected {_found(text, position)}: expected a field name", position)
            key, position = _string(text, position)
            check_name(key, key_offset)
            position = _skip(text, position)
            if text[position : position + 1] != ":":
                raise JSONTextError(f"Unexpected {_found(text, position)}: expected a colon", position)
            position = _skip(text, position + 1)
        value, position = _value(text, position)
        assert node.members is not None
        node.members.append((key, key_offset, value))
        first = False
        if value.members is not None:
            open_nodes.append(value)
            first = True
            if len(open_nodes) > MAX_DEPTH:
                raise JSONTextError(f"Document nesting depth exceeds the maximum allowed ({MAX_DEPTH})", position - 1)
    return root


def _value(text: str, position: int) -> tuple[Node, int]:
    """Read a scalar, or just the opening of an object or array."""
    here = text[position : position + 1]
    if here == "{":
        return Node("object", position, members=[]), position + 1
    if here == "[":
        return Node("array", position, members=[]), position + 1
    if here == '"':
        value, end = _string(text, position)
        return Node("string", position, value), end
    found = _LITERAL.match(text, position)
    kind: Kind = "literal"
    if not found:
        found = _NUMBER.match(text, position)
        kind = "number"
    # A word must end where it ends: 01, 1.x and nulls are no values.
    if not found or _WORD.match(text, found.end()).group():  # type: ignore[union-attr]
        raise JSONTextError(f"Unexpected {_found(text, position)}: expected a JSON value", position)
    if kind == "number":
        check_number(found.group(), position)
    return Node(kind, position, found.group()), found.end()


_AFTER_ZERO = re.compile(r"-?0(?:\.[0-9]+|[eE][+-]?[0-9]+)")


def check_number(text: str, offset: int = 0) -> None:
    """Reject a number that the engine's reader rejects for its length.

    Signs, the point and `e` do not count, nor a 0 that only a fraction or only an exponent follows: measured.

    Raises:
        JSONTextError: it has too many digits.
    """
    if len(text) > MAX_NUMBER_LENGTH:
        digits = len(text) - sum(map(text.count, "-+.eE")) - (_AFTER_ZERO.fullmatch(text) is not None)
        if digits > MAX_NUMBER_LENGTH:
            reason = f"Number value length ({digits}) exceeds the maximum allowed ({MAX_NUMBER_LENGTH})"
            raise JSONTextError(reason, offset)


def check_name(name: str, offset: int = 0) -> None:
    """Reject a name of an object that the engine's reader rejects for its length; it counts in UTF-16.

    Raises:
        JSONTextError: it is too long.
    """
    if 2 * len(name) > MAX_NAME_LENGTH:
        units = len(name.encode("utf-16-le", "surrogatepass")) // 2
        if units > MAX_NAME_LENGTH:
            reason = f"Name length ({units}) exceeds the maximum allowed ({MAX_NAME_LENGTH})"
            raise JSONTextError(reason, offset)


def _string(text: str, position: int) -> tuple[str, int]:
    try:
        value, end = _scan_string(text, position + 1, True)
    except ValueError as error:
        reason, offset = getattr(error, "msg", str(error)), getattr(error, "pos", position)
        raise JSONTextError(reason, offset) from None
    return value, end


def _skip(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]


def _found(text: str, position: int) -> str:
    if position >= len(text):
        return "end of text"
    word = _WORD.match(text, position).group()[:20]  # type: ignore[union-attr]
    return repr(word or text[position])


def node_of(value: object, most: int | None = None) -> Node:
    """The node of a Python value: dict, list or tuple, str, int, float, Decimal, bool, None.

    `most`: the most values, and characters of strings, that it may hold; None is without limit. One that is shared
    counts wherever it stands.

    Raises:
        TooManyValuesError: it holds more.
        InvalidJSONValueError: a value that JSON has not, or a key that is not a string.
        JSONTextError: NaN or Infinity, or nested deeper than `MAX_DEPTH`.
    """

    root = _shallow_node(value)
    stack: list[tuple[Node, Any, int]] = [(root, value, 1)]
    count = 1
    while stack:
        node, content, depth = stack.pop()
        if node.members is None:
            continue
        if depth > MAX_DEPTH:
            raise JSONTextError(f"Document nesting depth exceeds the maximum allowed ({MAX_DEPTH})", 0)
        for key, member in content.items() if node.kind == "object" else [("", element) for element in content]:
            if not isinstance(key, str):
                raise InvalidJSONValueError("a name of an object", "a string", key)
            check_name(key)
            child = _shallow_node(member)
            node.members.append((key, None, child))
            count += 1 + (len(child.text) if child.kind == "string" else 0)
            if most is not None and count > most:
                raise TooManyValuesError(most)
            if child.members is not None:
                stack.append((child, member, depth + 1))
    return root


def _shallow_node(value: object) -> Node:
    if isinstance(value, str):
        return Node("string", None, str(value))
    if isinstance(value, (list, tuple)):
        return Node("array", None, members=[])
    if isinstance(value, (dict, Mapping)):
        return Node("object", None, members=[])
    if value is None or isinstance(value, bool):
        return Node("literal", None, "null" if value is None else "true" if value else "false")
    text = number_text(value)
    check_number(text)
    return Node("number", None, text)


def number_text(value: object) -> str:
    """The JSON spelling of a Python number.

    Raises:
        InvalidJSONValueError: it is not a number.
        JSONTextError: NaN or Infinity.
    """
    if isinstance(value, float):
        text = float.__repr__(value)
    elif isinstance(value, int):
        # Decimal digits of a very long int take quadratic time. No double and no pattern is as long, so any text serves
        # that no other number has.
        return int.__repr__(value) if value.bit_length() <= _PRINTABLE_BITS else f"{value:#x}"
    else:
        # Here, because to import decimal costs a cold start a millisecond, and whoever has one has imported it.
        from decimal import Decimal

        if not isinstance(value, Decimal):
            raise InvalidJSONValueError("", "a JSON value", value)
        text = str(value)
    if text[-1] in "nfyNFY":
        raise JSONTextError(f"{text} is not a JSON number", 0)
    return text
