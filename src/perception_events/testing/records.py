"""Stream records for tests: what a table of the pipeline would send, with every field in your hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import md5

from perception_events.json_values import JSONObject, JSONValue

__all__ = ["TTL_IDENTITY", "RecordBuilder", "to_attributes"]

TTL_IDENTITY: JSONObject = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
"""The `userIdentity` of a deletion by TTL."""


@dataclass(slots=True)
class RecordBuilder:
    """Builds the records of one table, in order: each has the next sequence number and its own eventID.

    Attribute values may be plain (text, whole numbers, booleans) or DynamoDB JSON. `time` is the creation time of the
    next record, in seconds since the epoch; move it yourself.
    """

    table: str = "PerceptionPipelineEvents-dev"
    partition_key: str = "site"
    sort_key: str = "date#event_type"
    stream_view_type: str = "NEW_AND_OLD_IMAGES"
    time: int = 1_752_538_268
    region: str = "us-east-1"
    account: str = "123456789012"
    _made: int = field(default=0, init=False)

    @property
    def stream_arn(self) -> str:
        """The ARN of the table's stream."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.table}/stream/2025-07-15T00:00:00.000"

    def insert(self, site: str, sort_key: str, **attributes: JSONValue) -> JSONObject:
        """A new item."""
        return self._record("INSERT", site, sort_key, new=attributes)

    def modify(self, site: str, sort_key: str, old: Mapping[str, JSONValue], **attributes: JSONValue) -> JSONObject:
        """A changed item: `old` are the attributes before, the others those after."""
        return self._record("MODIFY", site, sort_key, new=attributes, old=old)

    def remove(self, site: str, sort_key: str, **attributes: JSONValue) -> JSONObject:
        """A deleted item."""
        return self._record("REMOVE", site, sort_key, old=attributes)

    def expire(self, site: str, sort_key: str, **attributes: JSONValue) -> JSONObject:
        """An item deleted by TTL: a REMOVE by the service."""
        return self.remove(site, sort_key, **attributes) | {"userIdentity": TTL_IDENTITY}

    def completed(self, *sort_keys: str, site: str = "haemoro_1x2") -> list[JSONObject]:
        """An insert with status COMPLETED for each sort key."""
        return [self.insert(site, sort_key, status="COMPLETED") for sort_key in sort_keys]

    def _record(
        self,
        name: str,
        site: str,
        sort_key: str,
        *,
        new: Mapping[str, JSONValue] | None = None,
        old: Mapping[str, JSONValue] | None = None,
    ) -> JSONObject:
        self._made += 1
        keys = to_attributes({self.sort_key: sort_key, self.partition_key: site})
        change: JSONObject = {"ApproximateCreationDateTime": self.time, "Keys": dict(keys)}
        if new is not None and self.stream_view_type in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
            change["NewImage"] = {**keys, **to_attributes(new)}
        if old is not None and self.stream_view_type in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
            change["OldImage"] = {**keys, **to_attributes(old)}
        change |= {
            "SequenceNumber": f"{10**21 + self._made}",
            "SizeBytes": len(str(change)),
            "StreamViewType": self.stream_view_type,
        }
        return {
            "eventID": md5(f"{self.table}{self._made}".encode(), usedforsecurity=False).hexdigest(),
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.region,
            "dynamodb": change,
            "eventSourceARN": self.stream_arn,
        }


def to_attributes(values: Mapping[str, JSONValue]) -> JSONObject:
    """`values` in DynamoDB JSON; a value that is an object already is taken as it is.

    Raises:
        TypeError: a value is neither text, number, boolean, null, a list of these, nor an object.
    """
    return {name: _to_attribute(name, value) for name, value in values.items()}


def _to_attribute(name: str, value: JSONValue) -> JSONValue:
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    if value is None:
        return {"NULL": True}
    if isinstance(value, list):
        return {"L": [_to_attribute(name, element) for element in value]}
    raise TypeError(f"{name} is a {type(value).__name__}; give text, a number, a boolean, or DynamoDB JSON")
