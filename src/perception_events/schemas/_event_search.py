"""An event that a schema allows and that a conjunction of a pattern's fields matches, or the proof that there is none.

    fields   {"kind": ["card"], "amount": [{"numeric": [">", 0]}]}
    schema   one of {kind: "card", number} and {kind: "cash", amount}
    answer   none: the alternative with the one field lacks the other

The schema is walked together with what is needed below each of its parts. Alternatives are tried, the members of an
object are independent of each other, and all that is needed of an array's elements must hold in one of them, as the
engine has it. So a conjunction fails in one part only where it fails in all events.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import satisfiable
from perception_events.schemas._event_schema import resolve
from perception_events.schemas._examples import ExampleMaker, NoExampleError
from perception_events.schemas._fields import splits
from perception_events.schemas._types import ANYTHING, Anything, Array, Nothing, Object, Property, Schema
from perception_events.schemas._value_tests import NOT_FOUND, UndecidedError, ValueTest, value_test

__all__ = ["Fields", "conflict", "find_event"]

Fields = Sequence[tuple[str, Sequence[Any]]]
"""A conjunction: the values of each field by its dotted path."""

_MAX_STEPS = 20_000
_MAX_DEPTH = 80
_DEEP = 6
"""From this depth on only what must be there is made."""
_MAX_CHOICES = 64
"""So many ways to choose between absence and a value, or between readings of dotted names, are tried."""


@dataclass(frozen=True, slots=True)
class _Need:
    """What must hold below a part of the schema: a leaf at the path `rest` that a test matches, or none where empty."""

    rest: str
    tests: tuple[ValueTest, ...]

    @property
    def present(self) -> bool:
        return bool(self.tests)

    def below(self, rest: str) -> _Need:
        return _Need(rest, self.tests)


_Needs = tuple[_Need, ...]


def find_event(
    fields: Fields, root: Schema, definitions: Mapping[str, Schema], *, seed: int = 0, optional: float = 0.0
) -> Any:
    """A value of `root` that all `fields` match, as far as structure goes; `NOT_FOUND` is a proof that there is none.

    Parameters:
        fields: the conjunction.
        root, definitions: the schema.
        seed: another number makes other values of what no field asks for.
        optional: how likely what no field asks for is there where it need not.

    Raises:
        UndecidedError: it could not be decided.
    """
    source = random.Random(seed)
    return _find(fields, root, _Search(definitions, ExampleMaker(source, definitions, optional), source, optional))


def conflict(fields: Fields, root: Schema, definitions: Mapping[str, Schema]) -> tuple[str, ...]:
    """The paths of fields that no event of the schema can match together; empty where one may, or it is not known.

    With any of them left out, an event may match, as far as could be decided. One field alone goes before several, the
    earlier before the later.
    """

    def fails(some: Fields) -> bool:
        try:
            return _find(some, root, _Search(definitions, None)) is NOT_FOUND
        except UndecidedError:
            return False

    for field in fields:
        if fails([field]):
            return (field[0],)
    if not fails(fields):
        return ()
    kept = list(fields)
    for field in reversed(fields):
        without = [each for each in kept if each is not field]
        if fails(without):
            kept = without
    return tuple(path for path, _ in kept)


def _find(fields: Fields, root: Schema, search: _Search) -> Any:
    ways = []
    for path, values in fields:
        tests = tuple(value_test(str(value)) for value in values)
        leaves = tuple(test for test in tests if not test.wants_absence)
        way = [_Need(path, ())] if len(leaves) < len(tests) else []
        ways.append([_Need(path, leaves), *way] if leaves else way)
    found = _first(partial(search.of, root, needs, "", 0) for needs in _combinations(ways))
    if found is NOT_FOUND and any("" in path.split(".") for path, _ in fields):
        raise UndecidedError("a path has an empty name, and which field that is depends on the other paths")
    return found


def _first(tries: Iterable[Callable[[], Any]]) -> Any:
    """The first that is found; that one could not be decided counts only if none is."""
    undecided: UndecidedError | None = None
    for attempt in tries:
        try:
            found = attempt()
        except UndecidedError as error:
            undecided = undecided or error
            continue
        if found is not NOT_FOUND:
            return found
    if undecided is not None:
        raise undecided
    return NOT_FOUND


def _combinations(ways: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    if math.prod(map(len, ways)) > _MAX_CHOICES:
        raise UndecidedError("there are too many ways in which the fields may be present or absent")
    yield from product(*ways)


class _Search:
    """One search.

    Parameters:
        definitions: what references name.
        maker: makes what no field asks for; None where only the answer matters, not the event.
        source, optional: which members are there that need not be.
    """

    def __init__(
        self,
        definitions: Mapping[str, Schema],
        maker: ExampleMaker | None,
        source: random.Random | None = None,
        optional: float = 0.0,
    ) -> None:
        self.definitions = definitions
        self.maker = maker
        self.source = source
        self.optional = optional
        self.steps = _MAX_STEPS

    def of(self, schema: Schema, needs: _Needs, path: str, depth: int) -> Any:
        """A value of `schema` in which all `needs` hold."""
        self.steps -= 1
        if self.steps < 0 or depth > _MAX_DEPTH:
            raise UndecidedError("the answer would cost too much")
        if not needs:
            return self._free(schema, path, depth)
        choices = resolve(schema, self.definitions)
        return _first(partial(self._alternative, choice, needs, path, depth) for choice in choices)

    def _free(self, schema: Schema, path: str, depth: int) -> Any:
        if isinstance(schema, Nothing):
            return NOT_FOUND
        if self.maker is None:
            return None
        try:
            return self.maker.make(schema, path, depth)
        except NoExampleError as error:
            raise UndecidedError(str(error)) from None

    def _alternative(self, schema: Schema, needs: _Needs, path: str, depth: int) -> Any:
        match schema:
            case Object():
                return NOT_FOUND if _leaves(needs) else self._object(schema, needs, path, depth)
            case Array():
                return self._array(schema, needs, path, depth)
            case Anything():
                return self._anything(needs)
            case Nothing():
                return NOT_FOUND
        if any(need.present if need.rest else not need.present for need in needs):
            return NOT_FOUND
        leaves = _leaves(needs)
        if not leaves:
            return self._free(schema, path, depth)
        # Of one path there is one need, so one test is enough.
        (need,) = leaves
        return _first(partial(test.find, schema) for test in need.tests)

    def _object(self, schema: Object, needs: _Needs, path: str, depth: int) -> Any:
        wanted = [need for need in needs if need.present]
        absent = [need for need in needs if not need.present]
        ways = [[(name, need.below(rest)) for name, rest in _readings(schema, need.rest)] for need in wanted]
        return _first(partial(self._members, schema, chosen, absent, path, depth) for chosen in _combinations(ways))

    def _members(
        self,
        schema: Object,
        chosen: tuple[tuple[str, _Need], ...],
        absent: list[_Need],
        path: str,
        depth: int,
    ) -> Any:
        """An object in which each need of `chosen` holds below its name, and none of `absent` is there."""
        wanted: dict[str, list[_Need]] = {}
        for name, need in chosen:
            wanted.setdefault(name, []).append(need)
        members = [*schema.properties]
        members += [Property(name, schema.additional or ANYTHING) for name in wanted if schema.get(name) is None]
        made: dict[str, Any] = {}
        undecided: UndecidedError | None = None
        for member in members:
            lacking = [need.below(rest) for need in absent for name, rest in splits(need.rest) if name == member.name]
            needs = (*wanted.get(member.name, ()), *lacking)
            if member.name not in wanted and not member.required and (lacking or not self._chosen(depth)):
                continue
            below = f"{path}.{member.name}" if path else member.name
            try:
                value = self.of(member.schema, needs, below, depth + 1)
            except UndecidedError as error:
                undecided = error  # another member may still be impossible
                continue
            if value is not NOT_FOUND:
                made[member.name] = value
            elif member.required or member.name in wanted:
                return NOT_FOUND
        if undecided is not None:
            raise undecided
        return made

    def _chosen(self, depth: int) -> bool:
        return self.source is not None and depth < _DEEP and self.source.random() < self.optional

    def _array(self, schema: Array, needs: _Needs, path: str, depth: int) -> Any:
        absent = tuple(need for need in needs if not need.present)
        if len(absent) == len(needs):
            return [] if not schema.min_items else self._repeated(schema, [absent], path, depth)
        if schema.max_items == 0:
            return NOT_FOUND
        if isinstance(schema.items, Nothing):
            raise UndecidedError(f"{path}: of an array that was always empty nothing is known")
        leaves = _leaves(needs)
        below = tuple(need for need in needs if need.present and need.rest)
        if not leaves or not below:
            return self._repeated(schema, [needs], path, depth)
        # A leaf and an object of the same array are two elements, or the elements of two arrays in it.
        apart = [(*leaves, *absent), (*below, *absent)]
        tries = [partial(self._repeated, schema, [needs], path, depth)]
        if schema.max_items is None or schema.max_items >= 2:
            tries.append(partial(self._repeated, schema, apart, path, depth))
        return _first(tries)

    def _repeated(self, schema: Array, elements: list[_Needs], path: str, depth: int) -> Any:
        """An array with an element for each of the needs, the last again where more are required."""
        made = []
        for needs in elements:
            value = self.of(schema.items, needs, path, depth + 1)
            if value is NOT_FOUND:
                return NOT_FOUND
            made.append(value)
        return [*made, *[made[-1]] * (schema.min_items - len(made))]

    def _anything(self, needs: _Needs) -> Any:
        wanted = [need for need in needs if need.present]
        if not wanted:
            return {}
        leaves = _leaves(needs)
        if not leaves:
            # Names with dots are as good as objects: so the analysis of patterns reads them.
            pattern = {need.rest: [test.value for test in need.tests] for need in wanted}
            answer = satisfiable(EventPattern.parse(pattern, max_wildcard_complexity=None), arrays=True)
            if answer.verdict is False:
                return NOT_FOUND
            if answer.witness is None:
                raise UndecidedError(answer.reason)
            return answer.witness
        if len(wanted) > len(leaves):
            raise UndecidedError("a field is both a value and an object")
        (need,) = leaves
        return _first(partial(test.find, ANYTHING) for test in need.tests)


def _leaves(needs: _Needs) -> _Needs:
    """The needs of a leaf right here."""
    return tuple(need for need in needs if need.present and not need.rest)


def _readings(schema: Object, path: str) -> list[tuple[str, str]]:
    """The ways to read a dotted path as a member's name and what lies below it."""
    open_names = schema.additional is not None and not isinstance(schema.additional, Nothing)
    return [(name, rest) for name, rest in splits(path) if open_names or schema.get(name) is not None]
