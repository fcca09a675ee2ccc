"""One conjunction of fields less another, written as values again where the language has words for the rest."""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._numbers import comparable
from perception_events.patterns.analysis._budget import UndecidedError
from perception_events.patterns.analysis._groups import Group
from perception_events.patterns.analysis._leaf_search import find_leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from perception_events.patterns.analysis._budget import Budget
    from perception_events.patterns.analysis._written import Fields

    Values: TypeAlias = tuple[ast.ValuePattern, ...]
    Bound: TypeAlias = tuple[str, str]
    """A comparison and the number's spelling."""

__all__ = ["without"]

_ANYTHING: Values = (ast.Exists(True), ast.Exists(False))


def without(fields: Fields, taken: Fields, budget: Budget) -> list[Fields]:
    """`fields` less what `taken` matches: for each field that can miss, the conjunction in which it does.

    Raises:
        UndecidedError: it cannot be written, or costs too much.
    """
    narrowed: dict[str, Values] = {}
    unwritten: UndecidedError | None = None
    for path, values in taken.items():
        kept = fields.get(path, _ANYTHING)
        try:
            rest = _values_without(kept, values, budget)
        except UndecidedError as error:
            unwritten = error  # unless another field shows that nothing is taken
            continue
        if set(rest) == set(kept):
            return [fields]
        if rest:
            narrowed[path] = rest
    if unwritten is not None:
        raise unwritten
    return [{**fields, path: rest} for path, rest in narrowed.items()]


def _values_without(values: Values, taken: Values, budget: Budget) -> Values:
    group = Group(taken)
    rest: list[ast.ValuePattern] = []
    for value in values:
        if isinstance(value, ast.Exists) and not value.present:
            rest += [] if group.absence else [value]
            continue
        one = Group((value,))
        if find_leaf([(one, True), (group, True)], budget) is None:
            rest.append(value)
        elif find_leaf([(one, True), (group, False)], budget) is not None:
            rest += _split(value, [other for other in taken if not isinstance(other, ast.Exists)], budget)
    return tuple(dict.fromkeys(rest))


def _split(value: ast.ValuePattern, taken: list[ast.ValuePattern], budget: Budget) -> Iterable[ast.ValuePattern]:
    """What is left of a value of which `taken` takes a part.

    Raises:
        UndecidedError: the language has no words for it.
    """
    if len(taken) == 1 and isinstance(taken[0], ast.AnythingBut | ast.AnythingButOperator):
        # Less everything but some is those, as far as the value takes them.
        one = Group((value,))
        return [other for other in _taken_back(taken[0]) if find_leaf([(one, True), (Group((other,)), True)], budget)]
    if isinstance(value, ast.Numeric) and all(isinstance(other, ast.Numeric | ast.Number) for other in taken):
        return _ranges(value, taken)
    if isinstance(value, ast.Exists):
        return [_anything_but(taken)]
    if isinstance(value, ast.AnythingBut):
        less = _anything_but(taken)
        if isinstance(less, ast.AnythingBut) and less.numeric == value.numeric:
            return [ast.AnythingBut((*value.values, *less.values), value.numeric)]
    if isinstance(value, ast.AnythingButOperator):
        less = _anything_but(taken)
        if isinstance(less, ast.AnythingButOperator) and less.inner == value.inner:
            return [ast.AnythingButOperator(value.inner, (*value.values, *less.values))]
    raise UndecidedError("the language has no words for the rest")


def _taken_back(value: ast.AnythingBut | ast.AnythingButOperator) -> list[ast.ValuePattern]:
    """The values that an anything-but does not take."""
    if isinstance(value, ast.AnythingBut):
        return [ast.Number(text) if value.numeric else ast.String(text) for text in value.values]
    inner = {"prefix": ast.Prefix, "suffix": ast.Suffix, "wildcard": ast.Wildcard}.get(
        value.inner, ast.EqualsIgnoreCase
    )
    return [inner(text) for text in value.values]


def _anything_but(taken: list[ast.ValuePattern]) -> ast.AnythingBut | ast.AnythingButOperator:
    kinds = {type(value) for value in taken}
    if kinds <= {ast.String, ast.Exactly}:
        return ast.AnythingBut(tuple(value.value for value in taken))  # type: ignore[union-attr]
    if kinds == {ast.Number}:
        return ast.AnythingBut(tuple(value.text for value in taken), numeric=True)  # type: ignore[union-attr]
    inner = {"Prefix": "prefix", "Suffix": "suffix", "Wildcard": "wildcard", "EqualsIgnoreCase": "equals-ignore-case"}
    names = {kind.__name__ for kind in kinds}
    if len(names) == 1 and names <= inner.keys() and not any(getattr(value, "ignore_case", False) for value in taken):
        return ast.AnythingButOperator(inner[names.pop()], tuple(value.value for value in taken))  # type: ignore[union-attr]
    raise UndecidedError("the language has no words for the rest")


def _ranges(value: ast.Numeric, taken: list[ast.ValuePattern]) -> list[ast.ValuePattern]:
    pieces = [value.comparisons]
    for other in taken:
        if isinstance(other, ast.Number):
            bounds: tuple[Bound, ...] = (("=", other.text),)
        else:
            assert isinstance(other, ast.Numeric)
            bounds = other.comparisons
        pieces = [left for piece in pieces for left in _range_without(piece, bounds)]
    return [ast.Numeric(piece) for piece in pieces]


_BEYOND = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _range_without(piece: tuple[Bound, ...], taken: tuple[Bound, ...]) -> Iterator[tuple[Bound, ...]]:
    """The parts of a range below and above another."""
    outside = [("<", taken[0][1]), (">", taken[0][1])] if taken[0][0] == "=" else [(_BEYOND[op], n) for op, n in taken]
    for bound in outside:
        both = _intersected(piece, bound)
        if both is not None:
            yield both


def _intersected(piece: tuple[Bound, ...], bound: Bound) -> tuple[Bound, ...] | None:
    lows = [b for b in (*piece, bound) if b[0] in (">", ">=", "=")]
    highs = [b for b in (*piece, bound) if b[0] in ("<", "<=", "=")]
    low = max(lows, key=lambda b: (_double(b), b[0] == ">"), default=None)
    high = min(highs, key=lambda b: (_double(b), b[0] != "<"), default=None)
    if low is None or high is None:
        return (low or high,)  # type: ignore[return-value]
    if _double(low) > _double(high) or (_double(low) == _double(high) and {low[0], high[0]} & {"<", ">"}):
        return None
    return (("=", low[1]),) if _double(low) == _double(high) else (low, high)


def _double(bound: Bound) -> float:
    number = comparable(bound[1])
    assert number is not None, "a comparison's number is comparable"
    return number
