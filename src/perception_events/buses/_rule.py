"""Rules and their targets, checked when they are declared as AWS checks them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from perception_events.aws_limits import LIMITS
from perception_events.buses._errors import EventBusError
from perception_events.buses._names import check_name
from perception_events.input_transforms import MISSING, InputTransformer, JSONPath, TemplateRenderError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import EventPattern
from perception_events.resource_names import name_requirement
from perception_events.targets import Invocable, Target, as_target, target_error

__all__ = ["ReadsEvent", "RetryPolicy", "Rule", "RuleState", "RuleTarget"]


class ReadsEvent(Protocol):
    """A target whose parameters are read from the event, beside its input (Kinesis: `PartitionKeyPath`)."""

    def invoke_for(self, given: JSONValue, event: JSONObject, /) -> object:
        """Take the input `given`, which was made of `event`; it must not change the event."""
        ...


class RuleState(StrEnum):
    """Whether a rule is evaluated; a disabled one does not catch up later."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def _check_id(id: str) -> None:
    """Reject a target's id in AWS's words, which name the constraint that fails."""
    words = name_requirement("target id", id)
    if words is not None:
        constraint = (
            "have length less than or equal to 64"
            if len(id) > 64
            else r"satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"
        )
        raise EventBusError(
            "ValidationException",
            f"1 validation error detected: Value {id!r} at 'targets.1.member.id' failed to satisfy constraint: Member "
            f"must {constraint}; a target id has {words}",
        )


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a failed delivery is tried again; whichever ends first.

    `maximum_retry_attempts`: 0 to 185. `maximum_event_age`: 60 to 86,400 seconds.

    AWS: service model `events`, `RetryPolicy`.

    Raises:
        EventBusError: a number is out of its range.
    """

    maximum_retry_attempts: int = 185
    maximum_event_age: int = 86_400

    def __post_init__(self) -> None:
        for name, limit_name in (
            ("maximum_retry_attempts", "target retry attempts"),
            ("maximum_event_age", "target event age"),
        ):
            value, limit = getattr(self, name), LIMITS[limit_name]
            if not limit.allows(value):
                raise EventBusError("ValidationException", f"{name}={value!r}: {limit.words} are allowed")


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """What a rule invokes, and with which input.

    `id`: its id in the rule. `target`: a function of one argument, an object with `invoke(event)`, or a `BusTarget`.
    `input`: a constant JSON value; `input_path`: a JSON path into the event; `input_transformer`: both as one; at most
    one of the three. `retry_policy`: how long a failed delivery is tried again. `dead_letter_queue`: invoked with a
    message for each event that is given up. `arn`: what that message calls the target.

    Raises:
        EventBusError: a bad id, a target or queue that cannot be invoked, two forms of input, one too long, or an input
            for another event bus.
        InvalidTemplateError: the path cannot be read.
    """

    id: str
    target: Invocable
    input: JSONValue = None
    input_path: str | None = None
    input_transformer: InputTransformer | None = None
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    dead_letter_queue: Invocable | None = None
    arn: str | None = None
    invoked: Target = field(init=False, repr=False, compare=False)
    """`target` as an object with `invoke`."""
    invoke_for: Callable[[JSONValue, JSONObject], object] | None = field(init=False, repr=False, compare=False)
    """`target.invoke_for`, where it is a `ReadsEvent`."""
    hands_on: bool = field(init=False, repr=False, compare=False)
    """Whether the target only hands on what it gets, so that it needs no copy: another bus."""
    path: JSONPath | None = field(init=False, repr=False, compare=False, default=None)
    """`input_path`, parsed."""

    def __post_init__(self) -> None:
        _check_id(self.id)
        reason = target_error(self.target)
        if reason is None and self.dead_letter_queue is not None:
            reason = target_error(self.dead_letter_queue)
        if reason is not None:
            raise EventBusError("ValidationException", f"target {self.id}: {reason}")
        object.__setattr__(self, "invoked", as_target(self.target))
        object.__setattr__(self, "invoke_for", getattr(self.target, "invoke_for", None))
        object.__setattr__(self, "hands_on", getattr(self.target, "takes_events_only", False))
        given = [v for v in (self.input, self.input_path, self.input_transformer) if v is not None]
        if len(given) > 1:
            reason = f"Only one of Input, InputPath, or InputTransformer must be provided for target {self.id}."
            raise EventBusError("ValidationException", reason)
        if given and self.hands_on:
            reason = f"Modifying the input for target {self.id} is not supported: an event bus gets the event as it is."
            raise EventBusError("ValidationException", reason)
        if self.input is not None:
            _check_length("Input", self.id, json.dumps(self.input), "target input")
        if self.input_path is not None:
            _check_length("InputPath", self.id, self.input_path, "input path")
            object.__setattr__(self, "path", JSONPath.parse(self.input_path))

    def input_for(self, event: JSONObject, variables: Mapping[str, str]) -> JSONValue:
        """What the target gets for `event`. It may share parts with the event.

        Raises:
            TemplateRenderError: AWS would not deliver it: not JSON, or nothing at the path.
        """
        if self.input is not None:
            return self.input
        if self.path is not None:
            found = self.path.find(event)
            if found is MISSING:
                reason = f"target {self.id}: nothing is at InputPath {self.input_path}"
                raise TemplateRenderError(reason, rendered="")
            return found
        if self.input_transformer is not None:
            return self.input_transformer.render_input(event, variables)
        return event


def _check_length(what: str, target: str, text: str, limit_name: str) -> None:
    limit = LIMITS[limit_name]
    if not limit.allows(len(text)):
        reason = f"{what} of target {target} has {len(text)} characters; {limit.words} are allowed"
        raise EventBusError("ValidationException", reason)


@dataclass(frozen=True, slots=True)
class Rule:
    """A named event pattern and up to five targets; of two targets with one id, the later one counts.

    `depends_on`: expressions of values that are not known; what matches the pattern then only may match the rule, and
    surely does where `certain` matches too.

    Raises:
        EventBusError: a bad name or state, more than five targets.
        InvalidEventPatternError: the pattern is rejected.
    """

    name: str
    event_pattern: EventPattern | Mapping[str, Any] | str
    targets: Sequence[RuleTarget] = ()
    state: RuleState | str = RuleState.ENABLED
    depends_on: tuple[str, ...] = ()
    certain: EventPattern | None = None

    def __post_init__(self) -> None:
        check_name("rule name", self.name)
        if self.state not in list(RuleState):
            reason = f"rule {self.name}: the state {self.state!r} is none of {', '.join(RuleState)}"
            raise EventBusError("ValidationException", reason)
        object.__setattr__(self, "state", RuleState(self.state))
        object.__setattr__(self, "targets", tuple({target.id: target for target in self.targets}.values()))
        limit = LIMITS["rule targets"]
        if not limit.allows(len(self.targets)):
            raise EventBusError(
                "LimitExceededException",
                f"The requested resource exceeds the maximum number allowed. (rule {self.name}: {len(self.targets)} "
                f"targets; {limit.words})",
            )
        if not isinstance(self.event_pattern, EventPattern):
            object.__setattr__(self, "event_pattern", EventPattern.parse(self.event_pattern))

    @property
    def pattern(self) -> EventPattern:
        """The parsed event pattern."""
        assert isinstance(self.event_pattern, EventPattern)
        return self.event_pattern

    @property
    def has_wildcards(self) -> bool:
        """Whether the pattern counts among the bus's rules with wildcards."""
        return self.pattern.wildcard_complexity > 0
