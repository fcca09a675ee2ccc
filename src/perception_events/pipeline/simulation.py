"""A declared pipeline in memory: `Simulation` of its topology, with each record's way in the domain's words.

Not imported by `perception_events.pipeline`: a Lambda function that only needs the declaration starts without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.buses import DeliveryScheduler, EventBus
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject
from perception_events.pipeline._pipeline import Pipeline
from perception_events.pipeline._topology import PIPE_ID
from perception_events.pipes import BatchReader, PipeRun, StepFaults
from perception_events.records import image_with
from perception_events.scheduler import Scheduler
from perception_events.simulation import (
    ASSUME_FAILING_AFTER,
    RuleVerdict,
    Simulation,
    SimulationResult,
    UnknownTargetError,
    Verdict,
)
from perception_events.streams import Stream
from perception_events.targets import Invocable
from perception_events.topology import Pipe, Resource, Rule
from perception_events.trace import (
    DeadLettered,
    Delivered,
    DependsOn,
    Discarded,
    Enriched,
    Put,
    TraceEvent,
    TraceSink,
)

__all__ = ["PipelineSimulation", "Route", "UnknownTargetError"]

PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Route:
    """What became of one stream record.

    `outcome`: `delivered`, `no rule` (it reached the bus, and no rule matched), `filtered out`, `failed`, or `depends`
    where a value that is not known decides it. `filter_verdict`: `passed`, or the fields that the pipe's filter
    rejected, expected and found. `events`: those that reached the bus. `rules`: those that matched. `not_matched`: why
    each other rule did not. `targets`: the functions that took the event. `triggers`: the modules which these start
    next. `failures`: why the record, or a delivery, was given up, and how long it held up what came after it.
    `depends_on`: the expressions of unknown values. `trace`: every step.
    """

    partition_key: str
    sort_key: str
    event_name: str
    status: str
    outcome: str
    filter_verdict: str
    event_type: str | None
    events: tuple[JSONObject, ...]
    rules: tuple[str, ...]
    not_matched: tuple[RuleVerdict, ...]
    targets: tuple[str, ...]
    triggers: tuple[str, ...]
    failures: tuple[str, ...]
    depends_on: tuple[str, ...]
    trace: tuple[TraceEvent, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON object, without the trace."""
        return {
            "partition_key": self.partition_key,
            "sort_key": self.sort_key,
            "event_name": self.event_name,
            "status": self.status,
            "outcome": self.outcome,
            "filter": self.filter_verdict,
            "event_type": self.event_type,
            "rules": list(self.rules),
            "not_matched": [
                {"rule": verdict.rule, "field": each.path, "expected": each.expected, "found": each.found}
                for verdict in self.not_matched
                for each in verdict.mismatches
            ],
            "targets": list(self.targets),
            "triggers": list(self.triggers),
            "failures": list(self.failures),
            "depends_on": list(self.depends_on),
            "events": list(self.events),
        }


class PipelineSimulation:
    """The parts of `pipeline` in one environment, in memory.

    `env`: the environment. `targets`: what is invoked for a target of the declaration (`aggregate_pose`); one that is
    not given takes every event. `enrichment`: takes the place of the declaration's own, as a deployed function would.
    `clock`, `deliver`, `trace`, `assume_failing_after`: as of `Simulation`, which is `simulation` here.

    Raises:
        UnknownTargetError: `targets` names what the declaration does not.
        InvalidTopologyError: AWS would reject a part of the pipeline, such as its batch size.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        env: str = "dev",
        targets: Mapping[str, Invocable] | None = None,
        enrichment: Invocable | None = None,
        clock: ManualClock | None = None,
        deliver: DeliveryScheduler | None = None,
        trace: TraceSink | None = None,
        assume_failing_after: int | None = ASSUME_FAILING_AFTER,
    ) -> None:
        self.pipeline = pipeline
        self.env = env
        topology = pipeline.topology(env)
        resources = {
            target.id: target.target
            for rule in topology.of(Rule)
            for target in rule.targets
            if isinstance(target.target, str)
        }
        unknown = [name for name in targets or () if name not in resources and topology.find(name) is None]
        if unknown:
            raise UnknownTargetError(
                f"the pipeline declares no target {', '.join(unknown)}; declared: {', '.join(resources) or 'none'}"
            )
        functions: dict[str, Invocable] = {**pipeline.local_functions()}
        if enrichment is not None:
            functions = dict.fromkeys(functions, enrichment)  # a pipeline has one
        self.simulation = Simulation(
            topology,
            functions=functions,
            targets={resources.get(name, name): target for name, target in (targets or {}).items()},
            clock=clock,
            deliver=deliver,
            trace=trace,
            assume_failing_after=assume_failing_after,
        )
        self.names = pipeline.names(env)
        self._pipe = topology.get(PIPE_ID, Pipe)

    @property
    def clock(self) -> ManualClock:
        """The simulation's time."""
        return self.simulation.clock

    @property
    def bus(self) -> EventBus:
        """The declared bus."""
        return self.simulation.bus(str(self._pipe.target))

    @property
    def pipe(self) -> BatchReader:
        """The declared pipe."""
        readers = self.simulation.readers(str(self._pipe.source))
        return next(reader for reader in readers if reader.name == self._pipe.name)

    def route(self, records: Iterable[Mapping[str, Any]]) -> Iterator[Route]:
        """Route each record by itself, as a batch of one, and yield the way it took."""
        for record in records:
            yield self.route_record(record)

    def route_record(self, record: Mapping[str, Any]) -> Route:
        """Route one stream record and say what became of it.

        Raises:
            UnreadableRecordError: it is not a record.
            WrongSourceError: it is a record of another kind of source.
        """
        return self._route(record, self.simulation.put_record(record, str(self._pipe.source)))

    def run(self, stream: Stream, *, scheduler: Scheduler, faults: StepFaults | None = None) -> PipeRun:
        """Read `stream` on `scheduler` as the deployed pipe does, from the declared starting position on.

        `faults` is asked before every step of every batch.

        Raises:
            ValueError: `scheduler` is not on this simulation's clock.
        """
        runs = self.simulation.run(stream, scheduler=scheduler, source=str(self._pipe.source), faults=faults)
        return next(run for run in runs if run.pipe.name == self._pipe.name)

    def _resource(self, delivery: Delivered) -> Resource:
        """What took the event."""
        topology = self.simulation.topology
        rule = self.simulation.rule(delivery.where, delivery.rule)
        return next(topology[str(target.target)] for target in rule.targets if target.id == delivery.target)

    def _gave_up(self, delivery: Delivered, result: SimulationResult) -> bool:
        """Whether the function that took the event could not do it in the end."""
        where = self._resource(delivery).id
        return any(
            step.where == where and delivery.event_id in step.event_ids
            for step in result.trace
            if isinstance(step, DeadLettered | Discarded)
        )

    def _route(self, record: Mapping[str, Any], result: SimulationResult) -> Route:
        table = self.pipeline.table
        delivered = [step for step in result.trace if isinstance(step, Delivered) and not self._gave_up(step, result)]
        undecided = [step for step in result.trace if isinstance(step, DependsOn)]
        filtered = result.filtered_out
        if filtered:
            outcome = "filtered out"
        elif result.failures:
            outcome = "failed"
        elif undecided and not delivered:
            outcome = "depends"
        elif not any(isinstance(step, Put) for step in result.trace):
            outcome = "failed"
        else:
            outcome = "delivered" if delivered else "no rule"
        items = [
            item for step in result.trace if isinstance(step, Enriched) for item in step.items if isinstance(item, dict)
        ]
        found = items[-1].get(self.pipeline.event_type_field) if items else None
        event_type = found if isinstance(found, str) else None
        triggers = (module for step in delivered for module in self.pipeline.started_by(step.target, event_type))
        verdicts = result.rules
        lines = (line for _, explanations in filtered for line in explanations.lines)
        return Route(
            partition_key=_attribute(record, table.partition_key),
            sort_key=_attribute(record, table.sort_key),
            event_name=str(record.get("eventName", "")),
            status=_attribute(record, table.status_attribute),
            outcome=outcome,
            filter_verdict="; ".join(dict.fromkeys(lines)) if filtered else PASSED,
            event_type=event_type,
            events=result.events,
            rules=tuple(dict.fromkeys(each.rule for each in verdicts if each.verdict is Verdict.MATCHED)),
            not_matched=tuple(each for each in verdicts if each.verdict is Verdict.NOT_MATCHED),
            targets=tuple(str(self._resource(step).name or step.target) for step in delivered),
            triggers=tuple(dict.fromkeys(triggers)),
            failures=result.failures,
            depends_on=tuple(dict.fromkeys(e for step in undecided for e in step.expressions)),
            trace=result.trace,
        )


def _attribute(record: Mapping[str, Any], name: str) -> str:
    """The attribute's text in the record's newest image, for a reader."""
    found = image_with(record, name)
    value = found[1][name] if found else None
    return str(next(iter(value.values()))) if isinstance(value, dict) and value else ""
