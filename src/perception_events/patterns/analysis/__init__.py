"""Questions about patterns themselves: which events two share, which rule can never match, what a change changes."""

from perception_events.patterns.analysis._answers import Answer
from perception_events.patterns.analysis._questions import (
    disjoint,
    equivalent,
    implies,
    overlap,
    satisfiable,
    uncovered,
)

__all__ = [
    "Answer",
    "disjoint",
    "equivalent",
    "implies",
    "overlap",
    "satisfiable",
    "uncovered",
]
