"""A field's list of values, prepared for questions: its test of one leaf, and what it says of strings and numbers."""

from __future__ import annotations

from functools import cached_property

from perception_events.patterns import _ast as ast
from perception_events.patterns._addresses import CidrRange, address_digits, cidr_range
from perception_events.patterns._numbers import comparable
from perception_events.patterns._values import any_of
from perception_events.patterns.analysis._address_automata import AddressBlock
from perception_events.patterns.analysis._text_automata import TextAutomaton, negated_texts, text_automaton

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from perception_events.patterns._compiler import SubRule
    from perception_events.patterns._values import LeafTest

    Part: TypeAlias = tuple[TextAutomaton, bool]
    """An automaton, and whether the strings it accepts are those that do not pass."""

__all__ = ["Group", "PreparedRule", "prepare_rule"]

_NO_OTHER_NUMBERS = (
    *(ast.String, ast.Exactly, ast.Number, ast.Literal, ast.Cidr),
    *(ast.Prefix, ast.Suffix, ast.EqualsIgnoreCase, ast.Wildcard),
)
"""What takes no numbers but those it names, and those that it takes for addresses."""


class Group:
    """One field's list: a leaf passes where one of the values holds of it. Compared by identity."""

    def __init__(self, values: tuple[ast.ValuePattern, ...]) -> None:
        self.values = values
        self.absence = any(isinstance(value, ast.Exists) and not value.present for value in values)
        """Whether a missing field passes."""
        self._taken: dict[str, bool] = {}

    @cached_property
    def passes(self) -> LeafTest:
        """Whether a present leaf passes."""
        return any_of(self.values)

    def takes(self, leaf: str) -> bool:
        """As `passes`, of leaves that are asked about again and again: an address is read once."""
        taken = self._taken.get(leaf)
        if taken is None:
            taken = self._taken[leaf] = self.passes(leaf)
        return taken

    @cached_property
    def value_set(self) -> frozenset[ast.ValuePattern]:
        """The values, for comparison."""
        return frozenset(self.values)

    @cached_property
    def finite_texts(self) -> tuple[str, ...] | None:
        """The strings that pass, where each is written out; None where there may be others."""
        texts: dict[str, None] = {}
        for value in self.values:
            match value:
                case ast.String() if address_digits(value.value) is None:
                    texts[value.value] = None
                case ast.Exactly():
                    texts[value.value] = None
                case ast.Number() | ast.Literal() | ast.Numeric():
                    pass
                case ast.Exists() if not value.present:
                    pass
                case _:
                    return None
        return tuple(texts)

    @cached_property
    def parts(self) -> list[Part]:
        """Automata of the strings that pass otherwise than as addresses: those which one of them accepts, or does not
        where it is negated."""
        parts: list[Part] = [(text_automaton(self.values), False)]
        for value in self.values:
            if isinstance(value, ast.AnythingBut) or (isinstance(value, ast.AnythingButOperator) and value.values):
                parts.append((negated_texts(value), True))
        return parts

    @cached_property
    def blocks(self) -> list[AddressBlock]:
        """The ranges of addresses: CIDR blocks, and strings that look like an address."""
        blocks = []
        for value in self.values:
            if isinstance(value, ast.Cidr):
                blocks.append(AddressBlock(cidr_range(value.value)))
            elif isinstance(value, ast.String):
                digits = address_digits(value.value)
                if digits is not None:
                    blocks.append(AddressBlock(CidrRange(digits, digits)))
        return blocks

    @cached_property
    def number_texts(self) -> tuple[str, ...]:
        """The spellings of the numbers that the values name: between two of them, all comparable numbers fare alike."""
        return tuple(dict.fromkeys(self._number_texts()))

    def _number_texts(self) -> Iterator[str]:
        for value in self.values:
            if isinstance(value, ast.Number):
                yield value.text
            elif isinstance(value, ast.Numeric):
                yield from (text for _, text in value.comparisons)
            elif isinstance(value, ast.AnythingBut) and value.numeric:
                yield from value.values

    @cached_property
    def named_numbers_only(self) -> bool:
        """Whether no numbers pass but those which the values name, address digits aside."""
        return all(
            isinstance(value, _NO_OTHER_NUMBERS)
            or (isinstance(value, ast.Numeric) and value.comparisons[0][0] == "=")
            or (isinstance(value, ast.AnythingButOperator) and not value.values)
            or (isinstance(value, ast.Exists) and not value.present)
            for value in self.values
        )

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """`number_texts` as doubles, those which compare as numbers."""
        return tuple(number for number in map(comparable, self.number_texts) if number is not None)


class PreparedRule:
    """A sub-rule's fields as groups, by path."""

    __slots__ = ("fields", "odd")

    def __init__(self, fields: dict[str, Group]) -> None:
        self.fields = fields
        self.odd = any("" in path.split(".") for path in fields)
        """Whether a path has an empty name: which fields such a path reaches depends on the other paths."""


def prepare_rule(rule: SubRule, groups: dict[tuple[ast.ValuePattern, ...], Group]) -> PreparedRule:
    """The groups of a sub-rule; those in `groups` are taken from there, and others added."""
    fields = {}
    for path, values in rule.fields:
        group = groups.get(values)
        fields[path] = group if group is not None else groups.setdefault(values, Group(values))
    return PreparedRule(fields)
