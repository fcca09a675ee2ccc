"""Sample records of a pipe's source, made so that its filters pass them: what an enrichment is tried with."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from perception_events.checks._attribute_filters import key_names
from perception_events.checks._context import Context
from perception_events.checks._pattern_leaves import with_stand_ins
from perception_events.json_values import JSONObject
from perception_events.patterns import InvalidEventPatternError
from perception_events.patterns.analysis import satisfiable
from perception_events.sources import kinesis_record, sqs_record
from perception_events.topology import KinesisStream, Pipe, Queue, Table

__all__ = ["sample_records"]

_KEY_VALUES = {"S": "sample-{}", "N": "{}", "B": "c2FtcGxl"}
_TIME = 1752538268


def sample_records(context: Context, pipe: Pipe, count: int) -> list[JSONObject]:
    """`count` records of the source of `pipe`, each of which passes its first filter; they differ in keys and ids."""
    passing = _passing(pipe)
    return [_record(context, pipe, number, passing) for number in range(1, count + 1)]


def _passing(pipe: Pipe) -> Mapping[str, Any]:
    for one in pipe.filters:
        if isinstance(one.pattern, Mapping):
            try:
                witness = satisfiable(with_stand_ins(one.pattern)).witness
            except InvalidEventPatternError:
                continue
            if witness is not None:
                return witness
    return {}


def _record(context: Context, pipe: Pipe, number: int, passing: Mapping[str, Any]) -> JSONObject:
    source = context.resource(pipe.source)
    if isinstance(source, Queue):
        return _merged(sqs_record("{}", message_id=f"{number:032x}"), passing)
    if isinstance(source, KinesisStream):
        record = kinesis_record(
            b"{}", partition_key=f"sample-{number}", sequence_number=f"{number:056d}", arrived=_TIME
        )
        return _merged(record, passing)
    stream = context.stream_of(pipe)
    table = None if stream is None else context.table_of(stream)
    return _stream_record(table, number, passing)


def _stream_record(table: Table | None, number: int, passing: Mapping[str, Any]) -> JSONObject:
    keys: JSONObject = {
        name: {type or "S": _KEY_VALUES.get(type or "S", "x").format(number)}
        for name, type in (key_names(table) if table is not None else {"id": "S"}).items()
    }
    record: JSONObject = {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": _TIME,
            "SequenceNumber": f"{number:021d}",
            "SizeBytes": 147,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
    record = _merged(record, passing)
    change = record["dynamodb"]
    assert isinstance(change, dict)
    change["Keys"] = _merged(keys, passing.get("dynamodb", {}).get("Keys", {}))
    for image, absent in (("NewImage", "REMOVE"), ("OldImage", "INSERT")):
        if record["eventName"] != absent:
            present = change.get(image)
            change[image] = _merged(copy.deepcopy(keys), present if isinstance(present, dict) else {})
    return record


def _merged(below: JSONObject, above: Mapping[str, Any]) -> JSONObject:
    """`below` with what `above` says, object by object."""
    merged: JSONObject = dict(below)
    for name, value in above.items():
        present = merged.get(name)
        merged[name] = _merged(present, value) if isinstance(present, dict) and isinstance(value, dict) else value
    return merged
