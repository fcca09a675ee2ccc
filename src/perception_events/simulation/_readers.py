"""Pipes and event source mappings: from the topology into memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perception_events.input_transforms import InvalidTemplateError
from perception_events.json_values import InvalidJSONValueError, JSONObject, JSONValue
from perception_events.patterns import Dialect, InvalidEventPatternError, PartialPattern
from perception_events.pipes import (
    BatchReader,
    BatchSource,
    EventBusTarget,
    EventSourceMapping,
    FunctionTarget,
    InvalidPipeError,
    PartialFailure,
    Pipe,
    PipeARNs,
    PipeEnrichment,
    PipeItem,
    PipeTarget,
    RetryPolicy,
    parameters,
)
from perception_events.simulation import _known as known
from perception_events.simulation._functions import AsynchronousFunction
from perception_events.simulation._network import Network
from perception_events.sources import Source, source_of
from perception_events.targets import UndecidedError
from perception_events.topology import (
    EventBus,
    Filter,
    FirehoseStream,
    Function,
    InvalidTopologyError,
    KinesisStream,
    LogGroup,
    Opaque,
    Queue,
    Resource,
    StateMachine,
    Topic,
    Unresolved,
    pipe_target_kind,
)
from perception_events.topology import EventSourceMapping as MappingResource
from perception_events.topology import Pipe as PipeResource

__all__ = ["add_readers"]


def add_readers(network: Network) -> dict[str, str]:
    """Every pipe and event source mapping, at its source; returns those that are not simulated, and why not.

    Raises:
        InvalidTopologyError: AWS would reject one.
    """
    left_out: dict[str, str] = {}
    for resource in network.topology.resources:
        if not isinstance(resource, PipeResource | MappingResource):
            continue
        if isinstance(resource.source, Unresolved):
            left_out[resource.id] = f"its source depends on {resource.source}"
            continue
        at = network.topology.find(resource.source)
        source = None if at is None else source_of(at)
        if at is None or source is None:
            kind = "is not in the topology" if at is None else f"is a {at.kind}, which is not simulated as a source"
            left_out[resource.id] = f"its source {resource.source} {kind}"
            continue
        state = _state(resource)
        if state is not None:
            left_out[resource.id] = state
            continue
        try:
            if isinstance(resource, PipeResource):
                reader = _pipe(network, resource, source, at)
            else:
                reader = _mapping(network, resource, source, at)
        except (InvalidPipeError, InvalidEventPatternError, InvalidJSONValueError, InvalidTemplateError) as error:
            raise InvalidTopologyError(resource.id, str(error), resource.origin) from error
        network.readers.setdefault(at.id, []).append(reader)
    return left_out


def _state(resource: PipeResource | MappingResource) -> str | None:
    """Why the reader does not run, or may not; None where it runs."""
    state = resource.desired_state if isinstance(resource, PipeResource) else resource.enabled
    if isinstance(state, Unresolved):
        return f"whether it runs depends on {state}"
    return None if state in ("RUNNING", True) else "it is stopped"


def _filters(filters: Sequence[Filter], dialect: Dialect) -> list[PartialPattern]:
    return [PartialPattern.parse(each.pattern, dialect=dialect) for each in filters]


def _mapping(network: Network, resource: MappingResource, source: Source, at: Resource) -> BatchReader:
    function: Any = _Undecided(f"the function of {resource.id}", known.expressions(resource.function))
    arn = ""
    if isinstance(resource.function, str):
        found = network.topology[resource.function]
        arn = known.arn_of(found)

        def function(event: Any) -> Any:
            return network.hand_over(found, event)

    return EventSourceMapping(
        known.name_of(resource, "pipe name"),
        function,
        source=BatchSource(
            source,
            parameters=known.known_parameters(resource.source_parameters),
            resource=at,
            filters=_filters(resource.filters, Dialect.EVENT_SOURCE_MAPPING),
            dead_letters=network.dead_letter_target(resource.on_failure),
            arn=known.arn_of(at),
        ),
        sends_records=_is_bucket(network, resource.on_failure),
        reports_failures="ReportBatchItemFailures" in resource.function_response_types,
        bisects=resource.bisect is True,
        function_arn=arn,
        clock=network.clock,
        retry_policy=RetryPolicy(assume_after=network.assume_after),
        trace=network.record,
    )


def _is_bucket(network: Network, reference: object) -> bool:
    found = network.topology[reference] if isinstance(reference, str) else None
    return isinstance(found, Opaque) and found.type in ("AWS::S3::Bucket", "aws_s3_bucket")


def _pipe(network: Network, resource: PipeResource, source: Source, at: Resource) -> BatchReader:
    enrichment = None if resource.enrichment is None else _enrichment(network, resource, resource.enrichment)
    target = _target(network, resource)
    template = resource.target_input_template
    if isinstance(template, Unresolved):
        target, template = _Undecided(f"the input of the target of {resource.id}", known.expressions(template)), None
    queue = resource.source_parameters.dead_letter_queue
    return Pipe(
        known.name_of(resource, "pipe name"),
        target,
        source=BatchSource(
            source,
            parameters=known.known_parameters(resource.source_parameters),
            resource=at,
            filters=_filters(resource.filters, Dialect.PIPE),
            dead_letters=network.dead_letter_target(queue),
            arn=known.arn_of(at),
        ),
        enrichment=enrichment,
        target_input_template=template,
        clock=network.clock,
        retry_policy=RetryPolicy(assume_after=network.assume_after),
        trace=network.record,
        arns=PipeARNs(
            pipe=known.arn_of(resource) if isinstance(resource.arn, str) else "",
            enrichment=_reference_arn(network, resource.enrichment),
            target=_reference_arn(network, resource.target),
        ),
    )


def _reference_arn(network: Network, reference: object) -> str:
    return known.arn_of(network.topology[reference]) if isinstance(reference, str) and reference else ""


def _enrichment(network: Network, resource: PipeResource, reference: str | Unresolved) -> PipeEnrichment:
    template = resource.enrichment_input_template
    unknown = known.expressions(reference, template)
    if unknown or isinstance(reference, Unresolved) or isinstance(template, Unresolved):
        return PipeEnrichment(_Undecided(f"the enrichment of {resource.id}", unknown).invoke)
    found = network.topology[reference]
    played = network.played.get(found.id)
    takes_list = isinstance(found, Function | StateMachine)
    if played is None:
        missing = f"{found.kind} {found.id} (give it: functions={{{found.id!r}: ...}})"
        return PipeEnrichment(_Undecided(f"the enrichment of {resource.id}", (missing,)).invoke, template, takes_list)
    return PipeEnrichment(played, template, takes_list)


def _target(network: Network, resource: PipeResource) -> PipeTarget:
    unknown = known.expressions(resource.target, dict(resource.target_parameters))
    if unknown or isinstance(resource.target, Unresolved):
        return _Undecided(f"the target of {resource.id}", unknown)
    found = network.topology[resource.target]
    kind = pipe_target_kind(found)
    group = known.as_object(resource.target_parameters.get(kind.parameters) if kind.parameters else None)
    if isinstance(found, EventBus):
        resources = group.get("Resources")
        return EventBusTarget(
            network.buses[found.id],
            source=_text(group.get("Source")),
            detail_type=_text(group.get("DetailType")),
            resources=[str(each) for each in resources] if isinstance(resources, list) else (),
            time=_text(group.get("Time")),
        )
    fire_and_forget = group.get("InvocationType") == "FIRE_AND_FORGET"
    if isinstance(found, Function):
        function: Any = AsynchronousFunction(network, found) if fire_and_forget else _hand_over(network, found)
        return FunctionTarget(function, reports_failures=not fire_and_forget)
    if isinstance(found, StateMachine):
        waits = found.type == "EXPRESS" and not fire_and_forget
        return FunctionTarget(_hand_over(network, found), reports_failures=waits)
    return _ItemsTarget(network, found, group, kind.batch)


def _hand_over(network: Network, resource: Resource) -> Any:
    return lambda event: network.hand_over(resource, event)


def _text(value: JSONValue) -> str | None:
    return value if isinstance(value, str) else None


class _ItemsTarget:
    """A target that takes items one by one, or many in one call: queue, topic, stream, log group, API destination, ...

    Its parameters may be paths into the item. Unknown on AWS: what a batch does to a target that takes one item; here
    it is invoked once for each.
    """

    def __init__(self, network: Network, resource: Resource, group: JSONObject, maximum: int | None) -> None:
        self.maximum_batch_size = maximum
        self.takes_text = isinstance(resource, Queue | Topic | LogGroup | KinesisStream | FirehoseStream)
        self._network = network
        self._resource = resource
        self._parameters = parameters(group)

    def send(self, items: Sequence[PipeItem]) -> PartialFailure | None:
        """Hand the items over; those for which that raises have failed."""
        failed: list[str | None] = []
        reason = ""
        for item in items:
            given = self._parameters(item.before_template)
            try:
                self._network.hand_over(self._resource, item.value, given)
            except UndecidedError:
                raise
            except Exception as error:
                if len(items) == 1:
                    raise
                failed.append(item.identity)
                reason = reason or f"{type(error).__name__}: {error}"
        return (
            PartialFailure(tuple(failed), f"{len(failed)} of {len(items)} failed: {reason}", len(failed))
            if failed
            else None
        )


class _Undecided:
    """In place of a target or a function of which it is not known what it is, or what it gets."""

    maximum_batch_size: int | None = None

    def __init__(self, subject: str, depends_on: tuple[str, ...]) -> None:
        self._error = UndecidedError(subject, depends_on)

    def send(self, items: Sequence[PipeItem]) -> PartialFailure | None:
        """Say what it depends on."""
        raise self._error

    def invoke(self, event: Any) -> Any:
        """Say what it depends on."""
        raise self._error
