"""The rules of a set that come nearest to an event without matching it."""

from __future__ import annotations

from heapq import nsmallest

from perception_events.patterns._explanation import Mismatch
from perception_events.value_objects import ValueObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from perception_events.patterns._event_pattern import EventPattern

__all__ = ["RuleExplanation", "nearest_rules"]


class RuleExplanation(ValueObject):
    """Why one rule does not match: `rule` is its name, `mismatches` as `EventPattern.explain` gives them."""

    __slots__ = ("mismatches", "rule")

    def __init__(self, rule: str, mismatches: tuple[Mismatch, ...]) -> None:
        self.rule = rule
        self.mismatches = mismatches

    def __str__(self) -> str:
        return f"{self.rule}: {'; '.join(map(str, self.mismatches))}"


def nearest_rules(
    patterns: Mapping[str, EventPattern], event: Mapping[str, Any], limit: int | None
) -> list[RuleExplanation]:
    """At most `limit` rules that do not match `event`, the nearest first; equally near ones in their order."""

    def ranked() -> Iterator[tuple[int, int, int, RuleExplanation]]:
        for number, (name, pattern) in enumerate(patterns.items()):
            mismatches = tuple(pattern.explain(event))
            if mismatches:
                # Those of the nearest branch alone tell how near the rule is.
                at_fault = sum(mismatch.alternative == 0 for mismatch in mismatches)
                fields = min(len(rule.fields) for rule in pattern.sub_rules)
                yield at_fault, at_fault - fields, number, RuleExplanation(name, mismatches)

    ordered = sorted(ranked(), key=lambda each: each[:3]) if limit is None else nsmallest(limit, ranked())
    return [explanation for *_, explanation in ordered]
