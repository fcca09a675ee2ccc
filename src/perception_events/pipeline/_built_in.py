"""The original system's declaration, as it runs."""

from __future__ import annotations

from perception_events.classifiers import default_registry as original_registry
from perception_events.pipeline._pipeline import Pipeline
from perception_events.pipeline._settings import Module

__all__ = ["perception_pipeline"]

perception_pipeline = Pipeline(
    modules=(
        Module("pose", targets=("aggregate_pose",), triggers=("recon",)),
        Module("recon", targets=("aggregate_recon",), triggers=("preprocessing", "reid")),
        Module("preprocessing"),
        Module("reid"),
        Module("postprocessing"),
    ),
    base_registry=original_registry,
)
"""The pipeline of the original system: five named modules, the filter, template and names it runs with."""
