"""One batch's way through the pipe, to its end: attempts, retries, halves, dead letters.

Written as a generator that says where it stands and how long it waits, so that the same steps run at once
(`Pipe.process`) and on a scheduler, which can delay, interleave and crash them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from perception_events.errors import UnretriableError
from perception_events.input_transforms import PipeInputTemplate
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes._dead_letters import DeadLetterCondition, dead_letter
from perception_events.pipes._enrichment import copy_json, items_of_response
from perception_events.pipes._errors import PipeInternalError, PipeTargetError
from perception_events.pipes._filter import FilterCriteria
from perception_events.pipes._records import creation_time, event_id
from perception_events.pipes._result import PipeResult
from perception_events.pipes._settings import OnPartialBatchItemFailure, SourceSettings
from perception_events.pipes._targets import PipeItem, PipeTarget
from perception_events.pipes._tracing import PipeTracing
from perception_events.streams import RETENTION_SECONDS
from perception_events.targets import Target

__all__ = ["Delivery", "Pause", "PipeStep", "default_retry_delay"]


class PipeStep(StrEnum):
    """Where a batch stands: what it is about to do."""

    FILTER = "filter"
    ENRICHMENT = "enrichment"
    TARGET = "target"
    DEAD_LETTER = "dead letter"
    RETRY = "retry"
    CHECKPOINT = "checkpoint"


class Pause(NamedTuple):
    """The batch is about to take `step`, in `seconds`."""

    step: PipeStep
    seconds: float = 0.0


def default_retry_delay(retry: int) -> float:
    """Seconds before the retry with this number (from 1): 1, 2, 4, ... 60.

    Unknown on AWS: the schedule is not published; that polling backs off is.
    """
    return min(60.0, 2.0 ** min(retry - 1, 6))


@dataclass(frozen=True, slots=True)
class _Part:
    """Records that are attempted together, and how often they have failed by the customer's fault."""

    records: tuple[JSONObject, ...]
    retries: int = 0
    internal_failures: int = 0


@dataclass(frozen=True, slots=True)
class _Failure:
    """The records that were not taken, and why; None in place of a failure is success."""

    records: tuple[JSONObject, ...]
    reason: str
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """Everything that a batch meets on its way, fixed when the pipe is made."""

    name: str
    arn: str
    event_source: str
    settings: SourceSettings
    criteria: FilterCriteria
    enrichment: Target | None
    enrichment_template: PipeInputTemplate | None
    target: PipeTarget
    target_template: PipeInputTemplate | None
    dead_letter_queue: Target | None
    retry_delay: Callable[[int], float]
    now: Callable[[], float]
    variables: Callable[[], dict[str, str]]
    tracing: PipeTracing | None

    def deliver(
        self, records: Sequence[JSONObject], *, shard_id: str, stream_arn: str, reading_since: float
    ) -> Generator[Pause, None, PipeResult]:
        """Take `records` of one shard, which has been read since `reading_since`, to their end.

        Returns what became of them.

        Raises:
            UnretriableError: a target found a flaw in the design, such as a rule that feeds itself.
        """
        result = PipeResult(records=len(records))
        first_seen = self.now()
        yield Pause(PipeStep.FILTER)
        passed = self._filter(records)
        result.filtered_out = len(records) - len(passed)
        parts = [_Part(passed)] if passed else []
        while parts:
            part = parts.pop()
            too_old = tuple(r for r in part.records if self._too_old(r, reading_since, first_seen))
            if too_old:
                condition = DeadLetterCondition.RECORD_AGE_EXCEEDED
                yield from self._give_up(too_old, condition, "too old", first_seen, shard_id, stream_arn, result)
                left = tuple(r for r in part.records if r not in too_old)
                if not left:
                    continue
                part = _Part(left, part.retries, part.internal_failures)
            failure = yield from self._attempt(part.records, result)
            if failure is None:
                continue
            if failure.internal:
                yield from self._retry(failure, part.internal_failures + 1, result)
                parts.append(_Part(part.records, part.retries, part.internal_failures + 1))
            elif self._bisects and len(failure.records) > 1:
                # Unknown on AWS: whether halving counts as a retry. Here, as for event source mappings, it does not.
                middle = len(failure.records) // 2
                result.retries += 1
                if self.tracing is not None:
                    self.tracing.retried(failure.records, part.retries, failure.reason, "bisected")
                parts.append(_Part(failure.records[middle:], part.retries))
                parts.append(_Part(failure.records[:middle], part.retries))
            elif 0 <= self.settings.maximum_retry_attempts <= part.retries:
                condition = DeadLetterCondition.RETRY_ATTEMPTS_EXHAUSTED
                yield from self._give_up(
                    failure.records, condition, failure.reason, first_seen, shard_id, stream_arn, result
                )
            else:
                yield from self._retry(failure, part.retries + 1, result)
                parts.append(_Part(failure.records, part.retries + 1))
        yield Pause(PipeStep.CHECKPOINT)
        return result

    @property
    def _bisects(self) -> bool:
        return self.settings.on_partial_batch_item_failure is OnPartialBatchItemFailure.AUTOMATIC_BISECT

    def _filter(self, records: Sequence[JSONObject]) -> tuple[JSONObject, ...]:
        if self.tracing is None:
            return tuple(record for record in records if self.criteria.passes(record))
        passed = []
        for record in records:
            self.tracing.seen(record)
            if self.criteria.passes(record):
                passed.append(record)
            else:
                self.tracing.filtered_out(record, self.criteria.misses(record))
        return tuple(passed)

    def _attempt(self, records: tuple[JSONObject, ...], result: PipeResult) -> Generator[Pause, None, _Failure | None]:
        """Enrich and send `records` once; tallies those that were taken."""
        try:
            items: list[JSONValue] = list(records)
            if self.enrichment is not None:
                yield Pause(PipeStep.ENRICHMENT)
                items = self._enrich(self.enrichment, records)
            if not items:
                result.dropped += len(records)
                return None
            sent = [self._item(item) for item in items]
            limit = self.target.maximum_batch_size
            if limit is not None and len(sent) > limit:
                raise PipeTargetError(
                    f"the enrichment returned {len(sent)} items and the target takes {limit}; it was not invoked "
                    "(lower the batch size, or return fewer items for a record)"
                )
            yield Pause(PipeStep.TARGET)
            result.invocations += 1
            partial = self.target.send(sent)
        except PipeInternalError as error:
            return _Failure(records, _reason(error), internal=True)
        except UnretriableError:
            raise
        except Exception as error:
            # Whatever a user's enrichment or target raises is a failed invocation, as it is on AWS.
            return _Failure(records, _reason(error))
        if partial is None:
            result.delivered += len(records)
            return None
        failed = self._failed(records, partial.event_ids)
        result.delivered += len(records) - len(failed)
        return _Failure(failed, partial.reason)

    def _enrich(self, enrichment: Target, records: Sequence[JSONObject]) -> list[JSONValue]:
        if self.enrichment_template is None:
            batch = copy_json(list(records))
        else:
            variables = self.variables()
            batch = [self.enrichment_template.render_json(record, variables) for record in records]
        items = items_of_response(enrichment.invoke(batch))
        if self.tracing is not None:
            self.tracing.enriched(records, items)
        return items

    def _item(self, item: JSONValue) -> PipeItem:
        value = item if self.target_template is None else self.target_template.render_json(item, self.variables())
        return PipeItem(value, item, self.name, self.event_source)

    @staticmethod
    def _failed(records: tuple[JSONObject, ...], event_ids: Sequence[str | None]) -> tuple[JSONObject, ...]:
        """The records that `event_ids` name; all of them where one names none."""
        failed = set(event_ids)
        known = {event_id(record) for record in records}
        if None in failed or not failed <= known:
            return records
        return tuple(record for record in records if event_id(record) in failed)

    def _too_old(self, record: JSONObject, reading_since: float, first_seen: float) -> bool:
        now = self.now()
        created = creation_time(record)
        limit = self.settings.maximum_record_age
        if limit >= 0 and created is not None and now - created > limit:
            return True
        # A stream hands out nothing older than its retention, so a record that was older when reading began is one
        # of a recording: its time starts when it is seen.
        if created is None or not reading_since - RETENTION_SECONDS <= created <= first_seen:
            created = first_seen
        return now - created > RETENTION_SECONDS

    def _retry(self, failure: _Failure, number: int, result: PipeResult) -> Generator[Pause, None, None]:
        result.retries += 1
        if self.tracing is not None:
            self.tracing.retried(
                failure.records, number, failure.reason, "internal" if failure.internal else "customer"
            )
        yield Pause(PipeStep.RETRY, self.retry_delay(number))

    def _give_up(
        self,
        records: tuple[JSONObject, ...],
        condition: DeadLetterCondition,
        reason: str,
        first_seen: float,
        shard_id: str,
        stream_arn: str,
        result: PipeResult,
    ) -> Generator[Pause, None, None]:
        """Tell the dead-letter queue; one that fails is asked again until the records expire."""
        attempt = 0
        while self.dead_letter_queue is not None:
            yield Pause(PipeStep.DEAD_LETTER)
            message = dead_letter(
                records, condition, pipe_arn=self.arn, shard_id=shard_id, stream_arn=stream_arn, now=self.now()
            )
            try:
                self.dead_letter_queue.invoke(message)
            except Exception:
                # Unknown on AWS: what an unreachable queue does. Here it is asked again for a day, then it is a loss.
                attempt += 1
                if self.now() - first_seen > 2 * RETENTION_SECONDS:
                    break
                yield Pause(PipeStep.RETRY, self.retry_delay(attempt))
                continue
            result.dead_lettered += len(records)
            if self.tracing is not None:
                self.tracing.dead_lettered(records, condition.value, reason, message)
            return
        result.discarded += len(records)
        if self.tracing is not None:
            self.tracing.dead_lettered(records, condition.value, reason, None)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
