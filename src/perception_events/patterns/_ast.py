"""What a pattern's text says: objects of fields, and values with their comparison operators.

Strings are kept as texts, numbers as they were spelled. Each value prints itself back as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

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


@dataclass(frozen=True, slots=True)
class String:
    """`["x"]`: equal to a string."""

    operator: ClassVar[str] = "equals"
    value: str

    def __str__(self) -> str:
        return _quoted(self.value)


@dataclass(frozen=True, slots=True)
class Number:
    """`[1.0]`: equal to a number; `text` is its spelling."""

    operator: ClassVar[str] = "equals"
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Literal:
    """`[true]`, `[false]` or `[null]`."""

    operator: ClassVar[str] = "equals"
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Exactly:
    """`[{"exactly": "x"}]`: equal to a string, and never taken for an address."""

    operator: ClassVar[str] = "exactly"
    value: str

    def __str__(self) -> str:
        return f'{{"exactly":{_quoted(self.value)}}}'


@dataclass(frozen=True, slots=True)
class Prefix:
    """`[{"prefix": "x"}]`, or with `ignore_case` `[{"prefix": {"equals-ignore-case": "x"}}]`."""

    operator: ClassVar[str] = "prefix"
    value: str
    ignore_case: bool = False

    def __str__(self) -> str:
        return _affix(self.operator, self.value, self.ignore_case)


@dataclass(frozen=True, slots=True)
class Suffix:
    """`[{"suffix": "x"}]`, or with `ignore_case` `[{"suffix": {"equals-ignore-case": "x"}}]`."""

    operator: ClassVar[str] = "suffix"
    value: str
    ignore_case: bool = False

    def __str__(self) -> str:
        return _affix(self.operator, self.value, self.ignore_case)


def _affix(operator: str, value: str, ignore_case: bool) -> str:
    return f'{{"{operator}":{{"equals-ignore-case":{_quoted(value)}}}}}' if ignore_case else _call(operator, value)


def _call(operator: str, value: str) -> str:
    return f'{{"{operator}":{_quoted(value)}}}'


@dataclass(frozen=True, slots=True)
class EqualsIgnoreCase:
    """`[{"equals-ignore-case": "x"}]`."""

    operator: ClassVar[str] = "equals-ignore-case"
    value: str

    def __str__(self) -> str:
        return _call(self.operator, self.value)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`[{"wildcard": "a*b"}]`; a backslash before `*` or a backslash makes it an ordinary character."""

    operator: ClassVar[str] = "wildcard"
    value: str

    def __str__(self) -> str:
        return _call(self.operator, self.value)


@dataclass(frozen=True, slots=True)
class AnythingBut:
    """`[{"anything-but": ...}]`: one value or a list, all strings or all numbers (`numeric`: their spellings)."""

    operator: ClassVar[str] = "anything-but"
    values: tuple[str, ...]
    numeric: bool = False

    def __str__(self) -> str:
        return f'{{"anything-but":{_one_or_list(self.values if self.numeric else map(_quoted, self.values))}}}'


@dataclass(frozen=True, slots=True)
class AnythingButOperator:
    """`[{"anything-but": {"prefix": ...}}]`: none of `values` under the operator `inner`."""

    operator: ClassVar[str] = "anything-but"
    inner: str
    """`prefix`, `suffix`, `equals-ignore-case` or `wildcard`."""
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f'{{"anything-but":{{"{self.inner}":{_one_or_list(map(_quoted, self.values))}}}}}'


def _one_or_list(values: Iterable[str]) -> str:
    texts = sorted(set(values))
    return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"


@dataclass(frozen=True, slots=True)
class Numeric:
    """`[{"numeric": [">", 0, "<=", 5]}]`: one comparison, or a lower bound and then an upper one."""

    operator: ClassVar[str] = "numeric"
    comparisons: tuple[tuple[str, str], ...]
    """(`=`, `<`, `<=`, `>` or `>=`, the number's spelling)."""

    def __str__(self) -> str:
        return f'{{"numeric":[{",".join(f"{_quoted(op)},{number}" for op, number in self.comparisons)}]}}'


@dataclass(frozen=True, slots=True)
class Exists:
    """`[{"exists": true}]`: there is a leaf, or there is none."""

    operator: ClassVar[str] = "exists"
    present: bool

    def __str__(self) -> str:
        return f'{{"exists":{"true" if self.present else "false"}}}'


@dataclass(frozen=True, slots=True)
class Cidr:
    """`[{"cidr": "10.0.0.0/24"}]`."""

    operator: ClassVar[str] = "cidr"
    value: str

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


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field: an object of fields, or a list of values of which one must hold."""

    name: str
    content: ObjectPattern | tuple[ValuePattern, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Or:
    """`"$or": [...]`: two or more objects, one of which must hold."""

    branches: tuple[ObjectPattern, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectPattern:
    """Fields and `$or`s, in the text's order, which decides where one overwrites another."""

    members: tuple[Field | Or, ...]
