"""The original article's settings, as they stand in it: what `perception-events check` is for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perception_events.pipeline import original_pipeline

_PIPE = replace(original_pipeline.pipe, batch_size=None, dead_letter_queue=False)
pipeline = replace(original_pipeline, pipe=_PIPE)
"""No batch size is set, so that the source's default of 100 holds; no dead-letter queue; retries without end."""


def lambda_handler(event: Any, context: Any) -> Any:
    """The enrichment as it was written: it expects one record."""
    sort_key = event["dynamodb"]["NewImage"]["date#event_type"]["S"]
    event["PerceptionPipelineEventType"] = "pose" if "#pose#" in sort_key else "unknown"
    return event
