"""What became of the records a pipe was given: a count for each end they can come to."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["PipeResult"]


@dataclass(slots=True)
class PipeResult:
    """Counts of records; `records == filtered_out + delivered + dropped + dead_lettered + discarded + pending`.

    `delivered`: the target took them (or what the enrichment made of them). `dropped`: the enrichment returned
    nothing for their batch. `dead_lettered`: given up, with a message in the dead-letter queue. `discarded`: given
    up with no queue to say so. `retries` counts repeated attempts of batches, `invocations` calls of the target.
    """

    records: int = 0
    filtered_out: int = 0
    delivered: int = 0
    dropped: int = 0
    dead_lettered: int = 0
    discarded: int = 0
    retries: int = 0
    invocations: int = 0

    @property
    def pending(self) -> int:
        """Records whose end is not known yet."""
        return self.records - self.filtered_out - self.delivered - self.dropped - self.dead_lettered - self.discarded

    def add(self, other: PipeResult) -> None:
        """Count `other` in."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def to_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)} | {"pending": self.pending}
