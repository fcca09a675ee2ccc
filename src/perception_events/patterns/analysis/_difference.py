"""What a target newly receives, and no longer receives, when its patterns change."""

from __future__ import annotations

from dataclasses import dataclass

from perception_events.patterns.analysis._budget import DEFAULT_STEPS, Budget, UndecidedError
from perception_events.patterns.analysis._inquiry import Inquiry
from perception_events.patterns.analysis._subtraction import without
from perception_events.patterns.analysis._written import write_pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from perception_events.patterns import EventPattern
    from perception_events.patterns import _ast as ast
    from perception_events.patterns.analysis._inquiry import PatternSource, PreparedPattern
    from perception_events.patterns.analysis._written import Fields

__all__ = ["Change", "Difference", "difference"]

_MOST_PIECES = 12
"""With more alternatives a pattern is no longer easier to read than its witnesses."""


@dataclass(frozen=True, slots=True)
class Change:
    """Events that one side has and the other has not.

    Args:
        verdict: whether there are any; None where that is unknown.
        pattern: just these events as a pattern, proved to be; None where none can be written.
        witnesses: events that show it, confirmed by the matcher, one for each pattern that contributes some.
        witnesses_json: the same as texts, in which every number is spelled as it must be.
        reason: why there is no verdict; may be empty.
    """

    verdict: bool | None
    pattern: EventPattern | None = None
    witnesses: tuple[dict[str, Any], ...] = ()
    witnesses_json: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change of patterns does to the traffic of a target: `gained` is newly received, `lost` no longer."""

    gained: Change
    lost: Change

    @property
    def verdict(self) -> bool | None:
        """Whether anything changes; None where that is unknown."""
        if self.gained.verdict or self.lost.verdict:
            return True
        return None if None in (self.gained.verdict, self.lost.verdict) else False


def difference(
    old: Iterable[PatternSource], new: Iterable[PatternSource], *, arrays: bool = False, steps: int = DEFAULT_STEPS
) -> Difference:
    """Compare the patterns of a target's rules before and after a change; a target receives what one of them matches.

    Args:
        old: the patterns before.
        new: the patterns after.
        arrays: whether a field may hold several values; by default it holds one.
        steps: how much each part of the answer may cost before it is unknown.

    Raises:
        InvalidEventPatternError: as `EventPattern.parse`.
    """
    inquiry = Inquiry(arrays=arrays, steps=steps)
    before, after = [inquiry.prepare(pattern) for pattern in old], [inquiry.prepare(pattern) for pattern in new]
    return Difference(gained=_only_in(inquiry, after, before, steps), lost=_only_in(inquiry, before, after, steps))


def _only_in(inquiry: Inquiry, side: Sequence[PreparedPattern], other: Sequence[PreparedPattern], steps: int) -> Change:
    found: dict[str, dict[str, Any]] = {}
    reason = ""
    contributing = []
    for prepared in side:
        answer = inquiry.outside(prepared, other)
        if answer.verdict is False:
            continue
        contributing.append(prepared)
        if answer.verdict is None:
            reason = reason or answer.reason
        elif answer.witness is not None:
            found.setdefault(answer.witness_json or "", answer.witness)
    if not contributing:
        return Change(False)
    pattern = None if reason else _written(inquiry, contributing, other, steps)
    return Change(True if found else None, pattern, tuple(found.values()), tuple(found), reason)


def _written(
    inquiry: Inquiry, side: Sequence[PreparedPattern], other: Sequence[PreparedPattern], steps: int
) -> EventPattern | None:
    """What `side` has beyond `other` as a pattern: guessed field by field, and returned only if it is proved."""
    dialect = side[0].pattern.dialect
    budget = Budget(steps)
    pieces: list[Fields] = []
    try:
        for prepared in side:
            for rule in prepared.pattern.sub_rules:
                left: list[Fields] = [dict(rule.fields)]
                for removed in other:
                    for taken in removed.pattern.sub_rules:
                        left = [piece for fields in left for piece in without(fields, dict(taken.fields), budget)]
                pieces += left
    except UndecidedError:
        return None
    pieces = _merged(pieces)
    if len(pieces) > _MOST_PIECES:
        return None
    pattern = write_pattern(pieces, dialect)
    if pattern is None:
        return None
    guess = inquiry.prepare(pattern)
    proved = (
        inquiry.exceeds(guess, side) is False
        and all(inquiry.meets(guess, removed) is False for removed in other)
        and all(inquiry.exceeds(one, [*other, guess]) is False for one in side)
    )
    return pattern if proved else None


def _merged(pieces: Sequence[Fields]) -> list[Fields]:
    """Pieces that differ in the values of one field become one."""
    kept: list[dict[str, tuple[ast.ValuePattern, ...]]] = []
    for piece in pieces:
        for other in kept:
            differing = [path for path in piece if piece[path] != other.get(path)]
            if piece.keys() == other.keys() and len(differing) <= 1:
                for path in differing:
                    other[path] = tuple(dict.fromkeys((*other[path], *piece[path])))
                break
        else:
            kept.append(dict(piece))
    return list(kept)
