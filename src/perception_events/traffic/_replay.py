"""`Replay`: recorded traffic -> what a system would have done with it and when, on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from perception_events.aggregation import JoinReport
from perception_events.clock import ManualClock
from perception_events.errors import DeliveryError, PerceptionEventsError
from perception_events.json_values import JSONValue
from perception_events.pipeline import Pipeline
from perception_events.simulation import ASSUME_FAILING_AFTER, Simulation, SimulationResult
from perception_events.targets import Invocable, as_target
from perception_events.times import to_iso_seconds
from perception_events.topology import EventBus, Function, TableStream, Topology
from perception_events.traffic._blocks import UnreadableInput
from perception_events.traffic._entries import FoundEvent, FoundRecord
from perception_events.traffic._replayed_joins import JOINS, ReplayedJoins
from perception_events.traffic._time_order import in_order_of_time

__all__ = ["InjectedFaultError", "Replay", "ReplayedInput"]

FAULT_RATE = 0.05
"""Of the invocations, with faults."""


class InjectedFaultError(DeliveryError, RuntimeError):
    """What a function raises where a replay lets it fail."""


@dataclass(frozen=True, slots=True)
class ReplayedInput:
    """What one input did.

    `time`: the virtual clock when it was put in, as AWS writes times. `to`: the id of the bus or source. `found`: the
    input, with its file and line; those that a join made in memory are of the file `<joins>`.
    """

    time: str
    to: str
    found: FoundEvent | FoundRecord
    result: SimulationResult

    @property
    def key(self) -> str:
        """The key of a stream record's item, its values joined; "" for an event."""
        change = self.found.record.get("dynamodb") if isinstance(self.found, FoundRecord) else None
        keys = change.get("Keys") if isinstance(change, dict) else None
        if not isinstance(keys, dict):
            return ""
        return " ".join(str(value) for typed in keys.values() if isinstance(typed, dict) for value in typed.values())

    def to_dict(self) -> dict[str, Any]:
        """A JSON object: time, file and line, and what came of it."""
        return {
            "time": self.time,
            "file": self.found.file,
            "line": self.found.line,
            "to": self.to,
            **self.result.to_dict(),
        }


class Replay:
    """A system in memory that takes recorded traffic in order of its time.

    Args:
        system: a topology, or a declaration: then its enrichment runs, and its joins, on a store in memory. What they
            trigger is put into the table's stream; a recorded trigger that they made themselves is left out.
        env: the environment, for a declaration.
        functions: what stands in for functions, by id, name or ARN, as of `Simulation`.
        bus: id, name or ARN of the bus that events are put on; without it every bus with rules or behind a pipe.
        faults: the seed of chance by which one in twenty invocations of a function fails; None for none. What follows
            (retries, dead letters) is as of `Simulation`: a retry moves the clock, and what comes later waits.

    Raises:
        InvalidTopologyError: AWS would reject a part of the topology.
        UnknownTargetError: a function is given that the topology does not have.
        UnknownResourceError: there is no such bus.
    """

    def __init__(
        self,
        system: Topology | Pipeline,
        *,
        env: str = "dev",
        functions: Mapping[str, Invocable] | None = None,
        bus: str | None = None,
        faults: int | None = None,
    ) -> None:
        topology = system.topology(env) if isinstance(system, Pipeline) else system
        clock = ManualClock()
        self._joins = ReplayedJoins(system, topology, clock) if isinstance(system, Pipeline) and system.joins else None
        played: dict[str, Invocable] = {**system.local_functions()} if isinstance(system, Pipeline) else {}
        if self._joins is not None:
            played |= self._joins.functions
        for name, function in (functions or {}).items():
            resource = topology.find(name, Function) or topology.find(name)
            played[name if resource is None else resource.id] = function
        attempts: int | None = ASSUME_FAILING_AFTER
        if faults is not None:
            chance, attempts = Random(faults), None
            for one in topology.of(Function):
                invoke = as_target(played.get(one.id, _takes)).invoke
                played[one.id] = partial(_at_times_failing, chance, one.id, invoke)
        self.put_in = 0
        """Inputs that were put in somewhere, or left out as repeated triggers."""
        self.simulation = Simulation(topology, functions=played, clock=clock, assume_failing_after=attempts)
        self._buses = self.simulation.event_buses if bus is None else [topology.get(bus, EventBus).id]

    @property
    def repeated_triggers(self) -> int:
        """Recorded triggers that were left out, for the joins had made them themselves."""
        return 0 if self._joins is None else self._joins.repeated

    @property
    def join_failures(self) -> tuple[str, ...]:
        """Groups that the joins' fallback could not settle, and why."""
        return () if self._joins is None else tuple(self._joins.failures)

    @property
    def open_joins(self) -> tuple[JoinReport, ...]:
        """The groups that have not triggered at the end."""
        return () if self._joins is None else tuple(self._joins.aggregator.reports())

    def put(self, time: float | None, found: FoundEvent | FoundRecord) -> Iterator[ReplayedInput | UnreadableInput]:
        """Move the clock to `time`, put one input in wherever it goes, and give what came of it, and of what joins did.

        What goes nowhere, or is rejected, is an `UnreadableInput`.
        """
        clock = self.simulation.clock
        if self._joins is not None:
            if isinstance(found, FoundRecord) and self._joins.has_made(found.record):
                return
            for moment in self._joins.sweeps_before(time):
                clock.advance(max(0.0, moment - clock.now()))
                self._joins.sweep()
                yield from self._triggered()
        if time is not None:
            clock.advance(max(0.0, time - clock.now()))
        yield from self._put(found)
        yield from self._triggered()

    def run(
        self,
        inputs: Iterable[FoundEvent | FoundRecord | UnreadableInput],
        on_unreadable: Callable[[UnreadableInput], object],
    ) -> Iterator[ReplayedInput]:
        """Everything of `inputs` (of `read_traffic`) in order of time, and what it did.

        `on_unreadable` gets what could not be read or put in.
        """
        for time, found in in_order_of_time(inputs, on_unreadable):
            problem: UnreadableInput | None = None
            for one in self.put(time, found):
                if isinstance(one, ReplayedInput):
                    yield one
                elif one.file == JOINS and self._joins is not None:
                    self._joins.failures.append(str(one))
                else:
                    problem = problem or one
            if problem is None:
                self.put_in += 1
            else:
                on_unreadable(problem)
        if self._joins is not None:
            self._joins.sweep()
            yield from (one for one in self._triggered() if isinstance(one, ReplayedInput))

    def _put(self, found: FoundEvent | FoundRecord) -> Iterator[ReplayedInput | UnreadableInput]:
        places, reason = self._places(found)
        if not places:
            yield UnreadableInput(found.file, found.line, reason)
        for place in places:
            time = to_iso_seconds(self.simulation.clock.now())
            try:
                if isinstance(found, FoundEvent):
                    result = self.simulation.put_event(found.event, place)
                else:
                    result = self.simulation.put_record(found.record, place)
            except (PerceptionEventsError, ValueError) as error:
                yield UnreadableInput(found.file, found.line, str(error))
            else:
                yield ReplayedInput(time, place, found, result)

    def _places(self, found: FoundEvent | FoundRecord) -> tuple[list[str], str]:
        """The buses or sources where an input goes in; with none, why."""
        if isinstance(found, FoundEvent):
            if not found.is_event:
                return [], "is not an event: it has no source and detail-type"
            return self._buses, "is an event, and no bus here has a rule"
        topology = self.simulation.topology
        named = found.record.get("eventSourceARN")
        known = topology.find(named, TableStream) if isinstance(named, str) else None
        if known is not None:
            return [known.id], ""
        streams = [one.id for one in topology.of(TableStream) if self.simulation.readers(one.id)]
        return streams, "is a stream record, and nothing here reads a table's stream"

    def _triggered(self) -> Iterator[ReplayedInput | UnreadableInput]:
        """Put in what the joins have written, and what that leads to."""
        while self._joins is not None and self._joins.written:
            yield from self._put(FoundRecord(JOINS, 0, self._joins.written.pop(0)))


def _takes(event: JSONValue) -> JSONValue:
    return None


def _at_times_failing(chance: Random, name: str, invoke: Callable[[JSONValue], Any], event: JSONValue) -> Any:
    if chance.random() < FAULT_RATE:
        raise InjectedFaultError(f"{name} fails by chance")
    return invoke(event)
