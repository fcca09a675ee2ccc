"""How much work a rule's wildcards make for the engine, on the engine's own scale.

The engine reads a value byte by byte and stands in several places of its wildcards at once. Its measure of a rule is
the most places at which it can stand, each counted once for every value of the list that lies ahead of it. All values
of one field are in one machine and add up; separate fields do not. `["*:stack/A/*", "*:stack/B/*"]` counts 6, each
alone 3.
"""

from __future__ import annotations

from perception_events.patterns import _ast as ast
from perception_events.patterns._errors import InvalidEventPatternError
from perception_events.patterns._values import wildcard_pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from perception_events.patterns._compiler import SubRule

    _Pattern: TypeAlias = tuple[str, tuple[str, ...]]
    """A value of a list as text, and its wildcards."""

__all__ = ["MAX_WILDCARD_COMPLEXITY", "check_complexity", "rule_complexity"]

MAX_WILDCARD_COMPLEXITY = 10
"""The most that is accepted unless told otherwise.

Unknown on AWS: its limit. Evidence: it rejected a rule that counts 12 (four `*:stack/NAME/*` of one field) and
`*:*:*:*:*:event-bus/*`, which counts 11; it accepted rules that count 9 (three `*:stack/NAME/*`).
"""


def rule_complexity(rules: Iterable[SubRule]) -> int:
    """The complexity of the rule that has these sub-rules: that of its most complex field, at least 0.

    AWS: event-ruler `MachineComplexityEvaluator` over the machine of the rule; the tests compare the two. Of lists in
    one `anything-but`, and of values that branches of `$or` have in common, the engine shares places by the order in
    which it adds them: there its figure can be another (of one in twenty generated rules).
    """
    return max((complexity for _, complexity in _by_field(rules)), default=0)


def check_complexity(rules: Sequence[SubRule], limit: int) -> None:
    """Reject a rule above `limit`.

    Raises:
        InvalidEventPatternError: with the path of the field and what it counts.
    """
    for path, complexity in _by_field(rules, limit):
        if complexity > limit:
            raise InvalidEventPatternError(
                "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences "
                "after a wildcard character",
                code="TooComplex",
                path=path,
                hint=f"the wildcards of this field together count {complexity} or more, at most {limit} is accepted "
                "(AWS does not publish its limit): use fewer of them, or split the rule in two",
            )


def _by_field(rules: Iterable[SubRule], limit: int | None = None) -> Iterator[tuple[str, int]]:
    """(path, complexity) of each machine: sub-rules share the one of their first field, the others are their own."""
    machines: dict[tuple[str, int], list[_Pattern]] = {}
    for number, rule in enumerate(rules):
        for at, (path, values) in enumerate(rule.fields):
            machine = machines.setdefault((path, number if at else -1), [])
            machine += [(str(value), _wildcards(value)) for value in values if _wildcards(value)]
    for (path, _), patterns in machines.items():
        if patterns:
            yield path, _field_complexity(patterns, limit)


def _wildcards(value: ast.ValuePattern) -> tuple[str, ...]:
    if isinstance(value, ast.Wildcard):
        return (value.value,)
    if isinstance(value, ast.AnythingButOperator) and value.inner == "wildcard":
        return value.values
    return ()


def _field_complexity(patterns: Sequence[_Pattern], limit: int | None) -> int:
    """The complexity of one machine; counting stops as soon as it is above `limit`."""
    machine = _Machine(patterns)
    most = 0
    for count in machine.counts():
        most = max(most, count)
        if limit is not None and most > limit:
            break
    return most


class _Place:
    """A place in the engine's machine: what has been read of one wildcard, or of several that begin alike."""

    __slots__ = ("ahead", "ends", "following", "next")

    def __init__(self) -> None:
        self.next: dict[int, _Place] = {}
        """The place after each byte that a wildcard goes on with."""
        self.following: _Place | None = None
        """Where the engine stays from here on, because a `*` comes next."""
        self.ahead: set[str] = set()
        """The values that go on from here."""
        self.ends: set[str] = set()
        """The values that are read to their end here. All ends of one value of a list count as one place."""


class _Machine:
    """The places of all wildcards of one field.

    After a `*` the engine stays where it is, whatever follows. So the most places are taken where every `*` is behind:
    there only the last bytes read decide which of the pieces after a `*` are begun.
    """

    def __init__(self, patterns: Sequence[_Pattern]) -> None:
        self.start = _Place()
        self.first_pieces: dict[bytes, dict[int, _Place]] = {}
        """What stands before the first `*`, with the places behind a `*` that are reached through it, by identity."""
        for text, wildcards in patterns:
            for wildcard in wildcards:
                first, *rest = pieces = [piece.encode() for piece in wildcard_pieces(wildcard)]
                reached = self.first_pieces.setdefault(first, {})
                place = self.start
                for stars, piece in enumerate(pieces):
                    for byte in piece:
                        place = place.next.setdefault(byte, _Place())
                        place.ahead.add(text)
                    if stars < len(rest):
                        place.following = place = place.following or _Place()
                        place.ahead.add(text)
                        reached[id(place)] = place
                place.ahead.discard(text)
                place.ends.add(text)

    def counts(self) -> Iterator[int]:
        """How many places are taken at once, for the texts that can take the most."""
        for first in self.first_pieces:
            yield from self._counts_along(first)
        for first in self.first_pieces:
            reached = {
                number: place
                for other, places in self.first_pieces.items()
                if first.startswith(other)
                for number, place in places.items()
            }
            stays = sum(len(place.ahead) for place in reached.values())
            for begun in self._begun_together(list(reached.values())):
                yield stays + begun

    def _counts_along(self, text: bytes) -> Iterator[int]:
        """The count after each byte of `text`, which begins a value."""
        staying: dict[int, _Place] = {}
        moving = [self.start]
        for byte in text:
            moving = [p.next[byte] for p in (*moving, *staying.values()) if byte in p.next]
            for place in moving:
                following = place.following
                while following is not None:
                    staying[id(following)] = following
                    following = following.following
            yield _count(moving) + sum(len(place.ahead) for place in staying.values())

    def _begun_together(self, reached: list[_Place]) -> Iterator[int]:
        """How much the pieces after `reached` count that begin with the last bytes of one text, for each such text.

        A tree of all pieces, with a link from each text to its longest proper end in the tree (Aho and Corasick).
        """
        links: dict[int, tuple[dict[int, int], int, int, frozenset[str]]] = {}
        """Of a node of the tree: its children, the node of its longest end, and of both together count and ends."""
        links[0] = ({}, 0, 0, frozenset())
        waiting: list[tuple[int, list[_Place]]] = [(0, reached)]
        for node, places in waiting:  # grows as it goes: breadth first, so shorter texts are done before longer ones
            children, end, _, _ = links[node]
            together: dict[int, list[_Place]] = {}
            for place in places:
                for byte, following in place.next.items():
                    together.setdefault(byte, []).append(following)
            for byte, following_places in together.items():
                shorter = end
                while node and shorter and byte not in links[shorter][0]:
                    shorter = links[shorter][1]
                shorter = links[shorter][0].get(byte, 0) if node else 0
                child = children[byte] = len(links)
                count = links[shorter][2] + sum(len(place.ahead) for place in following_places)
                ends = links[shorter][3].union(*(place.ends for place in following_places))
                links[child] = ({}, shorter, count, ends)
                waiting.append((child, following_places))
                yield count + len(ends)


def _count(places: Iterable[_Place]) -> int:
    ahead = 0
    ends: set[str] = set()
    for place in places:
        ahead += len(place.ahead)
        ends |= place.ends
    return ahead + len(ends)
