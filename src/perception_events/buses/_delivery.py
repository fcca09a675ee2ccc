"""One event on its way to one target: attempts, back-off, and the dead-letter message."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from perception_events.buses._errors import SelfFeedingRuleError, TargetError
from perception_events.buses._rule import Rule, RuleTarget
from perception_events.input_transforms import TemplateRenderError
from perception_events.json_values import JSONObject
from perception_events.trace import DeadLettered, Delivered, Retried, TraceEvent

__all__ = ["Delivery", "default_retry_delay"]


def default_retry_delay(retry: int) -> float:
    """Seconds before retry number `retry` (from 1): doubling from one second, at most ten minutes.

    Unknown on AWS: the schedule is not published, only that it backs off exponentially with jitter over 24 hours.
    """
    return float(min(600, 2 ** (retry - 1)))


@dataclass(frozen=True, slots=True)
class Delivery:
    """`event` for `target` of `rule`; `chain` are the rules whose targets put the events that led here."""

    event: JSONObject
    rule: Rule
    target: RuleTarget
    bus: str
    rule_arn: str
    variables: Mapping[str, str]
    retry_delay: Callable[[int], float]
    trace: Callable[[TraceEvent], object]
    chain: tuple[str, ...] = ()

    def steps(self, now: Callable[[], float]) -> Generator[float, None, bool]:
        """Attempt, and again as the retry policy says; yields the seconds to wait before each attempt.

        Returns whether the target took the event.
        """
        policy = self.target.retry_policy
        started, retry = now(), 0
        yield 0.0
        while True:
            try:
                given = self.target.input_for(self.event, self.variables)
                self.target.target.invoke(given)
            except SelfFeedingRuleError:
                raise
            except TemplateRenderError as error:
                self._give_up(now(), "INVALID_JSON", str(error), None, retry)
                return False
            except Exception as error:
                code = error.code if isinstance(error, TargetError) else "ERROR_FROM_TARGET"
                reason = f"{type(error).__name__}: {error}"
                if isinstance(error, TargetError) and not error.retryable:
                    self._give_up(now(), code, reason, None, retry)
                    return False
                delay = self.retry_delay(retry + 1)
                condition = None
                if retry >= policy.maximum_retry_attempts:
                    condition = "MaximumRetryAttempts"
                elif now() + delay - started > policy.maximum_event_age:
                    condition = "MaximumEventAgeInSeconds"
                if condition is not None:
                    self._give_up(now(), code, reason, condition, retry)
                    return False
                retry += 1
                self.trace(Retried(now(), self.bus, (self._event_id,), retry, reason, code))
                yield delay
            else:
                self.trace(Delivered(now(), self.bus, self._event_id, self.rule.name, self.target.id, given))
                return True

    @property
    def _event_id(self) -> str:
        return str(self.event["id"])

    def _give_up(self, time: float, code: str, reason: str, condition: str | None, retries: int) -> None:
        """Tell the dead-letter queue what AWS tells it, in SQS's form.

        A queue that fails loses the event, as on AWS, which only counts it; here the trace says so.

        AWS: EventBridge User Guide, "Using dead-letter queues".
        Unknown on AWS: whether the body is the event or the transformed input; here it is the event. And whether
        `RETRY_ATTEMPTS` is there for what was never retried; here it is, 0.
        """
        message: JSONObject | None = None
        if self.target.dead_letter_queue is not None:
            attributes = {
                "RULE_ARN": self.rule_arn,
                "TARGET_ARN": self.target.arn or self.target.id,
                "ERROR_CODE": code,
                "ERROR_MESSAGE": reason,
                "RETRY_ATTEMPTS": str(retries),
            }
            if condition is not None:
                attributes["EXHAUSTED_RETRY_CONDITION"] = condition
            message = {
                "Body": json.dumps(self.event, ensure_ascii=False),
                "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
                },
            }
            try:
                self.target.dead_letter_queue.invoke(message)
            except Exception as error:
                message = None
                reason += f"; the event is lost, its dead-letter queue failed: {type(error).__name__}: {error}"
        self.trace(DeadLettered(time, self.bus, (self._event_id,), condition or code, reason, message))
