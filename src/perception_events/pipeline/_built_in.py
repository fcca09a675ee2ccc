"""The original system's declaration, as it runs."""

from __future__ import annotations

from perception_events.classifiers import default_registry as original_registry
from perception_events.pipeline._pipeline import Pipeline
from perception_events.pipeline._settings import Module, PipeSettings

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
    # What the original runs with, not what a new declaration should: `PipeSettings` has other defaults.
    pipe=PipeSettings(
        filter_criteria=({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}}},),
        maximum_retry_attempts=-1,
        maximum_record_age=-1,
        starting_position="LATEST",
        on_partial_batch_item_failure=None,
        enrichment_input_template='{"dynamodb": {"NewImage": <$.dynamodb.NewImage>}}',
    ),
)
"""The pipeline of the original system: five named modules, the filter, template and names it runs with."""
