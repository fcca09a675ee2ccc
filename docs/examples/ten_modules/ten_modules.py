"""Ten modules from pose to postprocessing, each started when its inputs are complete: the whole declaration.

A site films a day in syncs, six cameras each. Pose runs for each camera, reconstruction for each sync, the rest for
each day; which syncs a day has, the recorder says in the item `date#manifest_recon`.
"""

from __future__ import annotations

from datetime import timedelta

from perception_events.aggregation import FallbackPolicy, Join, Manifest
from perception_events.pipeline import Module, Pipeline, PipeSettings

CAMERAS = ("cam1", "cam2", "cam3", "cam4", "cam5", "cam6")

pipeline = Pipeline(
    modules=(
        Module(
            "pose",
            targets=("aggregate",),
            parts=("sync", "camera"),
            joins=(
                Join(
                    on="pose",
                    group_by=("site", "date", "sync"),
                    expects=CAMERAS,
                    trigger=("recon",),
                    deadline=timedelta(hours=1),
                    policy=FallbackPolicy.QUORUM,
                    quorum=4,
                ),
            ),
        ),
        Module(
            "recon",
            targets=("aggregate",),
            parts=("sync",),
            joins=(
                Join(
                    on="recon",
                    expects=Manifest("manifest_recon"),
                    trigger=("preprocessing", "reid"),
                    deadline=timedelta(hours=6),
                    policy=FallbackPolicy.ALERT,
                ),
            ),
        ),
        Module("preprocessing", targets=("aggregate",), parts=()),
        Module(
            "reid",
            targets=("aggregate",),
            parts=(),
            joins=(Join(on=("preprocessing", "reid"), trigger=("tracking",)),),
        ),
        Module(
            "tracking",
            targets=("aggregate",),
            parts=(),
            joins=(Join(on="tracking", trigger=("smoothing", "actions")),),
        ),
        Module("smoothing", targets=("aggregate",), parts=(), joins=(Join(on="smoothing", trigger=("biomechanics",)),)),
        Module("actions", targets=("aggregate",), parts=()),
        Module(
            "biomechanics",
            targets=("aggregate",),
            parts=(),
            joins=(Join(on=("actions", "biomechanics"), trigger=("summary",)),),
        ),
        Module("summary", targets=("aggregate",), parts=(), joins=(Join(on="summary", trigger=("postprocessing",)),)),
        Module("postprocessing", targets=("publish",), parts=()),
    ),
    # Corrections need to be seen: every change of a module's item passes, whole, so that its sequence number does too.
    pipe=PipeSettings(
        filter_criteria=(
            {
                "eventName": ["INSERT", "MODIFY"],
                "dynamodb": {"NewImage": {"status": {"S": ["COMPLETED", "PROCESSING", "FAILED"]}}},
            },
        ),
        enrichment_input_template=None,
    ),
)
