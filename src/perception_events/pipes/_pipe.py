"""The pipe: batches of stream records through filter, template, enrichment and target, in memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from perception_events.clock import Clock
from perception_events.input_transforms import PipeInputTemplate
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes._delivery import Delivery, Pause, default_retry_delay
from perception_events.pipes._errors import InvalidPipeError
from perception_events.pipes._filter import Filter, FilterCriteria
from perception_events.pipes._records import batches_of
from perception_events.pipes._result import PipeResult
from perception_events.pipes._settings import DEFAULT_BATCH_SIZE, OnPartialBatchItemFailure, SourceSettings
from perception_events.pipes._targets import EventBusTarget, PipeTarget
from perception_events.pipes._tracing import PipeTracing
from perception_events.streams import as_record
from perception_events.targets import Target, target_error
from perception_events.trace import TraceEvent

__all__ = ["Pipe"]

DEFAULT_SHARD = "shardId-00000000000000000000-00000000"
MAXIMUM_TEMPLATE_LENGTH = 8192


class Pipe:
    """A pipe from a DynamoDB stream to a target.

    `filter_criteria` are up to five event patterns, ORed. `enrichment` is invoked with a list, also of one record,
    each made by `enrichment_input_template`; what it returns goes, through `target_input_template`, to `target`.
    Numbers are those of the source: `maximum_batching_window` and `maximum_record_age` in seconds, -1 is without
    limit. `dead_letter_queue` gets one message for each batch that is given up. `clock` tells the time;
    `wait(seconds)` passes it between attempts: without it a clock that can `advance` is advanced, and with any other
    the pipe's own time runs ahead, so nothing here ever sleeps. `trace` is called with every step.

    AWS: service model `pipes`, `CreatePipe`; EventBridge User Guide, "EventBridge Pipes concepts".

    Raises:
        InvalidPipeError: AWS would reject this pipe (a batch size above the target's, a number out of range, ...).
        InvalidEventPatternError: a filter is not a pattern that pipes accept.
        InvalidTemplateError: a template is malformed.
    """

    def __init__(
        self,
        name: str,
        *,
        target: PipeTarget,
        filter_criteria: Sequence[Filter] = (),
        batch_size: int | None = None,
        maximum_batching_window: float = 0,
        parallelization_factor: int = 1,
        maximum_retry_attempts: int = -1,
        maximum_record_age: int = -1,
        on_partial_batch_item_failure: OnPartialBatchItemFailure | str | None = None,
        enrichment: Target | None = None,
        enrichment_input_template: str | None = None,
        target_input_template: str | None = None,
        dead_letter_queue: Target | None = None,
        clock: Clock,
        wait: Callable[[float], object] | None = None,
        retry_delay: Callable[[int], float] = default_retry_delay,
        trace: Callable[[TraceEvent], object] | None = None,
        account: str = "123456789012",
        region: str = "us-east-1",
        source_arn: str | None = None,
        enrichment_arn: str | None = None,
        target_arn: str | None = None,
    ) -> None:
        self.name = name
        self.arn = f"arn:aws:pipes:{region}:{account}:pipe/{name}"
        self.settings = SourceSettings(
            batch_size=DEFAULT_BATCH_SIZE if batch_size is None else batch_size,
            maximum_batching_window=maximum_batching_window,
            parallelization_factor=parallelization_factor,
            maximum_record_age=maximum_record_age,
            maximum_retry_attempts=maximum_retry_attempts,
            on_partial_batch_item_failure=_bisect(on_partial_batch_item_failure),
        )
        if not hasattr(target, "send"):
            raise InvalidPipeError(
                f"target: a {type(target).__name__} is not what a pipe sends to; give FunctionTarget(target) or "
                "EventBusTarget(bus)"
            )
        self.settings.check_target(target.maximum_batch_size, batch_size_given=batch_size is not None)
        for what, given in (("enrichment", enrichment), ("dead_letter_queue", dead_letter_queue)):
            reason = None if given is None else target_error(given)
            if reason is not None:
                raise InvalidPipeError(f"{what}: {reason}")
        if enrichment is None and enrichment_input_template is not None:
            raise InvalidPipeError("enrichment_input_template without an enrichment; use target_input_template")
        self.target = target
        self.source_arn = source_arn
        self._clock = clock
        self._ahead = 0.0
        self._wait = wait or getattr(clock, "advance", None) or self._run_ahead
        self._variables = {
            "aws.pipes.pipe-arn": self.arn,
            "aws.pipes.pipe-name": name,
            "aws.pipes.source-arn": source_arn or "",
            "aws.pipes.enrichment-arn": enrichment_arn
            or f"arn:aws:lambda:{region}:{account}:function:{name}-enrichment",
            "aws.pipes.target-arn": target_arn or _target_arn(target, account, region, name),
        }
        self.tracing = None if trace is None else PipeTracing(trace, self.now, name)
        self._delivery = Delivery(
            name=name,
            arn=self.arn,
            event_source="aws:" + (source_arn.split(":")[2] if source_arn else "dynamodb"),
            settings=self.settings,
            criteria=FilterCriteria(filter_criteria),
            enrichment=enrichment,
            enrichment_template=_template("enrichment_input_template", enrichment_input_template),
            target=target,
            target_template=_template("target_input_template", target_input_template),
            dead_letter_queue=dead_letter_queue,
            retry_delay=retry_delay,
            now=self.now,
            variables=self._variables_now,
            tracing=self.tracing,
        )

    def process(self, records: Iterable[Mapping[str, JSONValue]], *, shard_id: str = DEFAULT_SHARD) -> PipeResult:
        """Take every record of one shard to its end, batch after batch; returns what became of them.

        Reads `records` as it goes, holding no more than one batch a lane (`parallelization_factor`); a lane's batch
        closes when it is full or at the end of `records`. Nothing raises for a record that fails: it is retried,
        then dead-lettered, as declared.

        Raises:
            UnreadableRecordError: something in `records` is no object; the batches before it are done.
        """
        total = PipeResult()
        since = self.now()
        settings = self.settings
        for batch in batches_of(
            map(as_record, records), batch_size=settings.batch_size, lanes=settings.parallelization_factor
        ):
            steps = self.deliver(batch, shard_id=shard_id, reading_since=since)
            while True:
                try:
                    pause = next(steps)
                except StopIteration as stop:
                    total.add(stop.value)
                    break
                if pause.seconds:
                    self._wait(pause.seconds)
        return total

    def deliver(
        self, records: Sequence[JSONObject], *, shard_id: str = DEFAULT_SHARD, reading_since: float | None = None
    ) -> Generator[Pause, None, PipeResult]:
        """The steps of one batch, one at a time: for schedulers; `process` is for everyone else.

        Yields before each step, with the seconds to wait first; returns what became of the batch. Closing it early
        is a crash: what was sent is sent, and the batch's end is not recorded.
        """
        named = records[0].get("eventSourceARN") if records else None
        stream_arn = self.source_arn or (named if isinstance(named, str) else "")
        since = self.now() if reading_since is None else reading_since
        return self._delivery.deliver(records, shard_id=shard_id, stream_arn=stream_arn, reading_since=since)

    def now(self) -> float:
        """The pipe's time, in seconds since the epoch."""
        return self._clock.now() + self._ahead

    def _run_ahead(self, seconds: float) -> None:
        self._ahead += seconds

    def _variables_now(self) -> dict[str, str]:
        at = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {**self._variables, "aws.pipes.event.ingestion-time": at}


def _bisect(given: OnPartialBatchItemFailure | str | None) -> OnPartialBatchItemFailure | None:
    try:
        return None if given is None else OnPartialBatchItemFailure(given)
    except ValueError:
        raise InvalidPipeError(
            f"on_partial_batch_item_failure={given!r}; it is {OnPartialBatchItemFailure.AUTOMATIC_BISECT} or absent"
        ) from None


def _template(name: str, text: str | None) -> PipeInputTemplate | None:
    """The parsed template; an empty text is none, as on AWS."""
    if not text:
        return None
    if len(text) > MAXIMUM_TEMPLATE_LENGTH:
        raise InvalidPipeError(f"{name} has {len(text)} characters; at most {MAXIMUM_TEMPLATE_LENGTH} are allowed")
    return PipeInputTemplate.parse(text)


def _target_arn(target: PipeTarget, account: str, region: str, name: str) -> str:
    if isinstance(target, EventBusTarget):
        return f"arn:aws:events:{region}:{account}:event-bus/{getattr(target.bus, 'name', 'default')}"
    return f"arn:aws:lambda:{region}:{account}:function:{name}-target"
