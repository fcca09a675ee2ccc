"""Patterns of which parts are not known before deployment: what surely matches, what may match, and what not.

`{"source": ["orders"], "detail": {"env": [Unresolved("!Ref Env")]}}` surely matches nothing, and may match what
`{"source": ["orders"]}` matches; on any other event it does not match, whatever `Env` is.
"""

from __future__ import annotations

from perception_events.patterns._dialects import Dialect
from perception_events.patterns._event_pattern import EventPattern
from perception_events.value_objects import ValueObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from perception_events.patterns._explanation import Mismatch

__all__ = ["PartialPattern"]

_NEVER: Any = object()
"""In place of a pattern: it matches nothing for sure."""


class PartialPattern(ValueObject):
    """A pattern in which `topology.Unresolved` may stand.

    `certain`: what it surely matches, None where that is nothing. `possible`: what it may match, None where that is
    every event. `depends_on`: the expressions of the unknown parts; empty where all is known.
    """

    __slots__ = ("certain", "depends_on", "possible")

    def __init__(
        self, certain: EventPattern | None, possible: EventPattern | None, depends_on: tuple[str, ...]
    ) -> None:
        self.certain = certain
        self.possible = possible
        self.depends_on = depends_on

    @classmethod
    def parse(cls, source: object, *, dialect: Dialect = Dialect.EVENT_BUS) -> PartialPattern:
        """Read a pattern of a topology: a mapping, a text, or an unknown value.

        Raises:
            InvalidEventPatternError: what is known of it is rejected.
            InvalidJSONValueError: as `EventPattern.parse`.
        """
        from perception_events.topology import unresolved_in

        depends_on = tuple(dict.fromkeys(unknown.expression for unknown in unresolved_in(source)))
        if not depends_on:
            pattern = EventPattern.parse(source, dialect=dialect)  # type: ignore[arg-type]  # it says so
            return cls(pattern, pattern, ())
        certain, possible = _certain(source), _possible(source)
        return cls(
            None if certain is _NEVER else EventPattern.parse(certain, dialect=dialect),
            EventPattern.parse(possible, dialect=dialect) if possible else None,
            depends_on,
        )

    def verdict(self, event: Mapping[str, Any]) -> bool | None:
        """Whether the pattern matches `event`; None where that depends on what is not known."""
        if self.certain is not None and self.certain.matches(event):
            return True
        if self.possible is not None and (self.possible is self.certain or not self.possible.matches(event)):
            return False
        return None

    def explain(self, event: Mapping[str, Any]) -> list[Mismatch]:
        """Why the pattern does not match `event`, whatever the unknown parts are; empty where it may match."""
        return [] if self.possible is None else self.possible.explain(event)


def _is_unknown(value: object) -> bool:
    from perception_events.topology import unresolved_in

    return next(iter(unresolved_in(value)), None) is not None


def _certain(source: Any) -> Any:
    """The part of a pattern that matches whatever the unknown parts are."""
    if not isinstance(source, dict):
        return source if not _is_unknown(source) else _NEVER
    kept = {}
    for name, value in source.items():
        if not _is_unknown(value):
            kept[name] = value
        elif name == "$or" and isinstance(value, list):
            branches = [branch for branch in map(_certain, value) if branch is not _NEVER]
            if not branches:
                return _NEVER
            kept[name] = branches * 2 if len(branches) == 1 else branches  # the operator takes two or more
        elif isinstance(value, dict):
            inside = _certain(value)
            if inside is _NEVER:
                return _NEVER
            kept[name] = inside
        elif isinstance(value, list):
            known = [one for one in value if not _is_unknown(one)]
            if not known:
                return _NEVER
            kept[name] = known
        else:
            return _NEVER
    return kept


def _possible(source: Any) -> Any:
    """A pattern that matches at least what the whole one can match; empty where that is everything."""
    if not isinstance(source, dict):
        return {}
    kept = {}
    for name, value in source.items():
        if not _is_unknown(value):
            kept[name] = value
        elif name == "$or" and isinstance(value, list):
            branches = [_possible(branch) for branch in value]
            if all(branches):
                kept[name] = branches
        elif isinstance(value, dict):
            inside = _possible(value)
            if inside:
                kept[name] = inside
        elif isinstance(value, list):
            leaves = [_possible_leaf(one) for one in value]
            if all(leaf is not None for leaf in leaves):
                kept[name] = leaves
    return kept


def _possible_leaf(leaf: Any) -> Any:
    """A leaf that takes at least what `leaf` can take; None where that may even be an absent field."""
    if not _is_unknown(leaf):
        return leaf
    if not isinstance(leaf, dict) or len(leaf) != 1:
        return None  # an unknown value may stand for an operator, `exists: false` too
    [(operator, operand)] = leaf.items()
    if operator == "exists":
        return None
    if operator == "anything-but" and isinstance(operand, list):
        known = [one for one in operand if not _is_unknown(one)]
        if known:
            return {operator: known}
    return {"exists": True}
