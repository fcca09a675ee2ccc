"""What became of the records a pipe was given: a count for each end they can come to."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["PipeResult"]


@dataclass(slots=True)
class PipeResult:
    """Counts of records.

    `records == filtered_out + undecided + delivered + dropped + returned + dead_lettered + discarded + pending`.

    `filtered_out`: no filter matched. `undecided`: a filter depends on a value that is not known. `delivered`: the
    target took them, or what the enrichment made of them. `dropped`: the enrichment returned nothing for their batch.
    `returned`: back in their queue, to be received again. `dead_lettered`: given up, with a message at the dead-letter
    target. `discarded`: given up and lost.

    Beside the records: `items` counts what the target took (an enrichment may merge or multiply records), `retries`
    repeated attempts of batches, `invocations` calls of the target.
    """

    records: int = 0
    filtered_out: int = 0
    undecided: int = 0
    delivered: int = 0
    dropped: int = 0
    returned: int = 0
    dead_lettered: int = 0
    discarded: int = 0
    items: int = 0
    retries: int = 0
    invocations: int = 0

    @property
    def pending(self) -> int:
        """Records whose end is not known yet."""
        ended = self.filtered_out + self.undecided + self.delivered + self.dropped + self.returned
        return self.records - ended - self.dead_lettered - self.discarded

    def add(self, other: PipeResult) -> None:
        """Count `other` in."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def to_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in _COUNTS} | {"pending": self.pending}


_COUNTS = tuple(field.name for field in fields(PipeResult))
