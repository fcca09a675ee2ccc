"""What a pattern's text says: objects of fields, and values with their comparison operators.

Strings are kept as texts, numbers as they were spelled. Each value prints itself back as JSON.
"""

from __future__ import annotations

import json
import re

from perception_events.value_objects import ValueObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AnythingBut",
    "AnythingButOperator",
    "Cidr",
    "EqualsIgnoreCase",
    "Exactly",
    "Exists",
    "Field",
    "Literal",
    "Number",
    "Numeric",
    "ObjectPattern",
    "Or",
    "Prefix",
    "String",
    "Suffix",
    "ValuePattern",
    "Wildcard",
]


_SURROGATE = re.compile("[\ud800-\udfff]")


def _quoted(text: str) -> str:
    # A lone surrogate cannot be encoded; escaped, it survives being written to a file.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


class String(ValueObject):
    """`["x"]`: equal to a string."""

    __slots__ = __match_args__ = ("value",)
    operator = "equals"

    def __init__(self, value: str) -> None:
        self.value = value

    def __str__(self) -> str:
        return _quoted(self.value)


class Number(ValueObject):
    """`[1.0]`: equal to a number; `text` is its spelling."""

    __slots__ = __match_args__ = ("text",)
    operator = "equals"

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class Literal(ValueObject):
    """`[true]`, `[false]` or `[null]`."""

    __slots__ = __match_args__ = ("text",)
    operator = "equals"

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class Exactly(ValueObject):
    """`[{"exactly": "x"}]`: equal to a string, and never taken for an address."""

    __slots__ = __match_args__ = ("value",)
    operator = "exactly"

    def __init__(self, value: str) -> None:
        self.value = value

    def __str__(self) -> str:
        return f'{{"exactly":{_quoted(self.value)}}}'


class Prefix(ValueObject):
    """`[{"prefix": "x"}]`, or with `ignore_case` `[{"prefix": {"equals-ignore-case": "x"}}]`."""

    __slots__ = __match_args__ = ("value", "ignore_case")
    operator = "prefix"

    def __init__(self, value: str, ignore_case: bool = False) -> None:
        self.value = value
        self.ignore_case = ignore_case

    def __str__(self) -> str:
        return _affix(self.operator, self.value, self.ignore_case)


class Suffix(ValueObject):
    """`[{"suffix": "x"}]`, or with `ignore_case` `[{"suffix": {"equals-ignore-case": "x"}}]`."""

    __slots__ = __match_args__ = ("value", "ignore_case")
    operator = "suffix"

    def __init__(self, value: str, ignore_case: bool = False) -> None:
        self.value = value
        self.ignore_case = ignore_case

    def __str__(self) -> str:
        return _affix(self.operator, self.value, self.ignore_case)


def _affix(operator: str, value: str, ignore_case: bool) -> str:
    return f'{{"{operator}":{{"equals-ignore-case":{_quoted(value)}}}}}' if ignore_case else _call(operator, value)


def _call(operator: str, value: str) -> str:
    return f'{{"{operator}":{_quoted(value)}}}'


class EqualsIgnoreCase(ValueObject):
    """`[{"equals-ignore-case": "x"}]`."""

    __slots__ = __match_args__ = ("value",)
    operator = "equals-ignore-case"

    def __init__(self, value: str) -> None:
        self.value = value

    def __str__(self) -> str:
        return _call(self.operator, self.value)


class Wildcard(ValueObject):
    """`[{"wildcard": "a*b"}]`; a backslash before `*` or a backslash makes it an ordinary character."""

    __slots__ = __match_args__ = ("value",)
    operator = "wildcard"

    def __init__(self, value: str) -> None:
        self.value = value

    def __str__(self) -> str:
        return _call(self.operator, self.value)


class AnythingBut(ValueObject):
    """`[{"anything-but": ...}]`: one value or a list, all strings or all numbers (`numeric`: their spellings)."""

    __slots__ = __match_args__ = ("values", "numeric")
    operator = "anything-but"

    def __init__(self, values: tuple[str, ...], numeric: bool = False) -> None:
        self.values = values
        self.numeric = numeric

    def __str__(self) -> str:
        return f'{{"anything-but":{_one_or_list(self.values if self.numeric else map(_quoted, self.values))}}}'


class AnythingButOperator(ValueObject):
    """`[{"anything-but": {"prefix": ...}}]`: none of `values` under the operator `inner`."""

    __slots__ = __match_args__ = ("inner", "values")
    operator = "anything-but"

    def __init__(self, inner: str, values: tuple[str, ...]) -> None:
        self.inner = inner
        """`prefix`, `suffix`, `equals-ignore-case` or `wildcard`."""
        self.values = values

    def __str__(self) -> str:
        return f'{{"anything-but":{{"{self.inner}":{_one_or_list(map(_quoted, self.values))}}}}}'


def _one_or_list(values: Iterable[str]) -> str:
    texts = sorted(set(values))
    return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"


class Numeric(ValueObject):
    """`[{"numeric": [">", 0, "<=", 5]}]`: one comparison, or a lower bound and then an upper one."""

    __slots__ = __match_args__ = ("comparisons",)
    operator = "numeric"

    def __init__(self, comparisons: tuple[tuple[str, str], ...]) -> None:
        self.comparisons = comparisons
        """(`=`, `<`, `<=`, `>` or `>=`, the number's spelling)."""

    def __str__(self) -> str:
        return f'{{"numeric":[{",".join(f"{_quoted(op)},{number}" for op, number in self.comparisons)}]}}'


class Exists(ValueObject):
    """`[{"exists": true}]`: there is a leaf, or there is none."""

    __slots__ = __match_args__ = ("present",)
    operator = "exists"

    def __init__(self, present: bool) -> None:
        self.present = present

    def __str__(self) -> str:
        return f'{{"exists":{"true" if self.present else "false"}}}'


class Cidr(ValueObject):
    """`[{"cidr": "10.0.0.0/24"}]`."""

    __slots__ = __match_args__ = ("value",)
    operator = "cidr"

    def __init__(self, value: str) -> None:
        self.value = value

    def __str__(self) -> str:
        return _call(self.operator, self.value)


ValuePattern = (
    String
    | Number
    | Literal
    | Exactly
    | Prefix
    | Suffix
    | EqualsIgnoreCase
    | Wildcard
    | AnythingBut
    | AnythingButOperator
    | Numeric
    | Exists
    | Cidr
)
"""One member of a field's list."""


class Field:
    """A field: an object of fields, or a list of values of which one must hold."""

    __slots__ = __match_args__ = ("name", "content")

    def __init__(self, name: str, content: ObjectPattern | tuple[ValuePattern, ...]) -> None:
        self.name = name
        self.content = content


class Or:
    """`"$or": [...]`: two or more objects, one of which must hold."""

    __slots__ = __match_args__ = ("branches",)

    def __init__(self, branches: tuple[ObjectPattern, ...]) -> None:
        self.branches = branches


class ObjectPattern:
    """Fields and `$or`s, in the text's order, which decides where one overwrites another."""

    __slots__ = __match_args__ = ("members",)

    def __init__(self, members: tuple[Field | Or, ...]) -> None:
        self.members = members
