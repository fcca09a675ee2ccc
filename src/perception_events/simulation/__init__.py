"""A topology in memory: records, events and messages go in, and every step and every input of a target comes out."""

from __future__ import annotations

from perception_events.simulation._input_form import InputForm, input_form
from perception_events.simulation._result import Invocation, RuleVerdict, SimulationResult, Verdict
from perception_events.simulation._simulation import ASSUME_FAILING_AFTER, Simulation, UnknownTargetError

__all__ = [
    "ASSUME_FAILING_AFTER",
    "InputForm",
    "Invocation",
    "RuleVerdict",
    "Simulation",
    "SimulationResult",
    "UnknownTargetError",
    "Verdict",
    "input_form",
]
