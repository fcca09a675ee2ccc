"""A batch under delivery: its records, where they come from, and what has become of them so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from perception_events.json_values import JSONObject
from perception_events.pipes._result import PipeResult

__all__ = ["Batch"]


@dataclass(slots=True)
class Batch:
    """Records of one shard or queue on their way through a pipe.

    `shard_id`, `source_arn`: what a dead letter names. `reading_since`: when the source has been read from, in epoch
    seconds. `arrived`: ages count from here, where the records are older; None counts from their own times.
    `result`: what has become of them so far. `returned`: those that go back to their queue, because of `failure`.
    """

    records: tuple[JSONObject, ...]
    shard_id: str
    source_arn: str
    reading_since: float
    arrived: float | None = None
    result: PipeResult = field(default_factory=PipeResult)
    returned: list[JSONObject] = field(default_factory=list)
    failure: str = ""

    def __post_init__(self) -> None:
        self.result.records = len(self.records)
