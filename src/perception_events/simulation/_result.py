"""What became of one input of a simulation: read from the steps that it caused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import Mismatch
from perception_events.trace import (
    DeadLettered,
    DependsOn,
    Discarded,
    Explanations,
    FilteredOut,
    Put,
    Received,
    Retried,
    RuleMatched,
    RulesNotMatched,
    Trace,
    TraceEvent,
)

__all__ = ["Invocation", "RuleVerdict", "SimulationResult", "Verdict"]

_HOUR = 3600.0
Event = TypeVar("Event", bound=TraceEvent)


class Verdict(StrEnum):
    """Whether a rule matched an event."""

    MATCHED = "matched"
    NOT_MATCHED = "not matched"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule said of one event.

    `bus`, `rule`: their names. `mismatches`: why it did not match. `depends_on`: the expressions of unknown values that
    decide it.
    """

    bus: str
    rule: str
    event_id: str
    verdict: Verdict
    mismatches: tuple[Mismatch, ...] = ()
    depends_on: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A JSON object; each mismatch as field, expected, found and fix."""
        return {
            "bus": self.bus,
            "rule": self.rule,
            "event_id": self.event_id,
            "verdict": self.verdict.value,
            "mismatches": [
                {"field": each.path, "expected": each.expected, "found": each.found, "fix": each.fix}
                for each in self.mismatches
            ],
            "depends_on": list(self.depends_on),
        }


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a target received: `resource` is its id, `kind` what it is, `parameters` those of its kind."""

    resource: str
    kind: str
    input: JSONValue
    parameters: JSONObject

    def to_dict(self) -> dict[str, Any]:
        """A JSON object of the fields."""
        return {"resource": self.resource, "kind": self.kind, "input": self.input, "parameters": self.parameters}


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """The steps that one input has caused, and what they say.

    `trace`: the steps, in order. `response`: what `put_events` responds; None for other inputs.
    """

    trace: tuple[TraceEvent, ...]
    response: dict[str, Any] | None = None

    @property
    def received(self) -> tuple[Invocation, ...]:
        """What each target received, in order."""
        return tuple(Invocation(step.where, step.kind, step.input, step.parameters) for step in self._of(Received))

    def inputs_of(self, resource: str) -> list[JSONValue]:
        """What the target with this id received, in order."""
        return [step.input for step in self._of(Received) if step.where == resource]

    @property
    def rules(self) -> tuple[RuleVerdict, ...]:
        """The verdict of every enabled rule on every event that reached its bus."""
        return tuple(self._verdicts())

    def rule(self, name: str) -> RuleVerdict:
        """The last verdict of the rule with this name.

        Raises:
            KeyError: no event reached its bus.
        """
        for verdict in reversed(self.rules):
            if verdict.rule == name:
                return verdict
        raise KeyError(f"no event reached a bus with a rule {name!r}")

    @property
    def events(self) -> tuple[JSONObject, ...]:
        """The events that reached a bus."""
        return tuple(step.event for step in self._of(Put))

    @property
    def filtered_out(self) -> tuple[tuple[str, Explanations], ...]:
        """The pipes and event source mappings whose filter stopped the record, and why."""
        return tuple((step.where, step.explanations) for step in self._of(FilteredOut))

    @property
    def depends_on(self) -> tuple[DependsOn, ...]:
        """What could not be decided."""
        return tuple(self._of(DependsOn))

    @property
    def failures(self) -> tuple[str, ...]:
        """Why something was given up, each reason once; and how long it held up what came after it."""
        lines = []
        for step in self.trace:
            if isinstance(step, DeadLettered | Discarded):
                lost = "" if isinstance(step, DeadLettered) else ", lost"
                held = ""
                if step.seconds >= _HOUR:
                    hours = f"{step.seconds / _HOUR:.1f} h"
                    held = f", blocking its shard for {hours}" if step.held_up_shard else f", after {hours}"
                lines.append(f"{step.where}: {step.condition}{lost}{held}: {step.reason}")
        return tuple(dict.fromkeys(lines))

    @property
    def retries(self) -> int:
        """How often something was attempted again."""
        return sum(step.count for step in self._of(Retried))

    def table(self) -> str:
        """The steps as aligned columns."""
        trace = Trace()
        for step in self.trace:
            trace.record(step)
        return trace.table()

    def to_dict(self) -> dict[str, Any]:
        """A JSON object, without the trace."""
        return {
            "events": list(self.events),
            "received": [each.to_dict() for each in self.received],
            "rules": [each.to_dict() for each in self.rules],
            "filtered_out": [{"by": where, "mismatches": why.to_list()} for where, why in self.filtered_out],
            "depends_on": [{"subject": s.subject, "expressions": list(s.expressions)} for s in self.depends_on],
            "failures": list(self.failures),
        }

    def _of(self, kind: type[Event]) -> list[Event]:
        return [step for step in self.trace if isinstance(step, kind)]

    def _verdicts(self) -> Iterator[RuleVerdict]:
        for step in self.trace:
            if isinstance(step, RuleMatched):
                yield RuleVerdict(step.where, step.rule, step.event_id, Verdict.MATCHED)
            elif isinstance(step, RulesNotMatched):
                for each in step.explanations:
                    yield RuleVerdict(step.where, each.rule, step.event_id, Verdict.NOT_MATCHED, each.mismatches)
            elif isinstance(step, DependsOn) and step.subject.startswith("rule "):
                name = step.subject.removeprefix("rule ")
                yield RuleVerdict(step.where, name, step.event_id, Verdict.DEPENDS, depends_on=step.expressions)
