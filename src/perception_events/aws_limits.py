"""AWS's limits, each once: read by everything that enforces or checks one, and by its messages."""

from __future__ import annotations

from perception_events.value_objects import ValueObject

__all__ = ["LIMITS", "Limit", "at_most"]

_PIPES_API = "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html"
_PIPES_DYNAMODB = (
    "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceDynamoDBStreamParameters.html"
)
_PIPES_SQS = "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceSqsQueueParameters.html"
_PIPES_KINESIS = (
    "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceKinesisStreamParameters.html"
)
_KINESIS_API = "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html"
_EVENTS_API = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/"
_EVENTS_QUOTAS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"
_LAMBDA_INVOKE = "https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html"


class Limit(ValueObject):
    """One limit.

    `name`: its name in `LIMITS`. `low`, `high`: the least and the most that are allowed, both included; None is open.
    `unit`: what is counted. `also`: single values outside the range that are allowed too, such as -1 for "without".
    `reference`: the page that says so.
    """

    __slots__ = ("also", "high", "low", "name", "reference", "unit")

    def __init__(
        self, name: str, low: int | None, high: int | None, unit: str, reference: str, also: tuple[int, ...] = ()
    ) -> None:
        self.name = name
        self.low = low
        self.high = high
        self.unit = unit
        self.reference = reference
        self.also = also

    def allows(self, value: object) -> bool:
        """Whether AWS takes `value`; only whole numbers are taken, and booleans are none."""
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        if value in self.also:
            return True
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    @property
    def words(self) -> str:
        """What is allowed, for a message: `-1 or 60 to 604800 seconds`."""
        if self.low is None or self.high is None:
            span = f"at most {self.high}" if self.low is None else f"{self.low} or more"
        else:
            span = f"{self.low} to {self.high}"
        return " or ".join([*map(str, self.also), f"{span} {self.unit}"])


def _table(*limits: Limit) -> dict[str, Limit]:
    return {limit.name: limit for limit in limits}


# fmt: off
LIMITS: dict[str, Limit] = _table(
    # Pipes
    Limit("pipe filters", 0, 5, "filters", _PIPES_API),
    Limit("pipe filter pattern", 0, 4096, "characters", _PIPES_API),
    Limit("input template", 0, 8192, "characters", _PIPES_API),
    Limit("rendered template", 0, 10_485_760, "characters", _KINESIS_API),  # the largest input that any target takes
    Limit("stream batch size", 1, 10_000, "records", _PIPES_DYNAMODB),
    Limit("queue batch size", 1, 10_000, "messages", _PIPES_SQS),
    Limit("queue batch size without window", 1, 10, "messages", _PIPES_SQS),
    Limit("FIFO queue batch size", 1, 10, "messages", _PIPES_SQS),
    Limit("maximum batching window", 0, 300, "seconds", _PIPES_API),
    Limit("parallelization factor", 1, 10, "batches a shard", _PIPES_DYNAMODB),
    Limit("maximum record age", 60, 604_800, "seconds", _PIPES_DYNAMODB, also=(-1,)),
    Limit("maximum retry attempts", -1, 10_000, "attempts", _PIPES_DYNAMODB),
    Limit("bus target batch size", 1, 10, "items", _PIPES_API),
    Limit("dynamic path", 0, 256, "characters", _PIPES_API),
    # Buses
    Limit("PutEvents entries", 1, 10, "entries", _EVENTS_API + "API_PutEvents.html"),
    Limit("PutEvents size", 0, 1_048_576, "octets", _EVENTS_API + "API_PutEvents.html"),
    Limit("entry source", 1, 256, "characters", _EVENTS_API + "API_PutEventsRequestEntry.html"),
    Limit("entry detail type", 1, 128, "characters", _EVENTS_API + "API_PutEventsRequestEntry.html"),
    Limit("entry resources", 0, 10, "resources", _PIPES_API),
    Limit("event pattern", 0, 4096, "characters", _EVENTS_API + "API_PutRule.html"),
    Limit("event pattern quota", 0, 2048, "characters", _EVENTS_QUOTAS),
    Limit("rules", 0, 300, "rules a bus", _EVENTS_QUOTAS),
    Limit("wildcard rules", 0, 30, "rules a bus", _EVENTS_QUOTAS),
    Limit("rule targets", 0, 5, "targets a rule", _EVENTS_API + "API_PutTargets.html"),
    Limit("target input", 0, 8192, "characters", _EVENTS_API + "API_Target.html"),
    Limit("input path", 0, 256, "characters", _EVENTS_API + "API_Target.html"),
    Limit("input paths", 0, 100, "paths", _EVENTS_API + "API_InputTransformer.html"),
    Limit("target retry attempts", 0, 185, "attempts", _EVENTS_API + "API_RetryPolicy.html"),
    Limit("target event age", 60, 86_400, "seconds", _EVENTS_API + "API_RetryPolicy.html"),
    # Lambda's asynchronous queue
    Limit("function retry attempts", 0, 2, "attempts", _LAMBDA_INVOKE),
    Limit("function event age", 60, 21_600, "seconds", _LAMBDA_INVOKE),
)
# fmt: on
"""Every limit by its name."""


def at_most(name: str) -> int:
    """The upper boundary of the limit called `name`.

    Raises:
        LookupError: there is no such limit, or it is open above.
    """
    high = LIMITS[name].high
    if high is None:
        raise LookupError(f"{name} has no upper boundary")
    return high
