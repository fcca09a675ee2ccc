"""What the event table calls its attributes and states: the one place that reads and writes them by their meaning."""

from __future__ import annotations

from dataclasses import dataclass

from perception_events.event_status import EventStatus
from perception_events.sort_keys import DATED, KeyFormat

__all__ = ["ItemNames"]


@dataclass(frozen=True, slots=True)
class ItemNames:
    """What the event table calls its attributes, and how its sort keys and states read.

    `partition_key`, `sort_key`, `ttl_attribute`, `status_attribute`: names of attributes.
    `done`, `in_progress`, `failed`: the values of the status that mean each; the first one is what is written. An item
    that is done counts as a member of a join.
    `key_format`: how sort keys begin.
    """

    partition_key: str = "site"
    sort_key: str = "date#event_type"
    ttl_attribute: str = "expires_at"
    status_attribute: str = "status"
    done: tuple[str, ...] = ("COMPLETED",)
    in_progress: tuple[str, ...] = ("PROCESSING",)
    failed: tuple[str, ...] = ("FAILED",)
    key_format: KeyFormat = DATED

    def status_texts(self, status: EventStatus) -> tuple[str, ...]:
        """How the table writes `status`; the first text is the one to write."""
        texts = {
            EventStatus.COMPLETED: self.done,
            EventStatus.PROCESSING: self.in_progress,
            EventStatus.FAILED: self.failed,
        }
        return texts[status]

    def status_of(self, text: object) -> EventStatus | None:
        """What a value of the status attribute means; None for one that means none of the three."""
        return next((status for status in EventStatus if text in self.status_texts(status)), None)
