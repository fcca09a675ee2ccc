"""The event table's own item: who did what, how far it is, and when it may be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import AliasGenerator, ConfigDict, field_serializer, field_validator

from perception_events.attribute_values import image_from_python, image_to_python
from perception_events.event_status import EventStatus
from perception_events.item_names import ItemNames
from perception_events.models._base import WireModel, wire_names
from perception_events.sort_keys import SortKey
from perception_events.times import InvalidTimeError, read_time

__all__ = ["DEFAULT_TIME_TO_LIVE", "EventItem"]

DEFAULT_TIME_TO_LIVE = timedelta(days=1)


def _aliases(names: ItemNames) -> AliasGenerator:
    return wire_names(
        {
            "site": names.partition_key,
            "sort_key": names.sort_key,
            "status": names.status_attribute,
            "expires_at": names.ttl_attribute,
        }
    )


if TYPE_CHECKING:
    _Item = WireModel
else:

    class _ItemClass(type(WireModel)):
        """Makes `names` a part of the configuration before pydantic reads that; from 2.14 on it does so once."""

        # Pydantic's own metaclass is not public, so type checkers see a plain model.

        def __new__(mcs, name, bases, namespace, *, names=None, **settings):
            if names is None:
                return super().__new__(mcs, name, bases, namespace, **settings)
            namespace["model_config"] = {**namespace.get("model_config", {}), "alias_generator": _aliases(names)}
            return super().__new__(mcs, name, bases, namespace, names=names, **settings)

    class _Item(WireModel, metaclass=_ItemClass):
        pass


class EventItem(_Item):
    """A row of the event table as a stream record's image has it; derive your own to type the other attributes.

    A table of other names says so in the class: `class OrderItem(EventItem, names=pipeline.item_names)`. Then the
    fields below are read from, and written to, the attributes that `names` says, and `status` by its words; of several
    words for one status the first is written.

    `expires_at` is in epoch seconds, UTC: what DynamoDB's TTL takes. `aws.event_table` reads and writes rows without
    pydantic, as `EventRow`.
    """

    model_config = ConfigDict(alias_generator=_aliases(ItemNames()))
    names: ClassVar[ItemNames] = ItemNames()
    """What the table calls these attributes and states."""

    site: str
    sort_key: str
    status: EventStatus
    expires_at: int | None = None

    def __init_subclass__(cls, *, names: ItemNames | None = None, **settings: Any) -> None:
        """`names`: what the table calls the attributes; those of the class above by default."""
        super().__init_subclass__(**settings)
        if names is not None:
            cls.names = names

    @field_validator("status", mode="before")
    @classmethod
    def _is_a_status_of_the_table(cls, value: object) -> object:
        """The table's own words; a program gives an `EventStatus`."""
        status = value if isinstance(value, EventStatus) else cls.names.status_of(value)
        if status is None:
            *words, last = [repr(word) for one in EventStatus for word in cls.names.status_texts(one)]
            raise ValueError(f"{', '.join(words)} or {last}")
        return status

    @field_serializer("status")
    def _in_the_words_of_the_table(self, status: EventStatus) -> str:
        return self.names.status_texts(status)[0]

    @field_validator("expires_at", mode="before")
    @classmethod
    def _is_in_seconds(cls, value: object) -> object:
        """A time to live in milliseconds is one that never comes."""
        if value is None:
            return None
        try:
            return int(read_time(value))
        except InvalidTimeError as error:
            raise ValueError(error.expected) from None

    @field_validator("sort_key")
    @classmethod
    def _is_a_sort_key(cls, value: str) -> str:
        return SortKey.parse(value, key_format=cls.names.key_format).text

    @classmethod
    def of(
        cls,
        site: str,
        sort_key: SortKey | str,
        status: EventStatus,
        *,
        now: float,
        time_to_live: timedelta = DEFAULT_TIME_TO_LIVE,
    ) -> Self:
        """An item that expires `time_to_live` after `now` (epoch seconds).

        Raises:
            InvalidRecordError: the sort key or the status is not one.
        """
        expires_at = int(now + time_to_live.total_seconds())
        return cls.parse({"site": site, "sort_key": str(sort_key), "status": status, "expires_at": expires_at})

    @classmethod
    def from_image(cls, image: Mapping[str, Any]) -> Self:
        """Read a stream record's image.

        Raises:
            InvalidRecordError: it is no event item.
            InvalidAttributeValueError: it is no image.
        """
        return cls.parse(image_to_python(image))

    def to_image(self) -> dict[str, dict[str, Any]]:
        """The item in DynamoDB JSON. What was NULL in the image that it was read from is NULL again.

        Raises:
            InvalidAttributeValueError: DynamoDB has no type for a field's value.
        """
        values = self.model_dump(by_alias=True)
        fields = type(self).model_fields
        written = {name: (fields[name].serialization_alias or name) for name in fields}
        unset = {written[name] for name in fields if name not in self.model_fields_set or name == "expires_at"}
        kept = {name: _attribute(value) for name, value in values.items() if value is not None or name not in unset}
        return image_from_python(kept)

    @property
    def key(self) -> SortKey:
        """The parsed sort key."""
        return SortKey.parse(self.sort_key, key_format=self.names.key_format)

    @property
    def expires(self) -> datetime | None:
        """When the item expires, in UTC; DynamoDB deletes it up to days later."""
        return None if self.expires_at is None else datetime.fromtimestamp(self.expires_at, UTC)


def _attribute(value: object) -> object:
    """What a field holds as the codec takes it: a typed model may have floats, which it wrote with all their digits."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {name: _attribute(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_attribute(member) for member in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value
