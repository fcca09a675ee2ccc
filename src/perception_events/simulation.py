"""A pipeline in memory: the declaration's pipe, bus and rules, and for each record the way it took."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.buses import Deliver, EventBus, RetryPolicy, Rule, RuleTarget
from perception_events.classifiers import Enrichment
from perception_events.clock import ManualClock
from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline import Pipeline
from perception_events.pipes import EventBusTarget, Pipe, PipeRun, StepFaults
from perception_events.scheduler import Scheduler
from perception_events.streams import Stream
from perception_events.targets import Target
from perception_events.trace import (
    DeadLettered,
    Delivered,
    Enriched,
    FilteredOut,
    Put,
    Retried,
    RuleMatched,
    Trace,
    TraceEvent,
)

__all__ = ["PipelineSimulation", "Route", "UnknownTargetError"]

PASSED = "passed"


class UnknownTargetError(PerceptionEventsError, ValueError):
    """A target was given that the declaration does not name."""


@dataclass(frozen=True, slots=True)
class Route:
    """What became of one stream record."""

    partition_key: str
    sort_key: str
    event_name: str
    status: str
    outcome: str
    """`delivered`, `no rule` (it reached the bus, and no rule matched), `filtered out` or `failed`."""
    filter_verdict: str
    """`passed`, or the fields that the pipe's filter rejected: expected and found."""
    event_type: str | None
    events: tuple[JSONObject, ...]
    """The events that reached the bus."""
    rules: tuple[str, ...]
    """The rules that matched."""
    targets: tuple[str, ...]
    """The functions that took the event."""
    triggers: tuple[str, ...]
    """The modules which these functions start next."""
    failures: tuple[str, ...]
    """Why the record, or a delivery, was given up."""
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
            "targets": list(self.targets),
            "triggers": list(self.triggers),
            "failures": list(self.failures),
            "events": list(self.events),
        }


class _Accepts:
    """Stands in for a function that nobody supplied, or for a dead-letter queue: it takes every event."""

    def invoke(self, event: JSONValue) -> JSONValue:
        return None


class PipelineSimulation:
    """The pipe, bus, rules and targets of `pipeline` in one environment, in memory.

    `targets` maps target names of the declaration (`aggregate_pose`) to what is invoked; one that is not given takes
    every event. `enrichment` takes the place of the declaration's own, as a deployed function would. Where the
    declaration has dead-letter queues, the trace holds what they get. The clock starts
    at `clock`'s time and is moved forward to each record's creation time. `trace` is every step since the start,
    unless a record's steps were taken from it by `route_record`. `deliver` takes the bus's deliveries over, as
    `EventBus` says; with `run` the whole pipeline then is on a scheduler.

    Raises:
        UnknownTargetError: `targets` names what the declaration does not.
        InvalidPipeError: AWS would reject the pipe, e.g. for its batch size.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        env: str = "dev",
        targets: Mapping[str, Target] | None = None,
        enrichment: Target | None = None,
        clock: ManualClock | None = None,
        deliver: Deliver | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.env = env
        self.names = pipeline.names(env)
        self.clock = clock if clock is not None else ManualClock()
        self.trace = Trace()
        ids = itertools.count(1)
        self.bus = EventBus(
            self.names.bus,
            clock=self.clock,
            new_id=lambda: str(uuid.UUID(int=next(ids))),
            trace=self._record,
            deliver=deliver,
        )
        self._triggers: dict[tuple[str, str], tuple[str, ...]] = {}
        self._put_rules(dict(targets or {}))
        settings = pipeline.pipe
        self.pipe = Pipe(
            self.names.pipe,
            filter_criteria=settings.filter_criteria,
            batch_size=settings.batch_size,
            maximum_batching_window=settings.maximum_batching_window,
            parallelization_factor=settings.parallelization_factor,
            maximum_retry_attempts=settings.maximum_retry_attempts,
            maximum_record_age=settings.maximum_record_age,
            on_partial_batch_item_failure=settings.on_partial_batch_item_failure,
            enrichment=enrichment
            or Enrichment(
                pipeline.registry, field=pipeline.event_type_field, sort_key_attribute=pipeline.table.sort_key
            ),
            enrichment_input_template=settings.enrichment_input_template,
            target=EventBusTarget(
                self.bus,
                source=settings.source,
                detail_type=settings.detail_type,
                resources=settings.resources,
                time=settings.time,
            ),
            target_input_template=settings.target_input_template,
            dead_letter_queue=_Accepts() if settings.dead_letter_queue else None,
            clock=self.clock,
            trace=self._record,
        )

    def route(self, records: Iterable[Mapping[str, JSONValue]]) -> Iterator[Route]:
        """Route each record by itself, as a batch of one, and yield the way it took."""
        for record in records:
            yield self.route_record(record)

    def route_record(self, record: Mapping[str, JSONValue]) -> Route:
        """Route one stream record and say what became of it."""
        self._move_clock(record)
        kept, self.trace = self.trace, Trace()
        try:
            self.pipe.process([record])
        finally:
            steps, self.trace = self.trace, kept
        return self._route(record, steps)

    def run(self, stream: Stream, *, scheduler: Scheduler, faults: StepFaults | None = None) -> PipeRun:
        """Read `stream` on `scheduler` as the deployed pipe does, from the declared starting position on.

        `faults` is asked before every step of every batch.

        Raises:
            ValueError: `scheduler` is not on this simulation's clock.
        """
        if scheduler.clock is not self.clock:
            raise ValueError("the scheduler has a clock of its own; pass PipelineSimulation(clock=scheduler.clock)")
        position = self.pipeline.pipe.starting_position
        return PipeRun(self.pipe, stream, scheduler=scheduler, starting_position=position, faults=faults)

    def _record(self, event: TraceEvent) -> None:
        self.trace.record(event)

    def _put_rules(self, given: dict[str, Target]) -> None:
        queue = _Accepts() if self.pipeline.bus.target_dead_letter_queue else None
        retry_policy = RetryPolicy(self.pipeline.bus.target_retry_attempts, self.pipeline.bus.target_event_age)
        known = dict.fromkeys(target for rule in self.pipeline.rule_settings() for target in rule.functions)
        unknown = [name for name in given if name not in known]
        if unknown:
            raise UnknownTargetError(
                f"the pipeline declares no target {', '.join(unknown)}; declared: {', '.join(known) or 'none'}"
            )
        for rule in self.pipeline.rule_settings():
            name = f"{rule.name}-{self.env}"
            targets = []
            for target in rule.functions:
                function = self.names.function(target)
                invoked = given.get(target, _Accepts())
                targets.append(RuleTarget(function, invoked, retry_policy=retry_policy, dead_letter_queue=queue))
                self._triggers[name, function] = self.pipeline.started_by(target)
            self.bus.put_rule(Rule(name, rule.event_pattern, tuple(targets)))

    def _move_clock(self, record: Mapping[str, JSONValue]) -> None:
        change = record.get("dynamodb")
        created = change.get("ApproximateCreationDateTime") if isinstance(change, dict) else None
        if isinstance(created, int | float) and created > self.clock.now():
            self.clock.advance(created - self.clock.now())

    def _route(self, record: Mapping[str, JSONValue], steps: Trace) -> Route:
        table = self.pipeline.table
        delivered = steps.of(Delivered)
        filtered = steps.of(FilteredOut)
        given_up = steps.of(DeadLettered)
        reasons = (*(step.reason for step in steps.of(Retried)[-1:]), *(step.reason for step in given_up))
        failures = tuple(dict.fromkeys(reasons)) if given_up else ()
        if filtered:
            outcome = "filtered out"
        elif failures or not steps.of(Put):
            outcome = "failed"
        else:
            outcome = "delivered" if delivered else "no rule"
        items = [item for step in steps.of(Enriched) for item in step.items if isinstance(item, dict)]
        event_type = items[-1].get(self.pipeline.event_type_field) if items else None
        triggers = (module for step in delivered for module in self._triggers.get((step.rule, step.target), ()))
        return Route(
            partition_key=_attribute(record, table.partition_key),
            sort_key=_attribute(record, table.sort_key),
            event_name=str(record.get("eventName", "")),
            status=_attribute(record, "status"),
            outcome=outcome,
            filter_verdict="; ".join(dict.fromkeys(m for s in filtered for m in s.misses)) if filtered else PASSED,
            event_type=event_type if isinstance(event_type, str) else None,
            events=tuple(step.event for step in steps.of(Put)),
            rules=tuple(dict.fromkeys(step.rule for step in steps.of(RuleMatched))),
            targets=tuple(step.target for step in delivered),
            triggers=tuple(dict.fromkeys(triggers)),
            failures=failures,
            trace=tuple(steps),
        )


def _attribute(record: Mapping[str, JSONValue], name: str) -> str:
    """The attribute's text in the record's newest image, for a reader."""
    change = record.get("dynamodb")
    for image in ("NewImage", "OldImage", "Keys"):
        attributes = change.get(image) if isinstance(change, dict) else None
        value = attributes.get(name) if isinstance(attributes, dict) else None
        if isinstance(value, dict) and value:
            return str(next(iter(value.values())))
    return ""
