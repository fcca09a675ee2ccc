"""For your tests: record builders, a clock, targets that fail, fault plans, assertions, contract checks.

Usable without pytest, whose plugin (`perception_events.pytest_plugin`) has fixtures that make these;
`perception_events.testing.strategies` has hypothesis strategies.
"""

from __future__ import annotations

from perception_events.clock import ManualClock
from perception_events.testing.assertions import assert_dead_lettered, assert_filtered_out, assert_routed
from perception_events.testing.contracts import check_classifier, check_pipe_target, check_target
from perception_events.testing.faults import FaultPlan, PlannedError
from perception_events.testing.join_stores import check_join_store
from perception_events.testing.records import RecordBuilder, to_attributes
from perception_events.testing.targets import AsyncFunction, FailingTarget, RecordingBus, RecordingTarget

__all__ = [
    "AsyncFunction",
    "FailingTarget",
    "FaultPlan",
    "ManualClock",
    "PlannedError",
    "RecordBuilder",
    "RecordingBus",
    "RecordingTarget",
    "assert_dead_lettered",
    "assert_filtered_out",
    "assert_routed",
    "check_classifier",
    "check_join_store",
    "check_pipe_target",
    "check_target",
    "to_attributes",
]
