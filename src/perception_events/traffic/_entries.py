"""A line of recorded traffic -> the events and stream records in it, whatever wrote the line.

{"version": "0", "source": "shop", "detail-type": "Order", ...}     an event, as archives and logs hold it
2025-07-15T00:11:08.000Z {"version": "0", ...}                      a CloudWatch Logs export of a log group
{"Source": "shop", "DetailType": "Order", "Detail": "{...}"}        an entry of put-events
{"Records": [{"eventName": "INSERT", "dynamodb": {...}}]}           a Lambda event, a get_records response
{"Item": {"site": {"S": "a"}}}                                      a DynamoDB export to S3
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from perception_events.json_values import JSONObject
from perception_events.records import CREATION_TIME, UnreadableRecordError, json_record
from perception_events.traffic._envelope import UNKNOWN_ID, UNKNOWN_TIME
from perception_events.traffic._values import WRAPPERS

__all__ = ["FoundEvent", "FoundRecord", "Rejected", "entries_of"]

_EXPORTED_LINE = re.compile(rb"\d{4}-\d\d-\d\dT[0-9:.]+Z?\s+(?=[{\[])")
_WHITE_SPACE = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()
_PRECISIONS = {"MICROSECOND": 10**6, "MILLISECOND": 10**3}
_MAX_NESTING = 4
_ENVELOPE: JSONObject = {
    "version": "0",
    "id": UNKNOWN_ID,
    "account": "123456789012",
    "time": UNKNOWN_TIME,
    "region": "us-east-1",
    "resources": [],
}
"""What EventBridge adds to an entry, with values that are the same in each run."""


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event and its location.

    `event`: its JSON values. `text`: as it was written, numbers included; None where it was inside something else.
    """

    file: str
    line: int
    event: JSONObject
    text: bytes | None = None

    @property
    def is_event(self) -> bool:
        """Whether it has the two fields that every event of a bus has: a source and a detail type."""
        return isinstance(self.event.get("source"), str) and isinstance(self.event.get("detail-type"), str)


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A stream record as Lambda and pipes deliver it, and its location."""

    file: str
    line: int
    record: JSONObject


@dataclass(frozen=True, slots=True)
class Rejected:
    """What cannot be read, and why. `line_offset`: lines after the first one of the text."""

    reason: str
    line_offset: int = 0


def entries_of(file: str, line: int, text: bytes) -> Iterator[FoundEvent | FoundRecord | Rejected]:
    """What the line or value `text` holds, in order; several objects may stand one after the other.

    Events inside arrays, Lambda events, log exports and `put-events` entries are taken out; records of Kinesis Data
    Streams for DynamoDB and of exports get the fields that a stream record has.
    """
    try:
        written = str(text, "utf-8-sig")
    except UnicodeDecodeError as error:
        yield Rejected(f"is not UTF-8 text: {error}")
        return
    if exported := _EXPORTED_LINE.match(text):
        written = written[exported.end() :]
    at = _after_space(written, 0)
    alone = True
    while at < len(written):
        try:
            value, end = _DECODER.raw_decode(written, at)
        except json.JSONDecodeError as error:
            column = f" (column {error.colno})" if error.lineno > 1 else f": column {error.colno}"
            yield Rejected(f"is not JSON: {error.msg}{column}", error.lineno - 1)
            return
        except RecursionError:
            yield Rejected("is nested too deep to be read")
            return
        at = _after_space(written, end)
        alone = alone and at >= len(written)
        yield from _of_value(file, line, value, text if alone and not exported else None)


def _after_space(text: str, at: int) -> int:
    match = _WHITE_SPACE.match(text, at)
    return match.end() if match else at


def _of_value(
    file: str, line: int, value: Any, text: bytes | None, place: str = "", nesting: int = 0
) -> Iterator[FoundEvent | FoundRecord | Rejected]:
    if nesting > _MAX_NESTING:
        yield Rejected(f"{place}is wrapped too often")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _of_value(file, line, member, None, f"{place}element {index} ", nesting + 1)
    elif not isinstance(value, dict):
        yield Rejected(f"{place}is a {_kind(value)}, an event or a stream record is a JSON object")
    elif isinstance(value.get("dynamodb"), dict) or ("eventName" in value and "detail" not in value):
        yield _record(file, line, value, place)
    elif "DetailType" in value and isinstance(value.get("Detail"), str):
        yield _event_of_entry(file, line, value, place)
    elif "detail" in value or "detail-type" in value:
        yield FoundEvent(file, line, value, text)
    elif (wrapper := next((name for name in (*WRAPPERS, "logEvents") if name in value), None)) is not None:
        members = value[wrapper]
        if isinstance(members, list):
            yield from _of_value(file, line, members, None, place, nesting + 1)
        else:
            yield Rejected(f'{place}"{wrapper}" is not a list')
    elif (inner := _inner_text(value)) is not None:
        yield from _of_text(file, line, inner, place, nesting + 1)
    elif isinstance(value.get("Item"), dict) or isinstance(value.get("Metadata"), dict):
        yield _record(file, line, _exported(value), place)
    else:
        yield FoundEvent(file, line, value, text)


def _inner_text(value: dict[str, Any]) -> str | bytes | None:
    """The text that a log line, a queue's message or a Kinesis record carries."""
    if isinstance(value.get("message"), str) and ("timestamp" in value or "logStreamName" in value):
        return str(value["message"])
    if isinstance(value.get("body"), str) and ("messageId" in value or "receiptHandle" in value):
        return str(value["body"])
    kinesis = value.get("kinesis")
    encoded = kinesis.get("data") if isinstance(kinesis, dict) else value.get("Data")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return None
    return None


def _of_text(
    file: str, line: int, text: str | bytes, place: str, nesting: int
) -> Iterator[FoundEvent | FoundRecord | Rejected]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Rejected(f"{place}carries a text that is not JSON: {error}")
        return
    yield from _of_value(file, line, value, text.encode() if isinstance(text, str) else text, place, nesting)


def _event_of_entry(file: str, line: int, entry: dict[str, Any], place: str) -> FoundEvent | Rejected:
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError) as error:
        return Rejected(f"{place}Detail is not JSON: {error}")
    given = {"source": entry.get("Source"), "detail-type": entry["DetailType"], "detail": detail}
    if isinstance(entry.get("Resources"), list):
        given["resources"] = entry["Resources"]
    if "Time" in entry:
        given["time"] = entry["Time"]
    return FoundEvent(file, line, {**_ENVELOPE, **given})


def _record(file: str, line: int, value: dict[str, Any], place: str) -> FoundRecord | Rejected:
    change = value.get("dynamodb")
    if not isinstance(change, dict):
        found = ", ".join(list(value)[:6]) or "nothing"
        return Rejected(f'{place}is not a stream record: it has no "dynamodb" object (found: {found})')
    time = change.get(CREATION_TIME)
    factor = _PRECISIONS.get(str(change.get(f"{CREATION_TIME}Precision")))
    if factor and isinstance(time, (int, float)):
        # Kinesis Data Streams for DynamoDB; a pipe and Lambda deliver seconds.
        rest = {name: member for name, member in change.items() if name != f"{CREATION_TIME}Precision"}
        value = {**value, "dynamodb": {**rest, CREATION_TIME: time / factor}}
    try:
        return FoundRecord(file, line, json_record(value))
    except UnreadableRecordError as error:
        return Rejected(f"{place}is not a stream record: {error}")


def _exported(value: dict[str, Any]) -> dict[str, Any]:
    """A line of a DynamoDB export to S3 (full: `Item`; incremental: `Keys` with images) as a stream record.

    AWS: DynamoDB Developer Guide, "DynamoDB table export output format".
    """
    if isinstance(value.get("Item"), dict):
        return {"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": {"NewImage": value["Item"]}}
    change = {name: value[name] for name in ("Keys", "NewImage", "OldImage") if isinstance(value.get(name), dict)}
    if not change:
        return value
    name = "REMOVE" if "NewImage" not in change else "MODIFY" if "OldImage" in change else "INSERT"
    written = value["Metadata"].get("WriteTimestampMicros")
    micros = written.get("N") if isinstance(written, dict) else written
    if isinstance(micros, str) and micros.isdecimal():
        change[CREATION_TIME] = int(micros) / 10**6
    return {"eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change}


def _kind(value: object) -> str:
    names = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", type(None): "null"}
    return names.get(type(value), "object")
