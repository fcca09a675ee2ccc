"""HCL text -> syntax tree with lines: the first phase of reading Terraform; `_hcl_values` evaluates it.

Written here and not taken from python-hcl2, which needs six times as long, leaves heredocs unread, and rejects a
heredoc whose end has trailing blanks, which Terraform takes.

Reference: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from perception_events.readers._problems import DocumentError

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
    "parse_body",
    "parse_template",
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


def parse_body(text: str) -> Body:
    """The attributes and blocks of a file.

    Raises:
        DocumentError: it is not HCL.
    """
    parser = _Parser(text.replace("\r\n", "\n"))
    try:
        body = parser.body(closing=False)
    except RecursionError:
        raise DocumentError("HCL that is nested too deeply", "flatten it", parser.line()) from None
    return body


def parse_template(text: str, line: int = 1) -> Node:
    """A text with `${}` and `%{}`, as it stands in a heredoc, a template file or a string of JSON syntax.

    Raises:
        DocumentError: an expression in it is not HCL.
    """
    parser = _Parser(text, line)
    return parser.template(quoted=False, start=0)


_SPACE = re.compile(r"(?:[ \t\r\f\ufeff]|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SPACE_AND_LINES = re.compile(r"(?:\s|\ufeff|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
_OPERATOR = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+*/%-]")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w.-]*)[ \t]*\n")
_LITERAL = re.compile(r'(?:[^"\\$%\n]|\$(?!\$?\{)|%(?!%?\{))+')
_PRECEDENCE = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4}
_PRECEDENCE |= {"+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DEEPEST = 150


class _Parser:
    """Recursive descent on the text itself; `_lines_end` says whether a line's end ends an expression."""

    def __init__(self, text: str, first_line: int = 1) -> None:
        self._text = text
        self._position = 0
        self._first_line = first_line
        self._line_starts = [match.end() for match in re.finditer("\n", text)]
        self._lines_end = True
        self._depth = 0

    def line(self, position: int | None = None) -> int:
        """The line of a position; of the present one by default."""
        return bisect_right(self._line_starts, self._position if position is None else position) + self._first_line

    # --- bodies

    def body(self, *, closing: bool) -> Body:
        """Up to the closing brace, or to the end of the text."""
        body = Body()
        while True:
            self._skip(lines=True)
            if self._position >= len(self._text):
                if closing:
                    raise self._error("a block that is not closed", "add `}`")
                return body
            if self._take("}"):
                if not closing:
                    raise self._error("`}` that closes nothing", "remove it", back=1)
                return body
            start = self._position
            name = self._name_or_string()
            self._skip()
            if self._text.startswith("=", self._position) and not self._text.startswith("==", self._position):
                self._position += 1
                body.attributes[name] = Attribute(self._outermost(), self.line(start))
                self._skip()
                if not self._at_end_of_item():
                    raise self._error(f"the value of {name} is followed by something else", "start a new line")
            else:
                body.blocks.append(self._block(name, start))

    def _block(self, type: str, start: int) -> Block:
        labels = []
        while not self._take("{"):
            if self._position >= len(self._text) or self._text[self._position] in "\n}=":
                raise self._error(f"{type} is neither `name = value` nor a block", "write `=` or `{`")
            labels.append(self._name_or_string())
            self._skip()
        outer, self._lines_end = self._lines_end, True
        inside = self._nested(lambda: self.body(closing=True))
        self._lines_end = outer
        return Block(type, tuple(labels), inside, self.line(start))

    def _at_end_of_item(self) -> bool:
        return self._position >= len(self._text) or self._text[self._position] in "\n}"

    def _outermost(self) -> Node:
        outer, self._lines_end = self._lines_end, True
        try:
            return self.expression()
        finally:
            self._lines_end = outer

    # --- expressions

    def expression(self) -> Node:
        """`condition ? yes : no`, or an operation."""
        return self._nested(self._conditional)  # type: ignore[no-any-return]

    def _nested(self, parse: Any) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"nested more than {_DEEPEST} levels deep", "flatten it")
        try:
            return parse()
        finally:
            self._depth -= 1

    def _conditional(self) -> Node:
        self._skip_inside()
        start = self._position
        condition = self._operation(1)
        self._skip_inside()
        if not self._take("?"):
            return condition
        self._skip(lines=True)
        yes = self.expression()
        self._skip(lines=True)
        self._expect(":")
        self._skip(lines=True)
        no = self.expression()
        return Conditional(condition, yes, no, self.line(start), self._text[start : self._position])

    def _operation(self, precedence: int) -> Node:
        self._skip_inside()
        start = self._position
        left = self._unary()
        while True:
            before = self._position
            self._skip_inside()
            match = _OPERATOR.match(self._text, self._position)
            if match is None or _PRECEDENCE[match[0]] < precedence:
                self._position = before
                return left
            self._position = match.end()
            self._skip(lines=True)
            right = self._operation(_PRECEDENCE[match[0]] + 1)
            left = Binary(match[0], left, right, self.line(start), self._text[start : self._position])

    def _unary(self) -> Node:
        start = self._position
        for operator in "!-":
            if self._text.startswith(operator, start) and not self._text.startswith("!=", start):
                self._position += 1
                self._skip_inside()
                operand = self._nested(self._unary)
                return Unary(operator, operand, self.line(start), self._text[start : self._position])
        return self._with_steps(self._term(), start)

    def _with_steps(self, node: Node, start: int) -> Node:
        """`node` with the attributes, keys and splats that follow it."""
        while True:
            before = self._position
            text = self._text
            if text.startswith("[*]", before) or text.startswith(".*", before):
                self._position += 3 if text[before] == "[" else 2
                node = Splat(node, self._rest(), self.line(start), text[start : self._position])
            elif text.startswith("[", before):
                self._position += 1
                key = self._bracketed("]")
                node = Index(node, key, self.line(start), text[start : self._position])
            elif text.startswith(".", before) and not text.startswith("...", before):
                self._position += 1
                self._skip_inside()
                number = _NUMBER.match(text, self._position)
                if number is not None:
                    digits = re.match(r"\d+", text[self._position : number.end()])
                    assert digits is not None
                    self._position += digits.end()
                    key = Literal(int(digits[0]), self.line(), digits[0])
                    node = Index(node, key, self.line(start), text[start : self._position])
                else:
                    name = self._name()
                    node = GetAttribute(node, name, self.line(start), text[start : self._position])
            else:
                return node

    def _rest(self) -> tuple[str | Node, ...]:
        rest: list[str | Node] = []
        while True:
            if self._text.startswith(".", self._position) and _NAME.match(self._text, self._position + 1):
                self._position += 1
                rest.append(self._name())
            elif self._text.startswith("[", self._position) and not self._text.startswith("[*", self._position):
                self._position += 1
                rest.append(self._bracketed("]"))
            else:
                return tuple(rest)

    def _bracketed(self, closing: str) -> Node:
        """An expression up to `closing`, in which lines do not end anything."""
        outer, self._lines_end = self._lines_end, False
        node = self.expression()
        self._skip(lines=True)
        self._expect(closing)
        self._lines_end = outer
        return node

    def _term(self) -> Node:
        start = self._position
        text = self._text
        if start >= len(text):
            raise self._error("a value is missing", "write one")
        character = text[start]
        if character == '"':
            self._position += 1
            return self.template(quoted=True, start=start)
        if character == "(":
            self._position += 1
            return self._bracketed(")")
        if character == "[":
            self._position += 1
            return self._tuple(start)
        if character == "{":
            self._position += 1
            return self._object(start)
        if character == "<" and (heredoc := _HEREDOC.match(text, start)):
            return self._heredoc(heredoc)
        number = _NUMBER.match(text, start)
        if number is not None:
            self._position = number.end()
            value = float(number[0]) if number[1] or number[2] else int(number[0])
            return Literal(value, self.line(start), number[0])
        match = _NAME.match(text, start)
        if match is None:
            raise self._error(f"{character!r} does not begin a value", "write a value", back=0)
        self._position = match.end()
        name = match[0]
        while text.startswith("::", self._position):  # a provider's function
            self._position += 2
            name = f"{name}::{self._name()}"
        if text.startswith("(", self._position):
            self._position += 1
            return self._call(name, start)
        if name in _WORDS:
            return Literal(_WORDS[name], self.line(start), name)
        return Name(name, self.line(start), name)

    def _call(self, name: str, start: int) -> Node:
        outer, self._lines_end = self._lines_end, False
        arguments: list[Node] = []
        expand = False
        while True:
            self._skip(lines=True)
            if self._take(")"):
                break
            arguments.append(self.expression())
            self._skip(lines=True)
            expand = self._take("...")
            self._skip(lines=True)
            if not self._take(","):
                self._skip(lines=True)
                self._expect(")")
                break
        self._lines_end = outer
        return Call(name, tuple(arguments), expand, self.line(start), self._text[start : self._position])

    def _tuple(self, start: int) -> Node:
        outer, self._lines_end = self._lines_end, False
        self._skip(lines=True)
        if self._word("for"):
            node = self._for("]", start)
            self._lines_end = outer
            return node
        elements: list[Node] = []
        while True:
            self._skip(lines=True)
            if self._take("]"):
                break
            elements.append(self.expression())
            self._skip(lines=True)
            if not self._take(","):
                self._expect("]")
                break
        self._lines_end = outer
        return TupleExpression(tuple(elements), self.line(start), self._text[start : self._position])

    def _object(self, start: int) -> Node:
        outer = self._lines_end
        self._lines_end = False
        self._skip(lines=True)
        if self._word("for"):
            node = self._for("}", start)
            self._lines_end = outer
            return node
        self._lines_end = True
        items: list[tuple[Node, Node]] = []
        while True:
            self._skip(lines=True)
            if self._take("}"):
                break
            key_start = self._position
            key = self.expression()
            if isinstance(key, Name):
                key = Literal(key.name, key.line, key.name)
            self._skip()
            if not (self._take("=") or self._take(":")):
                raise self._error("an object's key without a value", "write `key = value`", back=0)
            self._skip(lines=True)
            items.append((key, self.expression()))
            self._skip()
            if not self._take(",") and not self._at_end_of_item():
                raise self._error("two values without a comma or a new line between them", "write `,`")
            if self._position == key_start:
                raise self._error("an object that does not end", "add `}`")
        self._lines_end = outer
        return ObjectExpression(tuple(items), self.line(start), self._text[start : self._position])

    def _for(self, closing: str, start: int) -> Node:
        self._skip(lines=True)
        names = [self._name()]
        self._skip(lines=True)
        if self._take(","):
            self._skip(lines=True)
            names.append(self._name())
            self._skip(lines=True)
        if not self._word("in"):
            raise self._error("`for` without `in`", "write `for name in collection`")
        collection = self.expression()
        self._skip(lines=True)
        self._expect(":")
        value = self.expression()
        key: Node | None = None
        grouped = False
        self._skip(lines=True)
        if self._take("=>"):
            key, value = value, self.expression()
            self._skip(lines=True)
            grouped = self._take("...")
            self._skip(lines=True)
        condition = self.expression() if self._word("if") else None
        self._skip(lines=True)
        self._expect(closing)
        source = self._text[start : self._position]
        key_name = names[0] if len(names) == 2 else None
        return ForExpression(key_name, names[-1], collection, key, value, condition, grouped, self.line(start), source)

    # --- templates

    def _heredoc(self, match: re.Match[str]) -> Node:
        start = match.start()
        end = re.compile(rf"^[ \t]*{re.escape(match[2])}[ \t\r]*$", re.MULTILINE).search(self._text, match.end())
        if end is None:
            raise self._error(f"the heredoc {match[2]} does not end", f"write {match[2]} on a line of its own")
        content = self._text[match.end() : end.start()]
        if match[1]:
            content = _dedented(content)
        self._position = end.end()
        node = parse_template(content, self.line(match.end()))
        source = self._text[start : self._position]
        if isinstance(node, Literal):
            return Literal(node.value, node.line, source)
        assert isinstance(node, Template)
        return Template(node.parts, node.line, source)

    def template(self, *, quoted: bool, start: int) -> Node:
        """A text up to its closing quote, or up to the end."""
        tokens = self._template_tokens(quoted)
        line = self.line(start)
        parts, _ = _assembled(tokens, 0, ())
        source = self._text[start : self._position]
        if all(isinstance(part, str) for part in parts):
            return Literal("".join(parts), line, source)
        return Template(parts, line, source)

    def _template_tokens(self, quoted: bool) -> list[Any]:
        tokens: list[Any] = []
        text = self._text
        literal = _LITERAL if quoted else re.compile(r"(?:[^$%]|\$(?!\$?\{)|%(?!%?\{))+")
        strip_next = False
        while True:
            if self._position >= len(text):
                if quoted:
                    raise self._error("a text without its closing quote", 'add `"`')
                return tokens
            match = literal.match(text, self._position)
            if match is not None:
                self._position = match.end()
                tokens.append(match[0].lstrip() if strip_next else match[0])
                strip_next = False
                continue
            character = text[self._position]
            if quoted and character == '"':
                self._position += 1
                return tokens
            if quoted and character == "\\":
                tokens.append(self._escape())
            elif text.startswith(("$${", "%%{"), self._position):
                tokens.append(text[self._position + 1 : self._position + 3])
                self._position += 3
            elif text.startswith(("${", "%{"), self._position):
                directive = character == "%"
                self._position += 2
                if self._take("~") and tokens and isinstance(tokens[-1], str):
                    tokens[-1] = tokens[-1].rstrip()
                outer, self._lines_end = self._lines_end, False
                tokens.append(self._directive() if directive else self.expression())
                self._skip(lines=True)
                strip_next = self._take("~")
                self._expect("}")
                self._lines_end = outer
            else:  # a quoted text does not go over the end of a line
                raise self._error("a text without its closing quote", 'add `"`, or use a heredoc')

    def _escape(self) -> str:
        text = self._text
        character = text[self._position + 1 : self._position + 2]
        digits = {"u": 4, "U": 8}.get(character)
        if digits is not None:
            code = text[self._position + 2 : self._position + 2 + digits]
            self._position += 2 + digits
            try:
                return chr(int(code, 16))
            except (ValueError, OverflowError):
                raise self._error(f"\\{character}{code} is not a character", "correct it") from None
        if character not in _ESCAPES:
            raise self._error(f"\\{character} is not an escape", "write `\\\\` for a backslash")
        self._position += 2
        return _ESCAPES[character]

    def _directive(self) -> tuple[Any, ...]:
        self._skip(lines=True)
        if self._word("if"):
            return ("if", self.expression())
        if self._word("for"):
            self._skip(lines=True)
            names = [self._name()]
            self._skip(lines=True)
            if self._take(","):
                self._skip(lines=True)
                names.append(self._name())
                self._skip(lines=True)
            if not self._word("in"):
                raise self._error("`for` without `in`", "write `for name in collection`")
            return ("for", names[0] if len(names) == 2 else None, names[-1], self.expression())
        for word in ("else", "endif", "endfor"):
            if self._word(word):
                return (word,)
        raise self._error("an unknown directive", "write if, else, endif, for or endfor")

    # --- characters

    def _skip(self, *, lines: bool = False) -> None:
        pattern = _SPACE_AND_LINES if lines else _SPACE
        match = pattern.match(self._text, self._position)
        assert match is not None
        self._position = match.end()

    def _skip_inside(self) -> None:
        self._skip(lines=not self._lines_end)

    def _take(self, sign: str) -> bool:
        if self._text.startswith(sign, self._position) and not (
            sign == "=" and self._text.startswith(("==", "=>"), self._position)
        ):
            self._position += len(sign)
            return True
        return False

    def _word(self, word: str) -> bool:
        match = _NAME.match(self._text, self._position)
        if match is not None and match[0] == word:
            self._position = match.end()
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._error(f"`{sign}` is missing", f"add `{sign}`")

    def _name(self) -> str:
        match = _NAME.match(self._text, self._position)
        if match is None:
            raise self._error("a name is missing", "write one")
        self._position = match.end()
        return match[0]

    def _name_or_string(self) -> str:
        start = self._position
        if self._take('"'):
            node = self.template(quoted=True, start=start)
            if isinstance(node, Literal):
                return str(node.value)
            raise self._error("a label with `${}`", "write the label out")
        return self._name()

    def _error(self, what: str, fix: str, *, back: int = 0) -> DocumentError:
        return DocumentError(f"not HCL: {what}", fix, self.line(self._position - back))


def _assembled(tokens: list[Any], position: int, closing: tuple[str, ...]) -> tuple[tuple[Any, ...], int]:
    """Directives with what stands between them; up to one of the words `closing`."""
    parts: list[Any] = []
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if not isinstance(token, tuple):
            parts.append(token)
        elif token[0] in closing:
            return tuple(parts), position - 1
        elif token[0] == "if":
            then, position = _assembled(tokens, position, ("else", "endif"))
            otherwise: tuple[Any, ...] = ()
            if position < len(tokens) and tokens[position][0] == "else":
                otherwise, position = _assembled(tokens, position + 1, ("endif",))
            position += 1
            parts.append(IfDirective(token[1], then, otherwise))
        elif token[0] == "for":
            body, position = _assembled(tokens, position, ("endfor",))
            position += 1
            parts.append(ForDirective(token[1], token[2], token[3], body))
    return tuple(parts), position


def _dedented(text: str) -> str:
    lines = text.split("\n")
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    shift = min(indents, default=0)
    return "\n".join(line[shift:] for line in lines)
