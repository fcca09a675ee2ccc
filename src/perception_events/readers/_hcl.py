"""HCL text -> syntax tree with lines: the first phase of reading Terraform; `_hcl_values` evaluates it.

Written here and not taken from python-hcl2, which needs six times as long, leaves heredocs unread, and rejects a
heredoc whose end has trailing blanks, which Terraform takes.

Reference: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re
from typing import Any

from perception_events.readers._hcl_scanner import NAME, Scanner
from perception_events.readers._hcl_syntax import (
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Conditional,
    ForExpression,
    GetAttribute,
    Index,
    Literal,
    Name,
    Node,
    ObjectExpression,
    Splat,
    Template,
    TupleExpression,
    Unary,
)
from perception_events.readers._hcl_templates import assembled, dedented
from perception_events.readers._problems import DocumentError

__all__ = ["parse_body", "parse_template"]


_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
_OPERATOR = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+*/%-]")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w.-]*)[ \t]*\n")
_LITERAL = re.compile(r'(?:[^"\\$%\n]|\$(?!\$?\{)|%(?!%?\{))+')
_PRECEDENCE = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4}
_PRECEDENCE |= {"+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DEEPEST = 150
_MOST_VALUES = 100_000
_LONGEST_CHAIN = 200
"""Operations, or attributes of attributes, in a row: each step keeps the text from the first one on."""


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


class _Parser(Scanner):
    """Recursive descent on the text itself."""

    # --- bodies

    def body(self, *, closing: bool) -> Body:
        """Up to the closing brace, or to the end of the text."""
        body = Body()
        while True:
            self.skip(lines=True)
            if self.position >= len(self.text):
                if closing:
                    raise self.error("a block that is not closed", "add `}`")
                return body
            if self.take("}"):
                if not closing:
                    raise self.error("`}` that closes nothing", "remove it", back=1)
                return body
            start = self.position
            name = self._name_or_string()
            self.skip()
            if self.text.startswith("=", self.position) and not self.text.startswith("==", self.position):
                self.position += 1
                body.attributes[name] = Attribute(self._outermost(), self.line(start))
                self.skip()
                if not self._at_end_of_item():
                    raise self.error(f"the value of {name} is followed by something else", "start a new line")
            else:
                body.blocks.append(self._block(name, start))

    def _block(self, type: str, start: int) -> Block:
        labels = []
        while not self.take("{"):
            if self.position >= len(self.text) or self.text[self.position] in "\n}=":
                raise self.error(f"{type} is neither `name = value` nor a block", "write `=` or `{`")
            labels.append(self._name_or_string())
            self.skip()
        outer, self.lines_end = self.lines_end, True
        inside = self._nested(lambda: self.body(closing=True))
        self.lines_end = outer
        return Block(type, tuple(labels), inside, self.line(start))

    def _at_end_of_item(self) -> bool:
        return self.position >= len(self.text) or self.text[self.position] in "\n}"

    def _outermost(self) -> Node:
        outer, self.lines_end = self.lines_end, True
        try:
            return self.expression()
        finally:
            self.lines_end = outer

    # --- expressions

    def expression(self) -> Node:
        """`condition ? yes : no`, or an operation."""
        return self._nested(self._conditional)  # type: ignore[no-any-return]

    def _nested(self, parse: Any) -> Any:
        self.depth += 1
        self.values += 1
        if self.values > _MOST_VALUES:
            raise self.error(f"more than {_MOST_VALUES:,} values", "split the file")
        if self.depth > _DEEPEST:
            raise self.error(f"nested more than {_DEEPEST} levels deep", "flatten it")
        try:
            return parse()
        finally:
            self.depth -= 1

    def _conditional(self) -> Node:
        self.skip_inside()
        start = self.position
        condition = self._operation(1)
        self.skip_inside()
        if not self.take("?"):
            return condition
        self.skip(lines=True)
        yes = self.expression()
        self.skip(lines=True)
        self.expect(":")
        self.skip(lines=True)
        no = self.expression()
        return Conditional(condition, yes, no, self.line(start), self.text[start : self.position])

    def _operation(self, precedence: int) -> Node:
        self.skip_inside()
        start = self.position
        left = self._unary()
        for _ in range(_LONGEST_CHAIN):
            before = self.position
            self.skip_inside()
            match = _OPERATOR.match(self.text, self.position)
            if match is None or _PRECEDENCE[match[0]] < precedence:
                self.position = before
                return left
            self.position = match.end()
            self.skip(lines=True)
            right = self._operation(_PRECEDENCE[match[0]] + 1)
            left = Binary(match[0], left, right, self.line(start), self.text[start : self.position])
        raise self._too_long()

    def _unary(self) -> Node:
        start = self.position
        for operator in "!-":
            if self.text.startswith(operator, start) and not self.text.startswith("!=", start):
                self.position += 1
                self.skip_inside()
                operand = self._nested(self._unary)
                return Unary(operator, operand, self.line(start), self.text[start : self.position])
        return self._with_steps(self._term(), start)

    def _with_steps(self, node: Node, start: int) -> Node:
        """`node` with the attributes, keys and splats that follow it."""
        for _ in range(_LONGEST_CHAIN):
            before = self.position
            text = self.text
            if text.startswith("[*]", before) or text.startswith(".*", before):
                self.position += 3 if text[before] == "[" else 2
                node = Splat(node, self._rest(), self.line(start), text[start : self.position])
            elif text.startswith("[", before):
                self.position += 1
                key = self._bracketed("]")
                node = Index(node, key, self.line(start), text[start : self.position])
            elif text.startswith(".", before) and not text.startswith("...", before):
                self.position += 1
                self.skip_inside()
                number = _NUMBER.match(text, self.position)
                if number is not None:
                    digits = re.match(r"\d+", text[self.position : number.end()])
                    assert digits is not None
                    self.position += digits.end()
                    key = Literal(int(digits[0]), self.line(), digits[0])
                    node = Index(node, key, self.line(start), text[start : self.position])
                else:
                    name = self.name()
                    node = GetAttribute(node, name, self.line(start), text[start : self.position])
            else:
                return node
        raise self._too_long()

    def _too_long(self) -> DocumentError:
        return self.error(f"more than {_LONGEST_CHAIN} steps or operations in a row", "split the expression")

    def _rest(self) -> tuple[str | Node, ...]:
        rest: list[str | Node] = []
        while True:
            if self.text.startswith(".", self.position) and NAME.match(self.text, self.position + 1):
                self.position += 1
                rest.append(self.name())
            elif self.text.startswith("[", self.position) and not self.text.startswith("[*", self.position):
                self.position += 1
                rest.append(self._bracketed("]"))
            else:
                return tuple(rest)

    def _bracketed(self, closing: str) -> Node:
        """An expression up to `closing`, in which lines do not end anything."""
        outer, self.lines_end = self.lines_end, False
        node = self.expression()
        self.skip(lines=True)
        self.expect(closing)
        self.lines_end = outer
        return node

    def _term(self) -> Node:
        start = self.position
        text = self.text
        if start >= len(text):
            raise self.error("a value is missing", "write one")
        character = text[start]
        if character == '"':
            self.position += 1
            return self.template(quoted=True, start=start)
        if character == "(":
            self.position += 1
            return self._bracketed(")")
        if character == "[":
            self.position += 1
            return self._tuple(start)
        if character == "{":
            self.position += 1
            return self._object(start)
        if character == "<" and (heredoc := _HEREDOC.match(text, start)):
            return self._heredoc(heredoc)
        number = _NUMBER.match(text, start)
        if number is not None:
            self.position = number.end()
            value = float(number[0]) if number[1] or number[2] else int(number[0])
            return Literal(value, self.line(start), number[0])
        match = NAME.match(text, start)
        if match is None:
            raise self.error(f"{character!r} does not begin a value", "write a value", back=0)
        self.position = match.end()
        name = match[0]
        while text.startswith("::", self.position):  # a provider's function
            self.position += 2
            name = f"{name}::{self.name()}"
        if text.startswith("(", self.position):
            self.position += 1
            return self._call(name, start)
        if name in _WORDS:
            return Literal(_WORDS[name], self.line(start), name)
        return Name(name, self.line(start), name)

    def _call(self, name: str, start: int) -> Node:
        outer, self.lines_end = self.lines_end, False
        arguments: list[Node] = []
        expand = False
        while True:
            self.skip(lines=True)
            if self.take(")"):
                break
            arguments.append(self.expression())
            self.skip(lines=True)
            expand = self.take("...")
            self.skip(lines=True)
            if not self.take(","):
                self.skip(lines=True)
                self.expect(")")
                break
        self.lines_end = outer
        return Call(name, tuple(arguments), expand, self.line(start), self.text[start : self.position])

    def _tuple(self, start: int) -> Node:
        outer, self.lines_end = self.lines_end, False
        self.skip(lines=True)
        if self.word("for"):
            node = self._for("]", start)
            self.lines_end = outer
            return node
        elements: list[Node] = []
        while True:
            self.skip(lines=True)
            if self.take("]"):
                break
            elements.append(self.expression())
            self.skip(lines=True)
            if not self.take(","):
                self.expect("]")
                break
        self.lines_end = outer
        return TupleExpression(tuple(elements), self.line(start), self.text[start : self.position])

    def _object(self, start: int) -> Node:
        outer = self.lines_end
        self.lines_end = False
        self.skip(lines=True)
        if self.word("for"):
            node = self._for("}", start)
            self.lines_end = outer
            return node
        self.lines_end = True
        items: list[tuple[Node, Node]] = []
        while True:
            self.skip(lines=True)
            if self.take("}"):
                break
            key_start = self.position
            key = self.expression()
            if isinstance(key, Name):
                key = Literal(key.name, key.line, key.name)
            self.skip()
            if not (self.take("=") or self.take(":")):
                raise self.error("an object's key without a value", "write `key = value`", back=0)
            self.skip(lines=True)
            items.append((key, self.expression()))
            self.skip()
            if not self.take(",") and not self._at_end_of_item():
                raise self.error("two values without a comma or a new line between them", "write `,`")
            if self.position == key_start:
                raise self.error("an object that does not end", "add `}`")
        self.lines_end = outer
        return ObjectExpression(tuple(items), self.line(start), self.text[start : self.position])

    def _for(self, closing: str, start: int) -> Node:
        self.skip(lines=True)
        names = [self.name()]
        self.skip(lines=True)
        if self.take(","):
            self.skip(lines=True)
            names.append(self.name())
            self.skip(lines=True)
        if not self.word("in"):
            raise self.error("`for` without `in`", "write `for name in collection`")
        collection = self.expression()
        self.skip(lines=True)
        self.expect(":")
        value = self.expression()
        key: Node | None = None
        grouped = False
        self.skip(lines=True)
        if self.take("=>"):
            key, value = value, self.expression()
            self.skip(lines=True)
            grouped = self.take("...")
            self.skip(lines=True)
        condition = self.expression() if self.word("if") else None
        self.skip(lines=True)
        self.expect(closing)
        source = self.text[start : self.position]
        key_name = names[0] if len(names) == 2 else None
        return ForExpression(key_name, names[-1], collection, key, value, condition, grouped, self.line(start), source)

    # --- templates

    def _heredoc(self, match: re.Match[str]) -> Node:
        start = match.start()
        end = re.compile(rf"^[ \t]*{re.escape(match[2])}[ \t\r]*$", re.MULTILINE).search(self.text, match.end())
        if end is None:
            raise self.error(f"the heredoc {match[2]} does not end", f"write {match[2]} on a line of its own")
        content = self.text[match.end() : end.start()]
        if match[1]:
            content = dedented(content)
        self.position = end.end()
        node = parse_template(content, self.line(match.end()))
        source = self.text[start : self.position]
        if isinstance(node, Literal):
            return Literal(node.value, node.line, source)
        assert isinstance(node, Template)
        return Template(node.parts, node.line, source)

    def template(self, *, quoted: bool, start: int) -> Node:
        """A text up to its closing quote, or up to the end."""
        tokens = self._template_tokens(quoted)
        line = self.line(start)
        parts, _ = assembled(tokens, 0, ())
        source = self.text[start : self.position]
        if all(isinstance(part, str) for part in parts):
            return Literal("".join(parts), line, source)
        return Template(parts, line, source)

    def _template_tokens(self, quoted: bool) -> list[Any]:
        tokens: list[Any] = []
        text = self.text
        literal = _LITERAL if quoted else re.compile(r"(?:[^$%]|\$(?!\$?\{)|%(?!%?\{))+")
        strip_next = False
        while True:
            if self.position >= len(text):
                if quoted:
                    raise self.error("a text without its closing quote", 'add `"`')
                return tokens
            match = literal.match(text, self.position)
            if match is not None:
                self.position = match.end()
                tokens.append(match[0].lstrip() if strip_next else match[0])
                strip_next = False
                continue
            character = text[self.position]
            if quoted and character == '"':
                self.position += 1
                return tokens
            if quoted and character == "\\":
                tokens.append(self._escape())
            elif text.startswith(("$${", "%%{"), self.position):
                tokens.append(text[self.position + 1 : self.position + 3])
                self.position += 3
            elif text.startswith(("${", "%{"), self.position):
                directive = character == "%"
                self.position += 2
                if self.take("~") and tokens and isinstance(tokens[-1], str):
                    tokens[-1] = tokens[-1].rstrip()
                outer, self.lines_end = self.lines_end, False
                tokens.append(self._directive() if directive else self.expression())
                self.skip(lines=True)
                strip_next = self.take("~")
                self.expect("}")
                self.lines_end = outer
            else:  # a quoted text does not go over the end of a line
                raise self.error("a text without its closing quote", 'add `"`, or use a heredoc')

    def _escape(self) -> str:
        text = self.text
        character = text[self.position + 1 : self.position + 2]
        digits = {"u": 4, "U": 8}.get(character)
        if digits is not None:
            code = text[self.position + 2 : self.position + 2 + digits]
            self.position += 2 + digits
            try:
                return chr(int(code, 16))
            except (ValueError, OverflowError):
                raise self.error(f"\\{character}{code} is not a character", "correct it") from None
        if character not in _ESCAPES:
            raise self.error(f"\\{character} is not an escape", "write `\\\\` for a backslash")
        self.position += 2
        return _ESCAPES[character]

    def _directive(self) -> tuple[Any, ...]:
        self.skip(lines=True)
        if self.word("if"):
            return ("if", self.expression())
        if self.word("for"):
            self.skip(lines=True)
            names = [self.name()]
            self.skip(lines=True)
            if self.take(","):
                self.skip(lines=True)
                names.append(self.name())
                self.skip(lines=True)
            if not self.word("in"):
                raise self.error("`for` without `in`", "write `for name in collection`")
            return ("for", names[0] if len(names) == 2 else None, names[-1], self.expression())
        for word in ("else", "endif", "endfor"):
            if self.word(word):
                return (word,)
        raise self.error("an unknown directive", "write if, else, endif, for or endfor")

    def _name_or_string(self) -> str:
        start = self.position
        if self.take('"'):
            node = self.template(quoted=True, start=start)
            if isinstance(node, Literal):
                return str(node.value)
            raise self.error("a label with `${}`", "write the label out")
        return self.name()
