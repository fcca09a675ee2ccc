"""`Simulation`: one topology in memory, into which records, events and messages are put."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from perception_events.buses import DeliveryScheduler, EventBus, InMemoryEventsClient
from perception_events.clock import ManualClock
from perception_events.errors import DeclarationError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes import BatchReader, PipeResult, PipeRun, StepFaults
from perception_events.scheduler import Scheduler
from perception_events.simulation._known import account_and_region, name_of
from perception_events.simulation._network import Network
from perception_events.simulation._readers import add_readers
from perception_events.simulation._result import SimulationResult
from perception_events.simulation._rules import add_buses, add_rules
from perception_events.sources import SOURCES, source_of
from perception_events.streams import Stream, as_record
from perception_events.targets import Invocable, Target, as_target
from perception_events.times import to_iso_seconds
from perception_events.topology import EventBus as BusResource
from perception_events.topology import (
    Function,
    Pipe,
    Queue,
    Resource,
    Rule,
    Topology,
    UnknownResourceError,
    validate,
)
from perception_events.trace import TraceSink

__all__ = ["ASSUME_FAILING_AFTER", "Simulation", "UnknownTargetError"]

ASSUME_FAILING_AFTER = 10
R = TypeVar("R", bound=Resource)


class UnknownTargetError(DeclarationError, ValueError):
    """A function or target was given that the topology does not hold."""


class Simulation:
    """Every table stream, queue, Kinesis stream, pipe, event source mapping, bus and rule of `topology`, in memory.

    `functions`, `targets`: what stands in for a resource, by its id, name or ARN: a function of one argument, or an
    object with `invoke(event)`. It serves as an enrichment (functions, Express workflows, API destinations) and as a
    target of any kind. A target that is not given records what it would have received; an enrichment that is not given
    makes the verdict depend on it.
    `clock`: where time begins; it is moved forward by what waits and by records that are newer. `deliver`: takes over
    the buses' deliveries, as `EventBus` says. `trace`: called with every step; the result of each `put_` has its own.
    `assume_failing_after`: after so many equal failures in a row the following attempts are not made but counted, with
    the time that they would take; None makes every attempt, which targets need that fail by chance or recover late.

    What lies behind something put in happens at once, in this order: pipe by pipe, rule by rule, then what was put into
    queues and streams on the way. Where a value is not known before deployment, the way ends with `DependsOn`; numbers
    of a source or a retry policy that are not known have AWS's default. Not safe for use from several threads at once.

    Raises:
        InvalidTopologyError: AWS would reject a part of the topology; it names the resource and where it was written.
        UnknownTargetError: something was given that the topology does not hold.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        functions: Mapping[str, Invocable] | None = None,
        targets: Mapping[str, Invocable] | None = None,
        clock: ManualClock | None = None,
        deliver: DeliveryScheduler | None = None,
        trace: TraceSink | None = None,
        assume_failing_after: int | None = ASSUME_FAILING_AFTER,
    ) -> None:
        validate(topology)
        self.topology = topology
        self.clock = clock if clock is not None else ManualClock()
        self._network = Network(
            topology,
            played=_played(topology, {**(functions or {}), **(targets or {})}),
            clock=self.clock,
            sink=trace,
            assume_after=assume_failing_after,
        )
        add_buses(self._network, deliver)
        self._rules = add_rules(self._network)
        self.not_simulated: Mapping[str, str] = add_readers(self._network)
        """Pipes and event source mappings that do not run here, by id, and why not."""

    # --- what is there

    def bus(self, reference: str | None = None) -> EventBus:
        """The bus with this id, name or ARN; the only one where none is given.

        Raises:
            UnknownResourceError: there is none, or several and none was named.
        """
        return self._network.buses[self._one(reference, BusResource).id]

    def readers(self, source: str | None = None) -> tuple[BatchReader, ...]:
        """The pipes and event source mappings of the source with this id, name or ARN; all where none is given."""
        if source is None:
            return tuple(reader for readers in self._network.readers.values() for reader in readers)
        return tuple(self._network.readers.get(self._found(source).id, ()))

    @property
    def event_buses(self) -> list[str]:
        """The ids of the buses where an event that names none can go in: those with rules or behind a pipe."""
        reached = {rule.bus for rule in self.topology.of(Rule)} | {pipe.target for pipe in self.topology.of(Pipe)}
        return [bus.id for bus in self.topology.of(BusResource) if bus.id in reached]

    def rule(self, bus: str, name: str) -> Rule:
        """The resource of the rule that the trace calls `name`, on the bus that it calls `bus`."""
        return self._rules[bus, name]

    def resource(self, where: str, *kinds: type[Resource]) -> Resource | None:
        """The resource that a step of the trace calls `where`, one of `kinds` where they are given; None without one.

        Buses, pipes and event source mappings are called by their names there, all others by their ids.
        """
        for resource in self.topology:
            if not kinds or isinstance(resource, kinds):
                kind = "bus name" if isinstance(resource, BusResource) else "pipe name"
                if where in (resource.id, name_of(resource, kind)):
                    return resource
        return None

    def events_client(self) -> InMemoryEventsClient:
        """Stands in for `boto3.client("events")` in code under test: `put_events` reaches this simulation's buses."""
        return InMemoryEventsClient(*self._network.buses.values())

    # --- what is put in

    def put_record(self, record: Mapping[str, Any], source: str | None = None) -> SimulationResult:
        """Put a record of a DynamoDB stream, a Kinesis stream or a queue into its source, as a batch of one.

        `source`: the source's id, name or ARN; without it the one that the record names, or the only one of its kind.
        The clock is moved to the record's time where that is later; a record that is older counts as new, so its age
        is the time that it is retried.

        Raises:
            WrongSourceError: the record is of another kind of source.
            UnknownResourceError: the topology has no such source, or several.
            UnreadableRecordError: it is not a record.
        """
        read = as_record(record)
        resource = self._source(read, source)
        kind = source_of(resource)
        read = read if kind is None else kind.pipe_record(read)
        self._move_clock(resource, read)
        return self._put(lambda: self._deliver(resource, read))

    def put_records(self, records: Iterable[Mapping[str, Any]], source: str | None = None) -> list[SimulationResult]:
        """`put_record` for each of `records`, in order."""
        return [self.put_record(record, source) for record in records]

    def put_message(
        self,
        body: JSONValue,
        queue: str | None = None,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
    ) -> SimulationResult:
        """Send a message to the queue with this id, name or ARN (the only one where none is given).

        `body`: the text, or a JSON value of which the text is made. `group`, `deduplication_id`: for FIFO queues.

        Raises:
            InvalidMessageError: a FIFO queue needs a group.
            UnknownResourceError: the topology has no such queue.
        """
        resource = self._one(queue, Queue)
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return self._put(lambda: self._network.send(resource, text, group=group, deduplication_id=deduplication_id))

    def put_event(self, event: Mapping[str, Any], bus: str | None = None) -> SimulationResult:
        """Put an event on the bus with this id, name or ARN (the only one where none is given).

        `event`: an EventBridge event; of the envelope what is missing is filled in, so that `source`, `detail-type` and
        `detail` are enough.

        Raises:
            UnknownResourceError: the topology has no such bus.
        """
        resource = self._one(bus, BusResource)
        account, region = account_and_region(resource)
        whole: JSONObject = {
            "version": "0",
            "id": self._network.new_id(),
            "detail-type": "",
            "source": "",
            "account": account,
            "time": to_iso_seconds(self.clock.now()),
            "region": region,
            "resources": [],
            "detail": {},
        }
        whole |= event
        return self._put(lambda: self._network.buses[resource.id].put_event(whole))

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> SimulationResult:
        """Put entries as `PutEvents` takes them, each on the bus that its `EventBusName` names.

        The result has what `PutEvents` responds. An entry without a name is for the bus `default`, or the only one.

        Raises:
            EventBusError: AWS rejects the request as a whole.
        """
        response: dict[str, Any] = {}
        buses = self._network.buses
        only = next(iter(buses.values())).name if len(buses) == 1 else None
        named = [
            {**entry, "EventBusName": only} if only and entry.get("EventBusName") is None else entry
            for entry in entries
        ]
        steps = self._network.collect(lambda: response.update(self.events_client().put_events(Entries=named)))
        return SimulationResult(steps, response)

    def process(self, records: Iterable[Mapping[str, Any]], source: str | None = None) -> PipeResult:
        """Take many records of one source through its pipes and event source mappings, in their batches.

        Nothing is kept of them but the counts; steps go to `trace`, where it was given.

        Raises:
            WrongSourceError: a record is of another kind of source.
            UnknownResourceError: the topology has no such source, or several.
        """
        resource = self._source({}, source)
        total = PipeResult()
        readers = self.readers(resource.id)
        given = records if len(readers) == 1 else list(records)
        for reader in readers:
            total.add(reader.process(given))
        return total

    def run(
        self, stream: Stream, *, scheduler: Scheduler, source: str | None = None, faults: StepFaults | None = None
    ) -> tuple[PipeRun, ...]:
        """Read `stream` on `scheduler` as the deployed pipes and event source mappings of `source` do.

        From the declared starting position on. `faults` is asked before every step of every batch. Queues and Kinesis
        streams behind it are read on the scheduler too.

        Raises:
            ValueError: `scheduler` is not on this simulation's clock.
            UnknownResourceError: the topology has no such source, or several.
        """
        if scheduler.clock is not self.clock:
            raise ValueError("the scheduler has a clock of its own; pass Simulation(clock=scheduler.clock)")
        self._network.scheduler = scheduler
        readers = self.readers(self._source({"eventSourceARN": stream.arn}, source).id)
        return tuple(
            PipeRun(
                reader,
                stream,
                scheduler=scheduler,
                starting_position=reader.settings.starting_position or "TRIM_HORIZON",
                faults=faults,
            )
            for reader in readers
        )

    # --- inside

    def _put(self, action: Any) -> SimulationResult:
        return SimulationResult(self._network.collect(action))

    def _deliver(self, resource: Resource, record: JSONObject) -> None:
        if isinstance(resource, Queue):
            body = record.get("body")
            group: Any = (record.get("attributes") or {}).get("MessageGroupId")  # type: ignore[union-attr]
            self._network.send(resource, body if isinstance(body, str) else json.dumps(body), group=group)
            return
        for reader in self._network.readers.get(resource.id, ()):
            reader.process([record], arrived=self.clock.now())

    def _move_clock(self, resource: Resource, record: JSONObject) -> None:
        source = source_of(resource)
        created = None if source is None else source.created(record)
        if created is not None and created > self.clock.now():
            self.clock.advance(created - self.clock.now())

    def _source(self, record: Mapping[str, Any], reference: str | None) -> Resource:
        """The source of `record`."""
        if reference is not None:
            resource = self._found(reference)
            source = source_of(resource)
            if source is None:
                raise UnknownResourceError(f"{reference} is a {resource.kind}; records go into a stream or a queue")
            source.check(record)
            return resource
        named = record.get("eventSourceARN")
        resource_named = self.topology.find(named) if isinstance(named, str) and named else None
        if resource_named is not None and source_of(resource_named) is not None:
            return resource_named
        event_source = record.get("eventSource")
        if event_source is None:  # a record that somebody wrote by hand
            event_source = next((source.event_source for source in SOURCES if source.content in record), None)
        sources = [resource for resource in self.topology.resources if source_of(resource) is not None]
        read = [each for each in sources if self._network.readers.get(each.id)] or sources
        kinds = [
            each
            for each in read
            if event_source is None or (kind := source_of(each)) is None or kind.event_source == event_source
        ]
        if len(kinds) == 1:
            return kinds[0]
        if not kinds and len(read) == 1 and (only := source_of(read[0])) is not None:
            only.check(record)
        known = ", ".join(each.id for each in sources) or "none"
        raise UnknownResourceError(f"say which source the record is of, source=...; the topology has: {known}")

    def _found(self, reference: str) -> Resource:
        resource = self.topology.find(reference)
        if resource is None:
            return self.topology.get(reference, Resource)
        return resource

    def _one(self, reference: str | None, kind: type[R]) -> R:
        if reference is not None:
            return self.topology.get(reference, kind)
        found = self.topology.of(kind)
        if len(found) == 1:
            return found[0]
        default = [each for each in found if each.name == "default"]
        if len(default) == 1:
            return default[0]
        known = ", ".join(each.id for each in found) or "none"
        raise UnknownResourceError(f"say which {kind.kind}; the topology has: {known}")


def _played(topology: Topology, given: Mapping[str, Invocable]) -> dict[str, Target]:
    """What stands in for resources, by their ids."""
    played: dict[str, Target] = {}
    for reference, value in given.items():
        resource = topology.find(reference, Function) or topology.find(reference)
        if resource is None:
            known = [name for each in topology.resources for name in (each.id, each.name) if isinstance(name, str)]
            near = get_close_matches(reference, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(r.id for r in topology.resources)}"
            raise UnknownTargetError(f"the topology has no {reference!r}{hint}")
        try:
            played[resource.id] = as_target(value)
        except TypeError as error:
            raise UnknownTargetError(f"{reference}: {error}") from None
    return played
