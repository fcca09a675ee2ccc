"""What makes a topology impossible on AWS whatever happens in it: required parameters of targets, circles of buses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from perception_events.topology._errors import InvalidTopologyError
from perception_events.topology._resources import (
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
    Topic,
)
from perception_events.topology._routing import EventBus, Pipe, Rule, RuleTarget
from perception_events.topology._topology import Topology
from perception_events.topology._values import Origin, PartialJSON, Unresolved

__all__ = ["TargetKind", "pipe_target_kind", "rule_target_kind", "target_errors", "topology_errors", "validate"]


@dataclass(frozen=True, slots=True)
class TargetKind:
    """What AWS takes for one kind of target.

    `parameters`: its group of parameters; None where it has none. `required`: members that must be there. `always`:
    whether the group itself must be there. `batch`: the most items that a pipe sends in one call; None is as many as
    the source's batch size.
    """

    parameters: str | None = None
    required: tuple[str, ...] = ()
    always: bool = False
    batch: int | None = None


# AWS: service model `events`, `Target`.
_RULE_KINDS: tuple[tuple[type[Resource], TargetKind], ...] = (
    (Queue, TargetKind("SqsParameters", ("MessageGroupId",))),
    (KinesisStream, TargetKind("KinesisParameters", ("PartitionKeyPath",))),
    (EcsCluster, TargetKind("EcsParameters", ("TaskDefinitionArn",), always=True)),
    (ApiDestination, TargetKind("HttpParameters")),
)
_RULE_OPAQUE = {
    "AWS::Batch::JobQueue": TargetKind("BatchParameters", ("JobDefinition", "JobName"), always=True),
    "AWS::Redshift::Cluster": TargetKind("RedshiftDataParameters", ("Database",), always=True),
    "AWS::SageMaker::Pipeline": TargetKind("SageMakerPipelineParameters"),
    "AWS::AppSync::GraphQLApi": TargetKind("AppSyncParameters", ("GraphQLOperation",), always=True),
    "AWS::ApiGateway::RestApi": TargetKind("HttpParameters"),
}
# AWS: service model `pipes`, `PipeTargetParameters`; batches: EventBridge User Guide, "Batching and concurrency".
_PIPE_KINDS: tuple[tuple[type[Resource], TargetKind], ...] = (
    (Queue, TargetKind("SqsQueueParameters", batch=10)),
    (KinesisStream, TargetKind("KinesisStreamParameters", ("PartitionKey",), always=True, batch=500)),
    (EcsCluster, TargetKind("EcsTaskParameters", ("TaskDefinitionArn",), always=True)),
    (ApiDestination, TargetKind("HttpParameters")),
    (EventBus, TargetKind("EventBridgeEventBusParameters", batch=10)),
    (Topic, TargetKind(batch=10)),
    (FirehoseStream, TargetKind(batch=500)),
    (LogGroup, TargetKind("CloudWatchLogsParameters", batch=10_000)),
    (Function, TargetKind("LambdaFunctionParameters")),
    (StateMachine, TargetKind("StepFunctionStateMachineParameters")),
)
_PIPE_OPAQUE = {
    "AWS::Batch::JobQueue": TargetKind("BatchJobParameters", ("JobDefinition", "JobName"), always=True),
    "AWS::Redshift::Cluster": TargetKind("RedshiftDataParameters", ("Database", "Sqls"), always=True),
    "AWS::SageMaker::Pipeline": TargetKind("SageMakerPipelineParameters"),
    "AWS::ApiGateway::RestApi": TargetKind("HttpParameters"),
}
_NO_KIND = TargetKind()


def rule_target_kind(resource: Resource) -> TargetKind:
    """What AWS takes for `resource` as a rule's target."""
    return _kind(resource, _RULE_KINDS, _RULE_OPAQUE)


def pipe_target_kind(resource: Resource) -> TargetKind:
    """What AWS takes for `resource` as a pipe's target."""
    return _kind(resource, _PIPE_KINDS, _PIPE_OPAQUE)


def validate(topology: Topology) -> None:
    """Reject a topology that AWS would reject.

    Raises:
        InvalidTopologyError: the first of `topology_errors`.
    """
    for error in topology_errors(topology):
        raise error


def topology_errors(topology: Topology) -> Iterator[InvalidTopologyError]:
    """Every part of `topology` that AWS rejects whatever else is so; what is not known is passed over.

    Those of `target_errors`, and circles of buses.
    """
    yield from target_errors(topology)
    yield from _circles(topology)


def target_errors(topology: Topology) -> Iterator[InvalidTopologyError]:
    """Every target and enrichment of `topology` that AWS rejects as it is set up; what is not known is passed over.

    A target kind without a parameter that it requires, an input for another event bus, a Standard workflow as an
    enrichment.
    """
    for rule in topology.of(Rule):
        for at, target in enumerate(rule.targets):
            if isinstance(target.target, str) and target.target in topology:
                yield from _rule_target_errors(rule, at, target, topology[target.target])
    for pipe in topology.of(Pipe):
        yield from _pipe_errors(pipe, topology)


def _kind(
    resource: Resource,
    kinds: tuple[tuple[type[Resource], TargetKind], ...],
    opaque: Mapping[str, TargetKind],
) -> TargetKind:
    if isinstance(resource, Opaque):
        return opaque.get(resource.type, _NO_KIND)
    return next((kind for cls, kind in kinds if isinstance(resource, cls)), _NO_KIND)


def _rule_target_errors(rule: Rule, at: int, target: RuleTarget, resource: Resource) -> Iterator[InvalidTopologyError]:
    origin = target.origin or (rule.origin.of(f"targets[{at}]") if rule.origin else None)
    name = f"target {target.id!r} of the rule"
    if isinstance(resource, EventBus):
        if any(each is not None for each in (target.input, target.input_path, target.input_transformer)):
            reason = f"{name}: modifying the input is not supported for an event bus; it gets the event as it is"
            yield InvalidTopologyError(rule.id, reason, origin)
        return
    kind = rule_target_kind(resource)
    group = _group(target.parameters, kind)
    if isinstance(resource, Queue):
        if resource.fifo and not isinstance(group, Unresolved) and _missing(group, "MessageGroupId"):
            fix = 'set SqsParameters={"MessageGroupId": ...}'
            yield InvalidTopologyError(rule.id, f"{name}: a FIFO queue needs a message group; {fix}", origin)
        if resource.fifo and not resource.content_based_deduplication:
            reason = f"{name}: a rule needs content-based deduplication of a FIFO queue; switch it on for {resource.id}"
            yield InvalidTopologyError(rule.id, reason, origin)
        return
    yield from _missing_parameters(rule.id, name, resource, kind, group, origin)


def _pipe_errors(pipe: Pipe, topology: Topology) -> Iterator[InvalidTopologyError]:
    origin = pipe.origin
    if isinstance(pipe.enrichment, str) and pipe.enrichment in topology:
        enrichment = topology[pipe.enrichment]
        if isinstance(enrichment, StateMachine) and enrichment.type == "STANDARD":
            reason = f"the enrichment {enrichment.id} is a Standard workflow; only an Express one responds to the pipe"
            yield InvalidTopologyError(pipe.id, reason, origin.of("enrichment") if origin else None)
    if not isinstance(pipe.target, str) or pipe.target not in topology:
        return
    resource = topology[pipe.target]
    kind = pipe_target_kind(resource)
    group = _group(pipe.target_parameters, kind)
    at = origin.of("target_parameters") if origin else None
    if isinstance(resource, Queue) and resource.fifo and not isinstance(group, Unresolved):
        if _missing(group, "MessageGroupId"):
            reason = 'a FIFO queue needs a message group; set SqsQueueParameters={"MessageGroupId": ...}'
            yield InvalidTopologyError(pipe.id, f"the target {resource.id}: {reason}", at)
        if not resource.content_based_deduplication and _missing(group, "MessageDeduplicationId"):
            reason = "set SqsQueueParameters.MessageDeduplicationId, or content-based deduplication of the queue"
            yield InvalidTopologyError(pipe.id, f"the target {resource.id} is a FIFO queue: {reason}", at)
    yield from _missing_parameters(pipe.id, f"the target {resource.id}", resource, kind, group, at)


def _missing_parameters(
    holder: str,
    name: str,
    resource: Resource,
    kind: TargetKind,
    group: Mapping[str, PartialJSON] | Unresolved | None,
    origin: Origin | None,
) -> Iterator[InvalidTopologyError]:
    if isinstance(group, Unresolved) or kind.parameters is None or (group is None and not kind.always):
        return
    missing = [member for member in kind.required if _missing(group, member)]
    if missing:
        article = "an" if resource.kind[0] in "aeiouAEIOU" else "a"
        reason = f"{name}: {article} {resource.kind} needs {kind.parameters}.{f' and {kind.parameters}.'.join(missing)}"
        yield InvalidTopologyError(holder, reason, origin)


def _group(parameters: Mapping[str, PartialJSON], kind: TargetKind) -> Mapping[str, PartialJSON] | Unresolved | None:
    value = parameters.get(kind.parameters) if kind.parameters else None
    return value if isinstance(value, Mapping | Unresolved) else None


def _missing(group: Mapping[str, PartialJSON] | Unresolved | None, name: str) -> bool:
    return not isinstance(group, Mapping) or group.get(name) in (None, "")


def _circles(topology: Topology) -> Iterator[InvalidTopologyError]:
    """Buses whose rules send events back to themselves by way of other buses, each circle once."""
    rules_to: dict[str, dict[str, Rule]] = {}
    for rule in topology.of(Rule):
        for target in rule.targets:
            if (
                isinstance(rule.bus, str)
                and isinstance(target.target, str)
                and isinstance(topology.find(target.target), EventBus)
            ):
                rules_to.setdefault(rule.bus, {}).setdefault(target.target, rule)
    told: set[frozenset[str]] = set()

    def walk(bus: str, way: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for following in rules_to.get(bus, {}):
            if following == way[0]:
                yield way
            elif following not in way:
                yield from walk(following, (*way, following))

    for bus in rules_to:
        for way in walk(bus, (bus,)):
            if frozenset(way) not in told:
                told.add(frozenset(way))
                rule = rules_to[way[-1]][way[0]]
                names = " -> ".join((*way, way[0]))
                reason = f"the rules send events in a circle of buses: {names}; remove a target, or narrow a pattern"
                yield InvalidTopologyError(rule.id, reason, rule.origin)
