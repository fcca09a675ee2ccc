"""DynamoDB stream records, as Lambda, pipes and the streams API give them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, SerializationInfo, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from perception_events.attribute_values import AttributeValue, InvalidAttributeValueError, image_to_python, to_python
from perception_events.json_values import to_json_value
from perception_events.models._base import WireModel, is_for_the_wire, wire_names
from perception_events.records import TTL_PRINCIPAL, EventName, StreamViewType, UnreadableRecordError, json_record
from perception_events.times import InvalidTimeError, read_time

__all__ = ["StreamChange", "StreamEvent", "StreamRecord", "UserIdentity", "read_records"]


def _check_image(image: object) -> object:
    """Every member is an attribute value; the image stays in DynamoDB JSON, with binary as base64 text."""
    if not isinstance(image, Mapping):
        return image
    for name, value in image.items():
        try:
            to_python(value, str(name))
        except InvalidAttributeValueError as error:
            raise PydanticCustomError("attribute_value", "{mistake}", {"mistake": str(error)}) from None
    return {name: to_json_value(value) for name, value in image.items()}


def _seconds(at: datetime, info: SerializationInfo) -> object:
    if not is_for_the_wire(info):
        return at
    seconds = at.timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def _from_seconds(at: object) -> datetime:
    """Seconds since the epoch, as int or float on the wire; a datetime from boto3, ISO 8601 text from the AWS CLI."""
    try:
        return datetime.fromtimestamp(read_time(at), UTC)
    except InvalidTimeError as error:
        raise ValueError(error.expected) from None


ImageField = Annotated[dict[str, AttributeValue], BeforeValidator(_check_image)]
EpochSeconds = Annotated[
    datetime,
    BeforeValidator(_from_seconds),
    PlainSerializer(_seconds),
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

    @model_validator(mode="before")
    @classmethod
    def _as_aws_writes_it(cls, record: Any) -> Any:
        """DynamoDB Local's name of a TTL deletion becomes AWS's; what is wrong is left to the fields, which name it."""
        try:
            return json_record(record) if isinstance(record, dict) else record
        except UnreadableRecordError:
            return record

    @property
    def is_ttl_deletion(self) -> bool:
        """Whether DynamoDB itself removed the item because it had expired."""
        identity = self.user_identity
        return self.event_name is EventName.REMOVE and identity is not None and identity.principal_id == TTL_PRINCIPAL


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
