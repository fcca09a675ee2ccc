"""What a DynamoDB stream record is made of: the one place that knows its fields, on the way in and inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from perception_events.errors import InputError, describe
from perception_events.json_values import JSONObject, JSONValue
from perception_events.times import InvalidTimeError, read_time

__all__ = [
    "CREATION_TIME",
    "TTL_IDENTITY",
    "TTL_PRINCIPAL",
    "EventName",
    "StreamViewType",
    "UnreadableRecordError",
    "change_of",
    "creation_time",
    "event_id",
    "has_change",
    "image_of",
    "image_with",
    "is_ttl_deletion",
    "json_record",
    "key_of",
    "sequence_number",
    "wire_record",
]

TTL_PRINCIPAL = "dynamodb.amazonaws.com"
TTL_IDENTITY: JSONObject = {"type": "Service", "principalId": TTL_PRINCIPAL}
"""The `userIdentity` of a deletion by TTL. AWS: DynamoDB Developer Guide, "DynamoDB Streams and Time to Live"."""
CREATION_TIME = "ApproximateCreationDateTime"
_UNKNOWN_NAME = "UNKNOWN_TO_SDK_VERSION"


class EventName(StrEnum):
    """What happened to the item."""

    INSERT = "INSERT"
    MODIFY = "MODIFY"
    REMOVE = "REMOVE"


class StreamViewType(StrEnum):
    """Which images a stream carries. AWS: DynamoDB API, `StreamViewType`."""

    KEYS_ONLY = "KEYS_ONLY"
    NEW_IMAGE = "NEW_IMAGE"
    OLD_IMAGE = "OLD_IMAGE"
    NEW_AND_OLD_IMAGES = "NEW_AND_OLD_IMAGES"

    @property
    def has_new_image(self) -> bool:
        """Whether an INSERT and a MODIFY carry the item after the change."""
        return self in (StreamViewType.NEW_IMAGE, StreamViewType.NEW_AND_OLD_IMAGES)

    @property
    def has_old_image(self) -> bool:
        """Whether a MODIFY and a REMOVE carry the item before the change."""
        return self in (StreamViewType.OLD_IMAGE, StreamViewType.NEW_AND_OLD_IMAGES)


class UnreadableRecordError(InputError, ValueError):
    """What is not a stream record; the message names the field, what was expected, and where there is one the file."""


def change_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record's `dynamodb` part; empty where it has none."""
    change = record.get("dynamodb")
    return change if type(change) is dict or isinstance(change, Mapping) else {}


def has_change(record: Mapping[str, Any]) -> bool:
    """Whether it has a `dynamodb` object, without which nothing is a stream record."""
    return isinstance(record.get("dynamodb"), Mapping)


def event_id(record: Mapping[str, Any]) -> str | None:
    """The record's `eventID`."""
    value = record.get("eventID")
    return value if isinstance(value, str) else None


def sequence_number(record: Mapping[str, Any]) -> str:
    """The record's sequence number; empty where it has none."""
    value = change_of(record).get("SequenceNumber")
    return value if isinstance(value, str) else ""


def creation_time(record: Mapping[str, Any]) -> float | None:
    """When the record was written, in seconds since the epoch; None where that is missing or is not a time."""
    try:
        return read_time(change_of(record)[CREATION_TIME])
    except (KeyError, InvalidTimeError):
        return None


def image_of(record: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The first of the images `names` that the record has, by default the newest: new image, old image, keys."""
    change = change_of(record)
    for name in names or ("NewImage", "OldImage", "Keys"):
        image = change.get(name)
        if isinstance(image, Mapping) and image:
            return image
    return {}


def image_with(record: Mapping[str, Any], attribute: str) -> tuple[str, Mapping[str, Any]] | None:
    """The newest image that has `attribute`, after its name; None where none has. New image, keys, old image."""
    change = change_of(record)
    for name in ("NewImage", "Keys", "OldImage"):
        image = change.get(name)
        if isinstance(image, Mapping) and attribute in image:
            return name, image
    return None


def key_of(record: Mapping[str, Any], key_names: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """The item's key: `Keys`, or the attributes `key_names` of an image where a template has dropped them.

    Empty where neither says which item it is.
    """
    keys = image_of(record, "Keys")
    if keys:
        return keys
    image = image_of(record, "NewImage", "OldImage")
    return {name: image[name] for name in key_names} if key_names and all(n in image for n in key_names) else {}


def is_ttl_deletion(record: Mapping[str, Any]) -> bool:
    """Whether DynamoDB itself has removed the item because it had expired."""
    identity = record.get("userIdentity")
    if not isinstance(identity, Mapping):
        return False
    return TTL_PRINCIPAL in (identity.get("principalId"), identity.get("PrincipalId"))


def wire_record(record: object, stream_arn: str = "") -> JSONObject:
    """A record as AWS delivers it in JSON, whoever wrote it: Lambda, a pipe, boto3, the AWS CLI, DynamoDB Local.

    Times become epoch seconds, bytes base64 text, `userIdentity` gets its lower-case keys, and the ARN `stream_arn` is
    added where one is given and the record names none. DynamoDB Local's `UNKNOWN_TO_SDK_VERSION` of a TTL deletion
    becomes REMOVE. All else stays, unknown fields too.

    AWS: what a pipe and a Lambda event source mapping deliver ("Using Lambda with Amazon DynamoDB").

    Raises:
        UnreadableRecordError: it is not a record, is nested too deep, or holds what JSON has no value for.
    """
    if not isinstance(record, Mapping):
        raise _not_a_record(record)
    try:
        wire: JSONObject = {str(name): _json(value) for name, value in record.items()}
    except RecursionError:
        raise UnreadableRecordError("the record is nested too deep to be a stream record") from None
    return json_record(wire, stream_arn)


def json_record(record: object, stream_arn: str = "") -> JSONObject:
    """`wire_record` of a record that is parsed JSON already: `record` itself where AWS would deliver it as it is.

    Raises:
        UnreadableRecordError: it is not an object, or its creation time is not a time in seconds.
    """
    if not isinstance(record, dict):
        raise _not_a_record(record)
    changes: JSONObject = {}
    change = record.get("dynamodb")
    if isinstance(change, dict) and CREATION_TIME in change:
        time = _wire_time(change[CREATION_TIME])
        if time is not change[CREATION_TIME]:
            changes["dynamodb"] = {**change, CREATION_TIME: time}
    identity = record.get("userIdentity")
    if isinstance(identity, dict) and not identity.keys().isdisjoint(("Type", "PrincipalId")):
        changes["userIdentity"] = {name[:1].lower() + name[1:]: value for name, value in identity.items()}
    if record.get("eventName") == _UNKNOWN_NAME and not image_of(record, "NewImage"):
        changes["eventName"] = EventName.REMOVE.value
    if stream_arn and "eventSourceARN" not in record:
        changes["eventSourceARN"] = stream_arn
    return {**record, **changes} if changes else record


def _not_a_record(record: object) -> UnreadableRecordError:
    return UnreadableRecordError(
        f"{describe(record)} is not a stream record: expected an object with eventID, eventName and dynamodb "
        "(the records of a Lambda event are in event['Records'])"
    )


def _wire_time(value: JSONValue) -> JSONValue:
    try:
        seconds = read_time(value, f"dynamodb.{CREATION_TIME}")
    except InvalidTimeError as error:
        raise UnreadableRecordError(str(error)) from None
    if isinstance(value, (int, float)):
        return value
    return int(seconds) if seconds.is_integer() else seconds


def _json(value: Any) -> JSONValue:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(name): _json(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(member) for member in value]
    if isinstance(value, (set, frozenset)):
        return [_json(member) for member in sorted(value, key=repr)]
    if isinstance(value, datetime):
        try:
            return int(read_time(value))
        except InvalidTimeError as error:
            raise UnreadableRecordError(str(error)) from None
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    held = getattr(value, "value", None)  # boto3's Binary
    if isinstance(held, bytes):
        return base64.b64encode(held).decode("ascii")
    raise UnreadableRecordError(f"a {type(value).__name__} is not a JSON value: {describe(value)}")
