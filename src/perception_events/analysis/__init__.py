"""Questions about a whole topology: what rules do to each other, what a change does, which rules tests hold."""

from __future__ import annotations

from perception_events.analysis._diff import (
    InputChange,
    ReceiverDiff,
    TopologyDiff,
    UndecidedReception,
    diff_topologies,
)
from perception_events.analysis._diff_report import diff_json, diff_markdown, diff_object, diff_text
from perception_events.analysis._mutation import (
    MutantOutcome,
    MutantTests,
    MutantTrial,
    MutatedRule,
    TopologyMutation,
    mutate_topology,
)
from perception_events.analysis._mutation_report import mutation_json, mutation_text
from perception_events.analysis._pipeline_review import review_pipeline
from perception_events.analysis._review import ReviewFinding, ReviewKind, TopologyReview, review_topology
from perception_events.analysis._review_report import review_exit_code, review_json, review_text

__all__ = [
    "InputChange",
    "MutantOutcome",
    "MutantTests",
    "MutantTrial",
    "MutatedRule",
    "ReceiverDiff",
    "ReviewFinding",
    "ReviewKind",
    "TopologyDiff",
    "TopologyMutation",
    "TopologyReview",
    "UndecidedReception",
    "diff_json",
    "diff_markdown",
    "diff_object",
    "diff_text",
    "diff_topologies",
    "mutate_topology",
    "mutation_json",
    "mutation_text",
    "review_exit_code",
    "review_json",
    "review_pipeline",
    "review_text",
    "review_topology",
]
