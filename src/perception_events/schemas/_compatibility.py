"""Compatibility of schemas: which changes break whom, each proved by an event.

old events ──► consumers of the new schema    breaks: an event of the old schema that the new one rejects
new events ──► consumers of the old schema    breaks: an event of the new schema that the old one rejects
new events ──► rules                          breaks: an event of the new schema that a rule misses
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from perception_events.json_values import JSONObject
from perception_events.patterns import EventPattern
from perception_events.schemas._changes import ABSENT, ITEM, ChangeKind, FoundChange, changes, dotted
from perception_events.schemas._event_schema import EventSchema
from perception_events.schemas._examples import ExampleMaker, NoExampleError, example, with_envelope
from perception_events.schemas._pattern_check import PatternChecker, matching_example
from perception_events.schemas._pattern_findings import FindingKind
from perception_events.schemas._types import Object

__all__ = ["BrokenRule", "SchemaChange", "compare", "compare_all"]


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that a change breaks.

    Parameters:
        rule: its name.
        reason: how.
        event: an event of the new schema that the rule misses.
    """

    rule: str
    reason: str
    event: JSONObject | None = None


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A change, and whom it breaks.

    Parameters:
        schema: the name of the schema.
        kind: what changed.
        path: the dotted path of the field; empty where it is the whole event.
        message: what changed, in words.
        new_event: an event of the new schema that consumers of the old one reject; None where none was found.
        old_event: an event of the old schema that consumers of the new one reject: a replayed one, or one of a producer
            that is not deployed yet; None where none was found.
        broken_rules: the rules that miss events because of it.
    """

    schema: str
    kind: ChangeKind
    path: str
    message: str
    new_event: JSONObject | None = None
    old_event: JSONObject | None = None
    broken_rules: tuple[BrokenRule, ...] = ()

    @property
    def breaks_old_consumers(self) -> bool:
        """Whether handlers written for the old schema reject events of the new one."""
        return self.new_event is not None

    @property
    def breaks_new_consumers(self) -> bool:
        """Whether handlers written for the new schema reject events of the old one."""
        return self.old_event is not None

    @property
    def is_breaking(self) -> bool:
        """Whether it breaks anyone."""
        return self.breaks_old_consumers or self.breaks_new_consumers or bool(self.broken_rules)


def compare_all(
    old: Iterable[EventSchema], new: Iterable[EventSchema], rules: Mapping[str, EventPattern] | None = None
) -> list[SchemaChange]:
    """The changes between two sets of schemas, paired by source and detail type.

    Parameters:
        old, new: the schemas.
        rules: the rules that take the events, by name.
    """
    olds = {(schema.source, schema.detail_type): schema for schema in old}
    news = {(schema.source, schema.detail_type): schema for schema in new}
    found: list[SchemaChange] = []
    for key in sorted(olds.keys() | news.keys()):
        if key not in news:
            found.append(_removed(olds[key], rules or {}))
        elif key not in olds:
            message = f"{key[1]!r} of {key[0]} was added"
            found.append(SchemaChange(news[key].name, ChangeKind.EVENT_ADDED, "", message))
        else:
            found += compare(olds[key], news[key], rules)
    return found


def _removed(schema: EventSchema, rules: Mapping[str, EventPattern]) -> SchemaChange:
    checker = PatternChecker([schema])
    reason = f"no more events of {schema.name} come"
    broken = [
        BrokenRule(name, reason) for name, rule in rules.items() if not checker.never_matching_fields(rule, schema)
    ]
    message = f"{schema.detail_type!r} of {schema.source} was removed"
    return SchemaChange(schema.name, ChangeKind.EVENT_REMOVED, "", message, broken_rules=tuple(broken))


def compare(old: EventSchema, new: EventSchema, rules: Mapping[str, EventPattern] | None = None) -> list[SchemaChange]:
    """The changes from `old` to `new`, with events that prove whom they break.

    Fields that a schema does not name are allowed, so a field that is added breaks nobody who does not need it. Events
    are searched for: where there is none, none was found among the values that the change suggests.
    """
    found: list[SchemaChange] = []
    effects = [_RuleEffects(name, rule, old, new) for name, rule in (rules or {}).items()]
    for change in changes(old, new):
        broken = [effect.of(change) for effect in effects]
        found.append(
            SchemaChange(
                new.name,
                change.kind,
                dotted(change.steps),
                change.message,
                _witness(new, old, change, change.new_values),
                _witness(old, new, change, change.old_values),
                tuple(each for each in broken if each is not None),
            )
        )
    return found


def _witness(of: EventSchema, against: EventSchema, change: FoundChange, values: list[Any]) -> JSONObject | None:
    """An event that is valid under `of` and not under `against`, because of the change."""
    path = dotted(change.steps)
    for event in _with_values(of, change, values):
        if of.accepts(event) and any(_is_at(violation.path, path) for violation in against.violations(event)):
            return event
    return None


def _is_at(location: str, path: str) -> bool:
    """Whether a violation, whose location has indexes, is at `path` or below it."""
    plain = re.sub(r"\[\d+\]", "", location)
    return plain == path or plain.startswith(f"{path}.")


def _with_values(schema: EventSchema, change: FoundChange, values: list[Any]) -> Iterator[JSONObject]:
    path = dotted(change.steps)
    for seed in range(3):
        maker = ExampleMaker(random.Random(seed), schema.definitions, 0.3 * seed, frozenset({path}))
        try:
            base = maker.make(schema.root, "", 0)
        except NoExampleError:
            return
        if path.startswith("detail"):
            base = with_envelope(base, schema, seed=seed)
        for value in values:
            event = copy.deepcopy(base)
            if isinstance(value, Object):
                try:
                    value = maker.make(value, path, 1)
                except NoExampleError:
                    continue
            if _put(event, change.steps, value):
                yield event


def _put(value: Any, steps: tuple[str, ...], leaf: Any) -> bool:
    """Put `leaf` at `steps`, or take away what is there; whether the way led there."""
    for step, following in pairwise(steps):
        if step is ITEM:
            if not isinstance(value, list) or not value:
                return False
            value = value[0]
        elif isinstance(value, dict) and step in value:
            value = value[step]
            if following is ITEM and value == []:
                value.append(None)
        else:
            return False
    last = steps[-1] if steps else None
    if last is ITEM and isinstance(value, list):
        value[:] = [] if leaf is ABSENT else [leaf]
        return True
    if last is None or not isinstance(value, dict):
        return False
    if leaf is ABSENT:
        value.pop(last, None)
        return True
    value[last] = leaf
    return True


class _RuleEffects:
    """What the changes of one schema do to one rule."""

    def __init__(self, name: str, rule: EventPattern, old: EventSchema, new: EventSchema) -> None:
        self.name = name
        self.rule = rule
        self.old = old
        self.new = new
        before, after = PatternChecker([old]), PatternChecker([new])
        self.matched_before = not before.never_matching_fields(rule, old)
        self.blamed = after.never_matching_fields(rule, new) if self.matched_before else ()
        known = {(finding.kind, finding.path, finding.value) for finding in before.check(rule)}
        self.findings = [
            finding
            for finding in after.check(rule)
            if (finding.kind, finding.path, finding.value) not in known and finding.kind is not FindingKind.CANNOT_MATCH
        ]
        self.paths = {path for each in rule.sub_rules for path, _ in each.fields}

    def of(self, change: FoundChange) -> BrokenRule | None:
        """How `change` breaks the rule; None where it does not."""
        path = dotted(change.steps)
        named = [each for each in self.paths if each == path or each.startswith(f"{path}.")]
        if not self.matched_before or not named:
            return None
        if any(each in self.blamed for each in named):
            event = _example_of(self.new)
            return BrokenRule(self.name, f"it can no longer match: {path}", event)
        for finding in self.findings:
            if finding.path in named:
                return BrokenRule(self.name, finding.message, self._missed(change))
        missed = self._missed(change)
        if missed is not None and change.kind in (ChangeKind.BECAME_OPTIONAL, ChangeKind.TYPE_CHANGED):
            return BrokenRule(self.name, f"it misses events: {change.message}", missed)
        return None

    def _missed(self, change: FoundChange) -> JSONObject | None:
        """An event of the new schema that the rule misses, and takes without the change."""
        before = matching_example(self.rule, self.new)
        for value in change.new_values if before is not None else ():
            event = copy.deepcopy(before)
            if isinstance(value, Object) or not _put(event, change.steps, value):
                continue
            if event is not None and self.new.accepts(event) and not self.rule.matches(event):
                return event
        return None


def _example_of(schema: EventSchema) -> JSONObject | None:
    try:
        return example(schema)
    except NoExampleError:
        return None
