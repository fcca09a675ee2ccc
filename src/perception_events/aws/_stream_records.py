"""Between boto3 and the pipe: a record as `get_records` returns it becomes the record that AWS delivers as JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from perception_events.json_values import JSONObject, JSONValue

__all__ = ["wire_record"]


def wire_record(record: Mapping[str, Any], stream_arn: str) -> JSONObject:
    """The JSON form of one record of `GetRecords`.

    Times become whole epoch seconds, bytes base64 text, `userIdentity` gets its lower-case keys and the stream's ARN
    is added; all else stays, unknown fields too.

    AWS: what a pipe and a Lambda event source mapping deliver ("Using Lambda with Amazon DynamoDB").
    """
    wire = {name: _json(value) for name, value in record.items()}
    identity = record.get("userIdentity")
    if isinstance(identity, Mapping):
        wire["userIdentity"] = {name[:1].lower() + name[1:]: _json(value) for name, value in identity.items()}
    wire.setdefault("eventSourceARN", stream_arn)
    return wire


def _json(value: Any) -> JSONValue:
    if isinstance(value, Mapping):
        return {str(name): _json(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(member) for member in value]
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return cast("JSONValue", value)
