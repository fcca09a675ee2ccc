"""Fields that carry a text or bytes in which JSON may stand: decoded for filters, templates and dynamic paths."""

from __future__ import annotations

import base64
import binascii
import json

from perception_events.json_values import JSONValue

__all__ = ["from_base64", "from_text"]


def from_text(value: JSONValue) -> JSONValue:
    """The JSON object or array that is written in the text `value`; any other value as it is.

    AWS: EventBridge User Guide, "Implicit body data parsing". A text that is a JSON number or string stays a text.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        decoded: JSONValue = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return decoded


def from_base64(value: JSONValue) -> JSONValue:
    """What is in the base64 text `value`: a JSON object or array, or a text; what is neither stays base64."""
    if not isinstance(value, str):
        return value
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return value
    return from_text(text)
