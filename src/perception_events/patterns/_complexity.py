"""How much work a rule's wildcards make for the engine, on the engine's own scale.

The engine reads a value byte by byte and stands in several places of its wildcards at once. Its measure of a rule is
the most places at which it can stand, each counted once for every value of the list that lies ahead of it. All values
of one field are in one machine and add up; separate fields do not. `["*:stack/A/*", "*:stack/B/*"]` counts 6, each
alone 3. Which wildcards share places, `_complexity_machine` decides.
"""

from __future__ import annotations

from perception_events.patterns._complexity_machine import wildcard_machines, wildcards_of
from perception_events.patterns._errors import InvalidEventPatternError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perception_events.patterns._compiler import SubRule
    from perception_events.patterns._complexity_machine import Match, Place, WildcardMachine

__all__ = ["MAX_WILDCARD_COMPLEXITY", "check_complexity", "rule_complexity"]

MAX_WILDCARD_COMPLEXITY = 10
"""The most that is accepted unless told otherwise.

Unknown on AWS: its limit. Evidence: it rejected a rule that counts 12 (four `*:stack/NAME/*` of one field) and
`*:*:*:*:*:event-bus/*`, which counts 11; it accepted rules that count 9 (three `*:stack/NAME/*`).
"""
_QUOTE = ord('"')


def rule_complexity(rules: Sequence[SubRule]) -> int:
    """The complexity of the rule that has these sub-rules: that of its most complex field, at least 0.

    AWS: event-ruler `MachineComplexityEvaluator` over the machine of the rule; the tests compare the two.
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


def _by_field(rules: Sequence[SubRule], limit: int | None = None) -> Iterator[tuple[str, int]]:
    """(path, complexity) of each machine that has wildcards; counting stops as soon as it is above `limit`."""
    lists = {id(values): values for rule in rules for _, values in rule.fields}
    if not any(wildcards_of(value) for values in lists.values() for value in values):
        return
    for machine in wildcard_machines(rules):
        most = 0
        for count in _counts(machine):
            most = max(most, count)
            if limit is not None and most > limit:
                break
        yield machine.path, most


def _counts(machine: WildcardMachine) -> Iterator[int]:
    """How many places are taken at once, for the texts that can take the most.

    After a `*` the engine stays where it is, whatever follows. So the most places are taken where every `*` is behind:
    there only the last bytes read decide which of the pieces after a `*` are begun.
    """
    for first in machine.first_pieces:
        yield from _counts_along(machine.start, first)
    for first in machine.first_pieces:
        reached = _stars_reached(machine.start, first)
        stays = sum(len(place.ahead) for place in reached)
        for begun in _counts_begun(reached):
            yield stays + begun


def _counts_along(start: Place, text: bytes) -> Iterator[int]:
    """The count after each byte of `text`, which begins a value."""
    staying: dict[int, Place] = {}
    moving = [start]
    for byte in text:
        before = [*moving, *staying.values()]
        moving = [after for place in before for after in place.next.get(byte, ())]
        for place in moving:
            star = place.star
            if star is not None:
                staying[id(star)] = star
        yield (
            sum(len(place.ahead) for place in moving)
            + sum(len(place.ahead) for place in staying.values())
            + len(_matches(before, byte))
        )


def _matches(places: Iterable[Place], byte: int) -> frozenset[Match]:
    """The matches that `byte` leads to: they come with the closing quote."""
    return frozenset().union(*(place.matches for place in places)) if byte == _QUOTE else frozenset()


def _stars_reached(start: Place, text: bytes) -> list[Place]:
    """Where the engine stays at most if a value begins with `text`: every `*` that is reached then."""
    waiting = [start]
    for byte in text:
        waiting += [place for place in waiting[-1].next.get(byte, ()) if not place.after_star]
    reached = [place.star for place in waiting if place.star is not None]
    waiting = list(reached)
    while waiting:
        place = waiting.pop()
        for places in place.next.values():
            waiting += places
        if place.star is not None:
            reached.append(place.star)
            waiting.append(place.star)
    return reached


def _counts_begun(reached: list[Place]) -> Iterator[int]:
    """How much the pieces after `reached` count that begin with the last bytes of one text, for each such text.

    A tree of all pieces, with a link from each text to its longest proper end in the tree (Aho and Corasick).
    """
    links: list[tuple[dict[int, int], int, int, frozenset[Match]]] = [({}, 0, 0, frozenset())]
    """Of a node of the tree: its children, the node of its longest end, and of both together count and matches."""
    waiting: list[tuple[int, list[Place]]] = [(0, reached)]
    for node, places in waiting:  # grows as it goes: breadth first, so shorter texts are done before longer ones
        children, end, _, _ = links[node]
        together: dict[int, list[Place]] = {}
        for place in places:
            for byte, after in place.next.items():
                together.setdefault(byte, []).extend(after)
            if place.matches:
                together.setdefault(_QUOTE, [])
        for byte, after_byte in together.items():
            shorter = end
            while node and shorter and byte not in links[shorter][0]:
                shorter = links[shorter][1]
            shorter = links[shorter][0].get(byte, 0) if node else 0
            child = children[byte] = len(links)
            count = links[shorter][2] + sum(len(place.ahead) for place in after_byte)
            matches = links[shorter][3] | _matches(places, byte)
            links.append(({}, shorter, count, matches))
            waiting.append((child, after_byte))
            yield count + len(matches)
    if len(links) == 1:
        yield 0
