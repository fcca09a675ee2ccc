"""Archives: events kept by a bus, to be replayed to it later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from perception_events.json_values import JSONObject
from perception_events.patterns import EventPattern

__all__ = ["Archive", "Replay", "event_seconds"]

DAY = 86_400


@dataclass(slots=True)
class Archive:
    """Events of one bus, as they were put; `retention_days` of 0 keeps them for ever.

    An event is here at once; on AWS it may take ten minutes.
    """

    name: str
    bus: str
    event_pattern: EventPattern | None = None
    retention_days: int = 0
    events: list[JSONObject] = field(default_factory=list)

    def keep(self, event: JSONObject, text: str) -> None:
        """Keep `event` if the pattern takes it; replayed events are not archived again."""
        if "replay-name" not in event and (self.event_pattern is None or self.event_pattern.matches_json(text)):
            self.events.append(event)

    def between(self, start: float, end: float, now: float) -> list[JSONObject]:
        """The events from `start` to before `end` that are not past retention, in order of their time's minute.

        AWS: replays go through one-minute intervals by event time; the order within one is not promised.
        """
        oldest = now - self.retention_days * DAY if self.retention_days else float("-inf")
        kept = [e for e in self.events if max(start, oldest) <= event_seconds(e) < end]
        return sorted(kept, key=lambda event: event_seconds(event) // 60)


@dataclass(frozen=True, slots=True)
class Replay:
    """A finished replay: how many events went out again."""

    name: str
    archive: str
    event_count: int


def event_seconds(event: JSONObject) -> float:
    """The event's time in seconds since the epoch."""
    return datetime.fromisoformat(str(event["time"])).timestamp()
