"""The review of a topology: its rules and filters beside each other, what no rule takes, what feeds itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from perception_events.analysis._bus_rules import BusRule, ReaderFilter, bus_rules, reader_filters
from perception_events.analysis._loops import find_loops
from perception_events.analysis._unhandled import unhandled_values
from perception_events.checks import Severity
from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import FindingKind as PairKind
from perception_events.patterns.analysis import ReviewedRule, RuleFinding, review, satisfiable_on_a_bus
from perception_events.schemas import EventSchema, PatternChecker
from perception_events.schemas import FindingKind as SchemaKind
from perception_events.topology import EventSourceMapping, Origin, Pipe, Topology
from perception_events.traffic import UndecidedRule

__all__ = ["ReviewFinding", "ReviewKind", "TopologyReview", "review_topology"]


class ReviewKind(StrEnum):
    """What a review of a topology finds."""

    NEVER = "never"
    """No event matches the rule or filter."""
    ALWAYS = "always"
    """Every event of the bus matches the rule."""
    EQUAL = "equal"
    """Rules match the same events."""
    INCLUDED = "included"
    """All events of the first rule are matched by the second as well."""
    OVERLAP = "overlap"
    """Some events are matched by both rules."""
    UNHANDLED = "unhandled"
    """Rules divide events by a field, and no rule takes some of its values."""
    LOOP = "loop"
    """The events of a rule lead back to the same rule."""
    SCHEMA = "schema"
    """A rule expects what no schema of the events has."""
    NOT_TAKEN = "not-taken"
    """No rule takes the events of a schema."""


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """One thing that a review found.

    Args:
        kind: what it is.
        severity: how bad it is: an error never works, a warning delivers twice or goes round, a note may be meant.
        rules: the ids of the rules; of filters `reader.filters[0]`; of an inclusion, the narrower first.
        message: a sentence that says it.
        bus: the id of the bus of the rules; empty for filters and where it is not known.
        origins: where each rule was written, as far as it is known.
        witness: an event that shows it, confirmed by the matcher.
        witness_json: the same as text.
        counterexample: of an inclusion, an event that only the wider rule matches.
        shared_targets: ids of targets that receive such an event once for each rule.
    """

    kind: ReviewKind
    severity: Severity
    rules: tuple[str, ...]
    message: str
    bus: str = ""
    origins: tuple[Origin | None, ...] = ()
    witness: Mapping[str, Any] | None = None
    witness_json: str | None = None
    counterexample: Mapping[str, Any] | None = None
    shared_targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TopologyReview:
    """What a review found, how much it looked at, and what could not be decided, with the reason."""

    findings: tuple[ReviewFinding, ...]
    rules: int
    filters: int
    undecided: tuple[UndecidedRule, ...] = ()


def review_topology(
    topology: Topology,
    *,
    bus: str | None = None,
    overlaps: bool = False,
    schemas: Iterable[EventSchema] = (),
    complete: bool = False,
    values: Mapping[str, Sequence[str]] | None = None,
    starts: Mapping[str, Sequence[EventPattern]] | None = None,
) -> TopologyReview:
    """Compare the rules of each bus, and the filters of each pipe and event source mapping, with each other.

    Quiet about what is by design: rules with different targets that match the same events (fan-out), and rules that
    take all events of a source (observers).

    Args:
        topology: what is reviewed.
        bus: id, ARN or name of the one bus that is reviewed; by default all buses, and all filters.
        overlaps: report every pair of rules that shares events.
        schemas: what the events look like that producers put on the buses.
        complete: no other events come than those of `schemas`.
        values: by the dotted path of a field, all values that it can have.
        starts: by a rule's id, patterns of the events that its events start on its own bus.

    Raises:
        UnknownResourceError: there is no such bus.
    """
    rules, unknown = bus_rules(topology, bus)
    findings: list[ReviewFinding] = []
    undecided = list(unknown)
    by_bus: dict[str, list[BusRule]] = {}
    for rule in rules:
        by_bus.setdefault(rule.bus, []).append(rule)
    checker = PatternChecker(known, complete=complete) if (known := tuple(schemas)) else None
    for name, group in by_bus.items():
        findings += _pairs(group, name, overlaps, undecided)
    never = {found.rules[0] for found in findings if found.kind is ReviewKind.NEVER}
    living = [rule for rule in rules if rule.name not in never]
    for name, group in by_bus.items():
        findings += _unhandled([rule for rule in group if rule.name not in never], name, values or {})
    findings += _loops(topology, living, starts or {})
    if checker is not None:
        findings += _schema_findings(checker, rules, everything=complete)
    filters: list[ReaderFilter] = []
    if bus is None:
        filters, unknown = reader_filters((*topology.of(Pipe), *topology.of(EventSourceMapping)))
        undecided += unknown
        findings += _filters(filters, undecided)
    return TopologyReview(tuple(findings), len(rules), len(filters), tuple(undecided))


def _pairs(
    rules: Sequence[BusRule], bus: str, overlaps: bool, undecided: list[UndecidedRule]
) -> Iterator[ReviewFinding]:
    by_name = {}
    for rule in rules:
        answer = satisfiable_on_a_bus(rule.pattern)
        if answer.verdict is False and answer.reason:
            message = f"no event of a bus matches {rule.name}: {answer.reason}"
            yield ReviewFinding(ReviewKind.NEVER, Severity.ERROR, (rule.name,), message, bus, (rule.origin,))
        else:
            by_name[rule.name] = rule
    rules = list(by_name.values())
    result = review((ReviewedRule(rule.name, rule.pattern, rule.targets) for rule in rules), overlaps=overlaps)
    for found in result.findings:
        involved = [by_name[name] for name in found.rules]
        if len({rule.rule.condition for rule in involved if rule.rule.condition is not None}) > 1:
            continue  # conditions may exclude each other, so that the rules never exist together
        yield _of_pair(found, bus, tuple(rule.origin for rule in involved))
    undecided += [UndecidedRule(" and ".join(names), reason) for names, reason in result.undecided]


def _of_pair(found: RuleFinding, bus: str, origins: tuple[Origin | None, ...]) -> ReviewFinding:
    severity = Severity.WARNING if found.shared_targets else Severity.NOTE
    if found.kind is PairKind.NEVER:
        severity = Severity.ERROR
    return ReviewFinding(
        ReviewKind(found.kind.value),
        severity,
        found.rules,
        found.message,
        bus,
        origins,
        found.witness,
        found.witness_json,
        found.counterexample,
        found.shared_targets,
    )


def _filters(filters: Sequence[ReaderFilter], undecided: list[UndecidedRule]) -> Iterator[ReviewFinding]:
    """Filters of one reader are alternatives: one that another includes does nothing."""
    by_reader: dict[str, list[ReaderFilter]] = {}
    for one in filters:
        by_reader.setdefault(one.reader.id, []).append(one)
    for group in by_reader.values():
        origins = {one.name: one.origin for one in group}
        result = review(ReviewedRule(one.name, one.pattern) for one in group)
        for found in result.findings:
            where = tuple(origins[name] for name in found.rules)
            if found.kind is PairKind.NEVER:
                message = f"no record passes {found.rules[0]}"
                yield ReviewFinding(ReviewKind.NEVER, Severity.ERROR, found.rules, message, origins=where)
            elif found.kind in (PairKind.EQUAL, PairKind.INCLUDED):
                message = f"{found.rules[0]} lets nothing pass that {found.rules[-1]} does not"
                kind = ReviewKind(found.kind.value)
                shown = (found.witness, found.witness_json, found.counterexample)
                yield ReviewFinding(kind, Severity.NOTE, found.rules, message, "", where, *shown)
        undecided += [UndecidedRule(" and ".join(names), reason) for names, reason in result.undecided]


def _unhandled(rules: Sequence[BusRule], bus: str, values: Mapping[str, Sequence[str]]) -> Iterator[ReviewFinding]:
    origins = {rule.name: rule.origin for rule in rules}
    for one in unhandled_values(rules, values):
        what = ", ".join(one.values) or "a value that none of them names"
        message = f"{_names(one.rules)} divide events by {one.field}, and no rule takes {what}"
        where = tuple(origins[name] for name in one.rules)
        shown = (one.witness, one.witness_json)
        yield ReviewFinding(ReviewKind.UNHANDLED, Severity.NOTE, one.rules, message, bus, where, *shown)


def _loops(
    topology: Topology, rules: Sequence[BusRule], starts: Mapping[str, Sequence[EventPattern]]
) -> Iterator[ReviewFinding]:
    by_name = {rule.name: rule for rule in rules}
    for loop in find_loops(topology, rules, starts):
        verb = "lead" if loop.certain else "may lead"
        message = f"events of {loop.rules[0]} {verb} back to it: {loop.way}"
        severity = Severity.WARNING if loop.certain else Severity.NOTE
        where = tuple(by_name[name].origin for name in loop.rules)
        bus = by_name[loop.rules[0]].bus
        shown = (loop.witness, loop.witness_json)
        yield ReviewFinding(ReviewKind.LOOP, severity, loop.rules, message, bus, where, *shown)


def _schema_findings(checker: PatternChecker, rules: Sequence[BusRule], *, everything: bool) -> Iterator[ReviewFinding]:
    by_name = {rule.name: rule for rule in rules}
    for found in checker.check_rules({rule.name: rule.pattern for rule in rules}):
        rule = by_name.get(found.rule)
        kind = ReviewKind.SCHEMA if rule is not None else ReviewKind.NOT_TAKEN
        yield ReviewFinding(
            kind,
            _schema_severity(found.kind),
            (found.rule,) if rule is not None else (),
            found.message,
            rule.bus if rule is not None else "",
            (rule.origin,) if rule is not None else (),
        )


def _schema_severity(kind: SchemaKind) -> Severity:
    if kind is SchemaKind.CANNOT_MATCH:
        return Severity.ERROR
    return Severity.NOTE if kind is SchemaKind.NOT_TAKEN else Severity.WARNING


def _names(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{names[0]}, {names[1]} and {len(names) - 2} other rules"
    return f"{', '.join(names[:-1])} and {names[-1]}"
