"""The pytest plugin, which pytest finds by itself: fixtures that make what tests of a pipeline or a template need.

It is loaded with every pytest run where the package is installed, so each fixture imports what it makes only when
it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from perception_events.clock import ManualClock
    from perception_events.pipeline.simulation import PipelineSimulation
    from perception_events.streams import InMemoryTable
    from perception_events.testing import RecordBuilder, RecordingBus, RecordingTarget
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
    "simulate_pipeline",
    "simulate_template",
]

START = 1_752_538_268.0


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that moves only when a test moves it; it begins on 15 July 2025."""
    from perception_events.clock import ManualClock

    return ManualClock(START)


@pytest.fixture
def event_table(manual_clock: ManualClock) -> InMemoryTable:
    """The original pipeline's event table in memory, with its stream."""
    from perception_events.streams import InMemoryTable

    return InMemoryTable("PerceptionPipelineEvents-dev", clock=manual_clock)


@pytest.fixture
def record_builder() -> RecordBuilder:
    """Builds stream records."""
    from perception_events.testing import RecordBuilder

    return RecordBuilder()


@pytest.fixture
def recording_target() -> RecordingTarget:
    """A target that keeps what it gets."""
    from perception_events.testing import RecordingTarget

    return RecordingTarget()


@pytest.fixture
def recording_queue() -> RecordingTarget:
    """A dead-letter queue that keeps its messages."""
    from perception_events.testing import RecordingTarget

    return RecordingTarget()


@pytest.fixture
def recording_bus() -> RecordingBus:
    """A bus that keeps its entries."""
    from perception_events.testing import RecordingBus

    return RecordingBus()


@pytest.fixture
def simulate_pipeline() -> type[PipelineSimulation]:
    """Makes a simulation of a declaration: `simulate_pipeline(pipeline, env="dev", targets={...})`."""
    from perception_events.pipeline.simulation import PipelineSimulation

    return PipelineSimulation


@pytest.fixture
def simulate_template() -> type[TemplateSimulation]:
    """Makes a simulation of a template: `simulate_template("template.yaml", parameters={...})`."""
    from perception_events.testing.templates import TemplateSimulation

    return TemplateSimulation


@pytest.fixture
def event_trace() -> Trace:
    """A trace; pass `event_trace.record` as `trace`."""
    from perception_events.trace import Trace

    return Trace()
