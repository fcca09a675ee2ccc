"""Recorded traffic: files of events and stream records -> what rules cover, and what a change of rules changes."""

from __future__ import annotations

from perception_events.traffic._blocks import (
    MAX_LINE,
    STANDARD_INPUT,
    Block,
    UnreadableInput,
    blocks_of,
    blocks_of_lines,
    is_traffic,
    read_blocks,
)
from perception_events.traffic._compare import (
    ChangeKind,
    ComparePlan,
    CompareReport,
    ComparisonCounts,
    TrafficChange,
    compare,
    compare_report,
)
from perception_events.traffic._coverage import CoverageCounts, CoveragePlan
from perception_events.traffic._coverage_page import coverage_page
from perception_events.traffic._coverage_report import (
    CoverageReport,
    ReaderCoverage,
    RuleCoverage,
    UntakenEvents,
    ValueCoverage,
    coverage,
    coverage_report,
)
from perception_events.traffic._deliveries import Delivery, deliveries_of, received_input
from perception_events.traffic._entries import FoundEvent, FoundRecord
from perception_events.traffic._field_values import FieldValues
from perception_events.traffic._inputs import InputCounts, UnreadableTrafficError
from perception_events.traffic._jobs import Mergeable, Plan, WorkerDiedError, count_in_jobs
from perception_events.traffic._reading import read_events, read_records, read_traffic
from perception_events.traffic._replay import InjectedFaultError, Replay, ReplayedInput
from perception_events.traffic._replay_summary import Occurrences, ReplaySummary
from perception_events.traffic._rules import TrafficRule, UndecidedRule, rules_of

__all__ = [
    "MAX_LINE",
    "STANDARD_INPUT",
    "Block",
    "ChangeKind",
    "ComparePlan",
    "CompareReport",
    "ComparisonCounts",
    "TrafficChange",
    "compare",
    "compare_report",
    "CoverageCounts",
    "CoveragePlan",
    "Delivery",
    "CoverageReport",
    "FieldValues",
    "FoundEvent",
    "FoundRecord",
    "InjectedFaultError",
    "InputCounts",
    "Mergeable",
    "Occurrences",
    "Plan",
    "Replay",
    "ReplaySummary",
    "ReplayedInput",
    "ReaderCoverage",
    "RuleCoverage",
    "TrafficRule",
    "UndecidedRule",
    "UnreadableInput",
    "UnreadableTrafficError",
    "UntakenEvents",
    "ValueCoverage",
    "WorkerDiedError",
    "blocks_of",
    "blocks_of_lines",
    "count_in_jobs",
    "deliveries_of",
    "coverage",
    "coverage_page",
    "coverage_report",
    "is_traffic",
    "read_blocks",
    "read_events",
    "read_records",
    "read_traffic",
    "received_input",
    "rules_of",
]
