"""The declaration in one environment as a `Topology`: all that is deployed, with its place in the declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import cast

from perception_events.aggregation import fallback_schedule, fallback_state_machine, workflow_actions
from perception_events.pipeline._further import FurtherResources
from perception_events.pipeline._names import Names
from perception_events.pipeline._pipeline import Pipeline
from perception_events.pipeline._settings import ENRICHMENT, RuleSettings
from perception_events.resource_names import logical_id
from perception_events.topology import (
    Account,
    Archive,
    Discoverer,
    EventBus,
    Filter,
    Function,
    Grant,
    LogGroup,
    Origin,
    PartialJSON,
    Pipe,
    Queue,
    Resource,
    RetryPolicy,
    Rule,
    RuleTarget,
    Schedule,
    SourceParameters,
    StateMachine,
    Table,
    TableStream,
    Topology,
)

__all__ = ["PIPE_ID", "pipeline_topology"]

_TABLE, _BUS, PIPE_ID, _FALLBACK = "EventTable", "EventBus", "Pipe", "Fallback"
_LONGEST_RETENTION = 1_209_600
"""Seconds: dead letters stay for as long as SQS keeps a message."""
_READS_AND_WRITES = ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")


def pipeline_topology(pipeline: Pipeline, env: str, account: str, region: str, declared_in: str | None) -> Topology:
    """The resources of `pipeline` in `env`; see `Pipeline.topology`."""
    builder = _Builder(pipeline, env, Account(account, region), declared_in or pipeline.name)
    return Topology(builder.resources(), name=f"{pipeline.name}-{env}")


class _Builder:
    """Makes one topology; the ids are the logical ids of rendered templates."""

    def __init__(self, pipeline: Pipeline, env: str, account: Account, file: str) -> None:
        self._pipeline = pipeline
        self._env = env
        self._account = account
        self._names: Names = pipeline.names(env)
        self._file = file

    def resources(self) -> Iterator[Resource]:
        """Table, functions, bus, pipe, rules and fallback, each after the queues that it sends to; then the others."""
        yield from self._event_table()
        yield from self._functions()
        yield from self._bus_parts()
        yield from self._pipe_parts()
        yield from self._rules()
        yield from self._fallback()
        further = FurtherResources(self._pipeline.resources, self._names, self._account, self._resolve)
        yield from further.resources(self._origin)

    def _resolve(self, reference: str) -> str:
        """The id of a part of the declaration, which may be named by a function's name or stand for what exists."""
        parts = {_TABLE: self._table_id, f"{_TABLE}.stream": self._stream_id, _BUS: self._bus_id}
        if reference in parts:
            return parts[reference]
        return self._function_id(reference) if reference in self._function_names else reference

    def _origin(self, path: str, parts: Mapping[str, str] | None = None) -> Origin:
        """Where `path` is declared. `parts`: what the declaration calls single fields of the resource."""
        inside = {field: Origin(self._file, path=part) for field, part in (parts or {}).items()}
        return Origin(self._file, path=path, parts=inside)

    # --- table and pipe

    @property
    def _table_id(self) -> str:
        stream = self._pipeline.table.existing_stream_arn
        return stream.split("/stream/")[0] if stream else _TABLE

    @property
    def _stream_id(self) -> str:
        return self._pipeline.table.existing_stream_arn or f"{_TABLE}.stream"

    def _event_table(self) -> Iterator[Resource]:
        table, existing = self._pipeline.table, self._pipeline.table.existing_stream_arn
        arn = self._table_id if existing else self._account.arn("dynamodb", f"table/{self._names.table}")
        origin = self._origin("table")
        yield Table(
            self._table_id,
            name=self._names.table,
            arn=arn,
            origin=origin,
            existing=existing is not None,
            partition_key=table.partition_key,
            sort_key=table.sort_key,
            attribute_types={table.partition_key: "S", table.sort_key: "S"},
            ttl_attribute=table.ttl_attribute,
        )
        yield TableStream(
            self._stream_id,
            name=self._names.table,
            arn=existing or self._account.stream_arn(arn),
            origin=self._origin("table", {"other_readers": "table.other_stream_readers"}),
            existing=existing is not None,
            table=self._table_id,
            stream_view_type=table.stream_view_type,
            other_readers=table.other_stream_readers,
        )

    def _pipe_parts(self) -> Iterator[Resource]:
        pipe, name = self._pipeline.pipe, self._names.pipe
        queue = self._queue_id("pipe") if pipe.dead_letter_queue else None
        if queue:
            yield self._queue("pipe", "pipe.dead_letter_queue")
        log_group = LogGroup(
            "PipeLogGroup",
            name=f"/aws/vendedlogs/pipes/{name}",
            arn=self._account.arn("logs", f"log-group:/aws/vendedlogs/pipes/{name}"),
            origin=self._origin("pipe"),
            retention_days=self._pipeline.functions.log_retention_days,
        )
        yield log_group
        yield Pipe(
            PIPE_ID,
            name=name,
            arn=self._account.arn("pipes", f"pipe/{name}"),
            origin=self._origin(
                "pipe",
                {
                    "source_parameters": "pipe",
                    "filters": "pipe.filter_criteria",
                    "enrichment": "enrichment",
                    "target_parameters.EventBridgeEventBusParameters.Source": "pipe.source",
                    "target_parameters.EventBridgeEventBusParameters.DetailType": "pipe.detail_type",
                    "target_parameters.EventBridgeEventBusParameters.Resources": "pipe.resources",
                    "target_parameters.EventBridgeEventBusParameters.Time": "pipe.time",
                },
            ),
            source=self._stream_id,
            source_parameters=SourceParameters(
                batch_size=pipe.batch_size,
                maximum_batching_window=pipe.maximum_batching_window,
                starting_position=pipe.starting_position,
                parallelization_factor=pipe.parallelization_factor,
                maximum_retry_attempts=pipe.maximum_retry_attempts,
                maximum_record_age=pipe.maximum_record_age,
                on_partial_batch_item_failure=pipe.on_partial_batch_item_failure,
                dead_letter_queue=queue,
            ),
            filters=tuple(
                Filter(cast("PartialJSON", pattern), self._origin(f"pipe.filter_criteria[{at}]"))
                for at, pattern in enumerate(pipe.filter_criteria)
            ),
            enrichment=self._enrichment_id,
            enrichment_input_template=pipe.enrichment_input_template if self._enrichment_id else None,
            target=self._bus_id,
            target_input_template=pipe.target_input_template,
            target_parameters={"EventBridgeEventBusParameters": self._entry_fields()},
            log_level="ERROR",
            log_group=log_group.id,
        )

    def _entry_fields(self) -> Mapping[str, PartialJSON]:
        """What the pipe puts beside the detail; AWS's defaults are written out, so that rules can rely on them."""
        pipe = self._pipeline.pipe
        fields: dict[str, PartialJSON] = {
            "Source": pipe.source or f"Pipe {self._names.pipe}",
            "DetailType": pipe.detail_type or "Event from aws:dynamodb",
        }
        if pipe.resources:
            fields["Resources"] = list(pipe.resources)
        if pipe.time:
            fields["Time"] = pipe.time
        return fields

    # --- queues

    def _queue_id(self, holder: str) -> str:
        return logical_id(holder, "dead letter queue")

    def _queue(self, holder: str, path: str) -> Queue:
        """The dead-letter queue of `holder`: one for all functions, one for all rule targets."""
        name = self._names.of(f"{self._pipeline.name}-{holder}-dlq")
        return Queue(
            self._queue_id(holder),
            name=name,
            arn=self._account.arn("sqs", name),
            origin=self._origin(path),
            retention=_LONGEST_RETENTION,
        )

    # --- functions

    def _function_id(self, function: str) -> str:
        return self._pipeline.functions.existing_arns.get(function) or logical_id(function, "function")

    @cached_property
    def _function_names(self) -> tuple[str, ...]:
        """Every function but the enrichment: targets of rules, and those that have a handler or are there already."""
        settings = self._pipeline.functions
        targets = (target for rule in self._pipeline.rule_settings() for target in rule.functions)
        names = dict.fromkeys((*targets, *settings.handlers, *settings.existing_arns))
        return tuple(name for name in names if name != ENRICHMENT)

    @cached_property
    def _asynchronous(self) -> frozenset[str]:
        """The functions that Lambda queues events for: what rules and schedules invoke; pipes wait for the response."""
        named: set[object] = set()
        for rule in self._pipeline.rule_settings():
            named |= {target if isinstance(target, str) else target.target for target in rule.targets}
        for one in self._pipeline.resources:
            if isinstance(one, Rule):
                named |= {target.target for target in one.targets}
        named |= {one.target for one in self._pipeline.resources if isinstance(one, Schedule)}
        return frozenset(name for name in self._function_names if name in named)

    @property
    def _enrichment_id(self) -> str | None:
        enrichment = self._pipeline.enrichment
        return None if enrichment is None else enrichment.resource or self._function_id(ENRICHMENT)

    def _functions(self) -> Iterator[Resource]:
        settings = self._pipeline.functions
        if settings.dead_letter_queue and any(name not in settings.existing_arns for name in self._asynchronous):
            yield self._queue("function", "functions.dead_letter_queue")
        if self._enrichment_id == self._function_id(ENRICHMENT):
            yield self._function(ENRICHMENT)
        for function in self._function_names:
            yield self._function(function)

    def _function(self, function: str) -> Function:
        settings = self._pipeline.functions
        name = self._names.enrichment if function == ENRICHMENT else self._names.function(function)
        existing = settings.existing_arns.get(function)
        origin = self._origin(f"functions[{function}]")
        if existing:
            arn = existing if existing.startswith("arn:") else self._account.arn_of(Function, existing)
            return Function(existing, name=name, arn=arn, origin=origin, existing=True)
        joins = self._pipeline.joins_of(function)
        environment: dict[str, PartialJSON] = {"PERCEPTION_EVENTS_ENV": self._env}
        grants: tuple[Grant, ...] = ()
        if joins:
            # A manifest that serves several groups is looked up against the open ones when it comes in late.
            shared = (m for join in joins if (m := join.manifest) and set(m.group_by) != set(join.group_by))
            queries = ("dynamodb:BatchGetItem", "dynamodb:Query") if any(shared) else ()
            grants = (Grant(tuple(sorted((*_READS_AND_WRITES, *queries))), self._table_id),)
        asynchronous = function in self._asynchronous
        origin = self._origin(
            f"functions[{function}]",
            {
                "on_failure": "functions.dead_letter_queue",
                "retry_attempts": "functions.retry_attempts",
                "event_age": "functions.event_age",
            },
        )
        return Function(
            logical_id(function, "function"),
            name=name,
            arn=self._account.arn_of(Function, name),
            origin=origin,
            handler=settings.handlers.get(function, f"handlers.{function}"),
            runtime=settings.runtime,
            timeout=settings.timeout,
            memory=settings.memory,
            environment=environment,
            code_bucket=settings.code_bucket,
            code_key=settings.code_key,
            log_retention_days=settings.log_retention_days,
            retry_attempts=settings.retry_attempts if asynchronous else None,
            event_age=settings.event_age if asynchronous else None,
            on_failure=self._queue_id("function") if asynchronous and settings.dead_letter_queue else None,
            grants=grants,
            statements=tuple(settings.statements.get(function, ())),
        )

    # --- bus and rules

    @property
    def _bus_id(self) -> str:
        existing = self._pipeline.bus.existing_name
        return self._bus_arn if existing else _BUS

    @property
    def _bus_arn(self) -> str:
        existing = self._pipeline.bus.existing_name
        if existing and existing.startswith("arn:"):
            return existing
        return self._account.arn_of(EventBus, self._names.bus)

    def _bus_parts(self) -> Iterator[Resource]:
        bus, name = self._pipeline.bus, self._names.bus
        existing = bus.existing_name is not None
        queue = bus.dead_letter_queue and not existing
        if queue:
            yield self._queue("bus", "bus.dead_letter_queue")
        yield EventBus(
            self._bus_id,
            name=name,
            arn=self._bus_arn,
            origin=self._origin("bus"),
            existing=existing,
            dead_letter_queue=self._queue_id("bus") if queue else None,
        )
        if bus.schema_discovery and not existing:
            yield Discoverer("SchemaDiscoverer", origin=self._origin("bus.schema_discovery"), bus=_BUS)
        if bus.archive_retention_days is not None:
            archive = self._names.of(f"{self._pipeline.name}-archive")
            yield Archive(
                "EventArchive",
                name=archive,
                arn=self._account.arn("events", f"archive/{archive}"),
                origin=self._origin("bus.archive_retention_days"),
                bus=self._bus_id,
                retention_days=bus.archive_retention_days,
            )

    def _rules(self) -> Iterator[Resource]:
        rules = self._pipeline.rule_settings()
        if self._pipeline.bus.target_dead_letter_queue and any(rule.targets for rule in rules):
            yield self._queue("target", "bus.target_dead_letter_queue")
        for rule in rules:
            yield self._rule(rule)

    def _rule(self, rule: RuleSettings) -> Rule:
        name = self._names.of(rule.name)
        path = f"rules[{name}]"
        return Rule(
            logical_id(rule.name.replace("{env}", "")),
            name=name,
            arn=self._account.arn("events", f"rule/{self._names.bus}/{name}"),
            origin=self._origin(path, {"event_pattern": path}),
            bus=self._bus_id,
            event_pattern=cast("Mapping[str, PartialJSON]", rule.event_pattern),
            targets=tuple(self._target(target, f"{path}.targets[{at}]") for at, target in enumerate(rule.targets)),
        )

    def _target(self, target: str | RuleTarget, path: str) -> RuleTarget:
        """A target with the bus's retry policy and dead-letter queue, where it has none of its own."""
        bus = self._pipeline.bus
        whole = RuleTarget(target, target) if isinstance(target, str) else target
        queue = self._queue_id("target") if bus.target_dead_letter_queue else None
        parts = {}
        if whole.dead_letter_queue is None:
            parts["dead_letter_queue"] = "bus.target_dead_letter_queue"
        if whole.retry_policy is None:
            parts["retry_policy.maximum_retry_attempts"] = "bus.target_retry_attempts"
            parts["retry_policy.maximum_event_age"] = "bus.target_event_age"
        return replace(
            whole,
            target=self._resolve(whole.target) if isinstance(whole.target, str) else whole.target,
            retry_policy=whole.retry_policy or RetryPolicy(bus.target_retry_attempts, bus.target_event_age),
            dead_letter_queue=whole.dead_letter_queue or queue,
            origin=whole.origin or self._origin(path, parts),
        )

    # --- fallback of the joins

    def _fallback(self) -> Iterator[Resource]:
        pipeline = self._pipeline
        if not pipeline.joins:
            return
        name = self._names.of(f"{pipeline.name}-fallback")
        origin = self._origin("fallback_every")
        definition = fallback_state_machine(pipeline.joins, self._names.table, names=pipeline.item_names)
        yield StateMachine(
            _FALLBACK,
            name=name,
            arn=self._account.arn("states", f"stateMachine:{name}"),
            origin=origin,
            definition=definition,
            grants=(Grant(tuple(sorted(set(workflow_actions(definition)))), self._table_id),),
        )
        yield self._queue("schedule", "fallback_every")
        schedule = fallback_schedule(name, "", "", every=pipeline.fallback_every)
        policy: Mapping[str, int] = schedule["Target"]["RetryPolicy"]
        yield Schedule(
            f"{_FALLBACK}Schedule",
            name=name,
            arn=self._account.arn("scheduler", f"schedule/default/{name}"),
            origin=origin,
            schedule_expression=schedule["ScheduleExpression"],
            target=_FALLBACK,
            input="{}",
            retry_policy=RetryPolicy(policy["MaximumRetryAttempts"], policy["MaximumEventAgeInSeconds"]),
            dead_letter_queue=self._queue_id("schedule"),
        )
