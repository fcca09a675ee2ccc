"""In-memory pipes and event source mappings: records through filter, input template, enrichment and target."""

from __future__ import annotations

from perception_events.pipes._batch import Batch
from perception_events.pipes._dead_letters import dead_letter_records
from perception_events.pipes._delivery import Pause, PipeStep, RetryPolicy, default_retry_delay
from perception_events.pipes._enrichment import PipeEnrichment
from perception_events.pipes._errors import (
    EnrichmentResponseError,
    InvalidPipeError,
    PipeInternalError,
    PipeTargetError,
)
from perception_events.pipes._filter import Filter, FilterCriteria
from perception_events.pipes._mapping import EventSourceMapping
from perception_events.pipes._paths import parameters
from perception_events.pipes._pipe import BatchReader, BatchSource, Pipe, PipeARNs
from perception_events.pipes._result import PipeResult
from perception_events.pipes._run import PipeRun, StepFault, StepFaults, SupportsCallLater
from perception_events.pipes._targets import (
    EventBusTarget,
    FunctionTarget,
    PartialFailure,
    PipeItem,
    PipeTarget,
    SupportsPutEvents,
)

__all__ = [
    "Batch",
    "BatchReader",
    "BatchSource",
    "EnrichmentResponseError",
    "EventBusTarget",
    "EventSourceMapping",
    "Filter",
    "FilterCriteria",
    "FunctionTarget",
    "InvalidPipeError",
    "PartialFailure",
    "Pause",
    "Pipe",
    "PipeARNs",
    "PipeEnrichment",
    "PipeInternalError",
    "PipeItem",
    "PipeResult",
    "PipeRun",
    "PipeStep",
    "PipeTarget",
    "PipeTargetError",
    "RetryPolicy",
    "StepFault",
    "StepFaults",
    "SupportsCallLater",
    "SupportsPutEvents",
    "dead_letter_records",
    "default_retry_delay",
    "parameters",
]
