"""Blocks of recorded traffic -> counts of what each rule takes; counts of parts merge to those of the whole."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from operator import itemgetter, lt
from typing import Any, TypeAlias

from perception_events.json_values import JSONObject
from perception_events.patterns import InvalidEventError, RuleSet
from perception_events.topology import Topology
from perception_events.traffic._blocks import Block, UnreadableInput
from perception_events.traffic._entries import FoundEvent, FoundRecord, Rejected, entries_of
from perception_events.traffic._envelope import (
    FIELDS,
    OTHER_NAMES,
    UNKNOWN_ID,
    Envelope,
    envelope_reader,
    event_time,
    record_time,
)
from perception_events.traffic._field_values import MAX_SAMPLED, add_sample
from perception_events.traffic._inputs import InputCounts
from perception_events.traffic._readers import StreamReaders
from perception_events.traffic._rules import rules_of, single_values
from perception_events.traffic._sample import Sample
from perception_events.traffic._smallest import SmallestKeys

__all__ = ["CoverageCounts", "CoveragePlan", "RuleCount", "MATCHED", "REJECTED", "TAKEN"]

TAKEN, REJECTED, MATCHED = "taken", "rejected", "matched"
MAX_KINDS = 1000
MAX_HOURS = 10_000
MAX_IDS = 20_000
_SLACK = 4096
_HOUR = itemgetter(slice(13))
_KINDS = frozenset({str, int, float, bool, type(None)})
_Group: TypeAlias = list[Any]
"""Events of one source, detail type, hour and set of rules: how many, first and last time, number of the first."""
LinesReader: TypeAlias = Callable[[list[bytes]], tuple[list[list[str] | None], list[list[Any]]]]


@dataclass(slots=True)
class RuleCount:
    """How many events, and the times of the first and the last one that has a time."""

    events: int = 0
    first: str = ""
    last: str = ""
    sample: Sample | None = None

    def add(self, other: RuleCount) -> RuleCount:
        """Add what `other` counted; of two samples the one that comes first stays."""
        self.events += other.events
        self.first = min(self.first, other.first) if self.first and other.first else self.first or other.first
        self.last = max(self.last, other.last)
        if other.sample is not None and (self.sample is None or other.sample < self.sample):
            self.sample = other.sample
        return self


def _events(count: RuleCount) -> int:
    return count.events


def _itself(count: int) -> int:
    return count


def _one(text: bytes) -> int:
    return 1


def _first(text: bytes, other: bytes) -> bytes:
    return text


@dataclass(slots=True)
class CoverageCounts:
    """What a part of the traffic did. `merge` is associative and commutative, so parts may come in any order."""

    inputs: InputCounts = field(default_factory=InputCounts)
    events: int = 0
    taken: int = 0
    without_time: int = 0
    rules: dict[str, RuleCount] = field(default_factory=dict)
    kinds: SmallestKeys[RuleCount] = field(default_factory=lambda: SmallestKeys(MAX_KINDS))
    untaken: SmallestKeys[RuleCount] = field(default_factory=lambda: SmallestKeys(MAX_KINDS))
    hours: SmallestKeys[RuleCount] = field(default_factory=lambda: SmallestKeys(MAX_HOURS))
    readers: dict[tuple[str, str], RuleCount] = field(default_factory=dict)
    """Stream records by what a pipe or event source mapping did with them (`TAKEN`, `REJECTED`), and by the filters
    and single values that they match (`MATCHED`)."""
    sampled: SmallestKeys[bytes] = field(default_factory=lambda: SmallestKeys(MAX_SAMPLED))
    """Lines in which the values of fields are looked at."""
    ids: SmallestKeys[int] = field(default_factory=lambda: SmallestKeys(MAX_IDS))
    order: list[tuple[str, int, str, str]] = field(default_factory=list)
    """File, line, first and last time of each block, to see what is out of order between blocks."""
    out_of_order: int = 0
    """Inside blocks."""

    def merge(self, other: CoverageCounts) -> None:
        """Add another part's counts."""
        self.inputs.merge(other.inputs)
        self.events += other.events
        self.taken += other.taken
        self.without_time += other.without_time
        self.out_of_order += other.out_of_order
        self.order += other.order
        for name, count in other.rules.items():
            self.rules.setdefault(name, RuleCount()).add(count)
        for key, count in other.readers.items():
            self.readers.setdefault(key, RuleCount()).add(count)
        self.sampled.merge(other.sampled, _first, _one)
        for mine, theirs in ((self.kinds, other.kinds), (self.untaken, other.untaken), (self.hours, other.hours)):
            mine.merge(theirs, RuleCount.add, _events)
        self.ids.merge(other.ids, int.__add__, _itself)


class CoveragePlan:
    """The rules of a topology, ready to be held against traffic in any process; it can be pickled.

    `bus`: id, ARN or name of the bus whose rules count; by default those of every bus. `strict`: raise at the first
    line that cannot be read.

    Raises:
        UnknownResourceError: there is no such bus.
    """

    def __init__(self, topology: Topology, *, bus: str | None = None, strict: bool = False) -> None:
        self.rules, self.undecided = rules_of(topology, bus)
        self.readers = StreamReaders.of(topology)
        self.strict = strict
        self.values: dict[str, tuple[str, str, str]] = {}
        self._disabled = {rule.name for rule in self.rules if not rule.enabled}
        self._rule_set = RuleSet()
        for rule in self.rules:
            self._rule_set.add(rule.name, rule.pattern)
            for at, (path, value, pattern) in enumerate(single_values(rule.pattern)):
                name = f"{rule.name}\0{at}"
                self.values[name] = (rule.name, path, value)
                self._rule_set.add(name, pattern)
        self._not_taking = self._disabled | self.values.keys()
        self._read: LinesReader | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_read_envelope"} | {"_read": None}

    @cached_property
    def _read_envelope(self) -> Callable[[bytes], Envelope | None]:
        return envelope_reader()

    def count(self, blocks: Iterable[Block | UnreadableInput]) -> CoverageCounts:
        """The counts of some blocks of any files.

        Raises:
            UnreadableTrafficError: with `strict`, for the first line that cannot be read.
        """
        counts = CoverageCounts()
        for block in blocks:
            if isinstance(block, UnreadableInput):
                counts.inputs.reject(block, strict=self.strict)
            else:
                if self._read is None:
                    self._read = self._lines_reader()
                self._add_block(counts, block, self._read)
        for table in (counts.kinds, counts.untaken, counts.hours):
            table.trim(_events)
        counts.ids.trim(_itself)
        counts.sampled.trim(_one)
        return counts

    def _lines_reader(self) -> LinesReader:
        """What reads the envelopes of lines and matches them; the names are None for a line that is read by itself."""
        matcher = self._rule_set.text_matcher(FIELDS, absent=OTHER_NAMES)

        def one_by_one(lines: list[bytes]) -> tuple[list[list[str] | None], list[list[Any]]]:
            return [None] * len(lines), [[None] * len(lines) for _ in FIELDS]

        if matcher is None:
            return one_by_one
        return matcher.match_lines

    def _add_block(self, counts: CoverageCounts, block: Block, read: LinesReader) -> None:
        numbers, lines = block.numbered()
        names_of, (sources, detail_types, written, ids) = read(lines)
        counts.inputs.lines += len(lines)
        add_sample(counts.sampled, block, numbers, lines, slack=_SLACK)
        plain = {*map(type, sources), *map(type, detail_types)} == {str} and _KINDS.issuperset(map(type, written))
        if not plain or None in names_of:
            rows = [*zip(numbers, lines, names_of, sources, detail_types, written, ids, strict=True)]
            self._add_mixed(counts, block, rows)
            return
        times = [*map({time: event_time(time) or "" for time in set(written)}.__getitem__, written)]
        self._add_events(counts, block, sources, detail_types, times, names_of, numbers, lines)  # type: ignore[arg-type]
        _add_ids(counts.ids, [id for id in ids if type(id) is str])

    def _add_mixed(self, counts: CoverageCounts, block: Block, rows: list[tuple[Any, ...]]) -> None:
        """A block some lines of which have to be read by themselves."""
        events: list[tuple[Any, ...]] = []
        ids: list[str] = []
        for number, line, names, source, detail_type, written, id in rows:
            if names is not None and type(source) is type(detail_type) is str:
                events.append((source, detail_type, event_time(written) or "", names, number, line))
                if type(id) is str:
                    ids.append(id)
            else:
                events += self._one_line(counts, block, number, line, ids)
        if events:
            self._add_events(counts, block, *map(list, zip(*events, strict=True)))
        _add_ids(counts.ids, ids)

    def _add_events(
        self,
        counts: CoverageCounts,
        block: Block,
        sources: Sequence[str],
        detail_types: Sequence[str],
        times: Sequence[str],
        names_of: Sequence[list[str]],
        numbers: Sequence[int],
        texts: Sequence[bytes],
    ) -> None:
        """Events in their order."""
        groups: dict[Any, _Group] = {}
        hours = map(_HOUR, times)
        for at, (key, time, names) in enumerate(
            zip(zip(sources, detail_types, hours, strict=True), times, names_of, strict=True)
        ):
            if names:
                key = (*key, *names)
            group = groups.get(key)
            if group is None:
                groups[key] = [1, time, time, at]
                continue
            group[0] += 1
            if time < group[1]:
                group[1] = time
            elif time > group[2]:
                group[2] = time
        dated = times
        if "" in times:
            dated = [time for time in times if time]
            counts.without_time += len(times) - len(dated)
        if dated:
            counts.out_of_order += sum(map(lt, islice(dated, 1, None), dated))
            counts.order.append((block.file, block.line, dated[0], dated[-1]))
        self._add_groups(counts, groups, block.file, numbers, texts)

    def _one_line(
        self, counts: CoverageCounts, block: Block, number: int, line: bytes, ids: list[str]
    ) -> Iterator[tuple[str, str, str, list[str], int, bytes]]:
        """Source, detail type, time, rules, line and text of the event in a line, or of its events."""
        envelope = self._read_envelope(line)
        try:
            names = self._rule_set.matching_rules_json(line) if envelope is not None else None
        except InvalidEventError:
            names = None
        if envelope is None or names is None:
            found = self._slow(counts, block, number, line)
        else:
            found = [(envelope, names, line)]
        for (source, detail_type, written, id), matched, text in found:
            if isinstance(id, str) and id != UNKNOWN_ID:
                ids.append(id)
            yield source, detail_type, event_time(written) or "", matched, number, text

    def _add_groups(
        self,
        counts: CoverageCounts,
        groups: dict[Any, _Group],
        file: str,
        numbers: Sequence[int],
        texts: Sequence[bytes],
    ) -> None:
        for (source, detail_type, hour, *matched), (events, first, last, at) in groups.items():
            counts.events += events
            group = RuleCount(events, first, last)
            for name in matched:
                counts.rules.setdefault(name, RuleCount()).add(group)
            is_taken = not self._not_taking.issuperset(matched)
            if is_taken:
                counts.taken += events
            kind = source, detail_type
            counts.kinds.table.setdefault(kind, RuleCount()).add(group)
            counts.hours.table.setdefault((hour, is_taken), RuleCount()).add(group)
            if not is_taken:
                group.sample = Sample.of(file, numbers[at], texts[at])
                counts.untaken.table.setdefault(kind, RuleCount()).add(group)
        for table in (counts.kinds, counts.untaken, counts.hours):
            table.trim(_events, slack=_SLACK)

    def _slow(
        self, counts: CoverageCounts, block: Block, number: int, line: bytes
    ) -> Sequence[tuple[Envelope, list[str], bytes]]:
        """The events of a line that is not just one event; what cannot be read is counted once a line."""
        events: list[tuple[Envelope, list[str], bytes]] = []
        problem: UnreadableInput | None = None
        for found in entries_of(block.file, number, line):
            if isinstance(found, FoundRecord):
                try:
                    self._add_record(counts, found, line)
                    continue
                except (InvalidEventError, TypeError) as error:
                    found = Rejected(str(error))
            if isinstance(found, FoundEvent) and found.is_event:
                try:
                    events.append((_envelope(found.event), self._matching(found), line))
                    continue
                except (InvalidEventError, TypeError) as error:
                    found = Rejected(str(error))
            if isinstance(found, FoundEvent):
                found = Rejected("is not an event: it has no source and detail-type")
            problem = problem or UnreadableInput(block.file, number + found.line_offset, found.reason)
        if problem is not None:
            counts.inputs.reject(problem, strict=self.strict, counted=True)
        return events

    def _add_record(self, counts: CoverageCounts, found: FoundRecord, line: bytes) -> None:
        """Count a stream record for the pipes and event source mappings that get it."""
        time = record_time(found.record) or ""
        matching = [*self.readers.matching(found.record)]
        counts.inputs.records += 1
        for reader, names, is_taken in matching:
            count = RuleCount(1, time, time)
            if not is_taken:
                count.sample = Sample.of(found.file, found.line, line)
            for what, name in ((TAKEN if is_taken else REJECTED, reader.name), *((MATCHED, name) for name in names)):
                counts.readers.setdefault((what, name), RuleCount()).add(count)

    def _matching(self, found: FoundEvent) -> list[str]:
        if found.text is not None:
            return self._rule_set.matching_rules_json(found.text)
        return self._rule_set.matching_rules(found.event)


def _add_ids(ids: SmallestKeys[int], found: list[str]) -> None:
    """Count ids."""
    try:
        octets = [*map(str.encode, found)]
    except UnicodeEncodeError:
        octets = [id.encode(errors="replace") for id in found]
    keys: Iterable[tuple[int, str]] = zip(map(zlib.crc32, octets), found, strict=True)
    table, bound = ids.table, ids.bound
    if bound is not None:
        keys = [key for key in keys if key <= bound]
        ids.dropped += len(found) - len(keys)
    for key in keys:
        table[key] = table.get(key, 0) + 1
    ids.trim(_itself, slack=MAX_IDS)


def _envelope(event: JSONObject) -> Envelope:
    return str(event["source"]), str(event["detail-type"]), event.get("time"), event.get("id")
