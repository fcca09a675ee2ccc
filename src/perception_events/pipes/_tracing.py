"""How the pipe words its steps as trace events; nothing else in `pipes` knows their fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes._filter import FilterCriteria
from perception_events.sources import Source
from perception_events.trace import (
    DeadLettered,
    DependsOn,
    Discarded,
    Enriched,
    Explanations,
    FilteredOut,
    RecordSeen,
    RecordsTrimmed,
    Retried,
    Returned,
    TraceSink,
)

__all__ = ["PipeTracing"]


@dataclass(frozen=True, slots=True)
class PipeTracing:
    """Sends the steps of the pipe called `pipe`, which reads `source`, to `sink`."""

    sink: TraceSink
    now: Callable[[], float]
    pipe: str
    source: Source

    def seen(self, record: JSONObject) -> None:
        """A record was read."""
        self.sink(RecordSeen(self.now(), self.pipe, self._id(record), record))

    def trimmed(self, shard_id: str, after: str) -> None:
        """The stream dropped records before they were read."""
        self.sink(RecordsTrimmed(self.now(), self.pipe, shard_id, after))

    def filtered_out(self, record: JSONObject, criteria: FilterCriteria) -> None:
        """No filter matched; why is worked out when somebody asks."""
        explanations = Explanations(lambda: criteria.explain(self.source.decoded(record)))
        self.sink(FilteredOut(self.now(), self.pipe, self._id(record), explanations))

    def depends_on(self, record: JSONObject, subject: str, expressions: tuple[str, ...]) -> None:
        """What becomes of the record is not known."""
        self.sink(DependsOn(self.now(), self.pipe, self._id(record), subject, expressions))

    def enriched(self, records: Sequence[JSONObject], items: Sequence[JSONValue]) -> None:
        """The enrichment returned items."""
        self.sink(Enriched(self.now(), self.pipe, self._ids(records), tuple(items)))

    def retried(
        self,
        records: Sequence[JSONObject],
        retry: int,
        reason: str,
        kind: str,
        *,
        count: int = 1,
        since: float | None = None,
        last: float | None = None,
        assumed: int = 0,
    ) -> None:
        """Attempts failed and another followed each."""
        time = self.now() if last is None else last
        first = time if since is None else since
        self.sink(Retried(time, self.pipe, self._ids(records), retry, reason, kind, count, first, assumed))

    def returned(self, records: Sequence[JSONObject], reason: str) -> None:
        """Messages go back to their queue."""
        self.sink(Returned(self.now(), self.pipe, self._ids(records), reason))

    def dead_lettered(
        self, records: Sequence[JSONObject], condition: str, reason: str, message: JSONObject, seconds: float
    ) -> None:
        """Records were given up, and the dead-letter target took `message`."""
        held = not self.source.keeps_failures
        self.sink(DeadLettered(self.now(), self.pipe, self._ids(records), condition, reason, message, seconds, held))

    def discarded(self, records: Sequence[JSONObject], condition: str, reason: str, seconds: float) -> None:
        """Records were given up and lost."""
        held = not self.source.keeps_failures
        self.sink(Discarded(self.now(), self.pipe, self._ids(records), condition, reason, seconds, held))

    def _id(self, record: JSONObject) -> str:
        return self.source.identity(record) or ""

    def _ids(self, records: Sequence[JSONObject]) -> tuple[str, ...]:
        return tuple(self.source.identity(record) or "" for record in records)
