"""Questions about a whole topology: what rules do to each other, what a change does, which rules tests hold."""

from __future__ import annotations

from perception_events.analysis._pipeline_review import review_pipeline
from perception_events.analysis._review import ReviewFinding, ReviewKind, TopologyReview, review_topology
from perception_events.analysis._review_report import review_exit_code, review_json, review_text

__all__ = [
    "ReviewFinding",
    "ReviewKind",
    "TopologyReview",
    "review_exit_code",
    "review_json",
    "review_pipeline",
    "review_text",
    "review_topology",
]
