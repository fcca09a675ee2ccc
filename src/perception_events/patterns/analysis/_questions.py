"""Questions about one pattern or two, each answered with an event that shows the answer."""

from __future__ import annotations

from perception_events.patterns.analysis._answers import Answer
from perception_events.patterns.analysis._budget import DEFAULT_STEPS
from perception_events.patterns.analysis._inquiry import Inquiry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from perception_events.patterns.analysis._inquiry import PatternSource

__all__ = ["disjoint", "equivalent", "implies", "overlap", "satisfiable", "uncovered"]


def satisfiable(pattern: PatternSource, *, arrays: bool = False, steps: int = DEFAULT_STEPS) -> Answer:
    """Whether some event matches `pattern`; the witness is one that does.

    Args:
        pattern: the pattern, or what `EventPattern.parse` reads.
        arrays: whether a field may hold several values; by default it holds one.
        steps: how much the answer may cost before it is unknown.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    inquiry = Inquiry(arrays=arrays, steps=steps)
    return inquiry.satisfy(inquiry.prepare(pattern))


def overlap(first: PatternSource, second: PatternSource, *, arrays: bool = False, steps: int = DEFAULT_STEPS) -> Answer:
    """Whether some event matches both; the witness is one that does. Arguments as of `satisfiable`.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    inquiry = Inquiry(arrays=arrays, steps=steps)
    return inquiry.meet(inquiry.prepare(first), inquiry.prepare(second))


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
    return _opposite(uncovered(first, [second], arrays=arrays, steps=steps))


def equivalent(
    first: PatternSource, second: PatternSource, *, arrays: bool = False, steps: int = DEFAULT_STEPS
) -> Answer:
    """Whether both match the same events; the witness is one that only one of them matches, the reason says which.

    Arguments as of `satisfiable`.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    inquiry = Inquiry(arrays=arrays, steps=steps)
    one, other = inquiry.prepare(first), inquiry.prepare(second)
    there = _opposite(inquiry.outside(one, [other]))
    if there.verdict is False:
        return Answer(False, there.witness, there.witness_json, "only the first matches it")
    back = _opposite(inquiry.outside(other, [one]))
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
    inquiry = Inquiry(arrays=arrays, steps=steps)
    return inquiry.outside(inquiry.prepare(pattern), [inquiry.prepare(other) for other in others])


def _opposite(answer: Answer) -> Answer:
    verdict = None if answer.verdict is None else not answer.verdict
    return Answer(verdict, answer.witness, answer.witness_json, answer.reason)
