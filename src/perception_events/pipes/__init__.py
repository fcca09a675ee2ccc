"""In-memory pipes: DynamoDB stream records through filter, input template, enrichment and target."""

from __future__ import annotations

from perception_events.pipes._dead_letters import DeadLetterCondition, dead_letter_records
from perception_events.pipes._delivery import Pause, PipeStep, default_retry_delay
from perception_events.pipes._errors import (
    EnrichmentResponseError,
    InvalidPipeError,
    PipeInternalError,
    PipeTargetError,
)
from perception_events.pipes._filter import FilterCriteria
from perception_events.pipes._pipe import Pipe
from perception_events.pipes._result import PipeResult
from perception_events.pipes._run import PipeRun, StepFault, StepFaults
from perception_events.pipes._settings import OnPartialBatchItemFailure
from perception_events.pipes._targets import (
    EventBusTarget,
    FunctionTarget,
    PartialFailure,
    PipeItem,
    PipeTarget,
    SupportsPutEvents,
)

__all__ = [
    "DeadLetterCondition",
    "EnrichmentResponseError",
    "EventBusTarget",
    "FilterCriteria",
    "FunctionTarget",
    "InvalidPipeError",
    "OnPartialBatchItemFailure",
    "PartialFailure",
    "Pause",
    "Pipe",
    "PipeInternalError",
    "PipeItem",
    "PipeResult",
    "PipeRun",
    "PipeStep",
    "PipeTarget",
    "PipeTargetError",
    "SupportsPutEvents",
    "StepFault",
    "StepFaults",
    "dead_letter_records",
    "default_retry_delay",
]
