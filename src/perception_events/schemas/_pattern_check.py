"""Patterns against schemas: fields and values that no event of the schemas has, and rules that none can match.

Each finding holds for every event that is valid under the schemas, has no fields that they do not name, and strings in
the formats that they say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from perception_events.json_values import JSONObject
from perception_events.patterns import EventPattern, RuleSet
from perception_events.schemas._event_schema import EventSchema
from perception_events.schemas._event_search import Fields, conflict, find_event
from perception_events.schemas._examples import with_envelope
from perception_events.schemas._fields import FieldTypes, field_paths, field_types
from perception_events.schemas._pattern_findings import FindingKind, PatternFinding
from perception_events.schemas._suggestions import nearest_field, nearest_name, nearest_source, respelled
from perception_events.schemas._types import Number, Schema, kind_name, union_of
from perception_events.schemas._value_tests import NOT_FOUND, UndecidedError, ValueTest, closed_values, value_test

__all__ = [
    "MatchAnswer",
    "PatternChecker",
    "can_match",
    "check_pattern",
    "check_rules",
    "matching_example",
]


@dataclass(frozen=True, slots=True)
class MatchAnswer:
    """Whether some event of a schema matches a pattern.

    Parameters:
        verdict: True, False, or None where it could not be decided.
        event: one that matches and is valid, if the verdict is True.
        blamed: if it is False, for each `$or` branch the paths of the fields that never match together.
        reason: why there is no verdict; may be empty.
    """

    verdict: bool | None
    event: JSONObject | None = None
    blamed: tuple[tuple[str, ...], ...] = ()
    reason: str = ""

    def __bool__(self) -> NoReturn:
        raise TypeError("an answer can be unknown: compare its verdict with True, False or None")


_MAX_REASONS = 3
_FEW_SAMPLES = 10
"""Below this many events a finding says how many there were: a field that is absent from them may well be in others."""
_EVENT_FIELDS = ("source", "detail-type")


class PatternChecker:
    """Checks patterns against the same schemas; what one pattern has looked up, the next need not.

    Parameters:
        schemas: the events that may come, such as all that are put on the bus, or the records of the stream.
        complete: whether no other events come. If others may, as beside the catalogue of AWS's own events, a pattern is
            only checked where it names the source or detail type of a known event or one that is spelled alike; where
            it names a service of AWS and no detail type, calls of the service may come as well, so nothing is said.
    """

    def __init__(self, schemas: Iterable[EventSchema], *, complete: bool = True) -> None:
        self.schemas = list(schemas)
        self.complete = complete
        self._types: dict[tuple[int, str], FieldTypes] = {}
        self._paths: dict[int, list[str]] = {}

    def check(self, pattern: EventPattern, rule: str = "") -> tuple[PatternFinding, ...]:
        """What of `pattern` can match no event of the schemas; `rule` is put into the findings."""
        return tuple(_PatternCheck(self, pattern, rule).findings()) if self.schemas else ()

    def check_rules(self, rules: Mapping[str, EventPattern] | RuleSet) -> tuple[PatternFinding, ...]:
        """The findings of every rule, and a `not-taken` for each schema whose events no rule can take."""
        patterns = {name: rules[name] for name in rules}
        found = [finding for name, pattern in patterns.items() for finding in self.check(pattern, name)]
        for schema in self.schemas:
            if all(self.never_matching_fields(pattern, schema) for pattern in patterns.values()):
                message = f"no rule takes {schema.detail_type!r} of {schema.source}"
                found.append(PatternFinding(FindingKind.NOT_TAKEN, "", "", message, schemas=(schema.name,)))
        return tuple(found)

    def answer(self, pattern: EventPattern, schema: EventSchema, *, seed: int = 0) -> MatchAnswer:
        """Whether some event of `schema` matches `pattern`, with the event or the fields to blame.

        Parameters:
            seed: another number makes other values of what the pattern does not ask for.
        """
        blamed = self._conflicts(pattern, schema)
        if blamed:
            return MatchAnswer(False, blamed=blamed)
        reason = ""
        for rule in pattern.sub_rules:
            try:
                found = find_event(rule.fields, schema.root, schema.definitions, seed=seed)
            except UndecidedError as error:
                reason = reason or str(error)
                continue
            event = NOT_FOUND if found is NOT_FOUND else with_envelope(found, schema, seed=seed)
            for each in () if event is NOT_FOUND else (event, found):
                if schema.accepts(each) and pattern.matches(each):
                    return MatchAnswer(True, each)
        return MatchAnswer(None, reason=reason or "the event that was found is not confirmed by the matcher")

    def never_matching_fields(self, pattern: EventPattern, schema: EventSchema) -> tuple[str, ...]:
        """The fields to blame, of all `$or` branches, if no event of `schema` can match; empty where one may."""
        return tuple(dict.fromkeys(path for paths in self._conflicts(pattern, schema) for path in paths))

    def _conflicts(self, pattern: EventPattern, schema: EventSchema) -> tuple[tuple[str, ...], ...]:
        """For each `$or` branch the fields that conflict; none where one of them may match."""
        found = []
        for rule in pattern.sub_rules:
            paths = self.conflict(rule.fields, schema)
            if not paths:
                return ()
            found.append(paths)
        return tuple(dict.fromkeys(found))

    def conflict(self, fields: Fields, schema: EventSchema) -> tuple[str, ...]:
        """The fields of a conjunction that no event of `schema` matches together, if there are any."""
        ordered = sorted(fields, key=lambda each: each[0] not in _EVENT_FIELDS)
        return conflict(ordered, schema.root, schema.definitions)

    def field(self, schema: EventSchema, path: str) -> FieldTypes:
        """What may lie at a path of the events of `schema`, one of the checker's."""
        key = id(schema), path
        if key not in self._types:
            self._types[key] = field_types(schema.root, path, schema.definitions)
        return self._types[key]

    def paths(self, schema: EventSchema) -> list[str]:
        """The paths of all fields of `schema`, one of the checker's."""
        if id(schema) not in self._paths:
            self._paths[id(schema)] = list(dict.fromkeys(field_paths(schema.root, schema.definitions)))
        return self._paths[id(schema)]


def check_pattern(pattern: EventPattern, schemas: Iterable[EventSchema]) -> tuple[PatternFinding, ...]:
    """What of `pattern` can match no event of `schemas`: all that are put on the bus, or records of the stream.

    >>> schema = EventSchema.of_detail("shop", "Order Placed", Object((Property("status", String(values=("PAID",))),)))
    >>> pattern = EventPattern.parse({"source": ["shop"], "detail": {"stats": ["PAID"]}})
    >>> [(str(finding.kind), finding.path, finding.suggestion) for finding in check_pattern(pattern, [schema])]
    [('unknown-field', 'detail.stats', 'detail.status'), ('cannot-match', 'detail.stats', None)]
    """
    return PatternChecker(schemas).check(pattern)


def check_rules(
    rules: Mapping[str, EventPattern] | RuleSet, schemas: Iterable[EventSchema]
) -> tuple[PatternFinding, ...]:
    """The findings of every rule, and a `not-taken` for each schema whose events no rule can take."""
    return PatternChecker(schemas).check_rules(rules)


def can_match(pattern: EventPattern, schema: EventSchema, *, seed: int = 0) -> MatchAnswer:
    """Whether some event of `schema` matches `pattern`, with the event or the fields to blame.

    >>> card = Object((Property("kind", String(values=("card",))), Property("number", String())))
    >>> cash = Object((Property("kind", String(values=("cash",))), Property("amount", Number())))
    >>> schema = EventSchema.of_detail("shop", "Paid", union_of([card, cash]))
    >>> can_match(EventPattern.parse({"detail": {"kind": ["card"], "amount": [{"exists": True}]}}), schema).blamed
    (('detail.amount', 'detail.kind'),)
    """
    return PatternChecker([schema]).answer(pattern, schema, seed=seed)


def matching_example(pattern: EventPattern, schema: EventSchema, *, seed: int = 0) -> JSONObject | None:
    """An event that is valid under `schema` and that `pattern` matches; None where there is none or none was found.

    `can_match` says which of the two.
    """
    return can_match(pattern, schema, seed=seed).event


def _possible(test: ValueTest, types: FieldTypes) -> bool:
    return types.may_be_absent if test.wants_absence else any(map(test.can_match, types.leaves))


class _PatternCheck:
    """The check of one pattern."""

    def __init__(self, checker: PatternChecker, pattern: EventPattern, rule: str) -> None:
        self.checker = checker
        self.pattern = pattern
        self.rule = rule
        self.found: dict[PatternFinding, None] = {}

    def findings(self) -> list[PatternFinding]:
        conflicts: dict[tuple[str, ...], list[str]] = {}
        possible = False
        for sub_rule in self.pattern.sub_rules:
            taken = self._taken(sub_rule.fields)
            # Of events that no schema has, nothing is known: that is a finding of its own.
            possible |= not taken
            for path, values in sub_rule.fields:
                if path not in _EVENT_FIELDS and taken:
                    self._check_field(path, values, taken)
            for schema in () if possible else taken:
                paths = self.checker.conflict(sub_rule.fields, schema)
                possible |= not paths
                conflicts.setdefault(paths, []).append(schema.name)
        if not possible:
            self._cannot_match({paths: tuple(dict.fromkeys(names)) for paths, names in conflicts.items()})
        return list(self.found)

    def _cannot_match(self, conflicts: dict[tuple[str, ...], tuple[str, ...]]) -> None:
        names = tuple(dict.fromkeys(name for each in conflicts.values() for name in each))
        reasons = []
        for paths, of in list(conflicts.items())[:_MAX_REASONS]:
            never = f"{paths[0]} never does" if len(paths) == 1 else f"{_all(paths)} never do together"
            reasons.append(never if of == names else f"{never} in {_names(of)}")
        reasons += [f"{len(conflicts) - _MAX_REASONS} more reasons"] if len(conflicts) > _MAX_REASONS else []
        message = f"no event of {_names(names)} can match: {'; '.join(reasons)}"
        fields = tuple(dict.fromkeys(path for paths in conflicts for path in paths))
        self._add(FindingKind.CANNOT_MATCH, fields[0], "", message, names, fields=fields)

    def _add(
        self,
        kind: FindingKind,
        path: str,
        value: str,
        message: str,
        names: tuple[str, ...] = (),
        suggestion: str | None = None,
        fields: tuple[str, ...] = (),
    ) -> None:
        message += self._learnt_from(names)
        message += f"; did you mean {suggestion}?" if suggestion else ""
        self.found.setdefault(PatternFinding(kind, path, value, message, suggestion, names, self.rule, fields))

    def _learnt_from(self, names: tuple[str, ...]) -> str:
        """` (learnt from 2 events)` where all schemas of these names were inferred, and from few: others may come."""
        samples = [schema.samples for schema in self.checker.schemas if schema.name in names]
        known = [each for each in samples if each is not None]
        if not known or len(known) < len(samples) or sum(known) >= _FEW_SAMPLES:
            return ""
        return f" (learnt from {sum(known)} event{'s' if sum(known) > 1 else ''})"

    def _taken(self, fields: Fields) -> list[EventSchema]:
        """The schemas whose source and detail type the fields allow; findings where there are none for a value."""
        taken = self.checker.schemas
        by_path = dict(fields)
        if not self.checker.complete and not any(_names_events(by_path.get(path, ())) for path in _EVENT_FIELDS):
            return []
        for path in _EVENT_FIELDS:
            if path not in by_path:
                continue
            tests = [value_test(str(value)) for value in by_path[path]]
            allowed = [
                [schema for schema in taken if _possible(test, self.checker.field(schema, path))] for test in tests
            ]
            for test, schemas in zip(tests, allowed, strict=True):
                if not schemas and taken:
                    self._unknown_event(path, test, taken)
            kept = {id(schema) for schemas in allowed for schema in schemas}
            taken = [schema for schema in taken if id(schema) in kept]
        if not self.checker.complete and "detail-type" not in by_path:
            # Under a service's source CloudTrail's records of its calls come too, which have other fields.
            taken = [] if any(schema.source.startswith("aws.") for schema in taken) else taken
        return taken

    def _unknown_event(self, path: str, test: ValueTest, schemas: list[EventSchema]) -> None:
        if test.wants_absence:
            return
        sources = tuple(dict.fromkeys(schema.source for schema in schemas))
        value = test.argument if test.operator else test.value
        if path == "source":
            nearest, of = nearest_source(value, sources), ""
        else:
            nearest = nearest_name(value, dict.fromkeys(schema.detail_type for schema in schemas), 0.9)
            of = (
                f" of {_names(sources)}"
                if len(sources) < len({schema.source for schema in self.checker.schemas})
                else ""
            )
        if not nearest and not self.checker.complete:
            return
        suggestion = json.dumps(nearest) if nearest else None
        self._add(FindingKind.UNKNOWN_EVENT, path, test.text, f"no schema has {path} {test.text}{of}", (), suggestion)

    def _check_field(self, path: str, values: Sequence[Any], schemas: list[EventSchema]) -> None:
        types = [self.checker.field(schema, path) for schema in schemas]
        names = tuple(schema.name for schema in schemas)
        if not any(each.is_known for each in types):
            nearest = nearest_field(
                path, dict.fromkeys(each for one in schemas[:50] for each in self.checker.paths(one))
            )
            self._add(FindingKind.UNKNOWN_FIELD, path, "", f"{path} is in no event of {_names(names)}", names, nearest)
            return
        for value in values:
            test = value_test(str(value))
            if not any(_possible(test, each) for each in types):
                self._add(*_value_finding(path, test, types, names))


def _names_events(values: Sequence[Any]) -> bool:
    """Whether values of `source` or `detail-type` say which events are meant, rather than which are not."""
    tests = [value_test(str(value)) for value in values]
    return bool(tests) and all(test.kind == "string" and test.argument != "" for test in tests)


_Found = tuple[FindingKind, str, str, str, tuple[str, ...], str | None]


def _value_finding(path: str, test: ValueTest, types: list[FieldTypes], names: tuple[str, ...]) -> _Found:
    leaves = [leaf for each in types for leaf in each.leaves]
    what = kind_name(union_of(leaves)) if leaves else "object"
    of = _names(names)
    never = FindingKind.OPERATOR_NEVER_MATCHES
    if test.wants_absence:
        return never, path, test.text, f"{path} is in every event of {of}, so exists: false never matches", names, None
    if not leaves:
        message = f"{path} is an object in {of}: a pattern names its fields"
        return never, path, test.text, message, names, None
    kinds = {_leaf_kind(leaf) for leaf in leaves}
    if test.kind is not None and test.kind not in kinds:
        if test.operator:
            message = f"{path} is {what} in {of}; {test.operator} takes a {test.kind}, so it never matches"
            return never, path, test.text, message, names, None
        message = f"{path} is {what} in {of}; {test.text} is a {test.kind}, so it never matches"
        return FindingKind.WRONG_TYPE, path, test.text, message, names, respelled(test, leaves)
    values = [value for leaf in leaves for value in closed_values(leaf) or () if isinstance(value, str)]
    nearest = nearest_name(test.argument if test.operator else test.value, values, 0.75)
    message = f"{path} is {what} in {of}, so {test.text} never matches"
    suggestion = json.dumps(nearest) if nearest else None
    return FindingKind.VALUE_NOT_ALLOWED, path, test.text, message, names, suggestion


def _leaf_kind(leaf: Schema) -> str:
    return "number" if isinstance(leaf, Number) else type(leaf).__name__.lower()


def _all(paths: tuple[str, ...]) -> str:
    return f"{', '.join(paths[:-1])} and {paths[-1]}"


def _names(names: tuple[str, ...]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return ", ".join(names)
