"""Declarations that the tests of templates, roles and pictures share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from perception_events.aggregation import FallbackPolicy, Join, Manifest
from perception_events.pipeline import (
    BusSettings,
    FunctionSettings,
    Module,
    Pipeline,
    PipeSettings,
    RuleSettings,
    TableSettings,
    original_pipeline,
    perception_pipeline,
)

__all__ = ["DECLARATIONS", "EXISTING", "JOINED"]

JOINED = Pipeline(
    modules=(
        Module(
            "pose",
            targets=("aggregate_pose",),
            joins=(
                Join(
                    "pose",
                    ("site", "date", "sync"),
                    expects={"cam1", "cam2", "cam3"},
                    trigger=("recon",),
                    deadline=timedelta(hours=1),
                    policy=FallbackPolicy.QUORUM,
                    quorum=2,
                ),
            ),
            parts=("sync", "camera"),
        ),
        Module(
            "recon",
            targets=("aggregate_recon",),
            joins=(
                Join(
                    "recon",
                    expects=Manifest("syncs"),
                    trigger=("preprocessing", "reid"),
                    deadline=timedelta(hours=6),
                    policy=FallbackPolicy.ALERT,
                ),
            ),
            parts=("sync",),
        ),
        Module("preprocessing", targets=("start_postprocessing",), triggers=("postprocessing",)),
        Module("reid"),
        Module("postprocessing"),
    ),
    pipe=PipeSettings(
        filter_criteria=(
            {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}}},
        ),
        maximum_batching_window=5,
        maximum_retry_attempts=5,
        maximum_record_age=3600,
        on_partial_batch_item_failure="AUTOMATIC_BISECT",
        enrichment_input_template='{"eventID": <$.eventID>, "eventName": <$.eventName>, "dynamodb": <$.dynamodb>}',
        starting_position="TRIM_HORIZON",
    ),
    bus=BusSettings(archive_retention_days=30),
)
"""Two joins, one on a manifest, and every limit set."""

EXISTING = replace(
    perception_pipeline,
    table=TableSettings(
        existing_stream_arn=(
            "arn:aws:dynamodb:ap-northeast-2:123456789012:table/PerceptionPipelineEvents-dev/stream/2025-07-15T00:00:00.000"
        )
    ),
    bus=BusSettings(existing_name="perception-pipeline-event-bus-dev", archive_retention_days=0),
    functions=FunctionSettings(
        existing_arns={
            "enrichment": "arn:aws:lambda:ap-northeast-2:123456789012:function:perception-pipeline-enrichment",
            "aggregate_pose": "arn:aws:lambda:ap-northeast-2:123456789012:function:aggregate_pose-dev",
        },
        code_bucket="perception-code",
        dead_letter_queue=False,
    ),
    extra_rules=(
        RuleSettings(
            "all-events-rule",
            {"source": [{"prefix": "Pipe "}], "detail": {"PerceptionPipelineEventType": [{"anything-but": "unknown"}]}},
            ("log_event",),
        ),
    ),
)
"""Table, bus and two functions are there already; one rule of its own."""

DECLARATIONS: dict[str, tuple[Pipeline, str]] = {
    "original-dev": (original_pipeline, "dev"),
    "joined-dev": (JOINED, "dev"),
    "existing-dev": (EXISTING, "dev"),
}
"""By the name of their golden files."""
