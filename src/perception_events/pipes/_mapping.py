"""Event source mappings: what lets Lambda read a stream or a queue for a function, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from perception_events.clock import Clock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import Dialect
from perception_events.pipes._delivery import Delivery, GivenUp, RetryPolicy
from perception_events.pipes._errors import InvalidPipeError
from perception_events.pipes._filter import Filter, FilterCriteria
from perception_events.pipes._pipe import BatchReader
from perception_events.pipes._targets import FunctionTarget, PartialFailure, PipeItem
from perception_events.sources import (
    DYNAMODB_STREAM,
    DeadLetterCondition,
    InvalidSourceError,
    Source,
    SourceSettings,
)
from perception_events.targets import Invocable, as_target, target_error
from perception_events.topology import Resource, SourceParameters
from perception_events.trace import TraceSink

__all__ = ["EventSourceMapping"]


class EventSourceMapping(BatchReader):
    """A function that Lambda invokes with `{"Records": [...]}`, batch after batch.

    `function`: a function of one argument, or an object with `invoke(event)`. `reports_failures`: whether its response
    is read for `batchItemFailures` (`ReportBatchItemFailures`); of a stream the identifiers are sequence numbers, and
    everything from the first failed record on is repeated. `bisects`: halves a failed batch of a stream.
    `on_failure`: gets one message for each batch of a stream that is given up; with `sends_records` the records are in
    it, as they are where it is an S3 bucket. The others: as of `Pipe`.

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
        source: Source = DYNAMODB_STREAM,
        parameters: SourceParameters | None = None,
        source_resource: Resource | None = None,
        filters: Sequence[Filter] = (),
        reports_failures: bool = False,
        bisects: bool = False,
        on_failure: Invocable | None = None,
        sends_records: bool = False,
        function_arn: str = "",
        source_arn: str = "",
        clock: Clock,
        wait: Callable[[float], object] | None = None,
        retry_policy: RetryPolicy | None = None,
        trace: TraceSink | None = None,
    ) -> None:
        try:
            settings = SourceSettings.of(source, parameters or SourceParameters(), source_resource)
        except InvalidSourceError as error:
            raise InvalidPipeError(str(error)) from None
        if on_failure is not None and (reason := target_error(on_failure)) is not None:
            raise InvalidPipeError(f"on_failure: {reason}")
        super().__init__(
            name, source=source, settings=replace(settings, bisects=bisects), clock=clock, wait=wait, trace=trace
        )
        self.source_arn = source_arn
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
                context["payload"] = _records_event([source.lambda_record(record) for record in given_up.records])
            return context

        self._delivery = Delivery(
            name=name,
            owner=owner,
            source=source,
            settings=self.settings,
            criteria=FilterCriteria(filters, dialect=Dialect.EVENT_SOURCE_MAPPING),
            enrichment=None,
            target=_RecordsTarget(source, function, reports_failures=reports_failures),
            target_template=None,
            dead_letters=None if on_failure is None or source.keeps_failures else as_target(on_failure),
            retry_policy=retry_policy or RetryPolicy(),
            now=self.now,
            variables=dict,
            tracing=self.tracing,
            identifier=source.failure_identifier,
            rewinds=not source.keeps_failures,
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
