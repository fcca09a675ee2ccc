"""Leaves that pass a group, drawn at random: such as read like real values, or any at all."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import cidr_range
from perception_events.patterns._numbers import MAX_DOUBLE, comparable
from perception_events.patterns._values import wildcard_pieces
from perception_events.patterns.analysis._budget import Budget, UndecidedError
from perception_events.patterns.analysis._leaf_search import find_leaf
from perception_events.patterns.analysis._number_search import spell
from perception_events.patterns.analysis._plausible_values import plausible_value, plausible_word
from perception_events.patterns.analysis._witness import leaf_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random
    from typing import Any

    from perception_events.patterns.analysis._groups import Group

__all__ = ["any_scalar", "any_text", "sample_leaf"]

_TRIES = 12
_CHARACTERS = 'abcxyzABCXYZ0189 -_./*\\"?éßİ中\u2028\U0001f600\n'


def any_text(random: Random) -> str:
    """Any short text, the odd corners of Unicode included."""
    return "".join(random.choice(_CHARACTERS) for _ in range(random.randrange(6)))


def any_scalar(random: Random) -> Any:
    """Any scalar of JSON."""
    kind = random.randrange(6)
    if kind < 3:
        return any_text(random)
    if kind == 3:
        return random.randrange(-5, 1000)
    if kind == 4:
        return random.randrange(-50, 50) / 4
    return random.choice((True, False, None))


def sample_leaf(
    group: Group, path: str, random: Random, *, suggested: Sequence[Any] = (), realistic: bool = True
) -> str | None:
    """A leaf that passes `group`; None where none was found.

    Args:
        group: the field's list.
        path: the field, whose name decides what reads like a value of it.
        random: chooses.
        suggested: values to prefer.
        realistic: whether the value shall read like a real one; otherwise any may come.
    """
    fitting = [leaf for leaf in map(leaf_of, suggested) if group.passes(leaf)]
    if fitting and random.random() < 0.9:
        return random.choice(fitting)
    for _ in range(_TRIES):
        value = random.choice(group.values)
        leaf = _draw(value, path, random, realistic=realistic)
        if leaf is not None and group.passes(leaf):
            return leaf
    try:
        return find_leaf([(group, True)], Budget())
    except UndecidedError:
        return None


def _draw(value: ast.ValuePattern, path: str, random: Random, *, realistic: bool) -> str | None:
    def filling() -> str:
        return plausible_word(random) if realistic else any_text(random)

    match value:
        case ast.String() | ast.Exactly():
            return leaf_of(value.value)
        case ast.EqualsIgnoreCase():
            return leaf_of(value.value if realistic else random.choice((value.value.upper(), value.value.lower())))
        case ast.Number() | ast.Literal():
            return value.text
        case ast.Prefix():
            return leaf_of(value.value + filling())
        case ast.Suffix():
            return leaf_of(filling() + value.value)
        case ast.Wildcard():
            first, *rest = wildcard_pieces(value.value)
            return leaf_of("".join([first, *(filling() + piece for piece in rest)])[1:-1])
        case ast.Numeric():
            return _number(value, random)
        case ast.Cidr():
            return leaf_of(_address(value, random))
        case ast.Exists() if not value.present:
            return None
    return leaf_of(plausible_value(path, random) if realistic else any_scalar(random))


def _number(value: ast.Numeric, random: Random) -> str | None:
    bounds = {operator: comparable(text) for operator, text in value.comparisons}
    if "=" in bounds:
        return value.comparisons[0][1]
    low, high = bounds.get(">", bounds.get(">=")), bounds.get("<", bounds.get("<="))
    if low is None:
        low = max((high or 0.0) - 100, -MAX_DOUBLE)
    if high is None:
        high = min(low + 100, MAX_DOUBLE)
    number = low / 2 + high / 2 + (high / 2 - low / 2) * random.choice((-1, -0.5, 0, 0.25, 1))
    whole = float(round(number)) if abs(number) < 1e15 else number
    return spell(whole if low < whole < high else number)


def _address(value: ast.Cidr, random: Random) -> str:
    digits = cidr_range(value.value)
    low, high = int(digits.bottom, 16), int(digits.top, 16)
    number = min(low + random.randrange(1, 255), high)
    return str(IPv4Address(number) if len(digits.bottom) == 8 else IPv6Address(number))
