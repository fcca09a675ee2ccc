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
    """At most `limit` rules that do not match `event`, the nearest first; equally near ones in their order.

    Near is a rule that few fields keep from matching, slips counting half, and of which something holds.
    """

    def ranked() -> Iterator[tuple[bool, int, int, int, RuleExplanation]]:
        for number, (name, pattern) in enumerate(patterns.items()):
            mismatches = tuple(pattern.explain(event))
            if mismatches:
                # Those of the nearest branch alone tell how near the rule is; a slip is half a miss, and a rule of
                # which nothing holds was hardly meant.
                nearest = [mismatch for mismatch in mismatches if mismatch.alternative == 0]
                slips = sum(mismatch.is_slip for mismatch in nearest)
                held = min(len(rule.fields) for rule in pattern.sub_rules) - len(nearest)
                is_strange = held <= 0 and not slips
                yield is_strange, 2 * len(nearest) - slips, -held, number, RuleExplanation(name, mismatches)

    ordered = sorted(ranked(), key=lambda each: each[:4]) if limit is None else nsmallest(limit, ranked())
    return [explanation for *_, explanation in ordered]
