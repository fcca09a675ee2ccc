"""The part of the engine's machine that decides how complex a rule's wildcards are: which of them share a place.

`wildcard_machines` adds the sub-rules of one rule in the engine's order; `_complexity` measures what comes out.
Two wildcards of a field walk the same way as long as they may share places, then each goes on alone:

- Before the first `*` a place is shared by all that begin with the same text.
- A `*` is shared by all that reach it from the same place.
- Behind a `*` a character is shared only if it has no other case, and if no `*` follows the place it comes from.
"""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._values import as_octets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from perception_events.patterns._compiler import SubRule

    Match: TypeAlias = tuple[str, int]
    """A value of a list as text, and the number of the step that a match leads to."""

__all__ = ["MAX_STEPS", "Place", "WildcardMachine", "wildcard_machines", "wildcards_of"]

MAX_STEPS = 400_000
"""How many characters and values are added at most: about a second. What a hostile `$or` lists beyond is not added."""
_STAR = "*"


class Place:
    """A place in the engine's machine: what has been read of one wildcard, or of several that share it."""

    __slots__ = ("after_star", "ahead", "matches", "next", "star")

    def __init__(self, after_star: bool) -> None:
        self.after_star = after_star
        """Whether a `*` has been read on the way."""
        self.next: dict[int, list[Place]] = {}
        """The places after each byte."""
        self.star: Place | None = None
        """Where the engine stays from here on, because a `*` comes next."""
        self.ahead: set[str] = set()
        """The values of the list that go on from here."""
        self.matches: set[Match] = set()
        """The values whose closing quote comes next."""


class WildcardMachine:
    """The wildcards of one field, and the step that each value of the field leads to."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.start = Place(after_star=False)
        self.first_pieces: dict[bytes, None] = {}
        """What stands before the first `*`, from the opening quote on."""
        self.steps: dict[str, _Step] = {}
        """The step behind each value without wildcards."""
        self.reached: dict[int, _Step] = {}
        """The steps that the values lead to, by their number."""

    def add(self, value: ast.ValuePattern, step: _Step) -> _Step:
        """Add `value`; return the step it leads to: `step`, or the one it led to already."""
        wildcards = wildcards_of(value)
        if not wildcards:
            step = self.steps.setdefault(str(value), step)
        for wildcard in wildcards:
            step = self._add_wildcard(str(value), wildcard, step)
        self.reached[step.number] = step
        return step

    def _add_wildcard(self, value: str, wildcard: str, step: _Step) -> _Step:
        place = self.start
        first_piece = bytearray()
        for character in _characters(wildcard):
            if character == _STAR:
                place.ahead.add(value)
                place.star = place = place.star or _star()
            else:
                octets = character[-1].encode()
                place = _after(place, octets, _has_other_case(character[-1]), value)
                if not place.after_star:
                    first_piece += octets
        self.first_pieces[bytes(first_piece) if place.after_star else bytes(first_piece) + b'"'] = None
        for known, number in (*place.matches, *(place.star.matches if place.star else ())):
            if known == value:
                return self.reached.get(number, step)
        place.ahead.add(value)
        place.matches.add((value, step.number))
        return step


class _Step:
    """What is asked once the fields so far match: the machines of the next fields."""

    __slots__ = ("machines", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.machines: dict[str, WildcardMachine] = {}


def wildcards_of(value: ast.ValuePattern) -> Sequence[str]:
    """The wildcards of a value of a list, in the order in which the engine adds them."""
    if isinstance(value, ast.Wildcard):
        return (value.value,)
    if isinstance(value, ast.AnythingButOperator) and value.inner == "wildcard":
        return _in_hash_order(value.values)
    return ()


def wildcard_machines(rules: Iterable[SubRule]) -> Iterator[WildcardMachine]:
    """The machines with wildcards of the rule that has these sub-rules.

    AWS: event-ruler `GenericMachine.addStep` and `ByteMachine.addMatchValue`, without what no wildcard shares.
    """
    steps = [_Step(0)]

    def new_step() -> _Step:
        steps.append(_Step(len(steps)))
        return steps[-1]

    budget = MAX_STEPS
    for rule in rules:
        waiting = [(steps[0], 0)]
        while waiting and budget > 0:
            step, index = waiting.pop()
            path, values = rule.fields[index]
            machine = step.machines.setdefault(path, WildcardMachine(path))
            behind: dict[int, _Step] = {}
            following = new_step()
            for value in values:
                following = machine.add(value, following)
                behind[following.number] = following
                budget -= 1 + sum(map(len, wildcards_of(value)))
            if index + 1 < len(rule.fields):
                waiting += [(each, index + 1) for each in behind.values()]
    looked_at = {0}
    pending = [steps[0]]
    while pending:
        for machine in pending.pop().machines.values():
            if machine.first_pieces:
                yield machine
            pending += [step for number, step in machine.reached.items() if number not in looked_at]
            looked_at.update(machine.reached)


def _star() -> Place:
    return Place(after_star=True)


def _after(place: Place, octets: bytes, has_other_case: bool, value: str) -> Place:
    """The place after the octets of one character of `value`: one that may be shared, else a new one."""
    for index, octet in enumerate(octets):
        place.ahead.add(value)
        known = place.next.setdefault(octet, [])
        for candidate in known:
            if not candidate.after_star or index > 0 or (place.star is None and not has_other_case):
                place = candidate
                break
        else:
            known.append(Place(place.after_star))
            place = known[-1]
    return place


def _characters(wildcard: str) -> Iterator[str]:
    """The opening quote and the characters of `wildcard`; an escaped one has its backslash before it."""
    yield '"'
    characters = iter(as_octets(wildcard))
    for character in characters:
        yield character + next(characters) if character == "\\" else character


def _has_other_case(character: str) -> bool:
    """Whether the engine takes `character` for one with two cases; it does not know those beyond U+FFFF."""
    return character <= "\uffff" and character.lower() != character.upper()


def _in_hash_order(values: Sequence[str]) -> list[str]:
    """`values`, each once, in the order in which a Java `HashSet` of them with their quotes lists them."""
    hashes = {value: _java_hash(f'"{value}"') for value in values}
    size = 16
    while len(hashes) > size * 3 // 4:
        size *= 2
    return sorted(hashes, key=lambda value: (hashes[value] ^ hashes[value] >> 16) & (size - 1))


def _java_hash(text: str) -> int:
    code = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for index in range(0, len(units), 2):
        code = (code * 31 + (units[index] << 8 | units[index + 1])) & 0xFFFFFFFF
    return code
