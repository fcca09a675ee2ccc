"""The event table's own item: who did what, how far it is, and when it may be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ConfigDict, field_validator

from perception_events.attribute_values import image_from_python, image_to_python
from perception_events.event_status import EventStatus
from perception_events.models._base import WireModel, wire_names
from perception_events.sort_keys import SortKey

__all__ = ["DEFAULT_TIME_TO_LIVE", "EventItem"]

DEFAULT_TIME_TO_LIVE = timedelta(days=1)


class EventItem(WireModel):
    """A row of the event table as a stream record's image has it; derive your own to type the other attributes.

    `expires_at` is in epoch seconds, UTC: what DynamoDB's TTL takes. `lambdas.event_table` reads and writes rows
    without pydantic, as `EventRow`.
    """

    model_config = ConfigDict(alias_generator=wire_names({"sort_key": "date#event_type"}))

    site: str
    sort_key: str
    status: EventStatus
    expires_at: int | None = None

    @field_validator("sort_key")
    @classmethod
    def _is_a_sort_key(cls, value: str) -> str:
        return SortKey.parse(value).text

    @classmethod
    def of(
        cls,
        site: str,
        sort_key: SortKey | str,
        status: EventStatus,
        *,
        now: float,
        time_to_live: timedelta = DEFAULT_TIME_TO_LIVE,
    ) -> EventItem:
        """An item that expires `time_to_live` after `now` (epoch seconds)."""
        expires_at = int(now + time_to_live.total_seconds())
        return cls(site=site, sort_key=str(sort_key), status=status, expires_at=expires_at)

    @classmethod
    def from_image(cls, image: Mapping[str, Mapping[str, Any]]) -> EventItem:
        """Read a stream record's image.

        Raises:
            InvalidRecordError: it is no event item.
            InvalidAttributeValueError: it is no image.
        """
        return cls.parse(image_to_python(image))

    def to_image(self) -> dict[str, dict[str, Any]]:
        """The item in DynamoDB JSON."""
        values = self.model_dump(by_alias=True, exclude_none=True)
        return image_from_python({**values, "status": self.status.value})

    @property
    def key(self) -> SortKey:
        """The parsed sort key."""
        return SortKey.parse(self.sort_key)

    @property
    def expires(self) -> datetime | None:
        """When the item expires, in UTC; DynamoDB deletes it up to days later."""
        return None if self.expires_at is None else datetime.fromtimestamp(self.expires_at, UTC)
