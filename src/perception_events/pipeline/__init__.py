"""The declaration of a whole pipeline, on top of everything: it makes the `Topology` that all else is asked about."""

from __future__ import annotations

from perception_events.pipeline._built_in import original_pipeline, perception_pipeline
from perception_events.pipeline._errors import InvalidPipelineError
from perception_events.pipeline._names import Names
from perception_events.pipeline._pipeline import Pipeline
from perception_events.pipeline._settings import (
    BusSettings,
    EnrichmentSettings,
    FunctionSettings,
    Module,
    PipeSettings,
    RuleSettings,
    TableSettings,
)

__all__ = [
    "BusSettings",
    "EnrichmentSettings",
    "FunctionSettings",
    "InvalidPipelineError",
    "Module",
    "Names",
    "PipeSettings",
    "Pipeline",
    "RuleSettings",
    "TableSettings",
    "original_pipeline",
    "perception_pipeline",
]
