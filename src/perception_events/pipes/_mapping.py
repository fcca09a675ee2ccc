"""Event source mappings: what lets Lambda read a stream or a queue for a function, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perception_events.clock import Clock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import Dialect
from perception_events.pipes._delivery import Delivery, GivenUp, RetryPolicy
from perception_events.pipes._errors import InvalidPipeError
from perception_events.pipes._filter import FilterCriteria
from perception_events.pipes._pipe import BatchReader, BatchSource
from perception_events.pipes._targets import FunctionTarget, PartialFailure, PipeItem
from perception_events.sources import DeadLetterCondition, Source
from perception_events.targets import Invocable, as_target, target_error
from perception_events.trace import TraceSink

__all__ = ["EventSourceMapping"]


class EventSourceMapping(BatchReader):
    """A function that Lambda invokes with `{"Records": [...]}`, batch after batch.

    `function`: a function of one argument, or an object with `invoke(event)`. `reports_failures`: whether its response
    is read for `batchItemFailures` (`ReportBatchItemFailures`); of a stream the identifiers are sequence numbers, and
    everything from the first failed record on is repeated. `bisects`: halves a failed batch of a stream.
    The others: as of `Pipe`. The `dead_letters` of its source are what Lambda calls its on-failure destination; with
    `sends_records` the records are in the message, as they are where it is an S3 bucket.

    AWS: service model `lambda`, `CreateEventSourceMapping`; Lambda Developer Guide, "Event source mappings".

    Raises:
        InvalidPipeError: AWS would reject it.
        InvalidEventPatternError: a filter is not a pattern that event source mappings accept.
    """

    def __init__(
        self,
        name: str,
        function: Invocable,
        *,
        clock: Clock,
        source: BatchSource | None = None,
        reports_failures: bool = False,
        bisects: bool = False,
        sends_records: bool = False,
        function_arn: str = "",
        retry_policy: RetryPolicy | None = None,
        trace: TraceSink | None = None,
    ) -> None:
        reads = source or BatchSource()
        settings = reads.settings()
        on_failure = reads.dead_letters
        if on_failure is not None and (reason := target_error(on_failure)) is not None:
            raise InvalidPipeError(f"on_failure: {reason}")
        super().__init__(name, reads, replace(settings, bisects=bisects), clock=clock, trace=trace)
        arn = function_arn or f"arn:aws:lambda:us-east-1:123456789012:function:{name}"

        def owner(given_up: GivenUp) -> JSONObject:
            context: JSONObject = {
                "requestContext": {
                    "requestId": f"{name}-{given_up.attempts}",
                    "functionArn": arn,
                    "condition": given_up.condition.value,
                    "approximateInvokeCount": given_up.attempts,
                }
            }
            if given_up.condition is DeadLetterCondition.RETRY_ATTEMPTS_EXHAUSTED:  # as recorded, one for age has none
                error = "Unhandled" if given_up.raised else None
                response: JSONObject = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": error}
                context["responseContext"] = response
            if sends_records:
                context["payload"] = _records_event([reads.kind.lambda_record(record) for record in given_up.records])
            return context

        self._delivery = Delivery(
            name=name,
            owner=owner,
            source=reads.kind,
            settings=self.settings,
            criteria=FilterCriteria(reads.filters, dialect=Dialect.EVENT_SOURCE_MAPPING),
            enrichment=None,
            target=_RecordsTarget(reads.kind, function, reports_failures=reports_failures),
            target_template=None,
            dead_letters=None if on_failure is None or reads.kind.keeps_failures else as_target(on_failure),
            retry_policy=retry_policy or RetryPolicy(),
            now=self.now,
            variables=dict,
            tracing=self.tracing,
            identifier=reads.kind.failure_identifier,
            rewinds=not reads.kind.keeps_failures,
        )


class _RecordsTarget:
    """The function, with records in the form that Lambda hands over."""

    maximum_batch_size: int | None = None

    def __init__(self, source: Source, function: Invocable, *, reports_failures: bool) -> None:
        self._source = source
        self._function = FunctionTarget(function, as_event=_records_event, reports_failures=reports_failures)

    def send(self, items: Sequence[PipeItem]) -> PartialFailure | None:
        """Invoke the function with the records."""
        return self._function.send(
            [
                replace(
                    item, value=self._source.lambda_record(record), identity=self._source.failure_identifier(record)
                )
                for item in items
                if isinstance(record := item.value, dict)
            ]
        )


def _records_event(records: list[JSONValue]) -> JSONValue:
    return {"Records": records}
