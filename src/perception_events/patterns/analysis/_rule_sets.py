"""Questions about the rules of a set together: which can never match, and which others take all that one matches."""

from __future__ import annotations

from dataclasses import dataclass

from perception_events.patterns.analysis._budget import DEFAULT_STEPS
from perception_events.patterns.analysis._inquiry import Inquiry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from perception_events.patterns import RuleSet
    from perception_events.patterns.analysis._inquiry import PatternSource, PreparedPattern

__all__ = ["Shadow", "shadowed", "unreachable"]


@dataclass(frozen=True, slots=True)
class Shadow:
    """A rule all of whose events are matched by `by`: by one other rule, or by several between them."""

    rule: str
    by: tuple[str, ...]


def unreachable(
    rules: Mapping[str, PatternSource] | RuleSet, *, arrays: bool = False, steps: int = DEFAULT_STEPS
) -> list[str]:
    """The names of the rules that no event matches.

    Args:
        rules: patterns by name, or a rule set.
        arrays: whether a field may hold several values; by default it holds one.
        steps: how much each answer may cost; a rule about which it is not enough is not named.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    inquiry = Inquiry(arrays=arrays, steps=steps)
    return [name for name in rules if inquiry.satisfy(inquiry.prepare(rules[name])).verdict is False]


def shadowed(
    rules: Mapping[str, PatternSource] | RuleSet,
    *,
    in_order: bool = False,
    arrays: bool = False,
    steps: int = DEFAULT_STEPS,
) -> list[Shadow]:
    """The rules all of whose events are matched by others as well.

    Args:
        rules: patterns by name, or a rule set.
        in_order: whether the first rule that matches takes the event, as where rules are tried one by one: then only
            earlier rules count, and a shadowed rule never gets an event.
        arrays: whether a field may hold several values; by default it holds one.
        steps: how much each answer may cost; a rule about which it is not enough is not named.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    inquiry = Inquiry(arrays=arrays, steps=steps)
    prepared = {name: inquiry.prepare(rules[name]) for name in rules}
    names = list(prepared)
    found = []
    for position, name in enumerate(names):
        rule = prepared[name]
        if inquiry.satisfy(rule).verdict is not True:
            continue
        others = names[:position] if in_order else [other for other in names if other != name]
        near = [other for other in others if inquiry.meets(rule, prepared[other]) is not False]

        def covers(by: list[str], rule: PreparedPattern = rule) -> bool:
            return inquiry.exceeds(rule, [prepared[one] for one in by]) is False

        alone = next((other for other in near if covers([other])), None)
        if alone is not None:
            found.append(Shadow(name, (alone,)))
        elif len(near) > 1 and covers(near):
            for other in list(near):
                fewer = [one for one in near if one != other]
                if covers(fewer):
                    near = fewer
            found.append(Shadow(name, tuple(near)))
    return found
