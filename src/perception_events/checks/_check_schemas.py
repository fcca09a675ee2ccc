"""Checks of rules and filters against schemas that say what the events and records look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from perception_events.checks._context import Context, dialect_of, known_filters, known_text
from perception_events.checks._findings import Found
from perception_events.checks._location import Location, filter_location
from perception_events.checks._pattern_leaves import pattern_leaves, with_stand_ins
from perception_events.json_values import compact_json
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.schemas import STREAM_RECORD_SOURCE, EventSchema, FindingKind, PatternChecker, PatternFinding
from perception_events.topology import PartialJSON, Resource, Rule, unresolved_in

__all__ = ["check_schemas"]

_IDENTIFIERS = {
    FindingKind.UNKNOWN_EVENT: "PE511",
    FindingKind.UNKNOWN_FIELD: "PE512",
    FindingKind.WRONG_TYPE: "PE513",
    FindingKind.OPERATOR_NEVER_MATCHES: "PE513",
    FindingKind.VALUE_NOT_ALLOWED: "PE514",
    FindingKind.CANNOT_MATCH: "PE515",
    FindingKind.NOT_TAKEN: "PE516",
}


def check_schemas(context: Context, schemas: Sequence[EventSchema], *, complete: bool) -> Iterator[Found]:
    """What rules and filters ask for that no schema has, and the events of schemas that no rule takes.

    Args:
        context: the topology.
        schemas: what the events look like that are put on the buses, and the records of table streams.
        complete: no other events come than those of the schemas.
    """
    events = [schema for schema in schemas if schema.source != STREAM_RECORD_SOURCE]
    if events:
        yield from _rules(context, events, complete)
    records = [schema for schema in schemas if schema.source == STREAM_RECORD_SOURCE]
    if records:
        yield from _filters(context, records)


def _rules(context: Context, schemas: Sequence[EventSchema], complete: bool) -> Iterator[Found]:
    checker = PatternChecker(schemas, complete=complete)
    patterns: dict[str, EventPattern] = {}
    everything_known = True
    for rule in context.topology.of(Rule):
        if rule.event_pattern is None or rule.state == "DISABLED":
            continue
        pattern = _parsed(rule.event_pattern)
        if pattern is None:
            everything_known = False
            continue
        patterns[rule.id] = pattern
        location = Location(rule).of("event_pattern", rule.event_pattern)
        for finding in checker.check(pattern):
            yield _found(finding, location, rule.event_pattern)
    if everything_known and patterns:
        for schema in schemas:
            if all(checker.never_matching_fields(pattern, schema) for pattern in patterns.values()):
                reason = f"{schema.detail_type!r} of {schema.source} goes to no target"
                yield Found("PE516", Location(Resource(f"schemas[{schema.name}]")), reason)


def _filters(context: Context, schemas: Sequence[EventSchema]) -> Iterator[Found]:
    for reader in context.readers:
        stream = context.stream_of(reader)
        table = None if stream is None else context.table_of(stream)
        name = None if table is None else known_text(table.name)
        known = [schema for schema in schemas if schema.detail_type == name]
        if not known:
            continue
        checker = PatternChecker(known)
        for number, one in known_filters(reader):
            try:
                pattern = EventPattern.parse(one.pattern, dialect=dialect_of(reader))  # type: ignore[arg-type]
            except (InvalidEventPatternError, TypeError):
                continue
            for finding in checker.check(pattern):
                yield _found(finding, filter_location(reader, number, one), one.pattern)


def _parsed(written: object) -> EventPattern | None:
    if not isinstance(written, Mapping) or any(unresolved_in(written)):
        return None
    try:
        return EventPattern.parse(written)
    except InvalidEventPatternError:
        return None  # PE301 says why


def _found(finding: PatternFinding, location: Location, pattern: PartialJSON) -> Found:
    leaf = next((leaf for leaf in pattern_leaves(pattern) if leaf.text == finding.path), None)
    if leaf is not None:
        values = [compact_json(with_stand_ins(value)) for value in leaf.values]
        exact = finding.value in values and finding.kind is not FindingKind.CANNOT_MATCH
        location = location.at(*leaf.steps, *((values.index(finding.value),) if exact else ()))
    message, _, _ = finding.message.partition("; did you mean")
    fix = None if finding.suggestion is None else f"did you mean `{finding.suggestion}`?"
    return Found(_IDENTIFIERS[finding.kind], location, message, fix)
