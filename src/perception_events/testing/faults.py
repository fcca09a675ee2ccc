"""Faults by plan: a seed and how often each thing goes wrong; the same plan gives the same run."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perception_events.buses import DeliveryScheduler
from perception_events.pipes import PipeInternalError, PipeStep, StepFault, StepFaults
from perception_events.pipes import SupportsPutEvents as Bus
from perception_events.scheduler import Scheduler
from perception_events.targets import Invocable, Target, as_target

__all__ = ["FaultPlan", "PlannedError"]


class PlannedError(RuntimeError):
    """A failure that a plan asked for."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """How often what goes wrong, as probabilities from 0 to 1; `delay` is the longest delay of a step in seconds.

    `crash`: the reader of a shard crashes before a step (at most `crashes` times in all). `internal_failure` and
    `failure`: an invocation fails by the service's or the customer's fault, before or after it took effect.
    `rejection`: a bus rejects an entry, for now. `poison`: an item always fails, chosen by its eventID.
    `duplicate`: a bus delivers an event to a target twice.

    What fails by chance may work the next time: give a simulation `assume_failing_after=None` beside a plan.
    """

    seed: int = 0
    crash: float = 0.0
    crashes: int = 10
    delay: float = 0.0
    internal_failure: float = 0.0
    failure: float = 0.0
    rejection: float = 0.0
    poison: float = 0.0
    duplicate: float = 0.0

    def deliver(self, scheduler: Scheduler) -> DeliveryScheduler:
        """For `EventBus(deliver=...)`: each delivery starts up to `delay` seconds later, in any order, some twice."""
        chance = random.Random(f"{self.seed} deliveries")

        def deliver(start: Callable[[], Generator[float, None, bool]]) -> None:
            for _ in range(2 if chance.random() < self.duplicate else 1):
                scheduler.run(start(), delay=chance.uniform(0, self.delay))

        return deliver

    def step_faults(self) -> StepFaults:
        """For `PipeRun(faults=...)`."""
        chance = random.Random(f"{self.seed} steps")
        left = [self.crashes]

        def fault(step: PipeStep) -> StepFault:
            if left[0] and chance.random() < self.crash:
                left[0] -= 1
                return StepFault(crash=True)
            return StepFault(seconds=chance.uniform(0, self.delay) if self.delay else 0.0)

        return fault

    def is_poison(self, event_id: str) -> bool:
        """Whether items of this record always fail."""
        return random.Random(f"{self.seed} poison {event_id}").random() < self.poison

    def target(self, inner: Invocable, *, name: str = "target") -> Target:
        """`inner`, failing as planned; give each target its own `name`, so that each has its own chances."""
        return _PlannedTarget(self, as_target(inner), random.Random(f"{self.seed} {name}"))

    def bus(self, inner: Bus, *, name: str = "bus") -> Bus:
        """`inner`, rejecting entries and failing as planned."""
        return _PlannedBus(self, inner, random.Random(f"{self.seed} {name}"))

    def strike(self, chance: random.Random) -> None:
        """Fail, if it is time to.

        Raises:
            PipeInternalError: by the service's fault.
            PlannedError: by the customer's.
        """
        if chance.random() < self.internal_failure:
            raise PipeInternalError(f"planned internal failure ({self})")
        if chance.random() < self.failure:
            raise PlannedError(f"planned failure ({self})")


@dataclass(frozen=True, slots=True)
class _PlannedTarget:
    plan: FaultPlan
    inner: Target
    chance: random.Random

    def invoke(self, event: Any) -> Any:
        for item in event if isinstance(event, list) else [event]:
            if isinstance(item, dict) and self.plan.is_poison(str(item.get("eventID"))):
                raise PlannedError(f"poison: {item.get('eventID')} ({self.plan})")
        self.plan.strike(self.chance)
        response = self.inner.invoke(event)
        self.plan.strike(self.chance)  # it worked, but nobody learned of it
        return response


@dataclass(frozen=True, slots=True)
class _PlannedBus:
    plan: FaultPlan
    inner: Bus
    chance: random.Random

    def put_events(self, entries: Sequence[Mapping[str, Any]], /) -> Mapping[str, Any]:
        self.plan.strike(self.chance)
        rejected = [self._rejects(entry) for entry in entries]
        taken = [entry for entry, no in zip(entries, rejected, strict=True) if not no]
        response: Mapping[str, Any] = {"FailedEntryCount": 0, "Entries": []}
        if taken:
            response = self.inner.put_events(taken)
        self.plan.strike(self.chance)
        results = iter(response["Entries"])
        rejection = {"ErrorCode": "InternalFailure", "ErrorMessage": f"planned rejection ({self.plan})"}
        return {
            "FailedEntryCount": response["FailedEntryCount"] + sum(rejected),
            "Entries": [rejection if no else next(results) for no in rejected],
        }

    def _rejects(self, entry: Mapping[str, Any]) -> bool:
        if self.chance.random() < self.plan.rejection:
            return True
        return self.plan.poison > 0 and self.plan.is_poison(str(json.loads(entry["Detail"]).get("eventID")))
