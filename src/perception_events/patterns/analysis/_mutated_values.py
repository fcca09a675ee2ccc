"""The mistakes that people make in a field's list: a value too few, another operator, a value not quite right."""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._numbers import comparable
from perception_events.patterns.analysis._number_search import spell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Values: TypeAlias = tuple[ast.ValuePattern, ...]
    Mutated: TypeAlias = tuple[ast.ValuePattern, str]

__all__ = ["mutated_values"]

_OTHER_BOUND = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def mutated_values(values: Values) -> Iterator[tuple[Values, str]]:
    """The list with one mistake, and what the mistake is."""
    for index, value in enumerate(values):
        before, after = values[:index], values[index + 1 :]
        if before or after:
            yield (*before, *after), f"without {value}"
        for other, change in _mutated(value):
            yield (*before, other, *after), change


def _mutated(value: ast.ValuePattern) -> Iterator[Mutated]:
    match value:
        case ast.String() | ast.Exactly():
            yield from _near_texts(value.value, ast.String)
            yield ast.Prefix(value.value), "equal became prefix"
            yield ast.AnythingBut((value.value,)), "equal became anything-but"
            if comparable(value.value) is not None:
                yield ast.Number(value.value), "a text became a number"
        case ast.Number():
            yield ast.String(value.text), "a number became a text"
            yield from ((ast.Number(text), f"{value.text} became {text}") for text in _near_numbers(value.text))
        case ast.Literal():
            if value.text == "null":
                yield ast.Exists(False), "null became missing"
            else:
                other = "false" if value.text == "true" else "true"
                yield ast.Literal(other), f"{value.text} became {other}"
                yield ast.String(value.text), f"{value.text} became a text"
        case ast.Prefix() | ast.Suffix():
            kind, other_kind = (ast.Prefix, ast.Suffix) if isinstance(value, ast.Prefix) else (ast.Suffix, ast.Prefix)
            yield from _near_texts(value.value, lambda text: kind(text, value.ignore_case))
            yield other_kind(value.value, value.ignore_case), f"{value.operator} became {other_kind.operator}"
            yield (
                kind(value.value, not value.ignore_case),
                "case counts" if value.ignore_case else "case no longer counts",
            )
            yield ast.String(value.value), f"{value.operator} became equal"
        case ast.EqualsIgnoreCase():
            yield from _near_texts(value.value, ast.EqualsIgnoreCase)
            yield ast.String(value.value), "case counts"
        case ast.Wildcard():
            for index, character in enumerate(value.value):
                if character == "*":
                    shorter = value.value[:index] + value.value[index + 1 :]
                    yield ast.Wildcard(shorter), f"without the * at {index}"
            yield ast.String(value.value), "wildcard became equal"
        case ast.AnythingBut():
            yield from _fewer(value.values, lambda rest: ast.AnythingBut(rest, value.numeric))
            for text in value.values:
                equal: ast.ValuePattern = ast.Number(text) if value.numeric else ast.String(text)
                yield equal, "anything-but became equal"
        case ast.AnythingButOperator():
            yield from _fewer(value.values, lambda rest: ast.AnythingButOperator(value.inner, rest))
            yield ast.AnythingBut(value.values), f"anything-but {value.inner} became anything-but"
        case ast.Numeric():
            yield from _mutated_numeric(value)
        case ast.Exists():
            other_way = "false" if value.present else "true"
            yield ast.Exists(not value.present), f"exists became {other_way}"
        case ast.Cidr():
            address, _, bits = value.value.partition("/")
            if bits.isdecimal():
                for other_bits in (int(bits) + 1, int(bits) - 1):
                    yield ast.Cidr(f"{address}/{other_bits}"), f"/{bits} became /{other_bits}"


def _mutated_numeric(value: ast.Numeric) -> Iterator[Mutated]:
    for index, (operator, text) in enumerate(value.comparisons):
        before, after = value.comparisons[:index], value.comparisons[index + 1 :]
        other = _OTHER_BOUND.get(operator)
        if other is not None:
            yield ast.Numeric((*before, (other, text), *after)), f'"{operator}" became "{other}"'
        for near in _near_numbers(text):
            yield ast.Numeric((*before, (operator, near), *after)), f"{text} became {near}"
        if before or after:
            yield ast.Numeric((*before, *after)), f'without "{operator}", {text}'


def _near_texts(text: str, make: Callable[[str], ast.ValuePattern]) -> Iterator[Mutated]:
    yield make(text.swapcase()), "in other case"
    yield make(f"{text} "), "with a blank behind"
    yield make(text[:-1]), "shorter"


def _near_numbers(text: str) -> Iterator[str]:
    number = comparable(text)
    for other in () if number is None else (number + 1, number - 1):
        near = spell(other)
        if near is not None:
            yield near


def _fewer(values: tuple[str, ...], make: Callable[[tuple[str, ...]], ast.ValuePattern]) -> Iterator[Mutated]:
    for index, text in enumerate(values if len(values) > 1 else ()):
        yield make(values[:index] + values[index + 1 :]), f"without {text}"
