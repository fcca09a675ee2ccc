"""Counts of coverage -> what a reader wants to know of each rule, as values, a text and JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from perception_events.patterns import Dialect, InvalidEventError, RuleSet
from perception_events.topology import Topology
from perception_events.traffic._blocks import UnreadableInput
from perception_events.traffic._coverage import MATCHED, REJECTED, TAKEN, CoverageCounts, CoveragePlan, RuleCount
from perception_events.traffic._entries import FoundEvent, FoundRecord, entries_of
from perception_events.traffic._field_values import FieldValues, fields_of, pattern_paths
from perception_events.traffic._inputs import InputCounts
from perception_events.traffic._jobs import count_in_jobs
from perception_events.traffic._readers import StreamReader, filter_name
from perception_events.traffic._rules import UndecidedRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from perception_events.traffic._blocks import Block

__all__ = [
    "CoverageReport",
    "ReaderCoverage",
    "RuleCoverage",
    "UntakenEvents",
    "ValueCoverage",
    "coverage",
    "coverage_report",
]


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """A rule: how many events it matched, its share of all events, the times of the first and the last of them."""

    name: str
    bus: str
    enabled: bool
    events: int
    share: float
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class ValueCoverage:
    """One of several values in a rule's pattern: how many events the rule would match with this value alone."""

    rule: str
    path: str
    value: str
    events: int


@dataclass(frozen=True, slots=True)
class UntakenEvents:
    """Events of one source and detail type that no enabled rule matched.

    `file`, `line`, `sample`: the first of them. `nearest_rule`, `reason`: the rule that it is nearest to, and what
    keeps it from matching; empty where there is no rule.
    """

    source: str
    detail_type: str
    events: int
    first: str
    last: str
    file: str
    line: int
    sample: str
    nearest_rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReaderCoverage:
    """A pipe or an event source mapping of a table's stream: what its filters did with the stream records.

    `kind`: which of the two. `taken`, `rejected`: records; without filters every record is taken. `first`, `last`:
    times of the taken ones. `filters`: each pattern, and the records that match it. `values`: of several values in a
    filter, each with the records that the filter would match with it alone. `file`, `line`, `reason`: the first
    rejected record, and what keeps it from the nearest filter.
    """

    name: str
    kind: str
    taken: int
    rejected: int
    first: str
    last: str
    filters: tuple[tuple[str, int], ...]
    values: tuple[ValueCoverage, ...]
    file: str
    line: int
    reason: str

    @property
    def unmatched_values(self) -> tuple[ValueCoverage, ...]:
        """Single values by which nothing matched."""
        return tuple(value for value in self.values if not value.events)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object of everything."""
        return {
            "name": self.name,
            "kind": self.kind,
            "taken": self.taken,
            "rejected": self.rejected,
            "first": self.first or None,
            "last": self.last or None,
            "filters": [{"pattern": pattern, "records": records} for pattern, records in self.filters],
            "values": [{"path": v.path, "value": v.value, "records": v.events} for v in self.values],
            "first_rejected": {"file": self.file, "line": self.line, "reason": self.reason} if self.rejected else None,
        }


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What recorded traffic did with the rules of a topology.

    `duplicates`: events whose id was there before; exact while `duplicates_of` is the number of all events that have an
    id, otherwise counted among that many of them. `out_of_order`: events that are older than the one before them.
    `kinds`: (source, detail type, events) of all events. `hours`: (hour, events, those that a rule took). `dropped`:
    events of sources and detail types beyond the first 1000, which are in no group. `readers`: pipes and event source
    mappings of tables' streams. `fields`: the values that fields which rules and filters name had in `sampled` lines:
    in all that were read, of more than 2000 in a sample.
    """

    inputs: InputCounts
    events: int
    taken: int
    without_time: int
    out_of_order: int
    duplicates: int
    duplicates_of: int
    rules: tuple[RuleCoverage, ...]
    values: tuple[ValueCoverage, ...]
    untaken: tuple[UntakenEvents, ...]
    kinds: tuple[tuple[str, str, int], ...]
    hours: tuple[tuple[str, int, int], ...]
    undecided: tuple[UndecidedRule, ...]
    dropped: int
    readers: tuple[ReaderCoverage, ...] = ()
    fields: tuple[FieldValues, ...] = ()
    sampled: int = 0

    @property
    def unmatched_rules(self) -> tuple[RuleCoverage, ...]:
        """Rules that matched nothing."""
        return tuple(rule for rule in self.rules if not rule.events)

    @property
    def unmatched_values(self) -> tuple[ValueCoverage, ...]:
        """Single values by which nothing matched, of rules that matched something."""
        matched = {rule.name for rule in self.rules if rule.events}
        return tuple(value for value in self.values if not value.events and value.rule in matched)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object of everything."""
        return {
            "input": self.inputs.to_dict(),
            "events": self.events,
            "taken": self.taken,
            "untaken": self.events - self.taken,
            "without_time": self.without_time,
            "out_of_order": self.out_of_order,
            "duplicates": self.duplicates,
            "duplicates_of": self.duplicates_of,
            "rules": [
                {
                    "rule": r.name,
                    "bus": r.bus,
                    "enabled": r.enabled,
                    "events": r.events,
                    "share": round(r.share, 6),
                    "first": r.first or None,
                    "last": r.last or None,
                }
                for r in self.rules
            ],
            "values": [{"rule": v.rule, "path": v.path, "value": v.value, "events": v.events} for v in self.values],
            "untaken_events": [
                {
                    "source": u.source,
                    "detail_type": u.detail_type,
                    "events": u.events,
                    "first": u.first or None,
                    "last": u.last or None,
                    "file": u.file,
                    "line": u.line,
                    "sample": u.sample,
                    "nearest_rule": u.nearest_rule or None,
                    "reason": u.reason or None,
                }
                for u in self.untaken
            ],
            "kinds": [{"source": s, "detail_type": d, "events": n} for s, d, n in self.kinds],
            "hours": [{"hour": hour or None, "events": n, "taken": taken} for hour, n, taken in self.hours],
            "undecided_rules": [{"rule": u.name, "reason": u.reason} for u in self.undecided],
            "dropped": self.dropped,
            "readers": [reader.to_dict() for reader in self.readers],
            "fields": [
                {
                    "path": one.path,
                    "events": one.events,
                    "distinct": one.distinct,
                    "values": [{"value": value, "events": n, "taken": taken} for value, n, taken in one.values],
                }
                for one in self.fields
            ],
            "sampled": self.sampled,
        }

    def to_json(self) -> str:
        """`to_dict` as text; equal reports give equal bytes."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        width = max((len(rule.name) for rule in self.rules), default=4)
        untaken = self.events - self.taken
        lines = [
            f"{self.inputs.lines:,} lines: {self.inputs.read:,} read, {self.inputs.unreadable:,} unreadable",
            f"{self.events:,} events: {self.taken:,} taken by a rule, {untaken:,} by none",
        ]
        for count, what in (
            (self.inputs.files, "files not read, or not to their end"),
            (self.inputs.records, "stream records, which no rule of a bus sees"),
            (self.duplicates, f"repeated ids among {self.duplicates_of:,} events"),
            (self.out_of_order, "events older than the one before them"),
            (self.without_time, "events without a time"),
            (self.dropped, "events of further sources and detail types, which are in no group"),
        ):
            if count:
                lines.append(f"{count:,} {what}")
        lines += ["", f"{'rule':<{width}}  {'events':>12}  {'share':>7}  {'first':<20}  last"]
        for rule in self.rules:
            note = "" if rule.enabled else "  (disabled)"
            lines.append(
                f"{rule.name:<{width}}  {rule.events:>12,}  {rule.share:>7.2%}  {rule.first or '-':<20}  "
                f"{rule.last or '-'}{note}"
            )
        if self.unmatched_rules:
            lines += ["", "rules that matched nothing:", *(f"  {rule.name}" for rule in self.unmatched_rules)]
        if self.unmatched_values:
            lines += ["", "values by which nothing matched:"]
            lines += [f"  {v.rule}: {v.path}: {v.value}" for v in self.unmatched_values]
        if self.untaken:
            lines += ["", "events that no rule took:"]
            for group in self.untaken:
                lines.append(
                    f"  {group.events:,} x {group.source} / {group.detail_type}, first {group.file}:{group.line}"
                )
                if group.nearest_rule:
                    lines.append(f"    nearest rule: {group.nearest_rule}: {group.reason}")
        for reader in self.readers:
            lines += ["", f"{reader.kind} {reader.name}: {reader.taken:,} records taken, {reader.rejected:,} rejected"]
            lines += [f"  {records:,} match {pattern}" for pattern, records in reader.filters]
            lines += [f"  nothing matched by {v.path}: {v.value}" for v in reader.unmatched_values]
            if reader.reason:
                lines.append(f"  first rejected {reader.file}:{reader.line}: {reader.reason}")
        if self.fields:
            lines += ["", f"values of fields that rules name, in {self.sampled:,} of {self.inputs.lines:,} lines:"]
            for one in self.fields:
                shown = ", ".join(f"{value} {n:,}" for value, n, _ in one.values[:5])
                more = f", and {one.distinct - 5:,} more" if one.distinct > 5 else ""
                lines.append(f"  {one.path}: {shown}{more}")
        if self.undecided:
            lines += ["", "rules that cannot be decided:", *(f"  {u.name}: {u.reason}" for u in self.undecided)]
        return "\n".join(lines) + "\n"


def coverage(
    topology: Topology,
    blocks: Iterable[Block | UnreadableInput],
    *,
    bus: str | None = None,
    jobs: int = 1,
    strict: bool = False,
) -> CoverageReport:
    """What the events of `blocks` (of `read_blocks`) do with the rules of `topology`.

    `bus`: id, ARN or name of the bus whose rules count; by default those of every bus. `jobs`: processes; the report
    does not depend on it. `strict`: stop at the first line that cannot be read; one process reads then.

    Raises:
        UnknownResourceError: there is no such bus.
        UnreadableTrafficError: with `strict`.
        WorkerDiedError: a process was killed.
    """
    plan = CoveragePlan(topology, bus=bus, strict=strict)
    return coverage_report(plan, count_in_jobs(plan, blocks, 1 if strict else jobs))


def coverage_report(plan: CoveragePlan, counts: CoverageCounts) -> CoverageReport:
    """The report of counts that `plan` has made, alone or in parts."""
    nothing = RuleCount()
    rules = []
    for rule in plan.rules:
        count = counts.rules.get(rule.name, nothing)
        share = count.events / counts.events if counts.events else 0.0
        rules.append(RuleCoverage(rule.name, rule.bus, rule.enabled, count.events, share, count.first, count.last))
    values = [ValueCoverage(*value, counts.rules.get(name, nothing).events) for name, value in plan.values.items()]
    enabled = RuleSet({rule.name: rule.pattern for rule in plan.rules if rule.enabled})
    untaken = [
        _untaken(source, detail_type, count, enabled)
        for (source, detail_type), count in sorted(counts.untaken.table.items())
    ]
    hours: dict[str, list[int]] = {}
    for (hour, taken), count in sorted(counts.hours.table.items()):
        of_hour = hours.setdefault(hour, [0, 0])
        of_hour[0] += count.events
        of_hour[1] += count.events if taken else 0
    kinds = [(*kind, count.events) for kind, count in sorted(counts.kinds.table.items())]
    return CoverageReport(
        inputs=counts.inputs,
        events=counts.events,
        taken=counts.taken,
        without_time=counts.without_time,
        out_of_order=counts.out_of_order + _between_blocks(counts.order),
        duplicates=sum(counts.ids.table.values()) - len(counts.ids.table),
        duplicates_of=sum(counts.ids.table.values()),
        rules=tuple(rules),
        values=tuple(values),
        untaken=tuple(sorted(untaken, key=lambda group: -group.events)),
        kinds=tuple(sorted(kinds, key=lambda kind: -kind[2])),
        hours=tuple((hour, n, taken) for hour, (n, taken) in sorted(hours.items())),
        undecided=(*plan.undecided, *plan.readers.undecided),
        dropped=counts.kinds.dropped,
        readers=tuple(_reader(plan, counts, reader) for reader in plan.readers.readers),
        fields=tuple(_fields(plan, counts, enabled)),
        sampled=sum(bool(text) for text in counts.sampled.table.values()),  # empty: too long to be looked at
    )


def _reader(plan: CoveragePlan, counts: CoverageCounts, reader: StreamReader) -> ReaderCoverage:
    nothing = RuleCount()
    taken, rejected = (counts.readers.get((what, reader.name), nothing) for what in (TAKEN, REJECTED))
    filters = tuple(
        (pattern, counts.readers.get((MATCHED, filter_name(reader.name, at)), nothing).events)
        for at, pattern in enumerate(reader.filters)
    )
    values = tuple(
        ValueCoverage(*value, counts.readers.get((MATCHED, name), nothing).events)
        for name, value in plan.readers.values.items()
        if value[0] == reader.name
    )
    file, line, reason = "", 0, ""
    if (sample := rejected.sample) is not None:
        file, line = sample.file, sample.line
        for found in entries_of(file, line, sample.text.encode()):
            if isinstance(found, FoundRecord) and plan.readers.rejects(reader, found.record):
                reason = plan.readers.rejection(reader, found.record)
                break
    return ReaderCoverage(
        reader.name,
        reader.kind,
        taken.events,
        rejected.events,
        taken.first,
        taken.last,
        filters,
        values,
        file,
        line,
        reason,
    )


def _fields(plan: CoveragePlan, counts: CoverageCounts, enabled: RuleSet) -> list[FieldValues]:
    """The values of fields in the sample: of events, by the rules, and of stream records, by the filters."""
    events: list[tuple[dict[str, Any], bool]] = []
    records: list[tuple[dict[str, Any], bool]] = []
    for (_, file, line), text in sorted(counts.sampled.table.items()):
        for found in entries_of(file, line, text):
            if isinstance(found, FoundRecord):
                taken = [is_taken for _, _, is_taken in plan.readers.matching(found.record)]
                records.append((found.record, any(taken)))
            elif isinstance(found, FoundEvent) and found.is_event:
                try:
                    events.append((found.event, bool(enabled.matching_rules(found.event))))
                except (InvalidEventError, TypeError):
                    continue
    filters = [text for reader in plan.readers.readers for text in reader.filters]
    return [
        *fields_of(pattern_paths(rule.pattern for rule in plan.rules), events),
        *fields_of(pattern_paths(filters, Dialect.PIPE), records),
    ]


def _between_blocks(order: Iterable[tuple[str, int, str, str]]) -> int:
    """How many blocks begin before the block before them in their file ended."""
    found = 0
    before = ("", "")
    for file, _, first, last in sorted(order):
        found += file == before[0] and first < before[1]
        before = (file, last)
    return found


def _untaken(source: str, detail_type: str, count: RuleCount, enabled: RuleSet) -> UntakenEvents:
    sample = count.sample
    file, line, text = (sample.file, sample.line, sample.text) if sample else ("", 0, "")
    nearest = reason = ""
    event = next(
        (
            found.event
            for found in entries_of(file, line, text.encode())
            if isinstance(found, FoundEvent)
            and (found.event.get("source"), found.event.get("detail-type")) == (source, detail_type)
        ),
        None,
    )
    if event is not None:
        try:
            explanations = enabled.explain(event, limit=1)
        except (InvalidEventError, TypeError):
            explanations = []
        for explanation in explanations:
            nearest = explanation.rule
            reason = "; ".join(str(mismatch) for mismatch in explanation.mismatches)
    return UntakenEvents(source, detail_type, count.events, count.first, count.last, file, line, text, nearest, reason)
