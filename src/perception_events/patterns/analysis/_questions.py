"""Questions about one pattern or two, each answered with an event that shows the answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from perception_events.patterns import EventPattern
from perception_events.patterns.analysis._answers import Answer
from perception_events.patterns.analysis._budget import DEFAULT_STEPS, Budget, UndecidedError
from perception_events.patterns.analysis._event_search import EventSearch
from perception_events.patterns.analysis._groups import PreparedRule, prepare_rule
from perception_events.patterns.analysis._witness import Witness, build_witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from perception_events.patterns.analysis._event_search import Leaves

    PatternSource: TypeAlias = EventPattern | Mapping[str, Any] | str | bytes

__all__ = [
    "PreparedPattern",
    "disjoint",
    "equivalent",
    "implies",
    "meet",
    "outside",
    "overlap",
    "pattern_of",
    "prepare",
    "satisfiable",
    "satisfy",
    "uncovered",
]


class PreparedPattern:
    """A pattern with its sub-rules as groups, to be asked about several times."""

    __slots__ = ("pattern", "rules")

    def __init__(self, pattern: EventPattern) -> None:
        self.pattern = pattern
        self.rules: list[PreparedRule] = [prepare_rule(rule) for rule in pattern.sub_rules]


def pattern_of(source: PatternSource) -> EventPattern:
    """A pattern, read if it is not yet.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    return source if isinstance(source, EventPattern) else EventPattern.parse(source)


def prepare(source: PatternSource) -> PreparedPattern:
    """A pattern ready for questions.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    return PreparedPattern(pattern_of(source))


def satisfiable(pattern: PatternSource, *, arrays: bool = False, steps: int = DEFAULT_STEPS) -> Answer:
    """Whether some event matches `pattern`; the witness is one that does.

    Args:
        pattern: the pattern, or what `EventPattern.parse` reads.
        arrays: whether a field may hold several values; by default it holds one.
        steps: how much the answer may cost before it is unknown.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    return satisfy(prepare(pattern), arrays=arrays, steps=steps)


def overlap(first: PatternSource, second: PatternSource, *, arrays: bool = False, steps: int = DEFAULT_STEPS) -> Answer:
    """Whether some event matches both; the witness is one that does. Arguments as of `satisfiable`.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    return meet(prepare(first), prepare(second), arrays=arrays, steps=steps)


def disjoint(
    first: PatternSource, second: PatternSource, *, arrays: bool = False, steps: int = DEFAULT_STEPS
) -> Answer:
    """Whether no event matches both; the witness is one that does. Arguments as of `satisfiable`.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    return _opposite(overlap(first, second, arrays=arrays, steps=steps))


def implies(first: PatternSource, second: PatternSource, *, arrays: bool = False, steps: int = DEFAULT_STEPS) -> Answer:
    """Whether `second` matches every event that `first` matches; the witness is one that `first` alone matches.

    A True for one-valued fields holds for all events, arrays of objects included, where `second` has no `exists: false`
    and `first` names no field both as a value and as an object.
    Arguments as of `satisfiable`.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    return _opposite(outside(prepare(first), [prepare(second)], arrays=arrays, steps=steps))


def equivalent(
    first: PatternSource, second: PatternSource, *, arrays: bool = False, steps: int = DEFAULT_STEPS
) -> Answer:
    """Whether both match the same events; the witness is one that only one of them matches, the reason says which.

    Arguments as of `satisfiable`.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    one, other = prepare(first), prepare(second)
    there = _opposite(outside(one, [other], arrays=arrays, steps=steps))
    if there.verdict is False:
        return Answer(False, there.witness, there.witness_json, "only the first matches it")
    back = _opposite(outside(other, [one], arrays=arrays, steps=steps))
    if back.verdict is False:
        return Answer(False, back.witness, back.witness_json, "only the second matches it")
    return there if there.verdict is None else back


def uncovered(
    pattern: PatternSource, others: Iterable[PatternSource], *, arrays: bool = False, steps: int = DEFAULT_STEPS
) -> Answer:
    """Whether some event that `pattern` matches is matched by none of `others`; the witness is one.

    So it is asked which events of a source no rule takes. Arguments as of `satisfiable`.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    return outside(prepare(pattern), [prepare(other) for other in others], arrays=arrays, steps=steps)


def satisfy(prepared: PreparedPattern, *, arrays: bool, steps: int) -> Answer:
    """`satisfiable` of a prepared pattern."""
    search = EventSearch(Budget(steps), arrays=arrays)
    return _first(
        [partial(search.both, rule, _NOTHING) for rule in prepared.rules],
        lambda witness: witness.matches(prepared.pattern),
    )


def meet(first: PreparedPattern, second: PreparedPattern, *, arrays: bool, steps: int) -> Answer:
    """`overlap` of prepared patterns."""
    search = EventSearch(Budget(steps), arrays=arrays)
    return _first(
        [partial(search.both, one, other) for one in first.rules for other in second.rules],
        lambda witness: witness.matches(first.pattern) and witness.matches(second.pattern),
    )


def outside(pattern: PreparedPattern, others: Sequence[PreparedPattern], *, arrays: bool, steps: int) -> Answer:
    """`uncovered` of prepared patterns."""
    search = EventSearch(Budget(steps), arrays=arrays)
    forbidden = [rule for other in others for rule in other.rules]
    return _first(
        [partial(search.outside, rule, forbidden) for rule in pattern.rules],
        lambda witness: (
            witness.matches(pattern.pattern) and not any(witness.matches(other.pattern) for other in others)
        ),
    )


def _first(searches: Iterable[Callable[[], Leaves | None]], confirms: Callable[[Witness], bool]) -> Answer:
    """The first event found that the matcher confirms."""
    reason: str | None = None
    for search in searches:
        try:
            leaves = search()
        except UndecidedError as error:
            reason = reason or str(error)
            continue
        if leaves is None:
            continue
        witness = build_witness(leaves)
        if confirms(witness):
            several = any(len(found) > 1 for found in leaves.values())
            return Answer(True, witness.event, witness.text, "a field holds several values at once" if several else "")
        reason = "the event that was found is not confirmed by the matcher"
    return Answer(False) if reason is None else Answer(None, reason=reason)


def _opposite(answer: Answer) -> Answer:
    verdict = None if answer.verdict is None else not answer.verdict
    return Answer(verdict, answer.witness, answer.witness_json, answer.reason)


_NOTHING = PreparedRule({})
