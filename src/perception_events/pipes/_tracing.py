"""How the pipe words its steps as trace events; nothing else in `pipes` knows their fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes._records import event_id
from perception_events.trace import DeadLettered, Enriched, FilteredOut, RecordSeen, RecordsTrimmed, Retried, TraceEvent

__all__ = ["PipeTracing"]


@dataclass(frozen=True, slots=True)
class PipeTracing:
    """Sends the steps of the pipe called `pipe` to `sink`."""

    sink: Callable[[TraceEvent], object]
    now: Callable[[], float]
    pipe: str

    def seen(self, record: JSONObject) -> None:
        """A record was read."""
        self.sink(RecordSeen(self.now(), self.pipe, event_id(record) or "", record))

    def trimmed(self, shard_id: str, after: str) -> None:
        """The stream dropped records before they were read."""
        self.sink(RecordsTrimmed(self.now(), self.pipe, shard_id, after))

    def filtered_out(self, record: JSONObject, misses: tuple[str, ...]) -> None:
        """No filter matched."""
        self.sink(FilteredOut(self.now(), self.pipe, event_id(record) or "", misses))

    def enriched(self, records: Sequence[JSONObject], items: Sequence[JSONValue]) -> None:
        """The enrichment answered."""
        self.sink(Enriched(self.now(), self.pipe, _ids(records), tuple(items)))

    def retried(self, records: Sequence[JSONObject], number: int, reason: str, kind: str) -> None:
        """An attempt failed and another follows."""
        self.sink(Retried(self.now(), self.pipe, _ids(records), number, reason, kind))

    def dead_lettered(
        self, records: Sequence[JSONObject], condition: str, reason: str, message: JSONObject | None
    ) -> None:
        """Records were given up; `message` is None where there is no queue."""
        self.sink(DeadLettered(self.now(), self.pipe, _ids(records), condition, reason, message))


def _ids(records: Sequence[JSONObject]) -> tuple[str, ...]:
    return tuple(event_id(record) or "" for record in records)
