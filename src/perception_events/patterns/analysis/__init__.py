"""Questions about patterns themselves: which events two share, which rule can never match, what a change changes."""

from __future__ import annotations

from perception_events.patterns.analysis._answers import Answer
from perception_events.patterns.analysis._difference import Change, Difference, difference
from perception_events.patterns.analysis._examples import (
    NearMiss,
    NoExampleError,
    draw_match,
    draw_miss,
    example,
    near_misses,
)
from perception_events.patterns.analysis._mutants import (
    Mutant,
    MutationReport,
    Survivor,
    mutants,
    try_mutants,
)
from perception_events.patterns.analysis._on_a_bus import satisfiable_on_a_bus
from perception_events.patterns.analysis._questions import (
    disjoint,
    equivalent,
    implies,
    overlap,
    satisfiable,
    uncovered,
)
from perception_events.patterns.analysis._review import (
    FindingKind,
    Review,
    ReviewedRule,
    RuleFinding,
    review,
)
from perception_events.patterns.analysis._rule_sets import Shadow, shadowed, unreachable
from perception_events.patterns.analysis._within import TextLanguage, string_within

__all__ = [
    "Answer",
    "Change",
    "Difference",
    "FindingKind",
    "Review",
    "Mutant",
    "MutationReport",
    "NearMiss",
    "NoExampleError",
    "ReviewedRule",
    "RuleFinding",
    "Shadow",
    "Survivor",
    "TextLanguage",
    "difference",
    "disjoint",
    "draw_match",
    "draw_miss",
    "equivalent",
    "example",
    "implies",
    "mutants",
    "near_misses",
    "overlap",
    "review",
    "satisfiable",
    "satisfiable_on_a_bus",
    "shadowed",
    "string_within",
    "try_mutants",
    "uncovered",
    "unreachable",
]
