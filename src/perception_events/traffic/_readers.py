"""A topology -> what its pipes and event source mappings read of tables' streams, and what their filters take of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject
from perception_events.patterns import Dialect, RuleSet
from perception_events.topology import EventSourceMapping, Pipe, TableStream, Topology, unresolved_in
from perception_events.traffic._rules import UndecidedRule, single_values

__all__ = ["StreamReader", "StreamReaders", "filter_name"]


@dataclass(frozen=True, slots=True)
class StreamReader:
    """A pipe or an event source mapping of a table's stream.

    `name`: its id in the topology. `kind`: what it is. `stream`: the id of the stream. `filters`: the patterns as JSON.
    """

    name: str
    kind: str
    stream: str
    filters: tuple[str, ...] = ()


@dataclass(slots=True)
class StreamReaders:
    """All readers of tables' streams whose filters are known, and what matches their filters.

    `values`: by the name that `matching` gives it, each single value of a filter: reader, path, value.
    """

    readers: list[StreamReader] = field(default_factory=list)
    undecided: list[UndecidedRule] = field(default_factory=list)
    values: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    _streams: dict[str, str] = field(default_factory=dict)
    _rule_sets: dict[str, RuleSet] = field(default_factory=dict)

    @classmethod
    def of(cls, topology: Topology) -> StreamReaders:
        """The readers that `topology` has."""
        found = cls()
        resources: list[Pipe | EventSourceMapping] = [*topology.of(Pipe), *topology.of(EventSourceMapping)]
        for resource in resources:
            stream = topology.find(resource.source) if isinstance(resource.source, str) else None
            if isinstance(stream, TableStream):
                found._add(resource, stream)
        return found

    def _add(self, resource: Pipe | EventSourceMapping, stream: TableStream) -> None:
        dialect = Dialect.PIPE if isinstance(resource, Pipe) else Dialect.EVENT_SOURCE_MAPPING
        unknown = next(unresolved_in([one.pattern for one in resource.filters]), None)
        if unknown is not None:
            reason = f"its filters have a value that is not known: {unknown}"
            self.undecided.append(UndecidedRule(resource.id, reason))
            return
        texts = tuple(
            one.pattern if isinstance(one.pattern, str) else json.dumps(one.pattern, ensure_ascii=False)
            for one in resource.filters
        )
        rules = RuleSet(dialect=dialect)
        try:
            for at, text in enumerate(texts):
                rules.add(filter_name(resource.id, at), text)
                for place, (path, value, pattern) in enumerate(single_values(text)):
                    name = f"{filter_name(resource.id, at)}\0{place}"
                    rules.add(name, pattern)
                    self.values[name] = resource.id, path, value
        except (PerceptionEventsError, ValueError) as error:
            self.undecided.append(UndecidedRule(resource.id, f"a filter is invalid: {error}"))
            self.values = {name: value for name, value in self.values.items() if value[0] != resource.id}
            return
        self.readers.append(StreamReader(resource.id, resource.kind, stream.id, texts))
        self._rule_sets[resource.id] = rules
        if isinstance(stream.arn, str):
            self._streams[stream.arn] = stream.id

    def matching(self, record: JSONObject) -> Iterator[tuple[StreamReader, list[str], bool]]:
        """Each reader that gets a record, the names of its filters and single values that match, and if it is taken.

        A record goes to the readers of the stream that it names; if it names none of them, to all.
        """
        stream = self._streams.get(str(record.get("eventSourceARN")))
        for reader in self.readers:
            if stream in (None, reader.stream):
                names = self._rule_sets[reader.name].matching_rules(record)
                yield reader, names, not reader.filters or bool(names)

    def rejects(self, reader: StreamReader, record: JSONObject) -> bool:
        """Whether `reader` gets the record, and no filter of it matches."""
        return any(one == reader and not is_taken for one, _, is_taken in self.matching(record))

    def rejection(self, reader: StreamReader, record: JSONObject) -> str:
        """What keeps a record from the nearest filter of `reader`."""
        rules = RuleSet(
            {f"filter {at}": self._rule_sets[reader.name][filter_name(reader.name, at - 1)] for at in _numbers(reader)}
        )
        for explanation in rules.explain(record, limit=1):
            reason = "; ".join(str(mismatch) for mismatch in explanation.mismatches)
            return f"{explanation.rule}: {reason}" if len(reader.filters) > 1 else reason
        return ""


def _numbers(reader: StreamReader) -> range:
    return range(1, len(reader.filters) + 1)


def filter_name(reader: str, at: int) -> str:
    """What `StreamReaders.matching` calls a filter; `at` from 0."""
    return f"{reader}\0{at}"
