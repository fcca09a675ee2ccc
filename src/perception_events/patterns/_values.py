"""Tests of one leaf, compiled from the AST.

A leaf is a text: a string's value inside quotes (`"abc"`), or the spelling of a number, `true`, `false` or `null`.
The engine compares leaves in that form, so a quote in a pattern can meet the quote around a value. (Accident, kept.)
"""

from __future__ import annotations

import re
from functools import partial

from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import address_digits, cidr_range
from perception_events.patterns._numbers import comparable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    LeafTest: TypeAlias = Callable[[str], bool]

__all__ = [
    "LeafTest",
    "any_of",
    "as_octets",
    "ascii_lower",
    "case_forms",
    "digits_test",
    "exact_leaf",
    "leaf_digits",
    "leaf_test",
    "number_test",
    "wildcard_pieces",
]

_SURROGATES = re.compile("[\ud800-\udfff]")


def as_octets(text: str) -> str:
    """`text` as the engine turns it into octets: a lone surrogate becomes `?`."""
    return text if text.isascii() else _SURROGATES.sub("?", text)


def ascii_lower(text: str) -> str:
    """`text` with the letters of ASCII in lower case, and no others: one character stays one character."""
    return text.lower() if text.isascii() else text.encode().lower().decode()


def any_of(values: Sequence[ast.ValuePattern]) -> LeafTest:
    """The test of a field's list: whether one of its values holds of a present leaf."""
    tests = [test for test in map(leaf_test, values) if test is not None]
    if len(tests) == 1:
        return tests[0]
    exact = frozenset(leaf for leaf in map(exact_leaf, values) if leaf is not None)
    if len(exact) == len(values):
        return exact.__contains__
    return lambda leaf: any(test(leaf) for test in tests)


def exact_leaf(value: ast.ValuePattern) -> str | None:
    """The only leaf that passes, or None where there are more, or it may be spelled otherwise."""
    match value:
        case ast.String() if address_digits(value.value) is None:
            return f'"{value.value}"'
        case ast.Exactly():
            return f'"{value.value}"'
        case ast.Literal():
            return value.text
    return None


def leaf_test(value: ast.ValuePattern) -> LeafTest | None:
    """The test of a present leaf; None where no leaf passes: `exists: false`, an anything-but of nothing."""
    match value:
        case ast.String():
            return _string(value.value)
        case ast.Exactly():
            return f'"{value.value}"'.__eq__
        case ast.Literal():
            return value.text.__eq__
        case ast.Number():
            return _number(value.text)
        case ast.Prefix() | ast.Suffix():
            return _affix(value)
        case ast.EqualsIgnoreCase():
            return _equal_in_any_case(value.value)
        case ast.Wildcard():
            return _wildcard(value.value)
        case ast.AnythingBut():
            return _anything_but(value)
        case ast.AnythingButOperator():
            return _anything_but_operator(value)
        case ast.Numeric():
            return _numeric(value)
        case ast.Cidr():
            return _cidr(value.value)
        case ast.Exists():
            return (lambda leaf: True) if value.present else None


def number_test(values: Sequence[ast.ValuePattern]) -> Callable[[float], bool] | None:
    """The test of a field's list for the number that a leaf is compared as; None where it is not about numbers only."""
    if len(values) == 1 and isinstance(values[0], ast.Numeric):
        return _number_in(values[0])
    numbers = {comparable(value.text) for value in values if isinstance(value, ast.Number)}
    ranges = [_number_in(value) for value in values if isinstance(value, ast.Numeric)]
    if None in numbers or not all(isinstance(value, ast.Number | ast.Numeric) for value in values):
        return None
    if not ranges:
        return frozenset(numbers).__contains__
    return lambda number: number in numbers or any(test(number) for test in ranges)


def digits_test(values: Sequence[ast.ValuePattern]) -> Callable[[str], bool] | None:
    """The test of a field's list for the digits that a leaf is compared as where addresses are meant; None where there
    are other values too."""
    blocks = [cidr_range(value.value).holds for value in values if isinstance(value, ast.Cidr)]
    if not blocks or len(blocks) < len(values):
        return None
    return blocks[0] if len(blocks) == 1 else lambda digits: any(holds(digits) for holds in blocks)


def _string(value: str) -> LeafTest:
    digits = address_digits(value)
    if digits is None:
        return f'"{value}"'.__eq__
    # A string that looks like an address is compared as one, from the left. (Accident of the engine, kept.)
    return lambda leaf: (leaf_digits(leaf) or "").startswith(digits) or leaf.startswith(digits)


def leaf_digits(leaf: str) -> str | None:
    """The hexadecimal digits of a leaf that looks like an address."""
    quoted = len(leaf) > 1 and leaf[0] == leaf[-1] == '"'
    return address_digits(leaf[1:-1] if quoted else leaf)


def _number(text: str) -> LeafTest:
    number = comparable(text)
    if number is None:
        return text.__eq__
    return lambda leaf: leaf[0] != '"' and comparable(leaf) == number


def _affix(value: ast.Prefix | ast.Suffix) -> LeafTest:
    prefix = isinstance(value, ast.Prefix)
    if value.ignore_case:
        if value.value.isascii():
            lowered = (f'"{value.value}' if prefix else f'{value.value}"').lower()
            part = slice(len(lowered)) if prefix else slice(-len(lowered), None)
            return lambda leaf: ascii_lower(as_octets(leaf)[part]) == lowered
        if prefix:
            starts = re.compile(_any_case(f'"{value.value}'), re.DOTALL).match
            return lambda leaf: starts(as_octets(leaf)) is not None
        ends = re.compile(f'(?:.*){_any_case(value.value)}"\\Z', re.DOTALL).match
        return lambda leaf: ends(as_octets(leaf)) is not None
    text = as_octets(f'"{value.value}' if prefix else f'{value.value}"')
    if prefix:
        return _on_octets([text], lambda leaf: leaf.startswith(text))
    return _on_octets([text], lambda leaf: leaf.endswith(text))


def _on_octets(texts: Iterable[str], test: LeafTest) -> LeafTest:
    """`test`, of a leaf's octets. Only where one of its `texts` has a `?` can it tell them from the leaf."""
    return (lambda leaf: test(as_octets(leaf))) if any("?" in text for text in texts) else test


def _any_case(text: str) -> str:
    """A regular expression: each UTF-16 unit of `text` in lower or in upper case, as the unit alone has them."""
    pieces = []
    for character in text:
        forms = case_forms(character)
        pieces.append(re.escape(forms[0]) if len(forms) == 1 else f"(?:{'|'.join(map(re.escape, forms))})")
    return "".join(pieces)


def case_forms(character: str) -> tuple[str, ...]:
    """The octets' texts that ignoring case takes for `character`: its lower and its upper case, each once.

    A character outside the basic plane is two lone units, each `?`. (Accident of the engine, kept.)
    """
    if character > "\uffff":
        return ("??",)
    return tuple(dict.fromkeys(as_octets(form) for form in (character.lower(), character.upper())))


def _equal_in_any_case(text: str) -> LeafTest:
    if text.isascii():  # no letter outside ASCII is the other case of one inside, as a UTF-16 unit alone
        lowered = f'"{text}"'.lower()
        return lambda leaf: len(leaf) == len(lowered) and ascii_lower(as_octets(leaf)) == lowered
    return _matches_whole(_any_case(f'"{text}"'))


def _matches_whole(expression: str) -> LeafTest:
    whole = re.compile(expression, re.DOTALL).fullmatch
    return lambda leaf: whole(as_octets(leaf)) is not None


def wildcard_pieces(value: str) -> list[str]:
    """The literal texts between the wildcards of `value`, quotes included: at least one, the ends may be empty."""
    pieces = [""]
    characters = iter(f'"{value}"')
    for character in characters:
        if character == "*":
            pieces.append("")
        else:
            pieces[-1] += next(characters) if character == "\\" else character
    return [as_octets(piece) for piece in pieces]


def _wildcard(value: str) -> LeafTest:
    first, *rest = pieces = wildcard_pieces(value)
    if not rest:
        return _on_octets(pieces, first.__eq__)
    *middle, last = rest
    if len(middle) == 1:
        piece, start, after = middle[0], len(first), len(last)
        return _on_octets(
            pieces,
            lambda leaf: (
                leaf.endswith(last) and leaf.startswith(first) and leaf.find(piece, start, len(leaf) - after) >= 0
            ),
        )
    shortest = sum(map(len, pieces))

    def test(leaf: str) -> bool:
        if len(leaf) < shortest or not leaf.startswith(first) or not leaf.endswith(last):
            return False
        position, end = len(first), len(leaf) - len(last)
        for piece in middle:  # the leftmost place of each piece leaves most room for the next
            position = leaf.find(piece, position, end)
            if position < 0:
                return False
            position += len(piece)
        return True

    return _on_octets(pieces, test)


def _anything_but(value: ast.AnythingBut) -> LeafTest:
    if value.numeric:
        numbers = frozenset(comparable(text) for text in value.values)
        return lambda leaf: leaf[0] == '"' or comparable(leaf) not in numbers
    texts = frozenset(as_octets(f'"{text}"') for text in value.values)
    return _on_octets(texts, lambda leaf: leaf not in texts)


def _anything_but_operator(value: ast.AnythingButOperator) -> LeafTest | None:
    if not value.values:
        return None
    if value.inner in ("prefix", "suffix"):
        quote = '"{}' if value.inner == "prefix" else '{}"'
        texts = tuple(as_octets(quote.format(text)) for text in value.values)
        if value.inner == "prefix":
            return _on_octets(texts, lambda leaf: not leaf.startswith(texts))
        return _on_octets(texts, lambda leaf: not leaf.endswith(texts))
    if value.inner == "wildcard":
        return _none_of([_wildcard(text) for text in value.values])
    return _none_of([_equal_in_any_case(text) for text in value.values])


def _none_of(tests: Iterable[LeafTest]) -> LeafTest:
    kept = tuple(tests)
    return lambda leaf: not any(test(leaf) for test in kept)


def _numeric(value: ast.Numeric) -> LeafTest:
    holds = _number_in(value)

    def test(leaf: str) -> bool:
        if leaf[0] == '"':
            return False
        number = comparable(leaf)
        return number is not None and holds(number)

    return test


def _number_in(value: ast.Numeric) -> Callable[[float], bool]:
    bounds = {operator: comparable(number) for operator, number in value.comparisons}
    equal = bounds.get("=")
    if equal is not None:
        return equal.__eq__
    low, high = bounds.get(">", bounds.get(">=")), bounds.get("<", bounds.get("<="))
    # A closure would lie in a dozen places of memory: in a large rule set that is what a test costs.
    return partial(_within, low, high, ">" in bounds, "<" in bounds)


def _within(low: float | None, high: float | None, open_low: bool, open_high: bool, number: float) -> bool:
    if low is not None and (number < low or (open_low and number == low)):
        return False
    return high is None or number < high or (not open_high and number == high)


def _cidr(text: str) -> LeafTest:
    block = cidr_range(text)

    def test(leaf: str) -> bool:
        digits = leaf_digits(leaf)
        # A bare number's own digits are looked at too. (Accident of the engine, kept.)
        return (digits is not None and block.holds(digits)) or block.holds(leaf)

    return test
