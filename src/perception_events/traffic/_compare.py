"""Recorded traffic and two versions of a topology -> the events whose targets or received inputs differ, by cause.

One rule set holds the rules of both versions, equal patterns once. What an event does with it is a set of patterns; for
each such set it is worked out once which deliveries are equal in both versions, and only the rest is rendered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from perception_events.json_values import JSONObject
from perception_events.patterns import InvalidEventError, RuleSet, TextMatcher
from perception_events.topology import Topology
from perception_events.traffic._blocks import Block, UnreadableInput
from perception_events.traffic._deliveries import Delivery, deliveries_of, received_input
from perception_events.traffic._entries import FoundEvent, FoundRecord, Rejected, entries_of
from perception_events.traffic._envelope import FIELDS, OTHER_NAMES
from perception_events.traffic._inputs import InputCounts
from perception_events.traffic._jobs import count_in_jobs
from perception_events.traffic._rules import UndecidedRule
from perception_events.traffic._sample import Sample
from perception_events.traffic._smallest import SmallestKeys

__all__ = [
    "ChangeKind",
    "ComparePlan",
    "CompareReport",
    "ComparisonCounts",
    "TrafficChange",
    "compare",
    "compare_report",
]

MAX_CAUSES = 1000
MAX_SAMPLES = 3


class ChangeKind(StrEnum):
    """What differs for a target."""

    GAINED = "gained"
    """It receives an event more often than before, or newly."""
    LOST = "lost"
    """It receives an event less often, or no more."""
    INPUT = "input"
    """It receives as many inputs as before, and others."""


@dataclass(frozen=True, slots=True, order=True)
class ChangedSample:
    """An event with what its target receives before and after, as JSON texts; `!` marks what is not delivered."""

    sample: Sample
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(slots=True)
class _Cause:
    events: int = 0
    samples: list[ChangedSample] = field(default_factory=list)

    def add(self, other: _Cause) -> _Cause:
        self.events += other.events
        self.samples = sorted(self.samples + other.samples)[:MAX_SAMPLES]
        return self


def _events(cause: _Cause) -> int:
    return cause.events


@dataclass(slots=True)
class ComparisonCounts:
    """What differs in a part of the traffic. `merge` is associative and commutative."""

    inputs: InputCounts = field(default_factory=InputCounts)
    events: int = 0
    changed: int = 0
    causes: SmallestKeys[_Cause] = field(default_factory=lambda: SmallestKeys(MAX_CAUSES))

    def merge(self, other: ComparisonCounts) -> None:
        """Add another part's counts."""
        self.inputs.merge(other.inputs)
        self.events += other.events
        self.changed += other.changed
        self.causes.merge(other.causes, _Cause.add, _events)


@dataclass(frozen=True, slots=True)
class _Unequal:
    """The deliveries of one target that are not the same by their declaration."""

    target: str
    old: tuple[Delivery, ...]
    new: tuple[Delivery, ...]


class ComparePlan:
    """Two versions of a topology, ready to be held against traffic in any process; it can be pickled.

    `bus`: id, ARN or name of the bus whose rules count, in both. `strict`: raise at the first line that cannot be read.

    Raises:
        UnknownResourceError: there is no such bus.
    """

    def __init__(self, old: Topology, new: Topology, *, bus: str | None = None, strict: bool = False) -> None:
        self.strict = strict
        self._rule_set = RuleSet()
        self._deliveries: tuple[dict[str, list[Delivery]], dict[str, list[Delivery]]] = ({}, {})
        self.undecided: list[tuple[str, UndecidedRule]] = []
        for version, topology, by_pattern in zip(("old", "new"), (old, new), self._deliveries, strict=True):
            deliveries, patterns, undecided = deliveries_of(topology, bus)
            self.undecided += [(version, rule) for rule in undecided]
            for rule, pattern in patterns.items():
                if pattern not in self._rule_set:
                    self._rule_set.add(pattern, pattern)
                by_pattern.setdefault(pattern, []).extend(deliveries[rule])
        self._unequal: dict[tuple[str, ...], tuple[_Unequal, ...]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_matcher"}

    @cached_property
    def _matcher(self) -> TextMatcher | None:
        return self._rule_set.text_matcher(FIELDS[:2], absent=OTHER_NAMES)

    def count(self, blocks: Iterable[Block | UnreadableInput]) -> ComparisonCounts:
        """What differs for the events of some blocks of any files.

        Raises:
            UnreadableTrafficError: with `strict`, for the first line that cannot be read.
        """
        counts = ComparisonCounts()
        for block in blocks:
            if isinstance(block, UnreadableInput):
                counts.inputs.reject(block, strict=self.strict)
                continue
            self._add_block(counts, block)
        counts.causes.trim(_events)
        return counts

    def _add_block(self, counts: ComparisonCounts, block: Block) -> None:
        numbered = list(block.lines())
        counts.inputs.lines += len(numbered)
        nothing: list[Any] = [None] * len(numbered)
        names_of: list[list[str] | None] = [None] * len(numbered)
        columns = [nothing, nothing]
        if self._matcher is not None:
            names_of, columns = self._matcher.match_lines([line for _, line in numbered])
        for (number, line), names, source, detail_type in zip(numbered, names_of, *columns, strict=True):
            # An event that both versions treat alike is not read any further.
            if names is not None and type(source) is type(detail_type) is str and not self._unequal_for(tuple(names)):
                counts.events += 1
            else:
                self._add_line(counts, block.file, number, line)

    def _add_line(self, counts: ComparisonCounts, file: str, number: int, line: bytes) -> None:
        problem: UnreadableInput | None = None
        for found in entries_of(file, number, line):
            if isinstance(found, FoundRecord):
                counts.inputs.records += 1
                continue
            if isinstance(found, FoundEvent) and found.is_event:
                try:
                    matched = (
                        self._rule_set.matching_rules_json(found.text)
                        if found.text is not None
                        else self._rule_set.matching_rules(found.event)
                    )
                except (InvalidEventError, TypeError) as error:
                    found = Rejected(str(error))
                else:
                    counts.events += 1
                    self._add_event(counts, found, tuple(matched), line)
                    continue
            if isinstance(found, FoundEvent):
                found = Rejected("is not an event: it has no source and detail-type")
            problem = problem or UnreadableInput(file, number + found.line_offset, found.reason)
        if problem is not None:
            counts.inputs.reject(problem, strict=self.strict, counted=True)

    def _add_event(self, counts: ComparisonCounts, found: FoundEvent, matched: tuple[str, ...], line: bytes) -> None:
        unequal = self._unequal_for(matched)
        changed = False
        for one in unequal:
            old, new = _received(one.old, found.event), _received(one.new, found.event)
            same = Counter(old) & Counter(new)
            if len(old) == len(new) == same.total():
                continue
            changed = True
            kind = ChangeKind.INPUT
            if len(old) != len(new):
                kind = ChangeKind.GAINED if len(new) > len(old) else ChangeKind.LOST
            rules = tuple(tuple(sorted({delivery.rule for delivery in side})) for side in (one.old, one.new))
            cause = counts.causes.table.setdefault((one.target, kind.value, *rules), _Cause())
            cause.events += 1
            cause.samples.append(ChangedSample(Sample.of(found.file, found.line, line), tuple(old), tuple(new)))
            cause.samples = sorted(cause.samples)[:MAX_SAMPLES]
        counts.changed += changed
        counts.causes.trim(_events, slack=MAX_CAUSES)

    def _unequal_for(self, matched: tuple[str, ...]) -> tuple[_Unequal, ...]:
        """What is not the same by declaration for an event that these patterns match; worked out once."""
        unequal = self._unequal.get(matched)
        if unequal is None:
            if len(self._unequal) >= 10_000:
                self._unequal.clear()
            unequal = self._unequal[matched] = self._unequal_of(matched)
        return unequal

    def _unequal_of(self, matched: tuple[str, ...]) -> tuple[_Unequal, ...]:
        sides = []
        for by_pattern in self._deliveries:
            side: dict[str, list[Delivery]] = {}
            for pattern in matched:
                for delivery in by_pattern.get(pattern, ()):
                    side.setdefault(delivery.target, []).append(delivery)
            sides.append(side)
        found = []
        for target in sorted({*sides[0], *sides[1]}):
            old, new = (side.get(target, []) for side in sides)
            if Counter(map(_sameness, old)) != Counter(map(_sameness, new)):
                found.append(_Unequal(target, tuple(old), tuple(new)))
        return tuple(found)


def _sameness(delivery: Delivery) -> tuple[str, str, str]:
    return delivery.form, delivery.rule_name, delivery.rule_arn


def _received(deliveries: Iterable[Delivery], event: JSONObject) -> list[str]:
    return sorted(received_input(delivery, event) for delivery in deliveries)


@dataclass(frozen=True, slots=True)
class TrafficChange:
    """One cause: what differs for a target, by which rules before and after, for how many events, with samples."""

    target: str
    kind: ChangeKind
    old_rules: tuple[str, ...]
    new_rules: tuple[str, ...]
    events: int
    samples: tuple[ChangedSample, ...]


@dataclass(frozen=True, slots=True)
class CompareReport:
    """What two versions of a topology do differently with recorded traffic.

    `changed`: events for which anything differs. `undecided`: (old or new, rule) for what cannot be decided.
    `dropped`: changes of causes beyond the first 1000.
    """

    inputs: InputCounts
    events: int
    changed: int
    changes: tuple[TrafficChange, ...]
    undecided: tuple[tuple[str, UndecidedRule], ...]
    dropped: int

    def to_dict(self) -> dict[str, Any]:
        """A JSON object of everything."""
        return {
            "input": self.inputs.to_dict(),
            "events": self.events,
            "changed": self.changed,
            "changes": [
                {
                    "target": change.target,
                    "kind": change.kind.value,
                    "old_rules": list(change.old_rules),
                    "new_rules": list(change.new_rules),
                    "events": change.events,
                    "samples": [
                        {
                            "file": one.sample.file,
                            "line": one.sample.line,
                            "text": one.sample.text,
                            "old": list(one.old),
                            "new": list(one.new),
                        }
                        for one in change.samples
                    ],
                }
                for change in self.changes
            ],
            "undecided_rules": [
                {"version": version, "rule": rule.name, "reason": rule.reason} for version, rule in self.undecided
            ],
            "dropped": self.dropped,
        }

    def to_json(self) -> str:
        """`to_dict` as text; equal reports give equal bytes."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        lines = [
            f"{self.inputs.lines:,} lines: {self.inputs.read:,} read, {self.inputs.unreadable:,} unreadable",
            f"{self.events:,} events: {self.changed:,} with other targets or inputs, "
            f"{self.events - self.changed:,} as before",
        ]
        if self.inputs.files:
            lines.append(f"{self.inputs.files:,} files not read, or not to their end")
        if self.inputs.records:
            lines.append(f"{self.inputs.records:,} stream records, which no rule of a bus sees")
        for change in self.changes:
            rules = f"{', '.join(change.old_rules) or 'no rule'} -> {', '.join(change.new_rules) or 'no rule'}"
            events = "1 event" if change.events == 1 else f"{change.events:,} events"
            lines += ["", f"{change.target}: {change.kind.value}, {events} ({rules})"]
            for one in change.samples[:1]:
                lines.append(f"  {one.sample.file}:{one.sample.line}")
                lines += [f"    - {text}" for text in one.old] + [f"    + {text}" for text in one.new]
        for version, rule in self.undecided:
            lines += ["", f"cannot be decided ({version}): {rule.name}: {rule.reason}"]
        if self.dropped:
            lines += ["", f"{self.dropped:,} changes of further causes"]
        return "\n".join(lines) + "\n"


def compare(
    old: Topology,
    new: Topology,
    blocks: Iterable[Block | UnreadableInput],
    *,
    bus: str | None = None,
    jobs: int = 1,
    strict: bool = False,
) -> CompareReport:
    """What `new` does differently from `old` with the events of `blocks` (of `read_blocks`).

    The parameters are those of `coverage`. Targets are the same where kind and name are.

    Raises:
        UnknownResourceError: there is no such bus in one of them.
        UnreadableTrafficError: with `strict`.
        WorkerDiedError: a process was killed.
    """
    plan = ComparePlan(old, new, bus=bus, strict=strict)
    return compare_report(plan, count_in_jobs(plan, blocks, 1 if strict else jobs))


def compare_report(plan: ComparePlan, counts: ComparisonCounts) -> CompareReport:
    """The report of counts that `plan` has made, alone or in parts."""
    changes = [
        TrafficChange(target, ChangeKind(kind), old, new, cause.events, tuple(cause.samples))
        for (target, kind, old, new), cause in sorted(counts.causes.table.items())
    ]
    return CompareReport(
        counts.inputs,
        counts.events,
        counts.changed,
        tuple(sorted(changes, key=lambda change: -change.events)),
        tuple(plan.undecided),
        counts.causes.dropped,
    )
