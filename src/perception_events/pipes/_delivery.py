"""One batch's way through the pipe, to its end: attempts, retries, bisects, dead letters.

Written as a generator that says where it stands and how long it waits, so that the same steps run at once
(`Pipe.process`) and on a scheduler, which can delay, interleave and crash them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from perception_events.errors import UnretriableError
from perception_events.input_transforms import PipeInputTemplate, TemplateRenderError
from perception_events.json_values import JSONObject, JSONText, JSONValue, PlainText
from perception_events.pipes._batch import Batch
from perception_events.pipes._enrichment import EnrichmentStep
from perception_events.pipes._errors import PipeInternalError, PipeTargetError
from perception_events.pipes._filter import FilterCriteria
from perception_events.pipes._partial_failures import failed_records
from perception_events.pipes._streak import Streak
from perception_events.pipes._targets import PipeItem, PipeTarget
from perception_events.pipes._tracing import PipeTracing
from perception_events.sources import DeadLetterCondition, DeadLetterContext, Source, SourceSettings
from perception_events.targets import Target, UndecidedError

__all__ = ["Delivery", "GivenUp", "Pause", "PipeStep", "RetryPolicy", "default_retry_delay"]


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
class RetryPolicy:
    """How attempts are repeated in memory; how often is the source's setting.

    `delay`: seconds before the retry with a number, from 1. `assume_after`: after so many attempts in a row that failed
    in the same way, the following ones are taken to fail so too and are not made, so that a record which always fails
    does not cost thousands of invocations; time passes as if they were made. None makes every attempt.
    """

    delay: Callable[[int], float] = default_retry_delay
    assume_after: int | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """Records that are attempted together, and how often they have failed by the customer's fault."""

    records: tuple[JSONObject, ...]
    retries: int = 0
    internal_failures: int = 0

    @property
    def attempts(self) -> int:
        """How often it was attempted, with the one that is due."""
        return self.retries + self.internal_failures + 1


@dataclass(frozen=True, slots=True)
class _Failure:
    """The records that were not taken, and why; None in place of a failure is success.

    `reported`: the target answered, and named what failed; else it raised.
    """

    records: tuple[JSONObject, ...]
    reason: str
    internal: bool = False
    reported: bool = False

    @property
    def kind(self) -> str:
        return "internal" if self.internal else "customer"


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What a dead letter is written from: the records, why, after how many attempts, whether the last one raised."""

    records: tuple[JSONObject, ...]
    condition: DeadLetterCondition
    attempts: int
    raised: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """Everything that a batch meets on its way, fixed when the pipe is made.

    `owner`: what a dead letter says of who gave up, and of the attempts. `identifier`: what names a record in partial
    failures. `takes_text`: whether the target takes what a template renders even if it is not JSON. `rewinds`: a
    partial failure repeats everything from the first failed record on, as event source mappings do with streams.
    """

    name: str
    owner: Callable[[GivenUp], JSONObject]
    source: Source
    settings: SourceSettings
    criteria: FilterCriteria
    enrichment: EnrichmentStep | None
    target: PipeTarget
    target_template: PipeInputTemplate | None
    dead_letters: Target | None
    retry_policy: RetryPolicy
    now: Callable[[], float]
    variables: Callable[[], dict[str, str]]
    tracing: PipeTracing | None
    identifier: Callable[[JSONObject], str | None]
    takes_text: bool = False
    rewinds: bool = False

    def deliver(self, batch: Batch) -> Generator[Pause, None, None]:
        """Take the records of `batch` to their end; `batch.result` and `batch.returned` then say what became of them.

        Raises:
            UnretriableError: a target found a flaw in the design, such as a rule that feeds itself.
        """
        first_seen = self.now()
        yield Pause(PipeStep.FILTER)
        passed = self._filter(batch)
        streak = Streak(self.tracing)
        last_items: list[JSONValue] = []
        parts = [_Part(passed)] if passed else []
        failure: _Failure | None = None
        try:
            while parts:
                part = parts.pop()
                too_old = tuple(r for r in part.records if self._too_old(r, batch, first_seen))
                if too_old:
                    streak.end()
                    reason = failure.reason if failure else "older than the maximum age when it was first attempted"
                    given_up = GivenUp(too_old, DeadLetterCondition.RECORD_AGE_EXCEEDED, part.attempts, raised=True)
                    yield from self._give_up(given_up, f"too old; {reason}", batch, first_seen)
                    left = tuple(r for r in part.records if not any(r is old for old in too_old))
                    if not left:
                        failure = None
                        continue
                    part = _Part(left, part.retries, part.internal_failures)
                assumed = failure is not None and self._is_assumed(streak, part, failure)
                if not assumed:
                    failure = yield from self._attempt(part.records, batch, last_items)
                if failure is None:
                    streak.end()
                elif self.source.keeps_failures:
                    self._return(failure, batch)
                    failure = None
                elif failure.internal:
                    number = part.internal_failures + 1
                    yield self._retry(streak, failure, number, batch, assumed)
                    parts.append(_Part(part.records, part.retries, number))
                elif self.rewinds and failure.reported and len(failure.records) < len(part.records):
                    # As recorded on AWS: what is left begins its attempts anew, and is not halved.
                    yield self._retry(streak, failure, 1, batch, assumed)
                    parts.append(_Part(failure.records))
                elif self.settings.bisects and len(failure.records) > 1:
                    # Unknown on AWS: whether bisecting counts as a retry. Here, as for mappings, it does not.
                    streak.end()
                    middle = len(failure.records) // 2
                    batch.result.retries += 1
                    if self.tracing is not None:
                        self.tracing.retried(failure.records, part.retries, failure.reason, "bisected")
                    parts.append(_Part(failure.records[middle:], part.retries))
                    parts.append(_Part(failure.records[:middle], part.retries))
                elif 0 <= self.settings.maximum_retry_attempts <= part.retries:
                    streak.end()
                    condition = DeadLetterCondition.RETRY_ATTEMPTS_EXHAUSTED
                    given_up = GivenUp(failure.records, condition, part.attempts, not failure.reported)
                    yield from self._give_up(given_up, failure.reason, batch, first_seen)
                    failure = None
                else:
                    yield self._retry(streak, failure, part.retries + 1, batch, assumed)
                    parts.append(_Part(failure.records, part.retries + 1))
        finally:
            streak.end()
        yield Pause(PipeStep.CHECKPOINT)

    def _filter(self, batch: Batch) -> tuple[JSONObject, ...]:
        passed = []
        for record in batch.records:
            if self.tracing is not None:
                self.tracing.seen(record)
            decoded = self.source.decoded(record)
            if self.criteria.passes(decoded):
                passed.append(record)
                continue
            depends_on = self.criteria.depends_on(decoded)
            if depends_on:
                batch.result.undecided += 1
            else:
                batch.result.filtered_out += 1
            if self.tracing is not None:
                if depends_on:
                    self.tracing.depends_on(record, "filter", depends_on)
                else:
                    self.tracing.filtered_out(record, self.criteria)
        return tuple(passed)

    def _is_assumed(self, streak: Streak, part: _Part, failure: _Failure) -> bool:
        """Whether the next attempt of `part` is taken to fail as those before it have."""
        after = self.retry_policy.assume_after
        return after is not None and streak.length >= after and part.records == failure.records

    def _attempt(
        self, records: tuple[JSONObject, ...], batch: Batch, last_items: list[JSONValue]
    ) -> Generator[Pause, None, _Failure | None]:
        """Enrich and send `records` once; counts those that were taken.

        `last_items`: what the enrichment returned last, so that retries which bring the same are not traced again.
        """
        try:
            if self.enrichment is None:
                sent = [self._item(record, self.source.decoded(record)) for record in records]
            else:
                yield Pause(PipeStep.ENRICHMENT)
                texts = self.enrichment.items(records, self.source.decoded, self.variables)
                items = [text.value for text in texts]
                if self.tracing is not None and items != last_items:
                    self.tracing.enriched(records, items)
                    last_items[:] = items
                if not items:
                    batch.result.dropped += len(records)
                    return None
                sent = [self._item(text.value, text.value, text) for text in texts]
            limit = self.target.maximum_batch_size
            if limit is not None and len(sent) > limit:
                raise PipeTargetError(
                    f"the enrichment returned {len(sent)} items and the target takes {limit}; it was not invoked "
                    "(lower the batch size, or return fewer items for a record)"
                )
            yield Pause(PipeStep.TARGET)
            batch.result.invocations += 1
            partial = self.target.send(sent)
        except PipeInternalError as error:
            return _Failure(records, _reason(error), internal=True)
        except UndecidedError as error:
            batch.result.undecided += len(records)
            if self.tracing is not None:
                for record in records:
                    self.tracing.depends_on(record, error.subject, error.depends_on)
            return None
        except UnretriableError:
            raise
        except Exception as error:
            # Whatever a user's enrichment or target raises is a failed invocation, as it is on AWS.
            return _Failure(records, _reason(error))
        if partial is None:
            batch.result.delivered += len(records)
            batch.result.items += len(sent)
            return None
        failed, reason = failed_records(self.source, self.identifier, records, sent, partial, rewinds=self.rewinds)
        batch.result.delivered += len(records) - len(failed)
        batch.result.items += len(sent) - partial.not_taken
        return _Failure(failed, reason, reported=True)

    def _item(self, item: JSONValue, decoded: JSONValue, text: JSONText | None = None) -> PipeItem:
        if self.target_template is None:
            value = item
        else:
            rendered = self.target_template.render(decoded, self.variables())
            text = None
            try:
                value = rendered.json()
            except TemplateRenderError:
                if not self.takes_text:
                    raise
                value = PlainText(rendered.text)
        identity = self.source.identity(value) if isinstance(value, dict) else None
        return PipeItem(value, decoded, self.name, self.source.event_source, identity, text)

    def _too_old(self, record: JSONObject, batch: Batch, first_seen: float) -> bool:
        if self.source.keeps_failures:
            return False  # the queue itself drops what is older than its retention
        now = self.now()
        created = self.source.created(record)
        if created is not None and batch.arrived is not None:
            created = max(created, batch.arrived)
        limit = self.settings.maximum_record_age
        if limit >= 0 and created is not None and now - created > limit:
            return True
        retention = self.source.retention
        if retention is None:
            return False
        # A stream hands out nothing older than its retention, so a record that was older when reading began is one
        # of a recording: its time starts when it is seen.
        if created is None or not batch.reading_since - retention <= created <= first_seen:
            created = first_seen
        return now - created > retention

    def _retry(self, streak: Streak, failure: _Failure, number: int, batch: Batch, assumed: bool) -> Pause:
        batch.result.retries += 1
        streak.add(failure.records, failure.reason, failure.kind, retry=number, now=self.now(), assumed=assumed)
        return Pause(PipeStep.RETRY, self.retry_policy.delay(number))

    def _return(self, failure: _Failure, batch: Batch) -> None:
        batch.returned.extend(failure.records)
        batch.failure = failure.reason
        batch.result.returned += len(failure.records)
        if self.tracing is not None:
            self.tracing.returned(failure.records, failure.reason)

    def _give_up(self, given_up: GivenUp, reason: str, batch: Batch, first_seen: float) -> Generator[Pause, None, None]:
        """Tell the dead-letter target; one that fails is asked again until the records expire."""
        records, condition = given_up.records, given_up.condition
        attempt = 0
        tried = self.now() - first_seen
        while self.dead_letters is not None:
            yield Pause(PipeStep.DEAD_LETTER)
            context = DeadLetterContext(self.owner(given_up), batch.shard_id, batch.source_arn, self.now())
            message = self.source.dead_letter(records, context)
            try:
                self.dead_letters.invoke(message)
            except Exception as error:
                # Unknown on AWS: what an unreachable queue does. Here it is asked again for a day, then it is a loss.
                attempt += 1
                if self.now() - first_seen > 2 * (self.source.retention or 0):
                    reason += f"; the dead-letter target failed too: {_reason(error)}"
                    break
                yield Pause(PipeStep.RETRY, self.retry_policy.delay(attempt))
                continue
            batch.result.dead_lettered += len(records)
            if self.tracing is not None:
                self.tracing.dead_lettered(records, condition.value, reason, message, tried)
            return
        batch.result.discarded += len(records)
        if self.tracing is not None:
            self.tracing.discarded(records, condition.value, reason, tried)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
