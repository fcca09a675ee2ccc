"""`EventPattern`: a pattern read once, asked many times."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property

from perception_events.json_values import InvalidJSONValueError
from perception_events.patterns._ast import ObjectPattern
from perception_events.patterns._canonical import canonical_text, meaning
from perception_events.patterns._compiler import SubRule, or_combinations, sub_rules
from perception_events.patterns._complexity import MAX_WILDCARD_COMPLEXITY, check_complexity, rule_complexity
from perception_events.patterns._dialects import DIALECTS, MAX_OR_COMBINATIONS, Dialect, DialectRules, first_unsupported
from perception_events.patterns._errors import InvalidEventPatternError
from perception_events.patterns._event_text import plain, read_event
from perception_events.patterns._explanation import Mismatch, explain
from perception_events.patterns._fields import FieldTree
from perception_events.patterns._flat_match import flat_matcher
from perception_events.patterns._matching import compile_fields, matches
from perception_events.patterns._parser import parse
from perception_events.patterns._positions import located
from perception_events.patterns._quirks import EngineQuirk, engine_quirks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from perception_events.patterns._matching import CompiledFields

__all__ = ["EventPattern"]


class EventPattern:
    """An event pattern; made with `EventPattern.parse`.

    Two patterns are equal when they say the same thing in the same dialect: spelling of strings, order of fields and
    values, nested or dotted names do not matter.
    """

    __slots__ = ("__dict__", "dialect", "sub_rules", "syntax")

    def __init__(self, syntax: ObjectPattern, dialect: Dialect) -> None:
        self.syntax = syntax
        """The AST, in the text's order."""
        self.dialect = dialect
        # At once, for what only shows when fields have overwritten each other.
        self.sub_rules: tuple[SubRule, ...] = sub_rules(syntax)
        """The conjunctions of fields, one of which must hold."""

    @classmethod
    def parse(
        cls,
        source: str | bytes | Mapping[str, Any],
        *,
        dialect: Dialect = Dialect.EVENT_BUS,
        max_wildcard_complexity: int | None = MAX_WILDCARD_COMPLEXITY,
    ) -> EventPattern:
        """Read a pattern from JSON text or a mapping.

        In a mapping, number spellings, repeated keys and positions are already lost. `max_wildcard_complexity` stands
        in for AWS's unpublished limit on wildcards; None is without limit, as the open engine is.

        Raises:
            InvalidEventPatternError: `dialect` rejects it; reason, code, JSON Pointer, line and column say where.
            InvalidJSONValueError: `source` is neither, or a mapping holds what JSON has not.

        AWS: the engine's checks (event-ruler 2.1.0), then the operators and limits of `dialect`.
        """
        rules = DIALECTS[dialect]
        if isinstance(source, str | bytes):
            _check_length(len(source) if isinstance(source, str) else len(source.decode(errors="replace")), rules)
        syntax = parse(source, rules.max_length)
        if not isinstance(source, str | bytes) and not _is_short(source, rules):
            _check_length(len(canonical_text(syntax)), rules)
        try:
            _check_use(syntax, dialect)
            pattern = cls(syntax, dialect)  # multiplies $or out, which rejects what only shows then
            if max_wildcard_complexity is not None:
                check_complexity(pattern.sub_rules, max_wildcard_complexity)
        except InvalidEventPatternError as error:
            raise located(error, source) from None
        return pattern

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the pattern matches a parsed event.

        Number spellings, repeated keys and text after the event are lost by parsing: `matches_json` sees them.
        What no field of the pattern names is not looked at, nor the other fields once one has missed.

        Raises:
            InvalidJSONValueError: the event is not a mapping, or a named field holds what JSON has not (a Decimal is a
                number).
            InvalidEventError: a named field holds NaN or Infinity.
        """
        # From the second time on, the function made here is what `pattern.matches` finds.
        decide = self.__dict__["matches"] = self._flat_matcher()
        return decide(event)

    def _flat_matcher(self) -> Callable[[Any], bool]:
        if len(self.sub_rules) > 1:
            return self._matches_any
        return flat_matcher(self.sub_rules[0], self._matches_any)

    def _matches_any(self, event: Mapping[str, Any]) -> bool:
        return self._matches(checked_event(event))

    def matches_json(self, text: str | bytes) -> bool:
        """Whether the pattern matches the event in `text`, read as the engine reads it.

        Raises:
            InvalidEventError: it is not JSON, or no object.
        """
        return self._matches(read_event(text))

    def explain(self, event: Mapping[str, Any]) -> list[Mismatch]:
        """Why `event` does not match: for each field at fault, what was expected, what was found and what to do.

        Empty where it matches. With `$or`, the branches that came nearest, as alternatives.

        >>> pattern = EventPattern.parse({"detail": {"status": ["COMPLETED"]}})
        >>> print(pattern.explain({"detail": {"status": {"S": "COMPLETED"}}})[0].fix)
        a pattern compares leaves only: go down to `detail.status.S`

        Raises:
            InvalidJSONValueError: as `matches`.
        """
        return (
            []
            if self.matches(event)
            else explain(self.sub_rules, self._compiled, self._tree.leaves(dict(event)), event)
        )

    def explain_json(self, text: str | bytes) -> list[Mismatch]:
        """As `explain`, of the event in `text`, read as the engine reads it.

        Raises:
            InvalidEventError: it is not JSON, or no object.
        """
        event = read_event(text)
        return (
            []
            if self._matches(event)
            else explain(self.sub_rules, self._compiled, self._tree.leaves(event), plain(event))
        )

    @property
    def canonical(self) -> str:
        """The pattern as compact JSON in its own order; parsed, it is equal, and prints as itself again."""
        return self._canonical

    def _matches(self, event: dict[str, Any] | tuple[Any, ...]) -> bool:
        leaves = self._tree.leaves(event)
        return any(matches(fields, leaves) for fields in self._compiled)

    @property
    def quirks(self) -> tuple[EngineQuirk, ...]:
        """Combinations in the pattern on which the engine contradicts itself, each with a rewrite; mostly none.

        >>> [quirk.code for quirk in EventPattern.parse({"ip": [{"cidr": "16.0.0.0/8"}, 5]}).quirks]
        ['address-beside-number']
        """
        return engine_quirks(self.sub_rules)

    @property
    def wildcard_complexity(self) -> int:
        """How much work the pattern's wildcards make for the engine, on the engine's own scale; 0 without wildcards.

        AWS: event-ruler `MachineComplexityEvaluator`.
        """
        return rule_complexity(self.sub_rules)

    @cached_property
    def _canonical(self) -> str:
        return canonical_text(self.syntax)

    @cached_property
    def _meaning(self) -> tuple[str, ...]:
        return meaning(self.sub_rules)

    @cached_property
    def _tree(self) -> FieldTree:
        return FieldTree(dict.fromkeys(path for rule in self.sub_rules for path, _ in rule.fields))

    @cached_property
    def _compiled(self) -> list[CompiledFields]:
        return [compile_fields(rule) for rule in self.sub_rules]

    def __reduce__(self) -> tuple[type[EventPattern], tuple[ObjectPattern, Dialect]]:
        return EventPattern, (self.syntax, self.dialect)

    def __str__(self) -> str:
        return self._canonical

    def __repr__(self) -> str:
        dialect = "" if self.dialect is Dialect.EVENT_BUS else f", dialect={self.dialect}"
        return f"EventPattern.parse({self._canonical!r}{dialect})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EventPattern):
            return NotImplemented
        return self.dialect is other.dialect and self._meaning == other._meaning

    def __hash__(self) -> int:
        return hash((self.dialect, self._meaning))


def checked_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """A parsed event as a dict.

    Raises:
        InvalidJSONValueError: it is no mapping.
    """
    if isinstance(event, dict):
        return event
    if not isinstance(event, Mapping):
        raise InvalidJSONValueError("the event", "a mapping (its text goes to the ..._json method)", event)
    return dict(event)


def _check_use(syntax: ObjectPattern, dialect: Dialect) -> None:
    """Reject what the engine takes and the place where the pattern is used does not."""
    combinations = or_combinations(syntax)
    if combinations > MAX_OR_COMBINATIONS:
        raise InvalidEventPatternError(
            f"$or gives {combinations} combinations, at most {MAX_OR_COMBINATIONS} are allowed",
            code="TooManyCombinations",
            hint="split it over several rules",
        )
    rejected = first_unsupported(syntax, dialect)
    if rejected is not None:
        pointer, operator = rejected
        raise InvalidEventPatternError(
            f"a {dialect} does not take the operator {operator}",
            code="UnsupportedOperator",
            pointer=pointer,
            hint="this operator is for rules of an event bus only",
        )


def _is_short(source: Mapping[str, Any], rules: DialectRules) -> bool:
    """Whether a mapping cannot be too long: spelled with spaces and escapes, it is at least as long as its text."""
    try:
        return len(json.dumps(source)) <= rules.max_length
    except (TypeError, ValueError, RecursionError):
        return False


def _check_length(characters: int, rules: DialectRules) -> None:
    if characters > rules.max_length:
        raise InvalidEventPatternError(
            f"the pattern has {characters} characters, at most {rules.max_length} are allowed",
            code="TooLong",
            hint="split it over several rules",
        )
