"""Stream records for tests: what a table of the pipeline would send, with every field in your hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

from perception_events.attribute_values import InvalidAttributeValueError, from_python
from perception_events.json_values import JSONObject
from perception_events.records import TTL_IDENTITY, EventName, StreamViewType
from perception_events.streams import InvalidItemError, item_size, normalised
from perception_events.times import read_time

__all__ = ["RecordBuilder", "to_attributes"]

_INSERT, _MODIFY, _REMOVE = str(EventName.INSERT), str(EventName.MODIFY), str(EventName.REMOVE)
_KEY_KINDS = frozenset({"S", "N", "B"})
_SHORT_NAME = 256
_KINDS = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"})


@dataclass(slots=True)
class RecordBuilder:
    """Builds the records of one table, in order: each has the next sequence number and its own eventID.

    Attribute values may be plain (text, whole numbers, Decimals, bytes, booleans, None, and lists, sets and dicts of
    these) or DynamoDB JSON; what DynamoDB could not send is rejected. `time` is the creation time of the next record,
    in seconds since the epoch; move it yourself. `status_attribute`, `done`: what `completed` writes.

    Raises (`insert`, `modify`, `remove`, `expire`):
        InvalidItemError: DynamoDB would not store such an item, or could not send such a record.
        InvalidAttributeValueError: DynamoDB has no type for a value, such as a float.
        InvalidTimeError: `time` is not in seconds.
    """

    table: str = "PerceptionPipelineEvents-dev"
    partition_key: str = "site"
    sort_key: str = "date#event_type"
    stream_view_type: str = "NEW_AND_OLD_IMAGES"
    time: int = 1_752_538_268
    region: str = "us-east-1"
    account: str = "123456789012"
    status_attribute: str = "status"
    done: str = "COMPLETED"
    _made: int = field(default=0, init=False)

    @property
    def stream_arn(self) -> str:
        """The ARN of the table's stream."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.table}/stream/2025-07-15T00:00:00.000"

    def insert(self, site: str, sort_key: str, **attributes: Any) -> JSONObject:
        """A new item."""
        return self._record(_INSERT, site, sort_key, new=attributes)

    def modify(self, site: str, sort_key: str, old: Mapping[str, Any], **attributes: Any) -> JSONObject:
        """A changed item: `old` are the attributes before, the others those after."""
        return self._record(_MODIFY, site, sort_key, new=attributes, old=old)

    def remove(self, site: str, sort_key: str, **attributes: Any) -> JSONObject:
        """A deleted item."""
        return self._record(_REMOVE, site, sort_key, old=attributes)

    def expire(self, site: str, sort_key: str, **attributes: Any) -> JSONObject:
        """An item deleted by TTL: a REMOVE by the service."""
        return self.remove(site, sort_key, **attributes) | {"userIdentity": TTL_IDENTITY}

    def completed(self, *sort_keys: str, site: str = "haemoro_1x2") -> list[JSONObject]:
        """An insert of an item that is done, for each sort key."""
        return [self.insert(site, sort_key, **{self.status_attribute: self.done}) for sort_key in sort_keys]

    def _record(
        self,
        name: str,
        site: str,
        sort_key: str,
        *,
        new: Mapping[str, Any] | None = None,
        old: Mapping[str, Any] | None = None,
    ) -> JSONObject:
        view = StreamViewType(self.stream_view_type)
        keys = to_attributes({self.sort_key: sort_key, self.partition_key: site})
        for key in (self.partition_key, self.sort_key):
            value = keys[key]
            if not isinstance(value, dict) or not value.keys() <= _KEY_KINDS or "" in value.values():
                raise InvalidItemError(f"{key!r} is a key: text, a number or bytes, and not empty")
        read_time(self.time, "time")
        change: JSONObject = {"ApproximateCreationDateTime": self.time, "Keys": dict(keys)}
        if new is not None and view.has_new_image:
            change["NewImage"] = {**keys, **to_attributes(new)}
        if old is not None and view.has_old_image:
            change["OldImage"] = {**keys, **to_attributes(old)}
        size = sum(item_size(image) for image in change.values() if isinstance(image, dict))
        self._made += 1
        change |= {"SequenceNumber": f"{10**21 + self._made}", "SizeBytes": size, "StreamViewType": str(view)}
        return {
            "eventID": md5(f"{self.table}{self._made}".encode(), usedforsecurity=False).hexdigest(),
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.region,
            "dynamodb": change,
            "eventSourceARN": self.stream_arn,
        }


def to_attributes(values: Mapping[str, Any]) -> JSONObject:
    """`values` in DynamoDB JSON; a value that is DynamoDB JSON already is taken as it is.

    A dict with one of DynamoDB's types as its only name (`{"S": "x"}`) is DynamoDB JSON, every other one a map.

    Raises:
        InvalidItemError: DynamoDB would not store such an item.
        InvalidAttributeValueError: DynamoDB has no type for a value.
    """
    attributes: JSONObject = {}
    for name, value in values.items():
        if type(value) is str and value.isascii() and type(name) is str and 0 < len(name) < _SHORT_NAME:
            attributes[name] = {"S": value}  # nothing that DynamoDB could reject, or would store in another form
        else:
            attributes |= normalised({name: _to_attribute(name, value)})
    return attributes


def _to_attribute(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and not _KINDS.isdisjoint(value):
            return value
        return {"M": {_checked(member, name): _to_attribute(f"{name}.{member}", v) for member, v in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"L": [_to_attribute(f"{name}[{index}]", element) for index, element in enumerate(value)]}
    return from_python(value, name)


def _checked(member: object, name: str) -> str:
    if not isinstance(member, str):
        raise InvalidAttributeValueError(name, "names that are strings", member)
    return member
