"""The parts which the tests of the naive design share: the original handler, and a short way from record to bus."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Mapping
from typing import Any

from perception_events.buses import EventBus, Rule, RuleTarget
from perception_events.classifiers import Enrichment, default_registry
from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes import BatchSource, EventBusTarget, Pipe, SupportsPutEvents
from perception_events.targets import Target
from perception_events.testing import RecordBuilder, RecordingTarget
from perception_events.topology import SourceParameters
from perception_events.trace import Trace
from support.pipe_parts import pipe_settings

__all__ = ["POSE", "RECON", "START", "NaiveDesign", "original_handler", "passes"]

START = 1_752_538_268.0
POSE = "2025-07-15#pose#sync001#cam3"
RECON = "2025-07-15#recon#sync001"


def original_handler(event: Any) -> JSONValue:
    """The enrichment as it stands in the original description: it reads one record."""
    sort_key = event["dynamodb"]["NewImage"]["date#event_type"]["S"]
    event["PerceptionPipelineEventType"] = "pose" if "#pose#" in sort_key else "unknown"
    result: JSONValue = event
    return result


class NaiveDesign:
    """Stream records through a pipe to a bus with rules; everything on the way is kept."""

    def __init__(
        self,
        rules: Mapping[str, tuple[Any, Target]] | None = None,
        *,
        deliver: Callable[[Callable[[], Generator[float, None, bool]]], object] | None = None,
        source: str | None = None,
        detail_type: str | None = None,
        bus: SupportsPutEvents | None = None,
        **settings: Any,
    ) -> None:
        self.clock = ManualClock(START)
        self.build = RecordBuilder()
        self.trace = Trace()
        self.queue = RecordingTarget()
        self.everything = RecordingTarget()
        ids = itertools.count(1)
        self.bus = EventBus(
            "perception",
            clock=self.clock,
            new_id=lambda: f"00000000-0000-0000-0000-{next(ids):012d}",
            trace=self.trace.record,
            deliver=deliver,
        )
        self.bus.put_rule(
            Rule("everything", {"source": [{"prefix": ""}]}, targets=(RuleTarget("everything", self.everything),))
        )
        for name, (pattern, target) in (rules or {}).items():
            self.bus.put_rule(Rule(name, pattern, targets=(RuleTarget(name, target),)))
        settings.setdefault("batch_size", 10)
        settings.setdefault("maximum_retry_attempts", 2)
        settings.setdefault("enrichment", Enrichment(default_registry))
        self.pipe = Pipe(
            "p",
            EventBusTarget(self.bus if bus is None else bus, source=source, detail_type=detail_type),
            clock=self.clock,
            trace=self.trace.record,
            **pipe_settings(dead_letters=self.queue, **settings),
        )

    @property
    def details(self) -> list[Any]:
        """The detail of every event that reached the bus."""
        return [event["detail"] for event in self.everything.events]


def passes(pattern: Any, *records: JSONObject) -> list[bool]:
    """Which of `records` a pipe with the filter `pattern` lets through."""
    passed = RecordingTarget([])
    for record in records:
        Pipe(
            "p",
            EventBusTarget(EventBus(clock=ManualClock(START), new_id=str)),
            source=BatchSource(parameters=SourceParameters(batch_size=1), filters=[pattern]),
            clock=ManualClock(START),
            enrichment=passed,
        ).process([record])
    ids = {batch[0]["eventID"] for batch in passed.events}
    return [record["eventID"] in ids for record in records]
