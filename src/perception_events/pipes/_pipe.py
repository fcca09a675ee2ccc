"""The pipe: batches of records through filter, template, enrichment and target, in memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perception_events import topology
from perception_events.clock import Clock
from perception_events.json_values import JSONObject
from perception_events.pipes._batch import Batch
from perception_events.pipes._batching import batches_of
from perception_events.pipes._delivery import Delivery, Pause, RetryPolicy
from perception_events.pipes._enrichment import EnrichmentStep, PipeEnrichment
from perception_events.pipes._errors import InvalidPipeError
from perception_events.pipes._filter import Filter, FilterCriteria
from perception_events.pipes._result import PipeResult
from perception_events.pipes._targets import PipeTarget
from perception_events.pipes._templates import parsed_template
from perception_events.pipes._tracing import PipeTracing
from perception_events.resource_names import name_requirement
from perception_events.sources import DYNAMODB_STREAM, InvalidSourceError, Source, SourceSettings
from perception_events.streams import as_record
from perception_events.targets import Invocable, as_target, target_error
from perception_events.times import to_iso
from perception_events.topology import Account, Resource, SourceParameters
from perception_events.trace import TraceSink

__all__ = ["BatchReader", "BatchSource", "Pipe", "PipeARNs"]

DEFAULT_SHARD = "shardId-00000000000000000000-00000000"


@dataclass(frozen=True, slots=True)
class PipeARNs:
    """What a pipe's reserved variables and dead letters name; one that is not given is made up.

    `pipe`, `enrichment`, `target`: their ARNs; the source's is `BatchSource.arn`. `account`, `region`: of those that
    are made up.
    """

    pipe: str = ""
    enrichment: str = ""
    target: str = ""
    account: str = "123456789012"
    region: str = "us-east-1"

    def of(self, name: str, source_arn: str) -> dict[str, str]:
        """The reserved variables of the pipe called `name`, which reads the source `source_arn`."""
        owner = Account(self.account, self.region)
        function = owner.arn_of(topology.Function, name)
        return {
            "aws.pipes.pipe-arn": self.pipe or owner.arn_of(topology.Pipe, name),
            "aws.pipes.pipe-name": name,
            "aws.pipes.source-arn": source_arn,
            "aws.pipes.enrichment-arn": self.enrichment or f"{function}-enrichment",
            "aws.pipes.target-arn": self.target or f"{function}-target",
        }


@dataclass(frozen=True, slots=True)
class BatchSource:
    """What a pipe or an event source mapping reads, and how.

    `kind`: what it is (`perception_events.sources`); a table's stream by default. `parameters`: windows and ages in
    seconds, -1 is without limit; what is not set has AWS's default, and a `dead_letter_queue` in them is not used.
    `filters`: up to five event patterns, ORed; none lets every record pass. `dead_letters`: gets one message for each
    batch that is given up, of a stream. `arn`: where it is empty the records name it themselves. `resource`: the
    queue, table or stream of a topology, for limits that depend on it.
    """

    kind: Source = DYNAMODB_STREAM
    parameters: SourceParameters = field(default_factory=SourceParameters)
    filters: Sequence[Filter] = ()
    dead_letters: Invocable | None = None
    arn: str = ""
    resource: Resource | None = None

    def settings(self) -> SourceSettings:
        """The parameters with AWS's defaults.

        Raises:
            InvalidPipeError: AWS would reject one of them.
        """
        try:
            return SourceSettings.of(self.kind, self.parameters, self.resource)
        except InvalidSourceError as error:
            raise InvalidPipeError(str(error)) from None


class BatchReader:
    """What pipes and event source mappings share: batches of one source on their way to their end.

    Between attempts a clock that can `advance` is advanced, and with any other the reader's own time runs ahead, so
    nothing here ever sleeps.
    """

    def __init__(
        self, name: str, source: BatchSource, settings: SourceSettings, *, clock: Clock, trace: TraceSink | None
    ) -> None:
        self.name = name
        self.source = source.kind
        self.settings = settings
        self.source_arn = source.arn
        self._clock = clock
        self._ahead = 0.0
        self._wait: Callable[[float], object] = getattr(clock, "advance", None) or self._run_ahead
        self.tracing = None if trace is None else PipeTracing(trace, self.now, name, source.kind)
        self._delivery: Delivery

    def process(
        self,
        records: Iterable[Mapping[str, Any]],
        *,
        shard_id: str = DEFAULT_SHARD,
        arrived: float | None = None,
    ) -> PipeResult:
        """Take every record of one shard or queue to its end, batch after batch; returns what became of them.

        `arrived`: ages count from this time, in epoch seconds, for records that are older.

        Reads `records` as it goes, holding no more than one batch a lane (`parallelization_factor`); a lane's batch
        closes when it is full or at the end of `records`. Nothing raises for a record that fails: it is retried,
        then dead-lettered, as declared, or goes back to its queue.

        Raises:
            UnreadableRecordError: something in `records` is not an object; the batches before it are done.
            WrongSourceError: a record is of another source; the batches before it are done.
        """
        total = PipeResult()
        since = self.now()
        settings = self.settings
        given = map(self._checked, records)
        lanes = settings.parallelization_factor
        for taken in batches_of(self.source, given, batch_size=settings.batch_size, lanes=lanes):
            batch = self.batch(taken, shard_id=shard_id, reading_since=since, arrived=arrived)
            self.run(batch)
            total.add(batch.result)
        return total

    def batch(
        self,
        records: Sequence[JSONObject],
        *,
        shard_id: str = DEFAULT_SHARD,
        reading_since: float | None = None,
        arrived: float | None = None,
    ) -> Batch:
        """`records` as a batch; `reading_since` defaults to now."""
        named = records[0].get("eventSourceARN") if records else None
        source_arn = self.source_arn or (named if isinstance(named, str) else "")
        since = self.now() if reading_since is None else reading_since
        return Batch(tuple(records), shard_id, source_arn, since, arrived)

    def run(self, batch: Batch) -> None:
        """Take `batch` to its end at once."""
        for pause in self._delivery.deliver(batch):
            if pause.seconds:
                self._wait(pause.seconds)

    def deliver(self, batch: Batch) -> Generator[Pause, None, None]:
        """The steps of one batch, one at a time: for schedulers; `run` is for everyone else.

        Yields before each step, with the seconds to wait first. Closing it early is a crash: what was sent is sent,
        and the batch's end is not recorded.
        """
        return self._delivery.deliver(batch)

    def now(self) -> float:
        """The reader's time, in seconds since the epoch."""
        return self._clock.now() + self._ahead

    def _checked(self, record: Mapping[str, Any]) -> JSONObject:
        read = as_record(record)
        self.source.check(read)
        return self.source.pipe_record(read)

    def _run_ahead(self, seconds: float) -> None:
        self._ahead += seconds


class Pipe(BatchReader):
    """A pipe from a source to a target.

    `name`: its name. `target`: what the items go to: `EventBusTarget(bus)`, `FunctionTarget(function)` or another
    `PipeTarget`. `clock`: tells the time, and is advanced between attempts. `source`: what it reads, with its filters.
    `enrichment`: a `PipeEnrichment`, or only its target: it is invoked with a list, also of one record, and what it
    returns goes, through `target_input_template`, to the target. `retry_policy`: how attempts are repeated in memory.
    `trace`: called with every step. `arns`: what variables and dead letters name.

    AWS: service model `pipes`, `CreatePipe`; EventBridge User Guide, "EventBridge Pipes concepts".

    Raises:
        InvalidPipeError: AWS would reject this pipe (a batch size above the target's, a number out of range, ...).
        InvalidEventPatternError: a filter is not a pattern that pipes accept.
        InvalidTemplateError: a template is malformed.
    """

    def __init__(
        self,
        name: str,
        target: PipeTarget,
        *,
        clock: Clock,
        source: BatchSource | None = None,
        enrichment: PipeEnrichment | Invocable | None = None,
        target_input_template: str | None = None,
        retry_policy: RetryPolicy | None = None,
        trace: TraceSink | None = None,
        arns: PipeARNs | None = None,
    ) -> None:
        requirement = name_requirement("pipe name", name)
        if requirement is not None:
            raise InvalidPipeError(f"the pipe name {name!r} must be {requirement}")
        if not hasattr(target, "send"):
            raise InvalidPipeError(
                f"target: a {type(target).__name__} is not what a pipe sends to; give FunctionTarget(target) or "
                "EventBusTarget(bus)"
            )
        reads = source or BatchSource()
        settings = reads.settings()
        _check_target(settings, target.maximum_batch_size, batch_size_given=reads.parameters.batch_size is not None)
        super().__init__(name, reads, settings, clock=clock, trace=trace)
        step = None
        if enrichment is not None:
            step = EnrichmentStep(enrichment if isinstance(enrichment, PipeEnrichment) else PipeEnrichment(enrichment))
            if not step.takes_list and settings.batch_size != 1:
                raise InvalidPipeError(
                    f"batch_size={settings.batch_size}: an enrichment that takes one object (API destination, API "
                    "Gateway) needs a batch size of 1"
                )
        dead_letters = reads.dead_letters
        if dead_letters is not None:
            if reads.kind.keeps_failures:
                raise InvalidPipeError(
                    f"dead_letters: a pipe has none for an {reads.kind.kind}; the queue's redrive policy names them"
                )
            reason = target_error(dead_letters)
            if reason is not None:
                raise InvalidPipeError(f"dead_letters: {reason}")
        self.target = target
        self._variables = (arns or PipeARNs()).of(name, reads.arn)
        self.arn = self._variables["aws.pipes.pipe-arn"]
        self._delivery = Delivery(
            name=name,
            owner=lambda given_up: {"context": {"partnerResourceArn": self.arn, "condition": given_up.condition.value}},
            source=reads.kind,
            settings=settings,
            criteria=FilterCriteria(reads.filters),
            enrichment=step,
            target=target,
            target_template=parsed_template("target input template", target_input_template),
            dead_letters=None if dead_letters is None else as_target(dead_letters),
            retry_policy=retry_policy or RetryPolicy(),
            now=self.now,
            variables=self._variables_now,
            tracing=self.tracing,
            identifier=reads.kind.identity,
            takes_text=getattr(target, "takes_text", False),
        )

    def _variables_now(self) -> dict[str, str]:
        return {**self._variables, "aws.pipes.event.ingestion-time": to_iso(self.now())}


def _check_target(settings: SourceSettings, maximum: int | None, *, batch_size_given: bool) -> None:
    """Reject a batch larger than the target takes.

    AWS: EventBridge User Guide, "Validating configuration parameters". The text is ours.
    """
    if maximum is not None and settings.batch_size > maximum:
        default = "" if batch_size_given else " (the source's default applies)"
        raise InvalidPipeError(
            f"batch_size={settings.batch_size} exceeds what the target takes, {maximum}{default}; "
            f"set batch_size to {maximum} or less"
        )
