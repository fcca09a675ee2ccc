"""The declaration that is built in, with settings that pass every check, and the original system's own settings."""

from __future__ import annotations

from dataclasses import replace

from perception_events.classifiers import default_registry as original_registry
from perception_events.pipeline._pipeline import Pipeline
from perception_events.pipeline._settings import Module, PipeSettings

__all__ = ["original_pipeline", "perception_pipeline"]

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
"""The pipeline of the original system: its five modules and names, with the pipe's settings that `PipeSettings` has."""

original_pipeline = replace(
    perception_pipeline,
    pipe=PipeSettings(
        filter_criteria=({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}}},),
        maximum_retry_attempts=-1,
        maximum_record_age=-1,
        starting_position="LATEST",
        on_partial_batch_item_failure=None,
        enrichment_input_template='{"dynamodb": {"NewImage": <$.dynamodb.NewImage>}}',
    ),
)
"""The same with the pipe as the original system runs it: inserts only, the bare image, retries without end."""
