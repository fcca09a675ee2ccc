"""Questions about prepared patterns, which share what they find out about fields."""

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
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

    from perception_events.patterns import _ast as ast
    from perception_events.patterns.analysis._event_search import Known, Leaves
    from perception_events.patterns.analysis._groups import Group

    PatternSource: TypeAlias = EventPattern | Mapping[str, Any] | str | bytes
    Searches: TypeAlias = Iterable[Callable[[EventSearch], Leaves | None]]

__all__ = ["Inquiry", "PatternSource", "PreparedPattern", "pattern_of"]

_NO_FIELDS = PreparedRule({})


class PreparedPattern:
    """A pattern with its sub-rules as groups; made by an `Inquiry`."""

    __slots__ = ("pattern", "rules")

    def __init__(self, pattern: EventPattern, rules: list[PreparedRule]) -> None:
        self.pattern = pattern
        self.rules = rules


def pattern_of(source: PatternSource) -> EventPattern:
    """A pattern, read if it is not yet.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    return source if isinstance(source, EventPattern) else EventPattern.parse(source)


class Inquiry:
    """Several questions about patterns that have values in common: what is known of a field's values is kept.

    Args:
        arrays: whether a field may hold several values; by default it holds one.
        steps: how much each answer may cost before it is unknown.
    """

    def __init__(self, *, arrays: bool = False, steps: int = DEFAULT_STEPS) -> None:
        self._arrays = arrays
        self._steps = steps
        self._known: Known = {}
        self._groups: dict[tuple[ast.ValuePattern, ...], Group] = {}

    def prepare(self, source: PatternSource) -> PreparedPattern:
        """A pattern ready for questions.

        Raises:
            InvalidEventPatternError: as `EventPattern.parse`.
        """
        pattern = pattern_of(source)
        return PreparedPattern(pattern, [prepare_rule(rule, self._groups) for rule in pattern.sub_rules])

    def satisfy(self, pattern: PreparedPattern) -> Answer:
        """Whether some event matches; the witness is one."""
        searches = (partial(EventSearch.both, first=rule, second=_NO_FIELDS) for rule in pattern.rules)
        return self._answer(searches, lambda witness: witness.matches(pattern.pattern))

    def can_match(self, rule: PreparedRule) -> bool | None:
        """Whether some event matches a sub-rule alone."""
        return self._verdict([partial(EventSearch.both, first=rule, second=_NO_FIELDS)])

    def missed(self, pattern: PreparedPattern) -> Answer:
        """Whether some event does not match; the witness is one."""
        search = partial(EventSearch.outside, rule=_NO_FIELDS, others=pattern.rules)
        return self._answer([search], lambda witness: not witness.matches(pattern.pattern))

    def meet(self, first: PreparedPattern, second: PreparedPattern) -> Answer:
        """Whether some event matches both; the witness is one."""
        return self._answer(
            _both(first, second), lambda witness: witness.matches(first.pattern) and witness.matches(second.pattern)
        )

    def meets(self, first: PreparedPattern, second: PreparedPattern) -> bool | None:
        """The verdict of `meet`, if its witness is confirmed."""
        return self._verdict(_both(first, second))

    def outside(self, pattern: PreparedPattern, others: Sequence[PreparedPattern]) -> Answer:
        """Whether some event matches `pattern` and none of `others`; the witness is one."""
        return self._answer(
            _beyond(pattern, others),
            lambda witness: (
                witness.matches(pattern.pattern) and not any(witness.matches(other.pattern) for other in others)
            ),
        )

    def exceeds(self, pattern: PreparedPattern, others: Sequence[PreparedPattern]) -> bool | None:
        """The verdict of `outside`, if its witness is confirmed."""
        return self._verdict(_beyond(pattern, others))

    def _search(self, budget: Budget) -> EventSearch:
        return EventSearch(budget, self._known, arrays=self._arrays)

    def _verdict(self, searches: Searches) -> bool | None:
        budget = Budget(self._steps)
        search = self._search(budget)
        verdict: bool | None = False
        for find in searches:
            try:
                if find(search) is not None:
                    return True
            except UndecidedError:
                verdict = None
                if budget.is_spent:
                    break
        return verdict

    def _answer(self, searches: Searches, confirms: Callable[[Witness], bool]) -> Answer:
        budget = Budget(self._steps)
        search = self._search(budget)
        reason: str | None = None
        for find in searches:
            try:
                leaves = find(search)
            except UndecidedError as error:
                reason = reason or str(error)
                if budget.is_spent:
                    break
                continue
            if leaves is None:
                continue
            witness = build_witness(leaves)
            if confirms(witness):
                several = any(len(found) > 1 for found in leaves.values())
                note = "a field holds several values at once" if several else ""
                return Answer(True, witness.event, witness.text, note)
            reason = "the event that was found is not confirmed by the matcher"
        return Answer(False) if reason is None else Answer(None, reason=reason)


def _both(first: PreparedPattern, second: PreparedPattern) -> Iterator[Callable[[EventSearch], Leaves | None]]:
    return (partial(EventSearch.both, first=one, second=other) for one in first.rules for other in second.rules)


def _beyond(
    pattern: PreparedPattern, others: Sequence[PreparedPattern]
) -> Iterator[Callable[[EventSearch], Leaves | None]]:
    forbidden = [rule for other in others for rule in other.rules]
    return (partial(EventSearch.outside, rule=rule, others=forbidden) for rule in pattern.rules)
