"""Rules and their targets, checked when they are declared as AWS checks them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from perception_events.buses._errors import EventBusError
from perception_events.buses._names import check_name
from perception_events.input_transforms import MISSING, InputTransformer, JSONPath, TemplateRenderError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import EventPattern
from perception_events.targets import Target, target_error

__all__ = ["MAX_TARGETS", "RetryPolicy", "Rule", "RuleState", "RuleTarget"]

MAX_TARGETS = 5
"""AWS: service model `events`, `PutTargets`."""
MAX_INPUT_LENGTH = 8192
MAX_INPUT_PATH_LENGTH = 256


class RuleState(StrEnum):
    """Whether a rule is evaluated; a disabled one does not catch up later."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a failed delivery is tried again: attempts (0 to 185) and event age in seconds (60 to 86400).

    AWS: service model `events`, `RetryPolicy`; whichever ends first.

    Raises:
        EventBusError: a number is out of its range.
    """

    maximum_retry_attempts: int = 185
    maximum_event_age: int = 86_400

    def __post_init__(self) -> None:
        for name, low, high in (("maximum_retry_attempts", 0, 185), ("maximum_event_age", 60, 86_400)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise EventBusError("ValidationException", f"{name}={value!r}: from {low} to {high} is allowed")


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """What a rule invokes, and with which input: at most one of `input`, `input_path` and `input_transformer`.

    `input` is a constant JSON value. `dead_letter_queue` gets a message for each event that is given up.

    Raises:
        EventBusError: a bad id, a target or queue that has no `invoke`, two forms of input, or one too long.
        InvalidTemplateError: the path cannot be read.
    """

    id: str
    target: Target
    input: JSONValue = None
    input_path: str | None = None
    input_transformer: InputTransformer | None = None
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    dead_letter_queue: Target | None = None
    arn: str | None = None

    def __post_init__(self) -> None:
        check_name("target id", self.id)
        reason = target_error(self.target)
        if reason is None and self.dead_letter_queue is not None:
            reason = target_error(self.dead_letter_queue)
        if reason is not None:
            raise EventBusError("ValidationException", f"target {self.id}: {reason}")
        given = [v for v in (self.input, self.input_path, self.input_transformer) if v is not None]
        if len(given) > 1:
            reason = f"Only one of Input, InputPath, or InputTransformer must be provided for target {self.id}."
            raise EventBusError("ValidationException", reason)
        if self.input is not None and len(json.dumps(self.input)) > MAX_INPUT_LENGTH:
            raise EventBusError(
                "ValidationException", f"Input of target {self.id} is over {MAX_INPUT_LENGTH} characters"
            )
        if self.input_path is not None:
            if len(self.input_path) > MAX_INPUT_PATH_LENGTH:
                reason = f"InputPath of target {self.id} is over {MAX_INPUT_PATH_LENGTH} characters"
                raise EventBusError("ValidationException", reason)
            JSONPath.parse(self.input_path)

    def input_for(self, event: JSONObject, variables: Mapping[str, str]) -> JSONValue:
        """What the target gets for `event`.

        Raises:
            TemplateRenderError: AWS would not deliver it: not JSON, or nothing at the path.
        """
        if self.input is not None:
            return self.input
        if self.input_path is not None:
            found = JSONPath.parse(self.input_path).find(event)
            if found is MISSING:
                reason = f"target {self.id}: nothing is at InputPath {self.input_path}"
                raise TemplateRenderError(reason, rendered="")
            return found
        if self.input_transformer is not None:
            return self.input_transformer.render_input(event, variables)
        return event


@dataclass(frozen=True, slots=True)
class Rule:
    """A named event pattern and up to five targets.

    Raises:
        EventBusError: a bad name or state, more than five targets, two targets of one id.
        InvalidEventPatternError: the pattern is rejected.
    """

    name: str
    event_pattern: EventPattern | Mapping[str, Any] | str
    targets: Sequence[RuleTarget] = ()
    state: RuleState | str = RuleState.ENABLED

    def __post_init__(self) -> None:
        check_name("rule name", self.name)
        if self.state not in list(RuleState):
            reason = f"rule {self.name}: the state {self.state!r} is none of {', '.join(RuleState)}"
            raise EventBusError("ValidationException", reason)
        object.__setattr__(self, "state", RuleState(self.state))
        object.__setattr__(self, "targets", tuple(self.targets))
        if len(self.targets) > MAX_TARGETS:
            reason = f"rule {self.name}: {len(self.targets)} targets. The requested resource exceeds the maximum number"
            raise EventBusError("LimitExceededException", f"{reason} allowed.")
        ids = [target.id for target in self.targets]
        if len(set(ids)) < len(ids):
            raise EventBusError("ValidationException", f"rule {self.name}: two targets share an id: {', '.join(ids)}")
        if not isinstance(self.event_pattern, EventPattern):
            object.__setattr__(self, "event_pattern", EventPattern.parse(self.event_pattern))
