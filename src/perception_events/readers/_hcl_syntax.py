"""The syntax tree of HCL: what `_hcl` parses a file to and `_hcl_values` evaluates.

Each expression keeps its line and its source, which stands for its value where that is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = [
    "Attribute",
    "Binary",
    "Block",
    "Body",
    "Call",
    "Conditional",
    "ForDirective",
    "ForExpression",
    "GetAttribute",
    "IfDirective",
    "Index",
    "Literal",
    "Name",
    "Node",
    "ObjectExpression",
    "Splat",
    "Template",
    "TupleExpression",
    "Unary",
]


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, `true`, `false`, `null`, or a text without `${}`."""

    value: Any
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text with `${}` or `%{}`: literal pieces, expressions and directives."""

    parts: tuple[Any, ...]
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class IfDirective:
    """`%{ if }`, `%{ else }`, `%{ endif }` inside a template."""

    condition: Node
    then: tuple[Any, ...]
    otherwise: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ForDirective:
    """`%{ for }`, `%{ endfor }` inside a template."""

    key: str | None
    value: str
    collection: Node
    body: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """A variable's first step: `var`, `local`, `aws_sqs_queue`, a name that `for` gives."""

    name: str
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class GetAttribute:
    """`of.name`."""

    of: Node
    name: str
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class Index:
    """`of[key]`, `of.0`."""

    of: Node
    key: Node
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class Splat:
    """`of[*].rest` and `of.*.rest`; `rest` are the names and keys that follow."""

    of: Node
    rest: tuple[str | Node, ...]
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`; with `expand`, the last argument is a list of arguments."""

    name: str
    arguments: tuple[Node, ...]
    expand: bool
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class TupleExpression:
    """`[a, b]`."""

    elements: tuple[Node, ...]
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class ObjectExpression:
    """`{key = value}`; a key is a text where it is written as a name."""

    items: tuple[tuple[Node, Node], ...]
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class ForExpression:
    """`[for k, v in collection : value if condition]`, or the object form with `key => value`."""

    key_name: str | None
    value_name: str
    collection: Node
    key: Node | None
    value: Node
    condition: Node | None
    grouped: bool
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `!x`."""

    operator: str
    operand: Node
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class Binary:
    """`x operator y`."""

    operator: str
    left: Node
    right: Node
    line: int
    source: str


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node
    line: int
    source: str


Node: TypeAlias = (
    Literal
    | Template
    | Name
    | GetAttribute
    | Index
    | Splat
    | Call
    | TupleExpression
    | ObjectExpression
    | ForExpression
    | Unary
    | Binary
    | Conditional
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = value` in a body."""

    value: Node
    line: int


@dataclass(slots=True)
class Body:
    """What stands between braces, or in a file: attributes and blocks, in order."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """`type "label" "label" { body }`."""

    type: str
    labels: tuple[str, ...]
    body: Body
    line: int
