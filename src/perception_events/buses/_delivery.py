"""One event on its way to one target: attempts, back-off, and the dead-letter message."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from perception_events.buses._errors import TargetError
from perception_events.buses._rule import Rule, RuleTarget
from perception_events.errors import UnretriableError
from perception_events.input_transforms import TemplateRenderError
from perception_events.json_values import JSONObject, copy_json
from perception_events.targets import UndecidedError, as_target
from perception_events.trace import DeadLettered, Delivered, DependsOn, Discarded, Retried, TraceEvent, TraceSink

__all__ = ["Delivery", "Failure", "default_retry_delay"]


def default_retry_delay(retry: int) -> float:
    """Seconds before retry number `retry` (from 1): doubling from one second, at most ten minutes.

    Unknown on AWS: the schedule is not published, only that it backs off exponentially with jitter over 24 hours.
    """
    return float(min(600, 2 ** (retry - 1)))


class Failure:
    """Why an attempt failed: the code of the dead letter, the reason, and whether trying again can help."""

    __slots__ = ("code", "reason", "retryable")

    def __init__(self, code: str, reason: str, retryable: bool) -> None:
        self.code = code
        self.reason = reason
        self.retryable = retryable

    def is_same(self, other: Failure | None) -> bool:
        """Whether it is told as one with `other`."""
        return other is not None and (self.code, self.reason) == (other.code, other.reason)


@dataclass(slots=True)
class Delivery:
    """`event` for `target` of `rule`.

    `chain`: the rules whose targets put the events that led here. `assume_after`: after so many equal failures in a
    row the following attempts are taken to fail so too; None makes every attempt.
    """

    event: JSONObject
    rule: Rule
    target: RuleTarget
    bus: str
    rule_arn: str
    variables: Callable[[], Mapping[str, str]]
    retry_delay: Callable[[int], float]
    trace: TraceSink | None
    chain: tuple[str, ...] = ()
    assume_after: int | None = None

    def steps(self, now: Callable[[], float], first: Failure | None = None) -> Generator[float, None, bool]:
        """Attempt, and again as the retry policy says; yields the seconds to wait before each attempt.

        `first`: how the first attempt has failed, where it was made before. Returns whether the target took the event.
        Equal failures in a row are one step of the trace.
        """
        policy = self.target.retry_policy
        started = now()
        retry = equal = assumed = 0
        since = started
        last: Failure | None = None
        if first is None:
            yield 0.0
        while True:
            is_assumed = last is not None and self.assume_after is not None and equal >= self.assume_after
            outcome = first or (last if is_assumed else self.attempt(now))
            first = None
            assumed += is_assumed
            time = now()
            if not isinstance(outcome, Failure):
                self._tell_retries(time, retry, last, equal, since, assumed)
                if outcome is not None and self.trace is not None:
                    self.trace(outcome)
                return True
            failure = outcome
            if not failure.is_same(last):
                self._tell_retries(time, retry, last, equal, since, assumed)
                equal, assumed, since = 0, 0, time
            equal += 1
            last = failure
            delay = self.retry_delay(retry + 1)
            condition = None
            if not failure.retryable:
                self._give_up(time, failure, None, retry, started)
                return False
            if retry >= policy.maximum_retry_attempts:
                condition = "MaximumRetryAttempts"
            elif time + delay - started > policy.maximum_event_age:
                condition = "MaximumEventAgeInSeconds"
            if condition is not None:
                self._tell_retries(time, retry, failure, equal - 1, since, assumed)
                self._give_up(time, failure, condition, retry, started)
                return False
            retry += 1
            yield delay

    def attempt(self, now: Callable[[], float]) -> Failure | TraceEvent | None:
        """Invoke the target once: the failure, or the step that is to be traced, None without a trace."""
        target = self.target
        try:
            given = target.input_for(self.event, self.variables() if target.input_transformer else {})
            # A copy of its own: a target that changes what it gets must not spoil its retry, nor anybody else's event.
            mine = given if target.hands_on else copy_json(given)
            if target.invoke_for is None:
                target.invoked.invoke(mine)
            else:
                target.invoke_for(mine, self.event)
        except UnretriableError:
            raise
        except UndecidedError as error:
            return DependsOn(now(), self.bus, self._event_id, error.subject, error.depends_on)
        except TemplateRenderError as error:
            return Failure("INVALID_JSON", str(error), retryable=False)
        except TargetError as error:
            return Failure(error.code, f"{type(error).__name__}: {error}", error.retryable)
        except Exception as error:
            # Whatever else a target raises is a failed invocation, as it is on AWS.
            return Failure("ERROR_FROM_TARGET", f"{type(error).__name__}: {error}", retryable=True)
        if self.trace is None:
            return None
        return Delivered(now(), self.bus, self._event_id, self.rule.name, target.id, given)

    @property
    def _event_id(self) -> str:
        return str(self.event["id"])

    def _tell_retries(
        self, now: float, retry: int, failure: Failure | None, count: int, since: float, assumed: int
    ) -> None:
        if count and failure is not None and self.trace is not None:
            ids = (self._event_id,)
            self.trace(Retried(now, self.bus, ids, retry, failure.reason, failure.code, count, since, assumed))

    def _give_up(self, time: float, failure: Failure, condition: str | None, retries: int, started: float) -> None:
        """Tell the dead-letter queue what AWS tells it, in SQS's form.

        A queue that fails loses the event, as on AWS, which only counts it; here the trace says so.

        AWS: EventBridge User Guide, "Using dead-letter queues".
        Unknown on AWS: whether the body is the event or the transformed input; here it is the event. And whether
        `RETRY_ATTEMPTS` is there for what was never retried; here it is, 0.
        """
        reason, ids, seconds = failure.reason, (self._event_id,), time - started
        if self.target.dead_letter_queue is not None:
            attributes = {
                "RULE_ARN": self.rule_arn,
                "TARGET_ARN": self.target.arn or self.target.id,
                "ERROR_CODE": failure.code,
                "ERROR_MESSAGE": reason,
                "RETRY_ATTEMPTS": str(retries),
            }
            if condition is not None:
                attributes["EXHAUSTED_RETRY_CONDITION"] = condition
            message: JSONObject = {
                "Body": json.dumps(self.event, ensure_ascii=False),
                "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
                },
            }
            try:
                as_target(self.target.dead_letter_queue).invoke(copy_json(message))
            except Exception as error:
                reason += f"; the event is lost, its dead-letter queue failed: {type(error).__name__}: {error}"
            else:
                if self.trace is not None:
                    self.trace(DeadLettered(time, self.bus, ids, condition or failure.code, reason, message, seconds))
                return
        if self.trace is not None:
            self.trace(Discarded(time, self.bus, ids, condition or failure.code, reason, seconds))
