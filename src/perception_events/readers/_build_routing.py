"""Declared rules, pipes, mappings, schedules and permissions -> the topology's values, with references as ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.readers._arns import GENERATED
from perception_events.readers._declared import Declared, number_of, truth_of
from perception_events.readers._intrinsics import json_text
from perception_events.readers._links import Directory
from perception_events.readers._parts import origin_with_parts, target_origin
from perception_events.readers._patterns import read_pattern_text, without_unknown_keys
from perception_events.readers._problems import DocumentError, Problem
from perception_events.readers._texts import text_or_unknown
from perception_events.topology import (
    Archive,
    Discoverer,
    EventBus,
    EventSourceMapping,
    Filter,
    InputTransformer,
    LocatedDict,
    Origin,
    PartialJSON,
    Permission,
    Pipe,
    Reference,
    Resource,
    RetryPolicy,
    Rule,
    RuleTarget,
    Schedule,
    SourceParameters,
    Text,
    Unresolved,
)

__all__ = ["RoutingBuilder", "common_fields"]


class RoutingBuilder:
    """Makes what moves events. `problems` collects what cannot be read as what it must be."""

    def __init__(self, directory: Directory, problems: list[Problem]) -> None:
        self._directory = directory
        self._problems = problems

    def bus(self, declared: Declared) -> Iterator[Resource]:
        """`AWS::Events::EventBus`."""
        yield EventBus(
            **common_fields(declared),
            dead_letter_queue=self._reference(declared, declared.get("DeadLetterConfig", "Arn")),
        )

    def rule(self, declared: Declared) -> Iterator[Resource]:
        """`AWS::Events::Rule` with its targets."""
        bus = declared.get("EventBusName")
        targets = declared.get("Targets")
        yield Rule(
            **common_fields(declared),
            bus=self._reference(declared, "default" if bus is None or bus == "" else bus, "bus") or "",
            event_pattern=self._event_pattern(declared),
            schedule_expression=text_or_unknown(declared.get("ScheduleExpression")),
            state=text_or_unknown(declared.get("State")) or "ENABLED",
            targets=tuple(
                self._target(declared, number, one)
                for number, one in enumerate(targets if isinstance(targets, list) else ())
                if isinstance(one, dict)
            ),
        )

    def archive(self, declared: Declared) -> Iterator[Resource]:
        """`AWS::Events::Archive`."""
        yield Archive(
            **common_fields(declared),
            bus=self._reference(declared, declared.get("SourceArn"), "bus") or "",
            event_pattern=self._event_pattern(declared),
            retention_days=number_of(declared.get("RetentionDays")) or 0,
        )

    def discoverer(self, declared: Declared) -> Iterator[Resource]:
        """`AWS::EventSchemas::Discoverer`."""
        yield Discoverer(
            **common_fields(declared), bus=self._reference(declared, declared.get("SourceArn"), "bus") or ""
        )

    def pipe(self, declared: Declared) -> Iterator[Resource]:
        """`AWS::Pipes::Pipe`."""
        target = declared.get("TargetParameters")
        enrichment = declared.get("EnrichmentParameters")
        source = declared.get("SourceParameters")
        log = declared.get("LogConfiguration")
        yield Pipe(
            **common_fields(declared),
            source=self._required(declared, declared.get("Source")),
            source_parameters=self._pipe_source(declared, source),
            filters=self._filters(declared, ("SourceParameters", "FilterCriteria", "Filters"), "Pattern"),
            enrichment=self._reference(declared, declared.get("Enrichment")),
            enrichment_input_template=_template_text(declared.get("EnrichmentParameters", "InputTemplate")),
            enrichment_parameters=_without(enrichment, "InputTemplate"),
            target=self._required(declared, declared.get("Target")),
            target_input_template=_template_text(declared.get("TargetParameters", "InputTemplate")),
            target_parameters=_without(target, "InputTemplate"),
            desired_state=text_or_unknown(declared.get("DesiredState")) or "RUNNING",
            log_level=text_or_unknown(declared.get("LogConfiguration", "Level")),
            log_group=self._reference(
                declared, declared.get("LogConfiguration", "CloudwatchLogsLogDestination", "LogGroupArn")
            )
            if isinstance(log, dict)
            else None,
            role=self._reference(declared, declared.get("RoleArn")),
        )

    def mapping(self, declared: Declared) -> Iterator[Resource]:
        """`AWS::Lambda::EventSourceMapping`."""
        types = declared.get("FunctionResponseTypes")
        source = self._reference(declared, declared.get("EventSourceArn"))
        if source is None and declared.get("SelfManagedEventSource") is not None:
            source = self._directory.external(f"{declared.id}.source", "SelfManagedEventSource")
        yield EventSourceMapping(
            **common_fields(declared),
            source=source or self._required(declared, ""),
            function=self._required(declared, declared.get("FunctionName"), "function"),
            source_parameters=self._source(declared, declared.properties, "DestinationConfig"),
            filters=self._filters(declared, ("FilterCriteria", "Filters"), "Pattern"),
            function_response_types=tuple(str(one) for one in types) if isinstance(types, list) else (),
            bisect=truth_of(declared.get("BisectBatchOnFunctionError"), False),
            enabled=truth_of(declared.get("Enabled"), True),
            on_failure=self._reference(declared, declared.get("DestinationConfig", "OnFailure", "Destination")),
        )

    def schedule(self, declared: Declared) -> Iterator[Resource]:
        """`AWS::Scheduler::Schedule`."""
        target = declared.get("Target")
        yield Schedule(
            **common_fields(declared),
            schedule_expression=text_or_unknown(declared.get("ScheduleExpression")) or "",
            flexible_time_window=number_of(declared.get("FlexibleTimeWindow", "MaximumWindowInMinutes")),
            state=text_or_unknown(declared.get("State")) or "ENABLED",
            target=self._required(declared, declared.get("Target", "Arn")),
            input=_template_text(declared.get("Target", "Input")),
            retry_policy=_retry_policy(target),
            dead_letter_queue=self._reference(declared, declared.get("Target", "DeadLetterConfig", "Arn")),
            description=text_or_unknown(declared.get("Description")),
        )

    def permission(self, declared: Declared) -> Iterator[Resource]:
        """`AWS::Lambda::Permission`."""
        action = text_or_unknown(declared.get("Action"))
        yield Permission(
            **common_fields(declared),
            principal=text_or_unknown(declared.get("Principal")) or "",
            actions=() if action is None else (action,),
            resource=self._reference(declared, declared.get("FunctionName"), "function"),
            source_arn=text_or_unknown(declared.get("SourceArn")),
        )

    def policy(self, declared: Declared, holders: list[Any], names: str) -> Iterator[Resource]:
        """A resource policy, one `Permission` for each statement and each resource in `holders` that has the policy."""
        statements = declared.get("PolicyDocument", "Statement")
        if isinstance(statements, dict):
            statements = [statements]
        if not isinstance(statements, list):
            return
        grants = [(holder, one) for holder in holders for one in statements if isinstance(one, dict)]
        for number, (holder, statement) in enumerate(grants):
            common = common_fields(declared)
            if len(grants) > 1:
                common["id"] = f"{declared.id}.{number}"
            yield Permission(
                **common,
                principal=_principal(statement.get("Principal")),
                actions=_texts(statement.get("Action")),
                resource=self._reference(declared, holder, names),
                source_arn=_source_arn(statement.get("Condition")),
                statement=statement,
            )

    # --- parts

    def _reference(self, declared: Declared, value: Any, names: str = "") -> Reference | None:
        return self._directory.reference(value, declared, names)

    def _required(self, declared: Declared, value: Any, names: str = "") -> Reference:
        """A reference that must be there; an empty text, which variables have as a default, says nothing."""
        found = self._reference(declared, value, names)
        return Unresolved('""', "no ARN is given here; give its value", declared.origin) if found is None else found

    def _event_pattern(self, declared: Declared) -> Mapping[str, PartialJSON] | Unresolved | None:
        pattern = declared.get("EventPattern")
        origin = declared.at("EventPattern")
        if isinstance(pattern, str | Unresolved):
            pattern = self._from_text(pattern, origin, "event pattern")
            if isinstance(pattern, str):  # JSON text that holds JSON text: encoded twice
                self._problems.append(
                    Problem("the event pattern is a JSON text inside a JSON text", "encode it once", origin)
                )
                return Unresolved(pattern, "the event pattern is not a JSON object", origin)
        if pattern is None or isinstance(pattern, Unresolved):
            return pattern
        if not isinstance(pattern, dict):
            self._problems.append(Problem("the event pattern is not a JSON object", "write an object", origin))
            return Unresolved(str(pattern), "the event pattern is not a JSON object", origin)
        if without_unknown_keys(pattern) is None:
            return Unresolved(str(pattern), "the name of a field is not known", origin)
        return pattern

    def _from_text(self, text: str | Unresolved, origin: Origin, what: str) -> Any:
        try:
            return read_pattern_text(text, origin.line)
        except DocumentError as error:
            place = Origin(origin.file, error.line or origin.line, origin.path)
            reason, fix = error.reason, error.fix
            try:
                EventPattern.parse(str(text))
            except InvalidEventPatternError as rejection:
                if rejection.code == "InvalidJSON":
                    reason, fix = f"not JSON: {rejection.reason}", rejection.hint or fix
            self._problems.append(Problem(f"the {what} is {reason}", fix, place))
            return Unresolved(str(text), f"the {what} is {reason}", place)

    def _filters(self, declared: Declared, path: tuple[str, ...], key: str) -> tuple[Filter, ...]:
        filters = declared.get(*path)
        if isinstance(filters, Unresolved):
            return (Filter(filters, declared.at(*path)),)
        found: list[Filter] = []
        for number, one in enumerate(filters if isinstance(filters, list) else ()):
            origin = declared.at(*path, number)
            pattern = one.get(key) if isinstance(one, dict) else one
            if isinstance(one, dict):
                origin = declared.at(*path, number, key)
            if isinstance(pattern, Unresolved):
                pattern = read_pattern_text(pattern, origin.line)
            elif isinstance(pattern, str):
                with suppress(DocumentError):  # `Filter` holds what is not JSON as it was written
                    pattern = read_pattern_text(pattern, origin.line)
            if pattern is not None:
                found.append(Filter(pattern, origin))
        return tuple(found)

    def _pipe_source(self, declared: Declared, source: Any) -> SourceParameters:
        if not isinstance(source, dict):
            return SourceParameters()
        group = next((one for name, one in source.items() if name != "FilterCriteria" and isinstance(one, dict)), {})
        return self._source(declared, group, "DeadLetterConfig")

    def _source(self, declared: Declared, group: Mapping[str, Any], dead_letters: str) -> SourceParameters:
        queue = group.get("DeadLetterConfig") if dead_letters == "DeadLetterConfig" else None
        timestamp = group.get("StartingPositionTimestamp")
        return SourceParameters(
            batch_size=number_of(group.get("BatchSize")),
            maximum_batching_window=number_of(group.get("MaximumBatchingWindowInSeconds")),
            starting_position=text_or_unknown(group.get("StartingPosition")),
            starting_position_timestamp=timestamp if isinstance(timestamp, int | float) else text_or_unknown(timestamp),
            parallelization_factor=number_of(group.get("ParallelizationFactor")),
            maximum_retry_attempts=number_of(group.get("MaximumRetryAttempts")),
            maximum_record_age=number_of(group.get("MaximumRecordAgeInSeconds")),
            on_partial_batch_item_failure=text_or_unknown(group.get("OnPartialBatchItemFailure")),
            dead_letter_queue=self._reference(declared, queue.get("Arn") if isinstance(queue, dict) else queue),
        )

    def _target(self, declared: Declared, number: int, target: dict[str, Any]) -> RuleTarget:
        transformer = target.get("InputTransformer")
        queue = target.get("DeadLetterConfig")
        return RuleTarget(
            id=_target_id(target.get("Id"), number),
            target=self._required(declared, target.get("Arn")),
            input=_template_text(target.get("Input")),
            input_path=text_or_unknown(target.get("InputPath")),
            input_transformer=_transformer(transformer),
            retry_policy=_retry_policy(target),
            dead_letter_queue=self._reference(declared, queue.get("Arn") if isinstance(queue, dict) else queue),
            role=self._reference(declared, target.get("RoleArn")),
            parameters={name: one for name, one in target.items() if name.endswith("Parameters") and one is not None},
            origin=target_origin(declared, number),
        )


def common_fields(declared: Declared) -> dict[str, Any]:
    """What every resource of the topology has."""
    return {
        "id": declared.id,
        "name": declared.name,
        "arn": declared.arn,
        "origin": origin_with_parts(declared),
        "condition": declared.condition,
        "existing": declared.existing,
        "made_up_name": isinstance(declared.name, str) and (GENERATED in declared.name or declared.name == declared.id),
    }


def _target_id(value: Any, number: int) -> str:
    """The target's id; one of our own where it is not known."""
    return f"Target{number}" if value is None or isinstance(value, Unresolved) else str(value)


def _template_text(value: Any) -> Text | None:
    """A text; an object or a list, which some formats take for it, as its JSON text."""
    return json_text(value) if isinstance(value, dict | list) else text_or_unknown(value)


def _transformer(value: Any) -> InputTransformer | None:
    if not isinstance(value, dict):
        return None
    paths = value.get("InputPathsMap")
    return InputTransformer(
        {name: text_or_unknown(path) or "" for name, path in paths.items()} if isinstance(paths, dict) else {},
        _template_text(value.get("InputTemplate")) or "",
    )


def _retry_policy(target: Any) -> RetryPolicy | None:
    policy = target.get("RetryPolicy") if isinstance(target, dict) else None
    if not isinstance(policy, dict):
        return None
    return RetryPolicy(number_of(policy.get("MaximumRetryAttempts")), number_of(policy.get("MaximumEventAgeInSeconds")))


def _without(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        return {}
    return LocatedDict({key: one for key, one in value.items() if key != name}, line=getattr(value, "line", None))


def _texts(value: Any) -> tuple[Text, ...]:
    if isinstance(value, list):
        return tuple(text for text in map(text_or_unknown, value) if text is not None)
    text = text_or_unknown(value)
    return () if text is None else (text,)


def _principal(value: Any) -> Text:
    """`events.amazonaws.com`, `*` or an account's ARN; of several the first, as the statement holds them all."""
    if isinstance(value, dict):
        value = next(iter(value.values()), "")
    if isinstance(value, list):
        value = value[0] if value else ""
    return text_or_unknown(value) or ""


def _source_arn(condition: Any) -> Text | None:
    if not isinstance(condition, dict):
        return None
    for operands in condition.values():
        if isinstance(operands, dict):
            for name, value in operands.items():
                if name.lower() == "aws:sourcearn":
                    return next(iter(_texts(value)), None)
    return None
