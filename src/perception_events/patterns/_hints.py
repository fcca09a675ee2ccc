"""What was probably meant by a pattern that is rejected: hints that show the corrected text."""

from __future__ import annotations

import re

from perception_events.patterns import _ast as ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from perception_events.patterns._json_text import Node

__all__ = [
    "OPERATORS",
    "inside_anything_but",
    "json_hint",
    "not_an_object",
    "numeric_form",
    "one_string",
    "operator_suggestion",
    "quoted_boolean",
    "shown_node",
]

OPERATORS = ("anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard")
"""The operators of the language, which every message and suggestion draws on."""
_NUMERIC_FORM = 'as in {"numeric": [">", 0, "<=", 5]}'

_MEANT = {
    **dict.fromkeys(("not", "anything_but", "anythingbut", "not-equals", "ne", "!=", "not-in"), "anything-but"),
    **dict.fromkeys(("equals_ignore_case", "ignore-case", "equalsignorecase"), "equals-ignore-case"),
    **dict.fromkeys(("glob", "regex", "wildcards", "like"), "wildcard"),
    **dict.fromkeys(("startswith", "starts-with", "begins-with", "starts_with", "prefixes"), "prefix"),
    **dict.fromkeys(("endswith", "ends-with", "ends_with"), "suffix"),
    **dict.fromkeys(("ip-address", "ip", "ip_address"), "cidr"),
    **dict.fromkeys(("exist", "exits"), "exists"),
    **dict.fromkeys(("range", "number", ">", ">=", "<", "<=", "between", "gt", "gte", "lt", "lte"), "numeric"),
}
"""Names that people write for an operator."""
_COMPARISONS = {each: each for each in (">", ">=", "<", "<=")} | {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_TURNED = {"=<": "<=", "=>": ">="}
_PLAIN = ("equals", "eq", "=", "==", "in", "value")
_NO_JSON = ("undefined", "NaN", "Infinity", "nil")
_PYTHON = {"True": "true", "False": "false", "None": "null"}


def shown_node(node: Node) -> str:
    """A value as JSON; of an object or array only how it begins."""
    if node.kind == "string":
        return str(ast.String(node.text))
    return node.text or {"object": "{...}", "array": "[...]"}.get(node.kind, "")


def operator_suggestion(name: str, operand: Node) -> str:
    """What to write in place of an operator that there is not."""
    from difflib import get_close_matches

    folded = name.lower()
    if folded in _PLAIN:
        return 'a value that is to be equal stands in the list as it is: ["x"]'
    meant = _MEANT.get(folded) or next(iter(get_close_matches(folded, OPERATORS, 1, 0.7)), None)
    if folded == "contains" and operand.kind == "string":
        return f'did you mean {{"wildcard": {ast.String("*" + operand.text.replace("*", chr(92) + "*") + "*")}}}?'
    if meant == "numeric" and folded in _COMPARISONS and operand.kind == "number":
        return f'did you mean {{"numeric": ["{_COMPARISONS[folded]}", {operand.text}]}}?'
    if meant and meant != "numeric" and operand.kind in ("string", "literal"):
        return f'did you mean {{"{meant}": {shown_node(operand)}}}?'
    if meant:
        return f'did you mean {{"{meant}": ...}}?'
    return f'a field of objects has no list around it: {{"{name}": [...]}} instead of [{{"{name}": ...}}]'


def quoted_boolean(text: str) -> str:
    """For `exists`, whose operand is a bare true or false."""
    meant = text.lower() if text.lower() in ("true", "false") else "true"
    return f'write it without quotes: {{"exists": {meant}}}'


def one_string(operator: str, node: Node) -> str:
    """For an operator that takes one string."""
    if node.kind == "array":
        each = ", ".join(f'{{"{operator}": {shown_node(value)}}}' for _, _, value in node.children[:3])
        return f"one string, not a list; write one operator object for each: [{each}]"
    if node.kind in ("number", "literal"):
        return f'the operand is a string: {{"{operator}": "{node.text}"}}'
    return f'the operand is a string: {{"{operator}": "text"}}'


def inside_anything_but(members: Sequence[Node]) -> str:
    """For a list in `anything-but` that holds what it may not."""
    for member in members:
        if member.kind == "object" and member.children:
            operator, _, operand = member.children[0]
            if operator in OPERATORS:
                inner = f'{{"{operator}": {shown_node(operand)}}}'
                return f'an operator stands in place of the list: {{"anything-but": {inner}}}'
    kept = ", ".join(shown_node(member) for member in members if member.kind in ("string", "number"))
    return f'the list holds strings or numbers only: {{"anything-but": [{kept or chr(34) + "x" + chr(34)}]}}'


def numeric_form(terms: Sequence[Node]) -> str:
    """For a numeric comparison that cannot be read."""
    quoted = [t for at, t in enumerate(terms) if at % 2 and t.kind == "string" and re.fullmatch(r"-?[0-9.]+", t.text)]
    if quoted:
        parts = [t.text if any(t is q for q in quoted) else shown_node(t) for t in terms]
        return f'numbers have no quotes: {{"numeric": [{", ".join(parts)}]}}'
    if len(terms) == 3 and terms[0].text in ("between", "range") and all(t.kind == "number" for t in terms[1:]):
        return f'write {{"numeric": [">=", {terms[1].text}, "<=", {terms[2].text}]}}'
    text = "".join(term.text for term in terms)
    compared = re.findall(r"(<=|>=|=<|=>|<|>|=)\s*(-?\d+(?:\.\d+)?)", text)
    signs = [_TURNED.get(sign, sign) for sign, _ in compared]
    if re.fullmatch("=|[<>]=?|>=?<=?", "".join(signs)) and "".join(map("".join, compared)) == text.replace(" ", ""):
        meant = ", ".join(f'"{sign}", {number}' for sign, (_, number) in zip(signs, compared, strict=True))
        return f'write {{"numeric": [{meant}]}}'
    if terms and terms[0].kind == "number":
        return f'a comparison comes first: {{"numeric": ["=", {terms[0].text}]}}'
    return _NUMERIC_FORM


def not_an_object(root: Node) -> str:
    """For a pattern that is another kind of JSON value."""
    if root.kind == "string" and root.text.lstrip().startswith("{"):
        return "it is JSON text inside a JSON string: decode it once, or pass the inner text"
    if root.kind == "array":
        return 'a pattern is one object; several become rules of their own, or {"$or": [...]} inside one'
    return 'a pattern is an object of fields, as in {"source": ["my.app"]}'


def json_hint(text: str, offset: int) -> str:
    """For text that is not JSON: what is wrong, and where it can be guessed the whole text as it was meant."""
    from perception_events.patterns._repairs import repaired  # its expressions cost a cold start

    meant = None if re.match(r"[A-Za-z_$][\w.$-]*\s*:", text.lstrip()) else repaired(text)
    return _what_is_wrong(text, offset) + (f"; write {meant}" if meant else "")


def _what_is_wrong(text: str, offset: int) -> str:
    rest = text[offset : offset + 200]
    before = text[:offset].rstrip()
    word = re.match(r"[A-Za-z_]+", rest)
    if not text.strip():
        return 'a pattern is an object of fields, as in {"source": ["my.app"]}'
    if rest.startswith("'"):
        return "JSON strings stand in double quotes"
    if rest[:1] in ("}", "]") and before.endswith(","):
        return f"no comma stands before {rest[0]}"
    if rest.startswith(("//", "/*", "#")):
        return "JSON has no comments"
    if word and word[0] in _PYTHON:
        return f"JSON writes it {_PYTHON[word[0]]}"
    if re.match(r"[A-Za-z_$][\w.$-]*\s*:", text.lstrip()):
        return 'it looks like YAML; the text of a pattern is JSON, as in {"source": ["my.app"]}'
    if rest[:1] in "\u201c\u201d\u201e" and rest:
        return "JSON strings stand in plain double quotes"
    if rest.startswith("="):
        return "a colon stands between name and value"
    if before.endswith(("[", ":")) or (before.endswith(",") and "[" in before[max(0, before.rfind("{")) :]):
        if word:
            lacking = f", and JSON has no {word[0]}" if word[0] in _NO_JSON else ""
            return f"a string stands in double quotes{lacking}"
        if rest[:1] in "+-.0123456789":
            return "a number has digits before and after its point, no 0 in front and no other signs"
    if word and before.endswith(("{", ",")):
        return f'a field name stands in double quotes: "{word[0]}"'
    if not rest.strip():
        missing = missing_brackets(text)
        return f"the text ends too early: {missing} is missing" if missing else "the text ends too early"
    if rest[:1] in ("}", "]"):
        return f"{rest[0]} closes what is not open here: another bracket is missing before it"
    if rest[:1] in ('"', "{", "[") or rest[:1].isalnum():
        return "a comma or a colon is missing before it"
    return "check the text with a JSON parser; the mark shows where reading stopped"


def missing_brackets(text: str) -> str:
    """The brackets that close what is open at the end of `text`."""
    closing: list[str] = []
    outside = re.sub(r'"(?:\\.|[^"\\])*"', "", text)
    for character in outside:
        if character in "{[":
            closing.append("}" if character == "{" else "]")
        elif character in "}]" and closing:
            closing.pop()
    return "".join(reversed(closing))
