"""Pytest fixtures; switch them on with `pytest_plugins = ["perception_events.testing.fixtures"]` in `conftest.py`."""

from __future__ import annotations

import pytest

from perception_events.clock import ManualClock
from perception_events.streams import InMemoryTable
from perception_events.testing.records import RecordBuilder
from perception_events.testing.targets import RecordingBus, RecordingTarget
from perception_events.testing.templates import TemplateSimulation
from perception_events.trace import Trace

__all__ = [
    "event_table",
    "event_trace",
    "manual_clock",
    "record_builder",
    "recording_bus",
    "recording_queue",
    "recording_target",
    "simulate_template",
]

START = 1_752_538_268.0


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that moves only when told to; it begins on 15 July 2025."""
    return ManualClock(START)


@pytest.fixture
def event_table(manual_clock: ManualClock) -> InMemoryTable:
    """The pipeline's event table in memory, with its stream."""
    return InMemoryTable("PerceptionPipelineEvents-dev", clock=manual_clock)


@pytest.fixture
def record_builder() -> RecordBuilder:
    """Builds stream records."""
    return RecordBuilder()


@pytest.fixture
def recording_target() -> RecordingTarget:
    """A target that keeps what it gets."""
    return RecordingTarget()


@pytest.fixture
def recording_queue() -> RecordingTarget:
    """A dead-letter queue that keeps its messages."""
    return RecordingTarget()


@pytest.fixture
def recording_bus() -> RecordingBus:
    """A bus that keeps its entries."""
    return RecordingBus()


@pytest.fixture
def simulate_template() -> type[TemplateSimulation]:
    """Makes a simulation of a template: `simulate_template("template.yaml", parameters={...})`."""
    return TemplateSimulation


@pytest.fixture
def event_trace() -> Trace:
    """A trace; pass `event_trace.record` as `trace`."""
    return Trace()
