"""DynamoDB stream records, as Lambda, pipes and the streams API give them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from perception_events.attribute_values import AttributeValue, InvalidAttributeValueError, image_to_python, to_python
from perception_events.models._base import WireModel, wire_names

__all__ = ["EventName", "StreamChange", "StreamEvent", "StreamRecord", "StreamViewType", "UserIdentity", "read_records"]


class EventName(StrEnum):
    """What happened to the item."""

    INSERT = "INSERT"
    MODIFY = "MODIFY"
    REMOVE = "REMOVE"


class StreamViewType(StrEnum):
    """Which images a stream carries."""

    KEYS_ONLY = "KEYS_ONLY"
    NEW_IMAGE = "NEW_IMAGE"
    OLD_IMAGE = "OLD_IMAGE"
    NEW_AND_OLD_IMAGES = "NEW_AND_OLD_IMAGES"


def _check_image(image: object) -> object:
    """Every member is an attribute value; the image stays in DynamoDB JSON."""
    if not isinstance(image, Mapping):
        return image
    for name, value in image.items():
        try:
            to_python(value, str(name))
        except InvalidAttributeValueError as error:
            raise PydanticCustomError("attribute_value", "{mistake}", {"mistake": str(error)}) from None
    return image


def _seconds(at: datetime) -> int | float:
    seconds = at.timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def _from_seconds(at: object) -> object:
    """Seconds since the epoch, as int or float on the wire; a datetime from boto3."""
    if isinstance(at, int | float) and not isinstance(at, bool):
        return datetime.fromtimestamp(at, UTC)
    if isinstance(at, datetime):
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    raise ValueError("seconds since the epoch or a datetime")


ImageField = Annotated[dict[str, AttributeValue], BeforeValidator(_check_image)]
EpochSeconds = Annotated[
    datetime,
    BeforeValidator(_from_seconds),
    PlainSerializer(_seconds, when_used="json"),
    WithJsonSchema({"type": "number"}),
]


class StreamChange(WireModel):
    """The `dynamodb` part of a record: keys, images, and where it lies in the stream.

    Images are in DynamoDB JSON; `new_values` and `old_values` are their Python values.
    """

    model_config = ConfigDict(
        alias_generator=wire_names(
            {
                "approximate_creation_date_time": "ApproximateCreationDateTime",
                "keys": "Keys",
                "new_image": "NewImage",
                "old_image": "OldImage",
                "sequence_number": "SequenceNumber",
                "size_bytes": "SizeBytes",
                "stream_view_type": "StreamViewType",
            }
        )
    )

    approximate_creation_date_time: EpochSeconds | None = None
    keys: ImageField | None = None
    new_image: ImageField | None = None
    old_image: ImageField | None = None
    sequence_number: str | None = None
    size_bytes: int | None = None
    stream_view_type: StreamViewType | None = None

    @property
    def new_values(self) -> dict[str, Any] | None:
        """The Python values of the new image; None where there is none."""
        return None if self.new_image is None else image_to_python(self.new_image)

    @property
    def old_values(self) -> dict[str, Any] | None:
        """The Python values of the old image; None where there is none."""
        return None if self.old_image is None else image_to_python(self.old_image)


class UserIdentity(WireModel):
    """Who made the change, where it was not a user: `dynamodb.amazonaws.com` for a deletion by TTL.

    AWS: DynamoDB Developer Guide, "DynamoDB Streams and Time to Live". Lambda spells `principalId`, the streams API
    `PrincipalId`.
    """

    model_config = ConfigDict(
        alias_generator=wire_names({"principal_id": "principalId"}, {"principal_id": "PrincipalId", "type": "Type"})
    )

    principal_id: str | None = None
    type: str | None = None


class StreamRecord(WireModel):
    """One record of a DynamoDB stream; what an input template has dropped is None."""

    model_config = ConfigDict(
        alias_generator=wire_names(
            {
                "event_id": "eventID",
                "event_name": "eventName",
                "event_version": "eventVersion",
                "event_source": "eventSource",
                "aws_region": "awsRegion",
                "user_identity": "userIdentity",
                "event_source_arn": "eventSourceARN",
            }
        )
    )

    dynamodb: StreamChange
    event_id: str | None = None
    event_name: EventName | None = None
    event_version: str | None = None
    event_source: str | None = None
    aws_region: str | None = None
    user_identity: UserIdentity | None = None
    event_source_arn: str | None = None

    @property
    def is_ttl_deletion(self) -> bool:
        """Whether DynamoDB itself removed the item because it had expired."""
        identity = self.user_identity
        return (
            self.event_name is EventName.REMOVE
            and identity is not None
            and identity.principal_id == "dynamodb.amazonaws.com"
        )


class StreamEvent(WireModel):
    """What a Lambda event source mapping sends: a batch of records."""

    model_config = ConfigDict(alias_generator=wire_names({"records": "Records"}))

    records: tuple[StreamRecord, ...]


def read_records(event: object) -> list[StreamRecord]:
    """The records of what a function was sent: a pipe's list, `{"Records": [...]}`, or one record.

    Raises:
        InvalidRecordError: it is none of these.
    """
    if isinstance(event, list | tuple):
        return list(StreamEvent.parse({"Records": event}).records)
    if isinstance(event, Mapping) and "Records" in event:
        return list(StreamEvent.parse(event).records)
    return [StreamRecord.parse(event)]
