"""From JSON text or a mapping to the AST, rejecting what the engine rejects, in its words and in its order."""

from __future__ import annotations

from collections.abc import Mapping

from perception_events.json_values import InvalidJSONValueError
from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import InvalidCidrError, cidr_range
from perception_events.patterns._errors import InvalidEventPatternError
from perception_events.patterns._hints import (
    OPERATORS,
    inside_anything_but,
    json_hint,
    not_an_object,
    numeric_form,
    one_string,
    operator_suggestion,
    quoted_boolean,
    shown_node,
)
from perception_events.patterns._json_text import JSONTextError, Node, TooManyValuesError, node_of, read, run
from perception_events.patterns._numbers import comparable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, NoReturn

__all__ = ["RESERVED_IN_OR", "parse"]

RESERVED_IN_OR = frozenset(
    [
        "exactly",
        "equals-ignore-case",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "wildcard",
        "numeric",
        "cidr",
        "=",
        "<",
        "<=",
        ">",
        ">=",
        "regex",
        "not-wildcard",
        "not-equals-ignore-case",
        "date-after",
        "date-on-or-after",
        "date-before",
        "date-on-or-before",
        "in-date-range",
        "ip-address-in-range",
        "ip-address-not-in-range",
    ]
)
"""Names which the engine keeps for operators, present and future, inside `$or`."""

_INNER_OPERATORS = ("equals-ignore-case", "prefix", "suffix", "wildcard")
_OR_FORM = 'as in {"$or": [{"a": ["x"]}, {"b": ["y"]}]}'
_OPERATOR_FORM = 'an operator has a name and one operand, as in {"prefix": "text"}'

_MAX_SHARED = 512
_shared_fields: dict[tuple[str, str], ast.Field] = {}
"""Fields of one string, as last read: what thousands of rules say (their source, their type) is in memory once."""


def parse(source: str | bytes | Mapping[str, object], max_length: int | None = None) -> ast.ObjectPattern:
    """Read a pattern. `max_length`: how many characters it may have, so a mapping may hold no more values.

    Raises:
        InvalidEventPatternError: the engine rejects it.
        InvalidJSONValueError: `source` is of another type, or a mapping holds what JSON has not.
    """
    text: str | None = None
    if isinstance(source, bytes | bytearray):
        try:
            text = bytes(source).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidEventPatternError(f"not UTF-8: {error}", code="InvalidJSON") from None
    elif isinstance(source, str):
        text = source
    elif not isinstance(source, Mapping):
        raise InvalidJSONValueError("the pattern", "JSON text or a mapping", source)
    try:
        root = read(text) if text is not None else node_of(source, most=max_length)
    except TooManyValuesError:
        raise InvalidEventPatternError(
            f"the pattern has more than {max_length} characters, and at most {max_length} characters are allowed",
            code="TooLong",
            hint="split it over several rules",
        ) from None
    except JSONTextError as error:
        offset = None if text is None else error.offset
        hint = None if text is None else json_hint(text, error.offset)
        raise InvalidEventPatternError(error.reason, code="InvalidJSON", text=text, offset=offset, hint=hint) from None
    return _Parser(text).top(root)


class _Parser:
    """One pattern being read; holds its text for the messages."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def top(self, root: Node) -> ast.ObjectPattern:
        if root.kind != "object":
            self._reject("Filter is not an object", "NotAnObject", root, "", not_an_object(root))
        parsed: ast.ObjectPattern = run(self._object(root, "", inside_or=False))
        return parsed

    def _reject(self, reason: str, code: str, node: Node, pointer: str, hint: str | None = None) -> NoReturn:
        raise InvalidEventPatternError(
            reason, code=code, pointer=pointer, text=self._text, offset=node.offset, hint=hint
        )

    def _object(self, node: Node, pointer: str, *, inside_or: bool) -> Generator[Any, Any, ast.ObjectPattern]:
        members: list[ast.Field | ast.Or] = []
        for name, _, value in node.children:
            here = f"{pointer}/{_escaped(name)}"
            if name == "$or":
                members.append((yield self._or(value, here)))
                continue
            if inside_or and name in RESERVED_IN_OR:
                self._reject(
                    f"{name} is Ruler reserved fieldName which cannot be used inside $or.",
                    "ReservedName",
                    value,
                    here,
                    f'inside $or an operator stands in a list, as in {{"field": [{{{_json(name)}: ...}}]}}; a field of '
                    "this name can be compared outside $or only",
                )
            if value.kind == "object":
                members.append(ast.Field(name, (yield self._object(value, here, inside_or=inside_or))))
            elif value.kind == "array":
                members.append(self._field(name, value, here))
            else:
                hint = f"a value must be in an array: {{{_json(name)}: [{shown_node(value)}]}}"
                if value.kind == "string" and value.text.lstrip()[:1] in ("[", "{"):
                    inner = value.text.strip()
                    shown = inner if len(inner) < 200 else "..."
                    hint = f"it is JSON text inside a string; write {{{_json(name)}: {shown}}}"
                if name in OPERATORS:
                    above = pointer.rpartition("/")[2] or "field"
                    hint = f"an operator stands in a list: {{{_json(above)}: [{{{_json(name)}: {shown_node(value)}}}]}}"
                self._reject(f'"{name}" must be an object or an array', "NotAList", value, here, hint)
        if not members:
            hint = 'name a field, as in {"source": ["my.app"]}; a rule for every event is {"source": [{"prefix": ""}]}'
            self._reject("Empty objects are not allowed", "EmptyObject", node, pointer, hint)
        return ast.ObjectPattern(tuple(members))

    def _or(self, node: Node, pointer: str) -> Generator[Any, Any, ast.Or]:
        if node.kind != "array":
            self._reject("It must be an Array followed with $or.", "InvalidOr", node, pointer, _OR_FORM)
        branches = []
        for index, (_, _, branch) in enumerate(node.children):
            here = f"{pointer}/{index}"
            if branch.kind != "object":
                reason = "Only JSON object is allowed in array of $or relationship."
                self._reject(reason, "InvalidOr", branch, here, _OR_FORM)
            branches.append((yield self._object(branch, here, inside_or=True)))
        if len(branches) < 2:
            hint = f"{_OR_FORM}; one alternative alone needs no $or"
            self._reject("There must have at least 2 Objects in $or relationship.", "InvalidOr", node, pointer, hint)
        return ast.Or(tuple(branches))

    def _field(self, name: str, node: Node, pointer: str) -> ast.Field:
        if len(node.children) != 1 or node.children[0][2].kind != "string":
            return ast.Field(name, self._values(node, pointer))
        text = node.children[0][2].text
        field = _shared_fields.get((name, text))
        if field is None:
            if len(_shared_fields) >= _MAX_SHARED:
                _shared_fields.clear()
            field = _shared_fields[name, text] = ast.Field(name, self._values(node, pointer))
        return field

    def _values(self, node: Node, pointer: str) -> tuple[ast.ValuePattern, ...]:
        if not node.children:
            hint = 'list a value, or write [{"exists": true}] for any value and [{"exists": false}] for none'
            self._reject("Empty arrays are not allowed", "EmptyList", node, pointer, hint)
        return tuple(self._value(member, f"{pointer}/{i}") for i, (_, _, member) in enumerate(node.children))

    def _value(self, node: Node, pointer: str) -> ast.ValuePattern:
        match node.kind:
            case "string":
                return ast.String(node.text)
            case "number":
                return ast.Number(node.text)
            case "literal":
                return ast.Literal(node.text)
            case "object":
                return self._operator(node, pointer)
        return self._reject(
            "Match value must be String, number, true, false, or null",
            "NestedList",
            node,
            pointer,
            f"the values of a field are one flat list: [{', '.join(shown_node(v) for _, _, v in node.children)}]",
        )

    def _operator(self, node: Node, pointer: str) -> ast.ValuePattern:
        if not node.children:
            self._reject("Match expression name not found", "EmptyOperator", node, pointer, _OPERATOR_FORM)
        name, offset, operand = node.children[0]
        here = f"{pointer}/{_escaped(name)}"
        value = self._operand(name, Node("string", offset, name), operand, here)
        self._only_one(node, pointer, "Only one key allowed in match expression")
        return value

    def _operand(self, name: str, key: Node, operand: Node, here: str) -> ast.ValuePattern:
        match name:
            case "exactly":
                return ast.Exactly(self._text_of(operand, here, "exact match pattern must be a string"))
            case "prefix" | "suffix":
                kind = ast.Prefix if name == "prefix" else ast.Suffix
                if operand.kind == "object":
                    return kind(self._ignore_case(name, operand, here), ignore_case=True)
                return kind(self._text_of(operand, here, f"{name} match pattern must be a string"))
            case "equals-ignore-case":
                reason = "equals-ignore-case match pattern must be a string"
                return ast.EqualsIgnoreCase(self._text_of(operand, here, reason))
            case "wildcard":
                value = self._text_of(operand, here, "wildcard match pattern must be a string")
                return ast.Wildcard(self._wildcard(value, operand, here))
            case "numeric":
                return self._numeric(operand, here)
            case "anything-but":
                return self._anything_but(operand, here)
            case "exists":
                if operand.kind != "literal" or operand.text == "null":
                    reason = "exists match pattern must be either true or false."
                    self._reject(reason, "InvalidOperand", operand, here, quoted_boolean(operand.text))
                return ast.Exists(operand.text == "true")
            case "cidr":
                value = self._text_of(operand, here, "prefix match pattern must be a string")
                try:
                    cidr_range(value)
                except InvalidCidrError as error:
                    hint = (
                        'an IPv4 block ends in /0 to /31 and an IPv6 block in /0 to /127, as in {"cidr": "10.0.0.0/24"}'
                    )
                    self._reject(str(error), "InvalidCidr", operand, here, hint)
                return ast.Cidr(value)
        return self._reject(
            f"Unrecognized match type {name}", "UnknownOperator", key, here, operator_suggestion(name, operand)
        )

    def _only_one(self, node: Node, pointer: str, reason: str) -> None:
        if len(node.children) > 1:
            name, offset, _ = node.children[1]
            hint = "put each operator in an object of its own: the list is an OR"
            self._reject(reason, "TooManyKeys", Node("string", offset, name), f"{pointer}/{_escaped(name)}", hint)

    def _text_of(self, node: Node, pointer: str, reason: str) -> str:
        if node.kind != "string":
            self._reject(reason, "InvalidOperand", node, pointer, one_string(pointer.rpartition("/")[2], node))
        return node.text

    def _ignore_case(self, name: str, node: Node, pointer: str) -> str:
        if not node.children:
            hint = f'as in {{"{name}": {{"equals-ignore-case": "text"}}}}'
            self._reject(f"{name.capitalize()} expression name not found", "EmptyOperator", node, pointer, hint)
        inner, offset, operand = node.children[0]
        here = f"{pointer}/{_escaped(inner)}"
        if inner != "equals-ignore-case":
            key = Node("string", offset, inner)
            hint = f'only equals-ignore-case goes into {name}: {{"{name}": {{"equals-ignore-case": "text"}}}}'
            self._reject(f"Unsupported {name} pattern: {inner}", "UnknownOperator", key, here, hint)
        value = self._text_of(operand, here, "equals-ignore-case match pattern must be a string")
        self._only_one(node, pointer, "Only one key allowed in match expression")
        return value

    def _wildcard(self, value: str, node: Node, pointer: str) -> str:
        """Positions count the bytes of the quoted text, as the engine's do."""
        octets = f'"{value}"'.encode(errors="replace")
        index = 0
        while index < len(octets):
            here, following = octets[index : index + 1], octets[index + 1 : index + 2]
            if here == b"*" and following == b"*":
                reason = f"Consecutive wildcard characters at pos {index}"
                self._reject(reason, "InvalidWildcard", node, pointer, "one * already matches any text")
            if here == b"\\":
                if following not in (b"*", b"\\"):
                    hint = "a backslash stands only before * or another backslash; in JSON each is written twice"
                    self._reject(f"Invalid escape character at pos {index}", "InvalidWildcard", node, pointer, hint)
                index += 1
            index += 1
        return value

    def _anything_but(self, operand: Node, here: str) -> ast.ValuePattern:
        inner: str | None = None
        whole = operand
        if operand.kind == "object":
            if not operand.children:
                hint = 'as in {"anything-but": "text"} or {"anything-but": {"prefix": "text"}}'
                self._reject("Anything-But expression name not found", "EmptyOperator", operand, here, hint)
            inner, offset, operand = operand.children[0]
            if inner not in _INNER_OPERATORS:
                key = Node("string", offset, inner)
                hint = f"inside anything-but stand {', '.join(_INNER_OPERATORS)}, a string, a number or a list of them"
                self._reject(f"Unsupported anything-but pattern: {inner}", "UnknownOperator", key, here, hint)
            here = f"{here}/{_escaped(inner)}"
        if operand.kind not in ("array", "string", "number"):
            reason = "Value of anything-but must be an array or single string/number value."
            hint = "null and booleans are compared by listing the others, as in [true] for anything but false"
            self._reject(reason, "InvalidOperand", operand, here, hint)
        members = [child for _, _, child in operand.children] if operand.kind == "array" else [operand]
        if inner is None:
            return self._anything_but_values(members, operand, here)
        values = tuple(self._inner_value(inner, member, here) for member in members)
        self._only_one(whole, here.rpartition("/")[0], "Too many elements in numeric expression")
        return ast.AnythingButOperator(inner, values)

    def _anything_but_values(self, members: list[Node], operand: Node, here: str) -> ast.AnythingBut:
        kinds = set()
        for member in members:
            if member.kind not in ("string", "number"):
                reason = "Inside anything but list, start|null|boolean is not supported."
                self._reject(reason, "InvalidOperand", member, here, inside_anything_but(members))
            if member.kind == "number":
                self._comparable(member, here)
            kinds.add(member.kind)
        if len(kinds) != 1:
            reason = "Inside anything but list, either all values are number or string, mixed type is not supported"
            hint = "an event's field is a string or a number: keep those of one kind in the list"
            self._reject(reason, "MixedTypes", operand, here, hint)
        return ast.AnythingBut(tuple(member.text for member in members), numeric=kinds == {"number"})

    def _inner_value(self, inner: str, node: Node, here: str) -> str:
        reasons = {
            "equals-ignore-case": "Inside anything-but/equals-ignore-case list, "
            "number|start|null|boolean is not supported.",
            "wildcard": "wildcard match pattern must be a string",
        }
        value = self._text_of(node, here, reasons.get(inner, "prefix/suffix match pattern must be a string"))
        if inner in ("prefix", "suffix") and not value:
            hint = 'every string begins and ends with ""; write the text that is to be excluded'
            self._reject("Null prefix/suffix not allowed", "EmptyAffix", node, here, hint)
        return self._wildcard(value, node, here) if inner == "wildcard" else value

    def _numeric(self, operand: Node, here: str) -> ast.Numeric:
        if operand.kind != "array":
            self._reject("Value of numeric must be an array.", "InvalidOperand", operand, here, numeric_form([operand]))
        terms = [child for _, _, child in operand.children]
        hint = numeric_form(terms)
        if not terms or terms[0].kind != "string":
            found = shown_node(terms[0]) if terms else "]"
            self._reject(f"Invalid member in numeric match: {found}", "InvalidNumeric", operand, here, hint)
        first = terms[0].text
        if first not in ("=", "<", "<=", ">", ">="):
            self._reject(f"Unrecognized numeric range operator: {first}", "InvalidNumeric", terms[0], here, hint)
        if len(terms) < 2 or terms[1].kind != "number":
            label = "equals" if first == "=" else first
            self._reject(f"Value of {label} must be numeric", "InvalidNumeric", operand, here, hint)
        low = self._comparable(terms[1], here)
        if len(terms) == 2:
            return ast.Numeric(((first, terms[1].text),))
        if first in ("=", "<", "<="):
            hint = "= takes one number" if first == "=" else 'a range is written lower bound first: [">", 0, "<", 5]'
            self._reject("Too many elements in numeric expression", "InvalidNumeric", terms[2], here, hint)
        second = terms[2]
        if second.kind != "string":
            self._reject(f"Bad value in numeric range: {shown_node(second)}", "InvalidNumeric", second, here, hint)
        if second.text not in ("<", "<="):
            self._reject(f"Bad numeric range operator: {second.text}", "InvalidNumeric", second, here, hint)
        if len(terms) < 4 or terms[3].kind != "number":
            self._reject(f"Value of {second.text} must be numeric", "InvalidNumeric", second, here, hint)
        if len(terms) > 4:
            self._reject("Too many terms in numeric range expression", "InvalidNumeric", terms[4], here, hint)
        if low >= self._comparable(terms[3], here):
            hint = "no number lies between them; the lower bound comes first"
            self._reject("Bottom must be less than top", "EmptyRange", terms[3], here, hint)
        return ast.Numeric(((first, terms[1].text), (second.text, terms[3].text)))

    def _comparable(self, node: Node, here: str) -> float:
        value = comparable(node.text)
        if value is None:
            hint = "it is no double's shortest spelling; only a bare value is compared as text"
            self._reject(f"Cannot compare number : {node.text[:40]}", "IncomparableNumber", node, here, hint)
        return value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _json(text: str) -> str:
    return str(ast.String(text))
