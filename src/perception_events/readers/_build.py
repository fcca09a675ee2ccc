"""Everything that was declared, of all files -> one topology; the last step of every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from perception_events.readers._arns import stream_arn
from perception_events.readers._build_routing import RoutingBuilder, common_fields
from perception_events.readers._declared import Declared, number_of, truth_of
from perception_events.readers._links import Directory
from perception_events.readers._patterns import read_pattern_text
from perception_events.readers._problems import DocumentError, Problem
from perception_events.readers._texts import text_or_unknown
from perception_events.topology import (
    ApiDestination,
    EcsCluster,
    FirehoseStream,
    Function,
    KinesisStream,
    LogGroup,
    Opaque,
    Queue,
    Resource,
    StateMachine,
    Table,
    TableStream,
    Topic,
    Topology,
    Unresolved,
)

__all__ = ["build_topology"]


def build_topology(declared: Iterable[Declared], problems: list[Problem]) -> Topology:
    """One topology of all that was declared. What is wrong with single values is added to `problems`."""
    unique = _unique(list(declared), problems)
    directory = Directory(unique)
    for one in unique:
        if one.properties.get("StreamSpecification") is not None and one.arn != "":
            directory.add(stream_id(one.id), one.stream_arn or stream_arn(one.arn), one.origin.file)
    builder = _Builder(directory, problems)
    resources = [resource for one in unique for resource in builder.resources(one)]
    resources = builder.with_invoke_settings(resources)
    by_id = {resource.id: resource for resource in reversed([*resources, *directory.existing.values()])}
    return Topology(reversed(by_id.values()))


def stream_id(table: str) -> str:
    """The id of a table's stream."""
    return f"{table}.stream"


def _unique(declared: list[Declared], problems: list[Problem]) -> list[Declared]:
    """Without resources whose id is taken, which is a fault of the files."""
    first: dict[str, Declared] = {}
    for one in declared:
        other = first.setdefault(one.id, one)
        if other is not one:
            reason = f"two resources have the id {one.id}; the first one: {other.origin}"
            problems.append(Problem(reason, "rename one", one.origin))
    return list(first.values())


class _Builder:
    def __init__(self, directory: Directory, problems: list[Problem]) -> None:
        self._directory = directory
        self._routing = RoutingBuilder(directory, problems)
        self._invoke_settings: dict[str, Declared] = {}
        routing = self._routing
        self._makers: dict[str, Callable[[Declared], Iterator[Resource]]] = {
            "AWS::Events::EventBus": routing.bus,
            "AWS::Events::Rule": routing.rule,
            "AWS::Events::Archive": routing.archive,
            "AWS::EventSchemas::Discoverer": routing.discoverer,
            "AWS::Pipes::Pipe": routing.pipe,
            "AWS::Lambda::EventSourceMapping": routing.mapping,
            "AWS::Scheduler::Schedule": routing.schedule,
            "AWS::Lambda::Permission": routing.permission,
            "AWS::SQS::QueuePolicy": lambda one: routing.policy(one, _listed(one.get("Queues")), "queue"),
            "AWS::SNS::TopicPolicy": lambda one: routing.policy(one, _listed(one.get("Topics")), "topic"),
            "AWS::Events::EventBusPolicy": self._bus_policy,
            "AWS::Logs::ResourcePolicy": self._log_policy,
            "AWS::DynamoDB::Table": self._table,
            "AWS::DynamoDB::GlobalTable": self._table,
            "AWS::Serverless::SimpleTable": self._table,
            "AWS::SQS::Queue": self._queue,
            "AWS::Lambda::Function": self._function,
            "AWS::Serverless::Function": self._function,
            "AWS::Lambda::EventInvokeConfig": self._keep_invoke_settings,
            "AWS::StepFunctions::StateMachine": self._state_machine,
            "AWS::Serverless::StateMachine": self._state_machine,
            "AWS::SNS::Topic": self._topic,
            "AWS::Logs::LogGroup": self._log_group,
            "AWS::Events::ApiDestination": self._api_destination,
            "AWS::Kinesis::Stream": lambda one: iter([KinesisStream(**common_fields(one))]),
            "AWS::KinesisFirehose::DeliveryStream": lambda one: iter([FirehoseStream(**common_fields(one))]),
            "AWS::ECS::Cluster": lambda one: iter([EcsCluster(**common_fields(one))]),
            # Further names of their function, not resources of their own: `Declared.other_names` leads there.
            "AWS::Lambda::Version": lambda one: iter(()),
            "AWS::Lambda::Alias": lambda one: iter(()),
        }

    def resources(self, declared: Declared) -> Iterator[Resource]:
        """What one declared resource becomes; `Opaque` for a type that events do not pass through."""
        make = self._makers.get(declared.type)
        if make is not None:
            yield from make(declared)
        else:
            yield Opaque(**common_fields(declared), type=declared.type, properties=declared.properties)

    def with_invoke_settings(self, resources: list[Resource]) -> list[Resource]:
        """The functions with what their `AWS::Lambda::EventInvokeConfig` says."""
        return [
            self._with_invoke_settings(one, self._invoke_settings[one.id])
            if isinstance(one, Function) and one.id in self._invoke_settings
            else one
            for one in resources
        ]

    def _with_invoke_settings(self, function: Function, settings: Declared) -> Function:
        queue = self._reference(settings, settings.get("DestinationConfig", "OnFailure", "Destination"))
        return replace(
            function,
            retry_attempts=number_of(settings.get("MaximumRetryAttempts")),
            event_age=number_of(settings.get("MaximumEventAgeInSeconds")),
            on_failure=queue if queue is not None else function.on_failure,
        )

    def _reference(self, declared: Declared, value: Any, names: str = "") -> Any:
        return self._directory.reference(value, declared, names)

    def _table(self, declared: Declared) -> Iterator[Resource]:
        keys = {
            key.get("KeyType"): text_or_unknown(key.get("AttributeName"))
            for key in _listed(declared.get("KeySchema"))
            if isinstance(key, dict)
        }
        types = {
            str(one.get("AttributeName")): text_or_unknown(one.get("AttributeType")) or ""
            for one in _listed(declared.get("AttributeDefinitions"))
            if isinstance(one, dict)
        }
        primary = declared.get("PrimaryKey")
        if declared.type == "AWS::Serverless::SimpleTable":
            name = text_or_unknown(declared.get("PrimaryKey", "Name")) if isinstance(primary, dict) else None
            keys = {"HASH": name or "id"}
            kind = str(declared.get("PrimaryKey", "Type") or "String") if isinstance(primary, dict) else "String"
            types = {str(keys["HASH"]): kind[:1]}
        yield Table(
            **common_fields(declared),
            partition_key=keys.get("HASH") or "",
            sort_key=keys.get("RANGE"),
            attribute_types=types,
            ttl_attribute=text_or_unknown(declared.get("TimeToLiveSpecification", "AttributeName")),
        )
        specification = declared.get("StreamSpecification")
        if specification is not None:
            arn = declared.stream_arn or stream_arn(declared.arn)
            view = text_or_unknown(declared.get("StreamSpecification", "StreamViewType"))
            yield TableStream(
                stream_id(declared.id),
                name=declared.name,
                arn=arn,
                origin=declared.at("StreamSpecification"),
                condition=declared.condition,
                table=declared.id,
                stream_view_type=view or "NEW_AND_OLD_IMAGES",
            )

    def _queue(self, declared: Declared) -> Iterator[Resource]:
        redrive = declared.get("RedrivePolicy")
        redrive = redrive if isinstance(redrive, dict) else {}
        timeout, retention = (
            number_of(declared.get("VisibilityTimeout")),
            number_of(declared.get("MessageRetentionPeriod")),
        )
        yield Queue(
            **common_fields(declared),
            fifo=truth_of(declared.get("FifoQueue"), False) is True,
            content_based_deduplication=truth_of(declared.get("ContentBasedDeduplication"), False) is True,
            visibility_timeout=30 if timeout is None else timeout,
            retention=345_600 if retention is None else retention,
            dead_letter_queue=self._reference(declared, redrive.get("deadLetterTargetArn")),
            max_receive_count=number_of(redrive.get("maxReceiveCount")),
        )

    def _function(self, declared: Declared) -> Iterator[Resource]:
        environment = declared.get("Environment", "Variables")
        invoke = declared.get("EventInvokeConfig")
        invoke = invoke if isinstance(invoke, dict) else {}
        failed = declared.get("EventInvokeConfig", "DestinationConfig", "OnFailure", "Destination")
        queue = declared.get("DeadLetterConfig", "TargetArn") or declared.get("DeadLetterQueue", "TargetArn")
        yield Function(
            **common_fields(declared),
            handler=text_or_unknown(declared.get("Handler")),
            runtime=text_or_unknown(declared.get("Runtime")),
            timeout=number_of(declared.get("Timeout")),
            memory=number_of(declared.get("MemorySize")),
            environment=environment if isinstance(environment, dict) else {},
            code_bucket=text_or_unknown(declared.get("Code", "S3Bucket")),
            code_key=text_or_unknown(declared.get("Code", "S3Key")),
            retry_attempts=number_of(invoke.get("MaximumRetryAttempts")),
            event_age=number_of(invoke.get("MaximumEventAgeInSeconds")),
            on_failure=self._reference(declared, failed),
            dead_letter_queue=self._reference(declared, queue),
        )

    def _state_machine(self, declared: Declared) -> Iterator[Resource]:
        type = text_or_unknown(declared.get("StateMachineType") or declared.get("Type"))
        definition = declared.get("Definition")
        if definition is None:
            definition = declared.get("DefinitionString")
        yield StateMachine(**common_fields(declared), type=type or "STANDARD", definition=definition)

    def _topic(self, declared: Declared) -> Iterator[Resource]:
        yield Topic(**common_fields(declared), fifo=truth_of(declared.get("FifoTopic"), False) is True)

    def _log_group(self, declared: Declared) -> Iterator[Resource]:
        yield LogGroup(**common_fields(declared), retention_days=number_of(declared.get("RetentionInDays")))

    def _api_destination(self, declared: Declared) -> Iterator[Resource]:
        yield ApiDestination(
            **common_fields(declared),
            endpoint=text_or_unknown(declared.get("InvocationEndpoint")) or "",
            method=text_or_unknown(declared.get("HttpMethod")) or "POST",
            connection=self._reference(declared, declared.get("ConnectionArn")),
        )

    def _keep_invoke_settings(self, declared: Declared) -> Iterator[Resource]:
        function = self._reference(declared, declared.get("FunctionName"), "function")
        if isinstance(function, str):
            self._invoke_settings[function] = declared
        return iter(())

    def _bus_policy(self, declared: Declared) -> Iterator[Resource]:
        statement = declared.get("Statement")
        if not isinstance(statement, dict):  # the older form: Action and Principal without a statement
            statement = {"Effect": "Allow", "Principal": declared.get("Principal"), "Action": declared.get("Action")}
        whole = replace(declared, properties={"PolicyDocument": {"Statement": statement}})
        return self._routing.policy(whole, [declared.get("EventBusName") or "default"], "bus")

    def _log_policy(self, declared: Declared) -> Iterator[Resource]:
        document = declared.get("PolicyDocument")
        if isinstance(document, str | Unresolved):
            try:
                document = read_pattern_text(document)
            except DocumentError:
                document = None
        whole = replace(declared, properties={"PolicyDocument": document})
        return self._routing.policy(whole, [None], "")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
